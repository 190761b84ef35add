//! The driver of one run: a loop around the fan-out.
//!
//! It decides nothing. What the links, the exchanges, the operator and the clock say goes into the
//! fan-out, and what the fan-out says is carried out. A slow listener is waited for: once
//! `PENDING_MAX` events wait, no more is read, the nodes' streams fill up, and their commands
//! block as they would on a slow terminal. The operator and the clock are heard all the same.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::message::Life;
use hailer_protocol::state::State;
use hailer_protocol::time::Mono;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

use super::Fleet;
use super::answer::Answer;
use super::arriving::Arriving;
use super::budget::Budget;
use super::cause::Cause;
use super::error::FleetError;
use super::exchange::{Exchange, How, Over, Report, Stop};
use super::fanout::{Attempt, Counts, Fanout, Input, LinkAtStart, Output, Target};
use super::gather::Gather;
use super::job::{Control, Event, Finished, Gate, Job, StageNews};
use super::link::{Link, Signal, SignalSender};
use super::policy::Policy;
use super::seat::{Flight, Plan, Seat};
use super::session::Attached;
use super::summary::Summary;
use crate::clock;

/// Events that may wait for the listener before nothing more is read from the nodes.
const PENDING_MAX: usize = 1_024;

/// Reports of exchanges that may wait for the driver.
const REPORTS_MAX: usize = 256;

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Carries a job out, and returns when every target has ended.
///
/// What happens is told through `events`; if its other end is dropped, the run goes on untold. The
/// operator's wishes come through `control`. Dropping the future asks all nodes to stop.
///
/// # Errors
/// When the job cannot be carried out for anybody. A node that fails is an answer.
pub async fn run(
    fleet: &Fleet,
    mut job: Job,
    events: mpsc::Sender<Event>,
    control: mpsc::Receiver<Control>,
) -> Result<Finished, FleetError> {
    let request = fleet.request(&mut job)?;
    let plan = Plan {
        targets: job.targets,
        keep: job.keep,
        is_live: job.is_live,
        budget: Arc::new(Budget::new(job.kept_bytes)),
        arriving: Arc::new(Arriving::default()),
        request,
    };
    let mut driver = Driver::new(fleet, plan, job.policy, events);
    driver.gate = job.gate;
    Ok(driver.drive(control).await)
}

#[derive(Debug)]
struct Driver<'a> {
    fleet: &'a Fleet,
    plan: Plan,
    fanout: Fanout,
    gather: Gather,
    seats: Vec<Seat>,
    exchanges: JoinSet<Over>,
    gate: Option<Gate>,
    /// The gate behind a stage, while it is asked.
    gates: JoinSet<(u32, Result<(), String>)>,
    /// The nodes that were sent their request: whom a gate is asked of.
    asked: NodeSet,
    reports: mpsc::Receiver<Report>,
    report_to: mpsc::Sender<Report>,
    signals: mpsc::UnboundedReceiver<Signal>,
    signal_to: SignalSender,
    events: Option<mpsc::Sender<Event>>,
    pending: VecDeque<Event>,
    progress: Interval,
    told: Counts,
    told_arriving: u64,
    began: Mono,
    is_interrupted: bool,
}

