//! The agent: sessions, runs and leases, and every decision about them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hailer_identity::Standing;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::{Digest, RunId};
use hailer_protocol::message::{
    Fetch, Hello, Kind, Life, Message, Open, Probe, Run, RunLeaseRenew,
};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Mono;
use hailer_protocol::version::{Feature, Version};

use super::Now;
use super::admit::{Denial, Verdict, admit, admit_stream};
use super::detached::{Detached, DetachedRuns, Outcome};
use super::effect::{Effect, Entry, Input, KillReason, RunEnd, StreamRef};
use super::flood::Flood;
use super::gate::{Authority, Gate, Peer, Rules, denied, request_digest, vouched};
use super::leases::Leases;
use super::record::Matter;
use super::request::{check_run, command_of, denial};
use super::runs::{Known, Running, Runs};
use super::session::{Session, StreamPhase};
use super::vouch::Vouch;

mod heads;
mod renewal;
mod standing;
mod trust;

pub use standing::list_name;
pub use trust::Adopted;

/// What one agent takes on at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections.
    pub sessions: usize,
    /// Runs.
    pub runs: usize,
    /// Bytes of answers of ended runs that are kept for requests that arrive again.
    pub kept_bytes: usize,
    /// How long a lease lasts from a run's request or a renewal, unless the renewal asks for less.
    pub run_lease: Duration,
    /// How long an asker may take to accept what is left of the answer of a run that was told to
    /// end; then its stream is broken off.
    pub last_words: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            sessions: 256,
            runs: 256,
            kept_bytes: 1 << 20,
            run_lease: Duration::from_secs(30),
            last_words: Duration::from_secs(10),
        }
    }
}

/// One agent's decisions. See the module for how it is driven.
#[derive(Debug)]
pub struct Agent {
    software: String,
    bounds: Bounds,
    pub(super) gate: Gate,
    pub(super) sessions: BTreeMap<u64, Session>,
    pub(super) runs: Runs,
    detached: DetachedRuns,
    leases: Leases,
    pub(super) flood: Flood,
    /// The request that is being decided, once it has been read.
    pub(super) matter: Option<Matter>,
    /// Whose certificate vouches for each run that lasts.
    askers: BTreeMap<RunId, Arc<Standing>>,
    /// The number of the trust bundle that was taken last.
    bundle: u64,
    /// Whose lists hold and could not be kept: a restart would forget them.
    unkept: BTreeSet<Option<Role>>,
}

impl Agent {
    /// Makes an agent with nobody connected and nothing running.
    #[must_use]
    pub fn new(software: String, bounds: Bounds, gate: Gate) -> Self {
        Self {
            software,
            bounds,
            gate,
            sessions: BTreeMap::new(),
            runs: Runs::default(),
            detached: DetachedRuns::default(),
            leases: Leases::new(bounds.run_lease),
            flood: Flood::default(),
            matter: None,
            askers: BTreeMap::new(),
            bundle: 0,
            unkept: BTreeSet::new(),
        }
    }

    /// Remembers a run from before a restart, as the journal tells it: its id never runs again.
    pub fn remember(&mut self, run: RunId, request: Digest) {
        self.runs.remember(run, request);
    }

    /// Remembers a detached run from before a restart, as the journal tells it.
    pub fn remember_detached(&mut self, run: Detached) {
        self.detached.enter(run);
    }

    /// Returns the detached runs of that operator, oldest first.
    #[must_use]
    pub fn detached_of(&self, who: &Identity) -> Vec<Detached> {
        self.detached.of(who)
    }

    /// Whether that run is a detached one, whoever's.
    #[must_use]
    pub fn is_detached(&self, run: RunId) -> bool {
        self.detached.has(run)
    }

