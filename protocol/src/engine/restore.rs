//! A new life: what records tell of the one before, and what has to be recorded for the next.

use std::collections::BTreeMap;

use super::effect::{AttemptId, Effect, PageWhy, Tried};
use super::input::{DeedOutcome, Now};
use super::orders::Order;
use super::patient::{Patient, Phase};
use super::record::{OpenAttempt, Record, Whose};
use super::{At, Context, Engine};
use crate::automation::AutomationName;
use crate::time::Wall;

/// What records tell of automations that are not in force yet.
#[derive(Debug, Default)]
pub(super) struct Memory {
    patients: BTreeMap<Whose, Past>,
    storms: BTreeMap<AutomationName, u64>,
}

/// One patient's past, as far as it is not over.
#[derive(Debug, Clone, Default)]
struct Past {
    episode: u64,
    fired_at: Option<Wall>,
    attempt: Option<OpenAttempt>,
    /// Nobody wrote down how it ended.
    is_running: bool,
    escalated: Option<PageWhy>,
    tried: Vec<Tried>,
    is_flapping: bool,
}

impl Past {
    fn is_episode(&self) -> bool {
        self.attempt.is_some() || self.escalated.is_some()
    }

    fn close(&mut self) {
        *self = Self {
            is_flapping: self.is_flapping,
            ..Self::default()
        };
    }

    fn begin(&mut self, episode: u64, at: Wall) {
        if self.episode != episode {
            self.close();
            self.episode = episode;
            self.fired_at = Some(at);
        }
    }

    fn ended(&mut self, id: AttemptId, tried: Tried) {
        if self.attempt.is_some_and(|a| a.id == id) {
            self.is_running = false;
            self.tried.push(tried);
        }
    }
}

impl Engine {
    /// Makes the engine go on from what was recorded before the process ended, oldest first: all of
    /// it, or a [`Engine::checkpoint`] and all since. To be called once, before
    /// [`Engine::set_automations`].
    ///
    /// An attempt without an end is ambiguous: it is escalated, and made again only if its deed may
    /// be repeated. A page of an episode that still lasts is told again, with the same incident.
    pub fn restore(&mut self, now: Now, records: &[Record], out: &mut Vec<Effect>) {
        self.note_clock(now, out);
        let mut reserved: Vec<(Whose, Wall)> = Vec::new();
        for record in records {
            self.recall(now, record, &mut reserved);
        }
        for (whose, at) in reserved {
            self.ledger.remember(now, &whose, at);
        }
        self.orders.arm(now);
    }

    fn past(&mut self, whose: &Whose) -> &mut Past {
        self.memory.patients.entry(whose.clone()).or_default()
    }

    fn recall(&mut self, now: Now, record: &Record, reserved: &mut Vec<(Whose, Wall)>) {
        match record {
            Record::Intent {
                whose,
                episode,
                id,
                number,
                step,
                attempt,
                is_repeatable,
                at,
            } => {
                let past = self.past(whose);
                past.begin(*episode, *at);
                past.attempt = Some(OpenAttempt {
                    id: *id,
                    step: *step,
                    attempt: *attempt,
                    is_repeatable: *is_repeatable,
                });
                past.is_running = true;
                reserved.push((whose.clone(), *at));
                self.episode = self.episode.max(*episode);
                self.number = self.number.max(*number);
            }
            Record::Outcome {
                whose, id, tried, ..
            } => self.past(whose).ended(*id, tried.clone()),
            Record::Escalated {
                whose,
                episode,
                why,
                at,
            } => {
                let past = self.past(whose);
                past.begin(*episode, *at);
                past.escalated = Some(*why);
                self.episode = self.episode.max(*episode);
            }
            Record::Cleared { whose, .. } => self.past(whose).close(),
            Record::Flapping { whose, is_on, .. } => self.past(whose).is_flapping = *is_on,
            Record::Open { .. } => self.recall_open(record),
            Record::Storm {
                automation,
                episode,
                ..
            } => {
                self.memory.storms.insert(automation.clone(), *episode);
                self.episode = self.episode.max(*episode);
            }
            Record::Muted { .. } | Record::Unmuted(_) | Record::Paused { .. } | Record::Resumed => {
                self.recall_order(now, record)
            }
            Record::ClockMoved { by_ms } => {
                for (_, at) in reserved {
                    at.0 = at.0.saturating_add(*by_ms);
                }
            }
            Record::Reserved { whose, at } => reserved.push((whose.clone(), *at)),
            Record::Numbers { episode, attempt } => {
                self.episode = self.episode.max(*episode);
                self.number = self.number.max(*attempt);
            }
        }
    }

