//! What is played: whose limits, how many want to act, and the mistakes that the check must see.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hailer_protocol::automation::{AtOnce, AutomationName, Limits, Offline, Share};
use hailer_protocol::ids::{Digest, Name, NodeName};
use hailer_protocol::lease::{Applied, Audience};
use hailer_protocol::time::Mono;

use crate::chance::Chance;

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const KEEPERS: usize = 2;
const FLEET: usize = 10_000;
pub(crate) const DATACENTRES: usize = 4;

static NODES: LazyLock<Vec<NodeName>> = LazyLock::new(|| {
    let name = |i: usize| Name::new(format!("n{i:05}")).expect("a name");
    (0..FLEET).map(name).collect()
});

static ALL: LazyLock<Arc<Audience>> = LazyLock::new(|| audience(FLEET));

fn audience(n: usize) -> Arc<Audience> {
    let labels = |i: usize| BTreeMap::from([("dc".to_owned(), dc(i))]);
    Arc::new(Audience::new((0..n).map(|i| (NODES[i].clone(), labels(i)))))
}

fn dc(node: usize) -> String {
    format!("dc{}", node % DATACENTRES)
}

/// A mistake, to see whether the check sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nodes count a lease from when the answer came.
    CountsFromReceipt,
    /// Nodes use the keeper's whole time.
    NoMargin,
    /// The store lets a keeper write that was replaced.
    TwoWriters,
    /// A keeper that starts anew knows nothing of the shares that were given.
    Forgets,
}

impl Flaw {
    pub(crate) const ALL: &'static [Self] = &[
        Self::CountsFromReceipt,
        Self::NoMargin,
        Self::TwoWriters,
        Self::Forgets,
    ];
}

/// What is played.
pub(crate) struct Plan {
    pub(crate) flaw: Option<Flaw>,
    pub(crate) patients: usize,
    pub(crate) audience: Arc<Audience>,
    pub(crate) limits: Limits,
    /// How many may act in each place.
    pub(crate) may: usize,
    pub(crate) by_dc: bool,
    pub(crate) has_faults: bool,
    pub(crate) deed_ms_max: u64,
    pub(crate) seconds: u64,
}

impl Plan {
    pub(crate) fn three_at_once(seed: u64) -> Self {
        let mut chance = Chance(seed ^ 0x7a11);
        // Few that fight for the shares all the time, or as many as there are.
        let patients = match chance.below(20) {
            0 => FLEET,
            1..4 => 500,
            _ => 4 + usize::try_from(chance.below(40)).expect("small"),
        };
        let at_once = vec![AtOnce { n: 3, by: None }];
        Self {
            flaw: None,
            patients,
            audience: ALL.clone(),
            limits: limits(at_once, Vec::new()),
            may: 3,
            by_dc: false,
            has_faults: true,
            deed_ms_max: 60_000,
            seconds: 300,
        }
    }

    pub(crate) fn share_by_dc(seed: u64) -> Self {
        let share = Share {
            basis_points: 500,
            by: Some("dc".to_owned()),
        };
        // 5% of the 50 nodes of each come to two.
        Self {
            patients: 200,
            audience: audience(200),
            limits: limits(Vec::new(), vec![share]),
            may: 2,
            by_dc: true,
            ..Self::three_at_once(seed)
        }
    }

    pub(crate) fn applied(&self) -> Applied {
        Applied {
            version: version(),
            name: AutomationName::new("disk-full").expect("a name"),
            limits: self.limits.clone(),
            audience: self.audience.clone(),
        }
    }

    pub(crate) fn undisturbed(seed: u64) -> Self {
        Self {
            patients: 2_000,
            has_faults: false,
            deed_ms_max: 30_000,
            seconds: 600,
            ..Self::three_at_once(seed)
        }
    }
}

fn limits(at_once: Vec<AtOnce>, shares: Vec<Share>) -> Limits {
    Limits {
        rates: Vec::new(),
        attempts: 1,
        shares,
        at_once,
        offline: Offline::Hold,
    }
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) breach: Option<String>,
    pub(crate) deeds: u64,
    pub(crate) most: usize,
    /// Of the time of all shares.
    pub(crate) used_share: f64,
}

/// A clock of its own: where it began, and how fast it runs, in millionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    begin: u64,
    speed: u64,
}

impl Clock {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        Self {
            begin: chance.below(1_000 * SECOND),
            speed: 990_000 + chance.below(20_001),
        }
    }

    pub(crate) const fn read(self, now: u64) -> Mono {
        Mono(Duration::from_micros(
            self.begin + now * self.speed / 1_000_000,
        ))
    }

    /// When it will show that.
    pub(crate) fn when(self, shows: Mono) -> u64 {
        let micros = u64::try_from(shows.0.as_micros()).expect("virtual time is short");
        (micros.saturating_sub(self.begin) * 1_000_000).div_ceil(self.speed) + 1
    }
}

/// Which node a patient is on, and its key there.
pub(crate) fn whose(patient: usize) -> (&'static NodeName, String) {
    (&NODES[patient], "/var".to_owned())
}

pub(crate) const fn version() -> Digest {
    Digest([7; 32])
}
