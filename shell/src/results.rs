//! Kept results: `$1`, `$2` … and `$`, with their rows and their sets of nodes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hailer_lang::ast::{ResultRef, SetKind};
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::selector::{ResultSetError, ResultSets};
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;
use hailer_table::Frame;

use crate::asked::Asked;
use crate::fleet::{Answer, Finished};
use crate::session::Side;

/// How many results are kept; the oldest goes first.
const KEPT_MAX: usize = 100;

/// How many bytes of output and rows all kept results may hold, roughly, before the oldest goes.
const KEPT_BYTES_MAX: u64 = 256 << 20;

/// One result.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The line that made it.
    pub text: String,
    /// When it was kept.
    pub at: Mono,
    /// The scope that it was asked in.
    pub scope: String,
    /// The run behind it: its own, or that of the result it went on from.
    pub run: Option<Arc<Finished>>,
    /// Its rows; `None` for a command's plain answers, of which rows are made when wanted.
    pub frame: Option<Arc<Frame>>,
    /// What its nodes were asked, where it can be asked again.
    pub asked: Option<Arc<Asked>>,
    /// The other results that stood beside its rows.
    pub sides: Vec<Side>,
}

impl Kept {
    fn bytes(&self) -> u64 {
        let answers = self.run.iter().flat_map(|run| run.gather.answers());
        let text = |v: &Value| v.as_str().map_or(32, |s| 32 + s.len()) as u64;
        let of = |a: &Answer| {
            let rows = a.rows.iter().flat_map(|table| &table.rows).flatten();
            (a.out.0.len() + a.err.0.len()) as u64 + rows.map(text).sum::<u64>()
        };
        let outputs: u64 = answers.map(|a| of(a)).sum();
        let cells = self
            .frame
            .as_ref()
            .map_or(0, |f| f.len() as u64 * f.columns().len() as u64);
        outputs + cells * 32 + self.asked.as_ref().map_or(0, |asked| asked.bytes())
    }
}

/// The results of one session.
#[derive(Debug, Default)]
pub struct Results {
    kept: VecDeque<(u32, Kept)>,
    /// The highest number that was given away.
    reserved: u32,
    /// The result that `$` is: the one that was kept last.
    last: Option<u32>,
    /// Numbers whose runs go on in the background.
    running: BTreeSet<u32>,
}

impl Results {
    /// Gives the next number away; its result comes with [`Results::keep`] when it is there.
    pub const fn reserve(&mut self) -> u32 {
        self.reserved += 1;
        self.reserved
    }

    /// Lets the next result take the place of the newest one: it is the same line's, asked again.
    pub(crate) const fn again(&mut self, number: u32) {
        if self.reserved == number && number > 0 {
            self.reserved = number - 1;
        }
    }

    /// Keeps the result of a number that was reserved for it, in the place of an earlier one that
    /// has it.
    pub fn keep(&mut self, number: u32, result: Kept) {
        self.last = Some(number);
        self.kept.retain(|(n, _)| *n != number);
        self.kept.push_back((number, result));
        let mut bytes: u64 = self.kept.iter().map(|(_, k)| k.bytes()).sum();
        while self.kept.len() > 1 && (self.kept.len() > KEPT_MAX || bytes > KEPT_BYTES_MAX) {
            if let Some((_, dropped)) = self.kept.pop_front() {
                bytes = bytes.saturating_sub(dropped.bytes());
            }
        }
    }

    /// Takes note of what the nodes of a kept result were asked.
    pub(crate) fn note_asked(&mut self, number: u32, asked: &Arc<Asked>) {
        let mut kept = self.kept.iter_mut();
        if let Some((_, kept)) = kept.find(|(n, _)| *n == number) {
            kept.asked = Some(Arc::clone(asked));
        }
    }

    /// Takes note of what stood beside the rows of a kept result.
    pub(crate) fn note_sides(&mut self, number: u32, sides: Vec<Side>) {
        let mut kept = self.kept.iter_mut();
        if let Some((_, kept)) = kept.find(|(n, _)| *n == number) {
            kept.sides = sides;
        }
    }

    /// Takes note that the run of that number goes on in the background, or no longer does.
    pub(crate) fn set_running(&mut self, number: u32, is_running: bool) {
        if is_running {
            self.running.insert(number);
        } else {
            self.running.remove(&number);
        }
    }

