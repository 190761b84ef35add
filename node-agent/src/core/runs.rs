//! The runs of one agent: what is running, and which ids were ever seen.
//!
//! An id is remembered long after its run has ended, so that a request that arrives twice is never
//! carried out twice.

use std::collections::{BTreeMap, VecDeque};

use hailer_protocol::ids::{Digest, LeaseId, RunId};
use hailer_protocol::time::Mono;

/// How many ids of ended runs are remembered. At a run a second this is over an hour.
pub(crate) const REMEMBERED_MAX: usize = 4096;

/// What is known of a run id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it may run.
    New,
    /// The same request came before.
    Same,
    /// Another request came under this id.
    Other,
}

/// What matters while a run lasts.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Under which lease it lives, if it is attached.
    pub lease: Option<LeaseId>,
    /// When it is killed.
    pub deadline: Option<Mono>,
    /// Whether it has been told to end.
    pub killed: bool,
    /// Whether it starts a process. Reading a metric twice harms nobody, so only commands are
    /// remembered after their end.
    pub is_command: bool,
}

/// All runs of one agent.
#[derive(Debug, Default)]
pub struct Runs {
    running: BTreeMap<RunId, Running>,
    seen: BTreeMap<RunId, Digest>,
    ended: VecDeque<RunId>,
}

impl Runs {
    /// Returns what is known of a run id.
    #[must_use]
    pub fn known(&self, run: RunId, request: Digest) -> Known {
        match self.seen.get(&run) {
            None => Known::New,
            Some(seen) if *seen == request => Known::Same,
            Some(_) => Known::Other,
        }
    }

    /// How many runs last at this moment.
    #[must_use]
    pub fn n_running(&self) -> usize {
        self.running.len()
    }

    /// Whether the run lasts at this moment.
    #[must_use]
    pub fn is_running(&self, run: RunId) -> bool {
        self.running.contains_key(&run)
    }

    /// Whether the run lasts, and is a command's.
    #[must_use]
    pub fn is_command(&self, run: RunId) -> bool {
        self.running.get(&run).is_some_and(|r| r.is_command)
    }

    /// Enters a run that is about to begin.
    pub fn begin(&mut self, run: RunId, request: Digest, running: Running) {
        self.seen.insert(run, request);
        self.running.insert(run, running);
    }

    /// Remembers an id from before a restart: it must never run again.
    pub fn remember(&mut self, run: RunId, request: Digest) {
        if self.seen.insert(run, request).is_none() {
            self.keep_ended(run);
        }
    }

    /// Notes a run's end and returns what it lived under; `None` if it was not running.
    pub fn end(&mut self, run: RunId) -> Option<Running> {
        let running = self.running.remove(&run)?;
        if running.is_command {
            self.keep_ended(run);
        } else {
            self.seen.remove(&run);
        }
        Some(running)
    }

    fn keep_ended(&mut self, run: RunId) {
        self.ended.push_back(run);
        while self.ended.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.ended.pop_front() {
                self.seen.remove(&oldest);
            }
        }
    }

    /// Marks a run as told to end; `false` if it is not running or was told before.
    pub fn kill(&mut self, run: RunId) -> bool {
        match self.running.get_mut(&run) {
            Some(running) if !running.killed => {
                running.killed = true;
                true
            }
            Some(_) | None => false,
        }
    }

    /// The runs that last, have not been told to end, and for which `choose` is true.
    pub fn alive(&self, mut choose: impl FnMut(&Running) -> bool) -> Vec<RunId> {
        self.running
            .iter()
            .filter(|(_, r)| !r.killed && choose(r))
            .map(|(run, _)| *run)
            .collect()
    }

    /// How many runs last under a lease.
    #[must_use]
    pub fn count_under(&self, lease: LeaseId) -> usize {
        self.running
            .values()
            .filter(|r| r.lease == Some(lease))
            .count()
    }

    /// The next deadline of a run that has not been told to end.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Mono> {
        self.running
            .values()
            .filter(|r| !r.killed)
            .filter_map(|r| r.deadline)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RunId = RunId([7; 16]);
    const PLAIN: Running = Running {
        lease: None,
        deadline: None,
        killed: false,
        is_command: true,
    };

    #[test]
    fn an_id_is_known_after_its_run_has_ended() {
        let mut runs = Runs::default();
        let request = Digest::of(b"a");
        assert_eq!(runs.known(ID, request), Known::New);
        runs.begin(ID, request, PLAIN);
        assert!(runs.end(ID).is_some());
        assert_eq!(runs.known(ID, request), Known::Same);
        assert_eq!(runs.known(ID, Digest::of(b"b")), Known::Other);
        assert_eq!(runs.n_running(), 0);
    }

    #[test]
    fn a_probe_that_starts_no_process_is_forgotten_at_its_end() {
        let mut runs = Runs::default();
        let request = Digest::of(b"a");
        let probe = Running {
            is_command: false,
            ..PLAIN
        };
        runs.begin(ID, request, probe);
        runs.end(ID);
        assert_eq!(runs.known(ID, request), Known::New);
    }

    #[test]
    fn a_run_is_told_to_end_once() {
        let mut runs = Runs::default();
        runs.begin(ID, Digest::of(b"a"), PLAIN);
        assert!(runs.kill(ID));
        assert!(!runs.kill(ID));
    }

    #[test]
    fn the_memory_of_ended_runs_is_bounded_and_forgets_the_oldest() {
        let mut runs = Runs::default();
        let id = |n: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            RunId(bytes)
        };
        for n in 0..=REMEMBERED_MAX {
            runs.remember(id(n), Digest::of(b"a"));
        }
        assert_eq!(runs.known(id(0), Digest::of(b"a")), Known::New);
        assert_eq!(runs.known(id(1), Digest::of(b"a")), Known::Same);
    }
}
