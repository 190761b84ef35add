//! A fleet of malicious nodes, and `hailer` in front of them: whatever they say, nothing of it
//! commands a terminal, is evaluated, or takes memory without bound.
//!
//! The nodes speak real QUIC with certificates of their fleet, and put hostile bytes into every field
//! that they control. What comes out is read back as strictly as it can be: text has no
//! control character but its own line breaks, a terminal gets no control function that is not on a
//! list, and what a program reads says exactly what the node said, no more and no less.
//!
//! | module | is |
//! |---|---|
//! | [`payloads`] | what is sent: terminal sequences, texts that something might evaluate, names |
//! | [`node`] | who sends it |
//! | [`scan`] | what may come out |
//! | [`batch`] | groups, table, text, json, ndjson, csv, logs, one file a node |
//! | [`saved`] | files, SQL, comparisons, what a command is handed |
//! | [`prompt`] | the prompt: live view, tables, menu, history, pager, lists of runs |
//! | [`lies`] | answers that break the protocol |

#![expect(
    clippy::disallowed_methods,
    reason = "conditions are polled, and times are only limits after which a test fails"
)]

mod batch;
mod lies;
mod node;
mod payloads;
mod prompt;
mod saved;
mod scan;
#[expect(dead_code, reason = "shared with the tests of the program")]
#[path = "../cli/support/mod.rs"]
mod support;
