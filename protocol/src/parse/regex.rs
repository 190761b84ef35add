//! `parse regex '…'`: the named groups of a regular expression become columns, tried on each line.

use regex::{Regex, RegexBuilder};
use thiserror::Error;

use crate::note::Note;
use crate::parse::typing::{CellRule, type_column};
use crate::parse::{ParseError, Parsed, RowSink, bound_headings, columns_of};
use crate::table::Table;
use crate::value::Value;

/// Compiled size of one regular expression, in bytes. Patterns come from the network: this bounds
/// what `x{1000}{1000}` can cost, and leaves every pattern that a person writes.
pub const COMPILED_SIZE_MAX: usize = 1 << 20;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It does not compile, or is too large once compiled.
    #[error("compile regular expression `{pattern}`: {reason}")]
    Invalid {
        /// The pattern.
        pattern: String,
        /// The compiler's words, on one line.
        reason: String,
    },
    /// It has no named group, so no column could be named.
    #[error("regular expression `{pattern}` has no named group")]
    NoNamedGroup {
        /// The pattern.
        pattern: String,
    },
}

impl PatternError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "the syntax is that of the Rust `regex` crate",
            Self::NoNamedGroup { .. } => "name what is to be a column: `(?<port>[0-9]+)`",
        }
    }
}

/// Compiles a pattern within [`COMPILED_SIZE_MAX`].
pub(crate) fn compile(pattern: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(pattern)
        .size_limit(COMPILED_SIZE_MAX)
        .dfa_size_limit(COMPILED_SIZE_MAX)
        .build()
        .map_err(|error| PatternError::Invalid {
            pattern: pattern.to_owned(),
            reason: reason_of(&error),
        })
}

/// The last line of a syntax error is its reason; the lines before repeat the pattern.
fn reason_of(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// A regular expression with named groups.
#[derive(Debug, Clone)]
pub struct LinePattern {
    regex: Regex,
    /// Group numbers, in the order of the columns.
    groups: Vec<usize>,
    headings: Vec<String>,
}

impl LinePattern {
    /// Compiles a pattern that has at least one named group.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let regex = compile(pattern)?;
        let (groups, headings): (Vec<_>, Vec<_>) = regex
            .capture_names()
            .enumerate()
            .filter_map(|(at, name)| name.map(|name| (at, name.to_owned())))
            .unzip();
        if groups.is_empty() {
            return Err(PatternError::NoNamedGroup {
                pattern: pattern.to_owned(),
            });
        }
        Ok(Self {
            regex,
            groups,
            headings,
        })
    }

    /// Makes a row of each line that matches, from its first match.
    pub fn parse(&self, text: &str) -> Result<Parsed, ParseError> {
        let mut notes = Vec::new();
        let mut headings = self.headings.clone();
        bound_headings(&mut headings, &mut notes);
        let mut sink = RowSink::default();
        let mut not_fitting = 0;
        for line in text.lines() {
            if sink.is_full() {
                sink.left_out += 1;
            } else if let Some(captures) = self.regex.captures(line) {
                let groups = self.groups.iter().take(headings.len());
                sink.push_with(|| {
                    groups
                        .map(|at| captures.get(*at).map(|m| m.as_str()).into())
                        .collect()
                });
            } else if !line.trim().is_empty() {
                not_fitting += 1;
            }
        }
        if not_fitting > 0 {
            notes.push(Note::LinesNotFitting(not_fitting));
        }
        let mut rows = sink.finish(headings.len(), &mut notes);
        let mut columns = columns_of(&headings);
        for (at, column) in columns.iter_mut().enumerate() {
            column.data_type = type_column(&mut rows, at, CellRule::default());
        }
        debug_assert!(rows.iter().flatten().all(|v| *v != Value::from("")));
        Ok(Parsed {
            table: Table { columns, rows },
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::DataType;

    #[test]
    fn named_groups_become_typed_columns() {
        let pattern = LinePattern::new(r"port (?<Port>\d+)(?: took (?<time>\S+))?").expect("valid");
        let parsed = pattern
            .parse("on port 80 took 5ms\nnothing here\n\non port 443\n")
            .expect("two lines match");
        let types: Vec<_> = parsed
            .table
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.data_type))
            .collect();
        assert_eq!(
            types,
            [("port", DataType::Int), ("time", DataType::Duration)]
        );
        assert_eq!(
            parsed.table.rows,
            [
                vec![Value::Int(80), Value::Duration(5_000_000)],
                vec![Value::Int(443), Value::Null]
            ]
        );
        assert_eq!(parsed.notes, [Note::LinesNotFitting(1)]);
    }

    /// As with `grep`: on most nodes of a fleet there is nothing to find, and that is an answer.
    #[test]
    fn a_pattern_that_matches_no_line_has_no_row_and_says_so() {
        let pattern = LinePattern::new("(?<x>y)").expect("valid");
        let parsed = pattern.parse("abc\n\ndef\n").expect("no row");
        assert_eq!(parsed.table.columns[0].name, "x");
        assert!(parsed.table.rows.is_empty());
        assert_eq!(parsed.notes, [Note::LinesNotFitting(2)]);
    }

    #[test]
    fn patterns_that_cannot_be_used_are_refused() {
        assert!(matches!(
            LinePattern::new("(x)"),
            Err(PatternError::NoNamedGroup { .. })
        ));
        assert_eq!(
            LinePattern::new("(?<x>")
                .expect_err("open group")
                .to_string(),
            "compile regular expression `(?<x>`: unclosed group"
        );
        assert!(LinePattern::new("(?<x>a{1000}{1000}{1000})").is_err());
    }
}
