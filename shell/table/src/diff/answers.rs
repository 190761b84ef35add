//! Answers of commands compared: each group with the majority, and each node with itself earlier.

use std::collections::{BTreeMap, HashMap};

use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use super::report::{DiffBase, DiffChange, DiffLine, DiffReport, Of, Sign};
use super::{PAIRS_MAX, folded, lines};
use crate::column::Origin;
use crate::engine;
use crate::error::TableError;
use crate::frame::Frame;
use crate::provenance::NodeId;

/// What an answer is made of, beside its output.
const BESIDE_OUT: [&str; 4] = ["state", "rc", "err", "bytes"];

/// One answer, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    state: Option<String>,
    rc: Option<i64>,
    out: String,
    err: String,
    /// Bytes of both outputs: where texts are equal and these are not, something is cut or no text.
    bytes: Option<i64>,
    nodes: Vec<NodeId>,
}

impl Answer {
    /// Says how it ended.
    fn ending(&self) -> String {
        let state = self.state.as_deref().unwrap_or_default();
        match self.rc {
            Some(rc) if rc != 0 => format!("{state} rc={rc}").trim_start().to_owned(),
            _ => state.to_owned(),
        }
    }

    /// Whether a command ended by itself; an answer of which nothing is known did.
    fn is_answer(&self) -> bool {
        let state = self.state.as_deref().and_then(State::by_name);
        state.is_none_or(State::is_answer)
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.state, self.rc, &self.out, &self.err)
            == (&other.state, other.rc, &other.out, &other.err)
            && (self.bytes == other.bytes || self.bytes.is_none() || other.bytes.is_none())
    }
}

/// Returns the different answers of a command, in the order of their first rows; `None` where the
/// rows are no answers.
fn answers(frame: &Frame) -> Result<Option<Vec<Answer>>, TableError> {
    let of_rows = |name: &str| {
        let at = frame.index_of(name)?;
        let column = &frame.columns()[at];
        (column.origin == Origin::Row && column.shown).then_some(at)
    };
    let Some(out) = of_rows("out") else {
        return Ok(None);
    };
    let [state, rc, err, bytes] = BESIDE_OUT.map(of_rows);
    let columns: Vec<usize> = [Some(out), state, rc, err, bytes]
        .into_iter()
        .flatten()
        .collect();
    let groups = engine::groups(frame.data(), &columns)?;
    let text = |at: Option<usize>, row: usize| match at.map(|at| frame.value(row, at)) {
        Some(Value::Str(text)) => Some(text),
        _ => None,
    };
    let number = |at: Option<usize>, row: usize| match at.map(|at| frame.value(row, at)) {
        Some(Value::Int(n) | Value::Size(n)) => Some(n),
        _ => None,
    };
    let answer = |members: Vec<u32>| {
        let row = members.first().map_or(0, |row| *row as usize);
        Answer {
            state: text(state, row),
            rc: number(rc, row),
            out: text(Some(out), row).unwrap_or_default(),
            err: text(err, row).unwrap_or_default(),
            bytes: number(bytes, row),
            nodes: frame.provenance_of_rows().union(members),
        }
    };
    Ok(Some(groups.into_iter().map(answer).collect()))
}

/// Returns the nodes of each different answer; `None` where the rows are no answers. Who did not
/// answer is in none of them.
pub(crate) fn groups_of_answers(frame: &Frame) -> Result<Option<Vec<Vec<NodeId>>>, TableError> {
    let found = answers(frame)?;
    Ok(found.map(|found| {
        let answered = found.into_iter().filter(Answer::is_answer);
        answered.map(|answer| answer.nodes).collect()
    }))
}

/// Compares each answer with that of most nodes. Who did not answer is not compared.
pub(super) fn against_majority(frame: &Frame) -> Result<DiffReport, TableError> {
    let found = answers(frame)?;
    if found.is_none() && !frame.is_empty() {
        return Err(TableError::NothingToDiff);
    }
    let mut answers = found.unwrap_or_default();
    answers.retain(Answer::is_answer);
    answers.sort_by_key(|a| (a.nodes.len(), a.nodes.first().copied()));
    let Some(most) = answers.pop() else {
        return Ok(DiffReport {
            base: DiffBase::Majority {
                ending: String::new(),
                lines: 0,
            },
            changes: Vec::new(),
            same: Vec::new(),
        });
    };
    if let Some(second) = answers.last()
        && second.nodes.len() == most.nodes.len()
    {
        return Err(TableError::NoMajority {
            verb: "diff",
            nodes: most.nodes.len(),
        });
    }
    let changes = answers
        .into_iter()
        .enumerate()
        .map(|(n, answer)| DiffChange {
            ending: answer.ending(),
            lines: compare(&most, &answer, n < PAIRS_MAX),
            nodes: answer.nodes,
        });
    Ok(DiffReport {
        base: DiffBase::Majority {
            ending: most.ending(),
            lines: most.out.lines().count(),
        },
        changes: folded(changes),
        same: most.nodes,
    })
}

