//! The desk: what is worth a call, and what is more of the same.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hailer_protocol::automation::AutomationName;
use hailer_protocol::ids::Name;
use hailer_protocol::time::{Mono, Wall};

use super::incident::{Incident, Notice, Reported};
use super::{Message, MessageKind};

/// Folds notices into incidents, one for each page and automation, and says what is to be told.
#[derive(Debug)]
pub struct Desk {
    fleet: Name,
    open: BTreeMap<(String, AutomationName), Open>,
    /// When incidents were opened at a page, within the last hour.
    opened: BTreeMap<String, VecDeque<Mono>>,
    held_back: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Open {
    incident: Incident,
    stage: Stage,
    is_changed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// More may come at once; told at that time.
    Gathering(Mono),
    /// There are too many: told when the page's hour has room.
    HeldBack,
    /// Told; what is new is told at that time, and the next time after twice as long.
    Told { next: Mono, pause: Duration },
}

impl Desk {
    /// Makes an empty desk.
    #[must_use]
    pub const fn new(fleet: Name) -> Self {
        Self {
            fleet,
            open: BTreeMap::new(),
            opened: BTreeMap::new(),
            held_back: BTreeMap::new(),
        }
    }

    /// Takes a notice. One that was taken before changes nothing.
    pub fn notice(&mut self, now: Mono, wall: Wall, notice: Notice) {
        let key = (notice.page.clone(), notice.automation.clone());
        match notice.reported {
            Reported::Escalated(patient) => {
                let open = self.open.entry(key).or_insert_with(|| Open {
                    incident: Incident {
                        key: format!(
                            "{}/{}/{}/{}",
                            self.fleet, notice.automation, notice.page, wall.0
                        ),
                        fleet: self.fleet.clone(),
                        automation: notice.automation,
                        text: notice.text,
                        patients: BTreeMap::new(),
                        n_cleared: 0,
                        n_held_back: 0,
                    },
                    stage: Stage::Gathering(now + GATHER),
                    is_changed: true,
                });
                let patients = &mut open.incident.patients;
                let known = patients.get(&notice.patient);
                if known.is_none_or(|known| known.episode < patient.episode) {
                    patients.insert(notice.patient, patient);
                    open.is_changed = true;
                }
            }
            Reported::Cleared { episode } => {
                let Some(open) = self.open.get_mut(&key) else {
                    return;
                };
                let patients = &mut open.incident.patients;
                let known = patients.get(&notice.patient);
                // A late word of an earlier episode.
                if known.is_some_and(|known| known.episode <= episode) {
                    patients.remove(&notice.patient);
                    open.incident.n_cleared += 1;
                    open.is_changed = true;
                }
            }
        }
    }

    /// Returns what is to be told now. Late, early and repeated calls are harmless.
    pub fn poll(&mut self, now: Mono) -> Vec<Message> {
        let mut messages = Vec::new();
        let keys: Vec<_> = self.open.keys().cloned().collect();
        for key in keys {
            let Some(mut open) = self.open.remove(&key) else {
                continue;
            };
            let kind = self.step(now, &key.0, &mut open);
            let is_over = open.incident.patients.is_empty();
            if let Some(kind) = kind {
                messages.push(Message {
                    page: key.0.clone(),
                    kind,
                    incident: open.incident.clone(),
                });
            }
            if !is_over {
                self.open.insert(key, open);
            }
        }
        messages
    }

    /// Returns when to call [`Desk::poll`] next; ask again after each call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let next = self.open.iter().filter_map(|((page, _), open)| {
            if open.incident.patients.is_empty() {
                return Some(Mono::default());
            }
            match open.stage {
                Stage::Gathering(until) => Some(until),
                Stage::HeldBack => {
                    let opened = self.opened.get(page)?;
                    Some(*opened.front()? + HOUR)
                }
                Stage::Told { next, .. } => open.is_changed.then_some(next),
            }
        });
        next.min()
    }

    /// Returns the incidents that are open.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.open.values().map(|open| &open.incident)
    }

    fn step(&mut self, now: Mono, page: &str, open: &mut Open) -> Option<MessageKind> {
        let is_over = open.incident.patients.is_empty();
        match open.stage {
            // Nobody was told of it: nobody has to be told that it is over.
            Stage::Gathering(_) | Stage::HeldBack if is_over => None,
            Stage::Told { .. } if is_over => Some(MessageKind::Resolved),
            Stage::Gathering(until) if now < until => None,
            Stage::Gathering(_) | Stage::HeldBack => self.call(now, page, open),
            Stage::Told { next, pause } if open.is_changed && now >= next => {
                let pause = (pause * 2).min(UPDATE_MAX);
                open.stage = Stage::Told {
                    next: now + pause,
                    pause,
                };
                open.is_changed = false;
                Some(MessageKind::Updated)
            }
            Stage::Told { .. } => None,
        }
    }

    /// Calls, unless there were too many calls within the hour.
    fn call(&mut self, now: Mono, page: &str, open: &mut Open) -> Option<MessageKind> {
        let opened = self.opened.entry(page.to_owned()).or_default();
        while opened.front().is_some_and(|at| now.since(*at) >= HOUR) {
            opened.pop_front();
        }
        let held_back = self.held_back.entry(page.to_owned()).or_default();
        if opened.len() >= PER_HOUR {
            if !matches!(open.stage, Stage::HeldBack) {
                *held_back += 1;
                open.stage = Stage::HeldBack;
            }
            return None;
        }
        opened.push_back(now);
        // The one that is told now was one of them.
        let was_held_back = usize::from(matches!(open.stage, Stage::HeldBack));
        open.incident.n_held_back = held_back.saturating_sub(was_held_back);
        *held_back = 0;
        open.stage = Stage::Told {
            next: now + UPDATE_MIN,
            pause: UPDATE_MIN,
        };
        open.is_changed = false;
        Some(MessageKind::Opened)
    }
}

/// So long more of the same is waited for before somebody is called.
const GATHER: Duration = Duration::from_secs(2);

/// The least and the longest time between two messages about one incident; it doubles in between.
const UPDATE_MIN: Duration = Duration::from_secs(60);
const UPDATE_MAX: Duration = Duration::from_secs(30 * 60);

/// So many incidents are opened at a page within [`HOUR`]: the rest waits, and is counted in the next.
const PER_HOUR: usize = 20;
const HOUR: Duration = Duration::from_secs(3600);
