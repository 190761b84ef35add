//! Who no longer holds: revocation lists and the ends of certificates, for connections that live
//! and runs that are under way.
//!
//! A handshake judges once. What happens to a certificate after it is found out here: a connection
//! ends at once when a list names its holder, and when its certificate's time is over; a run ends with
//! its operator's revocation, attached or detached, whoever's connection it came over.

use std::sync::Arc;

use hailer_identity::{ListRefused, SignatureJudge, known_list, verify_list};
use hailer_protocol::envelope::Envelope;
use hailer_protocol::message::{RevocationOffer, RevocationTaken};
use hailer_protocol::revocation::{Revocations, SignedRevocations};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use super::{Agent, denied, read, send};
use crate::core::admit::Denial;
use crate::core::effect::{Effect, Entry, Farewell, KillReason, StreamRef};
use crate::core::gate::Peer;
use crate::core::session::StreamPhase;
use crate::core::{Now, Taken};

impl Agent {
    /// Whether a peer whose handshake is done may stay, by what is known here beyond its certificate.
    ///
    /// # Errors
    /// What to tell it.
    pub fn greet(&self, now: Wall, peer: &Peer) -> Result<(), Farewell> {
        if peer.standing.is_revoked(&self.gate.revoked) {
            Err(Farewell::Revoked)
        } else if now >= peer.standing.ends_at() {
            Err(Farewell::Expired)
        } else if self.sessions.len() >= self.bounds.sessions || self.is_greedy(peer) {
            Err(Farewell::Crowded)
        } else {
            Ok(())
        }
    }

    /// Whether a peer has all connections that one may have: a part is left to others, or whoever has a
    /// stolen certificate could keep out those who come to revoke it.
    fn is_greedy(&self, peer: &Peer) -> bool {
        let most = self.bounds.sessions - self.bounds.sessions / 4;
        let who = &peer.holder.identity;
        let sessions = self.sessions.values();
        let own = sessions.filter(|session| session.peer().holder.identity == *who);
        own.count() >= most
    }

    /// Takes a signed list in place of its signer's last one, and ends what it revokes.
    ///
    /// # Errors
    /// Says why it is not believed, or not newer; the last one holds on.
    pub fn take_list(
        &mut self,
        now: Now,
        signed: &SignedRevocations,
    ) -> Result<Taken, ListRefused> {
        let (signer, list) = verify_list(self.gate.judge.trust(), now.wall, signed)?;
        let (scope, number) = (signer.scope(), list.number);
        let is_news = self.gate.revoked.list(scope) != Some(&list);
        let mut effects = Vec::new();
        if is_news {
            let mut lists = (*self.gate.revoked).clone();
            lists.take(now.wall, signer, list)?;
            self.gate.revoked = Arc::new(lists);
            // What is revoked ends even where that cannot be written down.
            self.end_revoked(&mut effects);
        }
        if is_news || self.unkept.contains(&scope) {
            effects.push(Effect::Record(Entry::Revocations {
                scope,
                number,
                signed: Box::new(signed.clone()),
            }));
        }
        Ok(Taken {
            scope,
            number,
            is_news,
            effects,
        })
    }

    /// Takes note whether a list that holds was kept: one that was not is written down again when it
    /// comes again.
    pub fn note_kept(&mut self, scope: Option<Role>, is_kept: bool) {
        if is_kept {
            self.unkept.remove(&scope);
        } else {
            self.unkept.insert(scope);
        }
    }

    /// Takes up again what was taken before a restart.
    ///
    /// # Errors
    /// When it is a list of another fleet's.
    pub fn remember_list(&mut self, signed: &SignedRevocations) -> Result<(), ListRefused> {
        let (signer, list) = known_list(&self.gate.fleet, signed)?;
        let mut lists = (*self.gate.revoked).clone();
        lists.take(list.issued_at, signer, list)?;
        self.gate.revoked = Arc::new(lists);
        Ok(())
    }

    /// Returns what is revoked.
    #[must_use]
    pub fn revocations(&self) -> Arc<Revocations> {
        Arc::clone(&self.gate.revoked)
    }

    /// Believes other authorities from now on. Connections that are there stay, but what comes over
    /// them is held against these.
    pub fn set_judge(&mut self, judge: Arc<SignatureJudge>) {
        self.gate.judge = judge;
        for session in self.sessions.values_mut() {
            session.forget_verified();
        }
    }

    /// Takes a list that came over the wire.
    pub(super) fn on_offer(
        &mut self,
        now: Now,
        at: StreamRef,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let offer: RevocationOffer = read(envelope)?;
        let taken = self
            .take_list(now, &offer.signed)
            .map_err(|e| denied(e.to_string()))?;
        out.extend(taken.effects);
        let answer = RevocationTaken {
            number: taken.number,
            is_news: taken.is_news,
        };
        send(at, &answer, out);
        out.push(Effect::Finish { at });
        // Its own connection may be one of those that have just ended.
        if let Some(session) = self.sessions.get_mut(&at.conn) {
            session.set(at.stream, StreamPhase::Over);
        }
        Ok(())
    }

    fn end_revoked(&mut self, out: &mut Vec<Effect>) {
        let lists = Arc::clone(&self.gate.revoked);
        let of = self.askers.iter();
        let runs: Vec<_> = of
            .filter(|(_, asker)| asker.is_revoked(&lists))
            .map(|(run, _)| *run)
            .collect();
        for run in runs {
            self.kill(run, KillReason::Revoked, None, out);
        }
        // Of what an earlier agent began there is only the name and the moment: whoever's certificates
        // of before a moment are revoked had one of them when the run began before it.
        let orphans = self.detached.orphans();
        let revoked = orphans.filter(|of| lists.is_revoked(&of.who, &[], of.began));
        out.extend(revoked.map(|of| Effect::EndOrphan { run: of.run }));
        self.end_sessions(Farewell::Revoked, out, |peer| {
            peer.standing.is_revoked(&lists)
        });
    }

    /// Ends connections whose certificates have run out, and looks again when the next one does.
    pub(super) fn end_expired(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.end_sessions(Farewell::Expired, out, |peer| {
            now.wall >= peer.standing.ends_at()
        });
        for session in self.sessions.values_mut() {
            session.look_again(now);
        }
    }

    fn end_sessions(
        &mut self,
        why: Farewell,
        out: &mut Vec<Effect>,
        mut ends: impl FnMut(&Peer) -> bool,
    ) {
        self.sessions.retain(|conn, session| {
            let is_over = ends(session.peer());
            if is_over {
                out.push(Effect::Close { conn: *conn, why });
            }
            !is_over
        });
    }
}

/// Whose lists speak of what, as logs say it.
#[must_use]
pub fn list_name(scope: Option<Role>) -> String {
    scope.map_or_else(
        || "the authority's list".to_owned(),
        |role| format!("the list for the role `{role}`"),
    )
}
