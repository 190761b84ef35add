//! Why a plan cannot be run at all, and why it cannot be run over a certain table.

use thiserror::Error;

use crate::limits;
use crate::parse::{ParseError, PatternError};
use crate::value::DataType;

/// A plan that is refused whatever the table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// More steps than [`limits::PLAN_STEPS_MAX`].
    #[error("the plan has {steps} steps, more than {}", limits::PLAN_STEPS_MAX)]
    TooManySteps {
        /// How many it has.
        steps: usize,
    },
    /// An expression nested deeper than [`limits::EXPR_DEPTH_MAX`].
    #[error("an expression is nested deeper than {}", limits::EXPR_DEPTH_MAX)]
    TooDeep,
    /// A verb that makes more columns than [`limits::COLUMNS_MAX`].
    #[error("`{verb}` makes {columns} columns, more than {}", limits::COLUMNS_MAX)]
    TooManyColumns {
        /// The verb.
        verb: &'static str,
        /// How many it makes.
        columns: usize,
    },
    /// A name that is given twice.
    #[error("`{verb}` names two columns `{name}`")]
    DuplicateName {
        /// The verb.
        verb: &'static str,
        /// The name.
        name: String,
    },
    /// A name that cannot be a column's.
    #[error("`{name}` cannot be the name of a column")]
    BadName {
        /// The name.
        name: String,
    },
    /// A function with too few or too many arguments.
    #[error("`{function}` takes {expected}, found {found}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// How many it takes, in words.
        expected: String,
        /// How many there are.
        found: usize,
    },
    /// A regular expression that is not written out.
    #[error("`{function}` wants its regular expression in quotes, not computed")]
    ComputedPattern {
        /// The function.
        function: &'static str,
    },
    /// A group that a regular expression does not have.
    #[error("regular expression `{pattern}` has no group `{group}`")]
    NoGroup {
        /// The expression.
        pattern: String,
        /// The group's number or name.
        group: String,
    },
    /// A format of a time with a directive that is none.
    #[error("`{function}` does not know `{directive}` in the format '{format}'")]
    TimeFormat {
        /// The function.
        function: &'static str,
        /// The format.
        format: String,
        /// What it has and should not.
        directive: String,
    },
    /// A function that wants to know what time it is, where nobody does.
    #[error("`{function}` wants a clock, and there is none here")]
    NoClock {
        /// The function.
        function: &'static str,
    },
    /// A regular expression that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl PlanError {
    /// Says what to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DuplicateName { name, .. } => {
                Some(format!("give one of them another name: `{name}_2 = …`"))
            }
            Self::BadName { .. } => Some("names are lower case letters, digits and `_`".to_owned()),
            Self::Pattern(error) => Some(error.hint().to_owned()),
            Self::ComputedPattern { .. } => {
                Some("it is compiled once for all rows: write `'…'`".to_owned())
            }
            Self::NoGroup { .. } => Some(
                "groups are counted from 1 by their parentheses, or named: `(?<port>[0-9]+)`"
                    .to_owned(),
            ),
            Self::TimeFormat { .. } => {
                Some("formats are those of `date`: `%Y-%m-%d %H:%M:%S`".to_owned())
            }
            Self::NoClock { .. }
            | Self::TooManySteps { .. }
            | Self::TooDeep
            | Self::TooManyColumns { .. }
            | Self::Arguments { .. } => None,
        }
    }
}

/// A plan that does not fit a table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvalError {
    /// The plan itself is refused.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A name that is no column's.
    #[error("there is no column `{name}`")]
    UnknownColumn {
        /// The name.
        name: String,
        /// The column that was probably meant.
        nearest: Option<String>,
        /// The columns that there are.
        available: Vec<String>,
    },
    /// Two things that cannot be compared or computed with.
    #[error("`{operator}` does not take {left} and {right}")]
    Types {
        /// The operator as it is written.
        operator: &'static str,
        /// The left side: its type, and its name if it is a column.
        left: String,
        /// The right side.
        right: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A function's argument of the wrong type.
    #[error("`{function}` wants {wanted}, found {found}")]
    Argument {
        /// The function, or the operator with one operand.
        function: &'static str,
        /// What it wants.
        wanted: &'static str,
        /// What it was given.
        found: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A condition that is neither true nor false.
    #[error("`where` wants a condition, found {found}")]
    NotACondition {
        /// What was found.
        found: String,
    },
    /// `parse` over a table without text in column `out`.
    #[error("`parse` reads column `{}`, which there is not", super::PARSED_COLUMN)]
    NothingToParse {
        /// The columns that there are.
        available: Vec<String>,
    },
    /// A column that should be text and is not.
    #[error("column `{column}` is {found}, not string")]
    NotText {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// Text that is not in the format that was asked for.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// More columns than [`limits::COLUMNS_MAX`].
    #[error(
        "`derive` would make {columns} columns, more than {}",
        limits::COLUMNS_MAX
    )]
    TooManyColumns {
        /// How many there would be.
        columns: usize,
    },
    /// More text than [`limits::EVAL_TEXT_MAX`].
    #[error(
        "`{verb}` would make more than {} MiB of text",
        limits::EVAL_TEXT_MAX >> 20
    )]
    TooMuchText {
        /// The verb.
        verb: &'static str,
    },
    /// A table with a row that is shorter or longer than its columns.
    #[error("a row of the table is not as long as its columns")]
    NotRectangular,
}

/// Columns that a hint lists.
const LISTED_COLUMNS_MAX: usize = 16;

impl EvalError {
    /// Says what to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Plan(error) => error.hint(),
            Self::UnknownColumn {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownColumn {
                nearest: None,
                available,
                ..
            } => Some(list_of(available)),
            Self::NothingToParse { available } => Some(format!(
                "`parse` comes first, behind a command; {}",
                list_of(available)
            )),
            Self::Types { hint, .. } | Self::Argument { hint, .. } => hint.clone(),
            Self::NotACondition { .. } => {
                Some("compare it with something: `where use_pct > 90`".to_owned())
            }
            Self::Parse(_) => Some("leave the format out to have it found: `|> parse`".to_owned()),
            Self::TooMuchText { .. } => {
                Some("narrow the rows down first: `where …`, or `take N per node`".to_owned())
            }
            Self::NotText { .. } | Self::TooManyColumns { .. } | Self::NotRectangular => None,
        }
    }
}

fn list_of(columns: &[String]) -> String {
    if columns.is_empty() {
        return "the table has no columns".to_owned();
    }
    let listed = columns
        .iter()
        .take(LISTED_COLUMNS_MAX)
        .map(|c| format!("`{c}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let more = columns.len().saturating_sub(LISTED_COLUMNS_MAX);
    if more > 0 {
        format!("the columns are {listed} and {more} more")
    } else {
        format!("the columns are {listed}")
    }
}
