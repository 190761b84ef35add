//! The roster: whom the keeper dials and when, who is connected, and what is to be said of it.
//!
//! ```text
//!            due, and a place is free          done
//!  Waiting ───────────────────────▶ Dialling ────────▶ Up
//!     ▲                                │ failed         │ ended
//!     └────────────────────────────────┴────────────────┘   after a back-off with full jitter
//! ```
//!
//! What is said is said of many nodes at once: changes are gathered for a moment, and a node that came
//! and went within it is not worth a word.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hailer_protocol::ids::NodeName;
use hailer_protocol::time::Mono;

/// The first step of the back-off. Doubled with every failure in a row, up to [`STEP_MAX`].
const STEP_MIN: Duration = Duration::from_secs(1);

/// The longest step: a node that comes back is found within that time.
const STEP_MAX: Duration = Duration::from_secs(60);

/// A connection that held this long counts as a success for the back-off.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// For how long changes are gathered before they are told.
const GATHER: Duration = Duration::from_secs(2);

/// How many handshakes are under way at once, unless it is said.
pub const DIALS_MAX: usize = 64;

/// Which dialling of a node something is about: what comes of an earlier one is no news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(u64);

/// What the roster asks of its driver: to connect a node and keep the connection, and to say what
/// comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Whom.
    pub node: NodeName,
    /// Where: `host:port`.
    pub address: String,
    /// Which dialling it is.
    pub attempt: Attempt,
}

/// What has changed since it was last told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Who is connected now.
    pub up: Vec<NodeName>,
    /// Who is not, by the reason.
    pub down: BTreeMap<String, Vec<NodeName>>,
    /// How many nodes of the fleet are connected.
    pub n_up: usize,
    /// How many nodes the fleet has.
    pub n_nodes: usize,
}

#[derive(Debug)]
enum Phase {
    Waiting { due: Mono },
    Dialling(Attempt),
    Up { since: Mono, attempt: Attempt },
}

#[derive(Debug)]
struct Member {
    address: String,
    phase: Phase,
    failures: u32,
    /// What was last told of it, and why it is down.
    told_up: Option<bool>,
    reason: String,
}

/// Every node of the fleet, as the keeper's connections see it.
#[derive(Debug)]
pub struct Roster {
    members: BTreeMap<NodeName, Member>,
    /// Who waits, by when.
    waiting: BTreeSet<(Mono, NodeName)>,
    dials_max: usize,
    n_dialling: usize,
    n_up: usize,
    next_attempt: u64,
    /// Of whom there may be news, and when it is told.
    changed: BTreeSet<NodeName>,
    tell_at: Option<Mono>,
}

impl Roster {
    /// Makes a roster of nobody, which dials so many at once.
    #[must_use]
    pub const fn new(dials_max: usize) -> Self {
        Self {
            members: BTreeMap::new(),
            waiting: BTreeSet::new(),
            dials_max,
            n_dialling: 0,
            n_up: 0,
            next_attempt: 0,
            changed: BTreeSet::new(),
            tell_at: None,
        }
    }

    /// Takes up who belongs to the fleet, in place of what was known. Who is new is dialled at once,
    /// who has another address too. Returns those with whom whatever there is must end: they are gone, or
    /// elsewhere.
    pub fn set_fleet(&mut self, now: Mono, nodes: BTreeMap<NodeName, String>) -> Vec<NodeName> {
        let moved = |member: &Member, node: &NodeName| nodes.get(node) != Some(&member.address);
        let leaving: Vec<NodeName> = self
            .members
            .iter()
            .filter(|(node, member)| moved(member, node))
            .map(|(node, _)| node.clone())
            .collect();
        for node in &leaving {
            self.remove(node);
        }
        for (node, address) in nodes {
            if self.members.contains_key(&node) {
                continue;
            }
            self.waiting.insert((now, node.clone()));
            let member = Member {
                address,
                phase: Phase::Waiting { due: now },
                failures: 0,
                told_up: None,
                reason: String::new(),
            };
            self.members.insert(node, member);
        }
        leaving
    }

    fn remove(&mut self, node: &NodeName) {
        self.changed.remove(node);
        match self.members.remove(node).map(|member| member.phase) {
            Some(Phase::Waiting { due }) => {
                self.waiting.remove(&(due, node.clone()));
            }
            Some(Phase::Dialling(_)) => self.n_dialling -= 1,
            Some(Phase::Up { .. }) => self.n_up -= 1,
            None => {}
        }
    }

