//! Answers: what one target's part of a run came to, whole or in part.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::{Clean, NodeBytes};
use hailer_protocol::message::{Held, Sandboxed, Usage};
use hailer_protocol::state::State;
use hailer_protocol::table::Table;

/// How one target ended, with all that is kept of what it said.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Which node, by its number in the inventory.
    pub node: NodeId,
    /// How it ended.
    pub state: State,
    /// The command's exit code; 128 and the signal's number if a signal ended it.
    pub rc: Option<i32>,
    /// How long the command ran, as the node measured it; `None` where the node did not say.
    pub wall: Option<Duration>,
    /// How long it took from the dispatch to the end, as measured here; zero if never dispatched.
    pub elapsed: Duration,
    /// Standard output, as far as it is kept. Equal outputs of a run share one copy.
    pub out: Arc<NodeBytes>,
    /// Standard error, as far as it is kept.
    pub err: Arc<NodeBytes>,
    /// Bytes written to standard output, whether kept or not. Where the end is unknown: received.
    pub out_bytes: u64,
    /// Bytes written to standard error, whether kept or not. Where the end is unknown: received.
    pub err_bytes: u64,
    /// Bytes of both that are not kept, cut on the node or here.
    pub cut_bytes: u64,
    /// Rows, where the request asked for rows and any batch came.
    pub rows: Option<Table>,
    /// Rows that are not kept, cut on the node or here.
    pub cut_rows: u64,
    /// What it cost the node.
    pub usage: Usage,
    /// Which limits held; `None` where the node did not say how it ended.
    pub held: Option<Held>,
    /// What a sandbox kept it from; `None` if it had none.
    pub sandboxed: Option<Sandboxed>,
    /// An earlier request of the same run had started it.
    pub again: bool,
    /// Processes that outlived the command.
    pub left_behind: u32,
    /// What a person should know, in the node's words.
    pub notes: Vec<Clean>,
    /// Why it ended so, where that needs saying; without the node's name.
    pub failure: Option<Clean>,
}

impl Answer {
    /// Makes the answer of a target of which nothing more is known than how it ended.
    #[must_use]
    pub fn empty(node: NodeId, state: State) -> Self {
        Self {
            node,
            state,
            rc: None,
            wall: None,
            elapsed: Duration::ZERO,
            out: Arc::default(),
            err: Arc::default(),
            out_bytes: 0,
            err_bytes: 0,
            cut_bytes: 0,
            rows: None,
            cut_rows: 0,
            usage: Usage::default(),
            held: None,
            sandboxed: None,
            again: false,
            left_behind: 0,
            notes: Vec::new(),
            failure: None,
        }
    }

    /// Returns how many bytes the command wrote in all.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.out_bytes.saturating_add(self.err_bytes)
    }

    /// Whether something it said is not kept.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.cut_bytes > 0 || self.cut_rows > 0
    }

    /// Returns how many milliseconds the answer took, from dispatch to end: what the operator waits
    /// for, the command's own time within it.
    #[must_use]
    pub fn ms(&self) -> u64 {
        u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}
