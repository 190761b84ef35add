//! `results`: which results there are, as a list.

use hailer_protocol::clean::Clean;
use hailer_protocol::time::Mono;

use super::Session;
use super::background::{aligned, cut};
use crate::clock;
use crate::results::Kept;
use crate::view::measure::elapsed;
use crate::view::terminal::Size;

/// Columns of a scope in the list; a longer one ends in `…`.
const SCOPE_MAX: usize = 20;

/// The line's columns in the list are not fewer than this, however narrow the terminal is.
const LINE_MIN: usize = 20;

impl Session {
    /// Returns the results that are kept, the latest at the end, and those that are being made.
    pub(super) fn list_results(&self, screen: Option<Size>) -> String {
        let now = clock::mono();
        let last = self.results.last();
        let mut rows: Vec<(u32, [String; 6])> = self
            .results
            .newest()
            .map(|(number, kept)| (number, row(number, kept, last == Some(number), now)))
            .collect();
        let running = self.results.running();
        rows.extend(running.map(|n| {
            let cells = [
                &format!("${n}"),
                "in the background",
                "",
                "",
                "",
                "`jobs` lists it",
            ];
            (n, cells.map(str::to_owned))
        }));
        if rows.is_empty() {
            return "there are no results yet: each line that asks nodes makes one\n".to_owned();
        }
        rows.sort_by_key(|(number, _)| *number);
        let first = rows.first().map_or(1, |(number, _)| *number);
        let header = ["result", "nodes", "rows", "age", "scope", "line"].map(str::to_owned);
        let rows = std::iter::once(header).chain(rows.into_iter().map(|(_, cells)| cells));
        let rows = narrowed(rows.collect(), screen.map(|size| usize::from(size.columns)));
        let mut said = aligned(&rows);
        if first > 1 {
            said.push_str(&format!("those before ${first} are no longer kept\n"));
        }
        said
    }
}

fn row(number: u32, kept: &Kept, is_last: bool, now: Mono) -> [String; 6] {
    let name = if is_last {
        format!("${number} = $")
    } else {
        format!("${number}")
    };
    let states = kept.run.iter().flat_map(|run| &run.summary.nodes);
    let states: Vec<String> = states
        .map(|(state, nodes)| format!("{} {state}", nodes.len()))
        .collect();
    let answers = kept.run.as_ref().map(|run| run.gather.answers().len());
    let rows = kept.frame.as_ref().map(|frame| frame.len()).or(answers);
    [
        name,
        states.join(", "),
        rows.map_or_else(String::new, |n| n.to_string()),
        elapsed(now.since(kept.at)).to_string(),
        shortened(&Clean::line(&kept.scope), SCOPE_MAX),
        cut(&kept.text),
    ]
}

/// Shortens the lines, which are the last cells, so that each row fits the terminal.
fn narrowed(mut rows: Vec<[String; 6]>, columns: Option<usize>) -> Vec<[String; 6]> {
    let Some(columns) = columns else { return rows };
    let widest = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let before: usize = (0..5).map(|at| widest(at).unwrap_or(0) + 2).sum();
    let room = columns.saturating_sub(before).max(LINE_MIN);
    for row in &mut rows {
        row[5] = shortened(&Clean::line(&row[5]), room);
    }
    rows
}

fn shortened(text: &Clean, most: usize) -> String {
    let text = text.as_str();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_give_way_to_the_width_and_nothing_else_does() {
        let row = ["$1", "48 ok", "48", "3 s", "@all"].map(str::to_owned);
        let [a, b, c, d, e] = row;
        let rows = vec![[a, b, c, d, e, "x".repeat(100)]];
        let text = aligned(&narrowed(rows.clone(), Some(60)));
        assert_eq!(text.trim_end().chars().count(), 60, "{text}");
        assert!(text.starts_with("$1  48 ok  48  3 s  @all  xxx"), "{text}");
        assert_eq!(narrowed(rows.clone(), None), rows);
    }
}
