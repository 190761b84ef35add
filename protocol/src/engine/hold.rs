//! Whether something has been so for long enough, or often enough.

use std::time::Duration;

use crate::automation::Hold;
use crate::time::Mono;

/// So many looks in a row without an answer are no data. Fewer of them do not break a time that
/// something has to hold for: a busy node that misses a look must still be able to fire.
pub(super) const NO_DATA_LOOKS: u64 = 3;

/// The looks at one patient, as far as one rule needs them.
#[derive(Debug, Clone)]
pub(super) enum Looks {
    /// For [`Hold::For`].
    Run {
        /// So long.
        hold: Duration,
        /// The first and the last look of an unbroken run.
        run: Option<(Mono, Mono)>,
        /// Looks without an answer since.
        gap: u64,
    },
    /// For [`Hold::Of`].
    Ring {
        /// So many.
        m: u16,
        /// Of so many.
        n: u16,
        /// One bit a look.
        bits: Box<[u64]>,
        /// Where the next one goes.
        at: u16,
        /// How many are set.
        n_set: u16,
    },
}

impl Looks {
    pub(super) fn new(rule: Hold) -> Self {
        match rule {
            Hold::For(hold) => Self::Run {
                hold,
                run: None,
                gap: 0,
            },
            Hold::Of { m, n } => {
                // A spec that was not made by our own parser may hold anything.
                let n = n.clamp(1, Hold::LOOKS_MAX);
                Self::Ring {
                    m: m.max(1),
                    n,
                    bits: vec![0; usize::from(n).div_ceil(64)].into(),
                    at: 0,
                    n_set: 0,
                }
            }
        }
    }

    /// Takes a look that had an answer.
    pub(super) fn look(&mut self, now: Mono, is_so: bool) {
        match self {
            Self::Run { run, gap, .. } => {
                *gap = 0;
                *run = match (is_so, *run) {
                    (false, _) => None,
                    (true, None) => Some((now, now)),
                    (true, Some((first, _))) => Some((first, now)),
                };
            }
            Self::Ring { .. } => self.push(is_so),
        }
    }

    /// Takes so many looks that had none.
    pub(super) fn unknown(&mut self, n: u64) {
        match self {
            Self::Run { run, gap, .. } => {
                *gap = gap.saturating_add(n);
                if *gap >= NO_DATA_LOOKS {
                    *run = None;
                }
            }
            Self::Ring { n: size, .. } => {
                for _ in 0..n.min(u64::from(*size)) {
                    self.push(false);
                }
            }
        }
    }

    fn push(&mut self, is_so: bool) {
        let Self::Ring {
            n, bits, at, n_set, ..
        } = self
        else {
            return;
        };
        let (word, bit) = (usize::from(*at / 64), 1_u64 << (*at % 64));
        let was_so = bits[word] & bit != 0;
        match (was_so, is_so) {
            (false, true) => {
                bits[word] |= bit;
                *n_set += 1;
            }
            (true, false) => {
                bits[word] &= !bit;
                *n_set -= 1;
            }
            (true, true) | (false, false) => {}
        }
        *at = (*at + 1) % *n;
    }

    /// Whether the rule holds as of the last look.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Run { hold, run, .. } => {
                run.is_some_and(|(first, last)| last.since(first) >= *hold)
            }
            Self::Ring { m, n_set, .. } => n_set >= m,
        }
    }

    /// Whether nothing that counts was seen.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Run { run, .. } => run.is_none(),
            Self::Ring { n_set, .. } => *n_set == 0,
        }
    }

    /// Forgets what was seen.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Run { run, gap, .. } => {
                *run = None;
                *gap = 0;
            }
            Self::Ring { bits, n_set, .. } => {
                bits.fill(0);
                *n_set = 0;
            }
        }
    }
}

/// Returns the least time in which a rule can come to hold, looked at that often.
pub(super) fn shortest(rule: Hold, every: Duration) -> Duration {
    match rule {
        Hold::For(time) => time + every,
        Hold::Of { m, .. } => every * u32::from(m),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Mono {
        Mono(Duration::from_secs(s))
    }

    /// One look a second: `+` so, `-` not so, `?` no answer. Returns after which it held.
    fn held(rule: Hold, looks: &str) -> String {
        let mut l = Looks::new(rule);
        let mut out = String::new();
        for (i, c) in looks.chars().enumerate() {
            match c {
                '?' => l.unknown(1),
                c => l.look(at(i as u64), c == '+'),
            }
            out.push(if l.holds() { 'H' } else { '.' });
        }
        out
    }

    #[test]
    fn a_rule_holds_for_a_time_or_at_so_many_looks() {
        let of = |m, n| Hold::of(m, n).expect("a rule that can hold");
        let time = |s| Hold::For(Duration::from_secs(s));
        for (rule, looks, expected) in [
            (Hold::ONCE, "-+-+", ".H.H"),
            (time(2), "++-+++", ".....H"),
            (time(2), "+?+", "..H"),
            (time(3), "+??+", "...H"),
            (time(3), "+???+", "....."),
            (time(1), "?+?", "..."),
            (of(2, 3), "+-+--", "..H.."),
            (of(2, 3), "+?+", "..H"),
            (of(2, 3), "+??+", "...."),
            (of(1, 1), "+?", "H."),
            (of(3, 3), "++++-", "..HH."),
        ] {
            assert_eq!(held(rule, looks), expected, "{rule:?} {looks}");
        }
    }

    #[test]
    fn a_ring_agrees_with_counting_the_last_looks() {
        for n in [1_u16, 2, 63, 64, 65, 200] {
            let mut ring = Looks::new(Hold::Of { m: n / 2 + 1, n });
            let mut seen: Vec<bool> = Vec::new();
            let mut x = u64::from(n) * 0x9E37_79B9;
            for i in 0..1000 {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                seen.push(x & 3 != 0);
                ring.look(at(i), x & 3 != 0);
                let set = seen.iter().rev().take(usize::from(n)).filter(|b| **b);
                assert_eq!(ring.holds(), set.count() > usize::from(n / 2), "{n} {i}");
            }
        }
    }
}
