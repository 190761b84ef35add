//! Every bound on what crosses the wire or waits in a queue, each with its reason.

/// The body of one envelope. Output travels in chunks far below this; the largest bodies are
/// batches and run requests with a long command.
pub const ENVELOPE_BODY_MAX: usize = 1 << 20;

/// The signature block of one envelope: certificate chain, signature and membership proof.
pub const ENVELOPE_AUTH_MAX: usize = 16 << 10;

/// One chunk of a command's output. Small enough that ten thousand nodes answering at once fit in
/// memory, large enough that framing costs nothing.
pub const OUTPUT_CHUNK_MAX: usize = 32 << 10;

/// A command line. Linux itself stops one argument at 128 KiB.
pub const COMMAND_MAX: usize = 128 << 10;

/// Rows for each of which one node runs a command, one after the other.
pub const EACH_ROWS_MAX: usize = 1000;

/// Bytes of a row's value that a command is handed: an environment that is too large starts nothing.
pub const ROW_VALUE_MAX: usize = 32 << 10;

/// Bytes of each stream that a command which runs once a row may write a row: both and the rest of
/// the row fit into one envelope.
pub const EACH_OUTPUT_MAX: usize = 256 << 10;

/// How many arguments one command has; their bytes are bounded by the envelope.
pub const ARGV_MAX: usize = 1024;

/// Steps of one row plan.
pub const PLAN_STEPS_MAX: usize = 64;

/// Depth of one expression: the evaluator recurses.
pub const EXPR_DEPTH_MAX: usize = 64;

/// Rows in one batch; a longer table travels in several.
pub const BATCH_ROWS_MAX: usize = 1024;

/// Columns of one table.
pub const COLUMNS_MAX: usize = 256;

/// Rows that one node hands to a line, unless the request asks for fewer.
pub const ROWS_PER_NODE_MAX: usize = 100_000;

/// Bytes of output that a node captures for `parse` before rows are made of it.
pub const PARSE_INPUT_MAX: usize = 16 << 20;

/// Cells of one table that `parse` makes, on a node: 100,000 rows have 20 columns, and 256 columns have
/// some 7,800 rows. A cell takes some 32 bytes beside its text.
pub const PARSE_CELLS_MAX: usize = 2_000_000;

/// Bytes of output that all runs of one agent together hold for `parse`.
pub const PARSE_INPUT_ALL_MAX: usize = 4 * PARSE_INPUT_MAX;

/// Bytes of text that `select` and `derive` make in one evaluation of a plan.
pub const EVAL_TEXT_MAX: usize = 64 << 20;

/// Notes that one answer carries; what a node's output decides must not decide how many.
pub const NOTES_MAX: usize = 32;

/// Bytes of one line of which rows are made while its command runs.
pub const FOLLOWED_LINE_MAX: usize = 64 << 10;

/// Output bytes that are kept for one node's part of a run, unless the request says otherwise.
pub const OUTPUT_KEPT_DEFAULT: u64 = 1 << 20;

/// Features in one hello.
pub const FEATURES_MAX: usize = 64;

/// Bytes in the text of an error that crosses the wire.
pub const ERROR_TEXT_MAX: usize = 4 << 10;
