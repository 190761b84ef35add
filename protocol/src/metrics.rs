//! The closed list of metrics: what a node can be asked to measure, under which names, and the
//! columns of the answer.
//!
//! Plain data, so that the shell completes, checks and documents a metric by the same entry that
//! the agent answers by. Names follow OpenTelemetry's `system.*` metrics; where one of those would
//! mix a total with its parts, the total has the plain name and the parts have a name with `by_`.
//! What is not in this list cannot be measured: there are no free-form metrics here.

mod entries;
mod facts;

pub use facts::{FACTS, Fact, FactField};

use crate::table::Column;
use crate::value::DataType;

/// The prefix that may be left out of every metric's name.
pub const PREFIX: &str = "system.";

/// The column that holds the measured value in every metric's table.
pub const VALUE_COLUMN: &str = "value";

/// Rows that `system.top.cpu` and `system.top.memory` have, unless the agent is set otherwise.
pub const TOP_ROWS_DEFAULT: usize = 10;

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The full name, `system.memory.utilization`.
    pub name: &'static str,
    /// Short names, the preferred one first.
    pub short: &'static [&'static str],
    /// What is measured; a collector matches on it.
    pub measure: Measure,
    /// How the value relates to time.
    pub kind: Kind,
    /// Columns that tell the rows apart, before `value`; a metric without any has one row.
    pub dimensions: &'static [Dimension],
    /// The type of column `value`.
    pub data_type: DataType,
    /// Columns after `value` that describe the same thing.
    pub extras: &'static [Dimension],
    /// What it means, in one sentence without a full stop.
    pub description: &'static str,
}

/// A column of a metric's table besides `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimension {
    /// The column's name.
    pub name: &'static str,
    /// The column's type.
    pub data_type: DataType,
}

/// How a metric's value relates to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The value as it is now.
    Gauge,
    /// A count since boot, which only grows.
    Counter,
    /// A share of the time between two readings.
    Share,
    /// A counter's growth a second between two readings.
    Rate,
}

/// What a metric measures, by the area that one collector file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Processor time and load.
    Cpu(Cpu),
    /// Main memory.
    Memory(Memory),
    /// Swap.
    Paging(Paging),
    /// Mounted filesystems.
    Filesystem(Filesystem),
    /// Block devices.
    Disk(Disk),
    /// Network interfaces.
    Network(Network),
    /// Processes as a whole.
    Processes(Processes),
    /// Pressure stall information.
    Pressure(Pressure),
    /// The machine as a whole.
    Host(Host),
    /// The processes that use most of something.
    Top(Top),
}

/// Measures of processor time and load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cpu {
    /// Busy share of all processors.
    Utilization,
    /// Share of each mode, over all processors.
    UtilizationByMode,
    /// Busy share of each processor.
    UtilizationByCpu,
    /// Time spent in each mode since boot.
    Time,
    /// Processors online.
    Count,
    /// Load average over one minute.
    Load1,
    /// Load average over five minutes.
    Load5,
    /// Load average over fifteen minutes.
    Load15,
}

/// Measures of main memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Share that is not available to new work.
    Utilization,
    /// Bytes by part.
    Usage,
    /// Bytes available to new work without swapping.
    Available,
    /// Bytes in all.
    Limit,
    /// Processes killed for want of memory since boot.
    OomKills,
}

/// Measures of swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paging {
    /// Used share.
    Utilization,
    /// Bytes used and free.
    Usage,
    /// Pages moved in and out since boot.
    Operations,
}

/// Measures of mounted filesystems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filesystem {
    /// Used share of the space that an ordinary user could use.
    Utilization,
    /// Bytes used.
    Usage,
    /// Bytes left for an ordinary user.
    Free,
    /// Bytes in all.
    Limit,
    /// Used share of the inodes.
    InodesUtilization,
    /// Inodes left.
    InodesFree,
    /// Whether it is mounted read-only.
    ReadOnly,
}

/// Measures of block devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disk {
    /// Bytes since boot.
    Io,
    /// Bytes a second.
    IoRate,
    /// Finished operations since boot.
    Operations,
    /// Finished operations a second.
    OperationsRate,
    /// Time with at least one operation under way, since boot.
    IoTime,
    /// Share of time with at least one operation under way.
    Utilization,
    /// Operations under way now.
    Pending,
}

