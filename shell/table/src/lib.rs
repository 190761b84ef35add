//! Tables of a whole fleet: rows that came from nodes, the verbs that need more than one node's
//! rows, and how the outcome is drawn and exported.
//!
//! This is the only crate that knows polars and comfy-table. polars groups, counts and sorts;
//! whatever an expression means is decided by the protocol's evaluator alone, so that a `where`
//! says the same on a node and over a kept result.
//!
//! Everything here is synchronous and may take all cores for a while: call it from a blocking
//! thread, never from an async task. How many threads polars takes (`POLARS_MAX_THREADS`) is for
//! the binary to say, before the first call.
//!
//! It never prints, and it touches no file: it makes their content and reads it.

mod aggregate;
pub mod ambient;
pub mod column;
pub mod diff;
mod engine;
pub mod error;
mod evaluator;
pub mod export;
pub mod file;
pub mod frame;
mod gather;
mod group;
mod join;
mod order;
pub mod provenance;
pub mod render;
mod row_verbs;
mod sql;
mod step;
pub mod surroundings;
mod typed;
mod why;

pub use ambient::Ambient;
pub use column::{FrameColumn, Origin};
pub use diff::DiffReport;
pub use error::{Note, TableError};
pub use frame::{Frame, FrameRow};
pub use join::check_keys;
pub use provenance::{NodeId, NodeNames};
pub use render::{View, render_table};
pub use sql::check_query;
pub use surroundings::Surroundings;
