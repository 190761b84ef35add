//! A share of a fleet-wide limit, as the node that holds it sees it.

use std::time::Duration;

use crate::message::FleetLeaseGranted;
use crate::time::Mono;

/// The right to act within a fleet-wide limit, until a moment of the node's own monotonic clock.
///
/// It is lost with the process: a node that starts anew holds nothing, and asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLease {
    token: u64,
    asked_at: Mono,
    valid_until: Mono,
}

impl HeldLease {
    /// Takes a grant. `asked_at` is when the ask that it answers was *sent*: the keeper decided later
    /// than that, whatever the way took. What it says may be over already; see [`HeldLease::holds`].
    #[must_use]
    pub fn granted(asked_at: Mono, granted: &FleetLeaseGranted) -> Self {
        // The last third is the margin: clocks that run at different speeds, and the time that
        // ending a deed takes.
        let ours = Duration::from_millis(granted.ttl_ms) / 3 * 2;
        Self {
            token: granted.fencing_token,
            asked_at,
            valid_until: asked_at + ours,
        }
    }

    /// Takes the answer to a renewal, or a second grant of the same attempt. It is worth what the
    /// better of both is worth: answers that overtake each other shorten nothing. The younger token is
    /// the one to release.
    pub fn renewed(&mut self, asked_at: Mono, granted: &FleetLeaseGranted) {
        let new = Self::granted(asked_at, granted);
        self.token = self.token.max(new.token);
        if new.valid_until > self.valid_until {
            self.asked_at = new.asked_at;
            self.valid_until = new.valid_until;
        }
    }

    /// Returns the fencing token: what renews and releases the share, and what goes with the deed.
    #[must_use]
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// Returns when the node has to have stopped.
    #[must_use]
    pub const fn valid_until(&self) -> Mono {
        self.valid_until
    }

    /// Whether the node may act at this moment. At `valid_until` it may not any more.
    #[must_use]
    pub fn holds(&self, now: Mono) -> bool {
        now < self.valid_until
    }

    /// Whether something that takes `time` would be over in time without a renewal.
    #[must_use]
    pub fn outlasts(&self, now: Mono, time: Duration) -> bool {
        now + time < self.valid_until
    }

    /// Returns when to renew it: half of its time is left then, for one more try or two.
    #[must_use]
    pub fn renew_at(&self) -> Mono {
        self.asked_at + self.valid_until.since(self.asked_at) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    fn grant(fencing_token: u64) -> FleetLeaseGranted {
        FleetLeaseGranted {
            fencing_token,
            ttl_ms: 30_000,
        }
    }

    #[test]
    fn a_node_gives_up_after_two_thirds_of_the_time_that_the_keeper_waits() {
        let lease = HeldLease::granted(at(1_000), &grant(7));
        assert!(lease.holds(at(1_000)) && lease.holds(at(20_999)));
        assert!(!lease.holds(at(21_000)));
        assert!(lease.outlasts(at(1_000), Duration::from_millis(19_999)));
        assert!(!lease.outlasts(at(1_000), Duration::from_secs(20)));
        assert_eq!(lease.renew_at(), at(11_000));
        assert_eq!(lease.token(), 7);
    }

    #[test]
    fn an_answer_that_took_too_long_is_void() {
        let (asked, received) = (at(0), at(25_000));
        assert!(!HeldLease::granted(asked, &grant(1)).holds(received));
    }

    #[test]
    fn renewals_that_overtake_each_other_shorten_nothing() {
        let mut lease = HeldLease::granted(at(0), &grant(1));
        lease.renewed(at(10_000), &grant(1));
        lease.renewed(at(5_000), &grant(2));
        assert_eq!(lease.valid_until(), at(30_000));
        assert_eq!(lease.renew_at(), at(20_000));
        assert_eq!(lease.token(), 2, "the younger token is the one to release");
    }

    #[test]
    fn a_grant_without_time_is_none() {
        let nothing = FleetLeaseGranted {
            fencing_token: 1,
            ttl_ms: 0,
        };
        assert!(!HeldLease::granted(at(5), &nothing).holds(at(5)));
        let endless = FleetLeaseGranted {
            fencing_token: 1,
            ttl_ms: u64::MAX,
        };
        assert!(
            HeldLease::granted(at(5), &endless).holds(at(6)),
            "no overflow"
        );
    }
}
