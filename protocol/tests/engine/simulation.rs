//! A node's whole life with virtual time: random readings, late ticks, deeds of every end, keepers
//! that answer late or never, clocks that are set, orders, and crashes between any two effects. What
//! must never happen is checked over its history.
//!
//! `HAILER_LONG=1` goes on until there were more than 10,000 crashes; a failure names its seed, and
//! `HAILER_SEED=N` replays one.

#[path = "simulation/checker.rs"]
mod checker;
#[path = "simulation/node.rs"]
mod node;

use node::Node;

/// A generator whose numbers are the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Lives one node for a virtual hour; returns how often it crashed and acted.
fn live(seed: u64) -> (usize, usize) {
    let mut node = Node::new(seed);
    while node.time_ms < 3_600_000 {
        node.step();
    }
    node.calm_down();
    node.checker.at_the_end(&node.journal);
    (node.crashes, node.checker.n_begun())
}

#[test]
fn no_crash_makes_a_deed_twice_unrecorded_or_beyond_its_limits() {
    if let Ok(seed) = std::env::var("HAILER_SEED") {
        live(seed.parse().expect("a number"));
        return;
    }
    let wanted = if std::env::var_os("HAILER_LONG").is_some() {
        10_000
    } else {
        200
    };
    let (mut crashes, mut begun, mut seed) = (0, 0, 0);
    while crashes < wanted {
        let lived = std::panic::catch_unwind(|| live(seed));
        let Ok((c, b)) = lived else {
            panic!("seed {seed}: see above; replay it with HAILER_SEED={seed}");
        };
        (crashes, begun, seed) = (crashes + c, begun + b, seed + 1);
    }
    println!("{seed} lives, {crashes} crashes, {begun} deeds");
    assert!(
        begun > crashes / 4,
        "it tests something: {begun} deeds, {crashes} crashes"
    );
}
