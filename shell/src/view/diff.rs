//! The difference view: what odd answers have that most have not, or what changed, line by line.
//!
//! Signs stand at the beginning of each line (`-` the base has it, `+` these nodes have it, `~` a
//! cell changed) and colour repeats them. Like every block, lines of nodes stand behind a gutter of
//! ours, so that none can pose as a header.

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_table::NodeNames;
use hailer_table::diff::{DiffBase, DiffChange, DiffLine, DiffReport, Of, Sign};

use super::fit;
use super::flow::Flow;
use super::measure::size;
use super::nodes;
use super::style::{Line, Look, Paint, text_of};

/// How a difference is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffView {
    /// How text is drawn.
    pub look: Look,
    /// Rows of the screen for each change; `None` for all.
    pub rows_max: Option<usize>,
    /// Changes that are shown one by one; `None` for all.
    pub changes_max: Option<usize>,
    /// Whether headers name every node, however many lines that takes.
    pub has_full_names: bool,
}

impl DiffView {
    /// Makes the view for a person at a terminal.
    #[must_use]
    pub const fn short(look: Look) -> Self {
        Self {
            look,
            rows_max: Some(40),
            changes_max: Some(50),
            has_full_names: false,
        }
    }

    /// Makes the view that leaves nothing out.
    #[must_use]
    pub const fn whole(look: Look) -> Self {
        Self {
            look,
            rows_max: None,
            changes_max: None,
            has_full_names: true,
        }
    }
}

/// Rows of the screen that one line may take, where the screen has a width.
const ROWS_A_LINE_MAX: usize = 4;

/// Columns that text always gets, however narrow the terminal says it is.
const TEXT_WIDTH_MIN: usize = 8;

/// Draws a difference; every line ends in a newline.
#[must_use]
pub fn render_diff(report: &DiffReport, names: &dyn NodeNames, view: &DiffView) -> String {
    let drawer = Drawer { names, view: *view };
    let mut lines = Vec::new();
    let max = view.changes_max.unwrap_or(usize::MAX);
    for change in report.changes.iter().take(max) {
        lines.extend(drawer.header(change));
        drawer.body(&mut lines, change);
    }
    if let Some(rest) = report.changes.get(max..).filter(|rest| !rest.is_empty()) {
        lines.extend(drawer.skipped(rest));
    }
    lines.extend(drawer.base(report));
    text_of(&lines)
}

struct Drawer<'a> {
    names: &'a dyn NodeNames,
    view: DiffView,
}

