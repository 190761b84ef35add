//! Revocation lists: which certificates no longer hold although their time is not over.
//!
//! A list is whole: the next one replaces it. There is one for the fleet, by its authority, and one
//! for each role, by that role's issuer, which speaks of its own role only. Each has a number that
//! only grows, so an old list never undoes a new one. What proves a list's origin is the identity
//! crate's business; here it is read, kept and asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::ids::Name;
use crate::limits::{ENVELOPE_BODY_MAX, REVOCATION_LIST_MAX, REVOKED_MAX, SERIAL_MAX};
use crate::role::{Identity, Role};
use crate::time::{ALLOWED_SKEW, Wall};

/// The version of lists that this version writes and reads.
pub const REVOCATION_VERSION: u16 = 1;

/// What stands before a list when it is signed.
const SIGNED_PREFIX: &[u8] = b"hailer revocation list, version 1\0";

/// Everything that one signer revokes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationList {
    /// [`REVOCATION_VERSION`].
    pub version: u16,
    /// The fleet it is for.
    pub fleet: Name,
    /// Larger than that of every list before.
    pub number: u64,
    /// When it was made.
    pub issued_at: Wall,
    /// When there will be the next one at the latest. An older list still holds, and is stale.
    pub next_update: Wall,
    /// What is revoked, ascending, each once, at most [`REVOKED_MAX`].
    pub revoked: Vec<Revoked>,
}

/// One thing that is revoked. Variants are only appended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Revoked {
    /// One certificate.
    Certificate {
        /// Whom it names.
        identity: Identity,
        /// Its number, as it stands in the certificate.
        serial: Vec<u8>,
    },
    /// Every certificate of somebody that begins to hold before a moment: for who has left, and for
    /// whose certificates nobody has counted.
    Before {
        /// Whom they name.
        identity: Identity,
        /// The moment.
        moment: Wall,
    },
    /// An issuer, with everybody whom it has signed. Only the fleet's authority revokes issuers.
    Issuer {
        /// Whom it signs.
        role: Role,
        /// Its certificate's number.
        serial: Vec<u8>,
    },
}

impl Revoked {
    /// Returns of which role they are that this is about.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Certificate { identity, .. } | Self::Before { identity, .. } => identity.role,
            Self::Issuer { role, .. } => *role,
        }
    }

    fn fleet(&self) -> Option<&Name> {
        match self {
            Self::Certificate { identity, .. } | Self::Before { identity, .. } => {
                Some(&identity.fleet)
            }
            Self::Issuer { .. } => None,
        }
    }

    fn serial(&self) -> Option<&[u8]> {
        match self {
            Self::Certificate { serial, .. } | Self::Issuer { serial, .. } => Some(serial),
            Self::Before { .. } => None,
        }
    }
}

/// A list with what proves its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRevocations {
    /// The list, exactly as it was signed.
    pub list: Vec<u8>,
    /// The certificate of the issuer that signed it; `None` if the authority did.
    pub issuer: Option<Vec<u8>>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Why a list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// The bytes are no list.
    #[error("read the revocation list: {0}")]
    Codec(#[from] CodecError),
    /// The bytes decode, but another encoding is the right one.
    #[error("read the revocation list: it is not in its one right encoding")]
    NotCanonical,
    /// Another version.
    #[error("the revocation list is of version {0}, version 1 is read here")]
    Version(u16),
    /// Too large.
    #[error("the revocation list has {size} {what}, at most {max} are allowed")]
    TooLarge {
        /// Bytes or entries.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// An entry without a number, or with one that no certificate has.
    #[error(
        "the revocation list names a certificate by a number of {0} bytes, 1 to 20 are allowed"
    )]
    Serial(usize),
    /// A list of another fleet, or an entry of one.
    #[error("the revocation list is about the fleet `{theirs}`, not `{ours}`")]
    Fleet {
        /// The fleet it names.
        theirs: Name,
        /// The fleet it should be about.
        ours: Name,
    },
    /// An end before the beginning.
    #[error("the revocation list was made after the next one is due")]
    Order,
    /// Made at a moment that lies ahead.
    #[error("the revocation list was made at {} (milliseconds since 1970), now it is {}", issued_at.0, now.0)]
    Ahead {
        /// When it was made.
        issued_at: Wall,
        /// The time here.
        now: Wall,
    },
    /// Not newer than the one that is there.
    #[error("the revocation list {theirs} is not newer than {ours}, which is known")]
    NotNewer {
        /// Its number.
        theirs: u64,
        /// The number of the one that is there.
        ours: u64,
    },
    /// An issuer that speaks of more than its own role.
    #[error("the issuer of the role `{issuer}` revokes {what}, which is not for it to say")]
    Scope {
        /// The issuer's role.
        issuer: Role,
        /// What it wants to revoke.
        what: String,
    },
    /// Signed by an issuer that is revoked itself.
    #[error("the revocation list is signed by an issuer of the role `{0}` that is revoked")]
    IssuerRevoked(Role),
}

