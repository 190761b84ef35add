//! A watched table: its header, its rows with a sign at what changed, in place on a terminal.
//!
//! Colour never carries it alone: `*` stands at a cell that changed, `+` at a row that came and `-`
//! at one that went.

use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::Clean;
use hailer_protocol::time::Wall;
use hailer_protocol::units::duration_text;
use hailer_table::NodeNames;

use super::nodes;
use super::style::{Line, Look, Paint};
use crate::fleet::summary::Summary;
use crate::watching::grid::{GridColumn, Mark, MarkedRow};

/// The widest a cell is drawn, unless it is the last of its row.
const CELL_MAX: usize = 48;

/// Columns between two cells, beside the place of the sign.
const GAP: usize = 1;

/// What stands above the table.
#[derive(Debug, Clone)]
pub struct Head {
    /// Which turn it is.
    pub turn: u64,
    /// When it was over.
    pub at: Wall,
    /// How long it is from turn to turn.
    pub every: Duration,
    /// How many nodes were asked, and who of them did not answer; `None` where none was.
    pub asked: Option<(usize, NodeSet)>,
}

impl Head {
    /// Returns how many nodes a run asked, and who of them did not answer.
    #[must_use]
    pub fn asked(summary: &Summary) -> (usize, NodeSet) {
        let mut silent = NodeSet::default();
        let not_answered = summary.nodes.iter().filter(|(s, _)| !s.is_answer());
        for node in not_answered.flat_map(|(_, nodes)| nodes.iter()) {
            silent.insert(node);
        }
        (summary.total(), silent)
    }

    /// Draws it, on one line.
    #[must_use]
    pub fn line(&self, names: &dyn NodeNames, look: Look) -> Line {
        let every = i64::try_from(self.every.as_nanos()).unwrap_or(i64::MAX);
        let seconds = self.at.0.div_euclid(1000).rem_euclid(24 * 3600);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let time = format!("{hours:02}:{minutes:02}:{:02} UTC", seconds % 60);
        let mut line = Line::new(look)
            .own(Paint::Dim, "── ")
            .own(Paint::Strong, "turn ")
            .number(Paint::Strong, self.turn)
            .own(Paint::Dim, " · ")
            .clean(Paint::Plain, &Clean::line(&time))
            .own(Paint::Dim, " · every ")
            .clean(Paint::Plain, &Clean::line(&duration_text(every)));
        if let Some((n, silent)) = &self.asked {
            line = line
                .own(Paint::Dim, " · ")
                .number(Paint::Plain, n.saturating_sub(silent.len()))
                .own(Paint::Plain, "/")
                .number(Paint::Plain, *n)
                .own(Paint::Plain, " answered");
            if !silent.is_empty() {
                let room = look.width.map_or(80, usize::from);
                let room = room.saturating_sub(line.width() + 12).max(12);
                line = line
                    .own(Paint::Dim, " · ")
                    .own(Paint::Warn, "no answer: ")
                    .clean(Paint::Warn, &nodes::folded_in(silent, names, room));
            }
        }
        line
    }
}

