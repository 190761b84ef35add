//! hailerd: the agent of hailer.
//!
//! Runs commands, reads metrics and facts, and answers over QUIC to operators who present a
//! certificate of the fleet. It does only what it was told by an admitted request, and writes every
//! command down before it starts.
//!
//! - [`core`]: every decision, pure.
//! - [`net`]: QUIC. `run`: processes and probes. [`state`], [`journal`]: the disk.
//! - `rules`: the owner's policy, from its file.
//! - [`host`]: what one agent's drivers share. [`serve`]: the agent of one machine.
//! - [`join`]: how the machine becomes a node, and its certificate is renewed.
//! - [`fleet`]: many agents in one process, for trying things out, tests and benchmarks.

pub mod audit;
mod automation;
pub mod cli;
pub mod clock;
pub mod config;
pub mod core;
pub mod damage;
pub mod error;
mod files;
pub mod fleet;
pub mod host;
pub mod join;
pub mod journal;
pub mod logging;
pub mod net;
mod papers;
mod revoked;
mod rules;
mod run;
pub mod serve;
pub mod state;
