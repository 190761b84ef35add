//! What was asked for a result, kept so that some of its targets can be asked once more.

use std::sync::Arc;

use hailer_lang::deed::Deed;
use hailer_lang::node_set::NodeId;
use hailer_lang::plan::{Query, QueryEnd};
use hailer_protocol::message::{Probe, Run};

use crate::fleet::{Ask, Job};
use crate::running::EachFrame;

/// What nodes were asked.
#[derive(Debug)]
pub struct Asked {
    /// What becomes of the answers.
    pub query: Query,
    /// The deed that it was, with its flags.
    pub deed: Option<Deed>,
    /// The rows behind it, where it ran once a row.
    pub each: Option<Arc<EachFrame>>,
    /// The file that its rows were written to.
    pub file: Option<String>,
    ask: Ask,
    targets: Vec<NodeId>,
}

impl Asked {
    /// Notes what a job asks. `None` where it has no end of its own, or outlives its shell.
    #[must_use]
    pub fn of(job: &Job, query: &Query) -> Option<Arc<Self>> {
        let file = match &query.end {
            QueryEnd::Show => None,
            QueryEnd::Save(to) => Some(to.file.clone()),
            QueryEnd::Detach | QueryEnd::Follow | QueryEnd::Watch(_) => return None,
        };
        Some(Arc::new(Self {
            query: Query {
                // A file that was written stays as it is, and what is run of the rows is a result
                // of its own.
                end: QueryEnd::Show,
                deed: None,
                ..query.clone()
            },
            deed: None,
            each: None,
            file,
            ask: job.ask.clone(),
            targets: job.targets.clone(),
        }))
    }

    /// Notes what a deed asks.
    #[must_use]
    pub fn of_deed(
        job: &Job,
        query: &Query,
        deed: Deed,
        each: Option<Arc<EachFrame>>,
    ) -> Option<Arc<Self>> {
        let asked = Arc::try_unwrap(Self::of(job, query)?).ok()?;
        Some(Arc::new(Self {
            deed: Some(deed),
            each,
            ..asked
        }))
    }

    /// Returns what a target was asked; `None` where it was none.
    #[must_use]
    pub fn run_of(&self, node: NodeId) -> Option<&Run> {
        let at = self.targets.iter().position(|target| *target == node)?;
        match &self.ask {
            Ask::Same(run) => Some(run),
            Ask::Each(runs) => runs.get(at),
        }
    }

    /// Returns about how many bytes it takes beside what the answers do.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let Ask::Each(runs) = &self.ask else {
            return 0;
        };
        runs.iter().map(bytes_of).sum()
    }
}

fn bytes_of(run: &Run) -> u64 {
    let size = |env: &[(String, String)]| -> u64 {
        env.iter().map(|(k, v)| (k.len() + v.len()) as u64).sum()
    };
    let mut bytes = size(&run.env);
    if let Probe::Each { rows, .. } = &run.probe {
        bytes += rows.iter().map(|row| size(&row.env)).sum::<u64>();
    }
    bytes
}