impl<'a> Driver<'a> {
    fn new(fleet: &'a Fleet, plan: Plan, policy: Policy, events: mpsc::Sender<Event>) -> Self {
        let began = clock::mono();
        let links = plan.targets.iter().map(|node| {
            let link = fleet.links().link(*node);
            link.map_or_else(no_such_node, |link| link.at_start(began))
        });
        let fanout = Fanout::new(links, policy, began);
        let (report_to, reports) = mpsc::channel(REPORTS_MAX);
        let (signal_to, signals) = mpsc::unbounded_channel();
        let mut progress = tokio::time::interval(PROGRESS_EVERY);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            fleet,
            fanout,
            gather: Gather::new(Arc::clone(&plan.budget)),
            seats: plan.targets.iter().map(|_| Seat::default()).collect(),
            exchanges: JoinSet::new(),
            gate: None,
            gates: JoinSet::new(),
            asked: NodeSet::default(),
            reports,
            report_to,
            signals,
            signal_to,
            events: Some(events),
            pending: VecDeque::new(),
            progress,
            told: Counts::default(),
            told_arriving: 0,
            began,
            is_interrupted: false,
            plan,
        }
    }

    async fn drive(mut self, mut control: mpsc::Receiver<Control>) -> Finished {
        // The first tick is due at once, and there is nothing to tell yet.
        self.progress.tick().await;
        let mut has_ended = self.carry_out();
        let mut is_controlled = true;
        let mut ending =
            (!self.plan.request.outlives_shell()).then(|| self.fleet.ending.subscribe());
        let mut is_ending = false;
        while !has_ended || !self.exchanges.is_empty() {
            self.flush();
            let has_room = self.pending.len() < PENDING_MAX;
            let due = self.fanout.poll_timeout().map(|(at, _)| at);
            tokio::select! {
                biased;
                wish = control.recv(), if is_controlled => match wish {
                    Some(wish) => self.controlled(wish),
                    None => is_controlled = false,
                },
                () = wanted(ending.as_mut()), if !is_ending => {
                    is_ending = true;
                    // Nobody hears of it any more, and nobody may hold it up.
                    self.events = None;
                    self.pending.clear();
                    self.controlled(Control::Cancel);
                }
                () = sleep_until(due), if due.is_some() => {
                    self.fanout.handle_timeout(clock::mono());
                }
                () = room(self.events.as_ref()), if !self.pending.is_empty() => {}
                Some(joined) = self.exchanges.join_next_with_id(), if has_room => {
                    self.joined(joined.map(|(_, over)| over));
                    self.join_more();
                }
                Some(passed) = self.gates.join_next(), if !self.gates.is_empty() => {
                    self.gated(passed);
                }
                Some(report) = self.reports.recv(), if has_room => self.reported(report),
                Some(signal) = self.signals.recv() => self.signalled(signal),
                _ = self.progress.tick() => self.tell_progress(),
            }
            has_ended |= self.carry_out();
        }
        // The nodes have ended, whoever still has to be told of it.
        drop(ending);
        self.finish().await
    }

    /// Carries out what the fan-out wants; returns whether the run has ended.
    fn carry_out(&mut self) -> bool {
        let mut has_ended = false;
        while let Some(output) = self.fanout.poll_output() {
            match output {
                Output::Connect(target) => self.connect(target, true),
                Output::Await(target, reason) => {
                    let node = self.plan.node(target);
                    self.tell(Event::Waits { node, reason });
                    self.connect(target, false);
                }
                Output::Dispatch(target, attempt) => self.dispatch(target, attempt),
                Output::Cancel(target) => {
                    if let Some(flight) = &self.seats[target as usize].flight {
                        flight.stop.cancel();
                    }
                }
                Output::AskGate(stage) => self.ask_gate(stage),
                Output::StageBegins(stage) => self.tell(Event::Stage(StageNews::Begins(stage + 1))),
                Output::TargetEnded(target, state, cause) => {
                    if matches!(state, State::Unreachable | State::Undeliverable) {
                        self.asked.remove(self.plan.node(target));
                    }
                    let seat = &mut self.seats[target as usize];
                    seat.verdict = Some((state, cause));
                    match &seat.flight {
                        Some(flight) => flight.stop.abandon(),
                        None => self.answer(target),
                    }
                }
                Output::RunEnded => has_ended = true,
            }
        }
        has_ended
    }

    /// Asks the gate in a task of its own; a run that ends meanwhile drops it.
    fn ask_gate(&mut self, stage: u32) {
        self.tell(Event::Stage(StageNews::AsksGate(stage + 1)));
        let answer = self.gate.as_ref().map(|gate| gate.ask(self.asked.clone()));
        self.gates.spawn(async move {
            let passed = match answer {
                Some(answer) => answer.await,
                None => Err("there is none".to_owned()),
            };
            (stage, passed)
        });
    }

    fn gated(&mut self, passed: Result<(u32, Result<(), String>), JoinError>) {
        let stage = self.fanout.stage();
        let input = match passed {
            Ok((stage, passed)) => Input::Gate(stage, passed.map_err(Into::into)),
            Err(error) => Input::Gate(stage, Err(format!("it broke off: {error}").into())),
        };
        self.fanout.handle_input(clock::mono(), input);
    }

    fn connect(&self, target: Target, hurries: bool) {
        if let Some(link) = self.fleet.links().link(self.plan.node(target)) {
            link.wait(&self.signal_to, target, hurries);
        }
    }

    fn dispatch(&mut self, target: Target, attempt: Attempt) {
        let now = clock::mono();
        let link = self.fleet.links().link(self.plan.node(target));
        let Some(session) = link.and_then(Link::session) else {
            let reason = "the connection ended before its turn".into();
            self.fanout
                .handle_input(now, Input::Unsent(target, attempt, reason));
            return;
        };
        let (request, life) = match self.plan.request.bytes_for(target) {
            Ok(found) => found,
            Err(error) => {
                self.seats[target as usize].unsendable = Some(error.to_string());
                let ended = Input::Ended(target, State::Undeliverable);
                self.fanout.handle_input(now, ended);
                return;
            }
        };
        let is_leased = life == Life::Attached(self.fleet.lease());
        let stop = Arc::new(Stop::default());
        let exchange = Exchange {
            target,
            attempt,
            attached: is_leased.then(|| Attached::to(&session)),
            session,
            request,
            collector: self.plan.collector(),
            stop: Arc::clone(&stop),
            reports: self.report_to.clone(),
            is_live: self.plan.is_live,
            is_detached: life == Life::Detached,
        };
        self.asked.insert(self.plan.node(target));
        self.seats[target as usize].flight = Some(Flight {
            stop,
            task: self.exchanges.spawn(exchange.carry_out()),
            attempt,
            since: now,
        });
    }

    fn controlled(&mut self, wish: Control) {
        self.is_interrupted = true;
        let input = match wish {
            Control::Halt => Input::Halt,
            Control::Cancel => Input::Cancel,
        };
        self.fanout.handle_input(clock::mono(), input);
    }

    fn signalled(&mut self, signal: Signal) {
        let mut next = Some(signal);
        let now = clock::mono();
        while let Some((target, result)) = next {
            let input = match result {
                Ok(()) => Input::Connected(target),
                Err(reason) => Input::ConnectFailed(target, reason),
            };
            self.fanout.handle_input(now, input);
            next = self.signals.try_recv().ok();
        }
    }

    fn reported(&mut self, report: Report) {
        match report {
            Report::Started(target) => {
                self.fanout
                    .handle_input(clock::mono(), Input::Started(target));
                let started = Event::Started(self.plan.node(target));
                self.tell(started);
            }
            Report::Piece {
                target,
                is_stderr,
                bytes,
            } => {
                let node = self.plan.node(target);
                self.tell(Event::Piece {
                    node,
                    is_stderr,
                    bytes,
                });
            }
            Report::Rows { target, table } => {
                let node = self.plan.node(target);
                self.tell(Event::Rows { node, table });
            }
        }
    }

    /// Takes in the other exchanges that have ended meanwhile: one pass of the loop for many.
    fn join_more(&mut self) {
        while self.pending.len() < PENDING_MAX {
            let Some(joined) = self.exchanges.try_join_next() else {
                return;
            };
            self.joined(joined);
        }
    }

    fn joined(&mut self, joined: Result<Over, JoinError>) {
        // What an exchange reported, it reported before it ended.
        while let Ok(report) = self.reports.try_recv() {
            self.reported(report);
        }
        let now = clock::mono();
        let (target, attempt, collector, how) = match joined {
            Ok(over) => (over.target, over.attempt, Some(over.collector), over.how),
            Err(error) => {
                let Some((target, attempt)) = self.flight_of(error.id()) else {
                    return;
                };
                tracing::error!(%error, "an exchange ended by a mistake of the shell");
                let reason = "a mistake of the shell itself ended it".into();
                (target, attempt, None, How::Lost(reason))
            }
        };
        let seat = &mut self.seats[target as usize];
        let flight = seat.flight.take();
        let elapsed = flight.map_or(Duration::ZERO, |flight| now.since(flight.since));
        seat.collected = collector.map(|collector| (collector, elapsed));
        if seat.verdict.is_some() {
            self.answer(target);
            return;
        }
        let input = match how {
            How::Unsent(reason) => Input::Unsent(target, attempt, reason),
            How::Ended(state) => Input::Ended(target, state),
            How::TurnedAway(state, reason) => Input::TurnedAway(target, state, reason),
            How::Lost(reason) => Input::Lost(target, reason),
            // Nobody abandons an exchange without a verdict.
            How::Abandoned => Input::Lost(target, "it was no longer waited for".into()),
        };
        self.fanout.handle_input(now, input);
    }

    fn flight_of(&self, task: tokio::task::Id) -> Option<(Target, Attempt)> {
        (0..).zip(&self.seats).find_map(|(target, seat)| {
            let flight = seat.flight.as_ref()?;
            (flight.task.id() == task).then_some((target, flight.attempt))
        })
    }

    /// Makes the answer of a target of which both the fan-out and the exchange are done.
    fn answer(&mut self, target: Target) {
        let node = self.plan.node(target);
        let seat = &mut self.seats[target as usize];
        let Some((state, cause)) = seat.verdict.take() else {
            return;
        };
        let failure = match cause {
            Cause::Answered => seat.unsendable.take(),
            Cause::NoConnection(_)
            | Cause::ConnectWait(_)
            | Cause::TurnedAway(_)
            | Cause::LinkLost(_)
            | Cause::NotConfirmed(_)
            | Cause::Halted
            | Cause::Deadline
            | Cause::Failures(..)
            | Cause::Unreachable(..)
            | Cause::NobodyOk
            | Cause::Gate(_) => Some(cause.to_string()),
        };
        let collected = seat.collected.take();
        let (collector, elapsed) =
            collected.unwrap_or_else(|| (self.plan.collector(), Duration::ZERO));
        let answer: Answer = collector.into_answer(node, state, elapsed, failure);
        let answer = self.gather.add(answer);
        self.tell(Event::Answer(answer));
    }

    fn tell_progress(&mut self) {
        let counts = self.fanout.counts();
        if std::mem::replace(&mut self.told, counts) != counts && self.pending.is_empty() {
            self.tell(Event::Progress(counts));
        }
        let arriving = self.plan.arriving.bytes();
        if arriving != self.told_arriving && self.pending.is_empty() {
            self.told_arriving = arriving;
            self.tell(Event::Arriving(arriving));
        }
    }

    fn tell(&mut self, event: Event) {
        if self.events.is_some() {
            self.pending.push_back(event);
        }
    }

    /// Hands over as many events as the listener has room for.
    fn flush(&mut self) {
        while let (Some(events), Some(event)) = (&self.events, self.pending.pop_front()) {
            match events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.pending.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    self.events = None;
                    self.pending.clear();
                }
            }
        }
    }

    async fn finish(mut self) -> Finished {
        let elapsed = clock::mono().since(self.began);
        let summary = Summary::of(&self.gather, elapsed, self.is_interrupted);
        self.tell(Event::Ended(summary.clone()));
        if let Some(events) = &self.events {
            for event in self.pending.drain(..) {
                if events.send(event).await.is_err() {
                    break;
                }
            }
        }
        Finished {
            summary,
            gather: self.gather,
            ended: clock::mono(),
        }
    }
}

fn no_such_node() -> LinkAtStart {
    LinkAtStart::Down {
        reason: "the inventory has no such node".into(),
    }
}

/// Waits until the listener has room, or is gone.
async fn room(events: Option<&mpsc::Sender<Event>>) {
    if let Some(events) = events {
        let _ = events.reserve().await;
    }
}

/// Waits until all runs shall end.
async fn wanted(ending: Option<&mut watch::Receiver<bool>>) {
    match ending {
        Some(ending) => {
            let _ = ending.wait_for(|is_ending| *is_ending).await;
        }
        None => std::future::pending().await,
    }
}

async fn sleep_until(due: Option<Mono>) {
    if let Some(at) = due {
        tokio::time::sleep_until(clock::deadline(at)).await;
    }
}
