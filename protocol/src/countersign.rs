//! Countersignatures: the keeper's word, in a node's own log, that it has seen the log up to a record.
//!
//! A node's log proves by itself that it hangs together, and whoever owns the machine could write all of
//! it anew. A [`Countersignature`] cannot be written anew: it names the [`Head`] that the keeper was
//! shown, and is signed with a key that no node has. It is asked for, given and written down on one
//! stream, so that one for another node, another head or another time is worth nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit::{Head, Verdict, continues};
use crate::codec::{self, CodecError};
use crate::ids::{Link, Name, NodeName};
use crate::limits::{CERTIFICATE_MAX, CHAIN_MAX, COUNTERSIGNATURE_MAX, SIGNATURE_MAX};
use crate::message::AuditStands;
use crate::role::{Identity, Role};
use crate::time::{ALLOWED_SKEW, Wall};

/// The version of countersignatures that is made and taken.
pub const COUNTERSIGNATURE_VERSION: u32 = 1;

/// What stands before a countersignature when it is signed: no other signature passes for one.
const SIGNED_PREFIX: &[u8] = b"hailer countersigned audit, version 1\0";

/// For how long a countersignature may be on its way, beside the clocks' skew.
pub const FRESH: Duration = Duration::from_secs(60);

/// What a keeper vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Countersignature {
    /// [`COUNTERSIGNATURE_VERSION`].
    pub version: u32,
    /// Which fleet.
    pub fleet: Name,
    /// Which keeper.
    pub keeper: Name,
    /// Whose log.
    pub node: NodeName,
    /// The newest record of that log, and the link after it.
    pub head: Head,
    /// When, by the keeper's clock.
    pub at: Wall,
}

/// A countersignature with what proves its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The [`Countersignature`], encoded.
    pub statement: Vec<u8>,
    /// The keeper's certificate and what leads from it to the authority, as DER.
    pub chain: Vec<Vec<u8>>,
    /// The signature over [`SignedHead::signed_bytes`].
    pub signature: Vec<u8>,
}

/// Why a countersignature is none, or not this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CountersignError {
    /// Not the one encoding of one.
    #[error("read the countersignature: {0}")]
    Codec(#[from] CodecError),
    /// Bytes that nobody made.
    #[error("the countersignature is not in its one right form")]
    NotCanonical,
    /// A version of its own.
    #[error("the countersignature is of version {0}, this one takes {COUNTERSIGNATURE_VERSION}")]
    Version(u32),
    /// Something is larger than it may be.
    #[error("the countersignature has {size} {what}, at most {max} are allowed")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        max: usize,
    },
    /// Signed by somebody else than it names.
    #[error("the countersignature is the keeper `{named}`'s, and `{signer}` signed it")]
    Signer {
        /// Whom it names.
        named: Name,
        /// Who signed.
        signer: Box<Identity>,
    },
    /// For another log.
    #[error("the countersignature is for the node `{node}` of the fleet `{fleet}`")]
    Elsewhere {
        /// Whose log.
        node: NodeName,
        /// Of which fleet.
        fleet: Name,
    },
    /// Over another head than the one that was told.
    #[error("the countersignature is over record {signed}, and record {told} was told")]
    Head {
        /// The record that it is over.
        signed: u64,
        /// The record that was told.
        told: u64,
    },
    /// From another time.
    #[error("the countersignature was made at another time; compare the clocks of keeper and node")]
    Time,
}

impl Countersignature {
    /// Returns its one encoding.
    ///
    /// # Errors
    /// When it is over its limit, which names of the longest kind are not.
    pub fn encode(&self) -> Result<Vec<u8>, CountersignError> {
        let bytes = codec::encode(self)?;
        bound("bytes", bytes.len(), COUNTERSIGNATURE_MAX)?;
        Ok(bytes)
    }

    /// Reads one.
    ///
    /// # Errors
    /// Refuses every encoding but the one that [`Countersignature::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CountersignError> {
        bound("bytes", bytes.len(), COUNTERSIGNATURE_MAX)?;
        if let Some(&first) = bytes.first()
            && u32::from(first) != COUNTERSIGNATURE_VERSION
        {
            return Err(CountersignError::Version(first.into()));
        }
        let read: Self = codec::decode(bytes)?;
        if read.encode()? != bytes {
            return Err(CountersignError::NotCanonical);
        }
        Ok(read)
    }

    /// Checks what a node must know of it once it is known that `signer` signed it: that it is over the
    /// head that this node has just told, and nothing else.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(
        &self,
        now: Wall,
        (fleet, node): (&Name, &NodeName),
        told: Head,
        signer: &Identity,
    ) -> Result<(), CountersignError> {
        self.check_signer(signer)?;
        if self.fleet != *fleet || self.node != *node {
            return Err(CountersignError::Elsewhere {
                node: self.node.clone(),
                fleet: self.fleet.clone(),
            });
        }
        if self.head != told {
            return Err(CountersignError::Head {
                signed: self.head.seq,
                told: told.seq,
            });
        }
        if (self.at + FRESH + ALLOWED_SKEW) < now || now + ALLOWED_SKEW < self.at {
            return Err(CountersignError::Time);
        }
        Ok(())
    }

    /// Checks that it names who signed it.
    ///
    /// # Errors
    /// When it names somebody else.
    pub fn check_signer(&self, signer: &Identity) -> Result<(), CountersignError> {
        let is_own =
            signer.role == Role::Keeper && signer.name == self.keeper && signer.fleet == self.fleet;
        if is_own {
            return Ok(());
        }
        Err(CountersignError::Signer {
            named: self.keeper.clone(),
            signer: Box::new(signer.clone()),
        })
    }
}

