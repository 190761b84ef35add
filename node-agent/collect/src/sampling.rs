//! Which metrics are measured at which ticks, for the automations that ask for them.
//!
//! A metric is measured once a tick, however many automations look at it then; each looks at the same
//! table.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::automation::{AutomationSpec, Condition, NodeCondition};
use hailer_protocol::message::Probe;
use hailer_protocol::metrics::{self, Metric};

/// Measures at ticks, which are seconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sampling {
    metrics: Vec<Sampled>,
}

/// One metric that is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Which.
    pub metric: &'static Metric,
    /// At each tick that this divides; at least 1.
    pub every: u64,
    /// Who looks at it, and at which of these ticks, by the places in what the plan was made of.
    pub looks: Vec<(usize, u64)>,
}

impl Sampling {
    /// Plans for these automations, and for metrics that are recorded at every tick in any case.
    /// Metrics that this agent does not know are left out: their automations have no data.
    #[must_use]
    pub fn new<'a>(
        automations: impl IntoIterator<Item = &'a AutomationSpec>,
        recorded: impl IntoIterator<Item = &'static Metric>,
    ) -> Self {
        let mut by_name: BTreeMap<&'static str, Sampled> = BTreeMap::new();
        for metric in recorded {
            entry(&mut by_name, metric).every = 1;
        }
        for (place, spec) in automations.into_iter().enumerate() {
            let every = ticks(spec.every);
            let condition = match &spec.when {
                Condition::Node(condition) => Some(condition),
                Condition::Fleet(_) => None,
            };
            let looked_at = condition.into_iter().chain(&spec.version);
            let mut metrics: Vec<_> = looked_at.filter_map(metric_of).collect();
            metrics.sort_unstable_by_key(|metric| metric.name);
            metrics.dedup_by_key(|metric| metric.name);
            for metric in metrics {
                let sampled = entry(&mut by_name, metric);
                sampled.every = common(sampled.every, every);
                sampled.looks.push((place, every));
            }
        }
        Self {
            metrics: by_name.into_values().collect(),
        }
    }

    /// Returns what is measured at a tick.
    pub fn due(&self, tick: u64) -> impl Iterator<Item = &Sampled> {
        let is_due = move |sampled: &&Sampled| tick.is_multiple_of(sampled.every);
        self.metrics.iter().filter(is_due)
    }

    /// Returns all that is measured at some time.
    #[must_use]
    pub fn metrics(&self) -> &[Sampled] {
        &self.metrics
    }
}

impl Sampled {
    /// Returns who looks at what is measured at a tick.
    pub fn lookers(&self, tick: u64) -> impl Iterator<Item = usize> {
        let looks = self.looks.iter();
        looks.filter_map(move |(place, every)| tick.is_multiple_of(*every).then_some(*place))
    }
}

fn entry<'a>(
    by_name: &'a mut BTreeMap<&'static str, Sampled>,
    metric: &'static Metric,
) -> &'a mut Sampled {
    by_name.entry(metric.name).or_insert_with(|| Sampled {
        metric,
        every: 0,
        looks: Vec::new(),
    })
}

fn metric_of(condition: &NodeCondition) -> Option<&'static Metric> {
    if let Probe::Metric(name) = &condition.probe {
        metrics::find(name).ok()
    } else {
        None
    }
}

/// Whole seconds; a shorter time is one.
fn ticks(every: Duration) -> u64 {
    every.as_secs().max(1)
}

/// Returns the greatest number that divides both; nothing yet (0) leaves the other.
const fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
