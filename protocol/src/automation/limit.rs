//! Limits: how often and how widely an automation may act.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most holders that [`AtOnce`] or [`Share`] may be set to allow.
pub const AT_ONCE_MAX: u32 = 1_000_000;

/// At most so many attempts within a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// So many; at least 1.
    pub n: u32,
    /// Within this time.
    pub per: Duration,
    /// Counted over what.
    pub scope: RateScope,
}

/// Over what attempts are counted. The first two are kept on the node; the third is the keeper's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RateScope {
    /// Each key on each node by itself.
    Key,
    /// All keys of a node together.
    Node,
    /// The fleet.
    Fleet,
}

/// `5% per dc`: at most this share of the nodes of an automation acts at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Share {
    /// In hundredths of a percent, 1 to 10,000. A share that comes to less than one node is none.
    pub basis_points: u16,
    /// Among the nodes that are equal in this label; among all of them without.
    pub by: Option<String>,
}

/// `3 at once`: at most so many keys of the fleet are acted on at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AtOnce {
    /// So many, 1 to [`AT_ONCE_MAX`].
    pub n: u32,
    /// Among the nodes that are equal in this label; among all of them without.
    pub by: Option<String>,
}

/// What a node does about a limit of the fleet's while no keeper can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Offline {
    /// It waits.
    #[default]
    Hold,
    /// It acts if a hash of its name, the automation and the epoch says so, which over the fleet
    /// comes to about that share.
    Lottery {
        /// In hundredths of a percent, 1 to 10,000.
        basis_points: u16,
        /// How long a draw holds; a node draws anew after it.
        epoch: Duration,
    },
}
