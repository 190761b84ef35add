//! Which automations are in force: put in force, changed, removed, without losing what is known.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::effect::{Effect, KillWhy, Part};
use super::hold::Looks;
use super::input::{Handle, Now};
use super::notice::What;
use super::patient::{Patient, Phase};
use super::storm::Turn;
use super::watch::Watch;
use super::{At, Context, Engine, VERSION_EVERY, schedule};
use crate::automation::{AutomationName, AutomationSpec, Condition};
use crate::codec;
use crate::ids::Digest;
use crate::limits::AUTOMATIONS_MAX;
use crate::message::Probe;

/// Numbers equal probes alike.
#[derive(Default)]
struct Probes(HashMap<Vec<u8>, u32>);

impl Probes {
    fn number(&mut self, probe: &Probe) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        // What cannot be encoded cannot have travelled here; it is then asked by itself.
        let bytes = codec::encode(probe).unwrap_or_else(|_| next.to_le_bytes().to_vec());
        *self.0.entry(bytes).or_insert(next)
    }

    fn of(&mut self, spec: &AutomationSpec) -> [u32; 2] {
        let when = match &spec.when {
            Condition::Node(node) => self.number(&node.probe),
            Condition::Fleet(_) => u32::MAX,
        };
        let version = spec.version.as_ref();
        [when, version.map_or(u32::MAX, |v| self.number(&v.probe))]
    }
}

