//! One automation, as it is signed, travels and is kept.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limit::{AtOnce, Offline, Rate, Share};
use super::rule::Hold;
use crate::codec::{self, CodecError};
use crate::expr::Expr;
use crate::ids::Digest;
use crate::message::Probe;
use crate::row_plan::RowPlan;

/// The name of an automation: lower-case letters, digits and `-`, starting with a letter, at most
/// 64 bytes. It is a file's name and a word of the language.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AutomationName(String);

/// Why something is no automation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name cannot be one.
    #[error(
        "`{0}` cannot name an automation: lower-case letters, digits and `-`, starting with a letter, at most 64 bytes"
    )]
    Name(String),
}

impl AutomationName {
    /// Checks a name.
    ///
    /// # Errors
    /// Repeats the name and says what one may be made of.
    pub fn new(text: impl Into<String>) -> Result<Self, SpecError> {
        let text = text.into();
        let is_name = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if is_name {
            Ok(Self(text))
        } else {
            Err(SpecError::Name(text.escape_debug().to_string()))
        }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AutomationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for AutomationName {
    type Error = SpecError;
    fn try_from(text: String) -> Result<Self, SpecError> {
        Self::new(text)
    }
}

impl From<AutomationName> for String {
    fn from(name: AutomationName) -> Self {
        name.0
    }
}

/// One automation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutomationSpec {
    /// Its name.
    pub name: AutomationName,
    /// The file it was made of, in its canonical form.
    pub source: String,
    /// The selector of the nodes that it is for, as text; who applies it works out the nodes.
    pub on: String,
    /// On which of them it is in force: where this line has a row. Everywhere without.
    pub version: Option<NodeCondition>,
    /// The time between two looks.
    pub every: Duration,
    /// What is looked at. It fires for every row.
    pub when: Condition,
    /// The columns that tell the patients apart; the node itself is the one patient without any.
    pub key: Vec<String>,
    /// What makes a key fire.
    pub fire: Hold,
    /// What makes it clear again.
    pub clear: Clear,
    /// Evidence that is taken before the first deed.
    pub collect: Vec<Collect>,
    /// What is done, one after the other, as long as the one before did not help.
    pub deeds: Vec<Deed>,
    /// How long a deed has to show that it helped.
    pub verify: Duration,
    /// How often and how widely it may act.
    pub limits: Limits,
    /// When it holds because too much fires at once.
    pub storm: Storm,
    /// Whom to call when there is nothing more to do.
    pub escalate: Vec<Escalation>,
    /// How far it goes by itself.
    pub mode: Mode,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where a person reads on.
    pub runbook: Option<String>,
    /// What else a person should know; lines without their indent.
    pub note: String,
}

impl AutomationSpec {
    /// Returns the bytes that are hashed, signed and sent.
    ///
    /// # Errors
    /// When it is larger than an envelope may be.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        codec::encode(self)
    }

    /// Reads the bytes of [`AutomationSpec::to_bytes`].
    ///
    /// # Errors
    /// When they are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes)
    }

    /// Returns the version that these bytes are: their BLAKE3.
    #[must_use]
    pub fn version(bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

/// What an automation looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// A line that each node answers by itself.
    Node(NodeCondition),
    /// A line that needs the whole fleet: the keeper evaluates it and sends a
    /// [`Trigger`](crate::message::Trigger) to the nodes it is true of.
    Fleet(String),
}

/// A line that a node answers by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeCondition {
    /// Where its rows come from: a metric, facts, or a command.
    pub probe: Probe,
    /// What becomes of them.
    pub plan: RowPlan,
    /// After how long a command is killed, and counts as no answer.
    pub timeout: Duration,
}

/// What makes a key clear again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clear {
    /// Holds for the rows of keys that are well. Without, a key is well that has no row in `when`.
    /// It is read from the rows of [`NodeCondition::plan`] as they are before its last `where`, and a
    /// key that has none of those either is gone, and well.
    pub expr: Option<Expr>,
    /// For how long.
    pub hold: Hold,
}

/// A command that is run as it stands, for what it prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collect {
    /// For `/bin/sh -c`.
    pub command: String,
    /// After how long it is killed; what it printed until then is kept.
    pub timeout: Duration,
}

/// Something that is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// For `/bin/sh -c`; the row's columns are in the environment.
    pub command: String,
    /// After how long it is killed.
    pub timeout: Duration,
    /// As which user of the node; as the first that the policy allows without.
    pub run_as: Option<String>,
    /// Doing it twice is no worse than once: an attempt whose end is unknown may be made again.
    pub is_repeatable: bool,
}

/// How often and how widely an automation may act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Attempts within a time.
    pub rates: Vec<Rate>,
    /// Attempts of each deed before the next one has its turn; at least 1.
    pub attempts: u16,
    /// Shares of the fleet.
    pub shares: Vec<Share>,
    /// Numbers of the fleet.
    pub at_once: Vec<AtOnce>,
    /// What holds while no keeper can be asked for the last two.
    pub offline: Offline,
}

/// Too much fires at once for it to be what the automation was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Storm {
    /// This share of the keys that are looked at, in hundredths of a percent; 0 switches it off.
    pub basis_points: u16,
    /// Within this time.
    pub within: Duration,
    /// And at least so many keys: two of two are no storm.
    pub at_least: u32,
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// A name out of the keeper's file of channels.
    pub page: String,
    /// What to say beside the facts; empty for nothing.
    pub text: String,
}

/// How far an automation goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mode {
    /// It tells what it would do.
    Observe,
    /// It asks an operator each time.
    Ask,
    /// It acts.
    Act,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Observe, Self::Ask, Self::Act];

    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Ask => "ask",
            Self::Act => "act",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_automations_are_words_and_file_names() {
        for name in ["a", "disk-full", "x2", "a-", &"a".repeat(64)] {
            assert!(AutomationName::new(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "A",
            "2x",
            "-a",
            "a b",
            "a/b",
            "a.b",
            "ä",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(AutomationName::new(name).is_err(), "{name:?}");
        }
    }
}
