//! To be written.

pub mod fleet;
