//! The audit's head, as a keeper asks for it and signs under it.
//!
//! A countersignature is taken on the stream on which its head was told, over that head and no other:
//! one that was made before, or for another node, has no place to be handed in.

use hailer_protocol::audit::Head;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{AuditAsk, AuditCountersign, AuditStands};

use super::{Agent, denied, read, send};
use crate::core::Now;
use crate::core::admit::Denial;
use crate::core::effect::{Effect, Entry, StreamRef};
use crate::core::request::denial;
use crate::core::session::StreamPhase;

impl Agent {
    /// Has it found out where the audit stands.
    pub(super) fn on_audit_ask(
        &mut self,
        at: StreamRef,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let ask: AuditAsk = read(envelope)?;
        self.session(at)?.set(at.stream, StreamPhase::Telling);
        out.push(Effect::TellHead { at, ask });
        Ok(())
    }

    /// Tells where the audit stands. A log that is broken has nothing that could be signed.
    pub(super) fn on_stands(&mut self, at: StreamRef, stands: &AuditStands, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&at.conn) else {
            return;
        };
        if session.phase(at.stream) != StreamPhase::Telling {
            return;
        }
        send(at, stands, out);
        let phase = if stands.broken.is_none() && stands.head.seq > 0 {
            StreamPhase::AwaitCountersign(stands.head)
        } else {
            out.push(Effect::Finish { at });
            StreamPhase::Over
        };
        session.set(at.stream, phase);
    }

    /// Takes a signature under the head that was told.
    pub(super) fn on_countersign(
        &mut self,
        now: Now,
        at: StreamRef,
        told: Head,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let AuditCountersign { signed } = read(envelope)?;
        let session = self.session(at)?;
        let peer = session.peer().holder.identity.clone();
        session.set(at.stream, StreamPhase::Over);
        let (said, keeper) = self
            .gate
            .judge
            .countersigner(now.wall, &signed)
            .map_err(|e| denied(e.to_string()))?;
        if keeper != peer {
            return Err(denial(
                ErrorCode::DENIED,
                format!("the countersignature is {keeper}'s, and {peer} hands it in"),
            ));
        }
        said.check(now.wall, (&self.gate.fleet, &self.gate.node), told, &keeper)
            .map_err(|e| denied(e.to_string()))?;
        let entry = Entry::Countersigned {
            keeper,
            head: told,
            signed: Box::new(signed),
        };
        out.push(Effect::Countersign { at, entry });
        Ok(())
    }
}