    fn recall_order(&mut self, now: Now, record: &Record) {
        match record {
            Record::Muted { of, until, reason } => {
                let order = Order::new(now, *until, reason);
                self.orders.mutes.insert(of.clone(), order);
            }
            Record::Unmuted(of) => {
                self.orders.mutes.remove(of);
            }
            Record::Paused { until, reason } => {
                self.orders.pause = Some(Order::new(now, *until, reason));
            }
            Record::Resumed => self.orders.pause = None,
            Record::Intent { .. }
            | Record::Outcome { .. }
            | Record::Escalated { .. }
            | Record::Cleared { .. }
            | Record::Flapping { .. }
            | Record::Open { .. }
            | Record::Storm { .. }
            | Record::ClockMoved { .. }
            | Record::Reserved { .. }
            | Record::Numbers { .. } => {}
        }
    }

    fn recall_open(&mut self, record: &Record) {
        let Record::Open {
            whose,
            episode,
            attempt,
            escalated,
            tried,
            at,
        } = record
        else {
            return;
        };
        let past = self.past(whose);
        past.begin(*episode, *at);
        past.attempt = attempt.map(|(a, _)| a);
        past.is_running = attempt.is_some_and(|(_, is_running)| is_running);
        past.escalated = *escalated;
        past.tried.clone_from(tried);
        self.episode = self.episode.max(*episode);
    }

    /// Gives an automation that came in force what is remembered of it.
    pub(super) fn adopt(&mut self, now: Now, slot: u32, out: &mut Vec<Effect>) {
        if self.memory.patients.is_empty() && self.memory.storms.is_empty() {
            return;
        }
        let Some(name) = self.watch_at(slot).map(|w| w.spec.name.clone()) else {
            return;
        };
        let storm = self.memory.storms.remove(&name).filter(|e| *e > 0);
        if let (Some(watch), Some(_)) = (self.watch_at(slot), storm) {
            watch.storm.episode = storm;
        }
        let first = Whose {
            automation: name.clone(),
            key: String::new(),
        };
        let mine = self.memory.patients.range(first..);
        let mine: Vec<Whose> = mine
            .map(|(whose, _)| whose)
            .take_while(|whose| whose.automation == name)
            .cloned()
            .collect();
        for whose in mine {
            let Some(past) = self.memory.patients.remove(&whose) else {
                continue;
            };
            if !past.is_episode() && !past.is_flapping {
                continue;
            }
            // It had room before; its past is not given up for room.
            let Some(watch) = self.watch_at(slot) else {
                return;
            };
            let patient = Patient::new(whose.key.as_str().into(), &watch.spec, now);
            let index = watch.patients.add(patient);
            self.n_patients += 1;
            self.visit(At { slot, index }, now, out, |engine, cx, p, out| {
                engine.resume(cx, p, past, out);
            });
        }
    }

    fn resume(&mut self, cx: &Context, p: &mut Patient, past: Past, out: &mut Vec<Effect>) {
        if past.is_flapping {
            p.flap.restore(cx.now.mono, self.bounds.flap_turns);
        }
        if !past.is_episode() {
            return;
        }
        p.begin_episode(cx.now, past.episode);
        p.fired_at = past.fired_at.unwrap_or(cx.now.wall);
        p.is_recorded = true;
        p.is_collected = past.attempt.is_some();
        p.tried = past.tried;
        p.last = past.attempt;
        if let Some(attempt) = past.attempt {
            p.step = attempt.step;
            p.attempts = attempt.attempt;
        }
        if let Some(why) = past.escalated {
            p.phase = Phase::Escalated(why);
            self.page_escalated(cx, p, out);
            return;
        }
        let Some(attempt) = past.attempt else {
            return;
        };
        p.phase = Phase::Acting(attempt);
        let is_unknown = |t: &Tried| t.outcome == DeedOutcome::Unknown;
        if past.is_running {
            let whose = Self::whose(cx, p);
            let tried = self.note_outcome(
                cx.now,
                &whose,
                p.episode,
                attempt,
                DeedOutcome::Unknown,
                out,
            );
            self.after_deed(cx, p, attempt, tried, out);
        } else if p.tried.last().is_some_and(is_unknown) && !attempt.is_repeatable {
            // That it is ambiguous was written down, and that it is a human's was not.
            self.escalate(cx, p, PageWhy::Ambiguous, out);
        } else {
            self.verify(cx, p, out);
        }
    }

