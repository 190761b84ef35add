//! The collector: from a metric of the catalog to its table.
//!
//! It reads files and calls `statvfs`, and does nothing else: it starts no process, reads no
//! clock and does not wait. A metric that is measured between two readings answers with the time
//! to wait; the caller waits however it likes and asks again.

use std::time::Duration;

use hailer_protocol::metrics::{Measure, Metric, TOP_ROWS_DEFAULT};
use hailer_protocol::table::{Row, Table};
use hailer_protocol::time::Mono;

use crate::error::CollectError;
use crate::files::{Files, Roots, Tree};
use crate::history::{Between, History};
use crate::procfs::diskstats::DiskStat;
use crate::procfs::net_dev::NetDev;
use crate::procfs::stat::{self, Stat};
use crate::top::ProcessTime;

/// What can be set about collecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The least time between two readings that are compared. Processor time is counted in
    /// hundredths of a second, so that less than the default measures noise.
    pub interval: Duration,
    /// Rows of `system.top.cpu` and `system.top.memory`.
    pub top_rows: usize,
    /// Whether network and FUSE filesystems are asked for their space too. A server that does not
    /// answer blocks the call without end, which is why they are left out unless this is set.
    pub network_filesystems: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            top_rows: TOP_ROWS_DEFAULT,
            network_filesystems: false,
        }
    }
}

/// An answer, or how long to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness<T> {
    /// The answer.
    Ready(T),
    /// A first reading is kept; ask again after this time. Sooner is harmless, and later than ten
    /// seconds starts anew.
    NeedsSecondReading(Duration),
}

impl<T> Readiness<T> {
    /// Makes another answer of the answer.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Readiness<U> {
        match self {
            Self::Ready(answer) => Readiness::Ready(make(answer)),
            Self::NeedsSecondReading(wait) => Readiness::NeedsSecondReading(wait),
        }
    }
}

/// What one area answers.
pub(crate) type Rows = Result<Readiness<Vec<Row>>, CollectError>;

/// Reads one node's metrics and facts, and keeps the last readings that rates need.
///
/// Reading `/proc` does not block, `statvfs` on a failing device can: an async caller probes on a
/// thread that may be blocked.
#[derive(Debug)]
pub struct Collector {
    pub(crate) files: Files,
    pub(crate) settings: Settings,
    /// Ticks of processor time in a second.
    pub(crate) ticks_per_second: u64,
    pub(crate) page_bytes: u64,
    pub(crate) stats: History<Stat>,
    pub(crate) disks: History<Vec<DiskStat>>,
    pub(crate) networks: History<Vec<NetDev>>,
    pub(crate) processes: History<Vec<ProcessTime>>,
}

impl Default for Collector {
    fn default() -> Self {
        Self::new(Roots::default(), Settings::default())
    }
}

impl Collector {
    /// Makes a collector that has read nothing yet.
    #[must_use]
    pub fn new(roots: Roots, settings: Settings) -> Self {
        Self {
            files: Files::new(roots),
            settings,
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
            page_bytes: rustix::param::page_size() as u64,
            stats: History::default(),
            disks: History::default(),
            networks: History::default(),
            processes: History::default(),
        }
    }

    /// Measures one metric now: a table with the metric's [columns](Metric::columns).
    ///
    /// `now` is the time of the reading; rates are over the time between two of them.
    ///
    /// # Errors
    /// [`CollectError`] where the metric's source cannot be read. Fields that the source lacks are
    /// nulls in the table.
    pub fn probe(&mut self, metric: &Metric, now: Mono) -> Result<Readiness<Table>, CollectError> {
        let rows = match metric.measure {
            Measure::Cpu(what) => self.cpu(what, now),
            Measure::Memory(what) => self.memory(what),
            Measure::Paging(what) => self.paging(what),
            Measure::Filesystem(what) => self.filesystem(what),
            Measure::Disk(what) => self.disk(what, now),
            Measure::Network(what) => self.network(what, now),
            Measure::Processes(what) => self.processes(what, now),
            Measure::Pressure(what) => self.pressure(what),
            Measure::Host(what) => self.host(what),
            Measure::Top(what) => self.top(what, now),
        }?;
        Ok(rows.map(|rows| Table {
            columns: metric.columns(),
            rows,
        }))
    }

    pub(crate) fn stat(&mut self) -> Result<Stat, CollectError> {
        Ok(stat::parse(&self.files.text(Tree::Proc, "stat")?))
    }

    /// Compares two readings of `/proc/stat`.
    pub(crate) fn between_stats(
        &mut self,
        now: Mono,
        rows: impl FnOnce(&Between<'_, Stat>) -> Vec<Row>,
    ) -> Rows {
        let stat = self.stat()?;
        Ok(self.stats.compare(now, self.settings.interval, stat, rows))
    }
}
