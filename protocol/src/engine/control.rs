//! What operators order: to be quiet, to stop, to act this once, to start anew.

use super::effect::{Effect, KillWhy, PageWhy};
use super::input::Now;
use super::notice::What;
use super::orders::{Order, Over};
use super::patient::{Leave, Patient, Phase};
use super::record::Record;
use super::storm::Turn;
use super::{At, Context, Engine};
use crate::automation::{AutomationName, Control, Muted};
use crate::time::Wall;

/// Why an order cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No such automation.
    #[error("no automation `{0}` is in force on this node")]
    NoAutomation(AutomationName),
    /// Nothing was asked.
    #[error("`{automation}` does not ask whether it may act for `{key}`")]
    NotAsked {
        /// Which automation.
        automation: AutomationName,
        /// For which patient, with what cannot be printed escaped.
        key: String,
    },
    /// There is nothing to take back.
    #[error("`{0}` is not muted")]
    NotMuted(String),
    /// There is nothing to take back.
    #[error("deeds are not paused")]
    NotPaused,
    /// More mutes than are kept.
    #[error("{0} mutes are in force, and no more are kept")]
    TooManyMutes(usize),
}

/// More mutes than a person can have an eye on.
const MUTES_MAX: usize = 1_000;

impl Engine {
    /// Follows an order. The reason is the run's.
    ///
    /// # Errors
    /// Says why there was nothing to do; nothing was changed.
    pub fn control(
        &mut self,
        now: Now,
        control: &Control,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), ControlError> {
        self.note_clock(now, out);
        match control {
            Control::Mute { of, until } => self.mute(now, of, *until, reason, out),
            Control::Unmute(of) => {
                if self.orders.mutes.remove(of).is_none() {
                    return Err(ControlError::NotMuted(of.to_string()));
                }
                self.orders.arm(now);
                self.unmuted(now, of, out);
                Ok(())
            }
            Control::Pause { until } => {
                self.pause(now, *until, reason, out);
                Ok(())
            }
            Control::Resume => {
                if self.orders.pause.take().is_none() {
                    return Err(ControlError::NotPaused);
                }
                self.orders.arm(now);
                self.resumed(now, out);
                Ok(())
            }
            Control::Answer {
                automation,
                key,
                yes,
            } => self.answer(now, automation, key, *yes, out),
            Control::Settle(of) => self.settle(now, of, out),
        }
    }

    /// Ends orders whose time is up.
    pub(super) fn expire_orders(&mut self, now: Now, out: &mut Vec<Effect>) {
        for over in self.orders.expire(now) {
            match over {
                Over::Pause => self.resumed(now, out),
                Over::Mute(of) => self.unmuted(now, &of, out),
            }
        }
    }

    fn mute(
        &mut self,
        now: Now,
        of: &Muted,
        until: Option<Wall>,
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), ControlError> {
        let slot = self.slot_of(&of.automation)?;
        let n = self.orders.mutes.len();
        if n >= MUTES_MAX && !self.orders.mutes.contains_key(of) {
            return Err(ControlError::TooManyMutes(n));
        }
        let order = Order::new(now, until, reason);
        out.push(Effect::Record(Record::Muted {
            of: of.clone(),
            until,
            reason: order.reason.clone(),
        }));
        self.orders.mutes.insert(of.clone(), order);
        self.orders.arm(now);
        self.tell_of(of, What::Muted(true), out);
        // What was about to be done is not done; a deed that is being done goes on to its end.
        self.visit_matching(now, slot, of, out, |engine, cx, p, out| {
            if let Phase::Firing | Phase::Collecting { .. } = p.phase {
                engine.let_go(p, out);
                engine.end_asking(cx, p, out);
                engine.turn(cx, p, Phase::Firing, out);
                engine.gate(cx, p, out);
            }
        });
        Ok(())
    }

    fn unmuted(&mut self, now: Now, of: &Muted, out: &mut Vec<Effect>) {
        out.push(Effect::Record(Record::Unmuted(of.clone())));
        self.tell_of(of, What::Muted(false), out);
        if let Ok(slot) = self.slot_of(&of.automation) {
            self.visit_matching(now, slot, of, out, |engine, cx, p, out| {
                engine.page_escalated(cx, p, out);
                engine.gate(cx, p, out);
            });
        }
    }

