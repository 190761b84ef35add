//! The gate: everything that has to be so before a deed is begun, in order.

use std::sync::Arc;
use std::time::Duration;

use super::effect::{Begin, Effect, Evidence, PageWhy};
use super::input::{Handle, Now};
use super::notice::{Held, What};
use super::patient::{Leave, Patient, Phase, Share};
use super::record::{OpenAttempt, Record, Whose};
use super::{Context, Engine, Running, attempt};
use crate::automation::Mode;
use crate::time::Mono;

/// How much longer than its commands' timeouts evidence may take.
const EVIDENCE_SPARE: Duration = Duration::from_secs(5);

/// What the gate says.
enum Verdict {
    Hold(Held),
    Collect,
    Escalate(PageWhy),
    Begin { lease: Option<(u64, Mono)> },
}

impl Engine {
    /// Tries a patient that is at the gate. Calling it again is harmless.
    pub(super) fn gate(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        if p.phase != Phase::Firing {
            return;
        }
        match self.judge(cx, p, out) {
            Verdict::Hold(held) => {
                self.hold(p, &held, out);
                if p.held.as_ref() != Some(&held) {
                    // That nobody answered yet is no news, and a look that did not fire comes and goes.
                    let is_news = !matches!(held, Held::LeaseAsked | Held::NotNow | Held::Observe);
                    p.held = Some(held.clone());
                    if is_news {
                        self.say(cx, p, What::Held(held), out);
                    }
                }
            }
            Verdict::Collect => self.collect(cx, p, out),
            Verdict::Escalate(why) => self.escalate(cx, p, why, out),
            Verdict::Begin { lease } => self.begin(cx, p, lease, out),
        }
    }

    fn judge(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) -> Verdict {
        let spec = Arc::clone(&cx.spec);
        if let Some(held) = self.held_here(cx, p) {
            return Verdict::Hold(held);
        }
        let is_exhausted = usize::from(p.step) >= spec.deeds.len();
        if is_exhausted && !spec.deeds.is_empty() {
            return Verdict::Escalate(PageWhy::Exhausted);
        }
        if !p.is_collected && !spec.collect.is_empty() {
            return Verdict::Collect;
        }
        if is_exhausted {
            return Verdict::Escalate(PageWhy::Fires);
        }
        // Evidence and calls are not deeds: they go on while deeds are paused.
        if self.orders.pause.is_some() {
            return Verdict::Hold(Held::Paused);
        }
        match spec.mode {
            Mode::Observe => {
                self.would_run(cx, p, out);
                return Verdict::Hold(Held::Observe);
            }
            Mode::Ask => {
                if !self.has_leave(cx, p, out) {
                    return Verdict::Hold(Held::Approval);
                }
            }
            Mode::Act => {}
        }
        let whose = (&spec.name, &*p.key);
        if !self.ledger.has_room(cx.now.mono, whose, &spec.limits.rates) {
            return Verdict::Hold(Held::Rate);
        }
        match self.share(cx, p, out) {
            Ok(lease) => Verdict::Begin { lease },
            Err(held) => Verdict::Hold(held),
        }
    }

    /// What holds everything about a patient, calls for humans too.
    fn held_here(&self, cx: &Context, p: &Patient) -> Option<Held> {
        let watch = self.watches.get(cx.at.slot as usize)?.as_ref()?;
        if self.orders.is_muted(&cx.spec.name, &p.key) {
            return Some(Held::Muted);
        }
        match watch.in_force {
            None => return Some(Held::VersionUnknown),
            Some(false) => return Some(Held::OtherVersion),
            Some(true) => {}
        }
        let checks = [
            (watch.storm.is_on(), Held::Storm),
            (p.flap.is_on(), Held::Flapping),
            (watch.is_no_data, Held::NoData),
            (!p.fires, Held::NotNow),
        ];
        checks
            .into_iter()
            .find_map(|(is_so, held)| is_so.then_some(held))
    }

    /// What waits for something else than a share keeps none from others.
    fn hold(&mut self, p: &mut Patient, held: &Held, out: &mut Vec<Effect>) {
        let waits_for_share = matches!(
            held,
            Held::LeaseAsked | Held::LeaseDenied(_) | Held::NoKeeper | Held::NotDrawn
        );
        let has_one = match p.share {
            Share::Asked { .. } | Share::Held { .. } | Share::Offered { .. } => true,
            Share::None | Share::Denied { .. } | Share::Away { .. } => false,
        };
        if has_one && !waits_for_share {
            self.let_go(p, out);
        }
    }

