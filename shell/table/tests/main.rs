//! Tables as their users see them. One executable: each links all of polars, which takes a minute.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod aggregates;
mod common;
mod diffs;
mod evaluator_matches_polars;
mod files;
mod functions_match_polars;
mod hostile;
mod joins;
mod large;
mod outputs;
mod rendering;
mod sql;
mod untold;
mod verbs;
mod whys;
