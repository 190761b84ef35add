//! Warrants: what vouches for a run, made and signed once for all its targets.
//!
//! A node starts nothing that its operator has not signed. What is signed is one statement a run, with
//! the root of a tree over all targets and the very bytes that each is sent; a node gets it with
//! the proof that it is one of them. Signing costs the same for one node and for ten thousand.

use std::time::Duration;

use hailer_identity::{SignedStatement, Signer};
use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{NodeName, RunId};
use hailer_protocol::limits::SIGNED_LIFE_MAX;
use hailer_protocol::message::Probe;
use hailer_protocol::policy::User;
use hailer_protocol::signing::{
    Action, Command, STATEMENT_VERSION, SignedBlock, SigningError, Statement, Targets, Tree,
    TreeError,
};
use hailer_protocol::time::Wall;

use super::draft::Approved;
use super::error::FleetError;
use super::fanout::Target;
use super::policy::Policy;
use super::random;

/// How long a signature holds beyond what the run's own bounds need: nodes that are slow to connect
/// have their turn late.
const AT_LEAST: Duration = Duration::from_secs(3600);

/// What an operator asks for beside the request itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only as a reading: out of the node's list, in its sandbox. Otherwise whatever the node grants.
    pub reads_only: bool,
    /// As which user of the node.
    pub run_as: Option<String>,
    /// Why, for the audit of every node, and for policies that want to know.
    pub reason: Option<String>,
}

impl Wish {
    /// Changes what `set` can: `reason`, `run_as` and `read_only`.
    ///
    /// # Errors
    /// Returns what a value has to be.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match (name, value) {
            ("reason", "off") => self.reason = None,
            ("reason", why) => self.reason = Some(why.to_owned()),
            ("run_as", "off") => self.run_as = None,
            ("run_as", name) => {
                let user = User::new(name).ok_or("the name of a user of the nodes, or `off`")?;
                self.run_as = Some(user.to_string());
            }
            (_, "on") => self.reads_only = true,
            (_, "off") => self.reads_only = false,
            _ => return Err("`on` or `off`"),
        }
        Ok(())
    }
}

/// A signed statement and the tree that its proofs come from.
#[derive(Debug)]
pub(super) struct Warrant {
    signed: SignedStatement,
    tree: Tree,
    /// Each target's place in the tree; none where nothing can be sent.
    places: Vec<Option<u32>>,
}

/// What is asked, as far as a signature names it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) run: RunId,
    pub(super) probe: &'a Probe,
    pub(super) wish: &'a Wish,
    /// For how long a node may begin it.
    pub(super) holds_for: Duration,
    /// How many nodes the fleet has.
    pub(super) fleet_size: u32,
}

/// Whether nodes want a signature for it.
pub(super) const fn is_signed(probe: &Probe) -> bool {
    !Grant::Probe.fits(probe)
}

impl Warrant {
    /// Signs what targets are sent, each by its name, in their order. One that is `None` cannot be
    /// sent anything and is left out. If that is so of all, there is nothing to sign.
    pub(super) fn sign<'a, B: AsRef<[u8]>>(
        signer: &Signer,
        now: Wall,
        asked: &Asked<'_>,
        targets: impl Iterator<Item = Option<(&'a NodeName, B)>>,
    ) -> Result<Option<Self>, FleetError> {
        let mut places = Vec::new();
        let mut next = 0;
        let tree = Tree::of(targets.filter_map(|target| {
            places.push(target.is_some().then_some(next));
            next += u32::from(target.is_some());
            target
        }));
        let tree = match tree {
            Ok(tree) => tree,
            Err(TreeError::Empty) => return Ok(None),
            Err(e) => return Err(FleetError::Sign(e.to_string())),
        };
        let operator = &signer.holder().identity;
        let statement = Statement {
            version: STATEMENT_VERSION,
            fleet: operator.fleet.clone(),
            operator: operator.name.clone(),
            run: asked.run,
            nonce: random::nonce()?,
            action: Action {
                grant: if Grant::Automate.fits(asked.probe) {
                    Grant::Automate
                } else if asked.wish.reads_only {
                    Grant::Read
                } else {
                    Grant::Run
                },
                command: Command::of(asked.probe),
                run_as: asked.wish.run_as.clone(),
            },
            targets: Targets::of(&tree, asked.fleet_size),
            issued_at: now,
            not_after: now + asked.holds_for,
            reason: asked.wish.reason.clone(),
            policy: None,
        };
        let signed = signer
            .sign(&statement)
            .map_err(|e| FleetError::Sign(e.to_string()))?;
        Ok(Some(Self {
            signed,
            tree,
            places,
        }))
    }

    /// Takes up a run that was signed before, for targets in whatever order. One that it was not
    /// signed for is sent nothing.
    pub(super) fn of<'a, B>(
        approved: &Approved,
        targets: impl Iterator<Item = Option<(&'a NodeName, B)>>,
    ) -> Self {
        let place = |(name, _)| approved.places.get(name).copied();
        Self {
            signed: approved.signed.clone(),
            tree: approved.tree.clone(),
            places: targets.map(|target| target.and_then(place)).collect(),
        }
    }

    /// Returns the signature with the proof of the tree's first target.
    pub(super) fn first_block(&self) -> Result<SignedBlock, FleetError> {
        let failed = |e: SigningError| FleetError::Sign(e.to_string());
        let proof = self.tree.proof(0);
        let proof = proof.expect("a tree has a leaf: it is not made without");
        let block = self.signed.block(proof).map_err(failed)?;
        SignedBlock::decode(&block).map_err(failed)
    }

    /// Puts one target's proof on its request.
    pub(super) fn seal(&self, target: Target, envelope: &mut Envelope) -> Result<(), CodecError> {
        let place = self.places.get(target as usize).copied().flatten();
        let proof = place.and_then(|place| self.tree.proof(place));
        let proof = proof.ok_or_else(|| {
            CodecError::Encode(format!("target {target} is not among those signed for"))
        })?;
        let block = self.signed.block(proof);
        let block = block.map_err(|e| CodecError::Encode(e.to_string()))?;
        envelope.auth = Auth::Signed(block);
        Ok(())
    }
}

/// As long as the run's stages may take, and at least an hour: who has not had a turn by then is told
/// that the signature has run out.
pub(super) fn holds_for(policy: &Policy) -> Duration {
    let whole = policy.deadline.unwrap_or_default() + AT_LEAST;
    if policy.staging.ends.is_empty() {
        whole.min(SIGNED_LIFE_MAX)
    } else {
        SIGNED_LIFE_MAX
    }
}
