//! What the tests share: certificates, agents, a client, and a way to find processes.

mod client;
mod marks;
mod node;
mod pki;
mod program;
mod seal;

use std::future::Future;
use std::time::Duration;

pub(crate) use client::{Answer, Asked, Client, End, LEASE, a_run, bytes_of, new_run_id, shell};
pub(crate) use marks::{Mark, until};
pub(crate) use node::{Node, own_policy, own_rules, own_user, rules};
pub(crate) use pki::{Pki, identity};
pub(crate) use program::Program;
pub(crate) use seal::{sealed, sealed_as};

/// Failure only: no test waits this long when all is well.
const AT_MOST: Duration = Duration::from_secs(60);

/// Waits for what must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(AT_MOST, future)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {AT_MOST:?}"))
}