/// Draws rows in at most `height` lines; how many more there are is said.
#[must_use]
pub fn rows(columns: &[GridColumn], rows: &[MarkedRow], look: Look, height: usize) -> Vec<Line> {
    let columns_max = look.width.map_or(usize::MAX, usize::from);
    if rows.is_empty() {
        return vec![Line::new(look).own(Paint::Dim, "(no rows)")];
    }
    let n_rows = height.saturating_sub(1).min(rows.len());
    let n_rows = if rows.len() > n_rows {
        n_rows.saturating_sub(1)
    } else {
        n_rows
    };
    let cell = |text: &str, paint| {
        Line::new(look)
            .clean(paint, &Clean::line(text))
            .cut(CELL_MAX)
    };
    let mut widths: Vec<usize> = columns
        .iter()
        .map(|c| cell(&c.heading, Paint::Strong).width())
        .collect();
    for row in &rows[..n_rows] {
        for (width, (text, _)) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell(text, Paint::Plain).width());
        }
    }
    let last = columns.len().saturating_sub(1);
    let place = |line: Line, at: usize, text: &str, is_changed: bool, paint: Paint| {
        let drawn = if at == last {
            Line::new(look).clean(paint, &Clean::line(text))
        } else {
            cell(text, paint)
        };
        let room = widths[at].saturating_sub(drawn.width());
        let sign = if is_changed { "*" } else { " " };
        let is_numeric = columns[at].is_numeric;
        let line = if is_numeric { blanks(line, room) } else { line };
        let line = line.own(paint, sign).line(&drawn);
        match (at == last, is_numeric) {
            (true, _) => line,
            (false, true) => blanks(line, GAP),
            (false, false) => blanks(line, room + GAP),
        }
    };
    let mut head = Line::new(look).own(Paint::Plain, " ");
    for (at, column) in columns.iter().enumerate() {
        head = place(head, at, &column.heading, false, Paint::Strong);
    }
    let mut lines = vec![head.cut(columns_max)];
    for row in &rows[..n_rows] {
        let (sign, paint) = match row.mark {
            Mark::Stays => (" ", Paint::Plain),
            Mark::Came => ("+", Paint::Good),
            Mark::Went => ("-", Paint::Dim),
        };
        let mut line = Line::new(look).own(paint, sign);
        for (at, (text, is_changed)) in row.cells.iter().enumerate() {
            let paint = if *is_changed { Paint::Changed } else { paint };
            line = place(line, at, text, *is_changed, paint);
        }
        lines.push(line.cut(columns_max));
    }
    if n_rows < rows.len() {
        lines.push(more(&rows[n_rows..], look).cut(columns_max));
    }
    lines
}

/// Says how many rows are not drawn, and how much changed in them.
fn more(hidden: &[MarkedRow], look: Look) -> Line {
    let changed = hidden
        .iter()
        .filter(|r| r.mark != Mark::Stays || r.cells.iter().any(|(_, changed)| *changed))
        .count();
    Line::new(look)
        .own(Paint::Dim, "… ")
        .number(Paint::Dim, hidden.len())
        .own(Paint::Dim, " more rows, ")
        .number(Paint::Dim, changed)
        .own(Paint::Dim, " of them changed")
}

fn blanks(mut line: Line, n: usize) -> Line {
    for _ in 0..n {
        line = line.own(Paint::Plain, " ");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::style::text_of;

    fn column(heading: &str, is_numeric: bool) -> GridColumn {
        GridColumn {
            heading: heading.to_owned(),
            is_numeric,
        }
    }

    fn row(mark: Mark, cells: &[(&str, bool)]) -> MarkedRow {
        let cells = cells.iter().map(|(c, changed)| ((*c).to_owned(), *changed));
        MarkedRow {
            mark,
            cells: cells.collect(),
        }
    }

    #[test]
    fn what_changed_has_a_sign_without_colour_and_hostile_text_stays_on_its_line() {
        let columns = [column("node", false), column("n", true)];
        let all = [
            row(Mark::Stays, &[("web01", false), ("12", true)]),
            row(Mark::Came, &[("a\x1b[2J\nb", false), ("7", false)]),
            row(Mark::Went, &[("db01", false), ("100", false)]),
        ];
        let drawn = text_of(&rows(&columns, &all, Look::default(), 10));
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), 4, "{drawn}");
        assert!(lines[1].starts_with("  web01"), "{drawn}");
        assert!(lines[1].ends_with("*12"), "{drawn}");
        assert!(lines[2].starts_with("+ a\\e[2J"), "{drawn}");
        assert!(lines[3].starts_with("- db01"), "{drawn}");
        assert!(!drawn.contains('\x1b'), "{drawn:?}");
    }

    #[test]
    fn rows_that_have_no_place_are_counted_and_so_are_the_changes_in_them() {
        let all: Vec<_> = (0..9).map(|n| row(Mark::Stays, &[("x", n == 8)])).collect();
        let drawn = rows(&[column("a", false)], &all, Look::default(), 5);
        assert_eq!(drawn.len(), 5);
        assert_eq!(
            drawn[4].text().trim_end(),
            "… 6 more rows, 1 of them changed"
        );
    }
}
