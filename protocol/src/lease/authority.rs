//! Who may act: the keeper's side of the leases.
//!
//! Its driver reads the clock *after* a message came in, carries out the writes of a [`Decision`] in
//! one transaction that the store refuses if the [`Generation`](super::Generation) is not the newest,
//! and sends the answer only when they are durable. If they were refused, it calls
//! [`Authority::depose`] and sends what that says; if the disk failed, it sends nothing.
//! Nothing is undone then: a share that nobody was told of is free again after [`TTL`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::TTL;
use super::audience::Audience;
use super::grant::{Generation, Grant, Served, Stored, Write};
use super::judge::{self, Obstacle, Present, Why};
use super::ledger::Ledger;
use crate::automation::{AutomationName, Limits};
use crate::ids::{Digest, NodeName};
use crate::message::{FleetLeaseAsk, FleetLeaseDenied, FleetLeaseGranted};
use crate::time::Mono;

/// An automation, as it is applied now: there may be several versions of one name while a new one is
/// rolled out. Their shares are counted together, each judged by its own limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The version.
    pub version: Digest,
    /// Whose.
    pub name: AutomationName,
    /// What it may.
    pub limits: Limits,
    /// Whom it is for.
    pub audience: Arc<Audience>,
}

/// What a node is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Granted(FleetLeaseGranted),
    /// Not now.
    Denied {
        /// Why.
        why: Why,
        /// When asking again makes sense.
        retry_after: Duration,
    },
}

impl Answer {
    /// Returns the refusal as it is sent, if it is one.
    #[must_use]
    pub fn denied(&self) -> Option<FleetLeaseDenied> {
        match self {
            Self::Granted(_) => None,
            Self::Denied { why, retry_after } => Some(FleetLeaseDenied {
                retry_after_ms: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
                text: why.to_string(),
            }),
        }
    }

    const fn granted(fencing_token: u64) -> Self {
        Self::Granted(FleetLeaseGranted {
            fencing_token,
            ttl_ms: TTL.as_secs() * 1000,
        })
    }
}

/// What is decided: first what has to be durable, then what may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// To be written together, or not at all.
    pub writes: Vec<Write>,
    /// To be sent afterwards.
    pub answer: Answer,
}

/// Hands out the shares of fleet-wide limits.
#[derive(Debug)]
pub struct Authority {
    generation: Generation,
    is_deposed: bool,
    started: Mono,
    before: Served,
    /// What the store was told last of how long has been served.
    told: Served,
    next_token: u64,
    applied: HashMap<Digest, Applied>,
    /// The longest window of an automation's fleet-wide rates.
    windows: BTreeMap<AutomationName, Duration>,
    ledgers: BTreeMap<AutomationName, Ledger>,
    owners: HashMap<u64, AutomationName>,
}

impl Authority {
    /// Takes up what the keeper before left. Its shares count until they would have expired there.
    #[must_use]
    pub fn new(now: Mono, stored: Stored) -> Self {
        let before = stored.served_at_least();
        let mut ledgers: BTreeMap<AutomationName, Ledger> = BTreeMap::new();
        let mut owners = HashMap::new();
        for (automation, at) in stored.spent {
            ledgers.entry(automation).or_default().spend(at);
        }
        for grant in stored.grants {
            owners.insert(grant.token, grant.automation.clone());
            let ledger = ledgers.entry(grant.automation.clone()).or_default();
            ledger.grants.push(grant);
        }
        Self {
            generation: stored.generation,
            is_deposed: false,
            started: now,
            before,
            told: stored.served,
            next_token: stored.generation.token_base() + 1,
            applied: HashMap::new(),
            windows: BTreeMap::new(),
            ledgers,
            owners,
        }
    }

    /// Returns the generation that its writes belong to.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Sets what is applied. Shares of what is no longer applied count until they are given back.
    pub fn set_applied(&mut self, applied: Vec<Applied>) {
        self.windows.clear();
        for one in &applied {
            let window = judge::fleet_rates(&one.limits).map(|rate| rate.per).max();
            if let Some(window) = window {
                let longest = self.windows.entry(one.name.clone()).or_default();
                *longest = window.max(*longest);
            }
        }
        self.applied = applied.into_iter().map(|a| (a.version, a)).collect();
    }

