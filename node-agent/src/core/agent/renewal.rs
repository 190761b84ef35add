//! An operator's lease, renewed: what runs under it lives on.

use std::time::Duration;

use hailer_protocol::message::{RunLeaseHeld, RunLeaseRenew};
use hailer_protocol::time::Mono;

use super::{Agent, send};
use crate::core::effect::{Effect, StreamRef};

impl Agent {
    pub(super) fn on_renewal(
        &mut self,
        now: Mono,
        at: StreamRef,
        renew: &RunLeaseRenew,
        out: &mut Vec<Effect>,
    ) {
        let runs = self.runs.count_under(renew.lease);
        if runs > 0 {
            let ttl = Duration::from_millis(renew.ttl_ms);
            self.leases.extend(now, renew.lease, ttl);
        }
        let held = RunLeaseHeld {
            lease: renew.lease,
            runs: u32::try_from(runs).unwrap_or(u32::MAX),
        };
        send(at, &held, out);
    }
}
