//! The fan-out against simulated nodes: virtual time, and chance at every step.
//!
//! Nodes connect late, fail to, or never do; requests, answers and whole connections are lost;
//! nodes die before, while and after they work, ignore cancels, repeat themselves. The operator
//! halts and cancels when he likes. Whatever happens: every target ends exactly once, in a state
//! that is true; nobody is asked twice; the run ends; a free place never waits for a ready node.
//!
//! Of a staged run nobody is asked before all of the stages before have ended, somebody of them ok,
//! the wait is over and the gate passed; with limits, nobody is asked once they are exceeded.
//!
//! `HAILER_SEED=n` plays one schedule again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::state::State;
use hailer_protocol::time::Mono;
use hailer_shell::fleet::cause::Cause;
use hailer_shell::fleet::fanout::{Fanout, Input, LinkAtStart, Output, Target};
use hailer_shell::fleet::policy::Policy;

use chance::{Chance, limits, staging};

mod chance;

const SCHEDULES: u64 = 4_000;

#[test]
fn every_target_ends_once_and_truly_whatever_happens() {
    let only = std::env::var("HAILER_SEED").ok();
    let only = only.map(|seed| seed.parse().expect("HAILER_SEED is a number"));
    let seeds = only.map_or(0..SCHEDULES, |seed: u64| seed..seed + 1);
    let mut ends = [0_usize; State::ALL.len()];
    for seed in seeds {
        let _replay = Replay(seed);
        for state in World::new(seed).play() {
            let at = State::ALL.iter().position(|s| *s == state);
            ends[at.expect("listed")] += 1;
        }
    }
    if only.is_none() {
        // A simulation that never reaches a state shows nothing about it.
        for (state, n) in State::ALL.into_iter().zip(ends) {
            let is_reached = n > 0 || matches!(state, State::Undeliverable);
            assert!(is_reached, "no schedule ended a target as {state}");
        }
    }
}

/// Says how to play the schedule again if it fails.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "replay with HAILER_SEED={}", self.0);
        }
    }
}

/// What is under way in the simulated world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Reaches the fan-out.
    Tell(Told),
    /// The request reaches the node.
    Arrive(Target),
    /// The cancel reaches the node.
    Stop(Target),
}

/// An [`Input`] that can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Connected(Target),
    ConnectFailed(Target),
    Unsent(Target, u8),
    Started(Target),
    Ended(Target, State),
    Lost(Target),
    Gate(u32, bool),
    Halt,
    Cancel,
}

