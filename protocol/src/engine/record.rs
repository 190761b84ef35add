//! What has to outlive the process: the records of which the engine is made anew.

use serde::{Deserialize, Serialize};

use super::effect::{AttemptId, PageWhy, Tried};
use crate::automation::{AutomationName, Muted};
use crate::time::Wall;

/// A patient, as records name it: changed automations keep their patients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Whose {
    /// Its automation.
    pub automation: AutomationName,
    /// Its key.
    pub key: String,
}

/// An attempt, as [`Record::Open`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// Its id.
    pub id: AttemptId,
    /// Which deed.
    pub step: u16,
    /// The how manieth attempt of it, from 1.
    pub attempt: u16,
    /// Doing it twice is no worse than once.
    pub is_repeatable: bool,
}

/// One record. Variants are only appended: they lie in nodes' journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A deed is about to be done: the attempt is used up, whatever comes of it.
    Intent {
        /// Whose.
        whose: Whose,
        /// In which episode.
        episode: u64,
        /// The attempt.
        id: AttemptId,
        /// The number that its share was asked for under; rises on a node.
        number: u32,
        /// Which deed.
        step: u16,
        /// The how manieth attempt of it, from 1.
        attempt: u16,
        /// Doing it twice is no worse than once.
        is_repeatable: bool,
        /// When.
        at: Wall,
    },
    /// How it ended.
    Outcome {
        /// Whose.
        whose: Whose,
        /// The attempt.
        id: AttemptId,
        /// How.
        tried: Tried,
        /// When.
        at: Wall,
    },
    /// The episode is a human's.
    Escalated {
        /// Whose.
        whose: Whose,
        /// Which.
        episode: u64,
        /// Why.
        why: PageWhy,
        /// When.
        at: Wall,
    },
    /// The episode is over.
    Cleared {
        /// Whose.
        whose: Whose,
        /// Which.
        episode: u64,
        /// When.
        at: Wall,
    },
    /// A patient fires and clears over and over, or does so no longer.
    Flapping {
        /// Whose.
        whose: Whose,
        /// Which of both.
        is_on: bool,
        /// When.
        at: Wall,
    },
    /// Too much of an automation fires at once, or does so no longer.
    Storm {
        /// Which automation.
        automation: AutomationName,
        /// The episode number that its page has; 0 where it ends.
        episode: u64,
        /// When.
        at: Wall,
    },
    /// Somebody muted something.
    Muted {
        /// What.
        of: Muted,
        /// Until when.
        until: Option<Wall>,
        /// Why.
        reason: String,
    },
    /// Somebody unmuted it, or its time was up.
    Unmuted(Muted),
    /// Somebody paused all deeds.
    Paused {
        /// Until when.
        until: Option<Wall>,
        /// Why.
        reason: String,
    },
    /// Somebody resumed them, or their time was up.
    Resumed,
    /// The wall's clock was set: what was recorded before this is so much further in the past, or in
    /// the future, than it seems.
    ClockMoved {
        /// Positive towards the future.
        by_ms: i64,
    },
    /// An attempt of which only the time still counts, for the limits. Written by
    /// [`Engine::checkpoint`](super::Engine::checkpoint).
    Reserved {
        /// Whose.
        whose: Whose,
        /// When.
        at: Wall,
    },
    /// An episode under way. Written by [`Engine::checkpoint`](super::Engine::checkpoint).
    Open {
        /// Whose.
        whose: Whose,
        /// Which.
        episode: u64,
        /// Its newest attempt, if there was one, and whether its end is not known.
        attempt: Option<(OpenAttempt, bool)>,
        /// Why it is a human's, if it is.
        escalated: Option<PageWhy>,
        /// What was tried.
        tried: Vec<Tried>,
        /// Since when.
        at: Wall,
    },
    /// No episode and no attempt was numbered higher so far. Written by
    /// [`Engine::checkpoint`](super::Engine::checkpoint).
    Numbers {
        /// Episodes.
        episode: u64,
        /// Attempts.
        attempt: u32,
    },
}
