//! Processor time and load.

use std::time::Duration;

use hailer_protocol::metrics::Cpu;
use hailer_protocol::table::Row;
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::history::Between;
use crate::procfs::loadavg::{self, LoadAverage};
use crate::procfs::stat::{CpuTimes, Stat};
use crate::units;

impl Collector {
    pub(crate) fn cpu(&mut self, what: Cpu, now: Mono) -> Rows {
        let rows = match what {
            Cpu::Utilization => return self.between_stats(now, |b| vec![vec![utilization(b)]]),
            Cpu::UtilizationByMode => return self.between_stats(now, utilization_by_mode),
            Cpu::UtilizationByCpu => return self.between_stats(now, utilization_by_cpu),
            Cpu::Time => time_by_mode(&self.stat()?, self.ticks_per_second),
            Cpu::Count => vec![vec![processors(&self.stat()?)]],
            Cpu::Load1 => vec![vec![self.load_average()?.one.into()]],
            Cpu::Load5 => vec![vec![self.load_average()?.five.into()]],
            Cpu::Load15 => vec![vec![self.load_average()?.fifteen.into()]],
        };
        Ok(Readiness::Ready(rows))
    }

    pub(crate) fn load_average(&mut self) -> Result<LoadAverage, CollectError> {
        Ok(loadavg::parse(&self.files.text(Tree::Proc, "loadavg")?))
    }
}

/// Returns the number of processors online; null where the kernel lists none.
pub(crate) fn processors(stat: &Stat) -> Value {
    match stat.each.len() {
        0 => Value::Null,
        n => units::count(n as u64),
    }
}

fn busy_share(earlier: &CpuTimes, later: &CpuTimes) -> Value {
    let spent = later.since(earlier);
    units::share(spent.busy(), spent.total())
}

fn utilization(b: &Between<'_, Stat>) -> Value {
    let both = b.earlier.all.zip(b.later.all);
    both.map(|(earlier, later)| busy_share(&earlier, &later))
        .into()
}

fn utilization_by_mode(b: &Between<'_, Stat>) -> Vec<Row> {
    let Some((earlier, later)) = b.earlier.all.zip(b.later.all) else {
        return Vec::new();
    };
    let spent = later.since(&earlier);
    let total = spent.total();
    spent
        .by_mode()
        .into_iter()
        .map(|(mode, ticks)| vec![mode.into(), units::share(ticks, total)])
        .collect()
}

fn utilization_by_cpu(b: &Between<'_, Stat>) -> Vec<Row> {
    b.later
        .each
        .iter()
        .enumerate()
        .map(|(i, (cpu, later))| {
            // Processors come and go while the machine runs, but seldom.
            let same = |(n, _): &&(u32, CpuTimes)| n == cpu;
            let earlier = b.earlier.each.get(i).filter(same);
            let earlier = earlier.or_else(|| b.earlier.each.iter().find(same));
            let busy = earlier.map(|(_, earlier)| busy_share(earlier, later));
            vec![Value::Int(i64::from(*cpu)), busy.into()]
        })
        .collect()
}

fn time_by_mode(stat: &Stat, ticks_per_second: u64) -> Vec<Row> {
    let Some(all) = stat.all else {
        return Vec::new();
    };
    all.by_mode()
        .into_iter()
        .map(|(mode, ticks)| {
            let time = ticks_to_time(ticks, ticks_per_second);
            vec![mode.into(), units::duration(time)]
        })
        .collect()
}

fn ticks_to_time(ticks: u64, ticks_per_second: u64) -> Duration {
    let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procfs::stat::parse;

    fn between<R>(earlier: &str, later: &str, f: impl Fn(&Between<'_, Stat>) -> R) -> R {
        f(&Between {
            earlier: &parse(earlier),
            later: &parse(later),
            elapsed: Duration::from_secs(1),
        })
    }

    #[test]
    fn utilization_is_what_was_neither_idle_nor_waiting() {
        let (a, b) = ("cpu 100 0 100 800 0 0 0 0", "cpu 120 0 110 860 5 0 0 5");
        assert_eq!(between(a, b, utilization), Value::Percent(35.0));
        let rows = between(a, b, utilization_by_mode);
        assert_eq!(rows[0], [Value::from("user"), Value::Percent(20.0)]);
        assert_eq!(rows[4], [Value::from("iowait"), Value::Percent(5.0)]);
        assert_eq!(rows[7], [Value::from("steal"), Value::Percent(5.0)]);
    }

    #[test]
    fn no_time_between_two_readings_is_null() {
        let same = "cpu 1 2 3 4";
        assert_eq!(between(same, same, utilization), Value::Null);
        assert_eq!(between("", same, utilization), Value::Null);
    }

    #[test]
    fn a_processor_that_came_online_in_between_is_null() {
        let rows = between(
            "cpu0 0 0 0 10\ncpu3 0 0 0 10",
            "cpu0 10 0 0 10\ncpu1 5 0 0 5\ncpu3 0 0 0 20",
            utilization_by_cpu,
        );
        let expected = [
            vec![Value::Int(0), Value::Percent(100.0)],
            vec![Value::Int(1), Value::Null],
            vec![Value::Int(3), Value::Percent(0.0)],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn ticks_are_hundredths_of_a_second() {
        assert_eq!(ticks_to_time(150, 100), Duration::from_millis(1500));
        assert_eq!(
            ticks_to_time(u64::MAX, 1),
            Duration::from_nanos(u64::MAX),
            "what does not fit is the largest"
        );
    }
}
