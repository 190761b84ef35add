//! The language of hailer. Pure: no I/O, no clock, no runtime.
//!
//! A line goes one way through this crate: [`parse::parse`] makes a syntax tree of the text,
//! [`plan::plan`] looks its names up, evaluates its selectors to node sets and splits it into the
//! part for the nodes and the part for the shell, and [`explain::explain`] says what would run where.

pub mod span;

pub use hailer_protocol::nearest;

pub mod diagnostic;
pub mod pattern;
pub mod words;

pub mod lexer;

pub mod aggregate;
pub mod ast;

pub mod parse;

pub mod node_set;

pub mod facts;
pub mod group_source;
pub mod inventory;
pub mod selector;

mod ending;
mod resolve;
pub mod retry;
pub mod run_name;
pub mod saved;
mod schema;

pub mod spread;

pub mod context;
pub mod deed;
mod detach;
pub mod file_format;
pub mod fleet_plan;
pub mod plan;
pub mod sql;

pub mod automation;

pub mod danger;
pub mod explain;
pub mod preview;
pub mod write;
