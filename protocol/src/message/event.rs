//! Events of a node's journal, their acknowledgement, and triggers.

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, EventId};
use crate::table::Table;
use crate::time::Wall;

/// One entry of a node's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Makes storing it twice harmless.
    pub id: EventId,
    /// Its place in the node's journal.
    pub seq: u64,
    /// When, by the node's clock.
    pub at: Wall,
    /// What happened.
    pub kind: EventKind,
    /// To which automation, by name; empty where none is concerned.
    pub automation: String,
    /// To which patient on the node; empty where none is concerned.
    pub key: String,
    /// For people; from the node, so untrusted.
    pub text: String,
}

/// What can happen on a node. Variants are only appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventKind {
    /// An automation changed its state.
    Transition,
    /// A deed is about to be done.
    Intent,
    /// How a deed ended.
    Outcome,
    /// A human is called.
    Page,
    /// The agent started.
    AgentStarted,
    /// Something was dropped to stay within bounds; the text says how much.
    Dropped,
}

/// Agent to keeper, in the order of `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBatch {
    /// As many as fit in an envelope.
    pub events: Vec<Event>,
}

/// Keeper to agent: everything up to here is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAck {
    /// The highest stored `seq`.
    pub through: u64,
}

/// Keeper to agent: a condition over the whole fleet holds. It names an automation that the node
/// already has, signed; the keeper cannot command anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Which automation, by the hash of its signed bytes.
    pub automation: Digest,
    /// Which patient on the node.
    pub key: String,
    /// The rows that the condition returned for this node.
    pub rows: Table,
    /// The share of the fleet-wide limit that comes with it.
    pub fencing_token: u64,
    /// How long the keeper keeps the share, in milliseconds. The node renews it before it acts, and
    /// counts from there: nobody knows how long this message was under way.
    pub ttl_ms: u64,
}
