//! Text for `grep`, `cut` and `diff`.
//!
//! Output of commands is written line by line, each behind its node, as `pdsh` does; a node that
//! did not end well has a line that says so. Any other table is written one row a line, with one
//! tab between columns and no heading. Control characters are escaped, so that a tab or a newline
//! always is ours.

use hailer_protocol::clean::Clean;
use hailer_protocol::value::Value;

use super::shown;
use crate::evaluator::display;
use crate::frame::Frame;

/// Returns the frame as text.
#[must_use]
pub fn text(frame: &Frame) -> String {
    let node = frame.columns().iter().position(|c| c.is_node() && c.shown);
    let out = frame
        .index_of("out")
        .filter(|at| frame.columns()[*at].shown);
    match (node, out) {
        (Some(node), Some(out)) => output(frame, node, out),
        _ => rows(frame),
    }
}

fn rows(frame: &Frame) -> String {
    let columns = shown(frame);
    let mut text = String::new();
    for row in 0..frame.len() {
        let cells: Vec<String> = columns
            .iter()
            .map(|(at, _)| Clean::line(&display(&frame.value(row, *at))).into_string())
            .collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

fn output(frame: &Frame, node: usize, out: usize) -> String {
    let mut text = String::new();
    let err = frame.index_of("err");
    for row in 0..frame.len() {
        let name = Clean::line(&display(&frame.value(row, node)));
        for at in [Some(out), err].into_iter().flatten() {
            let Value::Str(said) = frame.value(row, at) else {
                continue;
            };
            for line in said.lines() {
                text.push_str(&format!("{name}: {}\n", Clean::line(line)));
            }
        }
        if let Some(end) = unhappy_end(frame, row) {
            text.push_str(&format!("{name}: ({end})\n"));
        }
    }
    text
}

/// Says how a node's part ended, unless it is `ok`.
fn unhappy_end(frame: &Frame, row: usize) -> Option<Clean> {
    let state = display(&frame.value(row, frame.index_of("state")?));
    if state == "ok" {
        return None;
    }
    let rc = frame
        .index_of("rc")
        .map_or(Value::Null, |at| frame.value(row, at));
    let end = if rc.is_null() {
        state
    } else {
        format!("{state}, rc {}", display(&rc))
    };
    Some(Clean::line(&end))
}
