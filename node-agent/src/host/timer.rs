//! Keeping time: the core is looked at when time alone changes something.

use std::sync::{Arc, Weak};

use hailer_protocol::time::Mono;
use tokio::sync::Notify;

use super::{Host, lock};
use crate::clock;
use crate::core::Agent;

impl Host {
    /// Whether the core has to be looked at before whoever keeps time does so.
    ///
    /// A look that is too early finds nothing to do, so only a sooner one is worth waking for: the
    /// lease of every short request begins and ends without it. `core` is locked, and with it the
    /// moment of the next look.
    pub(super) fn is_sooner(&self, core: &Agent) -> bool {
        core.poll_timeout().is_some_and(|(due, _)| {
            let armed = *lock(&self.armed);
            armed.is_none_or(|armed| due < armed)
        })
    }

    /// Returns when to look at the core again, and why.
    fn arm_timer(&self) -> Option<(Mono, &'static str)> {
        let core = lock(&self.core);
        let due = core.poll_timeout();
        *lock(&self.armed) = due.map(|(at, _)| at);
        due
    }
}

/// Wakes the core when time alone changes something.
pub(super) async fn keep_time(host: Weak<Host>, timer: Arc<Notify>) {
    while let Some(due) = host.upgrade().map(|host| host.arm_timer()) {
        // A change between this look and the wait below has left its permit, and wakes it.
        let Some((at, why)) = due else {
            timer.notified().await;
            continue;
        };
        tokio::select! {
            () = timer.notified() => continue,
            () = tokio::time::sleep_until(clock::deadline(at)) => {
                tracing::debug!(why, "timeout");
            }
        }
        let Some(host) = host.upgrade() else { return };
        host.look_at_clock().await;
    }
}
