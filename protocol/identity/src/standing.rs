//! What becomes of a chain after it was verified: whether it is revoked, and when its time ends.
//!
//! A handshake asks once, and a connection lives for hours. What has to be asked again and again is
//! read from the certificates once.

use hailer_protocol::revocation::Revocations;
use hailer_protocol::role::Identity;
use hailer_protocol::time::Wall;

use crate::read::{self, IdentityReadError};

/// What lists and clocks are asked about a chain that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    identity: Identity,
    serial: Vec<u8>,
    not_before: Wall,
    not_after: Wall,
    /// The numbers of the issuers behind it.
    issuers: Vec<Vec<u8>>,
}

impl Standing {
    /// Reads a chain, leaf first.
    ///
    /// # Errors
    /// When the chain is empty or cannot be read, which one that was verified can.
    pub fn of<C: AsRef<[u8]>>(chain: &[C]) -> Result<Self, IdentityReadError> {
        let Some((leaf, issuers)) = chain.split_first() else {
            return Err(IdentityReadError::Der("there is none".to_owned()));
        };
        let certificate = read::parse(leaf.as_ref())?;
        let validity = read::validity_in(&certificate);
        let mut standing = Self {
            identity: read::holder_in(&certificate)?.identity,
            serial: certificate.raw_serial().to_vec(),
            not_before: validity.not_before,
            not_after: validity.not_after,
            issuers: Vec::with_capacity(issuers.len()),
        };
        for issuer in issuers {
            let certificate = read::parse(issuer.as_ref())?;
            let ends = read::validity_in(&certificate).not_after;
            standing.not_after = standing.not_after.min(ends);
            standing.issuers.push(certificate.raw_serial().to_vec());
        }
        Ok(standing)
    }

    /// Returns whom the chain names.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns when it ends: the leaf's time, or that of the issuer behind it.
    #[must_use]
    pub const fn not_after(&self) -> Wall {
        self.not_after
    }

    /// Returns the first moment at which it holds no longer: certificates end with their second.
    #[must_use]
    pub const fn ends_at(&self) -> Wall {
        let second = self.not_after.0.div_euclid(1_000).saturating_add(1);
        Wall(second.saturating_mul(1_000))
    }

    /// Whether the chain is revoked: its own certificate, or its issuer's.
    #[must_use]
    pub fn is_revoked(&self, lists: &Revocations) -> bool {
        lists.is_revoked(&self.identity, &self.serial, self.not_before)
            || self
                .issuers
                .iter()
                .any(|serial| lists.is_issuer_revoked(self.identity.role, serial))
    }
}
