//! The live line: how far a run is, on exactly one line of the terminal.
//!
//! What matters least gives way first where the line is narrow: bytes, then groups, then who is
//! still out, then the time.

use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_table::NodeNames;

use super::measure::{elapsed, size};
use super::nodes;
use super::style::{Line, Look, Paint};

/// Open targets that are named; more are counted. Folding them costs time on every redraw.
const NAMED_MAX: usize = 32;

/// Columns without which names say less than a count.
const NAMES_MIN: usize = 12;

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// Targets that ended.
    pub done: usize,
    /// Targets of the run.
    pub total: usize,
    /// Targets that ended, and not with `ok`.
    pub not_ok: usize,
    /// Different answers so far.
    pub groups: usize,
    /// Bytes received so far.
    pub bytes: u64,
    /// Targets that have not ended. `None`, as may be while they are many: they are counted.
    pub open: Option<&'a NodeSet>,
    /// Since the run began.
    pub elapsed: Duration,
}

/// Draws the line; it is never wider than the terminal.
#[must_use]
pub fn live_line(live: &Live<'_>, names: &dyn NodeNames, look: Look) -> Line {
    let columns = look.width.map_or(usize::MAX, usize::from);
    // Each time one item less; the first that fits is drawn.
    for n_items in (1..=5).rev() {
        let line = attempt(live, names, look, n_items, columns);
        if line.width() <= columns {
            return line;
        }
    }
    progress(live, look).cut(columns)
}

fn attempt(
    live: &Live<'_>,
    names: &dyn NodeNames,
    look: Look,
    n_items: usize,
    columns: usize,
) -> Line {
    let mut line = progress(live, look);
    if n_items > 1 {
        line = line
            .own(Paint::Dim, " · ")
            .clean(Paint::Plain, &elapsed(live.elapsed));
    }
    if n_items > 3 {
        let noun = if live.groups == 1 {
            " group"
        } else {
            " groups"
        };
        line = line
            .own(Paint::Dim, " · ")
            .number(Paint::Plain, live.groups)
            .own(Paint::Plain, noun);
    }
    if n_items > 4 {
        line = line
            .own(Paint::Dim, " · ")
            .clean(Paint::Plain, &size(live.bytes));
    }
    if n_items > 2 && live.done < live.total {
        line = waiting(line, live, names, columns);
    }
    line
}

fn progress(live: &Live<'_>, look: Look) -> Line {
    let line = Line::new(look)
        .number(Paint::Strong, live.done)
        .own(Paint::Plain, "/")
        .number(Paint::Plain, live.total);
    if live.not_ok == 0 {
        return line;
    }
    line.own(Paint::Dim, " · ")
        .number(Paint::Bad, live.not_ok)
        .own(Paint::Bad, " not ok")
}

fn waiting(line: Line, live: &Live<'_>, names: &dyn NodeNames, columns: usize) -> Line {
    let line = line
        .own(Paint::Dim, " · ")
        .own(Paint::Plain, "waiting for ");
    let room = columns.saturating_sub(line.width());
    let n_open = live.total.saturating_sub(live.done);
    if let Some(open) = live.open
        && n_open <= NAMED_MAX
        && room >= NAMES_MIN
    {
        let folded = nodes::folded_in(open, names, room);
        let named = line.clone().clean(Paint::Strong, &folded);
        if named.width() <= columns {
            return named;
        }
    }
    line.number(Paint::Plain, n_open)
}

#[cfg(test)]
mod tests {
    use hailer_lang::node_set::NodeId;

    use super::*;
    use crate::view::fixture::Names;

    const LIVE: Live<'_> = Live {
        done: 31,
        total: 35,
        not_ok: 0,
        groups: 3,
        bytes: 12 << 10,
        open: None,
        elapsed: Duration::from_millis(1_240),
    };

    fn open() -> NodeSet {
        [7, 112, 113, 114].into_iter().map(NodeId).collect()
    }

    fn line(live: &Live<'_>, width: u16) -> String {
        let look = Look {
            width: Some(width),
            ..Look::default()
        };
        live_line(live, &Names, look).text()
    }

    #[test]
    fn the_last_ones_are_named_and_what_matters_least_gives_way() {
        for (width, expected) in [
            (
                200,
                "31/35 · 1.24 s · 3 groups · 12KiB · waiting for db07,web[12-14]",
            ),
            (
                63,
                "31/35 · 1.24 s · 3 groups · 12KiB · waiting for db07,web[12-14]",
            ),
            (
                62,
                "31/35 · 1.24 s · 3 groups · 12KiB · waiting for db07,… 3 more",
            ),
            (48, "31/35 · 1.24 s · 3 groups · waiting for 4"),
            (32, "31/35 · 1.24 s · waiting for 4"),
            (16, "31/35 · 1.24 s"),
            (10, "31/35"),
            (4, "31/…"),
        ] {
            let open = open();
            let live = Live {
                open: Some(&open),
                ..LIVE
            };
            assert_eq!(line(&live, width), expected);
        }
    }

    #[test]
    fn many_are_counted_and_trouble_is_said() {
        let live = Live {
            done: 100,
            total: 10_000,
            not_ok: 12,
            ..LIVE
        };
        let expected = "100/10,000 · 12 not ok · 1.24 s · 3 groups · 12KiB · waiting for 9,900";
        assert_eq!(line(&live, 80), expected);
    }

    #[test]
    fn at_the_end_nobody_is_waited_for() {
        let live = Live { done: 35, ..LIVE };
        assert_eq!(line(&live, 80), "35/35 · 1.24 s · 3 groups · 12KiB");
    }

    #[test]
    fn no_width_is_ever_exceeded() {
        let open = open();
        let live = Live {
            open: Some(&open),
            ..LIVE
        };
        for width in 0..100 {
            let look = Look {
                width: Some(width),
                ..Look::default()
            };
            assert!(live_line(&live, &Names, look).width() <= usize::from(width));
        }
    }
}
