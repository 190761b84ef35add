//! Attending one node: from the first handshake to the connection's end.
//!
//! What the keeper says over a connection is said here, one topic after the other: who is revoked, and
//! where the audit stands.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hailer_identity::Countersigner;
use hailer_protocol::audit::Head;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::message::AuditAsk;
use hailer_protocol::time::Wall;
use tokio::sync::watch;

use super::heads::{Judged, judge};
use super::store::{Store, StoreError};
use super::watched::Lists;
use crate::clock;
use crate::fleet::{Contact, Contacts, random};

/// How long a node may take to be found by name and to complete a handshake.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Every so many rounds, and at the first, a node reads and verifies its whole log.
const FULL_EVERY: u32 = 60;

/// How long a node may take to read its log.
const TELL_WITHIN: Duration = Duration::from_secs(60);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Attendance {
    /// The fleet.
    pub(super) fleet: Name,
    /// The socket.
    pub(super) contacts: Contacts,
    /// The keeper's key.
    pub(super) signer: RwLock<Arc<Countersigner>>,
    /// The keeper's memory.
    pub(super) store: Arc<Mutex<Store>>,
    /// Who is revoked.
    pub(super) lists: watch::Receiver<Arc<Lists>>,
    /// How often a node is asked where its audit stands.
    pub(super) audit_every: Duration,
}

impl Attendance {
    /// Dials a node.
    pub(super) async fn dial(&self, node: &NodeName, address: &str) -> Result<Contact, String> {
        // Spreads keep-alives: names that follow each other fall on different steps.
        let seat = node.as_str().bytes().map(usize::from).sum();
        let who = (&self.fleet, node);
        self.contacts
            .connect(who, address, seat, CONNECT_WITHIN)
            .await
    }

    /// Attends a node until its connection ends; returns why it did.
    pub(super) async fn attend(&self, node: &NodeName, contact: &Contact) -> String {
        tokio::select! {
            reason = contact.live() => reason,
            never = self.audit(node, contact) => match never {},
            never = self.hand_on(node, contact) => match never {},
        }
    }

    /// Hands every list of revocations on, now and whenever there is another.
    async fn hand_on(&self, node: &NodeName, contact: &Contact) -> std::convert::Infallible {
        let mut lists = self.lists.clone();
        loop {
            let now = Arc::clone(&lists.borrow_and_update());
            if !contact.obeys(&self.contacts) {
                return std::future::pending().await;
            }
            let mut is_taken = true;
            for signed in &now.signed {
                match contact.offer(signed).await {
                    Ok(taken) if taken.is_news => {
                        tracing::debug!(%node, number = taken.number, "a node has taken a revocation list");
                    }
                    Ok(_) => {}
                    Err(why) => {
                        is_taken = false;
                        tracing::warn!(%node, why, "a node has not taken a revocation list");
                    }
                }
            }
            if is_taken {
                if lists.changed().await.is_err() {
                    return std::future::pending().await;
                }
            } else {
                // Whoever could not take it may be able to later.
                let _ = tokio::time::timeout(self.audit_every, lists.changed()).await;
            }
        }
    }

    /// Asks for the audit's head, judges it and signs under it, again and again.
    async fn audit(&self, node: &NodeName, contact: &Contact) -> std::convert::Infallible {
        let jitter = |of: Duration| of.mul_f64(f64::from(random::jitter()) / f64::from(u32::MAX));
        // Soon, but not all of a fleet that has just connected at once.
        tokio::time::sleep(jitter(self.audit_every / 10)).await;
        for round in (0..FULL_EVERY).cycle() {
            match self.one_round(node, contact, round == 0).await {
                Ok(()) => {}
                Err(Trouble::Node(why)) => {
                    tracing::debug!(%node, why, "where a node's audit stands is not known");
                }
                Err(Trouble::Store(e)) => {
                    tracing::error!(%node, error = %e, "an audit is not kept")
                }
                Err(Trouble::Key(why)) => tracing::error!(why, "nothing is countersigned"),
            }
            let spread = self.audit_every / 5;
            tokio::time::sleep(self.audit_every - spread / 2 + jitter(spread)).await;
        }
        std::future::pending().await
    }

    async fn one_round(
        &self,
        node: &NodeName,
        contact: &Contact,
        in_full: bool,
    ) -> Result<(), Trouble> {
        let of = node.clone();
        let kept = self.with_store(move |store, _| store.audit_of(&of)).await?;
        let ask = AuditAsk {
            kept: kept.head.map(|head| head.seq),
            in_full,
        };
        let told = contact.ask_audit(ask, TELL_WITHIN).await;
        let told = told.map_err(Trouble::Node)?;
        match judge(kept.head, kept.is_held, &told.stands) {
            Judged::Settled(None) | Judged::Held => Ok(()),
            Judged::Settled(Some(head)) => self.keep(node, head, false).await,
            Judged::Sign { dropped } => {
                if let Some(dropped) = dropped {
                    tracing::warn!(%node, "a part of its audit was never countersigned: {dropped}");
                }
                let signed = self.signer().sign(clock::wall(), node, told.stands.head);
                let signed = signed.map_err(|e| Trouble::Key(e.to_string()))?;
                let head = told.countersign(signed).await.map_err(Trouble::Node)?;
                self.keep(node, head, true).await
            }
            Judged::Finding { seq, what } => {
                let (of, what) = (node.clone(), Clean::line(&what).into_string());
                let text = what.clone();
                let add = move |store: &mut Store, now| store.add_finding(now, &of, seq, &text);
                if self.with_store(add).await? {
                    tracing::error!(%node, record = seq, "the audit of this node is not what it was: {what}; it is not countersigned until `hailer keeper accept-audit {node}`");
                }
                Ok(())
            }
        }
    }

    fn signer(&self) -> Arc<Countersigner> {
        let signer = self.signer.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&signer)
    }

    async fn keep(&self, node: &NodeName, head: Head, is_signed: bool) -> Result<(), Trouble> {
        let node = node.clone();
        self.with_store(move |store, now| store.keep_head(now, &node, head, is_signed))
            .await
    }

    /// Does something with the store where waiting for a disk holds up nobody else.
    pub(super) async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store, Wall) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut store, clock::wall())
        });
        match done.await {
            Ok(done) => done.map_err(|e| Trouble::Store(e.to_string())),
            Err(e) => Err(Trouble::Store(e.to_string())),
        }
    }
}

/// Why a round came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The node did not answer, or did not take the signature.
    Node(String),
    /// The store failed.
    Store(String),
    /// The keeper's key failed.
    Key(String),
}
