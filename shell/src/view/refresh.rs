//! The preview: what is known while a run goes on, in a few lines that are drawn again and again.
//!
//! The live line, then the odd groups so far with the beginning of what they said, then the
//! largest group in one line. Never higher or wider than it may be.

use hailer_protocol::state::State;
use hailer_table::NodeNames;

use super::block::{count_lines, first_line};
use super::fit;
use super::flow::Flow;
use super::groups::flow_ending;
use super::live::{Live, live_line};
use super::nodes;
use super::style::{Line, Look, Paint};
use crate::fleet::groups::{Group, Groups};

/// Lines of a preview, however high the terminal is.
const HEIGHT_MAX: usize = 12;

/// Draws the preview in at most `height` lines, which all fit the width.
#[must_use]
pub fn preview(
    groups: &Groups,
    live: &Live<'_>,
    names: &dyn NodeNames,
    look: Look,
    height: usize,
) -> Vec<Line> {
    let mut left = height.min(HEIGHT_MAX);
    if left == 0 {
        return Vec::new();
    }
    let mut lines = vec![live_line(live, names, look)];
    left -= 1;
    let groups = groups.outliers_first();
    let Some((largest, odd)) = groups.split_last() else {
        return lines;
    };
    // There is hardly place for all: trouble first.
    let mut odd = odd.to_vec();
    odd.sort_by_key(|group| group.state == State::Ok);
    // The largest group has the last line, and what is not shown the one before.
    let mut shown = 0;
    for group in &odd {
        let needed = 2 + usize::from(shown + 1 < odd.len());
        if left < needed {
            break;
        }
        let before = lines.len();
        lines.extend(group_lines(group, names, look, (left - needed + 1).min(2)));
        left -= lines.len() - before;
        shown += 1;
    }
    if shown < odd.len() && left > 1 {
        let more = Line::new(look)
            .own(Paint::Dim, "… ")
            .number(Paint::Dim, odd.len() - shown)
            .own(Paint::Dim, " more groups");
        lines.push(more.cut(columns(look)));
        left -= 1;
    }
    if left > 0 {
        lines.push(largest_line(largest, names, look));
    }
    lines
}

fn columns(look: Look) -> usize {
    look.width.map_or(usize::MAX, usize::from)
}

/// Returns a group's header and, where there is place, the first line of what it said.
fn group_lines(group: &Group, names: &dyn NodeNames, look: Look, height: usize) -> Vec<Line> {
    let mut lines = vec![header(group, names, look).cut(columns(look))];
    if height > 1
        && let Some(said) = said(group, look)
    {
        lines.push(
            Line::new(look)
                .own(Paint::Dim, "  ")
                .line(&said)
                .cut(columns(look)),
        );
    }
    lines
}

fn largest_line(group: &Group, names: &dyn NodeNames, look: Look) -> Line {
    let mut line = header(group, names, look);
    if let Some(said) = said(group, look) {
        line = line.own(Paint::Dim, " · ").line(&said);
    }
    line.cut(columns(look))
}

fn header(group: &Group, names: &dyn NodeNames, look: Look) -> Line {
    let unbroken = Look {
        width: None,
        ..look
    };
    // Names take half of the line at most, so that the ending is seen too.
    let room = look.width.map_or(80, usize::from) / 2;
    let start = Line::new(unbroken).own(Paint::Dim, "── ");
    let mut flow = Flow::new(unbroken, start, "");
    flow.names("", &nodes::folded_in(&group.nodes, names, room));
    flow.item(" · ", &nodes::count(unbroken, group.nodes.len()));
    flow_ending(&mut flow, unbroken, group);
    let lines = flow.finish();
    lines
        .iter()
        .fold(Line::new(look), |whole, line| whole.line(line))
}

/// Returns the first line of what the nodes said that is not blank; an error goes before output.
fn said(group: &Group, look: Look) -> Option<Line> {
    let (bytes, sign) = match first_line(&group.err.0) {
        Some(line) if !group.state.is_answer() || group.rc != Some(0) => (line, "err│ "),
        _ => match first_line(&group.out.0) {
            Some(line) => (line, ""),
            None => (first_line(&group.err.0)?, "err│ "),
        },
    };
    let laid_out = fit::rows(bytes, Some(columns(look).min(1000)), 1, look.ascii);
    let n_more = (count_lines(&group.out.0) + count_lines(&group.err.0)).saturating_sub(1);
    let mut line = Line::new(look).own(Paint::Dim, sign);
    for row in &laid_out.rows {
        line = line.clean(Paint::Plain, row);
    }
    if laid_out.bytes_left > 0 {
        return Some(line.own(Paint::Dim, "…"));
    }
    if n_more > 0 {
        line = line.own(Paint::Dim, " … +").number(Paint::Dim, n_more);
    }
    Some(line)
}
