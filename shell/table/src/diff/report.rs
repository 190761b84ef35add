//! The report of a `diff`: what differs on which nodes, for whoever draws it.

use std::hash::{Hash, Hasher};

use crate::provenance::NodeId;

/// What a `diff` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffReport {
    /// What everything is compared with.
    pub base: DiffBase,
    /// What differs; what the fewest nodes have comes first.
    pub changes: Vec<DiffChange>,
    /// The nodes that differ in nothing, ascending.
    pub same: Vec<NodeId>,
}

/// What a `diff` compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffBase {
    /// The answer that most nodes gave.
    Majority {
        /// How they ended: `ok`, `failed rc=1`.
        ending: String,
        /// Lines of their standard output.
        lines: usize,
    },
    /// What an earlier result had.
    Result {
        /// Its number.
        number: u32,
    },
}

/// One change, on all nodes that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffChange {
    /// The nodes, ascending; none where the rows come from none.
    pub nodes: Vec<NodeId>,
    /// What is to be said of them in a few words: `failed rc=1`, `was ok, now failed rc=1`.
    pub ending: String,
    /// The lines.
    pub lines: Vec<DiffLine>,
}

/// What a line of a report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Is on both sides.
    Same,
    /// Is on the base's side alone.
    Removed,
    /// Is not on the base's side.
    Added,
    /// A cell that holds another value.
    Changed,
    /// Where the lines that follow stand.
    Place,
    /// Something about the comparison itself.
    Said,
}

impl Sign {
    /// Returns the word that the column `change` has; `None` for a line that is no change.
    #[must_use]
    pub const fn as_change(self) -> Option<&'static str> {
        match self {
            Self::Removed => Some("removed"),
            Self::Added => Some("added"),
            Self::Changed => Some("changed"),
            Self::Said => Some("note"),
            Self::Same | Self::Place => None,
        }
    }
}

/// What a line is a line of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    /// How the command ended.
    State,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// A table.
    Row,
}

impl Of {
    /// Returns the word that the column `of` has.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Out => "out",
            Self::Err => "err",
            Self::Row => "row",
        }
    }
}

/// One line of a report.
#[derive(Debug, Clone)]
pub struct DiffLine {
    /// What it says.
    pub sign: Sign,
    /// What it is a line of.
    pub of: Of,
    /// Its number, from 1, on the side that has it; 0 where it has none.
    pub at: usize,
    /// Its text, which comes from nodes.
    pub changed: Changed,
}

/// The text of a line, or the part of it that matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Changed {
    /// The text.
    pub text: String,
    /// Bytes of the line that are left out before it.
    pub before: usize,
    /// Bytes of the line that are left out behind it.
    pub behind: usize,
}

impl From<String> for Changed {
    fn from(text: String) -> Self {
        Self {
            text,
            before: 0,
            behind: 0,
        }
    }
}

impl DiffLine {
    pub(super) const fn text(sign: Sign, at: usize, changed: Changed) -> Self {
        Self {
            sign,
            of: Of::Out,
            at,
            changed,
        }
    }

    pub(super) fn said(of: Of, text: String) -> Self {
        Self {
            sign: Sign::Said,
            of,
            at: 0,
            changed: text.into(),
        }
    }

    /// Makes the line that says where lines stand: first line (from 0) and how many, of each side.
    pub(super) fn place(old: (usize, usize), new: (usize, usize)) -> Self {
        // An empty range stands behind the line before it, as in every unified diff.
        let range = |(start, n): (usize, usize)| format!("{},{n}", start + usize::from(n > 0));
        let text = format!("@@ -{} +{} @@", range(old), range(new));
        Self {
            sign: Sign::Place,
            of: Of::Out,
            at: old.0 + 1,
            changed: text.into(),
        }
    }
}

/// Lines that say the same are equal wherever they stand: a change is the same change on a node
/// whose file has one more line above it.
impl PartialEq for DiffLine {
    fn eq(&self, other: &Self) -> bool {
        self.sign == other.sign
            && self.of == other.of
            && (self.sign == Sign::Place || self.changed == other.changed)
    }
}

impl Eq for DiffLine {}

impl Hash for DiffLine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sign.hash(state);
        self.of.hash(state);
        if self.sign != Sign::Place {
            self.changed.hash(state);
        }
    }
}