impl RevocationList {
    /// Returns the list's one encoding; what is revoked may come in any order.
    ///
    /// # Errors
    /// Refuses what is over a limit, and entries of another fleet.
    pub fn encode(&self) -> Result<Vec<u8>, RevocationError> {
        let mut sorted = self.clone();
        sorted.revoked.sort_unstable();
        sorted.revoked.dedup();
        sorted.check_form()?;
        let bytes = codec::encode(&sorted)?;
        bound("bytes", bytes.len(), REVOCATION_LIST_MAX)?;
        Ok(bytes)
    }

    /// Reads a list.
    ///
    /// # Errors
    /// Refuses every encoding but the one that [`RevocationList::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RevocationError> {
        bound("bytes", bytes.len(), REVOCATION_LIST_MAX)?;
        let list: Self = codec::decode(bytes)?;
        if list.encode()? != bytes {
            return Err(RevocationError::NotCanonical);
        }
        Ok(list)
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn signed_bytes(encoded: &[u8]) -> Vec<u8> {
        [SIGNED_PREFIX, encoded].concat()
    }

    /// Whether the list revokes a certificate, by whom it names, its number, and when it begins to
    /// hold.
    #[must_use]
    pub fn is_revoked(&self, identity: &Identity, serial: &[u8], not_before: Wall) -> bool {
        self.revoked.iter().any(|revoked| match revoked {
            Revoked::Certificate {
                identity: i,
                serial: s,
            } => i == identity && s == serial,
            Revoked::Before {
                identity: i,
                moment,
            } => i == identity && not_before < *moment,
            Revoked::Issuer { .. } => false,
        })
    }

    /// Whether the list revokes an issuer.
    #[must_use]
    pub fn is_issuer_revoked(&self, role: Role, serial: &[u8]) -> bool {
        self.revoked.iter().any(|revoked| match revoked {
            Revoked::Issuer { role: r, serial: s } => *r == role && s == serial,
            Revoked::Certificate { .. } | Revoked::Before { .. } => false,
        })
    }

    fn check_form(&self) -> Result<(), RevocationError> {
        if self.version != REVOCATION_VERSION {
            return Err(RevocationError::Version(self.version));
        }
        bound("entries", self.revoked.len(), REVOKED_MAX)?;
        if self.next_update <= self.issued_at {
            return Err(RevocationError::Order);
        }
        for revoked in &self.revoked {
            if let Some(theirs) = revoked.fleet().filter(|f| **f != self.fleet) {
                return Err(RevocationError::Fleet {
                    theirs: theirs.clone(),
                    ours: self.fleet.clone(),
                });
            }
            if let Some(serial) = revoked.serial()
                && !(1..=SERIAL_MAX).contains(&serial.len())
            {
                return Err(RevocationError::Serial(serial.len()));
            }
        }
        Ok(())
    }
}

impl SignedRevocations {
    /// Returns its one encoding.
    ///
    /// # Errors
    /// When it is larger than an envelope's body.
    pub fn encode(&self) -> Result<Vec<u8>, RevocationError> {
        Ok(codec::encode(self)?)
    }

    /// Reads a signed list, whose origin is still to be proven.
    ///
    /// # Errors
    /// Refuses every encoding but the one that [`SignedRevocations::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RevocationError> {
        bound("bytes", bytes.len(), ENVELOPE_BODY_MAX)?;
        let signed: Self = codec::decode(bytes)?;
        if signed.encode()? != bytes {
            return Err(RevocationError::NotCanonical);
        }
        Ok(signed)
    }
}

