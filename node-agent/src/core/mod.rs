//! The agent's decisions: pure, synchronous, `now` as an argument.
//!
//! ```text
//!  connections, streams, envelopes ─▶ Agent::handle ─▶ effects: send, begin, kill, record
//!  ends of runs, time                      │
//!                     Session (one connection)  Runs (one agent)  Leases (one agent)
//! ```
//!
//! [`Agent`] owns no socket, process, file or clock: thousands of agents can be simulated in one
//! thread. The drivers in [`crate::net`] and `run` carry its effects out, in order.

mod admit;
mod agent;
mod detached;
mod effect;
mod flood;
mod gate;
mod leases;
#[cfg(test)]
mod papers;
mod record;
mod request;
mod runs;
mod session;
mod told;
mod vouch;

pub use admit::{Denial, Verdict, admit, admit_stream};
pub use agent::{Adopted, Agent, Bounds, list_name};
pub use detached::{Detached, DetachedRuns, Outcome};
pub use effect::{
    Asked, Effect, Entry, Farewell, Input, KillReason, OutputDigests, Repeats, RunEnd, StreamRef,
};
pub use gate::{Authority, Gate, Peer, Permit, Rules};
pub use leases::Leases;
pub(crate) use runs::REMEMBERED_MAX;
pub use runs::{Known, Runs};
pub use session::{Session, StreamPhase};
pub use told::Told;
pub use vouch::Vouch;

use hailer_protocol::role::Role;
use hailer_protocol::time::{Mono, Wall};

/// What became of a revocation list that was handed in.
#[derive(Debug)]
pub struct Taken {
    /// Of which role it speaks; of all of them if that is `None`.
    pub scope: Option<Role>,
    /// Its number.
    pub number: u64,
    /// Whether it was not known before.
    pub is_news: bool,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

/// A moment by both of a machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For what must mean the same on two machines.
    pub wall: Wall,
    /// For everything that lasts.
    pub mono: Mono,
}
