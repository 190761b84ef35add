//! Jobs: what one run asks of whom; and what is heard of it while it runs.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::message::Run;
use hailer_protocol::table::Table;
use hailer_protocol::time::Mono;

use super::answer::Answer;
use super::budget::KEPT_BYTES_DEFAULT;
use super::collect::Keep;
use super::draft::Approved;
use super::fanout::Counts;
use super::gather::Gather;
use super::policy::Policy;
use super::summary::Summary;
use super::warrant::Wish;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The same of every target.
    Same(Box<Run>),
    /// Of each target its own, in the order of the targets.
    Each(Vec<Run>),
}

/// Whether a gate is passed, or why not.
pub type GateAnswer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// What decides between two stages whether the next one may begin; it is given the nodes that were
/// asked so far.
#[derive(Clone)]
pub struct Gate(Arc<dyn Fn(NodeSet) -> GateAnswer + Send + Sync>);

impl Gate {
    /// Makes a gate of a function that begins to ask.
    #[must_use]
    pub fn new(ask: impl Fn(NodeSet) -> GateAnswer + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(super) fn ask(&self, nodes: NodeSet) -> GateAnswer {
        (self.0)(nodes)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// What is told of the stages of a run, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageNews {
    /// The gate behind this stage is being asked.
    AsksGate(u32),
    /// This stage begins. Not told of the first.
    Begins(u32),
}

/// One run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Whom it is for, in the order in which they are asked; each once.
    pub targets: Vec<NodeId>,
    /// What is asked of them.
    pub ask: Ask,
    /// What is asked for beside it.
    pub wish: Wish,
    /// How it is spread over them.
    pub policy: Policy,
    /// What is kept of one answer.
    pub keep: Keep,
    /// What is kept of all answers, in bytes.
    pub kept_bytes: u64,
    /// Output and rows are wanted as they come, by [`Event::Piece`] and [`Event::Rows`], beside the
    /// answers.
    pub is_live: bool,
    /// It was signed before, and is sent as it was: [`Job::wish`] is not asked any more.
    pub approved: Option<Arc<Approved>>,
    /// What stands between its stages, where its policy says that something does.
    pub gate: Option<Gate>,
}

impl Job {
    /// Asks all nodes of a set the same, with every bound at its default.
    #[must_use]
    pub fn new(targets: &NodeSet, run: Run) -> Self {
        Self {
            targets: targets.iter().collect(),
            ask: Ask::Same(Box::new(run)),
            wish: Wish::default(),
            policy: Policy::default(),
            keep: Keep::default(),
            kept_bytes: KEPT_BYTES_DEFAULT,
            is_live: false,
            approved: None,
            gate: None,
        }
    }
}

/// What the operator wants of a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Ask nobody else: the first Ctrl-C.
    Halt,
    /// Stop those who were asked, too: the second Ctrl-C.
    Cancel,
}

/// What is heard of a run while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A node has begun and is still at work. Not told of nodes that answer at once.
    Started(NodeId),
    /// A node cannot be reached and is waited for. Told at every attempt that fails.
    Waits {
        /// Which.
        node: NodeId,
        /// Why, without its name.
        reason: Arc<str>,
    },
    /// How far the targets are; several times a second, as long as something changes.
    Progress(Counts),
    /// How many bytes have come from targets that have not ended; several times a second, as long as
    /// something changes.
    Arriving(u64),
    /// How far its stages are.
    Stage(StageNews),
    /// Output as it came, before any bound. Only if the job is live.
    Piece {
        /// From which node.
        node: NodeId,
        /// Standard error, not standard output.
        is_stderr: bool,
        /// As the node sent them.
        bytes: NodeBytes,
    },
    /// Rows as they came, before any bound. Only if the job is live.
    Rows {
        /// From which node.
        node: NodeId,
        /// Rows under columns of their own.
        table: Table,
    },
    /// A target has ended.
    Answer(Arc<Answer>),
    /// All targets have ended; nothing follows.
    Ended(Summary),
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub summary: Summary,
    /// All answers.
    pub gather: Gather,
    /// When it was over.
    pub ended: Mono,
}
