//! Followed lines: each behind the node that said it, in a colour of that node's own.
//!
//! The colour repeats the name; standard error has a sign beside its colour. No node can print a
//! line that looks like one of ours: theirs all stand behind a gutter.

use std::time::Duration;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_table::NodeNames;

use super::fit;
use super::measure::{elapsed, size, width_of};
use super::nodes;
use super::style::{Line, Look, Paint};
use crate::follow::merge::{Kind, Merged};
use crate::follow::told::Happened;

/// Columns that names in front of lines take at most; longer ones push their lines to the right.
const NAME_WIDTH_MAX: usize = 24;

/// Columns that the folded names of several nodes take at most.
const FOLDED_WIDTH_MAX: usize = 40;

/// Returns how wide the names of nodes are, as far as lines are aligned behind them.
#[must_use]
pub fn name_width(targets: &NodeSet, names: &dyn NodeNames) -> usize {
    let widths = targets.iter().map(|node| width_of(names.name(node.0)));
    widths.max().unwrap_or(0).min(NAME_WIDTH_MAX)
}

/// Draws one line that was said.
#[must_use]
pub fn said(merged: &Merged, names: &dyn NodeNames, width: usize, look: Look) -> Line {
    let (name, paint) = match merged.nodes.as_slice() {
        [only] => (
            Clean::line(names.name(only.0)),
            Paint::of_node(names.name(only.0)),
        ),
        several => (folded(several, names), Paint::Strong),
    };
    let mut line = Line::new(look).clean(paint, &name);
    if merged.nodes.len() > 1 {
        line = line
            .own(Paint::Dim, " ×")
            .number(Paint::Dim, merged.nodes.len());
    }
    while line.width() < width {
        line = line.own(Paint::Plain, " ");
    }
    line = match merged.line.kind {
        Kind::Out | Kind::Row => line.own(Paint::Dim, "    │ "),
        Kind::Err => line.own(Paint::Warn, " err│ "),
    };
    for row in &fit::rows(&merged.line.shown, None, 1, look.ascii).rows {
        line = line.clean(Paint::Plain, row);
    }
    if merged.line.left_out > 0 {
        line = line
            .own(Paint::Dim, " … +")
            .clean(Paint::Dim, &size(merged.line.left_out));
    }
    line
}

fn folded(several: &[NodeId], names: &dyn NodeNames) -> Clean {
    let nodes: NodeSet = several.iter().copied().collect();
    nodes::folded_in(&nodes, names, FOLDED_WIDTH_MAX)
}

/// Draws what happened to nodes.
#[must_use]
pub fn told(happened: &Happened, nodes: &NodeSet, names: &dyn NodeNames, look: Look) -> Line {
    let line = Line::new(look)
        .own(Paint::Dim, "── ")
        .clean(
            Paint::Strong,
            &nodes::folded_in(nodes, names, 2 * FOLDED_WIDTH_MAX),
        )
        .own(Paint::Plain, " ");
    let paint = match happened {
        Happened::Waits(_) | Happened::LeftOut(_) => Paint::Warn,
        Happened::Joined => Paint::Good,
        Happened::Left(_) => Paint::Plain,
    };
    line.clean(paint, &Clean::line(&happened.to_string()))
}

/// How it stands with what is followed.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Nodes whose lines come.
    pub followed: usize,
    /// Nodes in all.
    pub total: usize,
    /// Nodes that are not followed yet.
    pub waiting: NodeSet,
    /// Lines so far.
    pub lines: u64,
    /// Lines that were left out.
    pub left_out: u64,
    /// Since when.
    pub elapsed: Duration,
    /// It was asked to end.
    pub ends: bool,
    /// It was asked to go on in the background, which it cannot.
    pub has_refused: bool,
}

