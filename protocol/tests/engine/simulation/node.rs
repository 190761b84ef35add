//! The node: its true world, the driver, and everything that goes wrong.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::automation::{
    AutomationName, AutomationSpec, Control, Muted, Rate, RateScope,
};
use hailer_protocol::engine::{
    AttemptId, DeedOutcome, Effect, Engine, Handle, LeaseAnswer, LeaseRef, Now, Reading, Record,
    Seen, Verdict,
};
use hailer_protocol::ids::Digest;
use hailer_protocol::message::{FleetLeaseDenied, FleetLeaseGranted};
use hailer_protocol::time::{Mono, Wall};

use super::Random;
use super::checker::Checker;
use crate::rig::{collecting, engine, leased, secs, spec, versioned, with};

/// How long the keeper keeps a share.
const TTL_MS: u64 = 30_000;

/// Something that will be told to the engine.
enum Input {
    Ended(AttemptId, DeedOutcome),
    Answer(LeaseRef, LeaseAnswer),
    Collected(Handle, Arc<str>, u64),
    Read(Handle),
}

pub(crate) struct Node {
    random: Random,
    engine: Engine,
    pub(crate) time_ms: u64,
    /// What the wall's clock is off by.
    wall_off_ms: i64,
    /// When this life's monotonic clock was at zero.
    origin_ms: u64,
    inputs: VecDeque<(u64, Input)>,
    /// Everything that was ever recorded.
    pub(crate) journal: Vec<Record>,
    /// What of it the node still has, a checkpoint first.
    kept: Vec<Record>,
    pub(crate) checker: Checker,
    pub(crate) crashes: usize,
    is_calm: bool,
    sick: [bool; 4],
    token: u64,
    /// The share of each attempt of this life: asking twice takes one.
    tokens: BTreeMap<u32, u64>,
    /// Deeds under a share: they die at that true time.
    leased: Vec<(AttemptId, u64, u64)>,
    set: Vec<(Digest, Arc<AutomationSpec>)>,
}

const KEYS: [&str; 4] = ["", "a", "b", "c"];

fn limited(spec: AutomationSpec) -> AutomationSpec {
    with(spec, |s| {
        s.limits.rates = vec![
            Rate {
                n: 1,
                per: secs(60),
                scope: RateScope::Key,
            },
            Rate {
                n: 2,
                per: secs(120),
                scope: RateScope::Node,
            },
        ];
        s.limits.attempts = 2;
        s.deeds[1].is_repeatable = true;
    })
}

impl Node {
    pub(crate) fn new(seed: u64) -> Self {
        let set = [
            limited(collecting(spec("plain"))),
            limited(leased(spec("shared"))),
        ];
        let mut node = Self {
            random: Random::new(seed),
            engine: engine(),
            time_ms: 1_000,
            wall_off_ms: 1_800_000_000_000,
            origin_ms: 0,
            inputs: VecDeque::new(),
            journal: Vec::new(),
            kept: Vec::new(),
            checker: Checker::default(),
            crashes: 0,
            is_calm: false,
            sick: [false; 4],
            token: 0,
            tokens: BTreeMap::new(),
            leased: Vec::new(),
            set: set.into_iter().map(versioned).collect(),
        };
        node.begin_life();
        node
    }

    fn now(&self) -> Now {
        let time = i64::try_from(self.time_ms).expect("an hour");
        Now {
            mono: Mono(Duration::from_millis(self.time_ms - self.origin_ms)),
            wall: Wall(time + self.wall_off_ms),
        }
    }

    /// Time passes, and one thing happens.
    pub(crate) fn step(&mut self) {
        // Mostly on time, sometimes late.
        self.time_ms += match self.random.below(40) {
            0 => 5_000 + self.random.below(20_000),
            n => 100 + n * 20,
        };
        for sick in 0..KEYS.len() {
            if self.random.one_in(if self.sick[sick] { 60 } else { 120 }) {
                self.sick[sick] ^= true;
            }
        }
        self.end_leased();
        while let Some(at) = self.inputs.iter().position(|(t, _)| *t <= self.time_ms) {
            let (_, input) = self.inputs.remove(at).expect("it is there");
            self.tell(input);
        }
        if self.random.one_in(400) {
            self.set_clock();
        }
        if self.random.one_in(150) {
            self.order();
        }
        self.call(Engine::handle_timeout);
        if self.random.one_in(300) {
            self.kept = self.engine.checkpoint(self.now());
        }
    }

