//! Drafts: runs that are signed and not sent, so that another person can approve them; and what
//! came back from there.
//!
//! What another person approves is the statement as it was signed: this command, these nodes, these
//! bytes for each of them. What is sent later are those bytes again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hailer_identity::SignedStatement;
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::{Message as _, Run};
use hailer_protocol::signing::{SignedBlock, Tree};

use super::Fleet;
use super::error::FleetError;
use super::job::{Ask, Job};
use super::warrant::{Asked, Warrant, is_signed};
use crate::clock;

/// A run that is signed and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The statement and its signature, with the first target's proof.
    pub block: SignedBlock,
    /// The targets in the order of the tree, each with the place of its body in `bodies`.
    pub targets: Vec<(NodeName, usize)>,
    /// What is sent, each once.
    pub bodies: Vec<Vec<u8>>,
}

/// A signed run with its approvals, which is sent as it is.
#[derive(Debug, Clone)]
pub struct Approved {
    pub(super) signed: SignedStatement,
    pub(super) tree: Tree,
    pub(super) places: BTreeMap<NodeName, u32>,
}

impl Draft {
    /// Returns the tree over the targets and what each is sent.
    ///
    /// # Errors
    /// Refuses no targets, too many, and one that is there twice.
    pub fn tree(&self) -> Result<Tree, FleetError> {
        let sent = self.targets.iter().map(|(node, body)| {
            let body = self.bodies.get(*body).map_or(&[][..], Vec::as_slice);
            (node, body)
        });
        Tree::of(sent).map_err(|e| FleetError::Sign(e.to_string()))
    }

    /// Takes it as one that was approved. Whether it was, the nodes find out.
    ///
    /// # Errors
    /// As [`Draft::tree`].
    pub fn approved(&self) -> Result<Approved, FleetError> {
        let names = self.targets.iter().map(|(node, _)| node.clone());
        Ok(Approved {
            signed: SignedStatement::of(self.block.clone()),
            tree: self.tree()?,
            places: names.zip(0..).collect(),
        })
    }
}

impl Fleet {
    /// Signs a job, to hold for so long, and sends it to nobody.
    ///
    /// # Errors
    /// When it is nothing that is signed, one of its requests is too large, or the key does not sign.
    pub fn draw_up(&self, job: &Job, holds_for: Duration) -> Result<Draft, FleetError> {
        let runs: Vec<&Run> = match &job.ask {
            Ask::Same(run) => vec![&**run; job.targets.len()],
            Ask::Each(runs) => runs.iter().collect(),
        };
        let Some(first) = runs.first().filter(|run| is_signed(&run.probe)) else {
            return Err(FleetError::Sign(
                "nodes want no signature for it".to_owned(),
            ));
        };
        let (mut targets, mut bodies) = (Vec::new(), Vec::<Vec<u8>>::new());
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        for (node, run) in job.targets.iter().zip(&runs) {
            let node = self.inventory.node(*node).ok_or_else(|| {
                FleetError::Sign("the inventory has not every one of its nodes".to_owned())
            })?;
            let body = run.to_envelope()?.body;
            let place = *known.entry(body).or_insert_with_key(|body| {
                bodies.push(body.clone());
                bodies.len() - 1
            });
            targets.push((node.name.clone(), place));
        }
        let asked = Asked {
            run: first.run,
            probe: &first.probe,
            wish: &job.wish,
            holds_for,
            fleet_size: self.size(),
        };
        let sent = targets
            .iter()
            .map(|(node, body)| Some((node, &bodies[*body])));
        let own = self.own.now();
        let warrant = Warrant::sign(&own.signer, clock::wall(), &asked, sent)?;
        let block = warrant.map(|warrant| warrant.first_block()).transpose()?;
        Ok(Draft {
            block: block.ok_or_else(|| FleetError::Sign("it has no targets".to_owned()))?,
            targets,
            bodies,
        })
    }
}
