//! Whether a node still is one: whoever was revoked is not connected, and a connection ends with its
//! node's certificate.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hailer_identity::Standing;
use hailer_protocol::revocation::Revocations;
use quinn::{Connection, VarInt};
use rustls::pki_types::CertificateDer;

use crate::clock;

/// For how long a wall clock that was set may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Code of a connection that is closed because its node no longer is one.
const CLOSE_NO_NODE: VarInt = VarInt::from_u32(5);

/// Who no longer is a node although their certificates' time is not over.
#[derive(Debug, Default)]
pub(super) struct Obeyed(RwLock<Arc<Revocations>>);

impl Obeyed {
    /// Whether lists that came since the handshake name a node; its connection is closed then.
    pub(super) fn ends(&self, standing: &Standing, connection: &Connection) -> bool {
        let lists = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let is_revoked = standing.is_revoked(&lists);
        if is_revoked {
            connection.close(CLOSE_NO_NODE, b"the certificate of this node is revoked");
        }
        is_revoked
    }

    /// Takes up lists in place of the last ones.
    pub(super) fn set(&self, lists: Revocations) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    /// Returns what is known of a node whose handshake is done.
    ///
    /// # Errors
    /// Says that it is revoked; the connection is closed then.
    pub(super) fn check(&self, connection: &Connection) -> Result<Standing, String> {
        let standing = standing_of(connection);
        let standing = standing.ok_or("the node showed no certificate that can be read")?;
        let lists = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if standing.is_revoked(&lists) {
            connection.close(CLOSE_NO_NODE, b"the certificate of this node is revoked");
            return Err("revoked: the node's certificate was taken back".to_owned());
        }
        Ok(standing)
    }
}

fn standing_of(connection: &Connection) -> Option<Standing> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    Standing::of(&chain).ok()
}

/// Waits until the node's certificate has run out; closes the connection and returns why.
pub(super) async fn run_out(standing: &Standing, connection: &Connection) -> String {
    loop {
        let left = standing.ends_at().0.saturating_sub(clock::wall().0);
        let Ok(left @ 1..) = u64::try_from(left) else {
            connection.close(CLOSE_NO_NODE, b"the certificate of this node has expired");
            return "the node's certificate has expired; it is to be renewed there".to_owned();
        };
        tokio::time::sleep(Duration::from_millis(left).min(LOOK_EVERY)).await;
    }
}
