//! Block devices: whole ones, without loop and RAM disks and without any that was never used.
//!
//! A partition's work is its device's too, so that showing both would count it twice.

use std::time::Duration;

use hailer_protocol::metrics::Disk;
use hailer_protocol::table::Row;
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::{Files, Tree};
use crate::history::Between;
use crate::procfs::diskstats::{self, DiskStat};
use crate::units;

/// A counter of each direction.
type Counters = fn(&DiskStat) -> [Option<u64>; 2];

const BYTES: Counters = |disk| [disk.read_bytes, disk.written_bytes];
const OPERATIONS: Counters = |disk| [disk.reads, disk.writes];
const DIRECTIONS: [&str; 2] = ["read", "write"];

impl Collector {
    pub(crate) fn disk(&mut self, what: Disk, now: Mono) -> Rows {
        let ready = match what {
            Disk::Io => counters(&self.disk_stats()?, BYTES, units::size),
            Disk::Operations => counters(&self.disk_stats()?, OPERATIONS, units::count),
            Disk::IoTime => by_device(&self.disk_stats()?, |disk| {
                let time = disk.io_time_ms.map(Duration::from_millis);
                time.map(units::duration).into()
            }),
            Disk::Pending => by_device(&self.disk_stats()?, |disk| {
                disk.pending.map(units::count).into()
            }),
            Disk::IoRate => {
                return self.between_disks(now, |b| rates(b, BYTES, units::size_rate));
            }
            Disk::OperationsRate => {
                return self.between_disks(now, |b| rates(b, OPERATIONS, Value::Float));
            }
            Disk::Utilization => return self.between_disks(now, utilization),
        };
        Ok(Readiness::Ready(ready))
    }

    fn between_disks(
        &mut self,
        now: Mono,
        rows: impl FnOnce(&Between<'_, Vec<DiskStat>>) -> Vec<Row>,
    ) -> Rows {
        let disks = self.disk_stats()?;
        let interval = self.settings.interval;
        Ok(self.disks.compare(now, interval, disks, rows))
    }

    fn disk_stats(&mut self) -> Result<Vec<DiskStat>, CollectError> {
        let mut disks = diskstats::parse(&self.files.text(Tree::Proc, "diskstats")?);
        disks.retain(|disk| was_used(disk) && !is_memory_or_loop(&disk.device));
        // Without sysfs nothing tells a partition from a device: better both than none.
        if self.files.exists(Tree::Sys, "block") {
            disks.retain(|disk| is_whole(&mut self.files, &disk.device));
        }
        Ok(disks)
    }
}

fn was_used(disk: &DiskStat) -> bool {
    disk.reads != Some(0) || disk.writes != Some(0) || disk.pending.is_some_and(|n| n > 0)
}

fn is_memory_or_loop(device: &str) -> bool {
    ["loop", "ram"].iter().any(|kind| {
        device
            .strip_prefix(kind)
            .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn is_whole(files: &mut Files, device: &str) -> bool {
    // In sysfs a slash in a device's name is an exclamation mark.
    files.exists(Tree::Sys, &format!("block/{}", device.replace('/', "!")))
}

fn by_device(disks: &[DiskStat], value: impl Fn(&DiskStat) -> Value) -> Vec<Row> {
    disks
        .iter()
        .map(|disk| vec![disk.device.as_str().into(), value(disk)])
        .collect()
}

fn counters(disks: &[DiskStat], counters: Counters, value: fn(u64) -> Value) -> Vec<Row> {
    by_direction(disks, |_, disk| counters(disk).map(|n| n.map(value).into()))
}

fn rates(b: &Between<'_, Vec<DiskStat>>, counters: Counters, value: fn(f64) -> Value) -> Vec<Row> {
    by_direction(b.later, |at, disk| {
        let later = counters(disk);
        let earlier = same_device(b.earlier, at, disk).map_or([None; 2], counters);
        [0, 1].map(|side| {
            units::per_second(earlier[side], later[side], b.elapsed)
                .map(value)
                .into()
        })
    })
}

fn by_direction(disks: &[DiskStat], values: impl Fn(usize, &DiskStat) -> [Value; 2]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(disks.len() * DIRECTIONS.len());
    for (at, disk) in disks.iter().enumerate() {
        for (direction, value) in DIRECTIONS.into_iter().zip(values(at, disk)) {
            rows.push(vec![disk.device.as_str().into(), direction.into(), value]);
        }
    }
    rows
}

fn utilization(b: &Between<'_, Vec<DiskStat>>) -> Vec<Row> {
    b.later
        .iter()
        .enumerate()
        .map(|(at, disk)| {
            let earlier = same_device(b.earlier, at, disk).and_then(|disk| disk.io_time_ms);
            // Milliseconds a second are tenths of a point. The kernel's count is a jiffy coarse
            // and may run ahead of our clock.
            let busy = units::per_second(earlier, disk.io_time_ms, b.elapsed)
                .map(|ms_per_second| units::points((ms_per_second / 10.0).min(100.0)));
            vec![disk.device.as_str().into(), busy.into()]
        })
        .collect()
}

/// Finds a device in another reading: mostly at the same position.
fn same_device<'a>(disks: &'a [DiskStat], at: usize, disk: &DiskStat) -> Option<&'a DiskStat> {
    let same = |other: &&DiskStat| other.device == disk.device;
    let here = disks.get(at).filter(same);
    here.or_else(|| disks.iter().find(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between<R>(earlier: &str, later: &str, f: impl Fn(&Between<'_, Vec<DiskStat>>) -> R) -> R {
        f(&Between {
            earlier: &diskstats::parse(earlier),
            later: &diskstats::parse(later),
            elapsed: Duration::from_secs(1),
        })
    }

    #[test]
    fn rates_are_by_device_and_direction() {
        let rows = between(
            "8 0 sda 10 0 100 0 20 0 200 0 0 1000",
            "8 0 sda 13 0 102 0 20 0 204 0 0 1250",
            |b| (rates(b, BYTES, units::size_rate), utilization(b)),
        );
        let row = |direction: &str, value: Value| vec!["sda".into(), direction.into(), value];
        let expected = [
            row("read", Value::Size(1024)),
            row("write", Value::Size(2048)),
        ];
        assert_eq!(rows.0, expected);
        assert_eq!(rows.1, [vec!["sda".into(), Value::Percent(25.0)]]);
    }

    #[test]
    fn a_device_that_was_replaced_or_is_new_has_no_rate() {
        let rows = between(
            "8 0 sda 10 0 100 0 20 0 200 0 0 1000",
            "8 16 sdb 1 0 1 0 1 0 1 0 0 1\n8 0 sda 1 0 1 0 1 0 1 0 0 1",
            |b| rates(b, OPERATIONS, Value::Float),
        );
        assert!(rows.iter().all(|row| row[2] == Value::Null), "{rows:?}");
    }

    #[test]
    fn a_device_cannot_be_busy_for_longer_than_the_time_that_passed() {
        let rows = between(
            "8 0 sda 1 0 1 0 1 0 1 0 0 1000",
            "8 0 sda 1 0 1 0 1 0 1 0 0 2010",
            utilization,
        );
        assert_eq!(rows[0][1], Value::Percent(100.0));
    }

    #[test]
    fn loop_and_ram_disks_are_told_by_their_numbers() {
        let check = |device: &str, expected: bool| {
            assert_eq!(is_memory_or_loop(device), expected, "{device}");
        };
        check("loop0", true);
        check("ram15", true);
        check("zram0", false);
        check("rama", false);
        check("sda", false);
    }
}
