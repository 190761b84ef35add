//! Rules: what one `allow` or `deny` line with its clauses says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::grant::Grant;
use crate::holder::Holder;
use crate::ids::Name;

use super::labels::LabelTerm;
use super::pattern::CommandPattern;
use super::window::Window;

/// What an `allow` or a `deny` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whether it allows or denies, and what.
    pub effect: Effect,
    /// For whom.
    pub to: People,
    /// On which nodes: all must hold; every node if there are none.
    pub on: Vec<LabelTerm>,
    /// At which times: one must contain the moment; always if there are none.
    pub at: Vec<Window>,
    /// Which commands, for reads: one must match; a denial of reads without any denies all.
    pub commands: Vec<CommandPattern>,
    /// What it demands.
    pub needs: Needs,
}

/// Whether a rule allows or denies, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `allow`
    Allow(Granted),
    /// `deny`
    Deny {
        /// Which grants; at least one.
        grants: BTreeSet<Grant>,
        /// As which users only; as anybody if there are none.
        users: Vec<User>,
    },
}

/// What an `allow` grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Metrics and facts.
    Probe,
    /// Commands out of a list, in a sandbox, as this user.
    Read(User),
    /// Any command, as one of these users; the first where none is asked for.
    Run(Vec<User>),
    /// Automations, whose commands run as one of these users.
    Automate(Vec<User>),
}

impl Granted {
    /// Returns the grant.
    #[must_use]
    pub const fn grant(&self) -> Grant {
        match self {
            Self::Probe => Grant::Probe,
            Self::Read(_) => Grant::Read,
            Self::Run(_) => Grant::Run,
            Self::Automate(_) => Grant::Automate,
        }
    }

    /// Returns the users, the one to take where none is asked for first.
    #[must_use]
    pub fn users(&self) -> &[User] {
        match self {
            Self::Probe => &[],
            Self::Read(user) => std::slice::from_ref(user),
            Self::Run(users) | Self::Automate(users) => users,
        }
    }
}

/// The name of a user of the node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User(String);

impl User {
    /// Checks a name: lower-case letters, digits, `_` and `-`, at most 32 bytes, not starting with a
    /// digit (a number would be an id) or `-`.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_form = name.len() <= crate::limits::SIGNED_USER_MAX
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        is_form.then(|| Self(name.to_owned()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is one of the superuser's. Another name of its id is seen by the node alone.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.0.as_str(), "root" | "toor")
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum People {
    /// Every operator.
    Anyone,
    /// These; at least one.
    These(BTreeSet<Person>),
}

/// One entry of a list of people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Person {
    /// An operator.
    Operator(Name),
    /// The members of a group.
    Group(Name),
}

/// Who is in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// These operators and nobody else, whatever a certificate says.
    Members(BTreeSet<Name>),
    /// Whoever's certificate says so.
    Certificate,
}

impl People {
    /// Whether somebody is meant.
    #[must_use]
    pub fn include(&self, who: &Holder, groups: &BTreeMap<Name, Group>) -> bool {
        match self {
            Self::Anyone => true,
            Self::These(people) => people.iter().any(|person| match person {
                Person::Operator(name) => *name == who.identity.name,
                Person::Group(name) => groups.get(name).is_some_and(|group| match group {
                    Group::Members(members) => members.contains(&who.identity.name),
                    Group::Certificate => who.groups.contains(name),
                }),
            }),
        }
    }
}

/// What an `allow` demands beside the grant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// A reason.
    pub reason: bool,
    /// The approval of another person out of these.
    pub approval: Option<People>,
    /// Fewer targets than this share of the fleet.
    pub narrower: Option<Share>,
    /// At most so many targets.
    pub at_most: Option<u32>,
}

/// A share in hundredths of a percent, above 0 and at most 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// Makes a share of hundredths of a percent, from 1 to 10,000.
    #[must_use]
    pub fn new(hundredths: u16) -> Option<Self> {
        (1..=10_000)
            .contains(&hundredths)
            .then_some(Self(hundredths))
    }

    /// Reads `25%`, `0.5%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 2 || whole.len() > 3 {
            return None;
        }
        let hundredths: u32 = format!("{fraction:0<2}").parse().ok()?;
        let whole: u32 = whole.parse().ok()?;
        Self::new(u16::try_from(whole * 100 + hundredths).ok()?)
    }

    /// Whether `part` is less than this share of `whole`. A whole that is smaller than its part is
    /// none.
    #[must_use]
    pub fn is_more_than(self, part: u32, whole: u32) -> bool {
        part <= whole && u64::from(part) * 10_000 < u64::from(self.0) * u64::from(whole)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, tenths) if tenths % 10 == 0 => write!(f, "{whole}.{}%", tenths / 10),
            (whole, hundredths) => write!(f, "{whole}.{hundredths:02}%"),
        }
    }
}
