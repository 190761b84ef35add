//! The fleet: links to its nodes, and runs fanned out over them.

pub mod answer;
mod backoff;
pub mod budget;
pub mod cause;
pub mod collect;
mod delay_line;
pub mod fanout;
pub mod gather;
pub mod groups;
mod pieces;
pub mod policy;
pub mod summary;