    /// A node asks whether it may act. The same attempt asked for again gets the same share, under
    /// another token; so does a later attempt of the key, within the limits over time.
    pub fn ask(&mut self, now: Mono, node: &NodeName, ask: &FleetLeaseAsk) -> Decision {
        if self.is_deposed {
            return deposed();
        }
        let now = self.served(now);
        let Some(applied) = self.applied.get(&ask.automation) else {
            return denied(Why::NotApplied, TTL);
        };
        let automation = applied.name.clone();
        if !applied.audience.has(node) {
            let node = node.clone();
            return denied(Why::NotFor { automation, node }, TTL);
        }
        let ledger = self.ledgers.entry(automation.clone()).or_default();
        let writes = take(&mut self.owners, ledger.expire(now));
        let is_own = |g: &&Grant| g.node == *node && g.key == ask.key;
        let own = ledger.grants.iter().find(is_own);
        let own = own.map(|g| (g.token, g.attempt));
        if let Some((_, newest)) = own.filter(|(_, newest)| *newest > ask.attempt) {
            let attempt = ask.attempt;
            return Decision {
                writes,
                ..denied(Why::Overtaken { attempt, newest }, TTL)
            };
        }
        let is_again = own.is_some_and(|(_, attempt)| attempt == ask.attempt);
        // Its own share is no right to go on: a keeper that starts anew may find more shares than the
        // limit has, where the disk failed as one was taken back.
        let present = Present {
            grants: &ledger.grants,
            own: own.map(|(token, _)| token),
            spent: &ledger.spent,
            is_again,
            now,
        };
        let found = judge::obstacle(&applied.limits, &applied.audience, node, &present);
        if let Some(obstacle) = found {
            let wait = wait_for(&obstacle, ledger.wait(now));
            let why = Why::Limit {
                automation,
                obstacle,
            };
            return Decision {
                writes,
                ..denied(why, wait)
            };
        }
        let own = own.map(|(token, _)| token);
        let given = Given {
            at: now,
            automation,
            is_again,
        };
        self.give(given, node, ask, own, writes)
    }

    /// Gives a share, in the place of the one that the key has.
    fn give(
        &mut self,
        given: Given,
        node: &NodeName,
        ask: &FleetLeaseAsk,
        own: Option<u64>,
        mut writes: Vec<Write>,
    ) -> Decision {
        let Given {
            at,
            automation,
            is_again,
        } = given;
        let grant = Grant {
            token: self.next_token,
            automation: automation.clone(),
            node: node.clone(),
            key: ask.key.clone(),
            attempt: ask.attempt,
            at,
        };
        self.next_token += 1;
        let ledger = self.ledgers.entry(automation.clone()).or_default();
        if let Some(token) = own {
            ledger.grants.retain(|g| g.token != token);
            writes.extend(take(&mut self.owners, vec![token]));
        }
        if !is_again && self.windows.contains_key(&automation) {
            ledger.spend(at);
            writes.push(Write::Spend {
                automation: automation.clone(),
                at,
            });
        }
        self.owners.insert(grant.token, automation);
        ledger.grants.push(grant.clone());
        let answer = Answer::granted(grant.token);
        writes.push(Write::Give(grant));
        Decision { writes, answer }
    }

    /// A node acts still under its share. What is written proves that no other keeper took over: a
    /// renewal that the store has not confirmed is none.
    pub fn renew(&mut self, now: Mono, node: &NodeName, token: u64) -> Decision {
        if self.is_deposed {
            return deposed();
        }
        let at = self.served(now);
        let owner = self.owners.get(&token);
        let Some(ledger) = owner.and_then(|name| self.ledgers.get_mut(name)) else {
            return denied(Why::NotHeld { token }, Duration::ZERO);
        };
        let writes = take(&mut self.owners, ledger.expire(at));
        let own = |g: &&mut Grant| g.token == token && g.node == *node;
        let Some(grant) = ledger.grants.iter_mut().find(own) else {
            return Decision {
                writes,
                ..denied(Why::NotHeld { token }, Duration::ZERO)
            };
        };
        grant.at = at;
        let mut writes = writes;
        writes.push(Write::Renew { token, at });
        Decision {
            writes,
            answer: Answer::granted(token),
        }
    }