impl Engine {
    /// Puts these automations in force, in place of those that were. One whose version is the same
    /// goes on as if nothing had been; a changed one keeps its patients with their episodes, attempts
    /// and cooldowns, and looks anew; one that is removed ends its episodes and its deeds.
    pub fn set_automations(
        &mut self,
        now: Now,
        automations: Vec<(Digest, Arc<AutomationSpec>)>,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        let mut wanted: BTreeMap<AutomationName, (Digest, Arc<AutomationSpec>)> = BTreeMap::new();
        for (version, spec) in automations {
            let is_room = wanted.len() < AUTOMATIONS_MAX || wanted.contains_key(&spec.name);
            if is_room {
                wanted.insert(spec.name.clone(), (version, spec));
            } else {
                self.tell(Some(&spec.name), None, 0, What::Refused, out);
            }
        }
        let gone = self
            .by_name
            .iter()
            .filter(|(n, _)| !wanted.contains_key(*n));
        let gone: Vec<u32> = gone.map(|(_, slot)| *slot).collect();
        for slot in gone {
            self.remove(now, slot, out);
        }
        let mut probes = Probes::default();
        let free = self.watches.iter().enumerate().filter(|(_, w)| w.is_none());
        let mut free: Vec<usize> = free.map(|(slot, _)| slot).rev().collect();
        for (name, (version, spec)) in wanted {
            let numbers = probes.of(&spec);
            let slot = self.by_name.get(&name).copied();
            let slot = slot.or_else(|| free.pop().and_then(|s| u32::try_from(s).ok()));
            let slot = slot.unwrap_or_else(|| {
                self.watches.push(None);
                u32::try_from(self.watches.len() - 1).unwrap_or(u32::MAX)
            });
            let before = self.watches[slot as usize].take();
            self.put(now, slot, before, version, spec, numbers, out);
            self.by_name.insert(name, slot);
            self.adopt(now, slot, out);
        }
        self.abandon(now, out);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one automation's parts, in one place"
    )]
    fn put(
        &mut self,
        now: Now,
        slot: u32,
        before: Option<Watch>,
        version: Digest,
        spec: Arc<AutomationSpec>,
        probes: [u32; 2],
        out: &mut Vec<Effect>,
    ) {
        if let Some(mut same) = before {
            if same.version == version {
                same.probes = probes;
                self.watches[slot as usize] = Some(same);
                return;
            }
            self.start(now, slot, version, spec, probes);
            if let Some(watch) = self.watch_at(slot) {
                watch.storm = same.storm;
                watch.missed = same.missed;
                watch.keys_over = same.keys_over;
                watch.patients = same.patients;
                let name = watch.spec.name.clone();
                self.tell(Some(&name), None, 0, What::Changed, out);
            }
            let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
            for index in 0..n_slots {
                self.visit(At { slot, index }, now, out, Self::carry_over);
            }
        } else {
            self.start(now, slot, version, Arc::clone(&spec), probes);
            self.tell(Some(&spec.name), None, 0, What::Added, out);
        }
    }

    /// Fits a patient to another version of its automation.
    fn carry_over(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let fresh = Patient::new(Arc::clone(&p.key), &cx.spec, cx.now);
        p.fire = fresh.fire;
        p.clear = Looks::new(cx.spec.clear.hold);
        p.seen = 0;
        p.fires = false;
        p.held = None;
        let n_deeds = u16::try_from(cx.spec.deeds.len()).unwrap_or(u16::MAX);
        p.step = p.step.min(n_deeds);
        match p.phase {
            Phase::Pending => self.turn(cx, p, Phase::Clear, out),
            Phase::Firing | Phase::Collecting { .. } => {
                // What was asked was asked for the version before.
                self.let_go(p, out);
                self.end_asking(cx, p, out);
                self.turn(cx, p, Phase::Firing, out);
            }
            Phase::Clear | Phase::Acting(_) | Phase::Verifying { .. } | Phase::Escalated(_) => {}
        }
    }

    fn start(
        &mut self,
        now: Now,
        slot: u32,
        version: Digest,
        spec: Arc<AutomationSpec>,
        probes: [u32; 2],
    ) {
        self.serial = self.serial.wrapping_add(1);
        let handle = Handle {
            slot,
            serial: self.serial,
        };
        let seed = self.seed(&spec.name);
        let is_metric = match &spec.when {
            Condition::Node(node) => matches!(node.probe, Probe::Metric(_) | Probe::Facts(_)),
            Condition::Fleet(_) => true,
        };
        let at = schedule::first(now.mono, spec.every, is_metric, seed);
        self.schedule.push(at, handle, Part::When);
        if spec.version.is_some() {
            // At once, and then seldom: until it is known nothing is done.
            let spread = schedule::first(now.mono, VERSION_EVERY / 60, false, seed);
            self.schedule.push(spread, handle, Part::Version);
        }
        self.watches[slot as usize] = Some(Watch::new(handle, version, spec, probes));
    }

    /// The same for the same automation of the same node.
    fn seed(&self, name: &AutomationName) -> u64 {
        let text = format!("{}\0{}\0{name}", self.fleet, self.node);
        let digest = blake3::hash(text.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    fn remove(&mut self, now: Now, slot: u32, out: &mut Vec<Effect>) {
        let n_slots = self.watch_at(slot).map_or(0, |w| w.patients.n_slots());
        for index in 0..n_slots {
            self.visit(At { slot, index }, now, out, |engine, cx, p, out| {
                if let Phase::Acting(attempt) = p.phase {
                    // Its end is recorded when it comes, and its share ends with its time: until it
                    // is dead nobody else should have it.
                    out.push(Effect::Kill {
                        attempt: attempt.id,
                        why: KillWhy::Removed,
                    });
                } else if p.phase.is_episode() {
                    engine.close(cx, p, out);
                }
            });
        }
        let turn = self.watch_at(slot).and_then(|w| w.storm.settle());
        if turn == Some(Turn::Ended) {
            self.tell_storm(now, slot, &Turn::Ended, 0, out);
        }
        let Some(watch) = self.watches.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        self.n_patients -= watch.patients.len();
        let name = &watch.spec.name;
        self.by_name.remove(name);
        self.forget_asks(|whose| whose.automation == *name);
        self.tell(Some(name), None, 0, What::Removed, out);
    }
}
