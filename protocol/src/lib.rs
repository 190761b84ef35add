//! What hailer's shell and its agents must agree on.
//!
//! This crate does no I/O, reads no clock and knows no runtime: whatever it decides, it decides
//! from its arguments.

pub mod audit;
pub mod automation;
pub mod bundle;
pub mod clean;
pub mod codec;
pub mod countersign;
pub mod engine;
pub mod envelope;
pub mod error;
pub mod eval;
pub mod excerpt;
pub mod expr;
pub mod farewell;
pub mod grant;
pub mod holder;
pub mod ids;
pub mod lease;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod mistake;
pub mod nearest;
pub mod note;
pub mod parse;
pub mod policy;
pub mod redact;
pub mod revocation;
pub mod role;
pub mod row_env;
pub mod row_plan;
pub mod signing;
pub mod state;
pub mod table;
pub mod time;
pub mod token;
pub mod units;
pub mod value;
pub mod version;
