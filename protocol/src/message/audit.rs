//! Between keeper and agent: where the audit stands, and the keeper's signature under it.

use serde::{Deserialize, Serialize};

use crate::audit::Head;
use crate::countersign::SignedHead;
use crate::ids::Link;

/// Keeper to agent: where does your audit stand? Nothing is written down of the asking itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditAsk {
    /// The record that was the newest the last time.
    pub kept: Option<u64>,
    /// Whether the whole log is to be read and verified, and not only as far as the answer needs it.
    pub in_full: bool,
}

/// Agent to keeper: here. What is told is on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStands {
    /// The number of the oldest record; 0 if there is none.
    pub oldest: u64,
    /// The newest one.
    pub head: Head,
    /// The link after the record that was asked for; nothing where it is not there.
    pub kept: Option<Link>,
    /// Whether the newest record is itself a countersignature: then there is nothing new to sign.
    pub is_countersigned: bool,
    /// Where the chain is broken, if it is.
    pub broken: Option<String>,
}

/// Keeper to agent, on the stream on which the agent told its head: my signature under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCountersign {
    /// The countersignature, with what proves its origin.
    pub signed: SignedHead,
}

/// Agent to keeper: it is written down, and on the disk; nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCountersigned {
    /// The head since then: the record that holds the countersignature.
    pub head: Head,
}
