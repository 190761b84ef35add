//! The groups view: the result of a command as groups of equal answers.
//!
//! What the eye needs first comes first: the odd groups, open; the largest one last of those that
//! answered, shortened; then who did not answer, by state and reason; then one line of sums. What
//! is left out is counted where it would have been.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_table::NodeNames;

use super::block::{block, lines_of};
use super::flow::Flow;
use super::footer::summary_lines;
use super::measure::{milliseconds, size};
use super::nodes;
use super::style::{Line, Look, Paint, text_of};
use crate::fleet::answer::Answer;
use crate::fleet::gather::Gather;
use crate::fleet::groups::Group;
use crate::fleet::summary::Summary;

/// How the groups view is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupsView {
    /// How text is drawn.
    pub look: Look,
    /// Rows of output of each group; `None` for all.
    pub rows_max: Option<usize>,
    /// Rows of output of the largest group, where it is larger than every other; `None` for all.
    pub largest_rows_max: Option<usize>,
    /// Groups that are shown one by one; `None` for all.
    pub groups_max: Option<usize>,
    /// Whether headers name every node, however many lines that takes.
    pub has_full_names: bool,
}

impl GroupsView {
    /// Makes the view for a person at a terminal.
    #[must_use]
    pub const fn short(look: Look) -> Self {
        Self {
            look,
            rows_max: Some(40),
            largest_rows_max: Some(10),
            groups_max: Some(50),
            has_full_names: false,
        }
    }

    /// Makes the view that leaves nothing out.
    #[must_use]
    pub const fn whole(look: Look) -> Self {
        Self {
            look,
            rows_max: None,
            largest_rows_max: None,
            groups_max: None,
            has_full_names: true,
        }
    }
}

/// Draws the result of a command; every line ends in a newline.
#[must_use]
pub fn render_groups(
    gather: &Gather,
    summary: &Summary,
    names: &dyn NodeNames,
    view: &GroupsView,
) -> String {
    draw_groups(gather, summary, names, view).0
}

/// Draws the result of a command, and says whether any of its text is left out.
#[must_use]
pub fn draw_groups(
    gather: &Gather,
    summary: &Summary,
    names: &dyn NodeNames,
    view: &GroupsView,
) -> (String, bool) {
    let drawer = Drawer::new(gather, names, *view);
    let (answered, unanswered) = sections(gather);
    let mut lines = Vec::new();
    drawer.draw_section(&mut lines, &answered, has_majority(&answered));
    drawer.draw_section(&mut lines, &unanswered, false);
    if !lines.is_empty() {
        lines.push(Line::new(view.look));
    }
    lines.extend(remarks(gather, names, view));
    lines.extend(summary_lines(summary, view.look));
    (text_of(&lines), drawer.is_cut.get())
}

/// Returns the groups that ended by themselves, outliers first; and the others by state.
pub(super) fn sections(gather: &Gather) -> (Vec<&Group>, Vec<&Group>) {
    let groups = gather.groups().outliers_first().into_iter();
    let (answered, mut unanswered): (Vec<&Group>, Vec<&Group>) =
        groups.partition(|group| group.state.is_answer());
    unanswered.sort_by_key(|group| State::ALL.iter().position(|state| *state == group.state));
    (answered, unanswered)
}

/// Whether the last group is larger than every other, and there are others.
fn has_majority(groups: &[&Group]) -> bool {
    let [.., second, last] = groups else {
        return false;
    };
    last.nodes.len() > second.nodes.len()
}

/// Draws groups of one result.
struct Drawer<'a> {
    answers: HashMap<NodeId, &'a Answer>,
    twins: Twins,
    names: &'a dyn NodeNames,
    view: GroupsView,
    /// Something was left out of what is drawn by now.
    is_cut: Cell<bool>,
}

impl<'a> Drawer<'a> {
    fn new(gather: &'a Gather, names: &'a dyn NodeNames, view: GroupsView) -> Self {
        let answers = gather.answers().iter();
        Self {
            answers: answers.map(|answer| (answer.node, &**answer)).collect(),
            twins: Twins::of(&gather.groups().outliers_first()),
            names,
            view,
            is_cut: Cell::new(false),
        }
    }

