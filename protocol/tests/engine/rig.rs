//! A driver for tests: a world that answers looks, deeds and asks, and a log of what was asked of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::automation::{
    AtOnce, AutomationName, AutomationSpec, Clear, Collect, Condition, Control, Deed, Escalation,
    Hold, Limits, Mode, NodeCondition, Offline, Storm,
};
use hailer_protocol::engine::{
    AttemptId, Bounds, DeedOutcome, Effect, Engine, Handle, LeaseAnswer, LeaseRef, Now, Page, Part,
    Reading, Record, Seen, Verdict,
};
use hailer_protocol::ids::{Digest, Name};
use hailer_protocol::message::{FleetLeaseDenied, FleetLeaseGranted, Probe};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::time::{Mono, Wall};

pub(crate) fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// An automation that looks every second, acts at the first look that fires and has two deeds.
pub(crate) fn spec(name: &str) -> AutomationSpec {
    let deed = |command: &str| Deed {
        command: command.to_owned(),
        timeout: secs(30),
        run_as: None,
        is_repeatable: false,
    };
    AutomationSpec {
        name: AutomationName::new(name).expect("a name"),
        source: String::new(),
        on: "all".to_owned(),
        version: None,
        every: secs(1),
        when: Condition::Node(condition("memory.utilization")),
        key: vec!["k".to_owned()],
        fire: Hold::ONCE,
        clear: Clear {
            expr: None,
            hold: Hold::ONCE,
        },
        collect: Vec::new(),
        deeds: vec![deed("first"), deed("second")],
        verify: secs(5),
        limits: Limits {
            rates: Vec::new(),
            attempts: 1,
            shares: Vec::new(),
            at_once: Vec::new(),
            offline: Offline::Hold,
        },
        storm: Storm {
            basis_points: 0,
            within: secs(60),
            at_least: 1,
        },
        escalate: vec![Escalation {
            page: "oncall".to_owned(),
            text: String::new(),
        }],
        mode: Mode::Act,
        owner: None,
        runbook: None,
        note: String::new(),
    }
}

pub(crate) fn condition(metric: &str) -> NodeCondition {
    NodeCondition {
        probe: Probe::Metric(metric.to_owned()),
        plan: RowPlan::default(),
        timeout: secs(1),
    }
}

pub(crate) fn with(
    mut spec: AutomationSpec,
    change: impl FnOnce(&mut AutomationSpec),
) -> AutomationSpec {
    change(&mut spec);
    spec
}

pub(crate) fn collecting(spec: AutomationSpec) -> AutomationSpec {
    with(spec, |s| {
        s.collect = vec![Collect {
            command: "ps".to_owned(),
            timeout: secs(5),
        }];
    })
}

pub(crate) fn leased(spec: AutomationSpec) -> AutomationSpec {
    with(spec, |s| {
        s.limits.at_once = vec![AtOnce { n: 3, by: None }];
    })
}

pub(crate) fn versioned(spec: AutomationSpec) -> (Digest, Arc<AutomationSpec>) {
    let bytes = spec.to_bytes().expect("a small one");
    (AutomationSpec::version(&bytes), Arc::new(spec))
}

pub(crate) fn engine() -> Engine {
    let name = |n| Name::new(n).expect("a name");
    Engine::new(name("demo"), name("web01"), Bounds::default())
}

/// What the keeper says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    Grants(u64),
    Denies,
    Away,
    Silent,
}

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
    /// What looks find: keys that fire, each with `+`, those in between with `~`. None for no data.
    pub(crate) world: Option<&'static str>,
    /// Looks are not answered.
    pub(crate) is_deaf: bool,
    /// How deeds end, at once; never without.
    pub(crate) deed: Option<DeedOutcome>,
    pub(crate) keeper: Keeper,
    pub(crate) evidence: bool,
    pub(crate) in_force: Option<bool>,
    pub(crate) begun: Vec<AttemptId>,
    pub(crate) asked: Vec<LeaseRef>,
    pub(crate) journal: Vec<Record>,
    pub(crate) pages: Vec<Page>,
    pub(crate) looks: usize,
    log: Vec<String>,
}

