//! Revocation lists on their way: whoever has a newer one hands it on.

use serde::{Deserialize, Serialize};

use crate::revocation::SignedRevocations;

/// Operator or keeper to agent: a revocation list, perhaps newer than yours. Who hands it in does not
/// matter: it says itself who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationOffer {
    /// The list, with what proves its origin.
    pub signed: SignedRevocations,
}

/// Agent to whoever offered a list: it holds here. A list that does not is answered with
/// [`Refused`](super::Refused).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationTaken {
    /// The list's number.
    pub number: u64,
    /// Whether the agent did not have it before.
    pub is_news: bool,
}
