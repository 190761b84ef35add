//! Trust bundles: which authorities a fleet believes from now on, said by one that it believes now.
//!
//! A root does not live for ever, and its key may have to go. The next one is handed to every node
//! as a bundle: first with the old root beside it, later alone. A bundle is whole, it takes the place
//! of what was believed, and its number only grows: an older one never brings back a root that is
//! gone. Who may say so is the identity crate's business: a root that is believed now, and nobody else.

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::ids::Name;
use crate::limits::{AUTHORITIES_MAX, AUTHORITY_MAX, BUNDLE_MAX};
use crate::time::{ALLOWED_SKEW, Wall};

/// The version of bundles that this version writes and reads.
pub const BUNDLE_VERSION: u16 = 1;

/// What stands before a bundle when it is signed.
const SIGNED_PREFIX: &[u8] = b"hailer trust bundle, version 1\0";

/// Every authority that a fleet believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustBundle {
    /// [`BUNDLE_VERSION`].
    pub version: u16,
    /// The fleet it is for.
    pub fleet: Name,
    /// Larger than that of every bundle before.
    pub number: u64,
    /// When it was made.
    pub issued_at: Wall,
    /// Certificates in DER, ascending, each once; at least one, at most [`AUTHORITIES_MAX`].
    pub authorities: Vec<Vec<u8>>,
}

/// A bundle with what proves its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBundle {
    /// The bundle, exactly as it was signed.
    pub bundle: Vec<u8>,
    /// The signature of a root. Which one it was is found out by trying those that are believed.
    pub signature: Vec<u8>,
}

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The bytes are no bundle.
    #[error("read the trust bundle: {0}")]
    Codec(#[from] CodecError),
    /// The bytes decode, but another encoding is the right one.
    #[error("read the trust bundle: it is not in its one right encoding")]
    NotCanonical,
    /// Another version.
    #[error("the trust bundle is of version {0}, version 1 is read here")]
    Version(u16),
    /// Too large.
    #[error("the trust bundle has {size} {what}, at most {max} are allowed")]
    TooLarge {
        /// Bytes or authorities.
        what: &'static str,
        /// How many.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// Nobody would be believed any more.
    #[error("the trust bundle holds no authority")]
    Empty,
    /// Number 0 is that of what no bundle brought.
    #[error("the trust bundle has no number")]
    NoNumber,
    /// A bundle of another fleet.
    #[error("the trust bundle is for the fleet `{theirs}`, not for `{ours}`")]
    Fleet {
        /// The fleet it names.
        theirs: Name,
        /// The fleet it should be for.
        ours: Name,
    },
    /// Made at a moment that lies ahead.
    #[error("the trust bundle was made at {} (milliseconds since 1970), now it is {}", issued_at.0, now.0)]
    Ahead {
        /// When it was made.
        issued_at: Wall,
        /// The time here.
        now: Wall,
    },
    /// Not newer than what is there.
    #[error("the trust bundle {theirs} is not newer than {ours}, which is known")]
    NotNewer {
        /// Its number.
        theirs: u64,
        /// The number of the one that is there.
        ours: u64,
    },
}

impl TrustBundle {
    /// Returns the bundle's one encoding; authorities may come in any order.
    ///
    /// # Errors
    /// Refuses what is over a limit, or holds nobody.
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        let mut sorted = self.clone();
        sorted.authorities.sort_unstable();
        sorted.authorities.dedup();
        sorted.check_form()?;
        let bytes = codec::encode(&sorted)?;
        bound("bytes", bytes.len(), BUNDLE_MAX)?;
        Ok(bytes)
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// Refuses every encoding but the one that [`TrustBundle::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        bound("bytes", bytes.len(), BUNDLE_MAX)?;
        let bundle: Self = codec::decode(bytes)?;
        if bundle.encode()? != bytes {
            return Err(BundleError::NotCanonical);
        }
        Ok(bundle)
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn signed_bytes(encoded: &[u8]) -> Vec<u8> {
        [SIGNED_PREFIX, encoded].concat()
    }

    /// Checks that it was not made ahead of the time here.
    ///
    /// # Errors
    /// When it was.
    pub fn check_time(&self, now: Wall) -> Result<(), BundleError> {
        let issued_at = self.issued_at;
        if issued_at > now + ALLOWED_SKEW {
            return Err(BundleError::Ahead { issued_at, now });
        }
        Ok(())
    }

    fn check_form(&self) -> Result<(), BundleError> {
        if self.version != BUNDLE_VERSION {
            return Err(BundleError::Version(self.version));
        }
        if self.number == 0 {
            return Err(BundleError::NoNumber);
        }
        if self.authorities.is_empty() {
            return Err(BundleError::Empty);
        }
        bound("authorities", self.authorities.len(), AUTHORITIES_MAX)?;
        for authority in &self.authorities {
            bound("bytes in an authority", authority.len(), AUTHORITY_MAX)?;
        }
        Ok(())
    }
}

const fn bound(what: &'static str, size: usize, max: usize) -> Result<(), BundleError> {
    if size > max {
        return Err(BundleError::TooLarge { what, size, max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(authorities: Vec<Vec<u8>>) -> TrustBundle {
        TrustBundle {
            version: BUNDLE_VERSION,
            fleet: Name::new("demo").expect("a name"),
            number: 3,
            issued_at: Wall(1_000),
            authorities,
        }
    }

    #[test]
    fn a_bundle_has_one_encoding_whatever_the_order() {
        let one = bundle(vec![vec![2], vec![1], vec![2]]).encode();
        let other = bundle(vec![vec![1], vec![2]]).encode();
        let bytes = one.expect("in bounds");
        assert_eq!(Ok(&bytes), other.as_ref());
        let read = TrustBundle::decode(&bytes).expect("its own");
        assert_eq!(read.authorities, [vec![1], vec![2]]);
        // Out of order, twice, or with something behind: other bytes for the same thing.
        for authorities in [vec![vec![2], vec![1]], vec![vec![1], vec![1]]] {
            let bytes = codec::encode(&bundle(authorities)).expect("small");
            let error = TrustBundle::decode(&bytes).expect_err("not its one form");
            assert_eq!(error, BundleError::NotCanonical);
        }
        assert!(TrustBundle::decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let refused = |change: fn(&mut TrustBundle)| {
            let mut bundle = bundle(vec![vec![1]]);
            change(&mut bundle);
            bundle.encode().expect_err("out of bounds")
        };
        assert_eq!(refused(|b| b.version = 2), BundleError::Version(2));
        assert_eq!(refused(|b| b.number = 0), BundleError::NoNumber);
        assert_eq!(refused(|b| b.authorities.clear()), BundleError::Empty);
        let many = refused(|b| b.authorities = (0..=8).map(|n| vec![n]).collect());
        assert!(many.to_string().contains("9 authorities"), "{many}");
        let large = refused(|b| b.authorities[0] = vec![0; AUTHORITY_MAX + 1]);
        assert!(large.to_string().contains("in an authority"), "{large}");
    }

    #[test]
    fn a_bundle_that_was_made_ahead_of_time_is_not_taken_yet() {
        let bundle = bundle(vec![vec![1]]);
        assert_eq!(bundle.check_time(Wall(1_000)), Ok(()));
        assert_eq!(bundle.check_time(Wall(-28_000)), Ok(()));
        assert!(bundle.check_time(Wall(-30_000)).is_err());
    }
}
