//! The sandbox of a command that may look and not touch.
//!
//! A sandboxed command runs as an unprivileged user and, on top of that, in a cage that the
//! kernel keeps shut for it and all its descendants: it gains no privileges, reads no hidden
//! place, writes nowhere but in its scratch folder, makes no system call that has no business in
//! a look around, signals nobody outside, and has bounds on all that it uses. What cannot be
//! applied stops the command before it starts, unless the order calls it optional; what held is
//! part of the run's end. Everything that takes memory (the view of the files, the filter) is
//! prepared before the command's process exists.

pub(crate) mod calls;
pub(crate) mod env;
pub(crate) mod plan;
pub(crate) mod ruleset;
pub(crate) mod view;

use std::fmt;
use std::path::PathBuf;

/// What a sandboxed command gets and does without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Places whose contents it cannot read, whoever owns them: [`HIDDEN`] and the agent's own.
    /// One that does not exist is hidden all the same, should it come to be. Names of files in
    /// them can still be listed where the file modes allow it.
    pub hidden: Vec<PathBuf>,
    /// The one folder in which it may write, made by the caller and owned by the command's
    /// user; nothing in it can be executed. `TMPDIR` names it.
    pub scratch: Option<PathBuf>,
    /// Whether it may open TCP connections. It can never accept them.
    pub may_connect: bool,
    /// Protections without which it runs all the same where the system does not have them.
    pub optional: Protections,
    /// Whether the filter of system calls may not stand in for what an older Landlock cannot
    /// decide: then such a kernel (before Linux 6.12) runs nothing in this sandbox.
    pub is_strict: bool,
    /// The newest version of Landlock that is used, whatever the kernel has; for tests of what
    /// holds on older kernels.
    pub landlock_max: Option<u32>,
}

impl Sandbox {
    /// Returns a sandbox that hides [`HIDDEN`] and `also`, has no scratch folder, connects to
    /// nothing, and insists on every protection but the control group.
    pub fn hiding(also: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            hidden: HIDDEN.iter().map(PathBuf::from).chain(also).collect(),
            scratch: None,
            may_connect: false,
            optional: Protections::none().with(Protection::Cgroup),
            is_strict: false,
            landlock_max: None,
        }
    }
}

/// What every sandbox should hide. The whole of `/dev` is, except for `null`, `zero`, `full`,
/// `random` and `urandom`; `/proc` needs no entry: what is secret there is refused by other
/// protections.
pub const HIDDEN: &[&str] = &[
    "/root",
    "/dev",
    "/boot",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/security/opasswd",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/krb5.keytab",
    "/etc/ssl/private",
    "/etc/pki/tls/private",
    "/etc/kubernetes/pki",
    "/etc/hailer",
    "/run/secrets",
    "/var/lib/hailer",
    "/var/lib/kubelet",
    "/var/spool/cron",
];

/// One thing that a sandbox keeps a command from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// It runs as an unprivileged user.
    User,
    /// No program gives it privileges, set-user-ID or not.
    NoNewPrivs,
    /// It has no capability.
    Capabilities,
    /// It reads no hidden place and writes nowhere but in its scratch folder (Linux 5.13).
    Files,
    /// It truncates no file that it may not write.
    Truncation,
    /// It controls no device.
    Devices,
    /// It listens on no TCP port, and connects to none unless it may.
    Network,
    /// It signals no process outside.
    Signals,
    /// It reaches no abstract socket outside.
    Sockets,
    /// System calls that change the system are refused.
    Calls,
    /// Every resource limit is set.
    Limits,
    /// It has a control group of its own.
    Cgroup,
}

impl Protection {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::User,
        Self::NoNewPrivs,
        Self::Capabilities,
        Self::Files,
        Self::Truncation,
        Self::Devices,
        Self::Network,
        Self::Signals,
        Self::Sockets,
        Self::Calls,
        Self::Limits,
        Self::Cgroup,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Returns the protection's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::NoNewPrivs => "no-new-privileges",
            Self::Capabilities => "capabilities",
            Self::Files => "files",
            Self::Truncation => "truncation",
            Self::Devices => "devices",
            Self::Network => "network",
            Self::Signals => "signals",
            Self::Sockets => "sockets",
            Self::Calls => "system-calls",
            Self::Limits => "limits",
            Self::Cgroup => "cgroup",
        }
    }

    /// Returns the protection of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns what the filter of system calls stands in for on this machine, since its Landlock is too
/// old to decide it; see [`Sandbox::is_strict`].
///
/// # Errors
/// When the kernel has no Landlock, or has it switched off: then nothing runs in a sandbox.
pub fn stood_in_for() -> std::io::Result<Protections> {
    crate::sys::landlock_version().map(|version| plan::plan(version, false).by_filter)
}

/// A set of protections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protections(u16);

impl Protections {
    /// Returns the empty set.
    pub const fn none() -> Self {
        Self(0)
    }

    /// Returns this set and one more.
    #[must_use]
    pub const fn with(self, one: Protection) -> Self {
        Self(self.0 | one.bit())
    }

    /// Returns this set without one.
    #[must_use]
    pub const fn without(self, one: Protection) -> Self {
        Self(self.0 & !one.bit())
    }

    /// Returns this set and all of another.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it has this one.
    pub const fn contains(self, one: Protection) -> bool {
        self.0 & one.bit() != 0
    }

    /// Lists them in the order of [`Protection::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Protection> {
        Protection::ALL
            .into_iter()
            .filter(move |&one| self.contains(one))
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the number that stands for this set between agent and supervisor.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Returns the set of a number.
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Protections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{one}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protection_has_a_name_and_a_bit_of_its_own() {
        let mut all = Protections::none();
        for one in Protection::ALL {
            assert!(!all.contains(one), "{one}");
            all = all.with(one);
            assert_eq!(Protection::from_name(one.name()), Some(one));
        }
        assert_eq!(all.iter().count(), Protection::ALL.len());
        assert_eq!(Protection::from_name("luck"), None);
        let two = Protections::none()
            .with(Protection::Calls)
            .with(Protection::Files);
        assert_eq!(two.to_string(), "files, system-calls");
    }
}