    /// Makes `$` an earlier result again.
    pub(crate) const fn stay_at(&mut self, last: u32) {
        self.last = Some(last);
    }

    /// Whether that result is here.
    pub(crate) fn is_kept(&self, number: u32) -> bool {
        self.kept.iter().any(|(n, _)| *n == number)
    }

    /// Returns the highest number that was given away; `None` before the first.
    #[must_use]
    pub const fn highest(&self) -> Option<u32> {
        match self.reserved {
            0 => None,
            number => Some(number),
        }
    }

    /// Returns the number of the last result.
    #[must_use]
    pub const fn last(&self) -> Option<u32> {
        self.last
    }

    /// Returns the number of a result that is named; 0 before the first.
    #[must_use]
    pub fn number_of(&self, wanted: ResultRef) -> u32 {
        match wanted {
            ResultRef::Last => self.last.unwrap_or(0),
            ResultRef::Number(n) => n,
        }
    }

    /// Returns the results that are kept with their numbers, the last one first.
    pub fn newest(&self) -> impl Iterator<Item = (u32, &Kept)> {
        self.kept.iter().rev().map(|(number, kept)| (*number, kept))
    }

    /// Returns the numbers whose runs go on in the background.
    pub fn running(&self) -> impl Iterator<Item = u32> {
        self.running.iter().copied()
    }

    /// Returns a result, if it is still kept.
    ///
    /// # Errors
    /// When there is no such result, or it was dropped to make room.
    pub fn find(&self, wanted: ResultRef) -> Result<&Kept, ResultSetError> {
        let unknown = ResultSetError::Unknown { last: self.last };
        if let ResultRef::Number(number) = wanted
            && self.running.contains(&number)
        {
            return Err(ResultSetError::Running { number });
        }
        let number = match (wanted, self.last) {
            (_, None) => return Err(unknown),
            (ResultRef::Last, Some(last)) => last,
            (ResultRef::Number(n), Some(_)) if (1..=self.reserved).contains(&n) => n,
            (ResultRef::Number(_), Some(_)) => return Err(unknown),
        };
        self.kept
            .iter()
            .find(|(n, _)| *n == number)
            .map(|(_, kept)| kept)
            .ok_or(ResultSetError::Dropped)
    }
}

impl ResultSets for Results {
    fn set(&self, result: ResultRef, kind: SetKind) -> Result<NodeSet, ResultSetError> {
        let kept = self.find(result)?;
        if let (SetKind::Rows, Some(frame)) = (kind, &kept.frame) {
            return nodes_of_rows(frame);
        }
        let run = kept.run.as_ref().ok_or(ResultSetError::NoNodes)?;
        let mut set = NodeSet::default();
        match kind {
            SetKind::State(state) => {
                if let Some(nodes) = run.summary.nodes_in(state) {
                    set = nodes.clone();
                }
            }
            // A plain answer is a row, whether it came or not.
            SetKind::Rows => {
                for answer in run.gather.answers() {
                    set.insert(answer.node);
                }
            }
            SetKind::Majority | SetKind::Minority => {
                let groups = run.gather.groups().outliers_first();
                let Some((largest, others)) = groups.split_last() else {
                    return Ok(set);
                };
                if others.iter().any(|g| g.nodes.len() == largest.nodes.len()) {
                    return Err(ResultSetError::Tie);
                }
                let majority = kind == SetKind::Majority;
                let chosen = if majority {
                    &groups[groups.len() - 1..]
                } else {
                    others
                };
                for group in chosen {
                    set = set.or(&group.nodes);
                }
            }
        }
        Ok(set)
    }
}

/// The nodes that rows were observed on. A row that was observed on none of them, such as one of a
/// file, makes the whole a mistake: it would be left out in silence.
fn nodes_of_rows(frame: &Frame) -> Result<NodeSet, ResultSetError> {
    let mut set = NodeSet::default();
    for row in 0..frame.len() {
        match frame.provenance(row) {
            Some([]) | None => return Err(ResultSetError::NoProvenance),
            Some(nodes) => nodes.iter().for_each(|n| set.insert(NodeId(*n))),
        }
    }
    Ok(set)
}