/// Compares each node's answer with the one it gave before; `None` where these are no answers of
/// commands, one a node.
pub(super) fn since(
    before: &Frame,
    after: &Frame,
    number: u32,
) -> Result<Option<DiffReport>, TableError> {
    let (Some(old), Some(new)) = (answers(before)?, answers(after)?) else {
        return Ok(None);
    };
    let (Some(was), Some(is)) = (by_node(&old), by_node(&new)) else {
        return Ok(None);
    };
    let mut same = Vec::new();
    // Nodes that gave the same two answers changed in the same way.
    let mut pairs: BTreeMap<(Option<usize>, Option<usize>), Vec<NodeId>> = BTreeMap::new();
    for (&node, &at) in &was {
        let other = is.get(&node).copied();
        match other {
            Some(other) if old[at].says_the_same_as(&new[other]) => same.push(node),
            _ => pairs.entry((Some(at), other)).or_default().push(node),
        }
    }
    for (&node, &at) in &is {
        if !was.contains_key(&node) {
            pairs.entry((None, Some(at))).or_default().push(node);
        }
    }
    let mut changes = Vec::with_capacity(pairs.len());
    for ((was, is), nodes) in pairs {
        let (was, is) = (was.map(|at| &old[at]), is.map(|at| &new[at]));
        let is_by_line = changes.len() < PAIRS_MAX;
        changes.push(changed(was, is, nodes, number, is_by_line));
    }
    let changes = folded(changes);
    same.sort_unstable();
    Ok(Some(DiffReport {
        base: DiffBase::Result { number },
        changes,
        same,
    }))
}

/// Returns which answer each node gave; `None` where one gave several, or a row is of several.
fn by_node(answers: &[Answer]) -> Option<HashMap<NodeId, usize>> {
    let mut by_node = HashMap::new();
    for (at, answer) in answers.iter().enumerate() {
        for &node in &answer.nodes {
            if by_node.insert(node, at).is_some() {
                return None;
            }
        }
    }
    Some(by_node)
}

fn changed(
    was: Option<&Answer>,
    is: Option<&Answer>,
    nodes: Vec<NodeId>,
    number: u32,
    is_by_line: bool,
) -> DiffChange {
    let alone = |sign: Sign, answer: &Answer| vec![state_line(sign, answer)];
    let (ending, lines) = match (was, is) {
        (Some(was), Some(is)) => {
            let ending = if was.ending() == is.ending() {
                is.ending()
            } else {
                format!("was {}, now {}", was.ending(), is.ending())
            };
            (ending, compare(was, is, is_by_line))
        }
        (Some(was), None) => (format!("only in ${number}"), alone(Sign::Removed, was)),
        (None, Some(is)) => (format!("not in ${number}"), alone(Sign::Added, is)),
        (None, None) => (String::new(), Vec::new()),
    };
    DiffChange {
        nodes,
        ending,
        lines,
    }
}

fn state_line(sign: Sign, answer: &Answer) -> DiffLine {
    let mut line = DiffLine::text(sign, 0, answer.ending().into());
    line.of = Of::State;
    line
}

/// Compares two answers that differ.
fn compare(was: &Answer, is: &Answer, is_by_line: bool) -> Vec<DiffLine> {
    let mut all = Vec::new();
    if was.ending() != is.ending() {
        all.push(state_line(Sign::Removed, was));
        all.push(state_line(Sign::Added, is));
    }
    // What a node wrote before it was lost is half an answer: its end would read as a difference.
    if !was.is_answer() || !is.is_answer() {
        return all;
    }
    if !is_by_line {
        let text =
            format!("differs; more than {PAIRS_MAX} different answers are not compared by line");
        all.push(DiffLine::said(Of::Out, text));
        return all;
    }
    for (of, before, after) in [(Of::Out, &was.out, &is.out), (Of::Err, &was.err, &is.err)] {
        if before != after {
            all.extend(lines::compare(of, before, after));
        }
    }
    if all.is_empty() {
        all.extend(lines::compare(Of::Out, &was.out, &is.out));
    }
    all
}
