//! The language of hailer. Pure: no I/O, no clock, no runtime.
pub mod fleet_plan;
