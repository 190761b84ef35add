//! What the agent writes down of its decisions.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Failed, Refused, Run, StreamKind};
use hailer_protocol::role::Identity;
use hailer_protocol::signing::Command;
use hailer_protocol::time::Mono;

use super::admit::Denial;
use super::agent::{Agent, send};
use super::effect::{Asked, Effect, Entry, KillReason, Repeats, StreamRef};
use super::gate::{Authority, Peer, Permit};
use super::session::{Session, StreamPhase};

/// What is known of the request that is being decided.
#[derive(Debug, Clone)]
pub(super) struct Matter {
    pub(super) asked: Asked,
    pub(super) who: Identity,
    /// Whose connection it came over, if another's.
    pub(super) via: Option<Identity>,
}

impl Matter {
    pub(super) fn of(run: &Run, authority: &Authority, peer: &Peer) -> Self {
        let (who, peer) = (&authority.holder().identity, &peer.holder.identity);
        Self {
            asked: Asked {
                run: run.run,
                command: Command::of(&run.probe).to_string(),
            },
            who: who.clone(),
            via: (who != peer).then(|| peer.clone()),
        }
    }

    /// Writes down what vouches for the request, which also spends its nonce.
    pub(super) fn authorised(
        &self,
        authority: &Authority,
        permit: Option<&Permit>,
        out: &mut Vec<Effect>,
    ) {
        if let Authority::Signed(checked) = authority {
            let approvers = checked.signers.approvers.iter();
            out.push(Effect::Record(Entry::Authorised {
                statement: Box::new(checked.statement.clone()),
                who: self.who.clone(),
                via: self.via.clone(),
                approvers: approvers.map(|h| h.identity.clone()).collect(),
                permit: permit.cloned(),
            }));
        }
    }
}

impl Agent {
    /// Writes a probe down, unless its asker asks too often.
    pub(super) fn note_probe(
        &mut self,
        now: Mono,
        matter: &Matter,
        permit: &Permit,
        out: &mut Vec<Effect>,
    ) {
        if self.flood.lets(now, &matter.who, Repeats::Probes) {
            out.push(Effect::Note(Entry::Probe {
                asked: matter.asked.clone(),
                who: matter.who.clone(),
                permit: permit.clone(),
            }));
        }
    }

    /// Tells a run to end, and writes down who wanted that.
    pub(super) fn kill(
        &mut self,
        run: RunId,
        why: KillReason,
        by: Option<Identity>,
        out: &mut Vec<Effect>,
    ) {
        let is_command = self.runs.is_command(run);
        if self.runs.kill(run) {
            out.push(Effect::Kill { run, why });
            if is_command {
                out.push(Effect::Note(Entry::Killed { run, why, by }));
            }
        }
    }

    /// Answers a refusal in the form that fits the stream, and writes it down.
    pub(super) fn refuse(
        &mut self,
        now: Mono,
        at: StreamRef,
        phase: StreamPhase,
        peer: &Identity,
        denial: Denial,
        out: &mut Vec<Effect>,
    ) {
        let Denial { code, text } = denial;
        self.note_refusal(now, peer, code, text.clone(), out);
        match Session::kind_of(phase) {
            Some(StreamKind::Request) => send(at, &Failed::new(code, text), out),
            Some(_) | None => send(at, &Refused::new(code, text), out),
        }
        out.push(Effect::Finish { at });
        if let Some(session) = self.sessions.get_mut(&at.conn) {
            session.set(at.stream, StreamPhase::Over);
        }
    }

    /// Writes a refusal down, unless there are too many of them.
    pub(super) fn note_refusal(
        &mut self,
        now: Mono,
        peer: &Identity,
        code: ErrorCode,
        text: String,
        out: &mut Vec<Effect>,
    ) {
        if !self.flood.lets(now, peer, Repeats::Refusals(code)) {
            self.matter = None;
            return;
        }
        let (who, via, asked) = match self.matter.take() {
            Some(matter) => (matter.who, matter.via, Some(matter.asked)),
            None => (peer.clone(), None, None),
        };
        out.push(Effect::Note(Entry::Refusal {
            who,
            via,
            code,
            text,
            asked,
        }));
    }

    /// Writes down what was counted, where it is time to.
    pub(super) fn note_counts(&mut self, now: Mono, out: &mut Vec<Effect>) {
        let counts = self.flood.counts(now, false).into_iter();
        out.extend(counts.map(Effect::Note));
    }

    /// Returns what is to be written down before the agent ends.
    pub fn last_notes(&mut self, now: Mono) -> Vec<Entry> {
        let mut notes = self.flood.counts(now, true);
        notes.push(Entry::AgentStopped);
        notes
    }
}
