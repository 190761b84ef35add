//! `hailer serve`: the keeper, which is the shell without a prompt.
//!
//! It enrols nodes and renews their certificates; with a fleet file it stays connected to every node,
//! hands on who is revoked, and countersigns their audits. What it decides is pure (`enrolment`, `rate`,
//! `roster`, `heads`); its memory is one SQLite file (`store`). `office` joins it with the authority that
//! signs, and `listener` is where nodes knock; `connected` drives the roster, and `attend` says what is
//! to be said over one connection. It cannot command: it holds no operator's key.

mod attend;
mod command;
mod connected;
mod enrolment;
mod heads;
mod listener;
mod office;
pub mod page;
mod rate;
mod roster;
mod serve;
mod store;
mod watched;

pub use command::{KeeperArgs, command};
pub use enrolment::{Enrolment, NODE_LIFE, Reason, TokenRow, enrol, renew};
pub use heads::{Judged, judge};
pub use listener::{Listener, listen};
pub use office::{Office, Refusal};
pub use rate::{Rate, RateConfig};
pub use roster::{Attempt, DIALS_MAX, Dial, News, Roster};
pub use serve::{ServeArgs, serve};
pub use store::{Finding, Kept, NewToken, Store, StoreError};

#[cfg(test)]
mod tests;
