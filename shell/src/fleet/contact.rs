//! Connections as a keeper has them: one a node, each by itself, with what a keeper says over them.
//!
//! The shell's [`Links`](super::Links) keep a fleet that does not change for lines that run; a keeper
//! outlives fleet files and its own certificate. Whom it dials and when is decided elsewhere.

use std::time::Duration;

use hailer_identity::{ClientSide, Credentials, Standing, Trust};
use hailer_protocol::audit::Head;
use hailer_protocol::clean::Clean;
use hailer_protocol::countersign::SignedHead;
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::message::{
    AuditAsk, AuditCountersign, AuditCountersigned, AuditStands, RevocationTaken, StreamKind,
};
use hailer_protocol::revocation::{Revocations, SignedRevocations};
use hailer_protocol::role::{Identity, Role};

use super::endpoint::{Dialler, Windows};
use super::error::FleetError;
use super::links::resolve;
use super::session::{REPLY_WAIT, Session, Talk, TalkError};
use super::standing::{Obeyed, run_out};
use crate::clock;

/// The socket of a keeper's connections.
#[derive(Debug)]
pub(crate) struct Contacts {
    dialler: Dialler,
    obeyed: Obeyed,
}

/// One node's connection.
#[derive(Debug)]
pub(crate) struct Contact {
    session: Session,
    standing: Standing,
}

/// Where a node's audit stands, and the stream on which its head can be signed under.
#[derive(Debug)]
pub(crate) struct Told {
    /// Where.
    pub(crate) stands: AuditStands,
    talk: Talk,
}

impl Contacts {
    /// Opens the socket. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the credentials do not fit the fleet, or no socket can be opened.
    pub(crate) fn open(credentials: &Credentials, trust: &Trust) -> Result<Self, FleetError> {
        let tls = ClientSide::new(trust, &[Role::Node])?.config(credentials)?;
        Ok(Self {
            dialler: Dialler::open(tls, Windows::KEEPER)?,
            obeyed: Obeyed::default(),
        })
    }

    /// Shows other credentials, and believes other authorities, from the next connection on.
    ///
    /// # Errors
    /// When they do not fit the fleet.
    pub(crate) fn renew(&self, credentials: &Credentials, trust: &Trust) -> Result<(), FleetError> {
        let tls = ClientSide::new(trust, &[Role::Node])?.config(credentials)?;
        self.dialler.reconfigure(tls)
    }

    /// Connects nobody any more whom these lists revoke.
    pub(crate) fn obey(&self, lists: Revocations) {
        self.obeyed.set(lists);
    }

    /// Connects a node. `seat` decides when its keep-alives go out.
    ///
    /// # Errors
    /// Says why not, fit for a terminal.
    pub(crate) async fn connect(
        &self,
        (fleet, node): (&Name, &NodeName),
        address: &str,
        seat: usize,
        within: Duration,
    ) -> Result<Contact, String> {
        let shaken = tokio::time::timeout(within, async {
            let address = resolve(address).await?;
            let identity = Identity {
                fleet: fleet.clone(),
                role: Role::Node,
                name: node.clone(),
            };
            let name = hailer_identity::server_name(&identity);
            let connecting = self.dialler.dial(seat, address, &name);
            let connecting = connecting.map_err(|e| e.to_string())?;
            let connection = connecting.await.map_err(|e| e.to_string())?;
            let standing = self.obeyed.check(&connection)?;
            Ok(Contact {
                session: Session::new(connection, clock::mono()),
                standing,
            })
        });
        let shaken = shaken.await;
        let shaken = shaken.unwrap_or_else(|_| Err(format!("no answer within {within:?}")));
        shaken.map_err(|reason: String| Clean::line(&reason).into_string())
    }

    /// Ends all connections, and tells the nodes as far as that takes no waiting for them.
    pub(crate) async fn close(&self) {
        self.dialler.close().await;
    }
}

impl Contact {
    /// Exchanges hellos, then waits for the connection's end; returns the reason, fit for a terminal.
    pub(crate) async fn live(&self) -> String {
        let reason = tokio::select! {
            reason = self.session.live() => reason,
            reason = run_out(&self.standing, &self.session.connection) => reason,
        };
        Clean::line(&reason).into_string()
    }

    /// Ends the connection if the lists that are obeyed by now revoke its node.
    pub(crate) fn obeys(&self, contacts: &Contacts) -> bool {
        !contacts
            .obeyed
            .ends(&self.standing, &self.session.connection)
    }

    /// Hands in a revocation list.
    ///
    /// # Errors
    /// Says why the node has not taken it.
    pub(crate) async fn offer(
        &self,
        signed: &SignedRevocations,
    ) -> Result<RevocationTaken, String> {
        let offered = tokio::time::timeout(REPLY_WAIT, self.session.offer(signed)).await;
        let offered = offered.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        offered.map_err(|e| Clean::line(&e).into_string())
    }

    /// Asks where the node's audit stands. A full reading may take `within`.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub(crate) async fn ask_audit(&self, ask: AuditAsk, within: Duration) -> Result<Told, String> {
        let asked = async {
            let mut talk = Talk::open(&self.session.connection, StreamKind::Audit, &ask).await?;
            let stands = talk.hear().await?;
            Ok(Told { stands, talk })
        };
        in_time(within, asked).await
    }
}

impl Told {
    /// Hands in a signature under the head that was told; returns the head since then.
    ///
    /// # Errors
    /// Says why the node has not taken it.
    pub(crate) async fn countersign(mut self, signed: SignedHead) -> Result<Head, String> {
        let handed = async {
            self.talk.say(&AuditCountersign { signed }).await?;
            let _ = self.talk.send.finish();
            let AuditCountersigned { head } = self.talk.hear().await?;
            Ok(head)
        };
        in_time(REPLY_WAIT, handed).await
    }
}

async fn in_time<T>(
    within: Duration,
    talk: impl Future<Output = Result<T, TalkError>>,
) -> Result<T, String> {
    match tokio::time::timeout(within, talk).await {
        Ok(done) => done.map_err(|e| Clean::line(&e.to_string()).into_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
