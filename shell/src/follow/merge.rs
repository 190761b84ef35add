//! Merging: lines of many nodes become one stream that a person can read.
//!
//! Pure: the time comes as an argument. Lines wait in a window for a moment. Equal lines of several
//! nodes fold there into one, as far as no node's own lines change their order by it. Where there is
//! a rate, the window gives way fairly: nodes that say little lose nothing to one that says much,
//! and what is left out is counted for each node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::table::{Column, Row};
use hailer_protocol::time::Mono;

/// How long lines may pile up unspent before the rate counts: what a fleet says at once.
const BURST: Duration = Duration::from_secs(2);

/// Lines that the window holds where there is no rate.
const WINDOW_MAX: usize = 4_096;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// A row that the node made of a line.
    Row,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it came from.
    pub kind: Kind,
    /// What is shown of it: a node's bytes, not clean.
    pub shown: Vec<u8>,
    /// Bytes of it that are not kept.
    pub left_out: u64,
    /// The row, where it is one.
    pub row: Option<(Arc<[Column]>, Row)>,
}

/// A line, and the nodes that said it at the same moment, each once.
#[derive(Debug, Clone)]
pub struct Merged {
    /// In the order in which they said it.
    pub nodes: Vec<NodeId>,
    /// What they said.
    pub line: Arc<Line>,
}

/// The window.
#[derive(Debug)]
pub struct Merge {
    /// Lines a second.
    rate: Option<u32>,
    /// Lines that may be shown now, and since when that is so.
    allowance: f64,
    counted_at: Mono,
    window: Vec<Merged>,
    /// Where in the window a line stands last.
    places: HashMap<(Kind, Vec<u8>), usize>,
    /// Where in the window a node's last line stands.
    last_of: HashMap<NodeId, usize>,
    left_out: BTreeMap<NodeId, u64>,
}

impl Merge {
    /// Makes a window that lets at most `rate` lines a second pass; `None` for all.
    #[must_use]
    pub fn new(rate: Option<u32>, now: Mono) -> Self {
        Self {
            rate,
            allowance: rate.map_or(0.0, burst),
            counted_at: now,
            window: Vec::new(),
            places: HashMap::new(),
            last_of: HashMap::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// Takes a line that a node has said.
    pub fn take(&mut self, node: NodeId, line: Line) {
        let key = (line.kind, line.shown);
        let last = self.last_of.get(&node).copied();
        if let Some(&place) = self.places.get(&key)
            && last.is_none_or(|last| last < place)
        {
            self.window[place].nodes.push(node);
            self.last_of.insert(node, place);
            return;
        }
        let place = self.window.len();
        self.window.push(Merged {
            nodes: vec![node],
            line: Arc::new(Line {
                kind: line.kind,
                shown: key.1.clone(),
                left_out: line.left_out,
                row: line.row,
            }),
        });
        self.places.insert(key, place);
        self.last_of.insert(node, place);
        if let Some(rate) = self.rate
            && self.window.len() >= 2 * lines(burst(rate))
        {
            self.give_way(lines(burst(rate)));
        }
    }

    /// Whether the window holds as much as it should before it is emptied.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let max = self.rate.map_or(WINDOW_MAX, |rate| lines(burst(rate)));
        self.window.len() >= max
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    /// Empties the window; returns what may be shown.
    pub fn empty(&mut self, now: Mono) -> Vec<Merged> {
        if let Some(rate) = self.rate {
            let passed = now.since(self.counted_at).as_secs_f64();
            self.allowance = (self.allowance + passed * f64::from(rate)).min(burst(rate));
            self.counted_at = now;
            self.give_way(lines(self.allowance));
            self.allowance -= self.window.len() as f64;
        }
        self.places.clear();
        self.last_of.clear();
        std::mem::take(&mut self.window)
    }

    /// Returns how many lines of each node were left out since the last call.
    pub fn take_left_out(&mut self) -> BTreeMap<NodeId, u64> {
        std::mem::take(&mut self.left_out)
    }

    /// Leaves lines out until no more than `room` are there. Every node keeps its first ones, as many
    /// as every other node may keep.
    fn give_way(&mut self, room: usize) {
        if self.window.len() <= room {
            return;
        }
        let mut by_node: HashMap<NodeId, usize> = HashMap::new();
        for merged in &self.window {
            *by_node.entry(merged.nodes[0]).or_default() += 1;
        }
        let share = fair_share(by_node.values().copied(), room);
        let mut kept_of: HashMap<NodeId, usize> = HashMap::new();
        let (mut kept, window) = (0, std::mem::take(&mut self.window));
        for merged in window {
            let of_node = kept_of.entry(merged.nodes[0]).or_default();
            // Where not even one line for each has room, the first to speak are heard.
            if *of_node < share.max(1) && kept < room {
                *of_node += 1;
                kept += 1;
                self.window.push(merged);
            } else {
                for node in merged.nodes {
                    *self.left_out.entry(node).or_default() += 1;
                }
            }
        }
        self.places.clear();
        self.last_of.clear();
        for (place, merged) in self.window.iter().enumerate() {
            let key = (merged.line.kind, merged.line.shown.clone());
            self.places.insert(key, place);
            for node in &merged.nodes {
                self.last_of.insert(*node, place);
            }
        }
    }
}

fn burst(rate: u32) -> f64 {
    f64::from(rate) * BURST.as_secs_f64()
}

/// A number of lines that is never negative and never beyond what fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is clamped, and a fraction of a line is none"
)]
fn lines(allowance: f64) -> usize {
    allowance.clamp(0.0, f64::from(u32::MAX)) as usize
}

