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

/// The shares of a key that its node has let go of.
///
/// Answers to two asks of one attempt may overtake each other. A node that gave the younger share back,
/// because its answer came too late, and then acted under the older one would act under nothing: the
/// keeper replaced the one by the other, and gave that to the next node. So whatever comes in goes
/// through here first, and tokens that are not above all that were let go of are void.
///
/// One is kept for each key. It need not survive a restart: that begins a new attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetGo(u64);

impl LetGo {
    /// Takes a grant that the node waits for; `asked_at` is when the ask that it answers was sent.
    /// Without a lease in return the node has to send a release of this grant's token, and may ask on.
    pub fn take(
        &mut self,
        now: Mono,
        asked_at: Mono,
        granted: &FleetLeaseGranted,
    ) -> Option<HeldLease> {
        let lease = HeldLease::granted(asked_at, granted);
        if lease.token > self.0 && lease.holds(now) {
            return Some(lease);
        }
        self.add(lease.token);
        None
    }

    /// Remembers a share that was let go of before its attempt was over, as one that has run out
    /// before the deed began.
    pub fn add(&mut self, token: u64) {
        self.0 = self.0.max(token);
    }
}

impl HeldLease {
    /// Takes a grant, for a node that has let go of nothing; [`LetGo::take`] is for those that may
    /// have. `asked_at` is when the ask that it answers was *sent*: the keeper decided later
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
    fn a_share_that_was_replaced_by_one_that_was_let_go_of_is_void() {
        let mut let_go = LetGo::default();
        // Two asks; the keeper had the second one first, and its answer came last.
        assert_eq!(let_go.take(at(30_000), at(0), &grant(6)), None, "too late");
        assert_eq!(let_go.take(at(30_001), at(25_000), &grant(5)), None);
        let next = let_go.take(at(31_000), at(30_500), &grant(7));
        assert_eq!(next.map(|lease| lease.token()), Some(7));
        let_go.add(7);
        assert_eq!(let_go.take(at(31_000), at(30_500), &grant(7)), None);
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