    fn draw_section(&self, lines: &mut Vec<Line>, groups: &[&Group], has_majority: bool) {
        let max = self.view.groups_max.unwrap_or(usize::MAX).max(2);
        let Some((last, others)) = groups.split_last() else {
            return;
        };
        let mut others = others.to_vec();
        let mut skipped = Vec::new();
        if groups.len() > max {
            // Where not all have their place, those that failed keep theirs.
            others.sort_by_key(|group| group.state == State::Ok);
            skipped = others.split_off(max - 1);
        }
        for group in others {
            lines.extend(self.header(group));
            lines.extend(self.body(group, self.view.rows_max));
        }
        if !skipped.is_empty() {
            self.is_cut.set(true);
            lines.extend(self.skipped(&skipped));
        }
        // The last group always has its place: it is the majority, or the largest of its state.
        let rows_max = if has_majority {
            self.view.largest_rows_max
        } else {
            self.view.rows_max
        };
        lines.extend(self.header(last));
        lines.extend(self.body(last, rows_max));
    }

    fn header(&self, group: &Group) -> Vec<Line> {
        let look = self.view.look;
        let mut flow = Flow::new(look, Line::new(look).own(Paint::Dim, "── "), "   ");
        let is_full = self.view.has_full_names;
        flow.names("", &nodes::folded(&group.nodes, self.names, &look, is_full));
        flow.item(" · ", &nodes::count(look, group.nodes.len()));
        flow_ending(&mut flow, look, group);
        if group.state.is_answer()
            && let Some(time) = self.time(group)
        {
            flow.item(" · ", &time);
        }
        if group.cut_bytes > 0 {
            let cut = Line::new(look)
                .own(Paint::Warn, "cut: ")
                .clean(Paint::Warn, &size(group.cut_bytes))
                .own(Paint::Warn, " not kept");
            let each = if group.nodes.len() == 1 {
                ""
            } else {
                " of each"
            };
            flow.item(" · ", &cut.own(Paint::Warn, each));
        }
        flow.finish()
    }

    /// Returns from how long to how long the command ran on these nodes.
    fn time(&self, group: &Group) -> Option<Line> {
        let ms = || {
            group
                .nodes
                .iter()
                .filter_map(|n| self.answers.get(&n))
                .map(|a| a.ms())
        };
        let (least, most) = (ms().min()?, ms().max()?);
        let line = Line::new(self.view.look);
        Some(if least == most {
            line.clean(Paint::Plain, &milliseconds(most))
        } else if most < 10_000 {
            line.number(Paint::Plain, least)
                .own(Paint::Plain, "–")
                .clean(Paint::Plain, &milliseconds(most))
        } else {
            line.clean(Paint::Plain, &milliseconds(least))
                .own(Paint::Plain, " – ")
                .clean(Paint::Plain, &milliseconds(most))
        })
    }

    fn body(&self, group: &Group, rows_max: Option<usize>) -> Vec<Line> {
        let look = self.view.look;
        let (mut lines, is_cut) = block(&group.out.0, &group.err.0, look, rows_max);
        if is_cut {
            self.is_cut.set(true);
        }
        if lines.is_empty() && group.state.is_answer() {
            let n_rows: usize = group.nodes.iter().map(|node| self.n_rows(node)).sum();
            let line = Line::new(look).own(Paint::Dim, "  ");
            lines.push(match n_rows {
                0 => line.own(Paint::Dim, "(no output)"),
                n => line
                    .own(Paint::Dim, "(rows: ")
                    .number(Paint::Dim, n)
                    .own(Paint::Dim, ")"),
            });
        }
        if self.twins.has_twin(group) {
            let mut flow = Flow::new(look, Line::new(look).own(Paint::Dim, "  "), "  ");
            let text = "(reads like another group; their line ends differ)";
            flow.words("", Paint::Dim, &Clean::line(text));
            lines.extend(flow.finish());
        }
        lines
    }

    fn n_rows(&self, node: NodeId) -> usize {
        let rows = self
            .answers
            .get(&node)
            .and_then(|answer| answer.rows.as_ref());
        rows.map_or(0, |table| table.rows.len())
    }