/// Returns the most lines that each may keep so that all together keep no more than `room`.
fn fair_share(counts: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    let (mut left, mut share) = (room, 0);
    for (at, count) in counts.iter().enumerate() {
        let takers = counts.len() - at;
        share = left / takers;
        if *count >= share {
            return share;
        }
        left -= count;
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    fn line(text: &str) -> Line {
        Line {
            kind: Kind::Out,
            shown: text.as_bytes().to_vec(),
            left_out: 0,
            row: None,
        }
    }

    /// Takes `NODE:TEXT` words and returns the window's lines as `NODES:TEXT`.
    fn merged(rate: Option<u32>, words: &str) -> (String, BTreeMap<NodeId, u64>) {
        let mut merge = Merge::new(rate, at(0));
        for word in words.split_whitespace() {
            let (node, text) = word.split_once(':').expect("NODE:TEXT");
            merge.take(NodeId(node.parse().expect("a number")), line(text));
        }
        let told = shown(&merge.empty(at(0)));
        (told, merge.take_left_out())
    }

    fn shown(window: &[Merged]) -> String {
        let one = |m: &Merged| {
            let nodes: Vec<String> = m.nodes.iter().map(|n| n.0.to_string()).collect();
            let text = String::from_utf8_lossy(&m.line.shown);
            format!("{}:{text}", nodes.join(","))
        };
        window.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn equal_lines_of_a_moment_fold_and_no_node_is_told_out_of_order() {
        for (said, expected) in [
            ("1:a 2:a 3:a", "1,2,3:a"),
            ("1:a 1:b 2:a 2:b", "1,2:a 1,2:b"),
            // Node 2 says b first: its a stays behind it.
            ("1:a 1:b 2:b 2:a", "1:a 1,2:b 2:a"),
            // What a node repeats, it has said twice.
            ("1:a 1:a 2:a", "1:a 1,2:a"),
            ("1:a 2:b 1:c", "1:a 2:b 1:c"),
        ] {
            let (told, left_out) = merged(None, said);
            assert_eq!(told, expected, "{said}");
            assert!(left_out.is_empty());
        }
    }

    #[test]
    fn standard_error_is_another_line_than_the_same_words_on_standard_output() {
        let mut merge = Merge::new(None, at(0));
        merge.take(NodeId(1), line("a"));
        let err = Line {
            kind: Kind::Err,
            ..line("a")
        };
        merge.take(NodeId(2), err);
        assert_eq!(merge.empty(at(0)).len(), 2);
    }

    #[test]
    fn one_noisy_node_takes_nothing_from_the_quiet_ones() {
        // Two seconds of one line each: two lines have room.
        let (told, left_out) = merged(Some(1), "1:a 1:b 1:c 2:x");
        assert_eq!(told, "1:a 2:x");
        assert_eq!(left_out, BTreeMap::from([(NodeId(1), 2)]));
    }

    #[test]
    fn the_rate_is_regained_with_time_and_everything_is_shown_or_counted() {
        let mut merge = Merge::new(Some(10), at(0));
        let (mut shown, mut left_out) = (0, 0);
        let mut now = 0;
        for turn in 0..100_u64 {
            for n in 0..30 {
                merge.take(NodeId(1), line(&format!("{turn} {n}")));
            }
            now += 100;
            shown += merge.empty(at(now)).len() as u64;
            left_out += merge.take_left_out().values().sum::<u64>();
        }
        assert_eq!(shown + left_out, 3_000);
        // The burst of two seconds, and then ten a second over ten seconds.
        assert!((115..=120).contains(&shown), "{shown}");
    }

    #[test]
    fn a_flood_between_two_turns_takes_no_more_memory_than_the_burst() {
        let mut merge = Merge::new(Some(10), at(0));
        for n in 0..10_000 {
            merge.take(NodeId(n % 3), line(&n.to_string()));
            assert!(merge.window.len() < 40);
        }
        let kept = merge.empty(at(0)).len() as u64;
        assert_eq!(kept + merge.take_left_out().values().sum::<u64>(), 10_000);
    }

    #[test]
    fn shares_are_fair() {
        for (counts, room, expected) in [
            (&[5, 5][..], 4, 2),
            (&[1, 9], 4, 3),
            (&[1, 1, 1], 2, 0),
            (&[3], 9, 9),
            (&[], 9, 0),
        ] {
            assert_eq!(fair_share(counts.iter().copied(), room), expected);
        }
    }
}
