//! The footer: what ends every result, whatever verbs have left of its rows.
//!
//! It is drawn from the run's answers, not from the table: who did not answer, who failed and
//! whose answer was cut cannot be filtered away.

use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_protocol::units::moment::moment_text;
use hailer_table::NodeNames;

use super::flow::Flow;
use super::groups::flow_ending;
use super::measure::{elapsed, size};
use super::nodes;
use super::style::{Line, Look, Paint, text_of};
use crate::fleet::gather::Gather;
use crate::fleet::groups::Group;
use crate::fleet::retried::Retried;
use crate::fleet::summary::Summary;

/// Reasons that are told apart, in each state; the rest of the state's nodes are named together.
const REASONS_MAX: usize = 5;

/// Draws what ends a table; every line ends in a newline.
#[must_use]
pub fn render_footer(
    gather: &Gather,
    summary: &Summary,
    names: &dyn NodeNames,
    look: Look,
) -> String {
    let mut lines = Vec::new();
    let mut groups = gather.groups().outliers_first();
    groups.reverse();
    for state in State::ALL.into_iter().filter(|state| *state != State::Ok) {
        let reasons = reasons(groups.iter().copied().filter(|group| group.state == state));
        let told = if reasons.len() > REASONS_MAX {
            REASONS_MAX - 1
        } else {
            reasons.len()
        };
        for reason in &reasons[..told] {
            lines.extend(reason_lines(reason, names, look));
        }
        if told < reasons.len() {
            lines.extend(other_lines(state, &reasons[told..], names, look));
        }
    }
    lines.extend(cut_lines(gather, names, look));
    lines.extend(summary_lines(summary, look));
    text_of(&lines)
}

/// Nodes that ended alike, whatever they wrote.
struct Reason<'a> {
    /// Stands for all of them.
    group: &'a Group,
    nodes: NodeSet,
}

/// Puts groups that differ in their output alone together; the largest first.
fn reasons<'a>(groups: impl Iterator<Item = &'a Group>) -> Vec<Reason<'a>> {
    let mut at = std::collections::HashMap::new();
    let mut reasons: Vec<Reason<'a>> = Vec::new();
    for group in groups {
        let at = *at
            .entry((group.rc, &group.failure))
            .or_insert(reasons.len());
        if at == reasons.len() {
            let nodes = NodeSet::default();
            reasons.push(Reason { group, nodes });
        }
        reasons[at].nodes.extend(group.nodes.iter());
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.nodes.len()));
    reasons
}

fn reason_lines(reason: &Reason<'_>, names: &dyn NodeNames, look: Look) -> Vec<Line> {
    let mut flow = Flow::new(look, Line::new(look), "  ");
    flow.names("", &nodes::folded(&reason.nodes, names, &look, false));
    flow.item(" · ", &nodes::count(look, reason.nodes.len()));
    flow_ending(&mut flow, look, reason.group);
    flow.finish()
}

fn other_lines(
    state: State,
    reasons: &[Reason<'_>],
    names: &dyn NodeNames,
    look: Look,
) -> Vec<Line> {
    let all: NodeSet = reasons
        .iter()
        .flat_map(|reason| reason.nodes.iter())
        .collect();
    let n_reasons = Line::new(look)
        .own(Paint::of(state), state.as_str())
        .own(Paint::Plain, ": ")
        .number(Paint::Plain, reasons.len())
        .own(Paint::Plain, " more reasons");
    let mut flow = Flow::new(look, Line::new(look), "  ");
    flow.names("", &nodes::folded(&all, names, &look, false));
    flow.item(" · ", &nodes::count(look, all.len()));
    flow.item(" · ", &n_reasons);
    flow.finish()
}

fn cut_lines(gather: &Gather, names: &dyn NodeNames, look: Look) -> Vec<Line> {
    let cut = gather
        .answers()
        .iter()
        .filter(|answer| answer.is_truncated());
    let cut: NodeSet = cut.map(|answer| answer.node).collect();
    if cut.is_empty() {
        return Vec::new();
    }
    let mut flow = Flow::new(look, Line::new(look), "  ");
    flow.names("", &nodes::folded(&cut, names, &look, false));
    flow.item(" · ", &nodes::count(look, cut.len()));
    flow.item(" · ", &Line::new(look).own(Paint::Warn, "cut"));
    flow.finish()
}

/// Returns the sums: how many ended how, in what time, and what is not kept.
pub(super) fn summary_lines(summary: &Summary, look: Look) -> Vec<Line> {
    let mut flow = Flow::new(look, Line::new(look), "  ");
    let line = || Line::new(look);
    let colon = if summary.nodes.is_empty() { "" } else { ":" };
    flow.item(
        "",
        &nodes::count(look, summary.total()).own(Paint::Plain, colon),
    );
    let mut glue = " ";
    for (state, of_state) in &summary.nodes {
        let count = line()
            .number(Paint::of(*state), of_state.len())
            .own(Paint::of(*state), " ")
            .own(Paint::of(*state), state.as_str());
        flow.item(glue, &count);
        glue = " · ";
    }
    let time = line()
        .own(Paint::Plain, "in ")
        .clean(Paint::Plain, &elapsed(summary.elapsed));
    flow.item(" ", &time);
    if let Some(retried) = &summary.retried {
        retried_items(&mut flow, retried, look);
    }
    if summary.is_interrupted {
        flow.item(" · ", &line().own(Paint::Warn, "interrupted"));
    }
    if summary.truncated > 0 {
        let outputs = if summary.truncated == 1 {
            " output cut"
        } else {
            " outputs cut"
        };
        let count = line()
            .number(Paint::Warn, summary.truncated)
            .own(Paint::Warn, outputs);
        flow.item(" · ", &count);
    }
    if summary.cut_bytes > 0 {
        let bytes = line().clean(Paint::Warn, &size(summary.cut_bytes));
        flow.item(", ", &bytes.own(Paint::Warn, " not kept"));
    }
    if summary.cut_rows > 0 {
        let rows = if summary.cut_rows == 1 {
            " row not kept"
        } else {
            " rows not kept"
        };
        flow.item(
            ", ",
            &line()
                .number(Paint::Warn, summary.cut_rows)
                .own(Paint::Warn, rows),
        );
    }
    flow.finish()
}

/// Says how many answers are of a retry, and when that was.
fn retried_items(flow: &mut Flow, retried: &Retried, look: Look) {
    let second = retried.at.0 - retried.at.0.rem_euclid(1000);
    let line = || Line::new(look);
    let count = line()
        .number(Paint::Plain, retried.nodes.len())
        .own(Paint::Plain, " retried ")
        .clean(Paint::Plain, &Clean::line(&moment_text(second)));
    flow.item(" · ", &count);
    if !retried.not_asked.is_empty() {
        let count = line()
            .number(Paint::Warn, retried.not_asked.len())
            .own(Paint::Warn, " not asked again");
        flow.item(" · ", &count);
    }
}
