//! Why a signed run is refused: one variant a cause.

use crate::codec::CodecError;
use crate::grant::Grant;
use crate::ids::{Name, RunId};
use crate::role::Identity;
use crate::signing::tree::ProofError;
use crate::time::Wall;

/// Why a signed run is not what this node was asked by an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The bytes are no block or no statement.
    #[error("read the signature: {0}")]
    Codec(#[from] CodecError),
    /// The bytes decode, but another encoding is the right one.
    #[error("read the signature: the {0} is not in its one right encoding")]
    NotCanonical(&'static str),
    /// Over a limit: bytes, certificates or approvals.
    #[error("the {what} has {size}, at most {max} are allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// Nobody vouches for it.
    #[error("the signature has no {0}")]
    Unsigned(&'static str),
    /// A statement of another version, by its first byte.
    #[error("the statement is of version {0}, this node reads version 1")]
    Version(u8),
    /// A text that is empty or has control characters.
    #[error("the {0} is empty or has control characters")]
    Text(&'static str),
    /// Signed for another fleet.
    #[error("signed for the fleet `{theirs}`, this node is of `{ours}`")]
    Fleet {
        /// The statement's fleet.
        theirs: Name,
        /// The node's fleet.
        ours: Name,
    },
    /// Whoever signed or approved may not.
    #[error("signed by `{0}`, which is no operator of this fleet")]
    Signer(Box<Identity>),
    /// Another operator's statement.
    #[error("signed by `{signer}`, the statement is `{operator}`'s")]
    Operator {
        /// Whom the certificate names.
        signer: Name,
        /// Whom the statement names.
        operator: Name,
    },
    /// An operator approved their own run.
    #[error("`{0}` signed the run and approved it, too")]
    OwnApproval(Name),
    /// The same person approved twice.
    #[error("`{0}` approved the run twice")]
    ApprovedTwice(Name),
    /// The time has passed.
    #[error("signed until {} (milliseconds since 1970), now it is {}; compare the clocks of operator and node", not_after.0, now.0)]
    Expired {
        /// The end.
        not_after: Wall,
        /// The node's time.
        now: Wall,
    },
    /// Signed at a moment that lies ahead.
    #[error("signed at {} (milliseconds since 1970), now it is {}; compare the clocks of operator and node", issued_at.0, now.0)]
    Ahead {
        /// The beginning.
        issued_at: Wall,
        /// The node's time.
        now: Wall,
    },
    /// A span that is empty, or longer than a signature may hold.
    #[error("signed for {ms} ms, allowed are 1 ms to 24 h")]
    Life {
        /// From `issued_at` to `not_after`.
        ms: i64,
    },
    /// The node, or what it was sent, is not among what was signed.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The request's run is another.
    #[error("signed for the run {signed}, asked for {asked}")]
    Run {
        /// The statement's run.
        signed: RunId,
        /// The request's run.
        asked: RunId,
    },
    /// The request's command is another.
    #[error("the command asked for is not the one that was signed")]
    Command,
    /// What is asked cannot be asked for under that grant.
    #[error("the request is not what the grant `{0}` is for")]
    Grant(Grant),
}

impl SigningError {
    /// Returns the cause in one word, as audits and metrics count it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Codec(_) => "malformed",
            Self::NotCanonical(_) => "not_canonical",
            Self::TooLarge { .. } => "too_large",
            Self::Unsigned(_) => "unsigned",
            Self::Version(_) => "version",
            Self::Text(_) => "text",
            Self::Fleet { .. } => "fleet",
            Self::Signer(_) => "signer",
            Self::Operator { .. } => "operator",
            Self::OwnApproval(_) => "own_approval",
            Self::ApprovedTwice(_) => "approved_twice",
            Self::Expired { .. } => "expired",
            Self::Ahead { .. } => "ahead",
            Self::Life { .. } => "life",
            Self::Proof(_) => "target",
            Self::Run { .. } => "run",
            Self::Command => "command",
            Self::Grant(_) => "grant",
        }
    }
}
