//! Detached runs: whose they are, and what became of them, for whoever asks later.
//!
//! A detached run belongs to the operator whose certificate asked for it: every shell of theirs
//! finds it here, and nobody else does. What has ended is remembered for a week, at
//! most sixty-four of them; the journal brings it back after a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::ids::RunId;
use hailer_protocol::role::Identity;
use hailer_protocol::time::Wall;

use super::effect::RunEnd;

/// How long an ended run is remembered, counted from its beginning.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many ended runs are remembered; the oldest goes first.
pub(super) const REMEMBERED_RUNS: usize = 64;

/// What became of a detached run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// It has.
    Ended {
        /// When.
        at: Wall,
        /// How.
        end: RunEnd,
    },
    /// The agent ended while it ran: nobody knows.
    Unknown,
}

/// One detached run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// Its id.
    pub run: RunId,
    /// Who asked for it.
    pub who: Identity,
    /// What it runs.
    pub command: String,
    /// When it began.
    pub began: Wall,
    /// What became of it.
    pub outcome: Outcome,
}

/// The detached runs of one agent.
#[derive(Debug, Default)]
pub struct DetachedRuns {
    runs: BTreeMap<RunId, Detached>,
}

impl DetachedRuns {
    /// Enters a run that begins, or one from before a restart.
    pub fn enter(&mut self, run: Detached) {
        self.runs.insert(run.run, run);
    }

    /// Notes how a run ended; does nothing for one that is not detached.
    pub fn end(&mut self, now: Wall, run: RunId, end: &RunEnd) {
        if let Some(found) = self.runs.get_mut(&run) {
            let end = end.clone();
            found.outcome = Outcome::Ended { at: now, end };
        }
    }

    /// Returns a run of that operator's; that it is another's looks like that there is none.
    #[must_use]
    pub fn find(&self, run: RunId, who: &Identity) -> Option<&Detached> {
        self.runs.get(&run).filter(|found| found.who == *who)
    }

    /// Whether that run is a detached one, whoever's.
    #[must_use]
    pub fn has(&self, run: RunId) -> bool {
        self.runs.contains_key(&run)
    }

    /// Returns the runs of that operator, oldest first.
    #[must_use]
    pub fn of(&self, who: &Identity) -> Vec<Detached> {
        let mut own: Vec<Detached> = self
            .runs
            .values()
            .filter(|r| r.who == *who)
            .cloned()
            .collect();
        own.sort_by_key(|r| (r.began, r.run));
        own
    }

    /// Returns the runs that an earlier agent began, and of which nobody knows what became.
    pub fn orphans(&self) -> impl Iterator<Item = &Detached> {
        let all = self.runs.values();
        all.filter(|run| run.outcome == Outcome::Unknown)
    }

    /// Removes and returns the runs that need not be remembered any longer.
    pub fn expire(&mut self, now: Wall) -> Vec<RunId> {
        let mut ended: Vec<(Wall, RunId)> = self
            .runs
            .values()
            .filter(|r| r.outcome != Outcome::Running)
            .map(|r| (r.began, r.run))
            .collect();
        ended.sort_unstable();
        let too_many = ended.len().saturating_sub(REMEMBERED_RUNS);
        let is_over = |(at, (began, _)): &(usize, (Wall, RunId))| {
            *at < too_many || *began + REMEMBERED_FOR <= now
        };
        let over = ended.into_iter().enumerate().filter(is_over);
        let over: Vec<RunId> = over.map(|(_, (_, run))| run).collect();
        for run in &over {
            self.runs.remove(run);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::ids::Name;
    use hailer_protocol::role::Role;
    use hailer_protocol::state::State;

    use super::*;

    const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

    fn operator(name: &str) -> Identity {
        let of = |text: &str| Name::new(text).expect("valid");
        Identity {
            fleet: of("demo"),
            role: Role::Operator,
            name: of(name),
        }
    }

    fn run(id: u8, who: &str, began: i64) -> Detached {
        Detached {
            run: RunId([id; 16]),
            who: operator(who),
            command: "sleep 1".to_owned(),
            began: Wall(began),
            outcome: Outcome::Running,
        }
    }

    fn ok() -> RunEnd {
        RunEnd {
            state: Some(State::Ok),
            rc: Some(0),
            wall: Duration::ZERO,
            bytes: Some(3),
            digests: None,
            failure: None,
        }
    }

    #[test]
    fn nobody_finds_or_lists_the_run_of_another() {
        let mut runs = DetachedRuns::default();
        runs.enter(run(2, "ann", 5));
        runs.enter(run(1, "ann", 9));
        runs.enter(run(3, "bob", 7));
        let ids = |who| -> Vec<u8> {
            let own = runs.of(&operator(who)).into_iter();
            own.map(|r| r.run.0[0]).collect()
        };
        assert_eq!(
            (ids("ann"), ids("bob"), ids("eve")),
            (vec![2, 1], vec![3], vec![])
        );
        assert!(runs.find(RunId([3; 16]), &operator("ann")).is_none());
        assert!(runs.find(RunId([3; 16]), &operator("bob")).is_some());
        let keeper = Identity {
            role: Role::Keeper,
            ..operator("bob")
        };
        assert!(runs.find(RunId([3; 16]), &keeper).is_none());
    }

    #[test]
    fn what_runs_is_never_forgotten_and_what_has_ended_is_for_a_week() {
        let mut runs = DetachedRuns::default();
        runs.enter(run(1, "ann", 0));
        runs.enter(run(2, "ann", 0));
        runs.end(Wall(10), RunId([2; 16]), &ok());
        assert!(runs.expire(Wall(WEEK_MS - 1)).is_empty());
        assert_eq!(runs.expire(Wall(WEEK_MS)), [RunId([2; 16])]);
        assert!(runs.has(RunId([1; 16])) && !runs.has(RunId([2; 16])));
    }

    #[test]
    fn of_too_many_ended_runs_the_oldest_go() {
        let mut runs = DetachedRuns::default();
        for id in 0..70 {
            runs.enter(run(id, "ann", i64::from(id)));
            if id != 0 {
                runs.end(Wall(100), RunId([id; 16]), &ok());
            }
        }
        let gone: Vec<u8> = runs.expire(Wall(100)).iter().map(|r| r.0[0]).collect();
        assert_eq!(gone, [1, 2, 3, 4, 5]);
        assert_eq!(runs.of(&operator("ann")).len(), REMEMBERED_RUNS + 1);
    }
}
