//! What an agent answers to a request.

use serde::{Deserialize, Serialize};

use crate::clean::NodeBytes;
use crate::error::ErrorCode;
use crate::ids::Digest;
use crate::message::Guards;
use crate::state::State;
use crate::table::Table;

/// The command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Its process, where there is one.
    pub pid: Option<u32>,
    /// An earlier request of the same run id started it: this one runs nothing.
    pub again: bool,
}

/// Which limits the node could put on a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Held {
    /// Resource limits of each process.
    pub rlimits: bool,
    /// An own cgroup.
    pub cgroup: bool,
}

/// The command ran in a sandbox. Comes before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandboxed {
    /// What it was kept from.
    pub guards: Guards,
    /// Which of these the filter of system calls held, since the node's kernel is too old to do it
    /// better.
    pub by_filter: Guards,
}

/// Bytes that the command wrote, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Standard error, not standard output.
    pub is_stderr: bool,
    /// How many bytes of this stream came before.
    pub offset: u64,
    /// At most [`crate::limits::OUTPUT_CHUNK_MAX`] bytes.
    pub bytes: NodeBytes,
}

/// Rows, all under the same columns as the batches before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// At most [`crate::limits::BATCH_ROWS_MAX`] rows.
    pub table: Table,
}

/// The end of a request that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// `ok`, `failed`, `timed_out` or `cancelled`.
    pub state: State,
    /// The command's exit code; 128 and the signal's number if a signal ended it, as a shell says.
    pub rc: Option<i32>,
    /// From spawn to the end of the last byte, in microseconds.
    pub wall_us: u64,
    /// What it cost.
    pub usage: Usage,
    /// Bytes it wrote to standard output, whether they travelled or not.
    pub out_bytes: u64,
    /// Bytes it wrote to standard error, whether they travelled or not.
    pub err_bytes: u64,
    /// Bytes of both that did not travel.
    pub cut_bytes: u64,
    /// Rows that did not travel.
    pub cut_rows: u64,
    /// Which limits held.
    pub held: Held,
    /// Processes that outlived the command's own end, and live on.
    pub left_behind: u32,
    /// What a person should know: how output was parsed, which lines did not fit.
    pub notes: Vec<String>,
}

/// What a command cost the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time in user mode, microseconds.
    pub user_us: u64,
    /// Processor time in the kernel, microseconds.
    pub system_us: u64,
    /// Peak memory of its largest process, bytes.
    pub max_rss_bytes: u64,
}

/// The request was not carried out, or its outcome cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Why, as a program reads it; it decides the target's state.
    pub code: ErrorCode,
    /// Why, as a person reads it; from the node, so untrusted.
    pub text: String,
}

impl Failed {
    /// Makes a failure; a text beyond [`crate::limits::ERROR_TEXT_MAX`] is cut, and says so.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: crate::error::bounded(text.into()),
        }
    }
}

/// Output that did not travel, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputDigest {
    /// Standard error, not standard output.
    pub is_stderr: bool,
    /// Its length.
    pub bytes: u64,
    /// Its BLAKE3 digest.
    pub digest: Digest,
}