    /// Takes up other rules; they hold from the next request on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.gate.rules = rules;
    }

    /// Takes one input and returns what is to be done, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Connected { conn, peer } => {
                self.sessions.insert(conn, Session::new(now, peer));
            }
            Input::Disconnected { conn } => {
                self.sessions.remove(&conn);
            }
            Input::Envelope { at, envelope } => self.on_envelope(now, at, &envelope, &mut effects),
            Input::Reset { at } => {
                if let Some(session) = self.sessions.get_mut(&at.conn)
                    && let Some(run) = session.close(at.stream)
                {
                    let by = session.peer().holder.identity.clone();
                    self.kill(run, KillReason::Cancelled, Some(by), &mut effects);
                }
            }
            Input::Garbled { at, text } => {
                if let Some(session) = self.sessions.get(&at.conn) {
                    let peer = Arc::clone(session.peer());
                    self.matter = None;
                    let who = &peer.holder.identity;
                    self.note_refusal(now.mono, who, ErrorCode::MALFORMED, text, &mut effects);
                }
            }
            Input::Closed { at } => {
                if let Some(session) = self.sessions.get_mut(&at.conn) {
                    session.close(at.stream);
                }
            }
            Input::Stands { at, stands } => self.on_stands(at, &stands, &mut effects),
            Input::Ended { run, end } => self.on_ended(now, run, end, &mut effects),
        }
        effects
    }

    /// Acts on what time alone changes. Early, late and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.end_expired(now, &mut effects);
        let overdue = |r: &Running| r.deadline.is_some_and(|d| d <= now.mono);
        for run in self.runs.alive(overdue) {
            self.kill(run, KillReason::Deadline, None, &mut effects);
        }
        for lease in self.leases.expire(now.mono) {
            for run in self.runs.alive(|r| r.lease == Some(lease)) {
                self.kill(run, KillReason::LeaseEnded, None, &mut effects);
            }
        }
        self.note_counts(now.mono, &mut effects);
        effects
    }

    /// When [`Agent::handle_timeout`] is next due, and why. Ask again after every `handle`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        let deadline = self.runs.next_deadline().map(|at| (at, "a run's deadline"));
        let lease = self.leases.next_end().map(|at| (at, "an operator's lease"));
        let count = self.flood.next_due().map(|at| (at, "a count"));
        let looks = self.sessions.values().map(Session::look_at).min();
        let expiry = looks.map(|at| (at, "the end of a certificate"));
        [deadline, lease, count, expiry].into_iter().flatten().min()
    }

    fn on_envelope(&mut self, now: Now, at: StreamRef, envelope: &Envelope, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&at.conn) else {
            return;
        };
        let phase = session.phase(at.stream);
        if matches!(
            phase,
            StreamPhase::Over | StreamPhase::Running(_) | StreamPhase::Telling
        ) {
            return;
        }
        let peer = Arc::clone(session.peer());
        self.matter = None;
        let verdict = admit(
            now,
            &peer.holder.identity,
            Session::kind_of(phase),
            envelope,
        );
        let result = match verdict {
            Verdict::Deny(denial) => Err(denial),
            Verdict::Allow => self.on_admitted(now, at, phase, &peer, envelope, out),
        };
        if let Err(denial) = result {
            self.refuse(now.mono, at, phase, &peer.holder.identity, denial, out);
        }
    }

    fn on_admitted(
        &mut self,
        now: Now,
        at: StreamRef,
        phase: StreamPhase,
        peer: &Peer,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        match phase {
            StreamPhase::New => {
                let open: Open = read(envelope)?;
                if let Verdict::Deny(denial) = admit_stream(&peer.holder.identity, open.stream) {
                    return Err(denial);
                }
                self.session(at)?.open(at.stream, open.stream)
            }
            StreamPhase::AwaitHello => {
                let hello: Hello = read(envelope)?;
                self.session(at)?.greet(at.stream, hello)?;
                let ours = Hello {
                    version: Version::OURS,
                    features: Feature::OFFERED.to_vec(),
                    software: self.software.clone(),
                };
                send(at, &ours, out);
                out.push(Effect::Finish { at });
                Ok(())
            }
            StreamPhase::AwaitRun if envelope.kind == Kind::Fetch as u16 => {
                let fetch: Fetch = read(envelope)?;
                Err(denial(
                    ErrorCode::UNKNOWN,
                    format!("no output is held for run {}", fetch.run),
                ))
            }
            StreamPhase::AwaitRun => self.on_run(now, at, peer, envelope, out),
            StreamPhase::Lease => {
                let renew: RunLeaseRenew = read(envelope)?;
                self.on_renewal(now.mono, at, &renew, out);
                Ok(())
            }
            StreamPhase::AwaitList => self.on_offer(now, at, envelope, out),
            StreamPhase::AwaitTrust => self.on_trust(now, at, envelope, out),
            StreamPhase::AwaitAsk => self.on_audit_ask(at, envelope, out),
            StreamPhase::AwaitCountersign(told) => {
                self.on_countersign(now, at, told, envelope, out)
            }
            StreamPhase::Running(_) | StreamPhase::Telling | StreamPhase::Over => Ok(()),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "what a request has to pass, in its order"
    )]
    fn on_run(
        &mut self,
        now: Now,
        at: StreamRef,
        peer: &Peer,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let is_verified = self.session(at)?.is_verified();
        let (authority, asker) = self.gate.authority(now.wall, peer, is_verified, envelope)?;
        let run: Run = read(envelope)?;
        let matter = Matter::of(&run, &authority, peer);
        self.matter = Some(matter.clone());
        check_run(&run)?;
        vouched(&authority, &run)?;
        let who = &authority.holder().identity;
        let expired = self.detached.expire(now.wall).into_iter();
        out.extend(expired.map(|run| Effect::Forget { run }));
        match run.probe {
            Probe::Attach(of) => {
                self.gate.knows(now.wall, &authority)?;
                return self.on_attach(at, &authority, &matter, (of, false), out);
            }
            // Who began something may end it, whatever has become of their rights since.
            Probe::Cancel(of) => return self.on_attach(at, &authority, &matter, (of, true), out),
            Probe::Shell(_)
            | Probe::Argv(_)
            | Probe::Each { .. }
            | Probe::Metric(_)
            | Probe::Facts(_)
            | Probe::Runs
            | Probe::Audit { .. }
            | Probe::AuditHead(_)
            | Probe::Apply(_)
            | Probe::Stow(_)
            | Probe::Automations
            | Probe::Events { .. }
            | Probe::Control(_)
            | Probe::Replay { .. } => {}
        }
        let request = request_digest(authority.holder(), envelope);
        match self.runs.known(run.run, request) {
            Known::New => {}
            Known::Same => {
                // Who asks again may cancel just as who asked first.
                let phase = StreamPhase::answered(run.run, self.runs.is_running(run.run));
                self.session(at)?.set(at.stream, phase);
                out.push(Effect::Answer { at, run: run.run });
                return Ok(());
            }
            Known::Other => {
                return Err(denial(
                    ErrorCode::RUN_ID,
                    format!("run id {} belongs to another request", run.run),
                ));
            }
        }
        if self.runs.n_running() >= self.bounds.runs {
            return Err(denial(
                ErrorCode::BUSY,
                format!("{} runs are under way on this node", self.bounds.runs),
            ));
        }
        let permit = self.gate.permit(now.wall, &authority, &run)?;
        matter.authorised(&authority, Some(&permit), out);
        let command = command_of(&run.probe);
        let lease = match run.life {
            Life::Attached(lease) => Some(lease),
            Life::Detached => None,
        };
        if let Some(lease) = lease {
            self.leases.extend(now.mono, lease, self.bounds.run_lease);
        }
        let running = Running {
            lease,
            deadline: run
                .timeout_ms
                .map(|ms| now.mono + Duration::from_millis(ms)),
            killed: false,
            is_command: command.is_some(),
        };
        self.runs.begin(run.run, request, running);
        self.askers.insert(run.run, asker);
        self.session(at)?
            .set(at.stream, StreamPhase::Running(run.run));
        if let Some(command) = command {
            let is_detached = run.life == Life::Detached;
            if is_detached {
                self.detached.enter(Detached {
                    run: run.run,
                    who: who.clone(),
                    command: command.clone(),
                    began: now.wall,
                    outcome: Outcome::Running,
                });
            }
            out.push(Effect::Record(Entry::Intent {
                run: run.run,
                request,
                who: who.clone(),
                command,
                is_detached,
            }));
        } else {
            self.note_probe(now.mono, &matter, &permit, out);
        }
        out.push(Effect::Begin {
            at,
            run: Arc::new(run),
            who: matter.who,
            vouch: Vouch::for_later(&permit, envelope),
            permit,
        });
        Ok(())
    }

    /// Answers with what came of a detached run, once it has ended; ends it first if so asked.
    fn on_attach(
        &mut self,
        at: StreamRef,
        authority: &Authority,
        matter: &Matter,
        (run, ends): (RunId, bool),
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let found = self
            .detached
            .find(run, &authority.holder().identity)
            .ok_or_else(|| {
                denial(
                    ErrorCode::UNKNOWN,
                    format!(
                        "this node knows no detached run {run} of yours, or knows it no longer"
                    ),
                )
            })?;
        let is_running = match found.outcome {
            Outcome::Running => true,
            Outcome::Ended { .. } => false,
            Outcome::Unknown => {
                out.extend(ends.then_some(Effect::EndOrphan { run }));
                matter.authorised(authority, None, out);
                let told = if ends { ORPHAN_ENDED } else { ORPHAN };
                return Err(denial(ErrorCode::UNKNOWN, told.to_owned()));
            }
        };
        // Before it is written down, and even where that fails: a run counts as told to end from here
        // on, and nothing would tell it again.
        if is_running && ends {
            self.kill(run, KillReason::Cancelled, Some(matter.who.clone()), out);
        }
        matter.authorised(authority, None, out);
        self.session(at)?
            .set(at.stream, StreamPhase::answered(run, is_running));
        out.push(Effect::Answer { at, run });
        Ok(())
    }

    fn on_ended(&mut self, now: Now, run: RunId, end: RunEnd, out: &mut Vec<Effect>) {
        self.detached.end(now.wall, run, &end);
        self.askers.remove(&run);
        let Some(running) = self.runs.end(run) else {
            return;
        };
        if let Some(lease) = running.lease
            && self.runs.count_under(lease) == 0
        {
            self.leases.release(lease);
        }
        if running.is_command {
            out.push(Effect::Record(Entry::Outcome { run, end }));
        }
    }

    fn session(&mut self, at: StreamRef) -> Result<&mut Session, Denial> {
        self.sessions
            .get_mut(&at.conn)
            .ok_or_else(|| denial(ErrorCode::INTERNAL, "the connection is gone".to_owned()))
    }
}

/// What is said of a detached run that was cut off from its agent.
const ORPHAN: &str = "the agent ended while the run went on; what became of it is not known";

/// What is said of one whose processes were to end all the same.
const ORPHAN_ENDED: &str = "the agent ended while the run went on, and what became of it is not known; what was left of it has been killed";

fn read<M: Message>(envelope: &Envelope) -> Result<M, Denial> {
    M::from_envelope(envelope).map_err(|e| denial(ErrorCode::MALFORMED, e.to_string()))
}

pub(super) fn send<M: Message>(at: StreamRef, message: &M, out: &mut Vec<Effect>) {
    if let Ok(envelope) = message.to_envelope() {
        out.push(Effect::Send { at, envelope });
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