    fn pause(&mut self, now: Now, until: Option<Wall>, reason: &str, out: &mut Vec<Effect>) {
        // What runs is killed first: a disk that is full must not keep a pause from stopping deeds.
        for attempt in self.running.keys() {
            out.push(Effect::Kill {
                attempt: *attempt,
                why: KillWhy::Paused,
            });
        }
        let order = Order::new(now, until, reason);
        out.push(Effect::Record(Record::Paused {
            until,
            reason: order.reason.clone(),
        }));
        self.orders.pause = Some(order);
        self.orders.arm(now);
        self.tell(None, None, 0, What::Paused(true), out);
        self.visit_all(now, out, |engine, cx, p, out| {
            if p.phase == Phase::Firing {
                engine.let_go(p, out);
                engine.end_asking(cx, p, out);
                engine.gate(cx, p, out);
            }
        });
    }

    fn resumed(&mut self, now: Now, out: &mut Vec<Effect>) {
        out.push(Effect::Record(Record::Resumed));
        self.tell(None, None, 0, What::Paused(false), out);
        self.visit_all(now, out, Self::gate);
    }

    fn answer(
        &mut self,
        now: Now,
        automation: &AutomationName,
        key: &str,
        yes: bool,
        out: &mut Vec<Effect>,
    ) -> Result<(), ControlError> {
        let slot = self.slot_of(automation)?;
        let index = self.watch_at(slot).and_then(|w| w.patients.find(key));
        let at = index.map(|index| At { slot, index });
        let is_asked = |p: &Patient| matches!(p.leave, Leave::Asked { .. });
        let at = at.filter(|at| self.patient(*at).is_some_and(is_asked));
        let Some(at) = at else {
            return Err(ControlError::NotAsked {
                automation: automation.clone(),
                key: key.escape_debug().to_string(),
            });
        };
        let until = now.mono + self.bounds.approval;
        self.visit(at, now, out, |engine, cx, p, out| {
            engine.say(cx, p, What::Answered { yes }, out);
            engine.end_asking(cx, p, out);
            if yes {
                p.leave = Leave::Given { until };
                engine.gate(cx, p, out);
            } else {
                engine.escalate(cx, p, PageWhy::Rejected, out);
            }
        });
        Ok(())
    }

    fn settle(&mut self, now: Now, of: &Muted, out: &mut Vec<Effect>) -> Result<(), ControlError> {
        let slot = self.slot_of(&of.automation)?;
        self.tell_of(of, What::Settled, out);
        if of.key.is_none() {
            let turn = self.watch_at(slot).and_then(|w| w.storm.settle());
            if turn == Some(Turn::Ended) {
                self.tell_storm(now, slot, &Turn::Ended, 0, out);
            }
        }
        self.visit_matching(now, slot, of, out, |engine, cx, p, out| {
            // A deed that is being done goes on to its end.
            if let Phase::Acting(_) = p.phase {
                return;
            }
            p.flap.settle();
            engine.judge_flap(cx, p, out);
            engine.close(cx, p, out);
        });
        Ok(())
    }

    fn slot_of(&self, name: &AutomationName) -> Result<u32, ControlError> {
        let slot = self.by_name.get(name).copied();
        slot.ok_or_else(|| ControlError::NoAutomation(name.clone()))
    }

    fn tell_of(&self, of: &Muted, what: What, out: &mut Vec<Effect>) {
        let key = of.key.as_deref().map(Into::into);
        self.tell(Some(&of.automation), key.as_ref(), 0, what, out);
    }

    fn visit_matching(
        &mut self,
        now: Now,
        slot: u32,
        of: &Muted,
        out: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Self, &Context, &mut Patient, &mut Vec<Effect>),
    ) {
        let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
        for index in 0..n_slots {
            let at = At { slot, index };
            let key = of.key.as_deref();
            let matches = |p: &Patient| key.is_none_or(|key| *p.key == *key);
            if self.patient(at).is_some_and(matches) {
                self.visit(at, now, out, &mut act);
            }
        }
    }

    fn visit_all(
        &mut self,
        now: Now,
        out: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Self, &Context, &mut Patient, &mut Vec<Effect>),
    ) {
        for slot in 0..u32::try_from(self.watches.len()).unwrap_or(u32::MAX) {
            let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
            for index in 0..n_slots {
                self.visit(At { slot, index }, now, out, &mut act);
            }
        }
    }
}