impl Rig {
    pub(crate) fn new(specs: Vec<AutomationSpec>) -> Self {
        let now = Now {
            mono: Mono(secs(100)),
            wall: Wall(1_800_000_000_000),
        };
        let mut rig = Self {
            engine: engine(),
            now,
            world: Some(""),
            is_deaf: false,
            deed: Some(DeedOutcome::Exited { rc: 0 }),
            keeper: Keeper::Grants(1),
            evidence: true,
            in_force: Some(true),
            begun: Vec::new(),
            asked: Vec::new(),
            journal: Vec::new(),
            pages: Vec::new(),
            looks: 0,
            log: Vec::new(),
        };
        rig.set(specs);
        rig.log.clear();
        rig
    }

    pub(crate) fn set(&mut self, specs: Vec<AutomationSpec>) {
        let specs = specs.into_iter().map(versioned).collect();
        self.call(|engine, now, out| engine.set_automations(now, specs, out));
    }

    /// Begins a new life, with the records of the one before.
    pub(crate) fn restart(&mut self, records: &[Record], specs: Vec<AutomationSpec>) {
        self.engine = engine();
        self.now.mono = Mono(secs(7));
        let records = records.to_vec();
        self.call(|engine, now, out| engine.restore(now, &records, out));
        self.set(specs);
    }

    pub(crate) fn control(&mut self, control: &Control) {
        let mut result = Ok(());
        self.call(|engine, now, out| result = engine.control(now, control, "because", out));
        result.expect("an order that can be followed");
    }

    pub(crate) fn call(&mut self, act: impl FnOnce(&mut Engine, Now, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.engine, self.now, &mut out);
        for effect in out {
            self.carry_out(effect);
        }
    }

    /// Lets so many seconds pass, and returns what was asked for.
    pub(crate) fn run(&mut self, seconds: u64) -> String {
        for _ in 0..seconds {
            self.pass(1000);
            self.call(Engine::handle_timeout);
        }
        self.take()
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.mono = self.now.mono + Duration::from_millis(ms);
        self.now.wall = self.now.wall + Duration::from_millis(ms);
    }

    /// Returns what was asked for since the last time.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.log).join("\n")
    }

    pub(crate) fn end(&mut self, outcome: DeedOutcome) {
        let id = self.begun.pop().expect("a deed was begun");
        self.call(|engine, now, out| engine.deed_ended(now, id, outcome, out));
    }

    fn carry_out(&mut self, effect: Effect) {
        if let Some(line) = line(&effect) {
            self.log.push(line);
        }
        match effect {
            Effect::Look(look) => {
                self.looks += 1;
                if self.is_deaf {
                    return;
                }
                match look.part {
                    Part::When => self.look(look.automation),
                    Part::Version => {
                        let seen = self.in_force;
                        self.call(|e, now, out| e.version_seen(now, look.automation, seen, out));
                    }
                }
            }
            Effect::Record(record) => self.journal.push(record),
            Effect::Begin(begin) => {
                self.begun.push(begin.attempt);
                if let Some(outcome) = self.deed.clone() {
                    self.end(outcome);
                }
            }
            Effect::Collect(e) => {
                if self.evidence {
                    self.call(|engine, now, out| {
                        engine.collected(now, e.automation, &e.key, e.episode, out);
                    });
                }
            }
            Effect::AskLease { lease, .. } | Effect::RenewLease { lease, .. } => {
                self.asked.push(lease);
                self.answer(lease);
            }
            Effect::Page(page) => self.pages.push(*page),
            Effect::Kill { .. }
            | Effect::ExtendLease { .. }
            | Effect::ReleaseLease { .. }
            | Effect::Resolve { .. }
            | Effect::Event(_) => {}
        }
    }

    fn answer(&mut self, lease: LeaseRef) {
        let answer = match self.keeper {
            Keeper::Grants(fencing_token) => LeaseAnswer::Granted(FleetLeaseGranted {
                fencing_token,
                ttl_ms: 30_000,
            }),
            Keeper::Denies => LeaseAnswer::Denied(FleetLeaseDenied {
                retry_after_ms: 5_000,
                text: "3 at once".to_owned(),
            }),
            Keeper::Away => LeaseAnswer::NoKeeper,
            Keeper::Silent => return,
        };
        self.call(|engine, now, out| engine.lease_answer(now, lease, answer, out));
    }

    pub(crate) fn look(&mut self, automation: Handle) {
        let Some(world) = self.world else {
            let reading = Reading::NoData { why: "rc 127" };
            return self.call(|e, now, out| e.reading(now, automation, reading, out));
        };
        let mut found: BTreeMap<&str, Verdict> = BTreeMap::new();
        for word in world.split_whitespace() {
            let (key, verdict) = match word.strip_suffix('~') {
                Some(key) => (key, Verdict::Between),
                None => (word, Verdict::Fires),
            };
            found.insert(key, verdict);
        }
        let env = |key: &str| vec![("row_k".to_owned(), key.to_owned())];
        let rows: Vec<_> = found.iter().map(|(k, v)| (*k, *v, env(k))).collect();
        let seen: Vec<Seen<'_>> = rows
            .iter()
            .map(|(key, verdict, env)| Seen {
                key,
                verdict: *verdict,
                env,
            })
            .collect();
        let reading = Reading::Rows {
            seen: &seen,
            looked_at: 4,
        };
        self.call(|e, now, out| e.reading(now, automation, reading, out));
    }
}