    fn skipped(&self, groups: &[&Group]) -> Vec<Line> {
        let look = self.view.look;
        let nodes: NodeSet = groups.iter().flat_map(|group| group.nodes.iter()).collect();
        let start = Line::new(look)
            .own(Paint::Dim, "… ")
            .number(Paint::Plain, groups.len())
            .own(
                Paint::Plain,
                if groups.len() == 1 {
                    " more group"
                } else {
                    " more groups"
                },
            );
        let mut flow = Flow::new(look, Line::new(look), "  ");
        flow.item("", &start);
        for state in State::ALL {
            let of_state = groups.iter().filter(|group| group.state == state);
            let n: usize = of_state.map(|group| group.nodes.len()).sum();
            if n > 0 {
                let count = Line::new(look)
                    .number(Paint::of(state), n)
                    .own(Paint::of(state), " ")
                    .own(Paint::of(state), state.as_str());
                flow.item(" · ", &count);
            }
        }
        flow.names(" · ", &nodes::folded(&nodes, self.names, &look, false));
        flow.finish()
    }
}

/// Says how the nodes of a group ended, and why.
pub(super) fn flow_ending(flow: &mut Flow, look: Look, group: &Group) {
    let mut ending = Line::new(look).own(Paint::of(group.state), group.state.as_str());
    if let Some(rc) = group.rc.filter(|rc| *rc != 0) {
        let rc = Clean::line(&format!(" rc={rc}"));
        ending = ending.clean(Paint::of(group.state), &rc);
    }
    match &group.failure {
        Some(failure) => {
            flow.item(" · ", &ending.own(Paint::Plain, ":"));
            flow.words(" ", Paint::Plain, failure);
        }
        None => flow.item(" · ", &ending),
    }
}

/// What nodes said besides their output: notes, and processes that live on.
fn remarks(gather: &Gather, names: &dyn NodeNames, view: &GroupsView) -> Vec<Line> {
    let look = view.look;
    let mut by_note: BTreeMap<&Clean, NodeSet> = BTreeMap::new();
    let mut left = NodeSet::default();
    let mut n_left: u64 = 0;
    for answer in gather.answers() {
        for note in &answer.notes {
            by_note.entry(note).or_default().insert(answer.node);
        }
        if answer.left_behind > 0 {
            left.insert(answer.node);
            n_left += u64::from(answer.left_behind);
        }
    }
    let mut lines = Vec::new();
    if !left.is_empty() {
        let count = Line::new(look).number(Paint::Warn, n_left).own(
            Paint::Warn,
            if n_left == 1 {
                " process left behind"
            } else {
                " processes left behind"
            },
        );
        let mut flow = Flow::new(look, Line::new(look), "  ");
        flow.item("", &count);
        flow.names(
            " on ",
            &nodes::folded(&left, names, &look, view.has_full_names),
        );
        lines.extend(flow.finish());
    }
    let max = view.groups_max.unwrap_or(usize::MAX);
    for (note, of) in by_note.iter().take(max) {
        let mut flow = Flow::new(look, Line::new(look).own(Paint::Dim, "note: "), "  ");
        flow.words("", Paint::Plain, note);
        flow.names(" · ", &nodes::folded(of, names, &look, view.has_full_names));
        lines.extend(flow.finish());
    }
    if by_note.len() > max {
        let more = Line::new(look)
            .own(Paint::Dim, "… ")
            .number(Paint::Dim, by_note.len() - max)
            .own(Paint::Dim, " more notes that differ");
        lines.push(more);
    }
    lines
}

/// Groups whose bytes differ and whose text, once shown, does not; by their first node.
struct Twins(HashSet<NodeId>);

impl Twins {
    fn of(groups: &[&Group]) -> Self {
        let mut alike: HashMap<blake3::Hash, Vec<NodeId>> = HashMap::new();
        // A cut output says how much of it is missing, which tells it from any other.
        for group in groups.iter().filter(|group| group.cut_bytes == 0) {
            let first = group.nodes.iter().next();
            alike.entry(shown_digest(group)).or_default().extend(first);
        }
        Self(
            alike
                .into_values()
                .filter(|nodes| nodes.len() > 1)
                .flatten()
                .collect(),
        )
    }

    fn has_twin(&self, group: &Group) -> bool {
        group
            .nodes
            .iter()
            .next()
            .is_some_and(|node| self.0.contains(&node))
    }
}

/// Returns a digest of what a reader can tell apart.
fn shown_digest(group: &Group) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let failure = group.failure.as_ref().map_or("", Clean::as_str);
    hasher.update(format!("{} {:?} {failure}", group.state, group.rc).as_bytes());
    for stream in [&group.out, &group.err] {
        // No line holds these bytes, so they keep the streams apart.
        hasher.update(b"\n\n\r\n");
        for line in lines_of(&stream.0) {
            hasher.update(line);
            hasher.update(b"\n");
        }
    }
    hasher.finalize()
}
