//! What a session knows that may be named on its next line, for completion.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::ast::{ResultRef, SetKind};
use hailer_lang::facts::KnownFacts;
use hailer_lang::selector::{Live, ResultSets as _};
use hailer_lang::words;
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::RowPlan;
use tokio::sync::mpsc;

use super::Session;
use crate::fleet::{self, Job};
use crate::results::Kept;

/// Results that are offered; earlier ones can still be typed.
const RESULTS_MAX: usize = 20;

/// After this long a node that is asked for completion has not answered.
const ONE_WITHIN: Duration = Duration::from_secs(1);

/// Columns with their types.
pub type Columns = Vec<(String, &'static str)>;

/// What may be named.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The latest results, the last one first.
    pub results: Vec<KnownResult>,
    /// Saved lines with their names.
    pub saved: Vec<(String, String)>,
    /// Who is connected.
    pub live: Live,
    /// What nodes have told of themselves.
    pub facts: Arc<KnownFacts>,
}

/// A result that may be named.
#[derive(Debug, Clone, Default)]
pub struct KnownResult {
    /// Its number.
    pub number: u32,
    /// The line that it came from.
    pub text: String,
    /// Its columns.
    pub columns: Columns,
    /// Its sets of nodes, with how many are in each.
    pub sets: Vec<(&'static str, usize)>,
}

impl Session {
    /// Returns what may be named on the next line.
    #[must_use]
    pub fn known(&self) -> Known {
        let results = self.results.newest().take(RESULTS_MAX);
        let saved = self.saved.iter();
        Known {
            results: results
                .map(|(n, kept)| self.known_result(n, kept))
                .collect(),
            saved: saved.map(|(n, l)| (n.to_owned(), l.to_owned())).collect(),
            live: self.live(),
            facts: self.knowledge.facts(),
        }
    }

    fn known_result(&self, number: u32, kept: &Kept) -> KnownResult {
        let columns = match &kept.frame {
            Some(frame) => {
                let columns = frame.columns().iter();
                columns
                    .map(|c| (c.column.name.clone(), c.column.data_type.name()))
                    .collect()
            }
            None => {
                let columns = words::RESERVED_COLUMNS.iter();
                columns.map(|c| (c.name.to_owned(), c.usage)).collect()
            }
        };
        let sets = SetKind::names().filter_map(|name| {
            let set = self
                .results
                .set(ResultRef::Number(number), SetKind::by_name(name)?)
                .ok()?;
            (!set.is_empty()).then(|| (name, set.len()))
        });
        KnownResult {
            number,
            text: kept.text.clone(),
            columns,
            sets: sets.collect(),
        }
    }

    /// Lets one node of the scope that is connected run a command that only reads, apart from all
    /// results; `None` if there is none. What comes of it is what it wrote, or nothing.
    #[must_use]
    pub fn ask_one(&self, command: String) -> Option<impl Future<Output = Vec<u8>> + use<>> {
        let up = self.live().up.and(&self.scope.as_ref()?.nodes);
        let node = up.iter().next()?;
        let mut run = self.run(Probe::Shell(command), RowPlan::default()).ok()?;
        run.timeout_ms = u64::try_from(ONE_WITHIN.as_millis()).ok();
        let job = Job::new(&std::iter::once(node).collect(), run);
        let fleet = Arc::clone(&self.fleet);
        Some(async move {
            // Nobody cares how it goes, and nobody stops it but its deadline.
            let (events, mut heard) = mpsc::channel(16);
            let (_stay, wishes) = mpsc::channel(1);
            let asked = async {
                let drained = async { while heard.recv().await.is_some() {} };
                tokio::join!(fleet::run(&fleet, job, events, wishes), drained).0
            };
            match tokio::time::timeout(ONE_WITHIN, asked).await {
                Ok(Ok(finished)) => {
                    let answers = finished.gather.answers().iter();
                    answers.flat_map(|a| a.out.0.iter().copied()).collect()
                }
                Ok(Err(_)) | Err(_) => Vec::new(),
            }
        })
    }
}