/// Who made a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSigner {
    /// The fleet's authority.
    Authority,
    /// The issuer of one role.
    Issuer {
        /// Whom it signs.
        role: Role,
        /// Its certificate's number.
        serial: Vec<u8>,
    },
}

impl ListSigner {
    /// Returns of which role it speaks; of all of them if that is `None`.
    #[must_use]
    pub const fn scope(&self) -> Option<Role> {
        match self {
            Self::Authority => None,
            Self::Issuer { role, .. } => Some(*role),
        }
    }
}

/// The newest list of everybody who makes any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations {
    lists: BTreeMap<Option<Role>, (ListSigner, RevocationList)>,
}

impl Revocations {
    /// Takes a list whose origin is proven, in place of its signer's last one.
    ///
    /// # Errors
    /// Refuses one that is not newer, that was made ahead of `now`, that speaks of what is not its
    /// signer's, and one by an issuer that is revoked.
    pub fn take(
        &mut self,
        now: Wall,
        signer: ListSigner,
        list: RevocationList,
    ) -> Result<(), RevocationError> {
        let issued_at = list.issued_at;
        if issued_at > now + ALLOWED_SKEW {
            return Err(RevocationError::Ahead { issued_at, now });
        }
        if let ListSigner::Issuer { role, serial } = &signer {
            if self.is_issuer_revoked(*role, serial) {
                return Err(RevocationError::IssuerRevoked(*role));
            }
            check_scope(*role, &list)?;
        }
        if let Some((_, ours)) = self.lists.get(&signer.scope())
            && list.number <= ours.number
        {
            return Err(RevocationError::NotNewer {
                theirs: list.number,
                ours: ours.number,
            });
        }
        self.lists.insert(signer.scope(), (signer, list));
        // What a revoked issuer said holds no longer, nor does its number.
        let revoked: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|role| match self.lists.get(&Some(*role)) {
                Some((ListSigner::Issuer { role, serial }, _)) => {
                    self.is_issuer_revoked(*role, serial)
                }
                Some((ListSigner::Authority, _)) | None => false,
            })
            .collect();
        for role in revoked {
            self.lists.remove(&Some(role));
        }
        Ok(())
    }

    /// Whether there is no list at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Returns the newest list for a role, or the authority's.
    #[must_use]
    pub fn list(&self, scope: Option<Role>) -> Option<&RevocationList> {
        self.lists.get(&scope).map(|(_, list)| list)
    }

    /// Whether anybody revokes a certificate, by whom it names, its number, and when it begins to
    /// hold.
    #[must_use]
    pub fn is_revoked(&self, identity: &Identity, serial: &[u8], not_before: Wall) -> bool {
        self.lists
            .values()
            .any(|(_, list)| list.is_revoked(identity, serial, not_before))
    }

    /// Whether the authority revokes an issuer, and thereby everybody whom it has signed.
    #[must_use]
    pub fn is_issuer_revoked(&self, role: Role, serial: &[u8]) -> bool {
        self.lists
            .get(&None)
            .is_some_and(|(_, list)| list.is_issuer_revoked(role, serial))
    }

    /// Returns the lists whose successor is overdue, by the role they are for.
    pub fn stale(&self, now: Wall) -> impl Iterator<Item = Option<Role>> {
        self.lists
            .iter()
            .filter(move |(_, (_, list))| now.is_past(list.next_update))
            .map(|(scope, _)| *scope)
    }
}

fn check_scope(issuer: Role, list: &RevocationList) -> Result<(), RevocationError> {
    let beyond = list.revoked.iter().find_map(|revoked| match revoked {
        Revoked::Issuer { role, .. } => Some(format!("an issuer of the role `{role}`")),
        Revoked::Certificate { identity, .. } | Revoked::Before { identity, .. } => {
            (identity.role != issuer).then(|| format!("`{identity}`"))
        }
    });
    match beyond {
        None => Ok(()),
        Some(what) => Err(RevocationError::Scope { issuer, what }),
    }
}

const fn bound(what: &'static str, size: usize, max: usize) -> Result<(), RevocationError> {
    if size > max {
        return Err(RevocationError::TooLarge { what, size, max });
    }
    Ok(())
}
