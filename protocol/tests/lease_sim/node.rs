//! A patient on a node: it asks, acts, renews, releases, as an engine would.

use std::time::Duration;

use hailer_protocol::lease::{Answer, HeldLease, LetGo};
use hailer_protocol::message::FleetLeaseGranted;
use hailer_protocol::time::Mono;

use crate::keeper::{Letter, Message};
use crate::plan::{Clock, Flaw};
use crate::world::World;

#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    /// Until it is ill again.
    Well,
    /// It asks until it gets a share.
    Asking,
    /// It acts; `ends` by the true time, unless the lease ends before.
    Acting {
        lease: HeldLease,
        since: u64,
        ends: u64,
        renewed: bool,
    },
}

pub(crate) struct Patient {
    pub(crate) clock: Clock,
    pub(crate) state: State,
    pub(crate) attempt: u32,
    pub(crate) let_go: LetGo,
    /// Counted up with each change: wake-ups of earlier ones are void.
    pub(crate) turn: u64,
}

impl World {
    pub(crate) fn wake(&mut self, patient: usize, turn: u64) {
        if self.patients[patient].turn != turn {
            return;
        }
        let now = self.mono(patient);
        match self.patients[patient].state {
            State::Well => {
                self.patients[patient].attempt += 1;
                self.set(patient, State::Asking);
                self.ask(patient);
            }
            State::Asking => self.ask(patient),
            State::Acting { lease, ends, .. } if self.now >= ends || !lease.holds(now) => {
                self.stop(patient, true);
                self.rest(patient);
            }
            State::Acting {
                lease, since, ends, ..
            } => {
                let attempt = self.patients[patient].attempt;
                let token = lease.token();
                self.letter(patient, Message::Renew { attempt, token });
                let renewed = true;
                let state = State::Acting {
                    lease,
                    since,
                    ends,
                    renewed,
                };
                self.set(patient, state);
                self.wake_while_acting(patient);
            }
        }
    }

    pub(crate) fn ask(&mut self, patient: usize) {
        let attempt = self.patients[patient].attempt;
        self.letter(patient, Message::Ask { attempt });
        let pause = self.chance.millis(2_000, 40_000);
        self.wake_at(patient, self.now + pause);
    }

    pub(crate) fn answered(&mut self, letter: &Letter, answer: &Answer) {
        let patient = letter.from;
        let attempt = match letter.message {
            Message::Ask { attempt } | Message::Renew { attempt, .. } => attempt,
            Message::Release { .. } => return,
        };
        let is_current = self.patients[patient].attempt == attempt;
        let (state, now) = (self.patients[patient].state, self.mono(patient));
        match (answer, state) {
            (Answer::Granted(grant), State::Acting { .. }) if is_current => {
                self.keep(patient, letter.sent_at, grant);
            }
            (Answer::Granted(grant), State::Asking) if is_current => {
                if let Some(lease) = self.lease(patient, now, letter.sent_at, grant) {
                    self.act(patient, lease);
                } else {
                    let token = grant.fencing_token;
                    self.letter(patient, Message::Release { token });
                }
            }
            // Nobody waits for it any more.
            (Answer::Granted(grant), _) => {
                let token = grant.fencing_token;
                self.letter(patient, Message::Release { token });
            }
            (Answer::Denied { retry_after, .. }, State::Asking) if is_current => {
                let wait = u64::try_from(retry_after.as_micros()).expect("short");
                self.wake_at(patient, self.now + wait.max(1));
            }
            (Answer::Denied { .. }, _) => {}
        }
    }

    fn lease(
        &mut self,
        patient: usize,
        now: Mono,
        sent_at: Mono,
        grant: &FleetLeaseGranted,
    ) -> Option<HeldLease> {
        let whole = FleetLeaseGranted {
            fencing_token: grant.fencing_token,
            ttl_ms: grant.ttl_ms / 2 * 3 + 1_500,
        };
        let (counted_from, grant) = match self.plan.flaw {
            Some(Flaw::CountsFromReceipt) => (now, grant),
            Some(Flaw::NoMargin) => (sent_at, &whole),
            Some(Flaw::TwoWriters | Flaw::Forgets) | None => (sent_at, grant),
        };
        let let_go = &mut self.patients[patient].let_go;
        let_go.take(now, counted_from, grant)
    }

    pub(crate) fn keep(&mut self, patient: usize, sent_at: Mono, grant: &FleetLeaseGranted) {
        if let State::Acting { lease, .. } = &mut self.patients[patient].state {
            lease.renewed(sent_at, grant);
            if let State::Acting { renewed, .. } = &mut self.patients[patient].state {
                *renewed = false;
            }
            self.wake_while_acting(patient);
        }
    }

    pub(crate) fn act(&mut self, patient: usize, lease: HeldLease) {
        let max = self.plan.deed_ms_max;
        let ends = self.now + self.chance.millis(100, max);
        let renewed = false;
        let state = State::Acting {
            lease,
            since: self.now,
            ends,
            renewed,
        };
        self.set(patient, state);
        self.wake_while_acting(patient);
        self.outcome.deeds += 1;
        let place = self.place(patient);
        let acting = self.acting.entry(place).or_default();
        *acting += 1;
        self.outcome.most = self.outcome.most.max(*acting);
        if *acting > self.plan.may {
            let (n, may) = (*acting, self.plan.may);
            let at = Duration::from_micros(self.now);
            self.outcome.breach = Some(format!("{n} act at once at {at:?}, {may} may"));
        }
    }

    /// Stops what it does, if it does something, and gives the share back.
    pub(crate) fn stop(&mut self, patient: usize, tells: bool) {
        let State::Acting { lease, since, .. } = self.patients[patient].state else {
            return;
        };
        self.used += self.now - since;
        let place = self.place(patient);
        *self.acting.entry(place).or_default() -= 1;
        if tells {
            let token = lease.token();
            self.letter(patient, Message::Release { token });
        }
    }

    pub(crate) fn rest(&mut self, patient: usize) {
        self.set(patient, State::Well);
        let pause = self.chance.millis(100, 20_000);
        self.wake_at(patient, self.now + pause);
    }

    pub(crate) fn wake_while_acting(&mut self, patient: usize) {
        let it = &self.patients[patient];
        let State::Acting {
            lease,
            ends,
            renewed,
            ..
        } = it.state
        else {
            return;
        };
        let over = it.clock.when(lease.valid_until()).min(ends);
        let renew = it.clock.when(lease.renew_at());
        let next = if renewed { over } else { over.min(renew) };
        self.wake_at(patient, next.max(self.now + 1));
    }
}
