//! How a sandbox is put up on a kernel: what Landlock decides there, and what the filter of system
//! calls refuses in its place.
//!
//! *Required* are a Landlock of any version (Linux 5.13: files), the filter, the user, the dropped
//! privileges and the limits; without one of them nothing runs. What Landlock learnt later is
//! *optional*: where the kernel is older the filter stands in. It cannot tell one destination from
//! another, so it refuses more than Landlock does:
//!
//! | Landlock | Linux | decides | before that the filter refuses |
//! |---|---|---|---|
//! | 3 | 6.2 | truncation | `truncate`, and `openat2`, into which it cannot look |
//! | 4 | 6.7 | TCP | sockets of TCP, unless the sandbox may connect |
//! | 5 | 6.10 | devices | every `ioctl` but those that ask for little; `openat2` |
//! | 6 | 6.12 | signals | `kill` but to the own group, and every other call that signals |
//! | 6 | 6.12 | abstract sockets | Unix sockets altogether (`systemctl` needs one) |

use super::{Protection, Protections};
use crate::sys::RulesetAttr;

/// Every right of the first version; the later ones follow.
const VERSION_1: u64 = (1 << 13) - 1;
const REFER: u64 = 1 << 13;
pub(super) const TRUNCATE: u64 = 1 << 14;
pub(super) const IOCTL_DEV: u64 = 1 << 15;

const BIND_TCP: u64 = 1;
const CONNECT_TCP: u64 = 2;

const SCOPE_ABSTRACT_SOCKET: u64 = 1;
const SCOPE_SIGNAL: u64 = 2;

/// Who keeps a sandboxed command from what, on one kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What Landlock is asked to decide.
    pub(crate) attr: RulesetAttr,
    /// How many bytes of that this version of Landlock knows.
    pub(crate) attr_bytes: usize,
    /// What Landlock keeps it from.
    pub(crate) by_landlock: Protections,
    /// What the filter keeps it from in Landlock's place.
    pub(crate) by_filter: Protections,
}

/// Protections that Landlock gives from some version on, and for which the filter can stand in.
const LATER: [(Protection, u32); 5] = [
    (Protection::Truncation, 3),
    (Protection::Network, 4),
    (Protection::Devices, 5),
    (Protection::Signals, 6),
    (Protection::Sockets, 6),
];

/// Returns the plan for a kernel with that version of Landlock; 0 is none at all.
pub(crate) fn plan(version: u32, may_connect: bool) -> Plan {
    let from = |first: u32, value: u64| if version >= first { value } else { 0 };
    let net = if may_connect {
        BIND_TCP
    } else {
        BIND_TCP | CONNECT_TCP
    };
    let (mut by_landlock, mut by_filter) = (Protections::none(), Protections::none());
    if version >= 1 {
        by_landlock = by_landlock.with(Protection::Files);
    }
    for (one, first) in LATER {
        if version >= first {
            by_landlock = by_landlock.with(one);
        } else {
            by_filter = by_filter.with(one);
        }
    }
    Plan {
        attr: RulesetAttr {
            handled_fs: from(1, VERSION_1)
                | from(2, REFER)
                | from(3, TRUNCATE)
                | from(5, IOCTL_DEV),
            handled_net: from(4, net),
            scoped: from(6, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL),
        },
        attr_bytes: match version {
            0..=3 => 8,
            4 | 5 => 16,
            6.. => 24,
        },
        by_landlock,
        by_filter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_decides_more_and_the_filter_stands_in_for_the_rest() {
        const ALL: &str = "truncation, devices, network, signals, sockets";
        for (version, bytes, by_landlock, by_filter) in [
            (0, 8, "", ALL),
            (1, 8, "files", ALL),
            (2, 8, "files", ALL),
            (
                3,
                8,
                "files, truncation",
                "devices, network, signals, sockets",
            ),
            (
                4,
                16,
                "files, truncation, network",
                "devices, signals, sockets",
            ),
            (
                5,
                16,
                "files, truncation, devices, network",
                "signals, sockets",
            ),
            (
                6,
                24,
                "files, truncation, devices, network, signals, sockets",
                "",
            ),
            (
                7,
                24,
                "files, truncation, devices, network, signals, sockets",
                "",
            ),
        ] {
            let plan = plan(version, false);
            assert_eq!(plan.by_landlock.to_string(), by_landlock, "{version}");
            assert_eq!(plan.by_filter.to_string(), by_filter, "{version}");
            assert_eq!(plan.attr_bytes, bytes, "{version}");
        }
    }

    #[test]
    fn a_kernel_is_asked_for_nothing_that_it_does_not_know() {
        for (version, fs, net, scoped) in [
            (0, 0, 0, 0),
            (1, 0x1fff, 0, 0),
            (2, 0x3fff, 0, 0),
            (3, 0x7fff, 0, 0),
            (4, 0x7fff, 3, 0),
            (5, 0xffff, 3, 0),
            (6, 0xffff, 3, 3),
            (7, 0xffff, 3, 3),
        ] {
            let attr = plan(version, false).attr;
            assert_eq!(
                (attr.handled_fs, attr.handled_net, attr.scoped),
                (fs, net, scoped),
                "{version}"
            );
            let expected = if version >= 4 { BIND_TCP } else { 0 };
            assert_eq!(plan(version, true).attr.handled_net, expected, "{version}");
        }
    }

    #[test]
    fn every_protection_that_came_later_is_held_on_every_kernel_by_one_of_the_two() {
        for version in 0..=7 {
            let plan = plan(version, false);
            for (one, _) in LATER {
                let held = [plan.by_landlock, plan.by_filter].map(|by| by.contains(one));
                assert_eq!(held.iter().filter(|h| **h).count(), 1, "{version} {one}");
            }
        }
    }
}
