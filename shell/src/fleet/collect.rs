//! The collector: one target's answer, from envelopes to [`Answer`].
//!
//! Pure: it reads no socket and no clock. It trusts nothing that it is fed: what a node may not
//! send at that place is a [`Breach`], after which nothing from that node counts any more. Kinds
//! of a newer minor version are skipped.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::Clean;
use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::{Envelope, EnvelopeError};
use hailer_protocol::error::bounded;
use hailer_protocol::limits;
use hailer_protocol::message::{
    Batch, Done, Failed, Kind, Message as _, Output, Refused, Sandboxed, Started,
};
use hailer_protocol::parse::name::is_column_name;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use hailer_protocol::value::Value;

use super::answer::Answer;
use super::arriving::Share;
use super::budget::Budget;
use super::pieces::Pieces;

/// Notes of one answer that are kept; a node has no reason to send more.
const NOTES_MAX: usize = 16;

/// Bounds on what is kept of one target's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of each output stream.
    pub stream_bytes: u64,
    /// Rows.
    pub rows: u64,
    /// What comes is passed on to whoever follows the run, and neither kept nor missed. Batches may
    /// have columns of their own then.
    pub passes_on: bool,
}

impl Keep {
    /// Returns the bounds of an answer of which nothing is kept, since all of it is passed on.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            stream_bytes: 0,
            rows: 0,
            passes_on: true,
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            stream_bytes: limits::OUTPUT_KEPT_DEFAULT,
            rows: limits::ROWS_PER_NODE_MAX as u64,
            passes_on: false,
        }
    }
}

/// What is shown of an envelope to whoever follows a run, before any bound.
#[derive(Debug)]
pub enum Passing<'a> {
    /// Bytes of the command.
    Output(&'a Output),
    /// Rows.
    Rows(&'a Table),
}

/// What an envelope meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing that anybody waits for.
    Skipped,
    /// The node has begun.
    Started,
    /// Output or rows were taken in.
    Taken,
    /// The node says how it ended; nothing may follow.
    Ended(State),
}