    /// Ends what is remembered of automations that are no longer in force.
    pub(super) fn abandon(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (whose, past) in std::mem::take(&mut self.memory.patients) {
            if let (Some(attempt), true) = (past.attempt, past.is_running) {
                let unknown = DeedOutcome::Unknown;
                self.note_outcome(now, &whose, past.episode, attempt, unknown, out);
            }
            if past.is_episode() {
                out.push(Effect::Record(Record::Cleared {
                    whose,
                    episode: past.episode,
                    at: now.wall,
                }));
            }
        }
        self.memory.storms.clear();
    }

    /// Returns records that stand for all that were told so far: a journal that starts with them may
    /// drop what is older.
    #[must_use]
    pub fn checkpoint(&self, now: Now) -> Vec<Record> {
        let mut records = vec![Record::Numbers {
            episode: self.episode,
            attempt: self.number,
        }];
        let watches = self.watches.iter().flatten();
        let rates = watches.flat_map(|w| w.spec.limits.rates.iter());
        let longest = rates.map(|r| r.per).max().unwrap_or_default();
        let reserved = self.ledger.all(now, longest);
        records.extend(reserved.map(|(whose, at)| Record::Reserved { whose, at }));
        for watch in self.watches.iter().flatten() {
            if let Some(episode) = watch.storm.episode {
                records.push(Record::Storm {
                    automation: watch.spec.name.clone(),
                    episode,
                    at: now.wall,
                });
            }
            for p in watch.patients.iter() {
                let whose = Whose {
                    automation: watch.spec.name.clone(),
                    key: p.key.to_string(),
                };
                records.extend(checkpoint_of(p, whose, now));
            }
        }
        self.checkpoint_running(&mut records, now);
        let mutes = self.orders.mutes.iter().map(|(of, order)| Record::Muted {
            of: of.clone(),
            until: order.until(),
            reason: order.reason.clone(),
        });
        records.extend(mutes);
        records.extend(self.orders.pause.iter().map(|order| Record::Paused {
            until: order.until(),
            reason: order.reason.clone(),
        }));
        records
    }

    /// Deeds of automations that were removed are still being done.
    fn checkpoint_running(&self, records: &mut Vec<Record>, now: Now) {
        for running in self.running.values() {
            if self.find(&running.whose).is_none() {
                records.push(Record::Open {
                    whose: running.whose.clone(),
                    episode: running.episode,
                    attempt: Some((running.attempt, true)),
                    escalated: None,
                    tried: Vec::new(),
                    at: now.wall,
                });
            }
        }
    }
}

fn checkpoint_of(p: &Patient, whose: Whose, now: Now) -> impl Iterator<Item = Record> {
    let flapping = p.flap.is_on().then(|| Record::Flapping {
        whose: whose.clone(),
        is_on: true,
        at: now.wall,
    });
    let open = p.is_recorded.then(|| Record::Open {
        whose,
        episode: p.episode,
        attempt: p.last.map(|a| (a, p.phase == Phase::Acting(a))),
        escalated: match p.phase {
            Phase::Escalated(why) => Some(why),
            Phase::Clear
            | Phase::Pending
            | Phase::Firing
            | Phase::Collecting { .. }
            | Phase::Acting(_)
            | Phase::Verifying { .. } => None,
        },
        tried: p.tried.clone(),
        at: p.fired_at,
    });
    open.into_iter().chain(flapping)
}
