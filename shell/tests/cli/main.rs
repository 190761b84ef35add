//! The `hailer` program as a person and a pipeline meet it: real processes, real agents, real
//! terminals.
//!
//! Every test starts the built executable against a simulated fleet of its own or one that all
//! tests share, with a home directory that is thrown away. What is waited for is a condition;
//! times are only limits after which a test fails.
//!
//! | module | shows |
//! |---|---|
//! | [`exit_codes`] | every exit code, one by one |
//! | [`lines`] | `-c`, scripts, standard input, `run` |
//! | [`formats`] | what programs read, record by record |
//! | [`files`] | tables that are saved and opened |
//! | [`care`] | what `set` says of deeds, and both sides of their rows |
//! | [`compare`] | what differs, what changed, and why |
//! | [`sessions`] | whole sessions against their transcripts (`UPDATE_EXPECTED=1` writes them anew) |
//! | [`selecting`] | facts and their cache, groups of a command, rows, lists of targets |
//! | [`attended`] | a keeper that watches audits and hands on who is revoked |
//! | [`audit`] | what every node wrote down of what it was asked |
//! | [`approvals`] | policies without a node, and runs that another operator approves |
//! | [`enrolment`] | a fleet from nothing: authority, keeper, tokens, nodes |
//! | [`authority`], [`renewal`], [`external`] | operators who log in, roots that go, papers made elsewhere |
//! | [`wide`] | two hundred nodes, some of them dead |
//! | [`bad_input`] | what is wrong in a line, its rows or its files, and what is said of it |
//! | [`bombs`] | output without end under a memory limit |
//! | [`mod@follow`] | lines as they come |
//! | [`pipes`] | a reader who does not read |
//! | [`processes`] | nothing stays behind, whatever ends |
//! | [`prompt`], [`typing`], [`widths`] | the prompt in a terminal |
//! | [`mistakes`] | malformed files, credentials and flags |
//!
//! The long form of [`bombs`], on a machine with time: a demo of fifty nodes that each write 1 GiB,
//!
//! ```text
//! hailer demo --nodes 50 --fail 0 --slow 0 --format ndjson \
//!     -c 'head -c 1073741824 /dev/zero' | tail -n 1
//! ```
//!
//! says `"cut_bytes"` of 50 GiB less what was kept, with either process below 512 MiB.

#![expect(
    clippy::disallowed_methods,
    reason = "conditions are polled, and times are only limits after which a test fails"
)]

mod approvals;
mod attended;
mod audit;
mod authority;
mod automations;
mod bad_input;
mod bombs;
mod care;
mod compare;
mod deeds;
mod detached;
mod enrolment;
mod examples;
mod exit_codes;
mod external;
mod files;
mod follow;
mod formats;
mod jobs;
mod keeping;
mod lines;
mod mistakes;
mod out_dir;
mod paging;
mod pipes;
mod processes;
mod prompt;
mod renewal;
mod retries;
mod selecting;
mod sessions;
mod support;
mod typing;
mod watch;
mod wide;
mod widths;
