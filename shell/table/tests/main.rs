//! Tables as their users see them. One executable: each links all of polars, which takes a minute.

mod common;
mod evaluator_matches_polars;
mod hostile;
mod large;
mod rendering;
mod verbs;
