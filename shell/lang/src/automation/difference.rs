//! What a change to an automation's text is, line by line.

use similar::{ChangeTag, TextDiff};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is in both.
    Same,
    /// It is only in the text before.
    Removed,
    /// It is only in the text after.
    Added,
}

impl Change {
    /// Returns the sign that stands before such a line.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

/// Returns all lines of both texts, in order and without their ends; none where they are equal.
///
/// An automation is short: it is shown whole, so that a changed limit is seen beside its deed.
#[must_use]
pub fn difference(before: &str, after: &str) -> Vec<(Change, String)> {
    if before == after {
        return Vec::new();
    }
    TextDiff::from_lines(before, after)
        .iter_all_changes()
        .map(|change| {
            let what = match change.tag() {
                ChangeTag::Equal => Change::Same,
                ChangeTag::Delete => Change::Removed,
                ChangeTag::Insert => Change::Added,
            };
            (what, change.value().trim_end_matches('\n').to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_one_clause_is_a_change_of_one_line() {
        let before = "automation a\n  on      @all\n  every   10s\n";
        let after = "automation a\n  on      @all\n  every   20s\n";
        let lines: Vec<String> = difference(before, after)
            .into_iter()
            .map(|(what, line)| format!("{}{line}", what.sign()))
            .collect();
        assert_eq!(
            lines,
            [
                " automation a",
                "   on      @all",
                "-  every   10s",
                "+  every   20s"
            ]
        );
        assert_eq!(difference(before, before), []);
    }
}
