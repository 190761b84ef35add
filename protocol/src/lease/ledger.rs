//! One automation's account: who has a share of its limits, and what was spent.

use std::time::Duration;

use super::TTL;
use super::grant::{Grant, Served};

/// One automation's account.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Who has a share.
    pub(super) grants: Vec<Grant>,
    /// When attempts were made, in order.
    pub(super) spent: Vec<Served>,
    denials: Denials,
}

/// How many asked in vain of late.
#[derive(Debug, Default)]
struct Denials {
    since: Served,
    n: u32,
}

impl Ledger {
    /// Takes the shares back that were not renewed in time; returns their tokens.
    pub(super) fn expire(&mut self, now: Served) -> Vec<u64> {
        let gone = self.grants.extract_if(.., |g| now.since(g.at) >= TTL);
        gone.map(|g| g.token).collect()
    }

    /// Returns when the next share expires.
    pub(super) fn next_expiry(&self) -> Option<Served> {
        self.grants.iter().map(|g| g.at + TTL).min()
    }

    /// Counts an attempt.
    pub(super) fn spend(&mut self, at: Served) {
        let place = self.spent.partition_point(|earlier| *earlier <= at);
        self.spent.insert(place, at);
    }

    /// Drops attempts that are older than every window; returns the moment of the last one dropped.
    pub(super) fn forget(&mut self, now: Served, window: Duration) -> Option<Served> {
        let n = self.spent.partition_point(|at| now.since(*at) >= window);
        let through = *self.spent[..n].last()?;
        self.spent.drain(..n);
        Some(through)
    }

    /// Returns when the one that is denied now should ask again, so that all who wait together ask
    /// no more than about [`ASKS_PER_SECOND`] times a second, and one who waits alone asks each second.
    pub(super) fn wait(&mut self, now: Served) -> Duration {
        if now.since(self.denials.since) >= TTL {
            self.denials = Denials { since: now, n: 0 };
        }
        self.denials.n = self.denials.n.saturating_add(1);
        let turn = Duration::from_secs(u64::from(self.denials.n)) / ASKS_PER_SECOND;
        turn.clamp(WAIT_MIN, TTL)
    }

    /// Whether there is nothing to remember.
    pub(super) const fn is_empty(&self) -> bool {
        self.grants.is_empty() && self.spent.is_empty()
    }
}

const ASKS_PER_SECOND: u32 = 100;
const WAIT_MIN: Duration = Duration::from_secs(1);
