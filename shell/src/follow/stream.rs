//! The stream: everything that is known of a followed run, from its events to what is shown.
//!
//! Pure: the time comes as an argument.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::time::{Mono, Wall};
use hailer_protocol::units::display_value;
use hailer_protocol::value::Value;

use super::lines::{Cut, Splitter};
use super::merge::{Kind, Line, Merge};
use super::tail::Tail;
use super::told::{Happened, News};
use crate::fleet::Event;
use crate::output::follow::Item;
use crate::view::follow::Standing;

/// How often it is told how many lines were left out.
const LEFT_OUT_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Nodes whose lines that were left out are counted one by one at the end.
const NAMED_MAX: usize = 8;

/// What is followed.
#[derive(Debug)]
pub struct Stream {
    splitters: HashMap<(NodeId, bool), Splitter>,
    merge: Merge,
    news: News,
    tail: Tail,
    has_rows: bool,
    begun: Mono,
    total: usize,
    followed: NodeSet,
    waiting: NodeSet,
    lines: u64,
    left_out: BTreeMap<NodeId, u64>,
    left_out_untold: BTreeMap<NodeId, u64>,
    told_at: Mono,
    ends: bool,
    has_refused: bool,
}

impl Stream {
    /// Begins with nothing heard. `rate` bounds how many lines a second are shown.
    pub fn new(targets: NodeSet, rate: Option<u32>, has_rows: bool, now: Mono) -> Self {
        Self {
            splitters: HashMap::new(),
            merge: Merge::new(rate, now),
            news: News::default(),
            tail: Tail::default(),
            has_rows,
            begun: now,
            total: targets.len(),
            followed: NodeSet::default(),
            waiting: NodeSet::default(),
            lines: 0,
            left_out: BTreeMap::new(),
            left_out_untold: BTreeMap::new(),
            told_at: now,
            ends: false,
            has_refused: false,
        }
    }

    /// Takes in what is heard of the run. Once it ends, lines no longer count.
    pub fn event(&mut self, event: &Event, now: Mono) {
        match event {
            Event::Started(node) => {
                self.followed.insert(*node);
                if self.waiting.contains(*node) {
                    self.waiting.remove(*node);
                    self.news.add(*node, Happened::Joined);
                }
            }
            Event::Waits { node, reason } => {
                if !self.waiting.contains(*node) {
                    self.waiting.insert(*node);
                    self.news.add(*node, Happened::Waits(Clean::line(reason)));
                }
            }
            Event::Piece {
                node,
                is_stderr,
                bytes,
            } if !self.ends => {
                let splitter = self.splitters.entry((*node, *is_stderr)).or_default();
                let merge = &mut self.merge;
                splitter.feed(&bytes.0, now, |cut| {
                    merge.take(*node, text_line(cut, *is_stderr));
                });
            }
            Event::Rows { node, table } if !self.ends => self.rows(*node, table),
            Event::Answer(answer) => {
                self.finish_lines(answer.node);
                self.followed.remove(answer.node);
                let was_there = !self.waiting.contains(answer.node);
                self.waiting.remove(answer.node);
                if was_there && !self.ends {
                    self.news.add(answer.node, Happened::left(answer));
                }
            }
            Event::Piece { .. }
            | Event::Rows { .. }
            | Event::Progress(_)
            | Event::Arriving(_)
            | Event::Stage(_)
            | Event::Ended(_) => {}
        }
    }

    /// Whether so many lines wait that they should be shown first.
    pub fn is_full(&self) -> bool {
        self.merge.is_full()
    }

    /// The operator has had enough, or nobody reads any more.
    pub fn set_ends(&mut self) {
        self.ends = true;
    }

    /// The operator wants it in the background, where nobody would see its lines.
    pub fn refuse_background(&mut self) {
        self.has_refused = true;
    }

    /// Whether it was told to end.
    pub const fn ends(&self) -> bool {
        self.ends
    }

    /// Returns what is to be shown now.
    pub fn turn(&mut self, now: Mono, at: Wall) -> Vec<Item> {
        let merge = &mut self.merge;
        for ((node, is_stderr), splitter) in &mut self.splitters {
            splitter.handle_timeout(now, |cut| merge.take(*node, text_line(cut, *is_stderr)));
        }
        self.show(now, at)
    }

    /// Returns what is left to be shown: nothing follows.
    pub fn end(&mut self, now: Mono, at: Wall) -> Vec<Item> {
        let nodes: Vec<NodeId> = self.splitters.keys().map(|key| key.0).collect();
        nodes.into_iter().for_each(|node| self.finish_lines(node));
        let mut items = self.show(now, at);
        self.left_out_untold.clear();
        items.extend(self.left_out_in_all());
        items
    }

