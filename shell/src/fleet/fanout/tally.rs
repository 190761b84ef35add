//! The tally: how many targets have ended well and badly, against what may.

use hailer_protocol::state::State;

use crate::fleet::cause::Cause;
use crate::fleet::policy::Limits;

/// How many targets have ended how.
#[derive(Debug, Default)]
pub(super) struct Tally {
    limits: Limits,
    ok: usize,
    failures: usize,
    unreachable: usize,
}

impl Tally {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            ok: 0,
            failures: 0,
            unreachable: 0,
        }
    }

    pub(super) const fn ok(&self) -> usize {
        self.ok
    }

    /// Counts an end. A target whose outcome is unknown counts as a failure: a deed that takes the
    /// network of its node away looks just like that.
    pub(super) const fn add(&mut self, state: State) {
        match state {
            State::Ok => self.ok += 1,
            State::Failed | State::TimedOut | State::Lost | State::Denied => self.failures += 1,
            State::Unreachable | State::Undeliverable => self.unreachable += 1,
            State::Cancelled | State::NotStarted => {}
        }
    }

    /// Returns why nobody else may be asked, if so.
    pub(super) fn exceeded(&self) -> Option<Cause> {
        let over = |n: usize, limit: Option<usize>| limit.filter(|limit| n > *limit);
        let (failures, unreachable) = (self.failures, self.unreachable);
        over(failures, self.limits.failures)
            .map(|limit| Cause::Failures(failures, limit))
            .or_else(|| {
                over(unreachable, self.limits.unreachable)
                    .map(|limit| Cause::Unreachable(unreachable, limit))
            })
    }
}