/// Measures of network interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// Bytes since the interface came up.
    Io,
    /// Bytes a second.
    IoRate,
    /// Packets since the interface came up.
    Packets,
    /// Packets a second.
    PacketsRate,
    /// Packets with errors since the interface came up.
    Errors,
    /// Packets with errors a second.
    ErrorsRate,
    /// Packets dropped since the interface came up.
    Dropped,
    /// Packets dropped a second.
    DroppedRate,
}

/// Measures of the processes as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processes {
    /// Processes in each status.
    Count,
    /// Threads of all processes.
    Threads,
    /// Processes and threads started since boot.
    Created,
    /// Processes and threads started a second.
    CreatedRate,
}

/// Resources whose shortage stalls tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pressure {
    /// Processors.
    Cpu,
    /// Memory.
    Memory,
    /// Block devices.
    Io,
}

/// Measures of the machine as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// Time since boot.
    Uptime,
    /// Open file descriptions of all processes.
    FilesOpen,
    /// The kernel's bound on them.
    FilesLimit,
    /// The one as a share of the other.
    FilesUtilization,
}

/// What the per-process tables are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Top {
    /// Processor time between two readings.
    Cpu,
    /// Resident memory.
    Memory,
}

/// No metric has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no metric is called `{name}`")]
pub struct UnknownMetric {
    /// The name that was asked for.
    pub name: String,
    /// The known name or short name that is nearest, where one is near.
    pub nearest: Option<&'static str>,
}

/// Returns every metric, grouped by area.
#[must_use]
pub const fn catalog() -> &'static [Metric] {
    entries::METRICS
}

/// Finds a metric by full name, name without `system.`, or short name.
///
/// # Errors
/// [`UnknownMetric`], with the nearest known name where one is near.
pub fn find(name: &str) -> Result<&'static Metric, UnknownMetric> {
    catalog()
        .iter()
        .find(|metric| metric.names().any(|known| known == name))
        .ok_or_else(|| UnknownMetric {
            name: name.to_owned(),
            nearest: nearest(name),
        })
}

impl Metric {
    /// Returns all names that [`find`] takes for this metric: full, without prefix, short.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.bare_name()]
            .into_iter()
            .chain(self.short.iter().copied())
    }

    /// Returns the full name without `system.`.
    #[must_use]
    pub fn bare_name(&self) -> &'static str {
        self.name.strip_prefix(PREFIX).unwrap_or(self.name)
    }

    /// Whether an answer needs two readings with time between them.
    #[must_use]
    pub const fn needs_two_readings(&self) -> bool {
        match self.kind {
            Kind::Gauge | Kind::Counter => false,
            Kind::Share | Kind::Rate => true,
        }
    }

    /// Returns the unit of column `value`, as documentation prints it.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match (self.data_type, self.kind) {
            (DataType::Percent, _) => "points",
            (DataType::Size, Kind::Rate) => "bytes/s",
            (DataType::Size, _) => "bytes",
            (DataType::Duration | DataType::Time, _) => "time",
            (DataType::Int | DataType::Float, Kind::Rate) => "1/s",
            (DataType::Int | DataType::Float, _) => "number",
            (DataType::Bool, _) => "yes/no",
            (DataType::Str | DataType::Null, _) => "text",
        }
    }

    /// Returns the columns of this metric's table: dimensions, `value`, extras.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::with_capacity(self.dimensions.len() + 1 + self.extras.len());
        columns.extend(self.dimensions.iter().map(Dimension::column));
        columns.push(Column::new(VALUE_COLUMN, self.data_type));
        columns.extend(self.extras.iter().map(Dimension::column));
        columns
    }
}

impl Dimension {
    fn column(&self) -> Column {
        Column::new(self.name, self.data_type)
    }
}

/// What habit calls a metric, after other tools, and its short name here.
#[rustfmt::skip]
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["cpu_usage", "cpu_util", "cpu_used", "cpu_percent", "cpu_pct", "cpu_busy", "cpu_load", "processor"], "cpu"),
    (&["load_average", "loadavg", "load_avg", "system_load", "uptime_load"], "load"),
    (&["memory", "ram", "mem_percent", "mem_pct", "mem_util", "mem_used_percent", "memory_percent", "ram_usage"], "mem"),
    (&["mem_free", "memory_free", "free"], "mem_available"),
    (&["disk_usage", "disk_percent", "disk_pct", "disk_util", "disk_full", "disk_space", "df", "fs", "fs_usage", "filesystem", "fs_usage_percent"], "disk"),
    (&["disk_iops", "disk_throughput", "iostat", "io"], "disk_rate"),
    (&["swap_percent", "swap_used", "swap_pct"], "swap"),
    (&["inode_usage", "inodes_used", "inode"], "inodes"),
    (&["oom", "oom_kill", "ooms"], "oom_kills"),
];

