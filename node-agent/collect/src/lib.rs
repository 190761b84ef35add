#![doc = include_str!("../README.md")]

mod collector;
mod cpu;
mod disk;
mod error;
mod facts;
mod files;
mod filesystem;
mod history;
mod host;
mod memory;
mod network;
mod pressure;
mod processes;
pub mod procfs;
mod recording;
pub mod ring;
mod sampling;
mod top;
mod units;
mod virtualization;

pub use collector::{Collector, Readiness, Settings};
pub use error::CollectError;
pub use facts::AgentFacts;
pub use files::Roots;
pub use hailer_protocol::metrics as catalog;
pub use recording::Recording;
pub use sampling::{Sampled, Sampling};
