//! The engine as its driver sees it: what goes in, what comes out, and what must never happen.

#[path = "engine/limits.rs"]
mod limits;
#[path = "engine/orders.rs"]
mod orders;
#[path = "engine/records.rs"]
mod records;
#[path = "engine/restart.rs"]
mod restart;
#[path = "engine/rig.rs"]
mod rig;
#[path = "engine/simulation.rs"]
mod simulation;
#[path = "engine/transitions.rs"]
mod transitions;
