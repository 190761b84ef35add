//! The tools that are known, each with a row's pattern. The first that fits is taken.

use super::Cell::{Bytes, Float, Int, Kibibytes, Moment, Points, Seconds, Up};
use super::{Begin, PLAIN, Tool};

/// The tools that show a machine's state.
pub(super) static TOOLS: &[Tool] = &[
    Tool {
        name: "ls -l",
        row: r"^\s*(?:(?<inode>\d+)\s+)?(?:(?<blocks>\d[\d.,]*[KMGTPE]?)\s+)?(?<mode>[-dlbcpsDC][-rwxsStTl]{9})[.+@]?\s+(?<links>\d+)\s+(?<owner>\S+)\s+(?<group>\S+)\s+(?:(?<size>\d[\d.,]*[KMGTPE]?)|(?<device>\d+,\s*\d+))\s+(?<modified>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: [-+]\d{4})?|\S+\s+\S+\s+(?:\d{1,2}:\d\d|\d{4})) (?<name>.*?)(?: -> (?<target>.*))?$",
        skip: r"^(?:total \S+|\S.*:)$|^[^-dlbcpsDC\d\s][^\d]* \d[\d.,]*[KMGTPE]?$",
        types: &[("inode", Int), ("links", Int), ("size", Bytes)],
        optional: &["inode", "blocks", "device"],
        ..PLAIN
    },
    Tool {
        name: "uptime",
        row: r"^\s*(?<time>\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?)\s+up\s+(?<up>.+?),\s+(?:(?<users>\d+) users?,\s+)?load averages?:\s+(?<load_1m>\d+[.,]\d+),?\s+(?<load_5m>\d+[.,]\d+),?\s+(?<load_15m>\d+[.,]\d+)\s*$",
        rows_max: 1,
        types: &[
            ("up", Up),
            ("users", Int),
            ("load_1m", Float),
            ("load_5m", Float),
            ("load_15m", Float),
        ],
        ..PLAIN
    },
    Tool {
        name: "/proc/loadavg",
        row: r"^(?<load_1m>\d+\.\d\d) (?<load_5m>\d+\.\d\d) (?<load_15m>\d+\.\d\d) (?<running>\d+)/(?<processes>\d+) (?<last_pid>\d+)$",
        rows_max: 1,
        types: &[
            ("load_1m", Float),
            ("load_5m", Float),
            ("load_15m", Float),
            ("running", Int),
            ("processes", Int),
            ("last_pid", Int),
        ],
        ..PLAIN
    },
    Tool {
        name: "/proc/uptime",
        row: r"^(?<up>\d+\.\d\d) (?<idle>\d+\.\d\d)$",
        rows_max: 1,
        types: &[("up", Seconds), ("idle", Seconds)],
        ..PLAIN
    },
    Tool {
        name: "/proc/pressure",
        row: r"^(?<kind>some|full) avg10=(?<avg10>\d+\.\d+) avg60=(?<avg60>\d+\.\d+) avg300=(?<avg300>\d+\.\d+) total=(?<total_us>\d+)$",
        rows_max: 2,
        types: &[
            ("avg10", Points),
            ("avg60", Points),
            ("avg300", Points),
            ("total_us", Int),
        ],
        ..PLAIN
    },
    Tool {
        name: "ps aux",
        row: r"^(?<user>\S+)\s+(?<pid>\d+)\s+(?<pct_cpu>\d+\.\d|\d{3,})\s+(?<pct_mem>\d+\.\d)\s+(?<vsz>\d+)\s+(?<rss>\d+)\s+(?<tty>\S+)\s+(?<stat>[DIRSTtWXZPxK][<NLsl+]*)\s+(?<start>\S+)\s+(?<time>\d+:\d\d)\s+(?<command>.*)$",
        skip: r"^USER\s+PID\s+%CPU\s+%MEM\s+VSZ\s+RSS\s+TTY\s+STAT\s+START\s+TIME\s+COMMAND$",
        headings: &[
            "USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND",
        ],
        types: &[
            ("pid", Int),
            ("pct_cpu", Points),
            ("pct_mem", Points),
            ("vsz", Kibibytes),
            ("rss", Kibibytes),
        ],
        ..PLAIN
    },
    Tool {
        name: "ps -ef",
        row: r"^(?<uid>\S+)\s+(?<pid>\d+)\s+(?<ppid>\d+)\s+(?<c>\d+)\s+(?<stime>\d\d:\d\d|[A-Z][a-z]{2}\d\d|\d{4})\s+(?<tty>\?|\S+)\s+(?<time>(?:\d+-)?\d\d:\d\d:\d\d)\s+(?<cmd>.*)$",
        skip: r"^UID\s+PID\s+PPID\s+C\s+STIME\s+TTY\s+TIME\s+CMD$",
        headings: &["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
        types: &[("pid", Int), ("ppid", Int), ("c", Int)],
        ..PLAIN
    },
    Tool {
        name: "mount",
        row: r"^(?<source>.+?) on (?<target>/.*?) type (?<fstype>\S+) \((?<options>[^)]*)\)(?: \[(?<label>.*)\])?$",
        optional: &["label"],
        ..PLAIN
    },
    Tool {
        name: "/proc/mounts",
        row: r"^(?<source>\S+)\s+(?<target>/\S*|none|swap)\s+(?<fstype>[a-z][\w.,]*)\s+(?<options>\S+)\s+(?<dump>[0-2])\s+(?<pass>[0-2])\s*$",
        skip: r"^\s*#",
        types: &[("dump", Int), ("pass", Int)],
        ..PLAIN
    },
    Tool {
        name: "/etc/passwd",
        row: r"^(?<name>[^:\s]+):(?<password>[^:]*):(?<uid>\d+):(?<gid>\d+):(?<comment>[^:]*):(?<home>[^:]*):(?<shell>[^:]*)$",
        skip: r"^#",
        types: &[("uid", Int), ("gid", Int)],
        ..PLAIN
    },
    Tool {
        name: "/etc/group",
        row: r"^(?<name>[^:\s]+):(?<password>[^:]*):(?<gid>\d+):(?<members>[^:\s]*)$",
        skip: r"^#",
        types: &[("gid", Int)],
        ..PLAIN
    },
    Tool {
        name: "who",
        row: r"^(?<user>[^\s\[]+)\s+(?:[-+?]\s+)?(?<tty>\S+)\s+(?<time>\d{4}-\d\d-\d\d \d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d)(?:\s+\((?<from>[^)]*)\))?$",
        ..PLAIN
    },
    Tool {
        name: "last",
        row: r"^(?<user>\S+)\s+(?<tty>system boot|system down|\S+)\s+(?<from>\S.*?)??\s+(?<login>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d(?: \d{4})?)?)(?:\s+-)?\s*(?<logout>still logged in|still running|gone - no logout|crash|down|\d\d:\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d(?: \d{4})?)?)?(?:\s+\((?<lasted>[\d+:]+)\))?\s*$",
        skip: r"^[uwb]tmp begins ",
        types: &[("lasted", Up)],
        ..PLAIN
    },
    Tool {
        name: "dmesg -T",
        row: r"^\[(?<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] (?<message>.*)$",
        types: &[("time", Moment)],
        ..PLAIN
    },
    Tool {
        name: "dmesg",
        row: r"^\[\s*(?<since_boot>\d+\.\d{6})\] (?<message>.*)$",
        types: &[("since_boot", Seconds)],
        ..PLAIN
    },
    Tool {
        name: "journalctl -o short-iso",
        row: r"^(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[-+]\d\d:?\d\d)) (?<host>\S+) (?<unit>[^\s\[:][^\[:]*)(?:\[(?<pid>\d+)\])?: (?<message>.*)$",
        skip: r"^-- .* --$",
        types: &[("time", Moment), ("pid", Int)],
        ..PLAIN
    },
    Tool {
        name: "journalctl",
        row: r"^(?<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) (?<host>\S+) (?<unit>[^\s\[:][^\[:]*)(?:\[(?<pid>\d+)\])?: (?<message>.*)$",
        skip: r"^-- .* --$",
        types: &[("pid", Int)],
        ..PLAIN
    },
    Tool {
        name: "rpm -qa",
        row: r"^(?<name>[A-Za-z0-9][\w.+-]*)-(?<version>[^-\s]+)-(?<release>[^-\s]+)\.(?<arch>x86_64|noarch|aarch64|i[3-6]86|ppc64le|s390x|riscv64|armv7hl)$",
        ..PLAIN
    },
    Tool {
        name: "dpkg -l",
        row: r"^(?<status>[uihrp][ncHUFWti][ R]?)\s+(?<name>\S+)\s+(?<version>\S+)\s+(?<architecture>\S+)\s+(?<description>.*)$",
        skip: r"^(?:Desired=|\| Status=|\|/ |\|\|/ |\+\+\+-)",
        ..PLAIN
    },
    Tool {
        name: "/proc/net/dev",
        row: r"^\s*(?<interface>[^:\s]+):\s*(?<rx_bytes>\d+)\s+(?<rx_packets>\d+)\s+(?<rx_errors>\d+)\s+(?<rx_dropped>\d+)\s+(?<rx_fifo>\d+)\s+(?<rx_frame>\d+)\s+(?<rx_compressed>\d+)\s+(?<rx_multicast>\d+)\s+(?<tx_bytes>\d+)\s+(?<tx_packets>\d+)\s+(?<tx_errors>\d+)\s+(?<tx_dropped>\d+)\s+(?<tx_fifo>\d+)\s+(?<tx_collisions>\d+)\s+(?<tx_carrier>\d+)\s+(?<tx_compressed>\d+)\s*$",
        skip: r"^Inter-\||^ face \|",
        types: &[
            ("rx_bytes", Bytes),
            ("rx_packets", Int),
            ("rx_errors", Int),
            ("rx_dropped", Int),
            ("rx_fifo", Int),
            ("rx_frame", Int),
            ("rx_compressed", Int),
            ("rx_multicast", Int),
            ("tx_bytes", Bytes),
            ("tx_packets", Int),
            ("tx_errors", Int),
            ("tx_dropped", Int),
            ("tx_fifo", Int),
            ("tx_collisions", Int),
            ("tx_carrier", Int),
            ("tx_compressed", Int),
        ],
        ..PLAIN
    },
    Tool {
        name: "/proc/diskstats",
        row: r"^\s*(?<major>\d+)\s+(?<minor>\d+)\s+(?<device>\S+)\s+(?<reads>\d+)\s+(?<reads_merged>\d+)\s+(?<sectors_read>\d+)\s+(?<read_ms>\d+)\s+(?<writes>\d+)\s+(?<writes_merged>\d+)\s+(?<sectors_written>\d+)\s+(?<write_ms>\d+)\s+(?<in_progress>\d+)\s+(?<io_ms>\d+)\s+(?<weighted_ms>\d+)(?:\s+\d+)*\s*$",
        types: &[
            ("major", Int),
            ("minor", Int),
            ("reads", Int),
            ("reads_merged", Int),
            ("sectors_read", Int),
            ("read_ms", Int),
            ("writes", Int),
            ("writes_merged", Int),
            ("sectors_written", Int),
            ("write_ms", Int),
            ("in_progress", Int),
            ("io_ms", Int),
            ("weighted_ms", Int),
        ],
        ..PLAIN
    },
    Tool {
        name: "ip route",
        mark: " dev ",
        row: r"^(?:(?<kind>blackhole|unreachable|prohibit|local|broadcast|multicast) )?(?<destination>default|\d+(?:\.\d+){3}(?:/\d+)?|[0-9a-f]*:[0-9a-f:.]*(?:/\d+)?)(?: via (?:inet6 )?(?<via>\S+))?(?: dev (?<dev>\S+))?(?: table (?<table>\S+))?(?: proto (?<proto>\S+))?(?: scope (?<scope>\S+))?(?: src (?<src>\S+))?(?: metric (?<metric>\d+))?(?<flags>(?: (?:mtu|pref|linkdown|onlink|dead|hoplimit|error|expires|[\w-]+))*)\s*$",
        types: &[("metric", Int)],
        optional: &["kind", "table", "flags"],
        ..PLAIN
    },
    Tool {
        name: "ip neigh",
        row: r"^(?<address>[0-9a-f.:]+) dev (?<dev>\S+)(?: lladdr (?<lladdr>\S+))?(?: (?<flags>(?:router|proxy|extern_learn)(?: \w+)*?))? (?<state>REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE|PERMANENT|NOARP|NONE)\s*$",
        optional: &["flags"],
        ..PLAIN
    },
    Tool {
        name: "chronyc sources",
        row: r"^(?<mode>[\^=#])(?<status>[*+x?~-])\s+(?<name>\S+)\s+(?<stratum>\d+)\s+(?<poll>\d+)\s+(?<reach>\d+)\s+(?<last_rx>\S+)\s+(?<last_sample>.*)$",
        skip: r"^MS Name/IP|^=+$|^210 Number|^\.--|^\s*/ \.-|^\s*\|",
        types: &[("stratum", Int), ("poll", Int)],
        ..PLAIN
    },
    Tool {
        name: "checksums",
        row: r"^(?<hash>[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}) [ *](?<path>.+)$",
        ..PLAIN
    },
    Tool {
        name: "du",
        row: r"^(?<size>\d+(?:[.,]\d)?[KMGTPE])\t(?<path>.+)$",
        types: &[("size", Bytes)],
        ..PLAIN
    },
    Tool {
        name: "du",
        row: r"^(?<size>\d+)\t(?<path>(?:/|\.).*|total)$",
        types: &[("size", Int)],
        no_unit: "`du -h` does",
        ..PLAIN
    },
    Tool {
        name: "wc",
        row: r"^\s*(?<lines>\d+)\s+(?<words>\d+)\s+(?<bytes>\d+) (?<path>\.{0,2}/.*|total)$",
        types: &[("lines", Int), ("words", Int), ("bytes", Bytes)],
        ..PLAIN
    },
    Tool {
        name: "wc",
        row: r"^\s*(?<count>\d+) (?<path>\.{0,2}/.*|total)$",
        types: &[("count", Int)],
        ..PLAIN
    },
    Tool {
        name: "uniq -c",
        row: r"^(?<count> {6}\d| {5}\d{2}| {4}\d{3}| {3}\d{4}| {2}\d{5}| \d{6}|\d{7,}) (?<line>.*)$",
        types: &[("count", Int)],
        ..PLAIN
    },
    Tool {
        name: "stat",
        begin: Begin::With("  File: "),
        mark: "  File: ",
        row: r"^  File: (?<path>.*?)(?: -> (?<target>.*))?\n\s+Size: (?<size>\d+)\s+Blocks: (?<blocks>\d+)\s+IO Block: (?<io_block>\d+)\s+(?<kind>.*)\nDevice: (?<device>\S+)\s+Inode: (?<inode>\d+)\s+Links: (?<links>\d+)(?:\s+Device type: (?<device_type>\S+))?\s*\nAccess: \((?<mode>\d+)/(?<permissions>\S+)\)\s+Uid: \(\s*(?<uid>\d+)/\s*(?<owner>\S+)\)\s+Gid: \(\s*(?<gid>\d+)/\s*(?<group>\S+)\)\n(?:Context: (?<context>.*)\n)?Access: (?<accessed>.*)\nModify: (?<modified>.*)\nChange: (?<changed>.*)\n(?: Birth: (?<born>.*)\n?)?\s*$",
        types: &[
            ("size", Bytes),
            ("blocks", Int),
            ("io_block", Bytes),
            ("inode", Int),
            ("links", Int),
            ("uid", Int),
            ("gid", Int),
            ("accessed", Moment),
            ("modified", Moment),
            ("changed", Moment),
            ("born", Moment),
        ],
        optional: &["target", "device_type", "context"],
        ..PLAIN
    },
];