/// What an effect looks like in a log; looks are counted only.
fn line(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Look(_) => return None,
        Effect::Record(record) => match record {
            Record::Intent {
                whose,
                step,
                attempt,
                ..
            } => format!("record intent {} {}.{attempt}", whose.key, step + 1),
            Record::Outcome { whose, .. } => format!("record outcome {}", whose.key),
            Record::Escalated { whose, why, .. } => {
                format!("record escalated {} {why:?}", whose.key)
            }
            Record::Cleared { whose, .. } => format!("record cleared {}", whose.key),
            Record::Flapping { whose, is_on, .. } => {
                format!("record flapping {} {is_on}", whose.key)
            }
            Record::Storm { episode, .. } => format!("record storm {}", *episode > 0),
            Record::Muted { .. } => "record muted".to_owned(),
            Record::Unmuted(_) => "record unmuted".to_owned(),
            Record::Paused { .. } => "record paused".to_owned(),
            Record::Resumed => "record resumed".to_owned(),
            Record::ClockMoved { by_ms } => format!("record clock {by_ms}"),
            Record::Open { .. } | Record::Reserved { .. } | Record::Numbers { .. } => {
                unreachable!("only a checkpoint has these")
            }
        },
        Effect::Begin(b) => {
            let deed = &b.spec.deeds[usize::from(b.step)].command;
            format!("begin {} {deed}", b.key)
        }
        Effect::Kill { why, .. } => format!("kill {why:?}"),
        Effect::Collect(e) => format!("collect {}", e.key),
        Effect::AskLease { key, .. } => format!("ask {key}"),
        Effect::RenewLease { fencing_token, .. } => format!("renew {fencing_token}"),
        Effect::ExtendLease { .. } => "extend".to_owned(),
        Effect::ReleaseLease { fencing_token } => format!("release {fencing_token}"),
        Effect::Page(p) => format!("page {} {:?}", p.key.as_deref().unwrap_or("-"), p.why),
        Effect::Resolve { .. } => "resolve".to_owned(),
        Effect::Event(n) => {
            format!("{}: {}", n.key.as_deref().unwrap_or("-"), n.what).replace(&attempt_of(n), "ID")
        }
    })
}

fn attempt_of(n: &hailer_protocol::engine::Notice) -> String {
    let hailer_protocol::engine::What::Ended { attempt, .. } = &n.what else {
        return "\0".to_owned();
    };
    attempt.to_string()
}

/// Compares a log, line by line; blanks around lines do not count.
#[track_caller]
pub(crate) fn check(log: &str, expected: &str) {
    let tidy = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
        lines.map(str::to_owned).collect()
    };
    let (log, expected) = (tidy(log), tidy(expected));
    assert!(
        log == expected,
        "came:\n  {}\nexpected:\n  {}\n",
        log.join("\n  "),
        expected.join("\n  ")
    );
}