    /// A node has stopped acting. A token that is not its share's any more changes nothing.
    pub fn release(&mut self, node: &NodeName, token: u64) -> Vec<Write> {
        let owner = self.owners.get(&token);
        let Some(ledger) = owner.and_then(|name| self.ledgers.get_mut(name)) else {
            return Vec::new();
        };
        let before = ledger.grants.len();
        ledger
            .grants
            .retain(|g| g.token != token || g.node != *node);
        if ledger.grants.len() == before || self.is_deposed {
            return Vec::new();
        }
        take(&mut self.owners, vec![token])
    }

    /// Takes back what expired, forgets what no limit counts, and tells the store how long has been
    /// served. Late, early and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Mono) -> Vec<Write> {
        if self.is_deposed {
            return Vec::new();
        }
        let now = self.served(now);
        let mut writes = Vec::new();
        for (name, ledger) in &mut self.ledgers {
            writes.extend(take(&mut self.owners, ledger.expire(now)));
            let window = self.windows.get(name).copied().unwrap_or(REMEMBERED);
            if let Some(through) = ledger.forget(now, window) {
                let automation = name.clone();
                writes.push(Write::Forget {
                    automation,
                    through,
                });
            }
        }
        let remembers = !self.ledgers.is_empty();
        self.ledgers.retain(|_, ledger| !ledger.is_empty());
        if remembers && now.since(self.told) >= TELL_EVERY {
            self.told = now;
            writes.push(Write::Served(now));
        }
        writes
    }

    /// Returns when [`Authority::handle_timeout`] has something to do; ask again after each call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        if self.is_deposed || self.ledgers.is_empty() {
            return None;
        }
        let expiry = self.ledgers.values().filter_map(Ledger::next_expiry).min();
        let tell = self.told + TELL_EVERY;
        let next = expiry.map_or(tell, |expiry| expiry.min(tell));
        Some(self.started + next.since(self.before))
    }

    /// The store refused a write: another keeper has taken over. Nothing is granted from now on; a new
    /// authority is made of what the store has when this keeper takes over in its turn. Returns the
    /// answer to whoever waits for one.
    pub fn depose(&mut self) -> Answer {
        self.is_deposed = true;
        deposed().answer
    }

    /// Returns the shares that are held, by automation.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.ledgers.values().flat_map(|ledger| &ledger.grants)
    }

    fn served(&self, now: Mono) -> Served {
        self.before + now.since(self.started)
    }
}

/// What is given: of which automation, when, and whether the same attempt had it before.
struct Given {
    at: Served,
    automation: AutomationName,
    is_again: bool,
}

fn denied(why: Why, retry_after: Duration) -> Decision {
    Decision {
        writes: Vec::new(),
        answer: Answer::Denied { why, retry_after },
    }
}

fn deposed() -> Decision {
    denied(Why::Deposed, Duration::from_secs(1))
}

fn take(owners: &mut HashMap<u64, AutomationName>, tokens: Vec<u64>) -> Vec<Write> {
    for token in &tokens {
        owners.remove(token);
    }
    let writes = tokens.into_iter().map(|token| Write::Take { token });
    writes.collect()
}

fn wait_for(obstacle: &Obstacle, turn: Duration) -> Duration {
    match obstacle {
        Obstacle::AtOnce { .. } | Obstacle::Share { .. } => turn,
        Obstacle::LessThanOne { .. } => turn.max(TTL),
        Obstacle::Rate { free_in, .. } => turn.max(*free_in),
    }
}

/// How often the store is told how long has been served, while there is anything to remember. So much
/// of a limit's window is counted twice when a keeper starts anew.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How long attempts of an automation are remembered that has no rate of the fleet's, or none as yet:
/// a keeper that has just started was not told what is applied.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