    /// Nothing goes wrong any more, so that everything that is open comes to its end.
    pub(crate) fn calm_down(&mut self) {
        self.is_calm = true;
        self.crash();
        for _ in 0..100 {
            self.time_ms += 1_000;
            self.end_leased();
            while let Some((_, input)) = self.inputs.pop_front() {
                self.tell(input);
            }
            self.call(Engine::handle_timeout);
        }
        self.crash();
    }

    fn call(&mut self, act: impl FnOnce(&mut Engine, Now, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        let now = self.now();
        act(&mut self.engine, now, &mut out);
        for effect in out {
            // Before an effect, or, from the next one's view, after it.
            if !self.is_calm && self.random.one_in(300) {
                return self.crash();
            }
            self.carry_out(effect);
        }
        if !self.is_calm && self.random.one_in(3_000) {
            self.crash();
        }
    }

    fn set_clock(&mut self) {
        let by = 10_000 + i64::try_from(self.random.below(200_000_000)).expect("days");
        self.wall_off_ms += if self.random.one_in(2) { by } else { -by };
        // A clock that is set while nobody looks, right before a crash, cannot be told from time
        // that passed: the engine is called before.
        let was_calm = std::mem::replace(&mut self.is_calm, true);
        self.call(Engine::handle_timeout);
        self.is_calm = was_calm;
    }

    fn order(&mut self) {
        let key = KEYS[usize::try_from(self.random.below(4)).expect("small")];
        let automation = if self.random.one_in(2) {
            "plain"
        } else {
            "shared"
        };
        let of = Muted {
            automation: AutomationName::new(automation).expect("a name"),
            key: (!self.random.one_in(3)).then(|| key.to_owned()),
        };
        let until = |random: &mut Random, now: Now| {
            (!random.one_in(3)).then(|| Wall(now.wall.0 + 1_000 * random.below(300) as i64))
        };
        let now = self.now();
        let control = match self.random.below(6) {
            0 => Control::Mute {
                of,
                until: until(&mut self.random, now),
            },
            1 | 2 => Control::Unmute(of),
            3 => Control::Pause {
                until: Some(Wall(now.wall.0 + 1_000 * self.random.below(60) as i64)),
            },
            4 => Control::Resume,
            _ => Control::Settle(of),
        };
        self.call(|engine, now, out| {
            // Some mean nothing at this moment; they are refused.
            let _refused = engine.control(now, &control, "simulated", out).is_err();
        });
    }

    fn crash(&mut self) {
        self.crashes += 1;
        // Deeds may live on; nobody will tell of their end.
        self.inputs.clear();
        self.leased.clear();
        if !self.is_calm {
            self.time_ms += self.random.below(30_000);
        }
        self.begin_life();
    }

    fn begin_life(&mut self) {
        self.checker.new_life();
        self.origin_ms = self.time_ms - self.random.below(1_000);
        self.engine = engine();
        self.tokens.clear();
        let (journal, set) = (self.kept.clone(), self.set.clone());
        let life = self.crashes;
        self.call(|engine, now, out| engine.restore(now, &journal, out));
        if life == self.crashes {
            self.call(|engine, now, out| engine.set_automations(now, set, out));
        }
    }

    fn end_leased(&mut self) {
        let time = self.time_ms;
        let (dead, alive) = self.leased.drain(..).partition(|(_, _, end)| *end <= time);
        self.leased = alive;
        let dead: Vec<(AttemptId, u64, u64)> = dead;
        for (id, ..) in dead {
            self.inputs
                .retain(|(_, i)| !matches!(i, Input::Ended(other, _) if *other == id));
            self.tell(Input::Ended(id, DeedOutcome::Killed));
        }
    }

    fn tell(&mut self, input: Input) {
        match input {
            Input::Ended(id, outcome) => {
                self.leased.retain(|(other, ..)| *other != id);
                self.call(|e, now, out| e.deed_ended(now, id, outcome, out));
            }
            Input::Answer(lease, answer) => {
                self.call(|e, now, out| e.lease_answer(now, lease, answer, out));
            }
            Input::Collected(handle, key, episode) => {
                self.call(|e, now, out| e.collected(now, handle, &key, episode, out));
            }
            Input::Read(handle) => self.read(handle),
        }
    }

    fn read(&mut self, handle: Handle) {
        if self.random.one_in(15) && !self.is_calm {
            let reading = Reading::NoData { why: "timeout" };
            return self.call(|e, now, out| e.reading(now, handle, reading, out));
        }
        let all = KEYS.iter().zip(self.sick).filter(|(_, sick)| *sick);
        let seen: Vec<Seen<'_>> = all
            .map(|(key, _)| Seen {
                key,
                verdict: Verdict::Fires,
                env: &[],
            })
            .collect();
        let reading = Reading::Rows {
            seen: &seen,
            looked_at: 4,
        };
        self.call(|e, now, out| e.reading(now, handle, reading, out));
    }

    fn soon(&mut self, within_ms: u64, input: Input) {
        let at = self.time_ms + self.random.below(within_ms);
        self.inputs.push_back((at, input));
    }

    fn true_time(&self, mono: Mono) -> u64 {
        self.origin_ms + u64::try_from(mono.0.as_millis()).expect("an hour")
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Look(look) => {
                if !self.random.one_in(50) {
                    self.soon(800, Input::Read(look.automation));
                }
            }
            Effect::Record(record) => {
                self.checker.recorded(self.time_ms, &record);
                self.kept.push(record.clone());
                self.journal.push(record);
            }
            Effect::Begin(begin) => {
                let lease = begin
                    .lease
                    .map(|(token, until)| (token, self.true_time(until)));
                self.checker.begins(&begin, &self.journal, lease);
                if let Some((token, until)) = lease {
                    self.leased.push((begin.attempt, token, until));
                }
                let outcome = self.outcome();
                self.soon(60_000, Input::Ended(begin.attempt, outcome));
            }
            Effect::Kill { attempt, .. } => {
                self.leased.retain(|(id, ..)| *id != attempt);
                self.inputs
                    .retain(|(_, i)| !matches!(i, Input::Ended(id, _) if *id == attempt));
                self.soon(100, Input::Ended(attempt, DeedOutcome::Killed));
            }
            Effect::Collect(e) => {
                if !self.random.one_in(5) {
                    self.soon(2_000, Input::Collected(e.automation, e.key, e.episode));
                }
            }
            Effect::AskLease { lease, .. } => self.keeper(lease, None),
            Effect::RenewLease {
                lease,
                fencing_token,
            } => self.keeper(lease, Some(fencing_token)),
            Effect::ExtendLease { attempt, until } => {
                let until = self.true_time(until);
                for (id, token, end) in &mut self.leased {
                    if *id == attempt {
                        *end = until;
                        self.checker.runs_until(*token, until);
                    }
                }
            }
            Effect::Page(page) => self.checker.paged(&page),
            Effect::Resolve { incident } => self.checker.resolved(&incident),
            Effect::ReleaseLease { .. } | Effect::Event(_) => {}
        }
    }

