//! What the keeper remembers of its grants, over its own end too.

use std::ops::{Add, Sub};
use std::time::Duration;

use crate::automation::AutomationName;
use crate::ids::NodeName;

/// The time for which the keepers of a fleet have served, one after the other: it stands still while
/// none does, and is taken up where the last one is known to have been.
///
/// It never runs ahead of the time that really passed, so that what is counted in it never ends too
/// early: neither a jump of the wall's clock nor a restart shortens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Served(pub Duration);

impl Served {
    /// Returns how much lies between; zero if `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Served {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(d))
    }
}

impl Sub<Duration> for Served {
    type Output = Self;
    fn sub(self, d: Duration) -> Self {
        Self(self.0.saturating_sub(d))
    }
}

/// Which taking-over of the store a keeper serves under.
///
/// The store counts it up, by one durable step with the reading of [`Stored`], each time when a keeper
/// begins to serve; it carries out [`Write`]s of the newest generation only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u64);

impl Generation {
    /// Tokens that one generation has before it would reach into the next one's: enough for a
    /// million grants a second over twelve days.
    pub(super) const TOKENS_LOG2: u32 = 40;

    /// Returns what stands before this generation's first token. Every token of a generation is
    /// higher than all of the generations before.
    #[must_use]
    pub const fn token_base(self) -> u64 {
        self.0 << Self::TOKENS_LOG2
    }
}

/// One share that a node has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Names it.
    pub token: u64,
    /// For which automation, in all its versions.
    pub automation: AutomationName,
    /// The node that may act.
    pub node: NodeName,
    /// On which of its patients.
    pub key: String,
    /// In which attempt.
    pub attempt: u32,
    /// When it was given, or last renewed.
    pub at: Served,
}

/// A change of what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A node has a share.
    Give(Grant),
    /// It still has it.
    Renew {
        /// The share.
        token: u64,
        /// From when it is counted now.
        at: Served,
    },
    /// It has it no longer.
    Take {
        /// The share.
        token: u64,
    },
    /// One more attempt, for limits over time.
    Spend {
        /// Of which automation.
        automation: AutomationName,
        /// When.
        at: Served,
    },
    /// Attempts that no limit counts any more.
    Forget {
        /// Of which automation.
        automation: AutomationName,
        /// Those at this moment or earlier.
        through: Served,
    },
    /// So long has been served.
    Served(Served),
}

/// What the store has, as a keeper finds it that takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The generation that was just taken.
    pub generation: Generation,
    /// The highest [`Write::Served`].
    pub served: Served,
    /// Shares that were given and not taken.
    pub grants: Vec<Grant>,
    /// Attempts that were spent and not forgotten.
    pub spent: Vec<(AutomationName, Served)>,
}

impl Stored {
    /// Returns how long has surely been served: every stamp tells of it.
    #[must_use]
    pub fn served_at_least(&self) -> Served {
        let given = self.grants.iter().map(|g| g.at);
        let spent = self.spent.iter().map(|(_, at)| *at);
        given.chain(spent).fold(self.served, Served::max)
    }
}
