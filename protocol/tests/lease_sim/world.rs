//! The world: true time, the network between patients and keepers, and the faults.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use hailer_protocol::lease::{Answer, LetGo};
use hailer_protocol::time::Mono;

use crate::chance::Chance;
use crate::keeper::{Keeper, Letter, Message, Written};
use crate::node::{Patient, State};
use crate::plan::{Clock, DATACENTRES, KEEPERS, Outcome, Plan, SECOND};
use crate::store::Store;

/// What happens next.
pub(crate) enum Event {
    Wake { patient: usize, turn: u64 },
    AtKeeper { keeper: usize, letter: Letter },
    Written(Box<Written>),
    AtPatient { letter: Letter, answer: Answer },
    Crash { keeper: usize },
    Begin { keeper: usize },
    Tick { keeper: usize, life: u64 },
    NodeDies { patient: usize },
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) chance: Chance,
    pub(crate) now: u64,
    pub(crate) queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    pub(crate) events: Vec<Option<Event>>,
    pub(crate) store: Store,
    pub(crate) keepers: Vec<Keeper>,
    pub(crate) patients: Vec<Patient>,
    /// From, to, the keeper that is cut off, of the patients that are so modulo 3.
    pub(crate) cuts: Vec<(u64, u64, usize, usize)>,
    pub(crate) loss: u64,
    pub(crate) acting: BTreeMap<usize, usize>,
    pub(crate) outcome: Outcome,
    pub(crate) used: u64,
    pub(crate) seq: u64,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let mut chance = Chance(seed);
        let keeper = |chance: &mut Chance| Keeper {
            clock: Clock::new(chance),
            life: 0,
            authority: None,
            inbox: VecDeque::new(),
            is_busy: false,
        };
        let patient = |chance: &mut Chance| Patient {
            clock: Clock::new(chance),
            state: State::Well,
            attempt: 0,
            let_go: LetGo::default(),
            turn: 0,
        };
        let keepers = (0..KEEPERS).map(|_| keeper(&mut chance)).collect();
        let patients = (0..plan.patients).map(|_| patient(&mut chance)).collect();
        let loss = if plan.has_faults { chance.below(40) } else { 0 };
        let mut world = Self {
            store: Store::new(plan.flaw),
            plan,
            chance,
            now: 0,
            queue: BinaryHeap::new(),
            events: Vec::new(),
            keepers,
            patients,
            cuts: Vec::new(),
            loss,
            acting: BTreeMap::new(),
            outcome: Outcome {
                breach: None,
                deeds: 0,
                most: 0,
                used_share: 0.0,
            },
            used: 0,
            seq: 0,
        };
        world.set_out();
        world
    }

    /// Draws the faults, and lets everybody begin.
    fn set_out(&mut self) {
        let end = self.plan.seconds * 1000;
        for patient in 0..self.patients.len() {
            let begin = self.chance.millis(0, 20_000);
            self.at(begin, Event::Wake { patient, turn: 0 });
        }
        let keepers = if self.plan.has_faults { KEEPERS } else { 1 };
        for keeper in 0..keepers {
            let begin = self.chance.millis(0, 30_000) * u64::from(keeper > 0);
            self.at(begin, Event::Begin { keeper });
        }
        if !self.plan.has_faults {
            return;
        }
        for _ in 0..self.chance.below(8) {
            let (at, keeper) = (self.chance.millis(0, end), self.some_keeper());
            self.at(at, Event::Crash { keeper });
        }
        for _ in 0..self.chance.below(6) {
            let from = self.chance.millis(0, end);
            let to = from + self.chance.millis(1_000, 90_000);
            let third = usize::try_from(self.chance.below(3)).expect("small");
            let keeper = self.some_keeper();
            self.cuts.push((from, to, keeper, third));
        }
        for _ in 0..self.chance.below(20) {
            let at = self.chance.millis(0, end);
            let n = self.patients.len() as u64;
            let patient = usize::try_from(self.chance.below(n)).expect("small");
            self.at(at, Event::NodeDies { patient });
        }
    }

    pub(crate) fn run(mut self) -> Outcome {
        let end = self.plan.seconds * SECOND;
        while let Some(Reverse((at, _, slot))) = self.queue.pop() {
            if at > end || self.outcome.breach.is_some() {
                break;
            }
            self.now = at;
            if let Some(event) = self.events[slot].take() {
                self.handle(event);
            }
        }
        let whole = self.plan.may as u64 * end;
        self.outcome.used_share = self.used as f64 / whole as f64;
        self.outcome
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake { patient, turn } => self.wake(patient, turn),
            Event::AtKeeper { keeper, letter } => {
                if self.keepers[keeper].authority.is_some() {
                    self.keepers[keeper].inbox.push_back(letter);
                    self.work(keeper);
                }
            }
            Event::Written(written) => self.write(*written),
            Event::AtPatient { letter, answer } => self.answered(&letter, &answer),
            Event::Crash { keeper } => {
                self.keepers[keeper].crash();
                let pause = self.chance.millis(0, 60_000);
                self.at(self.now + pause, Event::Begin { keeper });
            }
            Event::Begin { keeper } => self.begin(keeper),
            Event::Tick { keeper, life } => self.tick(keeper, life),
            Event::NodeDies { patient } => {
                self.stop(patient, false);
                self.rest(patient);
            }
        }
    }

    pub(crate) fn letter(&mut self, patient: usize, message: Message) {
        let sent_at = self.mono(patient);
        let letter = Letter {
            from: patient,
            sent_at,
            message,
        };
        let keeper = if self.plan.has_faults {
            self.some_keeper()
        } else {
            0
        };
        self.send(keeper, patient, |keeper| Event::AtKeeper {
            keeper,
            letter: letter.clone(),
        });
    }

    /// Sends between a keeper and a patient: once, not at all, or twice.
    pub(crate) fn send(&mut self, keeper: usize, patient: usize, event: impl Fn(usize) -> Event) {
        let is_cut = self.cuts.iter().any(|(from, to, who, third)| {
            (*from..*to).contains(&self.now) && *who == keeper && patient % 3 == *third
        });
        if is_cut || self.chance.percent(self.loss) {
            return;
        }
        let copies = 1 + u64::from(self.plan.has_faults && self.chance.percent(5));
        for _ in 0..copies {
            let delay = match self.chance.below(100) {
                0..3 if self.plan.has_faults => self.chance.millis(1_000, 90_000),
                3..12 if self.plan.has_faults => self.chance.millis(50, 5_000),
                _ => self.chance.millis(1, 50),
            };
            self.at(self.now + delay, event(keeper));
        }
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.seq += 1;
        self.events.push(Some(event));
        let slot = self.events.len() - 1;
        self.queue.push(Reverse((at, self.seq, slot)));
    }

    pub(crate) fn wake_at(&mut self, patient: usize, at: u64) {
        self.patients[patient].turn += 1;
        let turn = self.patients[patient].turn;
        self.at(at, Event::Wake { patient, turn });
    }

    pub(crate) fn set(&mut self, patient: usize, state: State) {
        self.patients[patient].state = state;
    }

    pub(crate) fn mono(&self, patient: usize) -> Mono {
        self.patients[patient].clock.read(self.now)
    }

    pub(crate) fn some_keeper(&mut self) -> usize {
        usize::try_from(self.chance.below(KEEPERS as u64)).expect("small")
    }

    pub(crate) fn place(&self, patient: usize) -> usize {
        if self.plan.by_dc {
            patient % DATACENTRES
        } else {
            0
        }
    }
}
