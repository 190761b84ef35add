//! Attempts: their ids, their ends, and what comes after one.

use super::effect::{AttemptId, Effect, PageWhy, Tried};
use super::hold::shortest;
use super::input::{DeedOutcome, Now};
use super::notice::What;
use super::patient::{Leave, Patient, Phase, Share};
use super::record::{OpenAttempt, Record, Whose};
use super::{Context, Engine};
use crate::ids::Name;

/// Returns the id of an attempt: the same one for the same attempt, in every life.
pub(super) fn id(
    fleet: &Name,
    node: &Name,
    whose: &Whose,
    episode: u64,
    step: u16,
    attempt: u16,
) -> AttemptId {
    let mut hasher = blake3::Hasher::new_derive_key("hailer 2026 automation attempt 1");
    let names = [fleet.as_str(), node.as_str(), whose.automation.as_str()];
    for part in names.into_iter().chain([whose.key.as_str()]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&episode.to_le_bytes());
    hasher.update(&step.to_le_bytes());
    hasher.update(&attempt.to_le_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    AttemptId(id)
}

impl Engine {
    /// Takes how a deed ended. A second end of the same attempt changes nothing.
    pub fn deed_ended(
        &mut self,
        now: Now,
        attempt: AttemptId,
        outcome: DeedOutcome,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        let Some(running) = self.running.remove(&attempt) else {
            return;
        };
        let (whose, attempt) = (running.whose, running.attempt);
        let episode = running.episode;
        let tried = self.note_outcome(now, &whose, episode, attempt, outcome, out);
        let Some(at) = self.find(&whose) else {
            // Its automation was removed meanwhile; nothing more will come of it.
            out.push(Effect::Record(Record::Cleared {
                whose,
                episode,
                at: now.wall,
            }));
            return;
        };
        self.visit(at, now, out, |engine, cx, p, out| {
            if p.phase == Phase::Acting(attempt) {
                engine.after_deed(cx, p, attempt, tried, out);
            }
        });
    }

    /// Records and tells how an attempt ended.
    pub(super) fn note_outcome(
        &self,
        now: Now,
        whose: &Whose,
        episode: u64,
        attempt: OpenAttempt,
        outcome: DeedOutcome,
        out: &mut Vec<Effect>,
    ) -> Tried {
        let tried = Tried {
            step: attempt.step,
            attempt: attempt.attempt,
            outcome: outcome.clone(),
        };
        let key = whose.key.as_str().into();
        let what = What::Ended {
            attempt: attempt.id,
            outcome,
        };
        out.push(Effect::Record(Record::Outcome {
            whose: whose.clone(),
            id: attempt.id,
            tried: tried.clone(),
            at: now.wall,
        }));
        self.tell(Some(&whose.automation), Some(&key), episode, what, out);
        tried
    }

    /// Decides what comes after a deed: its proof that it helped, the next one, or a human.
    pub(super) fn after_deed(
        &mut self,
        cx: &Context,
        p: &mut Patient,
        attempt: OpenAttempt,
        tried: Tried,
        out: &mut Vec<Effect>,
    ) {
        p.clear.reset();
        let outcome = tried.outcome.clone();
        p.remember(tried);
        match outcome {
            DeedOutcome::Unknown if !attempt.is_repeatable => {
                self.escalate(cx, p, PageWhy::Ambiguous, out);
            }
            // Nothing was done that could have helped.
            DeedOutcome::NotStarted { .. } => self.next(cx, p, out),
            // A deed that failed may have helped all the same.
            DeedOutcome::Exited { .. }
            | DeedOutcome::TimedOut
            | DeedOutcome::Killed
            | DeedOutcome::Unknown => self.verify(cx, p, out),
        }
    }

    pub(super) fn verify(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        // A deed must be able to show that it helped.
        let least = shortest(cx.spec.clear.hold, cx.spec.every);
        let until = cx.now.mono + cx.spec.verify.max(least);
        self.turn(cx, p, Phase::Verifying { until }, out);
    }

    /// Goes on with the next attempt, or the next deed; where there is none, the gate escalates.
    pub(super) fn next(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        self.let_go(p, out);
        if p.attempts >= cx.spec.limits.attempts.max(1) {
            p.step = p.step.saturating_add(1);
            p.attempts = 0;
        }
        self.turn(cx, p, Phase::Firing, out);
        self.gate(cx, p, out);
    }

    /// Acts on a deadline of a patient.
    pub(super) fn expire(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let now = cx.now.mono;
        self.keep_share(cx, p, out);
        match (p.phase, p.leave) {
            (Phase::Collecting { until }, _) if until <= now => {
                self.say(cx, p, What::EvidenceLate, out);
                self.go_on_collected(cx, p, out);
            }
            (Phase::Verifying { until }, _) if until <= now => self.next(cx, p, out),
            (Phase::Firing, Leave::Asked { until }) if until <= now => {
                self.escalate(cx, p, PageWhy::Unanswered, out);
            }
            (
                Phase::Clear
                | Phase::Pending
                | Phase::Firing
                | Phase::Collecting { .. }
                | Phase::Acting(_)
                | Phase::Verifying { .. }
                | Phase::Escalated(_),
                Leave::NotAsked | Leave::Asked { .. } | Leave::Given { .. },
            ) => {}
        }
        if matches!(p.share, Share::None) && p.phase == Phase::Clear {
            p.number = 0;
        }
    }
}
