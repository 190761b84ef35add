//! Which automations are in force on a node: one numbered set, whose parts are named by their hashes.

use serde::{Deserialize, Serialize};

use super::spec::AutomationName;
use crate::ids::Digest;

/// The automations of one node, in place of those that were there. It travels in a signed run, so
/// that each node's own set is what its operator signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationSet {
    /// Its number. A node takes none that is lower than the one it has: an older signed set must not
    /// bring back what was removed since.
    pub generation: u64,
    /// What is in force, by name; at most
    /// [`AUTOMATIONS_MAX`](crate::limits::AUTOMATIONS_MAX).
    pub entries: Vec<SetEntry>,
    /// The bytes of those that the node may not have yet. A node that lacks one of the others refuses
    /// the set, and says which.
    pub specs: Vec<Vec<u8>>,
}

/// One automation of a set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetEntry {
    /// Its name.
    pub name: AutomationName,
    /// The BLAKE3 of its bytes.
    pub version: Digest,
}
