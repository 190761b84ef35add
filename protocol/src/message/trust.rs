//! The fleet's next authorities on their way to its nodes.

use serde::{Deserialize, Serialize};

use crate::bundle::SignedBundle;

/// Operator or keeper to agent: believe these authorities from now on. Who hands it in does not
/// matter: it is taken only if a root that the agent believes now has signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustOffer {
    /// The bundle, with what proves its origin.
    pub signed: SignedBundle,
}

/// Agent to whoever offered a bundle: it is written down and believed. One that is not is answered
/// with [`Refused`](super::Refused).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustTaken {
    /// The bundle's number.
    pub number: u64,
    /// Whether the agent did not have it before.
    pub is_news: bool,
}