impl SignedHead {
    /// Returns the bytes that the keeper's key signs.
    #[must_use]
    pub fn signed_bytes(encoded: &[u8]) -> Vec<u8> {
        [SIGNED_PREFIX, encoded].concat()
    }

    /// Checks the bounds that its type does not state.
    ///
    /// # Errors
    /// Says what is too large.
    pub fn check_form(&self) -> Result<(), CountersignError> {
        bound("bytes", self.statement.len(), COUNTERSIGNATURE_MAX)?;
        bound("certificates", self.chain.len(), CHAIN_MAX)?;
        for certificate in &self.chain {
            bound("bytes of certificate", certificate.len(), CERTIFICATE_MAX)?;
        }
        bound("bytes of signature", self.signature.len(), SIGNATURE_MAX)
    }
}

const fn bound(what: &'static str, size: usize, max: usize) -> Result<(), CountersignError> {
    if size > max {
        return Err(CountersignError::TooLarge { what, size, max });
    }
    Ok(())
}

impl AuditStands {
    /// Judges whether the log goes on from the head that was kept of it.
    #[must_use]
    pub fn verdict(&self, kept: Option<Head>) -> Verdict {
        let Some(kept) = kept else {
            return Verdict::Continues;
        };
        // Of the oldest only the number matters.
        let oldest = (self.oldest > 0).then_some(Head {
            seq: self.oldest,
            link: Link::START,
        });
        let at_kept = self.kept.map(|link| Head {
            seq: kept.seq,
            link,
        });
        let newest = (self.head.seq > 0).then_some(self.head);
        let all = [
            oldest.filter(|head| head.seq != kept.seq),
            at_kept.or_else(|| newest.filter(|head| head.seq == kept.seq)),
            newest.filter(|head| head.seq != kept.seq),
        ];
        continues(kept, all.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn head(seq: u64, byte: u8) -> Head {
        Head {
            seq,
            link: Link([byte; 16]),
        }
    }

    fn one() -> Countersignature {
        Countersignature {
            version: COUNTERSIGNATURE_VERSION,
            fleet: name("demo"),
            keeper: name("k1"),
            node: name("web1"),
            head: head(7, 7),
            at: Wall(1_000_000),
        }
    }

    #[test]
    fn a_countersignature_has_one_encoding_and_one_version() {
        let bytes = one().encode().expect("small");
        assert_eq!(Countersignature::decode(&bytes), Ok(one()));
        let mut other = bytes.clone();
        other[0] = 2;
        assert_eq!(
            Countersignature::decode(&other),
            Err(CountersignError::Version(2))
        );
        for cut in 0..bytes.len() {
            assert!(Countersignature::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut long = bytes;
        long.push(0);
        assert!(Countersignature::decode(&long).is_err());
    }

    #[test]
    fn one_for_another_node_head_time_or_keeper_is_refused() {
        let keeper: Identity = "spiffe://demo/keeper/k1".parse().expect("an identity");
        let (demo, web1) = (name("demo"), name("web1"));
        let at = Wall(1_000_000);
        let told = head(7, 7);
        let check = |now, told, signer: &str| {
            let signer: Identity = signer.parse().expect("an identity");
            one().check(now, (&demo, &web1), told, &signer)
        };
        let own = keeper.to_string();
        assert_eq!(check(at, told, &own), Ok(()));
        assert_eq!(check(Wall(at.0 - 30_000), told, &own), Ok(()));
        assert_eq!(check(Wall(at.0 + 90_000), told, &own), Ok(()));
        for now in [Wall(at.0 - 30_001), Wall(at.0 + 90_001)] {
            assert_eq!(check(now, told, &own), Err(CountersignError::Time));
        }
        for told in [head(8, 7), head(7, 8), head(0, 0)] {
            let refused = check(at, told, &own);
            assert!(matches!(refused, Err(CountersignError::Head { .. })));
        }
        for signer in [
            "spiffe://demo/keeper/k2",
            "spiffe://demo/operator/k1",
            "spiffe://demo/node/k1",
            "spiffe://other/keeper/k1",
        ] {
            let refused = check(at, told, signer);
            assert!(matches!(refused, Err(CountersignError::Signer { .. })));
        }
        for (fleet, node) in [("demo", "web2"), ("other", "web1")] {
            let refused = one().check(at, (&name(fleet), &name(node)), told, &keeper);
            assert!(matches!(refused, Err(CountersignError::Elsewhere { .. })));
        }
    }

    #[test]
    fn where_a_log_stands_is_held_against_the_head_that_was_kept() {
        let stands = |oldest, newest, kept: Option<u8>| AuditStands {
            oldest,
            head: newest,
            kept: kept.map(|byte| Link([byte; 16])),
            is_countersigned: false,
            broken: None,
        };
        let kept = head(5, 5);
        for (found, tampered) in [
            (stands(1, head(9, 9), Some(5)), None),
            (stands(5, head(9, 9), Some(5)), None),
            (stands(5, head(5, 5), Some(5)), None),
            (stands(1, head(5, 5), None), None),
            (stands(7, head(9, 9), None), None),
            (stands(1, head(9, 9), Some(6)), Some("rewritten")),
            (stands(1, head(5, 6), None), Some("rewritten")),
            (stands(1, head(4, 9), None), Some("cut off")),
            (stands(0, head(0, 0), None), Some("cut off")),
            (stands(1, head(9, 9), None), Some("cut off")),
        ] {
            let verdict = found.verdict(Some(kept));
            assert_eq!(verdict.is_tampering(), tampered.is_some(), "{found:?}");
            let text = verdict.to_string();
            assert!(text.contains(tampered.unwrap_or("")), "{text}");
            assert_eq!(found.verdict(None), Verdict::Continues);
        }
    }
}
