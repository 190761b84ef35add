//! The first words on a stream, and the refusal of one.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::version::{Feature, Version};

/// First on every stream: what it is for. Sent by whoever opens it; who dialled does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The stream's purpose.
    pub stream: StreamKind,
}

/// What a stream is for. Variants are only appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StreamKind {
    /// [`Hello`] each way, once a connection.
    Hello,
    /// One [`Run`](super::Run) or [`Fetch`](super::Fetch) and its answer.
    Request,
    /// [`RunLeaseRenew`](super::RunLeaseRenew)s, each answered.
    RunLease,
    /// Events and their acknowledgements.
    Events,
    /// Leases for fleet-wide limits.
    FleetLease,
    /// Triggers for automations that the node already holds.
    Trigger,
    /// [`EnrolAsk`](super::EnrolAsk) or [`RenewAsk`](super::RenewAsk), and its answer.
    Enrol,
    /// One [`RevocationOffer`](super::RevocationOffer) and its answer.
    Revocation,
    /// One [`TrustOffer`](super::TrustOffer) and its answer.
    Trust,
    /// One [`AuditAsk`](super::AuditAsk), its answer, and the keeper's signature under it.
    Audit,
}

impl StreamKind {
    /// Every purpose.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::Request,
        Self::RunLease,
        Self::Events,
        Self::FleetLease,
        Self::Trigger,
        Self::Enrol,
        Self::Revocation,
        Self::Trust,
        Self::Audit,
    ];
}

/// What each side says of itself. Identity is not in it: that comes from the certificate alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The wire it speaks.
    pub version: Version,
    /// What it can do; at most [`crate::limits::FEATURES_MAX`].
    pub features: Vec<Feature>,
    /// The program and its release, for people: `hailerd 0.1.0`.
    pub software: String,
}

/// The stream will not be served. Nothing follows on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Why, as a program reads it.
    pub code: ErrorCode,
    /// Why, as a person reads it; from the peer, so untrusted.
    pub text: String,
}

impl Refused {
    /// Makes a refusal; a text beyond [`crate::limits::ERROR_TEXT_MAX`] is cut, and says so.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: crate::error::bounded(text.into()),
        }
    }
}
