//! An agent whose log is damaged waits for somebody to accept that.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Host, lock};
use crate::clock;

/// How often it looks for the word that `hailerd journal accept` leaves.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Host {
    /// Whether the log is damaged and nobody has accepted that.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        lock(&self.journal).is_damaged()
    }

    /// Goes on if somebody has accepted the damage. Waits for the disk.
    pub fn look_for_acceptance(&self) {
        if let Err(e) = lock(&self.journal).take_acceptance(clock::wall()) {
            tracing::error!(error = %e, "that the log's damage is accepted cannot be taken up");
        }
    }
}

/// Looks for the word for as long as the agent lives and its log is damaged.
pub(crate) fn watch(host: &Arc<Host>) {
    if !host.is_damaged() {
        return;
    }
    let host = Arc::downgrade(host);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let look = {
                let Some(host) = Weak::upgrade(&host) else {
                    return;
                };
                tokio::task::spawn_blocking(move || {
                    host.look_for_acceptance();
                    host.is_damaged()
                })
            };
            if matches!(look.await, Ok(false)) {
                return;
            }
        }
    });
}
