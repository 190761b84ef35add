//! Lines of the history as a table for people.

use std::time::Duration;

use hailer_protocol::clean::Clean;
use hailer_protocol::redact::redact;
use hailer_protocol::time::Wall;

use super::{Entry, Outcome};
use crate::view::style::{Line, Look, Paint, text_of};

/// Draws lines: when, how long, what came of it, in which scope, and the line itself.
#[must_use]
pub fn table(entries: &[&Entry], now: Wall, look: Look) -> String {
    if entries.is_empty() {
        return "(no lines)\n".to_owned();
    }
    let rows: Vec<[String; 4]> = entries.iter().map(|e| cells(e, now)).collect();
    let heads = ["when", "took", "outcome", "scope"];
    let width = |at: usize| {
        let cells = rows.iter().map(|r| r[at].chars().count());
        cells.chain([heads[at].len()]).max().unwrap_or(0)
    };
    let widths: [usize; 4] = std::array::from_fn(width);
    let mut head = Line::new(look);
    for (name, width) in heads.iter().zip(widths) {
        head = head.clean(Paint::Dim, &Clean::line(&format!("{name:<width$}  ")));
    }
    let mut lines = vec![head.own(Paint::Dim, "line")];
    for (entry, row) in entries.iter().zip(&rows) {
        let mut line = Line::new(look);
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let paint = match (at, &entry.outcome) {
                (2, Some(outcome)) if outcome.is_ok() => Paint::Good,
                (2, Some(_)) => Paint::Bad,
                (3, _) => Paint::Strong,
                (_, Some(_) | None) => Paint::Dim,
            };
            line = line.clean(paint, &Clean::line(&format!("{cell:<width$}  ")));
        }
        lines.push(line.clean(Paint::Plain, &Clean::line(&redact(&entry.line))));
    }
    let cut = |line: Line| match look.width {
        Some(columns) => line.cut(usize::from(columns)),
        None => line,
    };
    text_of(&lines.into_iter().map(cut).collect::<Vec<_>>())
}

/// When a line was run, how long it took, what came of it, and in which scope.
pub(crate) fn cells(entry: &Entry, now: Wall) -> [String; 4] {
    let outcome = entry.outcome.as_ref();
    [
        entry.at.map(|at| ago(at, now)).unwrap_or_default(),
        outcome.map(|o| took(o.took)).unwrap_or_default(),
        outcome.map(said).unwrap_or_default(),
        entry.scope.clone().unwrap_or_default(),
    ]
}

/// How long ago: `now`, `5m ago`, `3d ago`.
fn ago(at: Wall, now: Wall) -> String {
    let s = now.0.saturating_sub(at.0).max(0) / 1000;
    match s {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{}m ago", s / 60),
        3_600..172_800 => format!("{}h ago", s / 3_600),
        _ => format!("{}d ago", s / 86_400),
    }
}

/// How long a line took: `40ms`, `12.3s`, `4m05s`.
fn took(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{}m{:02}s", ms / 60_000, ms / 1_000 % 60),
    }
}

/// What came of a line in a few words: the states, or else the exit code.
fn said(outcome: &Outcome) -> String {
    match (outcome.states.as_str(), outcome.exit) {
        ("", 0) => "ok".to_owned(),
        ("", 2) => "mistake".to_owned(),
        ("", exit) => format!("exit {exit}"),
        (states, _) => states.to_owned(),
    }
}