/// Returns the known name that is meant by habit, or else the one that takes the fewest edits.
fn nearest(name: &str) -> Option<&'static str> {
    let plain: String = name
        .to_lowercase()
        .chars()
        .take(NAME_MAX)
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    let habit = ELSEWHERE
        .iter()
        .find(|(names, _)| names.contains(&plain.as_str()))
        .map(|(_, short)| *short);
    habit.or_else(|| crate::nearest::nearest(name, catalog().iter().flat_map(Metric::names)))
}

/// No name has more characters.
const NAME_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_metric_is_found_by_each_of_its_names_and_no_name_means_two_metrics() {
        for metric in catalog() {
            for name in metric.names() {
                assert_eq!(find(name).map(|m| m.name), Ok(metric.name), "{name}");
            }
        }
    }

    #[test]
    fn a_measure_stands_in_the_catalog_once() {
        let mut seen = std::collections::HashSet::new();
        for metric in catalog() {
            assert!(seen.insert(metric.measure), "{}", metric.name);
        }
    }

    #[test]
    fn names_are_lower_case_and_start_with_the_prefix() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        for metric in catalog() {
            assert!(metric.name.starts_with(PREFIX), "{}", metric.name);
            assert!(
                metric.name.chars().all(|c| plain(c) || c == '.'),
                "{}",
                metric.name
            );
            assert!(
                !metric.short.is_empty(),
                "{} has no short name",
                metric.name
            );
            for short in metric.short {
                assert!(short.chars().all(plain), "{short}");
            }
        }
    }

    #[test]
    fn columns_are_unique_and_none_is_reserved() {
        let reserved = [
            "node",
            "state",
            "rc",
            "ms",
            "bytes",
            "truncated",
            "out",
            "err",
        ];
        for metric in catalog() {
            let columns = metric.columns();
            let names: BTreeSet<&str> = columns.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(names.len(), columns.len(), "{}", metric.name);
            assert!(names.contains(VALUE_COLUMN));
            assert!(
                reserved.iter().all(|r| !names.contains(r)),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn descriptions_are_one_line_without_a_full_stop() {
        let metrics = catalog().iter().map(|m| m.description);
        for text in metrics.chain(FACTS.iter().map(|f| f.description)) {
            assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            assert!(!text.contains(['\n', '|']), "{text}");
        }
    }

    #[test]
    fn a_typing_mistake_names_the_nearest_metric() {
        let check = |asked: &str, expected: Option<&str>| {
            let unknown = find(asked).expect_err("it is misspelt");
            assert_eq!(unknown.nearest, expected, "{asked}");
            assert_eq!(unknown.name, asked);
        };
        check("lod1", Some("load1"));
        check("laod1", Some("load1"));
        check("MEM", Some("mem"));
        check("memory.utilisation", Some("memory.utilization"));
        check("system.filesystem.usge", Some("system.filesystem.usage"));
        check("kubernetes.pods", None);
        check("", None);
        check(&"x".repeat(100_000), None);
    }

    #[test]
    fn what_other_tools_call_a_metric_leads_to_ours() {
        for (asked, expected) in [
            ("cpu_usage", "cpu"),
            ("cpu.usage", "cpu"),
            ("Load-Average", "load"),
            ("disk_usage", "disk"),
        ] {
            let unknown = find(asked).expect_err("not ours");
            assert_eq!(unknown.nearest, Some(expected), "{asked}");
        }
        for (names, short) in ELSEWHERE {
            assert!(find(short).is_ok(), "{short}");
            for name in *names {
                assert!(find(name).is_err(), "{name} is a name of ours");
            }
        }
    }

    #[test]
    fn fact_names_and_fields_are_unique() {
        let names: BTreeSet<&str> = FACTS.iter().map(|f| f.name).collect();
        assert_eq!(names.len(), FACTS.len());
        let fields: std::collections::HashSet<FactField> = FACTS.iter().map(|f| f.field).collect();
        assert_eq!(fields.len(), FACTS.len());
    }
}
