//! Seats: what the driver of a run knows of each target beside what the fan-out knows.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::state::State;
use hailer_protocol::time::Mono;
use tokio::task::AbortHandle;

use super::arriving::{Arriving, Share};
use super::budget::Budget;
use super::cause::Cause;
use super::collect::{Collector, Keep};
use super::exchange::Stop;
use super::fanout::{Attempt, Target};
use super::request::Request;

/// What of a job does not change while it runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) targets: Vec<NodeId>,
    pub(super) keep: Keep,
    pub(super) is_live: bool,
    pub(super) budget: Arc<Budget>,
    pub(super) arriving: Arc<Arriving>,
    pub(super) request: Request,
}

impl Plan {
    pub(super) fn node(&self, target: Target) -> NodeId {
        self.targets[target as usize]
    }

    pub(super) fn collector(&self) -> Box<Collector> {
        let share = Share::new(Arc::clone(&self.arriving));
        Box::new(Collector::new(self.keep, Arc::clone(&self.budget)).counted_by(share))
    }
}

/// A target that is being asked.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) stop: Arc<Stop>,
    pub(super) task: AbortHandle,
    pub(super) attempt: Attempt,
    pub(super) since: Mono,
}

/// What is known of a target beside what the fan-out knows.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) flight: Option<Flight>,
    /// What its exchange left, until the fan-out has ended it.
    pub(super) collected: Option<(Box<Collector>, Duration)>,
    /// How the fan-out ended it, until its exchange has.
    pub(super) verdict: Option<(State, Cause)>,
    /// Why there was nothing to send.
    pub(super) unsendable: Option<String>,
}