impl Told {
    fn input(&self) -> Input {
        let reason = Arc::<str>::from("chance");
        match *self {
            Self::Connected(t) => Input::Connected(t),
            Self::ConnectFailed(t) => Input::ConnectFailed(t, reason),
            Self::Unsent(t, attempt) => Input::Unsent(t, attempt, reason),
            Self::Started(t) => Input::Started(t),
            Self::Ended(t, state) => Input::Ended(t, state),
            Self::Lost(t) => Input::Lost(t, reason),
            Self::Gate(stage, passed) => Input::Gate(stage, passed.then_some(()).ok_or(reason)),
            Self::Halt => Input::Halt,
            Self::Cancel => Input::Cancel,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// How often a request arrived. More than once is the harm that must never be done.
    arrivals: u32,
    /// How often a request was handed to the network.
    sent: u32,
    /// What it said last of its end.
    said: Option<State>,
    is_asked_to_stop: bool,
    end: Option<State>,
}

struct World {
    seed: u64,
    chance: Chance,
    now: Mono,
    policy: Policy,
    fanout: Fanout,
    nodes: Vec<Node>,
    under_way: BinaryHeap<Reverse<(Mono, u64, Event)>>,
    told: Vec<Told>,
    serial: u64,
    has_ended: bool,
    /// Ends as the fan-out told them: failures, unreachable.
    bad: (usize, usize),
    /// When a target ended last.
    last_end: Mono,
    /// The last gate that was passed.
    passed: Option<u32>,
    /// How unkind the network is, in percent.
    harm: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let n = chance.below(40) + 1;
        let harm = [0, 2, 10, 40][usize::try_from(chance.below(4)).expect("small")];
        let links: Vec<_> = (0..n).map(|_| link(&mut chance, harm)).collect();
        let some = |chance: &mut Chance| chance.percent(30).then(|| chance.millis(20_000));
        let deadline = some(&mut chance);
        let policy = Policy {
            max_in_flight: usize::try_from(chance.below(12)).expect("small"),
            // A patient run over nodes that never come ends by its deadline alone.
            is_patient: deadline.is_some() && chance.percent(50),
            deadline,
            answer_within: some(&mut chance),
            stalled_after: chance.percent(50).then(|| chance.millis(3_000)),
            connect_wait: chance.millis(10_000),
            confirm_grace: chance.millis(5_000),
            staging: staging(&mut chance, n),
            limits: limits(&mut chance),
        };
        let now = Mono(Duration::from_secs(1));
        let mut world = Self {
            seed,
            now,
            fanout: Fanout::new(links, policy.clone(), now),
            nodes: vec![Node::default(); usize::try_from(n).expect("small")],
            under_way: BinaryHeap::new(),
            told: Vec::new(),
            serial: 0,
            has_ended: false,
            bad: (0, 0),
            last_end: now,
            passed: None,
            harm,
            policy,
            chance,
        };
        for told in [Told::Halt, Told::Cancel] {
            if world.chance.percent(25) {
                let delay = world.chance.millis(15_000);
                world.later(delay, Event::Tell(told));
            }
        }
        // Somebody or something ends every schedule: a run without any deadline may last.
        world.later(Duration::from_secs(60), Event::Tell(Told::Cancel));
        world
    }

    fn later(&mut self, delay: Duration, event: Event) {
        self.serial += 1;
        let at = self.now + delay;
        self.under_way.push(Reverse((at, self.serial, event)));
    }

    fn play(mut self) -> Vec<State> {
        let seed = self.seed;
        self.carry_out();
        for _ in 0..100_000 {
            if self.has_ended {
                break;
            }
            self.step();
            self.carry_out();
            self.check();
        }
        assert!(self.has_ended, "seed {seed}: the run never ended");
        for _ in 0..1_000 {
            self.step();
            assert_eq!(
                self.fanout.poll_output(),
                None,
                "seed {seed}: after the end"
            );
        }
        assert_eq!(
            self.fanout.poll_timeout(),
            None,
            "seed {seed}: a timer is left"
        );
        let ends = self.nodes.iter().map(|n| n.end.expect("checked"));
        ends.collect()
    }

    /// Lets the next thing happen: a timeout or an event, sometimes early, late or again.
    fn step(&mut self) {
        let due = self.fanout.poll_timeout().map(|(at, _)| at);
        let next = self.under_way.peek().map(|Reverse((at, ..))| *at);
        if due.is_some_and(|due| next.is_none_or(|next| due <= next)) {
            let late = if self.chance.percent(10) { 50 } else { 0 };
            self.now = self.now.max(due.unwrap_or_default()) + self.chance.millis(late);
            self.fanout.handle_timeout(self.now);
            return;
        }
        if self.chance.percent(5) {
            self.fanout.handle_timeout(self.now);
        }
        if self.chance.percent(5) && !self.told.is_empty() {
            let which = self.chance.below(self.told.len() as u64);
            let again = self.told[usize::try_from(which).expect("small")].clone();
            self.fanout.handle_input(self.now, again.input());
            return;
        }
        let Some(Reverse((at, _, event))) = self.under_way.pop() else {
            return;
        };
        self.now = self.now.max(at);
        match event {
            Event::Tell(told) => {
                if let Told::Gate(stage, true) = told {
                    self.passed = Some(stage);
                }
                if let Told::Ended(target, state) = told {
                    self.nodes[target as usize].said.get_or_insert(state);
                }
                self.fanout.handle_input(self.now, told.input());
                // A connection that came or failed may be told again of a later one: no repeats.
                if !matches!(told, Told::Halt | Told::Cancel) {
                    self.told.push(told);
                }
            }
            Event::Arrive(target) => self.arrive(target),
            Event::Stop(target) => {
                if !self.chance.percent(self.harm) {
                    let delay = self.chance.millis(4_000);
                    self.later(delay, Event::Tell(Told::Ended(target, State::Cancelled)));
                }
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.fanout.poll_output() {
            assert!(
                !self.has_ended,
                "seed {}: {output:?} after the end",
                self.seed
            );
            match output {
                Output::Connect(t) | Output::Await(t, _) => self.connect(t),
                Output::Dispatch(t, attempt) => self.dispatch(t, attempt),
                Output::Cancel(t) => {
                    let node = &mut self.nodes[t as usize];
                    assert!(!node.is_asked_to_stop, "seed {}: twice", self.seed);
                    node.is_asked_to_stop = true;
                    let delay = self.chance.millis(100);
                    self.later(delay, Event::Stop(t));
                }
                Output::TargetEnded(t, state, cause) => self.target_ended(t, state, &cause),
                Output::AskGate(stage) => self.ask_gate(stage),
                Output::StageBegins(stage) => {
                    self.stage_is_over(stage.checked_sub(1).expect("not told of the first"));
                }
                Output::RunEnded => self.has_ended = true,
            }
        }
    }

    fn connect(&mut self, t: Target) {
        let told = match self.chance.below(100) {
            p if p < self.harm => return,
            p if p < 2 * self.harm => Told::ConnectFailed(t),
            _ => Told::Connected(t),
        };
        let delay = self.chance.millis(3_000);
        self.later(delay, Event::Tell(told));
    }

    /// Asserts that all targets up to the end of a stage have ended, and somebody of them ok.
    fn stage_is_over(&self, stage: u32) {
        let end = self.policy.staging.ends[stage as usize] as usize;
        let before = &self.nodes[..end];
        let seed = self.seed;
        assert!(before.iter().all(|n| n.end.is_some()), "seed {seed}");
        let is_ok = |n: &Node| n.end == Some(State::Ok);
        // Of those that are asked later anybody may have ended early, as unreachable only.
        assert!(before.iter().any(is_ok), "seed {seed}: no canary was ok");
    }

    fn ask_gate(&mut self, stage: u32) {
        self.stage_is_over(stage);
        assert!(self.policy.staging.is_gated, "seed {}", self.seed);
        let delay = self.chance.millis(3_000);
        let passed = self.chance.percent(80);
        self.later(delay, Event::Tell(Told::Gate(stage, passed)));
    }

    /// Asserts that this target may be asked at this moment.
    fn may_be_asked(&self, t: Target) {
        let (seed, limits) = (self.seed, self.policy.limits);
        let within = |n: usize, limit: Option<usize>| limit.is_none_or(|limit| n <= limit);
        assert!(
            within(self.bad.0, limits.failures) && within(self.bad.1, limits.unreachable),
            "seed {seed}: {t} was asked beyond the limits"
        );
        let ends = &self.policy.staging.ends;
        let stage = ends.partition_point(|end| *end <= t);
        let Some(before) = stage.checked_sub(1) else {
            return;
        };
        self.stage_is_over(u32::try_from(before).expect("small"));
        // The stage before, if anybody of it was asked, was waited behind and gated.
        let begin = before.checked_sub(1).map_or(0, |s| ends[s]) as usize;
        let was_asked = self.nodes[begin..ends[before] as usize]
            .iter()
            .any(|n| n.sent > 0);
        let is_first_of_stage = self.nodes[ends[before] as usize..]
            .iter()
            .all(|n| n.sent == 0);
        if was_asked && is_first_of_stage {
            let waited = self.now >= self.last_end + self.policy.staging.wait;
            assert!(waited, "seed {seed}: {t} was asked too early");
            let is_passed = self.passed == u32::try_from(before).ok();
            assert!(is_passed || !self.policy.staging.is_gated, "seed {seed}");
        }
    }

    fn dispatch(&mut self, t: Target, attempt: u8) {
        assert!(self.nodes[t as usize].end.is_none(), "seed {}", self.seed);
        self.may_be_asked(t);
        let delay = self.chance.millis(50);
        if self.chance.percent(self.harm) {
            self.later(delay, Event::Tell(Told::Unsent(t, attempt)));
            return;
        }
        self.nodes[t as usize].sent += 1;
        if self.chance.percent(self.harm) {
            // The connection dies; the request may or may not have got through.
            let notice = self.chance.millis(30_000);
            self.later(notice, Event::Tell(Told::Lost(t)));
            if self.chance.percent(50) {
                return;
            }
        }
        self.later(delay, Event::Arrive(t));
    }

    fn arrive(&mut self, t: Target) {
        self.nodes[t as usize].arrivals += 1;
        if self.chance.percent(self.harm) {
            return;
        }
        let begins = self.chance.millis(100);
        self.later(begins, Event::Tell(Told::Started(t)));
        if self.chance.percent(self.harm) {
            let dies = self.chance.millis(5_000);
            self.later(begins + dies, Event::Tell(Told::Lost(t)));
        }
        let state = match self.chance.below(20) {
            0 => State::Failed,
            1 => State::Denied,
            2 => State::TimedOut,
            3 => return,
            _ => State::Ok,
        };
        let work = self.chance.millis(8_000);
        self.later(begins + work, Event::Tell(Told::Ended(t, state)));
    }

    fn target_ended(&mut self, t: Target, state: State, cause: &Cause) {
        let seed = self.seed;
        let node = &mut self.nodes[t as usize];
        assert_eq!(node.end, None, "seed {seed}: {t} ended twice");
        node.end = Some(state);
        if node.sent > 0 {
            self.last_end = self.now;
        }
        match state {
            State::Failed | State::TimedOut | State::Lost | State::Denied => self.bad.0 += 1,
            State::Unreachable | State::Undeliverable => self.bad.1 += 1,
            State::Ok | State::Cancelled | State::NotStarted => {}
        }
        let is_true = match state {
            State::Ok | State::Failed | State::Denied | State::Undeliverable => {
                *cause == Cause::Answered && node.said == Some(state)
            }
            State::TimedOut => match node.said {
                Some(State::TimedOut) => true,
                Some(State::Cancelled) => node.is_asked_to_stop,
                _ => false,
            },
            State::Cancelled => node.said == Some(state) || node.sent == 0,
            State::Unreachable | State::NotStarted => node.sent == 0 && node.arrivals == 0,
            State::Lost => node.sent == 1,
        };
        assert!(
            is_true,
            "seed {seed}: {t} is not {state} ({cause}): {node:?}"
        );
    }

    fn check(&self) {
        let seed = self.seed;
        let counts = self.fanout.counts();
        let max = self.policy.max_in_flight.max(1);
        let all = counts.waiting + counts.ready + counts.in_flight + counts.ended;
        assert_eq!(all, self.nodes.len(), "seed {seed}");
        let is_staged = !self.policy.staging.ends.is_empty();
        let is_starved = counts.ready > 0 && counts.in_flight < max && !is_staged;
        assert!(
            !is_starved,
            "seed {seed}: ready nodes wait for nothing: {counts:?}"
        );
        if self.policy.stalled_after.is_none() {
            assert!(counts.in_flight <= max, "seed {seed}: too many: {counts:?}");
        }
        for (t, node) in self.nodes.iter().enumerate() {
            assert!(node.sent <= 1, "seed {seed}: {t} was asked twice");
            assert!(node.arrivals <= 1, "seed {seed}: {t} was asked twice");
        }
        if self.has_ended {
            assert!(self.nodes.iter().all(|n| n.end.is_some()), "seed {seed}");
        }
    }
}

fn link(chance: &mut Chance, harm: u64) -> LinkAtStart {
    match chance.below(100) {
        p if p < harm => LinkAtStart::Down {
            reason: "chance".into(),
        },
        p if p < 50 => LinkAtStart::Connecting,
        _ => LinkAtStart::Up,
    }
}
