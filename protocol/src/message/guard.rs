//! What a sandbox keeps a command from, as its node tells it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a sandbox keeps a command from. Numbers are bits of [`Guards`]: they are appended,
/// and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It runs as an unprivileged user.
    User = 0,
    /// No program gives it privileges.
    NoNewPrivileges = 1,
    /// It has no capability.
    Capabilities = 2,
    /// It reads no hidden place and writes nowhere but in its scratch folder.
    Files = 3,
    /// It truncates no file that it may not write.
    Truncation = 4,
    /// It controls no device.
    Devices = 5,
    /// It neither listens on TCP nor connects where it may not.
    Network = 6,
    /// It signals no process outside.
    Signals = 7,
    /// It reaches no abstract socket outside.
    Sockets = 8,
    /// Calls that change the system are refused.
    SystemCalls = 9,
    /// Every resource limit is set.
    Limits = 10,
    /// It has a control group of its own.
    Cgroup = 11,
}

impl Guard {
    /// All that this version knows.
    pub const ALL: [Self; 12] = [
        Self::User,
        Self::NoNewPrivileges,
        Self::Capabilities,
        Self::Files,
        Self::Truncation,
        Self::Devices,
        Self::Network,
        Self::Signals,
        Self::Sockets,
        Self::SystemCalls,
        Self::Limits,
        Self::Cgroup,
    ];

    /// Its name, as people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::NoNewPrivileges => "no-new-privileges",
            Self::Capabilities => "capabilities",
            Self::Files => "files",
            Self::Truncation => "truncation",
            Self::Devices => "devices",
            Self::Network => "network",
            Self::Signals => "signals",
            Self::Sockets => "sockets",
            Self::SystemCalls => "system-calls",
            Self::Limits => "limits",
            Self::Cgroup => "cgroup",
        }
    }
}

/// A set of guards. Bits that this version does not know are kept and not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Guards(pub u32);

impl Guards {
    /// Returns this set and one more.
    #[must_use]
    pub const fn with(self, one: Guard) -> Self {
        Self(self.0 | 1 << one as u32)
    }

    /// Whether it has this one.
    #[must_use]
    pub const fn contains(self, one: Guard) -> bool {
        self.0 & 1 << one as u32 != 0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Lists those that are known here.
    pub fn iter(self) -> impl Iterator<Item = Guard> {
        Guard::ALL
            .into_iter()
            .filter(move |one| self.contains(*one))
    }
}

impl fmt::Display for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{}", one.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_has_a_name_and_a_bit_of_its_own() {
        let mut all = Guards::default();
        for one in Guard::ALL {
            assert!(!all.contains(one), "{one:?}");
            all = all.with(one);
        }
        assert_eq!(all.0, (1 << Guard::ALL.len()) - 1);
        let names: std::collections::BTreeSet<_> = Guard::ALL.map(Guard::name).into();
        assert_eq!(names.len(), Guard::ALL.len());
    }

    #[test]
    fn what_a_newer_node_tells_is_not_an_error() {
        let guards = Guards(1 << 31).with(Guard::Files).with(Guard::Cgroup);
        assert_eq!(guards.to_string(), "files, cgroup");
    }
}
