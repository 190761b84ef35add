//! `hailer serve`: the keeper, which is the shell without a prompt.
//!
//! So far it enrols nodes and renews their certificates. What it decides is pure (`enrolment`,
//! `rate`); its memory is one SQLite file (`store`); `office` joins both with the authority that
//! signs, and `listener` is where nodes knock. It cannot command: it holds no operator's key.

mod enrolment;
mod listener;
mod office;
pub mod page;
mod rate;
mod serve;
mod store;

pub use enrolment::{Enrolment, NODE_LIFE, Reason, TokenRow, enrol, renew};
pub use listener::{Listener, listen};
pub use office::{Office, Refusal};
pub use rate::{Rate, RateConfig};
pub use serve::{ServeArgs, serve};
pub use store::{NewToken, Store, StoreError};

#[cfg(test)]
mod tests;
