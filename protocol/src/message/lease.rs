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
    /// Which attempt, so that asking twice takes one share. It rises for a key: a later attempt takes
    /// over the share of the one before, an earlier one that arrives late gets none.
    pub attempt: u32,
}

/// Agent to keeper: this node still acts under that share. Answered as an ask is; a share that was
/// let go of meanwhile is denied, and has to be asked for anew.
///
/// A share that came with a [`Trigger`](super::Trigger) is renewed before the node acts, since a
/// message that nobody asked for may have been under way for any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseRenew {
    /// The grant's token.
    pub fencing_token: u64,
}

/// Keeper to agent: yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetLeaseGranted {
    /// Rises with every grant; a lower one than seen before is void.
    pub fencing_token: u64,
    /// How long the keeper keeps the share, in milliseconds. The node counts from when it *sent* the
    /// ask or the renewal that this answers, and stops earlier; see
    /// [`HeldLease`](crate::lease::HeldLease).
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