    /// Returns who is to be dialled now. Early, late and repeated calls are harmless.
    pub fn poll_dials(&mut self, now: Mono) -> Vec<Dial> {
        let mut dials = Vec::new();
        while self.n_dialling < self.dials_max
            && let Some((due, node)) = self.waiting.pop_first()
        {
            if due > now {
                self.waiting.insert((due, node));
                break;
            }
            let Some(member) = self.members.get_mut(&node) else {
                continue;
            };
            self.next_attempt += 1;
            let attempt = Attempt(self.next_attempt);
            member.phase = Phase::Dialling(attempt);
            self.n_dialling += 1;
            dials.push(Dial {
                address: member.address.clone(),
                node,
                attempt,
            });
        }
        dials
    }

    /// Takes note that a dialling has led to a connection. One that was given up meanwhile is no news.
    pub fn connected(&mut self, now: Mono, node: &NodeName, attempt: Attempt) {
        let Some(member) = self.members.get_mut(node) else {
            return;
        };
        if matches!(member.phase, Phase::Dialling(of) if of == attempt) {
            let since = now;
            member.phase = Phase::Up { since, attempt };
            self.n_dialling -= 1;
            self.n_up += 1;
            self.change(now, node);
        }
    }

    /// Takes note that a dialling has failed, or its connection ended, and why. `jitter` is anything
    /// between nothing and `u32::MAX`: it spreads those that failed together.
    pub fn ended(
        &mut self,
        now: Mono,
        node: &NodeName,
        attempt: Attempt,
        reason: String,
        jitter: u32,
    ) {
        let Some(member) = self.members.get_mut(node) else {
            return;
        };
        match member.phase {
            Phase::Dialling(of) if of == attempt => self.n_dialling -= 1,
            Phase::Up { since, attempt: of } if of == attempt => {
                self.n_up -= 1;
                if now.since(since) >= STABLE_AFTER {
                    member.failures = 0;
                }
            }
            Phase::Waiting { .. } | Phase::Dialling(_) | Phase::Up { .. } => return,
        }
        let due = now + wait(member.failures, jitter);
        member.failures = member.failures.saturating_add(1);
        member.phase = Phase::Waiting { due };
        member.reason = reason;
        self.waiting.insert((due, node.clone()));
        self.change(now, node);
    }

    fn change(&mut self, now: Mono, node: &NodeName) {
        self.changed.insert(node.clone());
        self.tell_at.get_or_insert(now + GATHER);
    }

    /// Returns what has changed, once it is time to tell; nothing where it has changed back.
    pub fn poll_news(&mut self, now: Mono) -> Option<News> {
        self.tell_at.take_if(|at| *at <= now)?;
        let mut news = News {
            n_up: self.n_up,
            n_nodes: self.members.len(),
            ..News::default()
        };
        for node in std::mem::take(&mut self.changed) {
            let Some(member) = self.members.get_mut(&node) else {
                continue;
            };
            let is_up = match member.phase {
                Phase::Up { .. } => true,
                Phase::Waiting { .. } | Phase::Dialling(_) => false,
            };
            if member.told_up.replace(is_up) == Some(is_up) {
                continue;
            }
            if is_up {
                news.up.push(node);
            } else {
                let of_reason = news.down.entry(member.reason.clone()).or_default();
                of_reason.push(node);
            }
        }
        (!news.up.is_empty() || !news.down.is_empty()).then_some(news)
    }

    /// Returns when something is next due. Ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let may_dial = self.n_dialling < self.dials_max;
        let dial = self
            .waiting
            .first()
            .filter(|_| may_dial)
            .map(|(due, _)| *due);
        [dial, self.tell_at].into_iter().flatten().min()
    }

    /// Returns who belongs to the fleet.
    #[must_use]
    pub fn names(&self) -> BTreeSet<NodeName> {
        self.members.keys().cloned().collect()
    }

    /// Returns how many nodes are connected, and how many there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.n_up, self.members.len())
    }
}

/// Full jitter: anything from nothing to the step, so that a thousand nodes that went down with one
/// switch are not dialled together when it is back.
fn wait(failures: u32, jitter: u32) -> Duration {
    let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
    let step = STEP_MIN.saturating_mul(factor).min(STEP_MAX);
    step.mul_f64(f64::from(jitter) / f64::from(u32::MAX))
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
