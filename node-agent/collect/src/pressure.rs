//! Pressure stall information.

use std::time::Duration;

use hailer_protocol::metrics::Pressure;
use hailer_protocol::table::Row;

use crate::collector::{Collector, Readiness, Rows};
use crate::files::Tree;
use crate::procfs::pressure::{self, Averages};
use crate::units;

impl Collector {
    pub(crate) fn pressure(&mut self, what: Pressure) -> Rows {
        let file = match what {
            Pressure::Cpu => "pressure/cpu",
            Pressure::Memory => "pressure/memory",
            Pressure::Io => "pressure/io",
        };
        let pressure = pressure::parse(&self.files.text(Tree::Proc, file)?);
        let some = rows("some", &pressure.some);
        Ok(Readiness::Ready(
            some.into_iter()
                .chain(rows("full", &pressure.full))
                .collect(),
        ))
    }
}

fn rows(stall: &str, averages: &Averages) -> [Row; 3] {
    [
        (10, averages.avg10),
        (60, averages.avg60),
        (300, averages.avg300),
    ]
    .map(|(seconds, share)| {
        let window = units::duration(Duration::from_secs(seconds));
        vec![stall.into(), window, share.map(units::points).into()]
    })
}
