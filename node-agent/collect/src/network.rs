//! Network interfaces, the loopback among them.

use std::time::Duration;

use hailer_protocol::metrics::Network;
use hailer_protocol::table::Row;
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::history::Between;
use crate::procfs::net_dev::{self, Direction, NetDev};
use crate::units;

type Counter = fn(&Direction) -> Option<u64>;

const BYTES: Counter = |d| d.bytes;
const PACKETS: Counter = |d| d.packets;
const ERRORS: Counter = |d| d.errors;
const DROPPED: Counter = |d| d.dropped;

impl Collector {
    pub(crate) fn network(&mut self, what: Network, now: Mono) -> Rows {
        match what {
            Network::Io => self.network_counters(BYTES, units::size),
            Network::IoRate => self.network_rates(now, BYTES, units::size_rate),
            Network::Packets => self.network_counters(PACKETS, units::count),
            Network::PacketsRate => self.network_rates(now, PACKETS, Value::Float),
            Network::Errors => self.network_counters(ERRORS, units::count),
            Network::ErrorsRate => self.network_rates(now, ERRORS, Value::Float),
            Network::Dropped => self.network_counters(DROPPED, units::count),
            Network::DroppedRate => self.network_rates(now, DROPPED, Value::Float),
        }
    }

    fn network_counters(&mut self, counter: Counter, value: fn(u64) -> Value) -> Rows {
        let devices = self.net_devices()?;
        Ok(Readiness::Ready(rows(&devices, |direction, _, _| {
            counter(direction).map(value).into()
        })))
    }

    fn network_rates(&mut self, now: Mono, counter: Counter, value: fn(f64) -> Value) -> Rows {
        let devices = self.net_devices()?;
        let interval = self.settings.interval;
        Ok(self
            .networks
            .compare(now, interval, devices, |b| rates(b, counter, value)))
    }

    fn net_devices(&mut self) -> Result<Vec<NetDev>, CollectError> {
        // `net` is a link to `self/net`: the interfaces of the agent's own network namespace.
        Ok(net_dev::parse(&self.files.text(Tree::Proc, "net/dev")?))
    }
}

fn rates(b: &Between<'_, Vec<NetDev>>, counter: Counter, value: fn(f64) -> Value) -> Vec<Row> {
    let elapsed: Duration = b.elapsed;
    rows(b.later, |later, device_at, side| {
        let name = &b.later[device_at].device;
        let same = |dev: &&NetDev| dev.device == *name;
        let earlier = b.earlier.get(device_at).filter(same);
        let earlier = earlier.or_else(|| b.earlier.iter().find(same));
        earlier
            .and_then(|dev| units::per_second(counter(side(dev)), counter(later), elapsed))
            .map(value)
            .into()
    })
}

type Side = fn(&NetDev) -> &Direction;

const SIDES: [(&str, Side); 2] = [
    ("receive", |dev| &dev.received),
    ("transmit", |dev| &dev.transmitted),
];

/// Makes two rows of each interface; `value` gets the direction, the interface's position, and
/// what finds the same direction in another reading.
fn rows(devices: &[NetDev], value: impl Fn(&Direction, usize, Side) -> Value) -> Vec<Row> {
    let mut rows = Vec::with_capacity(devices.len() * SIDES.len());
    for (device_at, dev) in devices.iter().enumerate() {
        for (direction, side) in SIDES {
            rows.push(vec![
                dev.device.as_str().into(),
                direction.into(),
                value(side(dev), device_at, side),
            ]);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_by_device_and_direction_and_null_for_a_new_device() {
        let earlier = net_dev::parse("lo: 0 0 0 0 0 0 0 0 0\neth0: 100 0 0 0 0 0 0 0 500 0");
        let later = net_dev::parse("eth0: 300 0 0 0 0 0 0 0 400 0\nveth1: 9 0 0 0 0 0 0 0 9 0");
        let b = Between {
            earlier: &earlier,
            later: &later,
            elapsed: Duration::from_secs(2),
        };
        let row = |device: &str, direction: &str, value: Value| {
            vec![device.into(), direction.into(), value]
        };
        let expected = [
            row("eth0", "receive", Value::Size(100)),
            row("eth0", "transmit", Value::Null),
            row("veth1", "receive", Value::Null),
            row("veth1", "transmit", Value::Null),
        ];
        assert_eq!(rates(&b, BYTES, units::size_rate), expected);
    }
}
