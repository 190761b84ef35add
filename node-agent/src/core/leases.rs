//! Run leases: attached runs live as long as their operator's shell keeps saying so.
//!
//! A lease is counted from receipt on the agent's own monotonic clock; nobody's wall clock matters.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::ids::LeaseId;
use hailer_protocol::time::Mono;

/// The leases of one agent.
#[derive(Debug)]
pub struct Leases {
    longest: Duration,
    ends: BTreeMap<LeaseId, Mono>,
}

impl Leases {
    /// Makes the leases of an agent that grants none for longer than `longest`.
    #[must_use]
    pub const fn new(longest: Duration) -> Self {
        Self {
            longest,
            ends: BTreeMap::new(),
        }
    }

    /// Makes sure that the lease lasts at least until `now + ttl`, or the longest time that is
    /// granted; never shortens it.
    pub fn extend(&mut self, now: Mono, lease: LeaseId, ttl: Duration) {
        let end = now + ttl.min(self.longest);
        let held = self.ends.entry(lease).or_insert(end);
        *held = (*held).max(end);
    }

    /// Forgets a lease that nothing lives under any more.
    pub fn release(&mut self, lease: LeaseId) {
        self.ends.remove(&lease);
    }

    /// Whether the lease is held.
    #[must_use]
    pub fn is_held(&self, lease: LeaseId) -> bool {
        self.ends.contains_key(&lease)
    }

    /// Removes and returns the leases that have ended.
    pub fn expire(&mut self, now: Mono) -> Vec<LeaseId> {
        let ended: Vec<LeaseId> = self
            .ends
            .iter()
            .filter(|(_, end)| **end <= now)
            .map(|(lease, _)| *lease)
            .collect();
        for lease in &ended {
            self.ends.remove(lease);
        }
        ended
    }

    /// The next moment at which a lease ends.
    #[must_use]
    pub fn next_end(&self) -> Option<Mono> {
        self.ends.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LeaseId = LeaseId([1; 16]);
    const RUN_LEASE: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Mono {
        Mono(Duration::from_secs(secs))
    }

    #[test]
    fn a_renewed_lease_outlives_its_first_end() {
        let mut leases = Leases::new(RUN_LEASE);
        leases.extend(at(0), A, RUN_LEASE);
        leases.extend(at(20), A, RUN_LEASE);
        assert!(leases.expire(at(49)).is_empty());
        assert_eq!(leases.expire(at(50)), [A]);
        assert!(!leases.is_held(A));
    }

    #[test]
    fn no_request_can_ask_for_more_than_the_agent_grants() {
        let mut leases = Leases::new(RUN_LEASE);
        leases.extend(at(0), A, Duration::from_secs(1 << 40));
        assert_eq!(leases.next_end(), Some(at(30)));
    }

    #[test]
    fn a_shorter_renewal_does_not_cut_a_lease_short() {
        let mut leases = Leases::new(RUN_LEASE);
        leases.extend(at(0), A, RUN_LEASE);
        leases.extend(at(1), A, Duration::from_secs(1));
        assert_eq!(leases.next_end(), Some(at(30)));
    }
}
