//! How often one source may knock: a bucket of permissions for each, which fills up again.
//!
//! A source is an IPv4 address or an IPv6 network of 64 bits, which is what one machine has. Only
//! addresses that have proven to be the sender's own are counted, so nobody uses up another's.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use hailer_protocol::time::Mono;

/// How often one source may knock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateConfig {
    /// So often at once.
    pub burst: u32,
    /// Once more after each of these.
    pub every: Duration,
    /// Sources that are remembered; when there are more, new ones wait.
    pub sources_max: usize,
}

impl Default for RateConfig {
    /// A hundred at once and ten a second: a rack behind one address enrols, a guesser does not get
    /// anywhere with 256 bits.
    fn default() -> Self {
        Self {
            burst: 100,
            every: Duration::from_millis(100),
            sources_max: 10_000,
        }
    }
}

/// Who has knocked how often.
#[derive(Debug)]
pub struct Rate {
    config: RateConfig,
    /// When each source's bucket is full again: one that is full need not be remembered.
    full_at: HashMap<IpAddr, Mono>,
}

impl Rate {
    /// Begins with all buckets full.
    #[must_use]
    pub fn new(config: RateConfig) -> Self {
        Self {
            config,
            full_at: HashMap::new(),
        }
    }

    /// Whether a source may knock now; if so, it has.
    pub fn admit(&mut self, now: Mono, source: IpAddr) -> bool {
        let source = network_of(source);
        if !self.full_at.contains_key(&source) && self.full_at.len() >= self.config.sources_max {
            self.full_at.retain(|_, full_at| *full_at > now);
            if self.full_at.len() >= self.config.sources_max {
                return false;
            }
        }
        let full_at = self.full_at.entry(source).or_insert(now);
        let next = (*full_at).max(now) + self.config.every;
        // A bucket that would take longer to fill than a whole one has nothing left.
        if next.since(now) > self.config.every.saturating_mul(self.config.burst) {
            return false;
        }
        *full_at = next;
        true
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: RateConfig = RateConfig {
        burst: 3,
        every: Duration::from_secs(1),
        sources_max: 2,
    };

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    fn source(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_source_has_its_burst_and_then_one_at_a_time() {
        let mut rate = Rate::new(CONFIG);
        let one = source("192.0.2.1");
        let admitted = |rate: &mut Rate, now| (0..9).filter(|_| rate.admit(now, one)).count();
        assert_eq!(admitted(&mut rate, at(10)), 3);
        assert_eq!(admitted(&mut rate, at(11)), 1);
        assert_eq!(admitted(&mut rate, at(13)), 2);
        assert_eq!(admitted(&mut rate, at(100)), 3);
    }

    #[test]
    fn one_source_does_not_use_up_anothers() {
        let mut rate = Rate::new(CONFIG);
        let same_net = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
        for address in same_net {
            assert!(rate.admit(at(0), source(address)), "{address}");
        }
        assert!(!rate.admit(at(0), source("2001:db8::4")));
        assert!(rate.admit(at(0), source("2001:db8:0:1::1")));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten_when_it_is_full_again() {
        let mut rate = Rate::new(CONFIG);
        assert!(rate.admit(at(0), source("192.0.2.1")));
        assert!(rate.admit(at(0), source("192.0.2.2")));
        assert!(!rate.admit(at(0), source("192.0.2.3")));
        assert!(rate.admit(at(2), source("192.0.2.3")));
        assert_eq!(rate.full_at.len(), 1);
    }
}
