//! Looks: when they are due, and what a reading changes.

use super::effect::{Effect, Look, Page, PageWhy, Part};
use super::hold::NO_DATA_LOOKS;
use super::input::{Handle, Now, Reading, Seen, Verdict};
use super::notice::What;
use super::patient::{Patient, Phase};
use super::record::Record;
use super::storm::Turn;
use super::{At, Context, Engine, VERSION_EVERY, schedule};
use crate::limits::AUTOMATION_KEY_MAX;

impl Engine {
    /// Takes what a look came to. One of an automation that is no longer in force changes nothing.
    pub fn reading(
        &mut self,
        now: Now,
        automation: Handle,
        reading: Reading<'_>,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        if self.watch(automation).is_none() {
            return;
        }
        let slot = automation.slot;
        if let Some(watch) = self.watch_at(slot) {
            watch.is_looking = false;
        }
        match reading {
            Reading::NoData { why } => self.unknown(now, slot, 1, why, out),
            Reading::Rows { seen, looked_at } => self.rows(now, slot, seen, looked_at, out),
        }
    }

    /// Takes whether an automation is in force on what runs here; `None` where that could not be
    /// found out, which changes nothing.
    pub fn version_seen(
        &mut self,
        now: Now,
        automation: Handle,
        in_force: Option<bool>,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        if self.watch(automation).is_none() {
            return;
        }
        let slot = automation.slot;
        if let Some(watch) = self.watch_at(slot) {
            watch.is_looking_at_version = false;
            watch.in_force = in_force.or(watch.in_force);
        }
        self.gate_all(now, slot, out);
    }

    pub(super) fn watch_at(&mut self, slot: u32) -> Option<&mut super::Watch> {
        self.watches.get_mut(slot as usize)?.as_mut()
    }

    /// Says what is to be looked at now.
    pub(super) fn look_due(&mut self, now: Now, out: &mut Vec<Effect>) {
        let mut due = std::mem::take(&mut self.due);
        while let Some((at, automation, part)) = self.schedule.pop(now.mono) {
            if self.watch(automation).is_none() {
                continue;
            }
            let Some(watch) = self.watch_at(automation.slot) else {
                continue;
            };
            let every = match part {
                Part::When => watch.spec.every,
                Part::Version => VERSION_EVERY,
            };
            let (next, mut missed) = schedule::next(at, now.mono, every);
            let is_fleet = watch.is_fleet();
            let (is_looking, probe) = match part {
                Part::When => (&mut watch.is_looking, watch.probes[0]),
                Part::Version => (&mut watch.is_looking_at_version, watch.probes[1]),
            };
            let was_looking = std::mem::replace(is_looking, true);
            self.schedule.push(next, automation, part);
            if part == Part::When && !is_fleet {
                // The one before is still under way: looks do not pile up.
                missed += u64::from(was_looking);
                self.missed(now, automation.slot, missed, out);
            }
            if part == Part::When && is_fleet {
                self.fleet_look(now, automation.slot, out);
            } else if !was_looking {
                due.push(Look {
                    automation,
                    part,
                    probe,
                });
            }
        }
        due.sort_unstable_by_key(|l| (l.probe, l.automation, l.part));
        out.extend(due.drain(..).map(Effect::Look));
        self.due = due;
    }

    fn missed(&mut self, now: Now, slot: u32, n: u64, out: &mut Vec<Effect>) {
        if n == 0 {
            return;
        }
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        let is_first = watch.missed == 0;
        watch.missed = watch.missed.saturating_add(n);
        let name = watch.spec.name.clone();
        // The first one is told; how many there are stands in the snapshot.
        if is_first {
            self.tell(Some(&name), None, 0, What::TicksMissed { n }, out);
        }
        self.unknown(now, slot, n, "looks did not take place in time", out);
    }

    /// So many looks had no answer.
    fn unknown(&mut self, now: Now, slot: u32, n: u64, why: &str, out: &mut Vec<Effect>) {
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        watch.gap = watch.gap.saturating_add(n);
        let begins = watch.gap >= NO_DATA_LOOKS && !watch.is_no_data;
        watch.is_no_data |= begins;
        let name = begins.then(|| watch.spec.name.clone());
        let n_slots = watch.patients.n_slots();
        if let Some(name) = name {
            let why = why.to_owned();
            self.tell(Some(&name), None, 0, What::NoData { why }, out);
        }
        for index in 0..n_slots {
            self.visit(At { slot, index }, now, out, |engine, cx, p, out| {
                p.fires = false;
                p.fire.unknown(n);
                p.clear.unknown(n);
                if p.phase == Phase::Pending && p.fire.is_blank() {
                    engine.turn(cx, p, Phase::Clear, out);
                }
                engine.judge_flap(cx, p, out);
            });
        }
    }

    fn rows(
        &mut self,
        now: Now,
        slot: u32,
        seen: &[Seen<'_>],
        looked_at: u32,
        out: &mut Vec<Effect>,
    ) {
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        watch.look += 1;
        watch.looked_at = Some(now.mono);
        watch.gap = 0;
        let look = watch.look;
        let is_back = std::mem::take(&mut watch.is_no_data);
        let name = is_back.then(|| watch.spec.name.clone());
        if let Some(name) = name {
            self.tell(Some(&name), None, 0, What::DataBack, out);
        }
        let mut dropped = 0;
        for one in seen {
            match self.place(now, slot, one.key, one.verdict == Verdict::Fires) {
                Ok(Some(at)) => self.visit(at, now, out, |engine, cx, p, out| {
                    p.seen = look;
                    engine.observe(cx, p, one.verdict, one.env, out);
                }),
                Ok(None) => {}
                Err(TooMany) => dropped += 1,
            }
        }
        let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
        for index in 0..n_slots {
            let at = At { slot, index };
            if self.patient(at).is_some_and(|p| p.seen != look) {
                self.visit(at, now, out, |engine, cx, p, out| {
                    engine.observe(cx, p, Verdict::Well, &[], out);
                });
            }
        }
        self.note_dropped(slot, dropped, out);
        let n_seen = u32::try_from(seen.len()).unwrap_or(u32::MAX);
        self.judge_storm(now, slot, looked_at.max(n_seen), out);
        self.gate_all(now, slot, out);
    }

    /// Finds a patient, or makes one if it fires.
    pub(super) fn place(
        &mut self,
        now: Now,
        slot: u32,
        key: &str,
        fires: bool,
    ) -> Result<Option<At>, TooMany> {
        let (bounds, n_all) = (self.bounds, self.n_patients);
        let Some(watch) = self.watch_at(slot) else {
            return Ok(None);
        };
        if let Some(index) = watch.patients.find(key) {
            return Ok(Some(At { slot, index }));
        }
        if !fires {
            return Ok(None);
        }
        let is_room = watch.patients.len() < bounds.keys && n_all < bounds.keys_all;
        if !is_room || key.len() > AUTOMATION_KEY_MAX {
            return Err(TooMany);
        }
        let patient = Patient::new(key.into(), &watch.spec, now);
        let index = watch.patients.add(patient);
        self.n_patients += 1;
        Ok(Some(At { slot, index }))
    }

    fn note_dropped(&mut self, slot: u32, dropped: u64, out: &mut Vec<Effect>) {
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        watch.keys_over = watch.keys_over.saturating_add(dropped);
        let begins = dropped > 0 && !watch.is_over;
        watch.is_over = dropped > 0;
        if begins {
            let name = watch.spec.name.clone();
            self.tell(Some(&name), None, 0, What::KeysOver { dropped }, out);
        }
    }

    /// Takes what one look says of one patient.
    pub(super) fn observe(
        &mut self,
        cx: &Context,
        p: &mut Patient,
        verdict: Verdict,
        env: &[(String, String)],
        out: &mut Vec<Effect>,
    ) {
        let now = cx.now.mono;
        p.fires = verdict == Verdict::Fires;
        if p.fires {
            p.keep_row(env);
        }
        p.fire.look(now, p.fires);
        p.clear.look(now, verdict == Verdict::Well);
        match p.phase {
            Phase::Clear | Phase::Pending => {
                if p.fires && p.fire.holds() {
                    self.fired(cx, p, out);
                } else if p.fire.is_blank() {
                    self.turn(cx, p, Phase::Clear, out);
                } else {
                    self.turn(cx, p, Phase::Pending, out);
                }
            }
            Phase::Firing
            | Phase::Collecting { .. }
            | Phase::Verifying { .. }
            | Phase::Escalated(_) => {
                if p.clear.holds() {
                    self.cleared(cx, p, out);
                }
            }
            // It has to end first: what is seen meanwhile may be the deed's own doing.
            Phase::Acting(_) => {}
        }
        self.judge_flap(cx, p, out);
    }

    pub(super) fn judge_storm(&mut self, now: Now, slot: u32, of: u32, out: &mut Vec<Effect>) {
        let episode = self.episode + 1;
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        let n_firing = watch.n_firing();
        let rule = watch.spec.storm;
        let Some(turn) = watch.storm.judge(now.mono, &rule, n_firing, of) else {
            return;
        };
        if let Turn::Began { .. } = turn {
            watch.storm.episode = Some(episode);
        }
        self.tell_storm(now, slot, &turn, of, out);
    }

    /// Tells that a storm began or ended: one page, however many patients it has.
    pub(super) fn tell_storm(
        &mut self,
        now: Now,
        slot: u32,
        turn: &Turn,
        of: u32,
        out: &mut Vec<Effect>,
    ) {
        let (fleet, node) = (self.fleet.clone(), self.node.clone());
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        let spec = std::sync::Arc::clone(&watch.spec);
        let name = &spec.name;
        let episode = watch.storm.episode;
        let incident = format!("{fleet}/{name}/{node}/storm");
        let what = match turn {
            Turn::Began { firing } => What::StormBegan {
                firing: *firing,
                of,
            },
            Turn::Ended => What::StormEnded,
        };
        if let Some(episode) = episode {
            self.episode = self.episode.max(episode);
        }
        out.push(Effect::Record(Record::Storm {
            automation: name.clone(),
            episode: episode.unwrap_or(0),
            at: now.wall,
        }));
        self.tell(Some(name), None, episode.unwrap_or(0), what, out);
        let is_muted = self.orders.is_muted(name, "");
        match turn {
            Turn::Began { .. } if !spec.escalate.is_empty() && !is_muted => {
                out.push(Effect::Page(Box::new(Page {
                    incident,
                    why: PageWhy::Storm,
                    key: None,
                    since: now.wall,
                    env: std::sync::Arc::new([]),
                    tried: Vec::new(),
                    spec,
                })));
            }
            Turn::Began { .. } => {}
            Turn::Ended => out.push(Effect::Resolve { incident }),
        }
    }

    /// Tries every patient that is at the gate.
    pub(super) fn gate_all(&mut self, now: Now, slot: u32, out: &mut Vec<Effect>) {
        let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
        for index in 0..n_slots {
            let at = At { slot, index };
            if self.patient(at).is_some_and(|p| p.phase == Phase::Firing) {
                self.visit(at, now, out, Self::gate);
            }
        }
    }
}

/// A patient that cannot be kept.
#[derive(Debug)]
pub(super) struct TooMany;
