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

/// How far a run is that somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has been asked for.
    Asked,
    /// Its process is there.
    Started {
        /// The process's number.
        pid: u32,
    },
    /// It has ended.
    Over,
}

/// The answers of one agent's latest commands.
#[derive(Debug)]
pub(crate) struct Kept {
    bytes_max: usize,
    bytes: usize,
    running: BTreeMap<RunId, watch::Sender<Stage>>,
    ended: BTreeMap<RunId, Vec<Envelope>>,
    order: VecDeque<RunId>,
}

fn size(answer: &[Envelope]) -> usize {
    answer.iter().map(|e| e.body.len()).sum()
}

impl Kept {
    /// Keeps at most `bytes_max` bytes of answers.
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            running: BTreeMap::new(),
            ended: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Enters a run that begins.
    pub(crate) fn begin(&mut self, run: RunId) {
        self.running.insert(run, watch::Sender::new(Stage::Asked));
    }

    /// Takes note of a run's process.
    pub(crate) fn started(&self, run: RunId, pid: u32) {
        if let Some(sender) = self.running.get(&run) {
            sender.send_replace(Stage::Started { pid });
        }
    }

    /// Keeps a run's answer, if it is one to keep, and wakes who waits for it.
    pub(crate) fn end(&mut self, run: RunId, answer: Option<Vec<Envelope>>) {
        if let Some(answer) = answer {
            self.bytes += size(&answer);
            self.ended.insert(run, answer);
            self.order.push_back(run);
        }
        while self.order.len() > RUNS_MAX || self.bytes > self.bytes_max {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            let answer = self.ended.remove(&oldest);
            self.bytes -= answer.as_deref().map_or(0, size);
        }
        if let Some(sender) = self.running.remove(&run) {
            sender.send_replace(Stage::Over);
        }
    }

    /// Returns what to wait for if the run is not over.
    pub(super) fn wait_for(&self, run: RunId) -> Option<watch::Receiver<Stage>> {
        self.running.get(&run).map(watch::Sender::subscribe)
    }

    /// Returns the answer of a run that is over, if it is still held.
    pub(super) fn answer(&self, run: RunId) -> Option<Vec<Envelope>> {
        self.ended.get(&run).cloned()
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::message::Kind;

    use super::*;

    #[test]
    fn the_oldest_answer_goes_first() {
        let mut kept = Kept::new(1 << 20);
        for n in 0..=u8::try_from(RUNS_MAX).expect("small") {
            let id = RunId([n; 16]);
            kept.begin(id);
            kept.end(id, Some(Vec::new()));
        }
        assert!(kept.answer(RunId([0; 16])).is_none());
        assert!(kept.answer(RunId([1; 16])).is_some());
    }

    #[test]
    fn all_answers_together_stay_within_their_bound() {
        let mut kept = Kept::new(1000);
        for n in 0..4 {
            let id = RunId([n; 16]);
            kept.begin(id);
            kept.end(id, Some(vec![Envelope::new(Kind::Output, vec![0; 400])]));
        }
        let held = |n| kept.answer(RunId([n; 16])).is_some();
        assert_eq!([0, 1, 2, 3].map(held), [false, false, true, true]);
    }

    #[test]
    fn who_waits_for_a_run_whose_answer_is_not_kept_is_woken_all_the_same() {
        let mut kept = Kept::new(1000);
        let id = RunId([1; 16]);
        kept.begin(id);
        let waiting = kept.wait_for(id).expect("it runs");
        kept.end(id, None);
        assert_eq!(*waiting.borrow(), Stage::Over);
        assert!(kept.answer(id).is_none() && kept.wait_for(id).is_none());
    }
}
