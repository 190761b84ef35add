//! What the shell asks of an agent.

use serde::{Deserialize, Serialize};

use crate::automation::{AutomationSet, Control};
use crate::ids::{Digest, LeaseId, RunId};
use crate::row_plan::RowPlan;
use crate::time::Wall;

/// One node's part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Drawn by the shell. An agent that knows it answers from what it has and runs nothing.
    pub run: RunId,
    /// What is asked.
    pub probe: Probe,
    /// What becomes of the answer on the node; empty to have it as it is.
    pub row_plan: RowPlan,
    /// After how many milliseconds the node kills it; a duration, since clocks differ.
    pub timeout_ms: Option<u64>,
    /// What keeps it alive.
    pub life: Life,
    /// How its output travels.
    pub output: OutputMode,
    /// Bounds.
    pub caps: Caps,
    /// Environment variables beside the documented minimum.
    pub env: Vec<(String, String)>,
}

/// What a node is asked. Variants are only appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Probe {
    /// A command line, for `/bin/sh -c`.
    Shell(String),
    /// A program and its arguments, for no shell at all.
    Argv(Vec<String>),
    /// A metric, by its full name.
    Metric(String),
    /// Facts; all of them if the list is empty.
    Facts(Vec<String>),
    /// The detached runs of whoever asks: one row each, ended ones for as long as the node remembers
    /// them. Nobody sees another's.
    Runs,
    /// The answer of the asker's detached run with that id, once it has ended. Resetting the request
    /// ends the run.
    Attach(RunId),
    /// Ends the asker's detached run with that id, then answers as [`Probe::Attach`] does.
    Cancel(RunId),
    /// A command line, for `/bin/sh -c`, once for each row and one after the other. It answers with
    /// a batch a row, in their order: which row (`row`, from 1), `state`, `rc`, `ms`, `truncated`,
    /// `out` and `err`. Each row's command has the caps to itself, [`Caps::output_bytes`] at most
    /// [`crate::limits::EACH_OUTPUT_MAX`].
    Each {
        /// The command line.
        command: String,
        /// What it is handed, row by row; at most [`crate::limits::EACH_ROWS_MAX`].
        rows: Vec<EachRow>,
        /// After how many milliseconds one row's command is killed. The next row follows.
        timeout_ms: Option<u64>,
        /// Rows behind one that was not ok are not begun.
        stops_at_failure: bool,
    },
    /// The audit: a row a record, oldest first, under [`crate::audit::AUDIT_COLUMNS`]. It tells of
    /// everybody's runs, without their secrets. The node verifies its whole log for it; where the
    /// chain is broken, the last row says so, and the answer's state is `failed`.
    Audit {
        /// Nothing from before.
        since: Option<Wall>,
        /// Nothing from after.
        until: Option<Wall>,
        /// The newest so many records of that time; the others are counted as cut.
        limit: u32,
    },
    /// Where the audit stands, as one row: the oldest record (`first`), the newest one and its link
    /// (`seq`, `link`), and the link after the record of that number (`kept_link`; null where it is not
    /// there).
    AuditHead(Option<u64>),
    /// These automations are in force from now on, and no others. It answers with a row an
    /// automation that changed.
    Apply(AutomationSet),
    /// Keeps the bytes of automations for a set that names them, and puts none in force: for sets that
    /// do not fit into one request. What no set names within an hour is forgotten.
    Stow(Vec<Vec<u8>>),
    /// The automations in force and where they stand: a row for each patient, or one without a
    /// patient where there is none.
    Automations,
    /// What automations saw and did, as a row each, oldest first.
    Events {
        /// Nothing from before.
        since: Option<Wall>,
        /// Nothing from after.
        until: Option<Wall>,
        /// The newest so many; the others are counted as cut.
        limit: u32,
    },
    /// An order to automations that are in force.
    Control(Control),
    /// How often an automation with these bytes would have fired within the time that the node
    /// remembers of its metrics: a row each time. Nothing is done, and nothing is kept.
    Replay {
        /// The automation's bytes; it is of metrics.
        spec: Vec<u8>,
        /// How far back, in milliseconds.
        over_ms: u64,
    },
}

/// One row that a command is handed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EachRow {
    /// Environment variables beside those of the run.
    pub env: Vec<(String, String)>,
}

/// What keeps a run alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// The operator's lease: when it ends, so does the command with all its children.
    Attached(LeaseId),
    /// Nothing: it runs to its own end or deadline.
    Detached,
}

/// How a command's output travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputMode {
    /// As it comes.
    Stream,
    /// Finite output of more bytes than this is answered by its digest; it is held for a while and
    /// can be fetched. An agent without the feature streams.
    DigestOver(u64),
    /// Not at all: the answer ends as soon as the command runs, and what it writes is kept on the
    /// node within the node's bounds. For detached commands alone; [`Probe::Attach`] asks for it.
    Kept,
    /// As it comes, and the row plan is evaluated on each line by itself, as it comes, too: batches
    /// may have columns of their own, and a plan that wants all lines is refused.
    EachLine,
}

/// Bounds on one node's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Output bytes that travel, standard output and standard error each. What is beyond is
    /// counted and dropped; the command goes on.
    pub output_bytes: u64,
    /// Rows that travel; what is beyond is counted and dropped.
    pub rows: u64,
    /// Address space of each process of the command, in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time of each process of the command, in seconds.
    pub cpu_seconds: Option<u64>,
}

/// Asks for output that was answered by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The run it belongs to.
    pub run: RunId,
    /// The digest that was answered.
    pub digest: Digest,
}
