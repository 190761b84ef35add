//! Answers that are kept for a while, so that a request which arrives twice is answered from what
//! is there and not run again.

use std::collections::{BTreeMap, VecDeque};

use hailer_protocol::envelope::Envelope;
use hailer_protocol::ids::RunId;
use tokio::sync::watch;

/// How many ended runs are kept.
const RUNS_MAX: usize = 32;

/// How many bytes of one run's answer are kept; what is beyond is counted in its end.
pub(super) const BYTES_PER_RUN_MAX: usize = 16 << 10;

/// The answers of one agent's latest commands.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    running: BTreeMap<RunId, watch::Sender<bool>>,
    ended: BTreeMap<RunId, Vec<Envelope>>,
    order: VecDeque<RunId>,
}

impl Kept {
    /// Enters a run that begins.
    pub(super) fn begin(&mut self, run: RunId) {
        self.running.insert(run, watch::Sender::new(false));
    }

    /// Keeps a run's answer and wakes who waits for it.
    pub(super) fn end(&mut self, run: RunId, answer: Vec<Envelope>) {
        self.ended.insert(run, answer);
        self.order.push_back(run);
        while self.order.len() > RUNS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
        if let Some(sender) = self.running.remove(&run) {
            sender.send_replace(true);
        }
    }

    /// Returns what to wait for if the run is not over.
    pub(super) fn wait_for(&self, run: RunId) -> Option<watch::Receiver<bool>> {
        self.running.get(&run).map(watch::Sender::subscribe)
    }

    /// Returns the answer of a run that is over, if it is still held.
    pub(super) fn answer(&self, run: RunId) -> Option<Vec<Envelope>> {
        self.ended.get(&run).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_answer_goes_first() {
        let mut kept = Kept::default();
        for n in 0..=u8::try_from(RUNS_MAX).expect("small") {
            let id = RunId([n; 16]);
            kept.begin(id);
            kept.end(id, Vec::new());
        }
        assert!(kept.answer(RunId([0; 16])).is_none());
        assert!(kept.answer(RunId([1; 16])).is_some());
    }
}