    /// Returns how it stands.
    pub fn standing(&self, now: Mono) -> Standing {
        Standing {
            followed: self.followed.len(),
            total: self.total,
            waiting: self.waiting.clone(),
            lines: self.lines,
            left_out: self.left_out.values().sum(),
            elapsed: now.since(self.begun),
            ends: self.ends,
            has_refused: self.has_refused,
        }
    }

    /// Returns how many lines were shown and are not in the tail.
    pub const fn dropped(&self) -> u64 {
        self.tail.dropped()
    }

    /// Returns the last lines.
    pub fn into_tail(self) -> Tail {
        self.tail
    }

    fn show(&mut self, now: Mono, at: Wall) -> Vec<Item> {
        let merged = self.merge.empty(now);
        for (node, n) in self.merge.take_left_out() {
            *self.left_out.entry(node).or_default() += n;
            *self.left_out_untold.entry(node).or_default() += n;
        }
        let mut items = Vec::with_capacity(merged.len());
        // A node that joins says so before its first line, one that leaves behind its last.
        let news = self.news.take();
        let (before, behind): (Vec<_>, Vec<_>) = news
            .into_iter()
            .partition(|(happened, _)| matches!(happened, Happened::Joined));
        let told = |(happened, nodes)| Item::Told(happened, nodes);
        items.extend(before.into_iter().map(told));
        for merged in merged {
            self.lines += merged.nodes.len() as u64;
            self.tail.push(&merged, at);
            items.push(Item::Said(merged));
        }
        if now.since(self.told_at) >= LEFT_OUT_EVERY && !self.left_out_untold.is_empty() {
            self.told_at = now;
            let untold = std::mem::take(&mut self.left_out_untold);
            let n = untold.values().sum();
            items.push(Item::Told(
                Happened::LeftOut(n),
                untold.into_keys().collect(),
            ));
        }
        items.extend(behind.into_iter().map(told));
        items
    }

    /// What was left out of each node, those with the most first, and of the others together.
    fn left_out_in_all(&self) -> Vec<Item> {
        let mut counts: Vec<(NodeId, u64)> = self.left_out.iter().map(|(n, c)| (*n, *c)).collect();
        counts.sort_by_key(|(node, n)| (std::cmp::Reverse(*n), *node));
        let others = counts.split_off(counts.len().min(NAMED_MAX));
        let told = |nodes: NodeSet, n| Item::Told(Happened::LeftOut(n), nodes);
        let each = counts
            .into_iter()
            .map(|(node, n)| told([node].into_iter().collect(), n));
        let mut items: Vec<Item> = each.collect();
        if !others.is_empty() {
            let n = others.iter().map(|(_, n)| n).sum();
            items.push(told(others.into_iter().map(|(node, _)| node).collect(), n));
        }
        items
    }

    fn finish_lines(&mut self, node: NodeId) {
        for is_stderr in [false, true] {
            if let Some(mut splitter) = self.splitters.remove(&(node, is_stderr)) {
                splitter.end(|cut| self.merge.take(node, text_line(cut, is_stderr)));
            }
        }
    }

    fn rows(&mut self, node: NodeId, table: &Table) {
        debug_assert!(self.has_rows, "only a line with verbs gets rows");
        let columns: Arc<[Column]> = table.columns.clone().into();
        for row in &table.rows {
            let line = Line {
                kind: Kind::Row,
                shown: row_text(&columns, row).into_bytes(),
                left_out: 0,
                row: Some((Arc::clone(&columns), row.clone())),
            };
            self.merge.take(node, line);
        }
    }
}

fn text_line(cut: Cut, is_stderr: bool) -> Line {
    Line {
        kind: if is_stderr { Kind::Err } else { Kind::Out },
        shown: cut.bytes,
        left_out: cut.left_out,
        row: None,
    }
}

