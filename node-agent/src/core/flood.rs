//! Floods: what comes too often is counted, and not written down one by one.
//!
//! The log has a bound, and its oldest records go first. Whoever could fill it with refusals, or with
//! probes, could rotate away what they had done. So each sender has so many records at once, and more only
//! by being silent; what is beyond is counted, and the count is written down after a while: the longer
//! the flood, the more seldom.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::role::Identity;
use hailer_protocol::time::Mono;

use super::effect::{Entry, Repeats};

/// How many records one sender has at once, of one topic.
const BURST: u32 = 20;

/// How long a sender must be silent for one more.
const REFILL: Duration = Duration::from_secs(10);

/// How long is counted before the first count is written down; doubled with each further one.
const SPAN_MIN: Duration = Duration::from_secs(10);

/// How long is counted at most.
const SPAN_MAX: Duration = Duration::from_secs(600);

/// How many senders and topics are told apart; who comes beyond is counted with the others.
const FLOWS_MAX: usize = 1024;

/// From whom, and what; nobody stands for all who cannot be told apart.
type Key = (Option<Identity>, Repeats);

/// One sender's records of one topic.
#[derive(Debug)]
struct Flow {
    tokens: u32,
    /// When something came last, or when silence was last paid for.
    heard: Mono,
    /// What was not written down since `since`.
    counted: u64,
    since: Mono,
    span: Duration,
}

/// What all senders have left.
#[derive(Debug, Default)]
pub(super) struct Flood {
    flows: BTreeMap<Key, Flow>,
}

impl Flow {
    const fn new(now: Mono) -> Self {
        Self {
            tokens: BURST,
            heard: now,
            counted: 0,
            since: now,
            span: SPAN_MIN,
        }
    }

    /// Pays for silence.
    fn refill(&mut self, now: Mono) {
        let periods = now.since(self.heard).as_secs() / REFILL.as_secs();
        if let Ok(added) = u32::try_from(periods)
            && added > 0
        {
            self.tokens = self.tokens.saturating_add(added).min(BURST);
            self.heard = self.heard + REFILL.saturating_mul(added);
        }
    }

    const fn is_idle(&self) -> bool {
        self.counted == 0 && self.tokens == BURST
    }

    fn due(&self) -> Mono {
        self.since + self.span
    }
}

impl Flood {
    /// Whether this one is written down; otherwise it is counted.
    pub(super) fn lets(&mut self, now: Mono, who: &Identity, what: Repeats) -> bool {
        let mut key = (Some(who.clone()), what);
        if !self.flows.contains_key(&key) && self.flows.len() >= FLOWS_MAX {
            self.flows.retain(|_, flow| {
                flow.refill(now);
                !flow.is_idle()
            });
            if self.flows.len() >= FLOWS_MAX {
                key.0 = None;
            }
        }
        let flow = self.flows.entry(key).or_insert_with(|| Flow::new(now));
        flow.refill(now);
        flow.heard = now;
        // While something is counted, the count comes first: records stay in their order.
        if flow.counted == 0 && flow.tokens > 0 {
            flow.tokens -= 1;
            return true;
        }
        if flow.counted == 0 {
            flow.since = now;
        }
        flow.counted += 1;
        false
    }

    /// Returns the counts that are due, or all of them.
    pub(super) fn counts(&mut self, now: Mono, all: bool) -> Vec<Entry> {
        let mut entries = Vec::new();
        for ((who, what), flow) in &mut self.flows {
            if flow.counted == 0 || !(all || flow.due() <= now) {
                continue;
            }
            entries.push(Entry::Repeated {
                who: who.clone(),
                what: *what,
                n: flow.counted,
                within: now.since(flow.since),
            });
            flow.counted = 0;
            flow.span = (flow.span * 2).min(SPAN_MAX);
        }
        self.flows.retain(|_, flow| {
            flow.refill(now);
            !flow.is_idle()
        });
        entries
    }

    /// When the next count is due.
    pub(super) fn next_due(&self) -> Option<Mono> {
        let counting = self.flows.values().filter(|flow| flow.counted > 0);
        counting.map(Flow::due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHAT: Repeats = Repeats::Probes;

    fn who(n: usize) -> Identity {
        let text = format!("spiffe://demo/operator/u{n}");
        text.parse().expect("an identity")
    }

    fn at(secs: u64) -> Mono {
        Mono(Duration::from_secs(secs))
    }

    #[test]
    fn a_burst_is_written_down_and_the_rest_is_counted_to_the_one() {
        let mut flood = Flood::default();
        let written = (0..337)
            .filter(|_| flood.lets(at(0), &who(1), WHAT))
            .count();
        assert_eq!(written, BURST as usize);
        assert!(flood.counts(at(9), false).is_empty());
        assert_eq!(flood.next_due(), Some(at(10)));
        let expected = Entry::Repeated {
            who: Some(who(1)),
            what: WHAT,
            n: 317,
            within: SPAN_MIN,
        };
        assert_eq!(flood.counts(at(10), false), [expected]);
        assert!(flood.counts(at(10), true).is_empty());
        assert!(flood.lets(at(20), &who(2), WHAT), "others are not held up");
    }

    #[test]
    fn a_flood_that_lasts_a_day_leaves_few_records() {
        let mut flood = Flood::default();
        let (mut written, mut counted, mut records) = (0_u64, 0, 0);
        for second in 0..86_400 {
            for _ in 0..10 {
                written += u64::from(flood.lets(at(second), &who(1), WHAT));
            }
            for entry in flood.counts(at(second), false) {
                let Entry::Repeated { n, .. } = entry else {
                    panic!("{entry:?}");
                };
                counted += n;
                records += 1;
            }
        }
        for entry in flood.counts(at(86_400), true) {
            let Entry::Repeated { n, .. } = entry else {
                panic!("{entry:?}");
            };
            counted += n;
        }
        assert_eq!(written + counted, 864_000, "nothing goes uncounted");
        assert!(written + records < 200, "{written} and {records}");
    }

    #[test]
    fn senders_beyond_the_bound_are_counted_together() {
        let mut flood = Flood::default();
        for n in 0..=FLOWS_MAX + 40 {
            flood.lets(at(0), &who(n), WHAT);
        }
        assert!(flood.flows.len() <= FLOWS_MAX + 1);
        let counts = flood.counts(at(60), true);
        assert!(
            matches!(
                counts[..],
                [Entry::Repeated {
                    who: None,
                    n: 21,
                    ..
                }]
            ),
            "{counts:?}"
        );
        flood.counts(at(600), true);
        assert!(flood.flows.is_empty(), "who is silent is forgotten");
    }
}
