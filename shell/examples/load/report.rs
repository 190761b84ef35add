//! Rows of figures: medians, spreads, ratios.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing figures is what this program is for"
)]

use std::time::Duration;

use hailer_shell::clock;

use crate::processes::{cpu_of, cpu_of_tree, datagrams};

/// Where one side's processor time goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides {
    /// The process that serves the nodes.
    pub(crate) nodes: u32,
    /// How many they are.
    pub(crate) n: usize,
}

/// The turns of one contender.
#[derive(Debug)]
pub(crate) struct Row {
    name: &'static str,
    sides: Sides,
    walls: Vec<Duration>,
    client: Duration,
    served: Duration,
    datagrams: u64,
    begun: Option<Begun>,
}

/// The meters when a turn began.
#[derive(Debug, Clone, Copy)]
struct Begun {
    wall: Duration,
    client: Duration,
    served: Duration,
    datagrams: u64,
}

impl Row {
    pub(crate) const fn new(name: &'static str, sides: Sides) -> Self {
        Self {
            name,
            sides,
            walls: Vec::new(),
            client: Duration::ZERO,
            served: Duration::ZERO,
            datagrams: 0,
            begun: None,
        }
    }

    /// Begins a turn.
    pub(crate) fn begin(&mut self) {
        self.begun = Some(Begun {
            client: cpu_of(std::process::id()),
            served: cpu_of_tree(self.sides.nodes),
            datagrams: datagrams(),
            wall: clock::mono().0,
        });
    }

    /// Ends a turn; one that does not count was there to warm up.
    pub(crate) fn end(&mut self, counts: bool) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        let wall = clock::mono().0.saturating_sub(begun.wall);
        if counts {
            self.walls.push(wall);
            self.client += cpu_of(std::process::id()).saturating_sub(begun.client);
            self.served += cpu_of_tree(self.sides.nodes).saturating_sub(begun.served);
            self.datagrams += datagrams().saturating_sub(begun.datagrams);
        }
    }

    fn print(&self, floor: &Self) {
        let sorted = sorted(&self.walls);
        let per_node = |d: Duration| micros(d) / (self.walls.len() * self.sides.n).max(1) as f64;
        println!(
            "  {:<22} {:>8.1} {:>8.1} {:>8.1} {:>6.2} {:>10.0} {:>10.0} {:>9.1}",
            self.name,
            millis(median(&sorted)),
            millis(sorted.first().copied().unwrap_or_default()),
            millis(sorted.last().copied().unwrap_or_default()),
            micros(median(&sorted)) / micros(median(&floor.sorted())).max(1.0),
            per_node(self.client),
            per_node(self.served),
            self.datagrams as f64 / (self.walls.len() * self.sides.n).max(1) as f64,
        );
    }

    fn sorted(&self) -> Vec<Duration> {
        sorted(&self.walls)
    }
}

/// Prints the rows of one scenario; the first is the floor.
pub(crate) fn print(title: &str, rows: &[&Row]) {
    let Some(floor) = rows.first() else { return };
    println!(
        "{title}, {} nodes, {} turns",
        floor.sides.n,
        floor.walls.len()
    );
    println!(
        "  {:<22} {:>8} {:>8} {:>8} {:>6} {:>10} {:>10} {:>9}",
        "", "ms", "min", "max", "ratio", "us/node me", "us/node it", "datagrams"
    );
    for row in rows {
        row.print(floor);
    }
    println!();
}

/// Prints one line.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Says what went wrong.
pub(crate) fn complain(error: &dyn std::error::Error) {
    eprintln!("load: {error}");
}

/// Prints the median of a few turns with its spread.
pub(crate) fn print_turns(name: &str, walls: &[Duration]) {
    let sorted = sorted(walls);
    println!(
        "  {name:<30} {:>8.1} ms  ({:.1} to {:.1}, {} turns)",
        millis(median(&sorted)),
        millis(sorted.first().copied().unwrap_or_default()),
        millis(sorted.last().copied().unwrap_or_default()),
        sorted.len()
    );
}

fn sorted(walls: &[Duration]) -> Vec<Duration> {
    let mut sorted = walls.to_vec();
    sorted.sort();
    sorted
}

fn median(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn micros(d: Duration) -> f64 {
    d.as_secs_f64() * 1e6
}
