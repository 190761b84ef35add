//! An episode of a patient: it begins when it fires, and ends when it is clear, by itself, by a deed
//! or by a human.

use std::sync::Arc;

use super::effect::{Effect, Page, PageWhy};
use super::notice::What;
use super::patient::{Leave, Patient, Phase};
use super::record::Record;
use super::{Context, Engine};

impl Engine {
    /// Puts a patient into another phase, and tells of it. What is pending comes and goes too often
    /// to be told.
    pub(super) fn turn(&self, cx: &Context, p: &mut Patient, to: Phase, out: &mut Vec<Effect>) {
        let (from, to_state) = (p.phase.state(), to.state());
        let was_episode = p.phase.is_episode();
        p.phase = to;
        if from == to_state {
            return;
        }
        p.since = cx.now.wall;
        p.held = None;
        if was_episode || to.is_episode() {
            let what = What::Turned { from, to: to_state };
            self.say(cx, p, what, out);
        }
    }

    /// It fires.
    pub(super) fn fired(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let episode = self.next_episode(cx.now);
        p.begin_episode(cx.now, episode);
        self.turn(cx, p, Phase::Firing, out);
        p.flap.turned(cx.now.mono, self.bounds.flap_turns);
        if let Some(Some(watch)) = self.watches.get_mut(cx.at.slot as usize) {
            watch.storm.fired(cx.now.mono);
        }
    }

    /// It is clear: whatever was under way about it ends.
    pub(super) fn cleared(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        self.close(cx, p, out);
        p.flap.turned(cx.now.mono, self.bounds.flap_turns);
    }

    /// Ends the episode.
    pub(super) fn close(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        self.let_go(p, out);
        self.end_asking(cx, p, out);
        if p.is_recorded {
            out.push(Effect::Record(Record::Cleared {
                whose: Self::whose(cx, p),
                episode: p.episode,
                at: cx.now.wall,
            }));
        }
        if p.is_paged {
            let incident = self.incident(cx, p, "");
            out.push(Effect::Resolve { incident });
        }
        self.turn(cx, p, Phase::Clear, out);
        p.fire.reset();
        p.clear.reset();
        p.last = None;
        p.is_recorded = false;
        p.is_paged = false;
    }

    /// It is a human's.
    pub(super) fn escalate(
        &mut self,
        cx: &Context,
        p: &mut Patient,
        why: PageWhy,
        out: &mut Vec<Effect>,
    ) {
        self.let_go(p, out);
        self.end_asking(cx, p, out);
        out.push(Effect::Record(Record::Escalated {
            whose: Self::whose(cx, p),
            episode: p.episode,
            why,
            at: cx.now.wall,
        }));
        p.is_recorded = true;
        self.turn(cx, p, Phase::Escalated(why), out);
        self.say(cx, p, What::Escalated(why), out);
        self.page_escalated(cx, p, out);
    }

    /// Calls a human for an escalated patient, unless that was done, or it is muted: then it is done
    /// when it no longer is.
    pub(super) fn page_escalated(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let Phase::Escalated(why) = p.phase else {
            return;
        };
        let is_muted = self.orders.is_muted(&cx.spec.name, &p.key);
        if why == PageWhy::Rejected || p.is_paged || is_muted || cx.spec.escalate.is_empty() {
            return;
        }
        p.is_paged = true;
        self.page(cx, p, "", why, out);
    }

    /// Calls a human. The suffix tells what is not the episode's own page from it.
    pub(super) fn page(
        &self,
        cx: &Context,
        p: &Patient,
        suffix: &str,
        why: PageWhy,
        out: &mut Vec<Effect>,
    ) {
        if cx.spec.escalate.is_empty() {
            return;
        }
        out.push(Effect::Page(Box::new(Page {
            incident: self.incident(cx, p, suffix),
            why,
            spec: Arc::clone(&cx.spec),
            key: Some(Arc::clone(&p.key)),
            since: p.fired_at,
            env: Arc::clone(&p.env),
            tried: p.tried.clone(),
        })));
    }

    pub(super) fn incident(&self, cx: &Context, p: &Patient, suffix: &str) -> String {
        let (fleet, node, name) = (&self.fleet, &self.node, &cx.spec.name);
        // The key stands last, since it may hold anything.
        format!("{fleet}/{name}/{node}/{}{suffix}/{}", p.episode, p.key)
    }

    /// Takes back a question to an operator.
    pub(super) fn end_asking(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        if matches!(p.leave, Leave::Asked { .. }) && !cx.spec.escalate.is_empty() {
            let suffix = Self::asking(p);
            let incident = self.incident(cx, p, &suffix);
            out.push(Effect::Resolve { incident });
        }
        p.leave = Leave::NotAsked;
    }

    /// Tells the questions of one episode apart.
    pub(super) fn asking(p: &Patient) -> String {
        format!("-ask-{}-{}", p.step + 1, p.attempts + 1)
    }

    /// Looks whether it flaps.
    pub(super) fn judge_flap(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        if p.flap.is_blank() {
            return;
        }
        let bounds = self.bounds;
        let Some(is_on) = p
            .flap
            .judge(cx.now.mono, bounds.flap_turns, bounds.flap_within)
        else {
            return;
        };
        out.push(Effect::Record(Record::Flapping {
            whose: Self::whose(cx, p),
            is_on,
            at: cx.now.wall,
        }));
        self.say(cx, p, What::Flapping(is_on), out);
        if cx.spec.escalate.is_empty() || self.orders.is_muted(&cx.spec.name, &p.key) {
            return;
        }
        // It outlives episodes: its incident is without one.
        let (fleet, node, name) = (&self.fleet, &self.node, &cx.spec.name);
        let incident = format!("{fleet}/{name}/{node}/flapping/{}", p.key);
        if is_on {
            out.push(Effect::Page(Box::new(Page {
                incident,
                why: PageWhy::Flapping,
                spec: Arc::clone(&cx.spec),
                key: Some(Arc::clone(&p.key)),
                since: p.fired_at,
                env: Arc::clone(&p.env),
                tried: p.tried.clone(),
            })));
        } else {
            out.push(Effect::Resolve { incident });
        }
    }
}
