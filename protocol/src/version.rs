//! Which wire two peers speak: the ALPN name, the version, and features found by negotiation.
//!
//! The ALPN carries the major version: peers of different majors do not even complete a handshake.
//! Within a major nothing changes its meaning; what is new is a [`Feature`], used only if both
//! hellos name it.

use serde::{Deserialize, Serialize};

/// The application protocol that TLS negotiates.
pub const ALPN: &[u8] = b"hailer/1";

/// The application protocol of enrolment, which alone does without a certificate of the dialling
/// side: where it is spoken nothing else is.
pub const ENROL_ALPN: &[u8] = b"hailer-enrol/1";

/// A version of the wire, `major.minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Changes when an old peer cannot understand a new one.
    pub major: u16,
    /// Changes when messages or features are added.
    pub minor: u16,
}

impl Version {
    /// What this build speaks.
    pub const OURS: Self = Self { major: 1, minor: 0 };

    /// Whether a peer of that version can be talked to.
    #[must_use]
    pub const fn speaks_with(self, peer: Self) -> bool {
        self.major == peer.major
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Something a peer can do beyond the base of its major version. Numbers are never reused; one
/// that is not known here is kept as a number and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Feature(pub u16);

impl Feature {
    /// Runs commands and streams their output.
    pub const COMMANDS: Self = Self(1);
    /// Reads metrics and facts without a process.
    pub const PROBES: Self = Self(2);
    /// Evaluates row plans.
    pub const ROW_PLANS: Self = Self(3);
    /// Keeps attached runs alive only as long as their lease.
    pub const RUN_LEASES: Self = Self(4);
    /// Answers large output digest first.
    pub const DIGEST_FIRST: Self = Self(5);
    /// Sends events and takes acknowledgements.
    pub const EVENTS: Self = Self(6);
    /// Watches automations.
    pub const AUTOMATIONS: Self = Self(7);

    /// Keeps what detached runs write, lists them, and ends them on request.
    pub const DETACHED: Self = Self(8);

    /// What this build's agents offer.
    pub const OFFERED: &'static [Self] = &[
        Self::COMMANDS,
        Self::PROBES,
        Self::ROW_PLANS,
        Self::RUN_LEASES,
        Self::DETACHED,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_one_major_understand_each_other() {
        let newer = Version { major: 1, minor: 9 };
        assert!(Version::OURS.speaks_with(newer));
        assert!(!Version::OURS.speaks_with(Version { major: 2, minor: 0 }));
    }
}