/// Draws the line below everything; it is never wider than the terminal.
#[must_use]
pub fn standing(standing: &Standing, names: &dyn NodeNames, look: Look) -> Line {
    let columns = look.width.map_or(usize::MAX, usize::from);
    if standing.ends {
        return Line::new(look)
            .own(
                Paint::Strong,
                "ending the command on every node that runs it",
            )
            .cut(columns);
    }
    let mut line = Line::new(look)
        .own(Paint::Plain, "follows ")
        .number(Paint::Strong, standing.followed)
        .own(Paint::Plain, "/")
        .number(Paint::Plain, standing.total)
        .own(Paint::Dim, " · ")
        .clean(Paint::Plain, &elapsed(standing.elapsed))
        .own(Paint::Dim, " · ")
        .number(Paint::Plain, standing.lines)
        .own(
            Paint::Plain,
            if standing.lines == 1 {
                " line"
            } else {
                " lines"
            },
        );
    if standing.left_out > 0 {
        line = line
            .own(Paint::Dim, " · ")
            .number(Paint::Warn, standing.left_out)
            .own(Paint::Warn, " left out");
    }
    if !standing.waiting.is_empty() {
        line = line
            .own(Paint::Dim, " · ")
            .own(Paint::Plain, "waiting for ")
            .clean(
                Paint::Strong,
                &nodes::folded_in(&standing.waiting, names, 24),
            );
    }
    let hint = if standing.has_refused {
        " · lines have no background; Ctrl-C ends them"
    } else {
        " · Ctrl-C ends it"
    };
    let hint = Line::new(look).own(Paint::Dim, hint);
    if line.width() + hint.width() <= columns {
        line = line.line(&hint);
    }
    line.cut(columns)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::follow::merge;
    use crate::view::fixture::Names;

    fn merged(nodes: &[u32], kind: Kind, text: &str, left_out: u64) -> Merged {
        Merged {
            nodes: nodes.iter().copied().map(NodeId).collect(),
            line: Arc::new(merge::Line {
                kind,
                shown: text.as_bytes().to_vec(),
                left_out,
                row: None,
            }),
        }
    }

    #[test]
    fn lines_are_aligned_and_say_whose_they_are_without_any_colour() {
        let look = Look::default();
        let width = name_width(&[7, 112].into_iter().map(NodeId).collect(), &Names);
        for (nodes, kind, text, left_out, expected) in [
            (&[112][..], Kind::Out, "hello", 0, "web12    │ hello"),
            (&[7], Kind::Err, "oh no", 0, "db07  err│ oh no"),
            (&[7], Kind::Out, "long", 2048, "db07     │ long … +2KiB"),
            (&[112, 113], Kind::Out, "same", 0, "web[12-13] ×2    │ same"),
            (
                &[7],
                Kind::Out,
                "\x1b[2J\tx\r",
                0,
                "db07     │ \\e[2J   x\\r",
            ),
        ] {
            let line = said(&merged(nodes, kind, text, left_out), &Names, width, look);
            assert_eq!(line.text(), expected);
        }
    }

    #[test]
    fn a_nodes_colour_is_its_own_and_stays() {
        let look = Look {
            color: true,
            ..Look::default()
        };
        let line = |node| said(&merged(&[node], Kind::Out, "x", 0), &Names, 5, look).text();
        assert_eq!(line(7), line(7));
        assert!(line(7).starts_with("\x1b["), "{:?}", line(7));
    }

    #[test]
    fn what_happened_is_told_of_all_nodes_at_once() {
        let nodes = [112, 113].into_iter().map(NodeId).collect();
        let happened = Happened::Waits(Clean::line("no answer within 3s"));
        assert_eq!(
            told(&happened, &nodes, &Names, Look::default()).text(),
            "── web[12-13] cannot be reached (no answer within 3s); followed as soon as it can be"
        );
    }

    #[test]
    fn the_line_below_fits_every_width() {
        let state = Standing {
            followed: 46,
            total: 48,
            waiting: [112, 113].into_iter().map(NodeId).collect(),
            lines: 1_203,
            left_out: 7,
            elapsed: Duration::from_millis(1_240),
            ends: false,
            has_refused: false,
        };
        let text = |width| {
            let look = Look {
                width: Some(width),
                ..Look::default()
            };
            standing(&state, &Names, look)
        };
        assert_eq!(
            text(200).text(),
            "follows 46/48 · 1.24 s · 1,203 lines · 7 left out · waiting for web[12-13] · Ctrl-C ends it"
        );
        for width in 0..120 {
            assert!(text(width).width() <= usize::from(width));
        }
    }
}
