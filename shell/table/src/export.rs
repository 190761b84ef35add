//! Exports: a frame's shown columns for other programs.
//!
//! Numbers keep their exact value in one documented unit: sizes are bytes, durations seconds,
//! percents points, times RFC 3339. Names are the language's (`use_pct`), not the printed headings;
//! where a row brought a column `node` of its own, the name of its node is `run.node`.
//! No sink lets a control character through as it is: JSON escapes it, so that nothing is lost; CSV
//! and text, which have no escapes, show it as the tables do.

pub mod csv;
pub mod json;
pub mod ndjson;
pub mod text;

use crate::frame::Frame;

/// Returns the shown columns' positions and names, `node` first.
pub(crate) fn shown(frame: &Frame) -> Vec<(usize, &str)> {
    frame
        .shown_columns()
        .map(|(at, c)| (at, c.column.name.as_str()))
        .collect()
}

/// Returns a duration in seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a float has nanoseconds for half a year and microseconds for centuries"
)]
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}