/// A row in one line: the value alone where there is one column, otherwise `name=value …`.
fn row_text(columns: &[Column], row: &Row) -> String {
    if let [only] = row.as_slice() {
        return display_value(only);
    }
    let shown = columns.iter().zip(row).filter(|(_, v)| !v.is_null());
    let one = |(column, value): (&Column, &Value)| {
        let text = display_value(value);
        if text.is_empty() || text.contains(char::is_whitespace) {
            format!("{}=\"{text}\"", column.name)
        } else {
            format!("{}={text}", column.name)
        }
    };
    shown.map(one).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc as StdArc;
    use std::time::Duration;

    use hailer_protocol::clean::NodeBytes;
    use hailer_protocol::state::State;
    use hailer_protocol::value::DataType;

    use super::*;
    use crate::fleet::Answer;

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    fn stream(rate: Option<u32>, has_rows: bool) -> Stream {
        let targets = (0..4).map(NodeId).collect();
        Stream::new(targets, rate, has_rows, at(0))
    }

    fn piece(node: u32, text: &str) -> Event {
        Event::Piece {
            node: NodeId(node),
            is_stderr: false,
            bytes: NodeBytes(text.as_bytes().to_vec()),
        }
    }

    fn waits(node: u32) -> Event {
        Event::Waits {
            node: NodeId(node),
            reason: "refused".into(),
        }
    }

    fn shown(items: &[Item]) -> Vec<String> {
        let nodes = |n: &mut dyn Iterator<Item = NodeId>| {
            n.map(|n| n.0.to_string()).collect::<Vec<_>>().join(",")
        };
        let one = |item: &Item| match item {
            Item::Said(m) => format!(
                "{}│{}",
                nodes(&mut m.nodes.iter().copied()),
                String::from_utf8_lossy(&m.line.shown)
            ),
            Item::Told(happened, set) => format!("{} {happened}", nodes(&mut set.iter())),
        };
        items.iter().map(one).collect()
    }

    #[test]
    fn a_node_that_comes_up_joins_before_its_first_line_and_leaves_behind_its_last() {
        let mut stream = stream(None, false);
        stream.event(&waits(1), at(0));
        stream.event(&waits(1), at(10));
        assert_eq!(
            shown(&stream.turn(at(100), Wall(0))),
            ["1 cannot be reached (refused); followed as soon as it can be"]
        );
        stream.event(&Event::Started(NodeId(1)), at(5_000));
        stream.event(&piece(1, "one\ntw"), at(5_000));
        let mut answer = Answer::empty(NodeId(1), State::Failed);
        answer.rc = Some(1);
        stream.event(&Event::Answer(StdArc::new(answer)), at(5_000));
        assert_eq!(
            shown(&stream.turn(at(5_100), Wall(0))),
            ["1 joined", "1│one", "1│tw", "1 left: failed rc=1"]
        );
        assert_eq!(stream.standing(at(5_100)).lines, 2);
    }

    #[test]
    fn what_comes_once_it_ends_is_not_shown_and_nobody_is_told_to_leave() {
        let mut stream = stream(None, false);
        stream.event(&Event::Started(NodeId(1)), at(0));
        stream.set_ends();
        stream.event(&piece(1, "late\n"), at(0));
        let answer = Answer::empty(NodeId(1), State::Cancelled);
        stream.event(&Event::Answer(StdArc::new(answer)), at(0));
        assert!(stream.turn(at(100), Wall(0)).is_empty());
    }

    #[test]
    fn what_is_left_out_is_told_each_second_and_of_every_node_at_the_end() {
        let mut stream = stream(Some(1), false);
        let flood: String = (0..10).map(|n| format!("{n}\n")).collect();
        stream.event(&piece(1, &flood), at(0));
        stream.event(&piece(2, "quiet\n"), at(0));
        let early = shown(&stream.turn(at(100), Wall(0)));
        assert!(early.iter().all(|l| !l.contains("left out")), "{early:?}");
        assert_eq!(
            shown(&stream.turn(at(1_100), Wall(0))),
            ["1 9 lines left out"]
        );
        assert_eq!(
            shown(&stream.end(at(1_200), Wall(0))),
            ["1 9 lines left out"]
        );
        assert_eq!(stream.standing(at(1_200)).left_out, 9);
    }

    #[test]
    fn a_row_is_one_line_and_stays_a_row() {
        let mut stream = stream(None, true);
        let table = Table {
            columns: vec![
                Column::new("status", DataType::Int),
                Column::new("path", DataType::Str),
                Column::new("by", DataType::Str),
            ],
            rows: vec![vec![Value::Int(502), Value::from("/a b"), Value::Null]],
        };
        stream.event(
            &Event::Rows {
                node: NodeId(3),
                table: table.clone(),
            },
            at(0),
        );
        assert_eq!(
            shown(&stream.turn(at(100), Wall(7))),
            ["3│status=502  path=\"/a b\""]
        );
        let tables = stream.into_tail().into_tables(true);
        assert_eq!(tables[0].1.columns[1..], table.columns[..]);
        assert_eq!(tables[0].1.rows[0][0], Value::Time(7));
    }
}
