//! The policy of a node: who may do what on it, when, and what is demanded. Default deny.
//!
//! The node's owner writes it; one line is one sentence, its keyword first:
//!
//! ```text
//! # Who may do what on the database nodes.
//! group oncall = alice, bob
//! group leads from certificate
//!
//! allow probe
//!   to      anyone
//!
//! allow read as nobody
//!   to      group oncall, carol
//!   command df -h
//!   command systemctl status *
//!   command cat /var/log/*
//!
//! allow run as root, deploy
//!   to      group oncall
//!   on      role=web,db & tier!=payments
//!   at      mon-fri 08:00-18:00 +01:00
//!   needs   reason
//!   needs   approval by group leads
//!   needs   narrower than 25%
//!   needs   at most 50 nodes
//!
//! deny run as root
//!   on      frozen=yes
//! ```
//!
//! A `deny` wins over every `allow`, wherever it stands. What nothing allows is denied; so is
//! everything where there is no policy, where it is empty, and where it has any mistake: a mistake
//! may be in the very line that was to deny. Grants do not imply each other.
//!
//! What a policy takes away it takes from new requests. To end one's own detached run is always
//! allowed; to see what it wrote, whoever began it must still be granted something on the node.
//!
//! [`Policy::parse`] never fails. [`decide`] judges by the `now` that it is given.

mod decide;
mod explain;
mod labels;
mod layout;
mod parse;
mod pattern;
mod rule;
mod token;
mod window;
mod words;
mod write;

use std::collections::BTreeMap;

use crate::grant::Grant;
use crate::ids::{Digest, Name};
use crate::mistake::Mistake;

pub use decide::{
    Allowed, Ask, Decision, Denied, Met, Missing, NodeFacts, Wants, Why, Words, decide, grants_any,
};
pub use explain::{NEEDS_APPROVAL, NEEDS_REASON};
pub use labels::LabelTerm;
pub use layout::laid_out;
pub use pattern::CommandPattern;
pub use rule::{Effect, Granted, Group, Needs, People, Person, Rule, Share, User};
pub use window::Window;
pub use words::{NotSimple, check as check_words, split as split_words};

/// A policy. Two are equal if they say the same, whatever their comments and layout.
#[derive(Debug, Clone)]
pub struct Policy {
    state: State,
    groups: BTreeMap<Name, Group>,
    rules: Vec<Placed>,
}

/// A rule, and the line of the file in which it begins, from 1.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The line.
    pub line: usize,
    /// The rule.
    pub rule: Rule,
}

/// What the policy was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing: there is no file.
    Absent,
    /// A text without mistakes.
    Sound,
    /// A text with mistakes, the first of them in this line.
    Faulty { mistakes: usize, line: usize },
}

impl Policy {
    /// Returns the policy of a node that has none: nothing is allowed.
    #[must_use]
    pub const fn absent() -> Self {
        Self {
            state: State::Absent,
            groups: BTreeMap::new(),
            rules: Vec::new(),
        }
    }

    /// Reads a policy, and returns it with all its mistakes. A policy with a mistake allows nothing;
    /// what was understood of it can still be looked at.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Mistake>) {
        let (groups, rules, mut mistakes) = parse::parse(text);
        mistakes.sort_by_key(|m| (m.span.start, m.span.end));
        let state = match mistakes.first() {
            None => State::Sound,
            Some(first) => State::Faulty {
                mistakes: mistakes.len(),
                line: first.line(text),
            },
        };
        let policy = Self {
            state,
            groups,
            rules,
        };
        (policy, mistakes)
    }

    /// Whether it was read without a mistake.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.state == State::Sound
    }

    /// Returns the groups it declares.
    #[must_use]
    pub const fn groups(&self) -> &BTreeMap<Name, Group> {
        &self.groups
    }

    /// Returns its rules in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Placed] {
        &self.rules
    }

    /// Whether some rule grants this to somebody.
    #[must_use]
    pub fn grants(&self, grant: Grant) -> bool {
        let granted = |rule: &Rule| match &rule.effect {
            Effect::Allow(granted) => granted.grant() == grant,
            Effect::Deny { .. } => false,
        };
        self.rules.iter().any(|placed| granted(&placed.rule))
    }

    /// Returns the policy in its one canonical form, without comments. What it says of a sound
    /// policy reads back as an equal one.
    #[must_use]
    pub fn canonical(&self) -> String {
        write::canonical(&self.groups, &self.rules)
    }

    /// Returns the digest of the canonical form of what is in force: an absent policy and one with
    /// mistakes have the version of an empty one.
    #[must_use]
    pub fn version(&self) -> Digest {
        match self.state {
            State::Sound => Digest::of(self.canonical().as_bytes()),
            State::Absent | State::Faulty { .. } => Digest::of(b""),
        }
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        let rules = |policy: &'_ Self| -> Vec<Rule> {
            policy.rules.iter().map(|p| p.rule.clone()).collect()
        };
        self.state == other.state && self.groups == other.groups && rules(self) == rules(other)
    }
}

impl Eq for Policy {}
