//! Main memory and swap.

use hailer_protocol::metrics::{Memory, Paging};
use hailer_protocol::value::Value;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::procfs::meminfo::{self, MemInfo};
use crate::procfs::vmstat::{self, VmStat};
use crate::units;

impl Collector {
    pub(crate) fn memory(&mut self, what: Memory) -> Rows {
        let rows = match what {
            Memory::Utilization => vec![vec![utilization(&self.meminfo()?)]],
            Memory::Usage => {
                let info = self.meminfo()?;
                parts([
                    ("used", info.used()),
                    ("free", info.free),
                    ("buffers", info.buffers),
                    ("cached", info.cached),
                    ("slab_reclaimable", info.slab_reclaimable),
                    ("shared", info.shared),
                ])
            }
            Memory::Available => vec![vec![self.meminfo()?.available().map(units::size).into()]],
            Memory::Limit => vec![vec![self.meminfo()?.total.map(units::size).into()]],
            Memory::OomKills => vec![vec![self.vmstat()?.oom_kills.map(units::count).into()]],
        };
        Ok(Readiness::Ready(rows))
    }

    pub(crate) fn paging(&mut self, what: Paging) -> Rows {
        let rows = match what {
            Paging::Utilization => {
                let info = self.meminfo()?;
                vec![vec![units::share_of(swap_used(&info), info.swap_total)]]
            }
            Paging::Usage => {
                let info = self.meminfo()?;
                parts([("used", swap_used(&info)), ("free", info.swap_free)])
            }
            Paging::Operations => {
                let stat = self.vmstat()?;
                vec![
                    vec!["in".into(), stat.swapped_in.map(units::count).into()],
                    vec!["out".into(), stat.swapped_out.map(units::count).into()],
                ]
            }
        };
        Ok(Readiness::Ready(rows))
    }

    pub(crate) fn meminfo(&mut self) -> Result<MemInfo, CollectError> {
        Ok(meminfo::parse(&self.files.text(Tree::Proc, "meminfo")?))
    }

    fn vmstat(&mut self) -> Result<VmStat, CollectError> {
        Ok(vmstat::parse(&self.files.text(Tree::Proc, "vmstat")?))
    }
}

fn utilization(info: &MemInfo) -> Value {
    let taken = info
        .total
        .zip(info.available())
        .map(|(total, available)| total.saturating_sub(available));
    units::share_of(taken, info.total)
}

fn swap_used(info: &MemInfo) -> Option<u64> {
    Some(info.swap_total?.saturating_sub(info.swap_free?))
}

fn parts<const N: usize>(parts: [(&str, Option<u64>); N]) -> Vec<Vec<Value>> {
    parts
        .into_iter()
        .map(|(part, bytes)| vec![part.into(), bytes.map(units::size).into()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilization_is_what_is_not_available() {
        let check = |text: &str, expected: Value| {
            assert_eq!(utilization(&meminfo::parse(text)), expected, "{text}");
        };
        check(
            "MemTotal: 400 kB\nMemAvailable: 100 kB\n",
            Value::Percent(75.0),
        );
        check(
            "MemTotal: 400 kB\nMemFree: 100 kB\nCached: 100 kB\n",
            Value::Percent(50.0),
        );
        check("MemTotal: 400 kB\n", Value::Null);
        check("MemTotal: 0 kB\nMemAvailable: 0 kB\n", Value::Null);
    }

    #[test]
    fn a_machine_without_swap_has_no_share_of_it() {
        let info = meminfo::parse("SwapTotal: 0 kB\nSwapFree: 0 kB\n");
        assert_eq!(
            units::share_of(swap_used(&info), info.swap_total),
            Value::Null
        );
        let info = meminfo::parse("SwapTotal: 8 kB\nSwapFree: 6 kB\n");
        assert_eq!(
            units::share_of(swap_used(&info), info.swap_total),
            Value::Percent(25.0)
        );
    }
}
