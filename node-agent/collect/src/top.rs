//! The processes that use most processor time or memory.
//!
//! Commands are the short names that processes give themselves. Their arguments are not read:
//! these may hold secrets.

use hailer_protocol::metrics::Top;
use hailer_protocol::table::Row;
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::history::Between;
use crate::procfs::pid_status;
use crate::units;

/// The processor time of one process, as it is kept until the next reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessTime {
    pid: i64,
    /// Tells two processes of one id apart.
    start_ticks: u64,
    cpu_ticks: u64,
}

/// One process, now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    time: ProcessTime,
    command: String,
    rss_bytes: Option<u64>,
}

impl Collector {
    pub(crate) fn top(&mut self, what: Top, now: Mono) -> Rows {
        let mut processes = self.all_processes()?;
        match what {
            Top::Memory => {
                let memory = self.meminfo()?.total;
                let n = self.settings.top_rows;
                keep_top(&mut processes, n, |process| process.rss_bytes.unwrap_or(0));
                let rows = processes.into_iter().map(|process| {
                    let rss = process.rss_bytes.map(units::size).into();
                    let share = units::share_of(process.rss_bytes, memory);
                    self.row(process, rss, share)
                });
                Ok(Readiness::Ready(rows.collect()))
            }
            Top::Cpu => self.top_cpu(processes, now),
        }
    }

    fn top_cpu(&mut self, mut processes: Vec<Process>, now: Mono) -> Rows {
        let mut times: Vec<ProcessTime> = processes.iter().map(|p| p.time).collect();
        times.sort_unstable_by_key(|time| time.pid);
        let n = self.settings.top_rows;
        let spent_by_top = self
            .processes
            .compare(now, self.settings.interval, times, |b| {
                keep_top(&mut processes, n, |process| spent(b, process.time));
                let spent: Vec<u64> = processes.iter().map(|p| spent(b, p.time)).collect();
                (spent, b.elapsed.as_secs_f64())
            });
        Ok(spent_by_top.map(|(spent, elapsed)| {
            let ticks_available = units::float(self.ticks_per_second) * elapsed;
            let rows = processes.into_iter().zip(spent).map(|(process, ticks)| {
                let points = 100.0 * units::float(ticks) / ticks_available;
                let share = Some(points).filter(|x| x.is_finite()).map(units::points);
                let rss = process.rss_bytes.map(units::size).into();
                self.row(process, share.into(), rss)
            });
            rows.collect()
        }))
    }

    fn all_processes(&mut self) -> Result<Vec<Process>, CollectError> {
        let page_bytes = self.page_bytes;
        let mut processes = Vec::new();
        self.each_process(|process| {
            processes.push(Process {
                time: ProcessTime {
                    pid: process.pid,
                    start_ticks: process.start_ticks.unwrap_or(0),
                    cpu_ticks: process.cpu_ticks.unwrap_or(0),
                },
                command: process.command.to_owned(),
                rss_bytes: process.rss_pages.map(|n| n.saturating_mul(page_bytes)),
            });
        })?;
        Ok(processes)
    }

    fn row(&mut self, process: Process, value: Value, extra: Value) -> Row {
        let status = format!("{}/status", process.time.pid);
        // Null for a process that has ended since.
        let uid = self
            .files
            .text(Tree::Proc, &status)
            .ok()
            .and_then(|text| pid_status::effective_uid(&text));
        vec![
            Value::Int(process.time.pid),
            uid.map(i64::from).into(),
            process.command.into(),
            value,
            extra,
        ]
    }
}

/// Returns the ticks that a process spent between two readings: all of them where it started in
/// between.
fn spent(b: &Between<'_, Vec<ProcessTime>>, later: ProcessTime) -> u64 {
    let earlier = b
        .earlier
        .binary_search_by_key(&later.pid, |time| time.pid)
        .ok()
        .and_then(|at| b.earlier.get(at))
        .filter(|earlier| earlier.start_ticks == later.start_ticks)
        .map_or(0, |earlier| earlier.cpu_ticks);
    later.cpu_ticks.saturating_sub(earlier)
}

/// Keeps the `n` processes with the largest key, largest first; equal ones by process id.
fn keep_top(processes: &mut Vec<Process>, n: usize, key: impl Fn(&Process) -> u64) {
    let order = |a: &Process, b: &Process| {
        key(b)
            .cmp(&key(a))
            .then_with(|| a.time.pid.cmp(&b.time.pid))
    };
    if n < processes.len() {
        processes.select_nth_unstable_by(n, order);
        processes.truncate(n);
    }
    processes.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn time(pid: i64, start_ticks: u64, cpu_ticks: u64) -> ProcessTime {
        ProcessTime {
            pid,
            start_ticks,
            cpu_ticks,
        }
    }

    #[test]
    fn a_new_process_under_an_old_id_has_spent_all_its_time_since() {
        let earlier = vec![time(1, 5, 1000), time(7, 5, 1000), time(9, 5, 1000)];
        let later = Vec::new();
        let b = Between {
            earlier: &earlier,
            later: &later,
            elapsed: Duration::from_secs(1),
        };
        assert_eq!(spent(&b, time(7, 5, 1030)), 30);
        assert_eq!(spent(&b, time(7, 900, 20)), 20, "another process by now");
        assert_eq!(spent(&b, time(8, 900, 15)), 15, "not there before");
        assert_eq!(spent(&b, time(9, 5, 10)), 0, "a count that shrank");
    }

    #[test]
    fn the_largest_come_first_and_equal_ones_by_id() {
        let process = |pid: i64, ticks: u64| Process {
            time: time(pid, 0, ticks),
            command: String::new(),
            rss_bytes: None,
        };
        let check = |n: usize, expected: &[i64]| {
            let mut all: Vec<Process> = [(4, 7), (2, 7), (3, 9), (1, 0), (5, 1)]
                .map(|(pid, ticks)| process(pid, ticks))
                .into();
            keep_top(&mut all, n, |p| p.time.cpu_ticks);
            let pids: Vec<i64> = all.iter().map(|p| p.time.pid).collect();
            assert_eq!(pids, expected, "top {n}");
        };
        check(0, &[]);
        check(3, &[3, 2, 4]);
        check(5, &[3, 2, 4, 5, 1]);
        check(99, &[3, 2, 4, 5, 1]);
    }
}