/// How a node's answer broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The bytes are no envelopes.
    #[error("the answer cannot be read: {0}")]
    Envelope(#[from] EnvelopeError),
    /// A body is not what its kind says.
    #[error("the answer cannot be read: {0}")]
    Body(#[from] CodecError),
    /// A message that does not belong there.
    #[error("the answer held `{0}`, which does not belong there")]
    OutOfPlace(&'static str),
    /// Something after the end.
    #[error("the answer went on after its end")]
    AfterEnd,
    /// The stream ended and the answer had not.
    #[error("the answer broke off before its end")]
    NoEnd,
    /// Output that came before.
    #[error("the answer repeated output that came before")]
    Repeated,
    /// Rows that do not fit their columns, or columns that changed.
    #[error("the answer's rows do not fit their columns")]
    Rows,
    /// A state that a node cannot know.
    #[error("the node claims the state `{0}`, which only the shell can tell")]
    State(State),
}

/// Collects one target's answer.
#[derive(Debug)]
pub struct Collector {
    keep: Keep,
    budget: Arc<Budget>,
    out: Pieces,
    err: Pieces,
    rows: Option<Table>,
    received_rows: u64,
    kept_rows: u64,
    started: Option<Started>,
    sandboxed: Option<Sandboxed>,
    done: Option<Done>,
    failed: Option<Clean>,
    ended: Option<State>,
    arrived: Share,
}

impl Collector {
    /// Makes a collector that keeps so much, and takes it from that budget.
    #[must_use]
    pub fn new(keep: Keep, budget: Arc<Budget>) -> Self {
        Self {
            keep,
            budget,
            out: Pieces::default(),
            err: Pieces::default(),
            rows: None,
            received_rows: 0,
            kept_rows: 0,
            started: None,
            sandboxed: None,
            done: None,
            failed: None,
            ended: None,
            arrived: Share::default(),
        }
    }

    /// Lets what it receives be counted there for as long as the answer is not complete.
    #[must_use]
    pub fn counted_by(mut self, share: Share) -> Self {
        self.arrived = share;
        self
    }

    /// Whether the node has said that it began.
    #[must_use]
    pub const fn has_started(&self) -> bool {
        self.started.is_some()
    }

    /// Takes in one envelope. `on_pass` sees output and rows before they are cut.
    ///
    /// # Errors
    /// When the node may not send that there.
    pub fn take(
        &mut self,
        envelope: &Envelope,
        on_pass: impl FnOnce(Passing<'_>),
    ) -> Result<Step, Breach> {
        if self.ended.is_some() {
            return Err(Breach::AfterEnd);
        }
        let Some(kind) = Kind::from_number(envelope.kind) else {
            return Ok(Step::Skipped);
        };
        match kind {
            Kind::Started => self.started(Started::from_envelope(envelope)?),
            Kind::Output => self.output(Output::from_envelope(envelope)?, on_pass),
            Kind::Batch => {
                self.arrived.add(envelope.body.len());
                self.batch(Batch::from_envelope(envelope)?.table, on_pass)
            }
            Kind::Sandboxed if self.sandboxed.is_none() => {
                self.sandboxed = Some(Sandboxed::from_envelope(envelope)?);
                Ok(Step::Taken)
            }
            Kind::Done => self.done(Done::from_envelope(envelope)?),
            Kind::Failed => {
                let failed = Failed::from_envelope(envelope)?;
                Ok(self.failed(failed.code.state(), &failed.code.to_string(), &failed.text))
            }
            Kind::Refused => {
                let refused = Refused::from_envelope(envelope)?;
                Ok(self.failed(
                    refused.code.state(),
                    &refused.code.to_string(),
                    &refused.text,
                ))
            }
            Kind::Open
            | Kind::Hello
            | Kind::Run
            | Kind::OutputDigest
            | Kind::Fetch
            | Kind::Sandboxed
            | Kind::RunLeaseRenew
            | Kind::RunLeaseHeld
            | Kind::EventBatch
            | Kind::EventAck
            | Kind::FleetLeaseAsk
            | Kind::FleetLeaseGranted
            | Kind::FleetLeaseDenied
            | Kind::FleetLeaseRelease
            | Kind::FleetLeaseRenew
            | Kind::Trigger
            | Kind::EnrolAsk
            | Kind::RenewAsk
            | Kind::Enrolled
            | Kind::RevocationOffer
            | Kind::RevocationTaken
            | Kind::TrustOffer
            | Kind::TrustTaken
            | Kind::AuditAsk
            | Kind::AuditStands
            | Kind::AuditCountersign
            | Kind::AuditCountersigned => Err(Breach::OutOfPlace(kind.name())),
        }
    }

    /// Makes the answer of what was collected. `failure` says why, where the node itself did not.
    #[must_use]
    pub fn into_answer(
        self,
        node: NodeId,
        state: State,
        elapsed: Duration,
        failure: Option<String>,
    ) -> Answer {
        let cut_here = if self.keep.passes_on {
            0
        } else {
            (self.out.received() - self.out.kept())
                .saturating_add(self.err.received() - self.err.kept())
        };
        let cut_there = self.out.skipped().saturating_add(self.err.skipped());
        let cut_rows_here = self.received_rows - self.kept_rows;
        let mut answer = Answer::empty(node, state);
        answer.elapsed = elapsed;
        answer.out_bytes = self.out.written();
        answer.err_bytes = self.err.written();
        answer.cut_bytes = cut_here.saturating_add(cut_there);
        answer.cut_rows = cut_rows_here;
        answer.rows = self.rows;
        answer.failure = self
            .failed
            .or_else(|| failure.map(|text| Clean::line(&text)));
        answer.again = self.started.is_some_and(|started| started.again);
        answer.out = Arc::new(self.out.into_bytes());
        answer.err = Arc::new(self.err.into_bytes());
        answer.sandboxed = self.sandboxed;
        answer.notes.extend(self.sandboxed.and_then(sandbox_note));
        if let Some(done) = self.done {
            answer.rc = done.rc;
            answer.wall = Some(Duration::from_micros(done.wall_us));
            answer.usage = done.usage;
            answer.held = Some(done.held);
            answer.left_behind = done.left_behind;
            answer.out_bytes = answer.out_bytes.max(done.out_bytes);
            answer.err_bytes = answer.err_bytes.max(done.err_bytes);
            answer.cut_bytes = cut_here.saturating_add(cut_there.max(done.cut_bytes));
            answer.cut_rows = cut_rows_here.saturating_add(done.cut_rows);
            let notes = done.notes.iter().take(NOTES_MAX);
            answer
                .notes
                .extend(notes.map(|note| Clean::line(&bounded(note.clone()))));
        }
        answer
    }

    fn started(&mut self, started: Started) -> Result<Step, Breach> {
        if self.started.is_some() {
            return Err(Breach::OutOfPlace(Kind::Started.name()));
        }
        self.started = Some(started);
        Ok(Step::Started)
    }

    fn output(
        &mut self,
        output: Output,
        on_pass: impl FnOnce(Passing<'_>),
    ) -> Result<Step, Breach> {
        on_pass(Passing::Output(&output));
        self.arrived.add(output.bytes.0.len());
        let pieces = if output.is_stderr {
            &mut self.err
        } else {
            &mut self.out
        };
        if !pieces.seek(output.offset) {
            return Err(Breach::Repeated);
        }
        pieces.push(output.bytes.0, self.keep.stream_bytes, &self.budget);
        Ok(Step::Taken)
    }

    fn batch(&mut self, table: Table, on_pass: impl FnOnce(Passing<'_>)) -> Result<Step, Breach> {
        // Names are completed at the prompt as they are: no other than the language's own gets in.
        let fits = table.is_rectangular()
            && table.columns.iter().all(|c| is_column_name(&c.name))
            && table.columns.len() <= limits::COLUMNS_MAX
            && are_names_unique(&table)
            && table.rows.len() <= limits::BATCH_ROWS_MAX
            && self
                .rows
                .as_ref()
                .is_none_or(|kept| kept.columns == table.columns);
        if !fits {
            return Err(Breach::Rows);
        }
        on_pass(Passing::Rows(&table));
        if self.keep.passes_on {
            return Ok(Step::Taken);
        }
        let kept = self.rows.get_or_insert_with(|| Table::new(table.columns));
        for row in table.rows {
            let is_cut = self.kept_rows < self.received_rows;
            self.received_rows += 1;
            let size = size_of_row(&row);
            if !is_cut && self.kept_rows < self.keep.rows && self.budget.take_all(size) {
                self.kept_rows += 1;
                kept.rows.push(row);
            }
        }
        Ok(Step::Taken)
    }

    fn done(&mut self, done: Done) -> Result<Step, Breach> {
        let state = done.state;
        match state {
            State::Ok | State::Failed | State::TimedOut | State::Cancelled => {}
            State::Unreachable
            | State::Lost
            | State::Undeliverable
            | State::NotStarted
            | State::Denied => return Err(Breach::State(state)),
        }
        self.done = Some(done);
        self.ended = Some(state);
        Ok(Step::Ended(state))
    }

    fn failed(&mut self, state: State, code: &str, text: &str) -> Step {
        let words = if text.is_empty() { code } else { text };
        self.failed = Some(Clean::line(&bounded(words.to_owned())));
        self.ended = Some(state);
        Step::Ended(state)
    }
}

/// Whether no column is called like another: each is found by its name.
/// What is said of a sandbox whose node's kernel is too old for all of it.
fn sandbox_note(sandboxed: Sandboxed) -> Option<Clean> {
    (!sandboxed.by_filter.is_empty()).then(|| {
        Clean::line(&format!(
            "the node's kernel is older than Linux 6.12: in the sandbox the filter of system calls stands in for {}",
            sandboxed.by_filter
        ))
    })
}

fn are_names_unique(table: &Table) -> bool {
    let mut seen = HashSet::new();
    table.columns.iter().all(|c| seen.insert(c.name.as_str()))
}

/// What an allocation takes beside its bytes: of short texts it is the most.
const ALLOCATION: usize = 16;

/// What a row of a table takes beside its own cells: those of the run, of the inventory and of where
/// it was observed, and one column on its way into the table.
const ROW_IN_TABLE: usize = 192;

/// What a cell of a table takes, with every text that is no longer than that.
const CELL_IN_TABLE: usize = 16;
const SHORT_TEXT: usize = 12;

/// Returns about how many bytes a row takes in memory: as it came, and in the table that will be made of
/// all rows, since both are there at once.
fn size_of_row(row: &[Value]) -> u64 {
    let cells = row.iter().map(|value| match value {
        Value::Str(text) => {
            let in_table = if text.len() > SHORT_TEXT {
                text.len()
            } else {
                0
            };
            text.capacity().next_multiple_of(16) + ALLOCATION + in_table
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => 0,
    });
    // The rows' own list grows by doubling.
    let list = 2 * size_of::<Vec<Value>>() + ALLOCATION;
    let own = list + size_of_val(row) + cells.sum::<usize>();
    (own + ROW_IN_TABLE + row.len() * CELL_IN_TABLE) as u64
}

#[cfg(test)]
#[path = "collect/tests.rs"]
mod tests;
