//! The audit: what the journal's records tell people and programs.
//!
//! One record is one row, under the columns that operator and node agree on
//! ([`AUDIT_COLUMNS`](hailer_protocol::audit::AUDIT_COLUMNS)). The rows go to operators who ask
//! (`audit` in the shell), to standard output (`hailerd audit`), and to the machine's own log.

mod export;
mod json;
mod marks;
mod proof;
mod rows;
mod syslog;
mod table;

pub use export::{AuditOptions, export};
pub(crate) use syslog::{SOCKET as SYSLOG_SOCKET, Syslog};
pub(crate) use table::{Wanted, head, read};
