//! Files and tools that tell how a machine is set up, each with a row's pattern.

use super::Cell::{Addresses, Int, Kibibytes, Points};
use super::{Begin, PLAIN, Tool};

/// What tells of settings; looked at behind the tools that show a machine's state.
pub(super) static SETTINGS: &[Tool] = &[
    Tool {
        name: "/etc/fstab",
        row: r"^(?<source>(?:UUID|LABEL|PARTUUID|PARTLABEL|ID)=\S+|/\S*|\S+:/\S*|//\S+|none|tmpfs|proc|sysfs|devpts|overlay|swap)\s+(?<target>/\S*|none|swap)\s+(?<fstype>[a-z][\w.,]*)\s+(?<options>\S+)(?:\s+(?<dump>[0-2])(?:\s+(?<pass>[0-2]))?)?\s*(?:#.*)?$",
        skip: r"^\s*#",
        types: &[("dump", Int), ("pass", Int)],
        ..PLAIN
    },
    Tool {
        name: "/etc/hosts",
        mark: "localhost",
        row: r"^\s*(?<address>\d+(?:\.\d+){3}|[0-9a-f]*:[0-9a-f:.]*(?:%\w+)?)\s+(?<name>[\w.-]+)(?:[ \t]+(?<aliases>[\w.-]+(?:[ \t]+[\w.-]+)*))?\s*(?:#.*)?$",
        skip: r"^\s*#",
        ..PLAIN
    },
    Tool {
        name: "id",
        row: r"^uid=(?<uid>\d+)(?:\((?<user>[^)]*)\))? gid=(?<gid>\d+)(?:\((?<group>[^)]*)\))?(?: euid=\S+)?(?: groups=(?<groups>\S+))?(?: context=(?<context>\S+))?$",
        rows_max: 1,
        types: &[("uid", Int), ("gid", Int)],
        optional: &["context"],
        ..PLAIN
    },
    Tool {
        name: "crontab",
        mark: "*",
        row: r"^\s*(?<schedule>@[a-z]+|(?:[\d*/,-]+\s+){3}[\w*/,-]+\s+[\w*/,-]+)\s+(?<command>\S.*)$",
        skip: r"^\s*#|^\s*[A-Za-z_]+\s*=",
        ..PLAIN
    },
    Tool {
        name: "apt list",
        mark: "Listing...",
        row: r"^(?<package>[^/\s]+)/(?<suite>\S+) (?<version>\S+) (?<architecture>\S+)(?: \[(?:upgradable from: (?<installed>[^\]]+)|(?<state>[^\]]*))\])?$",
        skip: r"^Listing\.\.\.",
        optional: &["installed", "state"],
        ..PLAIN
    },
    Tool {
        name: "iptables -S",
        row: r"^-(?<action>[PNA]) (?<chain>\S+)(?: (?<policy>[A-Z]+))?(?: (?<matches>-.*?))??(?: -[jg] (?<target>\S+)(?: (?<options>.*))?)?$",
        ..PLAIN
    },
    Tool {
        name: "dig",
        mark: "<<>> DiG",
        row: r"^(?<name>\S+)\s+(?<ttl>\d+)\s+(?<class>IN|CH|HS)\s+(?<kind>[A-Z0-9]+)\s+(?<data>.*)$",
        skip: r"^;",
        types: &[("ttl", Int)],
        ..PLAIN
    },
    Tool {
        name: "ip addr",
        mark: ": <",
        begin: Begin::NotIndented,
        row: r"^(?<index>\d+): (?<interface>[^:@\s]+)(?:@(?<parent>[^:\s]+))?: <(?<flags>[^>]*)> mtu (?<mtu>\d+)(?: qdisc (?<qdisc>\S+))?(?: master (?<master>\S+))?(?: state (?<state>\S+))?[^\n]*(?:\n\s+link/(?<link>\S+)(?: (?<mac>[0-9a-f:.]+))?[^\n]*)?(?s:\n(?<addresses>.*))?$",
        types: &[("index", Int), ("mtu", Int), ("addresses", Addresses)],
        optional: &["parent", "master"],
        ..PLAIN
    },
    Tool {
        name: "/proc/mdstat",
        mark: "Personalities :",
        begin: Begin::NotIndented,
        row: r"^(?<array>md\S+) : (?<state>active(?: \([a-z-]+\))?|inactive) (?:(?<level>raid\d+|linear|multipath) )?(?<devices>[^\n]*)\n\s+(?<size>\d+) blocks(?: super (?<superblock>\S+))?[^\n\[]*(?:\[(?<wanted>\d+)/(?<working>\d+)\] \[(?<health>[U_]+)\])?(?s:.*?)(?:(?<task>resync|recovery|reshape|check) ?= ?(?<progress>[\d.]+)%(?s:.*))?$",
        skip: r"^(?:Personalities :|unused devices:|read_ahead)",
        types: &[
            ("size", Kibibytes),
            ("wanted", Int),
            ("working", Int),
            ("progress", Points),
        ],
        optional: &["task", "progress"],
        ..PLAIN
    },
];
