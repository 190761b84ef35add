//! The engine: the automations of one node, and every decision about them.
//!
//! ```text
//!  time ──────────▶ handle_timeout ─▶ looks          clear ─▶ pending ─▶ firing ─▶ acting
//!  readings ──────▶ reading        ─▶ records, deeds    ▲                   ▲         │
//!  ends of deeds ─▶ deed_ended     ─▶ pages, events     └──── verifying ◀───┼─────────┘
//!  the keeper ────▶ lease_answer, trigger                        │          │
//!  operators ─────▶ control                                      └─ next ───┘──▶ escalated
//! ```
//!
//! It owns no process, file, socket or clock: a driver carries its [`Effect`]s out in order, and tells
//! what came of them. Its state lives in memory; what has to outlive the process is told as
//! [`Record`]s before it counts, and [`Engine::restore`] makes an engine of them again.
//!
//! What it promises: no deed without a durable intent before it, and none twice for one intent; a deed
//! whose end nobody knows is a human's; local rates hold over restarts; a human is called once an
//! episode. Where a clock, the keeper or a record is in doubt, it acts later or not at all.
//!
//! A deed under a share of a fleet-wide limit may take longer than the share: the engine renews it
//! until the deed has shown that it helped, and has the deed killed when a renewal fails.

mod attempt;
mod control;
mod cooldown;
mod effect;
mod episode;
mod flap;
mod gate;
mod hold;
mod input;
mod look;
mod lottery;
mod notice;
mod orders;
mod patient;
mod record;
mod restore;
mod schedule;
mod set;
mod share;
mod snapshot;
mod storm;
mod watch;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

pub use control::ControlError;
pub use effect::{
    AttemptId, Begin, Effect, Env, Evidence, KillWhy, Look, Page, PageWhy, Part, Tried,
};
pub use input::{Bounds, DeedOutcome, Handle, LeaseAnswer, LeaseRef, Now, Reading, Seen, Verdict};
pub use lottery::draws;
pub use notice::{Held, Notice, State, What};
pub use record::{OpenAttempt, Record, Whose};
pub use snapshot::{Row, table_of};

use crate::automation::{AutomationName, AutomationSpec};
use crate::ids::{Digest, Name};
use crate::time::Mono;
use cooldown::Ledger;
use orders::Orders;
use patient::Patient;
use restore::Memory;
use schedule::Schedule;
use watch::Watch;

/// A wall's clock that moves by more than this against the monotonic one was set.
const CLOCK_MOVED_MS: i64 = 5_000;

/// How often it is looked whether an automation with a `version` line is in force here.
const VERSION_EVERY: Duration = Duration::from_secs(60);

/// The automations of one node. See the module for how it is driven.
#[derive(Debug)]
pub struct Engine {
    fleet: Name,
    node: Name,
    bounds: Bounds,
    /// By slot; an automation that is changed keeps its slot.
    watches: Vec<Option<Watch>>,
    by_name: BTreeMap<AutomationName, u32>,
    serial: u32,
    n_patients: usize,
    schedule: Schedule,
    timers: BinaryHeap<Reverse<(Mono, At)>>,
    ledger: Ledger,
    orders: Orders,
    /// Deeds that are being done.
    running: BTreeMap<AttemptId, Running>,
    /// Shares that were asked for, by the number of their attempt.
    asks: BTreeMap<u32, Whose>,
    episode: u64,
    number: u32,
    clock: Option<Now>,
    memory: Memory,
    /// Kept for its room.
    due: Vec<Look>,
}

/// A deed that is being done.
#[derive(Debug)]
struct Running {
    whose: Whose,
    episode: u64,
    attempt: OpenAttempt,
}

/// Where a patient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    slot: u32,
    index: u32,
}

/// What every decision about a patient needs to know.
#[derive(Debug)]
struct Context {
    now: Now,
    at: At,
    spec: Arc<AutomationSpec>,
    version: Digest,
}

impl Engine {
    /// Makes an engine without automations. After it comes [`Engine::restore`], once, then
    /// [`Engine::set_automations`].
    #[must_use]
    pub fn new(fleet: Name, node: Name, bounds: Bounds) -> Self {
        Self {
            fleet,
            node,
            bounds,
            watches: Vec::new(),
            by_name: BTreeMap::new(),
            serial: 0,
            n_patients: 0,
            schedule: Schedule::default(),
            timers: BinaryHeap::new(),
            ledger: Ledger::default(),
            orders: Orders::default(),
            running: BTreeMap::new(),
            asks: BTreeMap::new(),
            episode: 0,
            number: 0,
            clock: None,
            memory: Memory::default(),
            due: Vec::new(),
        }
    }

