//! Countersigning the heads of nodes' audits, and finding out who countersigned one.

use std::fmt;
use std::sync::Arc;

use hailer_protocol::audit::Head;
use hailer_protocol::countersign::{
    COUNTERSIGNATURE_VERSION, CountersignError, Countersignature, SignedHead,
};
use hailer_protocol::ids::NodeName;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rustls::sign::SigningKey;

use crate::credentials::Credentials;
use crate::signature::{SCHEMES, SignatureError};

/// A keeper's key, ready to countersign.
#[derive(Clone)]
pub struct Countersigner {
    identity: Identity,
    chain: Vec<Vec<u8>>,
    key: Arc<dyn SigningKey>,
}

/// Why nothing was countersigned.
#[derive(Debug, thiserror::Error)]
pub enum CountersignerError {
    /// Not a keeper's credentials.
    #[error("countersign an audit as `{0}`: only keepers do")]
    Role(Box<Identity>),
    /// A countersignature over its limits.
    #[error(transparent)]
    Statement(#[from] CountersignError),
    /// A key that cannot sign here.
    #[error(transparent)]
    Key(#[from] SignatureError),
    /// The cryptography refused.
    #[error("countersign the audit: {0}")]
    Crypto(#[from] rustls::Error),
}

impl Countersigner {
    /// Takes up a keeper's credentials.
    ///
    /// # Errors
    /// Refuses other roles, and keys of a kind with which nothing is signed here.
    pub fn new(credentials: &Credentials) -> Result<Self, CountersignerError> {
        let identity = credentials.identity().clone();
        if identity.role != Role::Keeper {
            return Err(CountersignerError::Role(Box::new(identity)));
        }
        let key = Arc::clone(&credentials.certified.key);
        if key.choose_scheme(SCHEMES).is_none() {
            return Err(SignatureError::Key.into());
        }
        Ok(Self {
            identity,
            chain: credentials.chain(),
            key,
        })
    }

    /// Signs for having seen a node's log up to `head` at this moment.
    ///
    /// # Errors
    /// When the key refuses.
    pub fn sign(
        &self,
        now: Wall,
        node: &NodeName,
        head: Head,
    ) -> Result<SignedHead, CountersignerError> {
        let statement = Countersignature {
            version: COUNTERSIGNATURE_VERSION,
            fleet: self.identity.fleet.clone(),
            keeper: self.identity.name.clone(),
            node: node.clone(),
            head,
            at: now,
        }
        .encode()?;
        let signer = self.key.choose_scheme(SCHEMES).ok_or(SignatureError::Key)?;
        Ok(SignedHead {
            chain: self.chain.clone(),
            signature: signer.sign(&SignedHead::signed_bytes(&statement))?,
            statement,
        })
    }
}

impl fmt::Debug for Countersigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Countersigner")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
