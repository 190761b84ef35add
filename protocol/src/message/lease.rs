//! Leases: what keeps attached runs alive, and what a fleet-wide limit is shared out by.

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, LeaseId};

/// Shell to agent: the attached runs under this lease shall live on for that long from now.
/// A lost connection alone kills nothing; the lease's end does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLeaseRenew {
    /// The shell's lease.
    pub lease: LeaseId,
    /// From receipt, by the agent's monotonic clock, in milliseconds.
    pub ttl_ms: u64,
}

/// Agent to shell: the lease holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLeaseHeld {
    /// The lease that was renewed.
    pub lease: LeaseId,
    /// How many runs live under it here.
    pub runs: u32,
}

/// Agent to keeper: may this node act for this automation and key?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseAsk {
    /// Which automation, by the hash of its signed bytes.
    pub automation: Digest,
    /// Which patient on the node.
    pub key: String,
    /// Which attempt, so that asking twice takes one share.
    pub attempt: u32,
}

/// Keeper to agent: yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseGranted {
    /// Rises with every grant of one automation; a lower one than seen before is void.
    pub fencing_token: u64,
    /// From receipt, by the agent's monotonic clock, in milliseconds.
    pub ttl_ms: u64,
}

/// Keeper to agent: not now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseDenied {
    /// When asking again makes sense, in milliseconds from receipt.
    pub retry_after_ms: u64,
    /// Which limit stands in the way, for people.
    pub text: String,
}

/// Agent to keeper: the share is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseRelease {
    /// The grant's token.
    pub fencing_token: u64,
}