    fn outcome(&mut self) -> DeedOutcome {
        match self.random.below(8) {
            0 => DeedOutcome::TimedOut,
            1 => DeedOutcome::NotStarted {
                why: "no such user".to_owned(),
            },
            2 => DeedOutcome::Unknown,
            3 | 4 => {
                // It helps.
                self.sick = [false; 4];
                DeedOutcome::Exited { rc: 0 }
            }
            _ => DeedOutcome::Exited { rc: 1 },
        }
    }

    /// The keeper decides after a while, and its answer takes a while, or is lost on either way.
    fn keeper(&mut self, lease: LeaseRef, renews: Option<u64>) {
        if self.random.one_in(6) {
            return;
        }
        let decided = self.time_ms + self.random.below(4_000);
        let answer = match self.random.below(8) {
            0 => LeaseAnswer::NoKeeper,
            1 => LeaseAnswer::Denied(FleetLeaseDenied {
                retry_after_ms: 3_000,
                text: "3 at once".to_owned(),
            }),
            _ => {
                self.token += 1;
                let token = self.token;
                let fencing_token =
                    renews.unwrap_or_else(|| *self.tokens.entry(lease.number).or_insert(token));
                self.checker.granted(fencing_token, decided + TTL_MS);
                LeaseAnswer::Granted(FleetLeaseGranted {
                    fencing_token,
                    ttl_ms: TTL_MS,
                })
            }
        };
        if !self.random.one_in(6) {
            let late = match self.random.below(5) {
                0 => 25_000,
                _ => 1_000,
            };
            let at = decided + self.random.below(late);
            self.inputs.push_back((at, Input::Answer(lease, answer)));
        }
    }
}