    /// Acts on what time alone changes, and says what is to be looked at. Early, late and repeated
    /// calls are harmless; a late one looks once, and counts what was missed.
    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.note_clock(now, out);
        self.expire_orders(now, out);
        while let Some(Reverse((at, patient))) = self.timers.peek().copied() {
            if at > now.mono {
                break;
            }
            self.timers.pop();
            let is_armed = self.patient(patient).is_some_and(|p| p.armed == Some(at));
            if is_armed {
                self.visit(patient, now, out, Self::expire);
            }
        }
        self.look_due(now, out);
    }

    /// When [`Engine::handle_timeout`] is next due, and why. Ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        let look = self.schedule.next().map(|at| (at, "a look"));
        let timer = self.timers.peek();
        let timer = timer.map(|Reverse((at, _))| (*at, "a patient's deadline"));
        let order = self.orders.next().map(|at| (at, "the end of an order"));
        [look, timer, order].into_iter().flatten().min()
    }

    /// Returns what an automation in force is, or none if that handle is of one no longer in force.
    #[must_use]
    pub fn spec(&self, automation: Handle) -> Option<&Arc<AutomationSpec>> {
        self.watch(automation).map(|w| &w.spec)
    }

    fn watch(&self, automation: Handle) -> Option<&Watch> {
        let watch = self.watches.get(automation.slot as usize)?.as_ref()?;
        (watch.handle == automation).then_some(watch)
    }

    fn patient(&self, at: At) -> Option<&Patient> {
        let watch = self.watches.get(at.slot as usize)?.as_ref()?;
        watch.patients.at(at.index)
    }

    fn find(&self, whose: &Whose) -> Option<At> {
        let slot = *self.by_name.get(&whose.automation)?;
        let watch = self.watches.get(slot as usize)?.as_ref()?;
        let index = watch.patients.find(&whose.key)?;
        Some(At { slot, index })
    }

    /// Does something to a patient, and sets its timer, or forgets it if nothing would be lost.
    fn visit(
        &mut self,
        at: At,
        now: Now,
        out: &mut Vec<Effect>,
        act: impl FnOnce(&mut Self, &Context, &mut Patient, &mut Vec<Effect>),
    ) {
        let Some(Some(watch)) = self.watches.get_mut(at.slot as usize) else {
            return;
        };
        let Some(mut patient) = watch.patients.take(at.index) else {
            return;
        };
        let context = Context {
            now,
            at,
            spec: Arc::clone(&watch.spec),
            version: watch.version,
        };
        act(self, &context, &mut patient, out);
        // One that has passed is acted on in the next loop, so that no loop goes on for ever.
        let soon = now.mono + Duration::from_millis(1);
        let deadline = patient.deadline().map(|d| d.max(soon));
        if deadline != patient.armed {
            patient.armed = deadline;
            if let Some(deadline) = deadline {
                self.timers.push(Reverse((deadline, at)));
            }
        }
        let Some(Some(watch)) = self.watches.get_mut(at.slot as usize) else {
            return;
        };
        if patient.is_idle() {
            watch.patients.forget(at.index, &patient.key);
            self.n_patients -= 1;
        } else {
            watch.patients.put_back(at.index, patient);
        }
    }

    /// Notes whether somebody set the wall's clock since the last call.
    fn note_clock(&mut self, now: Now, out: &mut Vec<Effect>) {
        if let Some(before) = self.clock.replace(now) {
            let passed = now.mono.since(before.mono).as_millis();
            let passed = i64::try_from(passed).unwrap_or(i64::MAX);
            let by_ms = now
                .wall
                .0
                .saturating_sub(before.wall.0)
                .saturating_sub(passed);
            if by_ms.saturating_abs() > CLOCK_MOVED_MS {
                out.push(Effect::Record(Record::ClockMoved { by_ms }));
                let what = What::ClockMoved { by_ms };
                self.tell(None, None, 0, what, out);
                self.orders.arm(now);
            }
        }
    }

    fn tell(
        &self,
        automation: Option<&AutomationName>,
        key: Option<&Arc<str>>,
        episode: u64,
        what: What,
        out: &mut Vec<Effect>,
    ) {
        out.push(Effect::Event(Notice {
            automation: automation.cloned(),
            key: key.cloned(),
            episode,
            what,
        }));
    }

    fn say(&self, context: &Context, patient: &Patient, what: What, out: &mut Vec<Effect>) {
        let name = Some(&context.spec.name);
        self.tell(name, Some(&patient.key), patient.episode, what, out);
    }

    fn next_episode(&mut self, now: Now) -> u64 {
        // By the clock, so that a node whose journal was lost does not number as before.
        let by_clock = u64::try_from(now.wall.0).unwrap_or(0);
        self.episode = by_clock.max(self.episode + 1);
        self.episode
    }

    fn whose(context: &Context, patient: &Patient) -> Whose {
        Whose {
            automation: context.spec.name.clone(),
            key: patient.key.to_string(),
        }
    }
}
