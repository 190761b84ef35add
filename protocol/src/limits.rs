//! Every bound on what crosses the wire or waits in a queue, each with its reason.

use std::time::Duration;

/// The body of one envelope. Output travels in chunks far below this; the largest bodies are
/// batches and run requests with a long command.
pub const ENVELOPE_BODY_MAX: usize = 1 << 20;

/// The signature block of one envelope: certificate chain, signature and membership proof.
pub const ENVELOPE_AUTH_MAX: usize = 16 << 10;

/// One message of an enrolment, with its header: a request for a certificate has some 200 bytes, a
/// chain and the authorities a few thousand.
pub const ENROL_MESSAGE_MAX: usize = 64 << 10;

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

/// Certificates in one chain of a signature: a peer's own, and three behind it.
pub const CHAIN_MAX: usize = 4;

/// Bytes of one signature. The longest in use, of an RSA key with 4096 bits, has 512.
pub const SIGNATURE_MAX: usize = 512;

/// People who approve one run beside its operator.
pub const APPROVALS_MAX: usize = 4;

/// Siblings of one membership proof: a run's targets are counted in 32 bits.
pub const PROOF_DEPTH_MAX: usize = 32;

/// Targets of one signed run; ten times the largest fleet that is measured.
pub const SIGNED_TARGETS_MAX: usize = 1_000_000;

/// Bytes of one statement, of which every target gets a copy.
pub const STATEMENT_MAX: usize = 4 << 10;

/// Bytes of a command that stand in a statement themselves; the rest stands there by its digest.
pub const SIGNED_COMMAND_MAX: usize = 2 << 10;

/// Bytes of the reason that an operator gives.
pub const SIGNED_REASON_MAX: usize = 512;

/// Bytes of a user's name. Linux stops at 32.
pub const SIGNED_USER_MAX: usize = 32;

/// How long a signature may hold: a node remembers every nonce that long.
pub const SIGNED_LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Groups that one certificate puts its operator into.
pub const GROUPS_MAX: usize = 32;

/// Bytes of a group's name.
pub const GROUP_NAME_MAX: usize = 64;

/// What one revocation list revokes. Certificates live for hours: what is revoked and would not
/// have ended by itself is little.
pub const REVOKED_MAX: usize = 8192;

/// Bytes of one revocation list: with its signature it fits into an envelope.
pub const REVOCATION_LIST_MAX: usize = ENVELOPE_BODY_MAX - (16 << 10);

/// Bytes of one countersignature: three names of the longest kind and a little more.
pub const COUNTERSIGNATURE_MAX: usize = 1 << 10;

/// Bytes of one certificate in a chain that a log keeps.
pub const CERTIFICATE_MAX: usize = 4 << 10;

/// Bytes of a certificate's number, as X.509 bounds it.
pub const SERIAL_MAX: usize = 20;

/// Bytes of a policy file. A person must be able to read it.
pub const POLICY_MAX: usize = 256 << 10;

/// Bytes of one word of a command that a policy's pattern with a `*` is held against: no path is
/// longer.
pub const POLICY_WORD_MAX: usize = 4 << 10;

/// Wildcards in one word of a policy's pattern.
pub const POLICY_WILDCARDS_MAX: usize = 8;

/// The most automations that are in force on a node.
pub const AUTOMATIONS_MAX: usize = 4_000;

/// The longest key of an automation's patient, in bytes; what is longer is not acted on.
pub const AUTOMATION_KEY_MAX: usize = 1 << 10;

/// Authorities in one trust bundle.
pub const AUTHORITIES_MAX: usize = 8;

/// Bytes of an authority's certificate in a trust bundle.
pub const AUTHORITY_MAX: usize = 4 << 10;

/// Bytes of one trust bundle.
pub const BUNDLE_MAX: usize = AUTHORITIES_MAX * AUTHORITY_MAX + (1 << 10);

/// Bytes of an automation's file. A person must be able to review it.
pub const AUTOMATION_TEXT_MAX: usize = 64 << 10;

/// Clauses of one automation.
pub const AUTOMATION_CLAUSES_MAX: usize = 128;

/// Deeds of one automation, and commands that collect evidence: somebody waits for all of them.
pub const AUTOMATION_COMMANDS_MAX: usize = 16;

/// Columns that tell the patients of one automation apart.
pub const AUTOMATION_KEYS_MAX: usize = 8;

/// How long one command of an automation may take.
pub const AUTOMATION_TIMEOUT_MAX: Duration = Duration::from_secs(60 * 60);

/// The longest time that an automation may name.
pub const AUTOMATION_DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
