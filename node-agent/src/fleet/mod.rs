//! Simulated fleets: many agents in one process, each with its own name, certificate, UDP socket,
//! directory and journal (in memory), all running real commands on this one machine.
//!
//! What differs between the nodes differs honestly: files in their directories, and how fast or
//! whether they answer.

mod files;
mod plan;
mod serve;

pub use plan::{Flaw, FleetPlan, SimNode};
pub use serve::{FleetOptions, Served, serve};