    fn would_run(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        if p.told_step != Some(p.step) {
            p.told_step = Some(p.step);
            self.say(cx, p, What::WouldRun { step: p.step }, out);
        }
    }

    fn has_leave(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) -> bool {
        match p.leave {
            Leave::Given { until } if cx.now.mono < until => true,
            Leave::Asked { .. } => false,
            // A leave that was not used for long is none: things have changed since.
            Leave::Given { .. } | Leave::NotAsked => {
                let until = cx.now.mono + self.bounds.approval;
                p.leave = Leave::Asked { until };
                self.say(cx, p, What::ApprovalWanted { step: p.step }, out);
                let suffix = Self::asking(p);
                self.page(cx, p, &suffix, PageWhy::Approval, out);
                false
            }
        }
    }

    fn collect(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let Some(Some(watch)) = self.watches.get(cx.at.slot as usize) else {
            return;
        };
        let time: Duration = cx.spec.collect.iter().map(|c| c.timeout).sum();
        let until = cx.now.mono + time + EVIDENCE_SPARE;
        self.turn(cx, p, Phase::Collecting { until }, out);
        out.push(Effect::Collect(Evidence {
            automation: watch.handle,
            spec: Arc::clone(&cx.spec),
            key: Arc::clone(&p.key),
            episode: p.episode,
            env: Arc::clone(&p.env),
        }));
    }

    /// Takes that the evidence of an episode was taken, or that it could not be.
    pub fn collected(
        &mut self,
        now: Now,
        automation: Handle,
        key: &str,
        episode: u64,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        let Some(watch) = self.watch(automation) else {
            return;
        };
        let Some(index) = watch.patients.find(key) else {
            return;
        };
        let at = super::At {
            slot: automation.slot,
            index,
        };
        self.visit(at, now, out, |engine, cx, p, out| {
            if matches!(p.phase, Phase::Collecting { .. }) && p.episode == episode {
                engine.go_on_collected(cx, p, out);
            }
        });
    }

    pub(super) fn go_on_collected(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        p.is_collected = true;
        self.turn(cx, p, Phase::Firing, out);
        self.gate(cx, p, out);
    }

    /// Begins an attempt. It is used up from here on, whatever comes of it.
    fn begin(
        &mut self,
        cx: &Context,
        p: &mut Patient,
        lease: Option<(u64, Mono)>,
        out: &mut Vec<Effect>,
    ) {
        let Some(deed) = cx.spec.deeds.get(usize::from(p.step)) else {
            return;
        };
        p.attempts += 1;
        if p.number == 0 {
            p.number = self.next_number();
        }
        let whose = Self::whose(cx, p);
        let attempt = OpenAttempt {
            id: attempt::id(
                &self.fleet,
                &self.node,
                &whose,
                p.episode,
                p.step,
                p.attempts,
            ),
            step: p.step,
            attempt: p.attempts,
            is_repeatable: deed.is_repeatable,
        };
        let name = &cx.spec.name;
        let rates = &cx.spec.limits.rates;
        self.ledger.reserve(cx.now.mono, name, &p.key, rates);
        p.leave = Leave::NotAsked;
        p.last = Some(attempt);
        p.is_recorded = true;
        out.push(Effect::Record(Record::Intent {
            whose: whose.clone(),
            episode: p.episode,
            id: attempt.id,
            number: p.number,
            step: attempt.step,
            attempt: attempt.attempt,
            is_repeatable: attempt.is_repeatable,
            at: cx.now.wall,
        }));
        self.turn(cx, p, Phase::Acting(attempt), out);
        let episode = p.episode;
        let running = Running {
            whose,
            episode,
            attempt,
        };
        self.running.insert(attempt.id, running);
        out.push(Effect::Begin(Begin {
            attempt: attempt.id,
            spec: Arc::clone(&cx.spec),
            version: cx.version,
            step: attempt.step,
            key: Arc::clone(&p.key),
            env: Arc::clone(&p.env),
            lease,
        }));
    }

    pub(super) fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1).max(1);
        self.number
    }

    /// Remembers for which patient a share is asked.
    pub(super) fn expect_answer(&mut self, whose: Whose, number: u32) {
        self.asks.insert(number, whose);
    }
}