impl Drawer<'_> {
    fn line(&self) -> Line {
        Line::new(self.view.look)
    }

    fn header(&self, change: &DiffChange) -> Vec<Line> {
        let look = self.view.look;
        let mut flow = Flow::new(look, self.line().own(Paint::Dim, "── "), "   ");
        if change.nodes.is_empty() {
            flow.item("", &self.line().own(Paint::Strong, "rows of no node"));
        } else {
            self.nodes(&mut flow, &change.nodes);
        }
        if !change.ending.is_empty() {
            let ending = Clean::line(&change.ending);
            flow.item(" · ", &self.line().clean(paint_of(&change.ending), &ending));
        }
        flow.finish()
    }

    fn nodes(&self, flow: &mut Flow, of: &[u32]) {
        let look = self.view.look;
        let set: NodeSet = of.iter().map(|node| NodeId(*node)).collect();
        flow.names(
            "",
            &nodes::folded(&set, self.names, &look, self.view.has_full_names),
        );
        flow.item(" · ", &nodes::count(look, set.len()));
    }

    fn body(&self, into: &mut Vec<Line>, change: &DiffChange) {
        let max = self.view.rows_max.unwrap_or(usize::MAX).max(1);
        let start = into.len();
        let mut lines = change.lines.iter().filter(|line| line.of != Of::State);
        while let Some(line) = lines.next() {
            let rows = self.rows(line);
            if into.len() - start + rows.len() > max && into.len() > start {
                let n = 1 + lines.filter(|l| l.sign != Sign::Place).count();
                let more = if n == 1 { " more line" } else { " more lines" };
                let more = self
                    .line()
                    .own(Paint::Dim, "  … ")
                    .number(Paint::Dim, n)
                    .own(Paint::Dim, more);
                into.push(more);
                return;
            }
            into.extend(rows);
        }
    }

    /// Lays one line out behind its sign.
    fn rows(&self, line: &DiffLine) -> Vec<Line> {
        let gutter = match line.of {
            Of::Err => "err│ ",
            Of::Out | Of::Row | Of::State => "  ",
        };
        let (sign, paint) = match line.sign {
            Sign::Same => ("  ", Paint::Plain),
            Sign::Removed => ("- ", Paint::Bad),
            Sign::Added => ("+ ", Paint::Good),
            Sign::Changed => ("~ ", Paint::Warn),
            Sign::Place => ("", Paint::Dim),
            Sign::Said => ("# ", Paint::Dim),
        };
        let used = gutter.chars().count() + sign.len();
        let look = self.view.look;
        let width = look.width.map(|width| {
            let room = usize::from(width).saturating_sub(used);
            room.max(TEXT_WIDTH_MIN)
        });
        let rows_max = if look.width.is_some() {
            ROWS_A_LINE_MAX
        } else {
            1
        };
        let text = &line.changed;
        let laid_out = fit::rows(text.text.as_bytes(), width, rows_max, look.ascii);
        let next = if line.of == Of::Err {
            "   ┆ "
        } else {
            "┆ "
        };
        let mut out = Vec::new();
        if text.before > 0 {
            let start = self.line().own(Paint::Dim, gutter).own(paint, sign);
            out.push(
                self.left_out(start, text.before)
                    .own(Paint::Dim, "before this"),
            );
        }
        for (at, row) in laid_out.rows.iter().enumerate() {
            let first = at == 0 && text.before == 0;
            let start = self
                .line()
                .own(Paint::Dim, if first { gutter } else { next });
            let start = start.own(paint, sign);
            out.push(start.clean(paint, row));
        }
        let behind = text.behind + laid_out.bytes_left;
        if behind > 0 {
            let next = if line.of == Of::Err {
                "   ┆ "
            } else {
                "┆ "
            };
            let rest = self.line().own(Paint::Dim, next).own(paint, sign);
            let rest = self.left_out(rest, behind);
            out.push(rest.own(Paint::Dim, "more in this line"));
        }
        out
    }

    fn left_out(&self, line: Line, bytes: usize) -> Line {
        line.own(Paint::Dim, "… ")
            .clean(Paint::Dim, &size(bytes as u64))
            .own(Paint::Dim, " ")
    }

    fn skipped(&self, rest: &[DiffChange]) -> Vec<Line> {
        let look = self.view.look;
        let mut nodes: Vec<u32> = rest
            .iter()
            .flat_map(|change| change.nodes.clone())
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        let start = self
            .line()
            .own(Paint::Dim, "… ")
            .number(Paint::Plain, rest.len())
            .own(
                Paint::Plain,
                if rest.len() == 1 {
                    " more change: "
                } else {
                    " more changes: "
                },
            );
        let mut flow = Flow::new(look, start, "  ");
        self.nodes(&mut flow, &nodes);
        flow.finish()
    }

    /// Says what everything was compared with, and who differs in nothing.
    fn base(&self, report: &DiffReport) -> Vec<Line> {
        let look = self.view.look;
        let mut flow = Flow::new(look, self.line().own(Paint::Dim, "── "), "   ");
        match &report.base {
            DiffBase::Majority { ending, lines } => {
                if report.same.is_empty() {
                    flow.item("", &self.line().own(Paint::Plain, "no answer to compare"));
                    return flow.finish();
                }
                self.nodes(&mut flow, &report.same);
                if !ending.is_empty() {
                    let line = self.line().clean(paint_of(ending), &Clean::line(ending));
                    flow.item(" · ", &line);
                }
                let n_lines = self
                    .line()
                    .number(Paint::Plain, *lines)
                    .own(Paint::Plain, if *lines == 1 { " line" } else { " lines" });
                flow.item(" · ", &n_lines);
                let what = if report.changes.is_empty() {
                    "all answers are equal"
                } else {
                    "what the others are compared with"
                };
                flow.item(" · ", &self.line().own(Paint::Dim, what));
            }
            DiffBase::Result { number } => {
                if !report.same.is_empty() {
                    self.nodes(&mut flow, &report.same);
                    flow.item(" · ", &self.line().own(Paint::Plain, "no change"));
                }
                let since = self
                    .line()
                    .own(Paint::Dim, "compared with $")
                    .clean(Paint::Dim, &Clean::line(&number.to_string()));
                flow.item(" · ", &since);
                if report.same.is_empty() && report.changes.is_empty() {
                    flow.item(" · ", &self.line().own(Paint::Plain, "no change"));
                }
            }
        }
        flow.finish()
    }
}

/// Returns the paint of the state that an ending begins with.
fn paint_of(ending: &str) -> Paint {
    let state = ending.split(' ').next().and_then(State::by_name);
    state.map_or(Paint::Plain, Paint::of)
}
