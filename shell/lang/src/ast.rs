//! The syntax tree: what a text says, before any name in it is looked up.

use std::fmt;

use hailer_protocol::expr::{BinaryOp, Function, UnaryOp};
use hailer_protocol::row_plan::ParseAs;
use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use crate::aggregate::AggregateFunction;
use crate::file_format::FileFormat;
use crate::node_set::unfold::Pattern;
pub use crate::span::{Ident, Span};
use crate::spread::Spread;

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// Blanks and comments.
    Nothing,
    /// `!cmd`: runs on the operator's own machine.
    Local(String),
    /// `@SELECTOR`: sets the scope.
    Scope(Selector),
    /// A shell word with its arguments.
    Shell(ShellLine),
    /// A source and fleet verbs.
    Query(QueryLine),
}

/// A line for the shell itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellLine {
    /// The word.
    pub word: Ident,
    /// Its arguments; a line (as in `explain LINE`) is one argument, verbatim.
    pub args: Vec<String>,
}

/// A source and what happens to its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryLine {
    /// `@SELECTOR : `, where the line has one.
    pub scope: Option<Selector>,
    /// Where rows come from.
    pub source: Source,
    /// Where that stands.
    pub source_span: Span,
    /// The fleet verbs, in order.
    pub stages: Vec<Stage>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A Linux command, verbatim.
    Command(String),
    /// `metric NAME`.
    Metric(Ident),
    /// `facts [COLUMN, …]`; all where empty.
    Facts(Vec<Ident>),
    /// `nodes`.
    Nodes,
    /// `events [since DURATION]`.
    Events(Option<Quantity>),
    /// `automations`.
    Automations,
    /// `audit [since DURATION]`.
    Audit(Option<Quantity>),
    /// `open FILE`.
    Open(Ident, FileFormat),
    /// `$`, `$3`, or nothing before a `|>`.
    Result(ResultRef),
}

/// A duration or another literal with a unit, kept with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// As it was written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Which result is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResultRef {
    /// `$`: the last one.
    Last,
    /// `$3`.
    Number(u32),
}

impl fmt::Display for ResultRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("$"),
            Self::Number(n) => write!(f, "${n}"),
        }
    }
}

/// A result that a verb reads beside its own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherResult {
    /// Which.
    pub result: ResultRef,
    /// Where it is named.
    pub span: Span,
}

/// What `join` puts beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// The rows of a result.
    Result(OtherResult),
    /// The rows of a file on the operator's machine.
    File(Ident, FileFormat),
}

/// One verb between two `|>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What to do.
    pub verb: Verb,
    /// The whole stage.
    pub span: Span,
}

/// A fleet verb with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// `parse …`.
    Parse(ParseAs),
    /// `where EXPR`.
    Where(ExprNode),
    /// `select …`.
    Select(Vec<Assignment>),
    /// `derive …`.
    Derive(Vec<Assignment>),
    /// `take N [per node]`.
    Take {
        /// How many rows.
        n: u64,
        /// Of each node rather than of the fleet.
        per_node: bool,
    },
    /// `group [by …]`.
    Group(Vec<Ident>),
    /// `count [by …]`.
    Count(Vec<Ident>),
    /// `sort …`.
    Sort(Vec<SortItem>),
    /// `top N by EXPR`.
    Top {
        /// How many rows.
        n: u64,
        /// By what.
        by: ExprNode,
    },
    /// `agg …`.
    Agg {
        /// What is computed.
        calls: Vec<Aggregate>,
        /// For each combination of these.
        by: Vec<Ident>,
    },
    /// `uniq [by …]`.
    Uniq(Vec<Ident>),
    /// `join [left] $N|FILE [by …]`.
    Join {
        /// Rows without a match stay.
        is_left: bool,
        /// The other rows.
        with: Beside,
        /// The columns that must be equal; `node` where empty.
        by: Vec<Ident>,
    },
    /// `diff [$N] [by …]`.
    Diff {
        /// What was before; the groups of one result are compared where there is none.
        with: Option<OtherResult>,
        /// The columns beside `node` that say which rows are one row at two times.
        by: Vec<Ident>,
    },
    /// `why [by …]`.
    Why(Vec<Ident>),
    /// `sql 'QUERY'`.
    Sql(Ident),
    /// `run [each] [flags] COMMAND`.
    Run {
        /// Once a row rather than once a node.
        each: bool,
        /// Flags between `run` and the command.
        spread: Box<Spread>,
        /// The command, verbatim.
        command: Ident,
    },
    /// `save [--force] FILE`.
    Save {
        /// A file that is there is replaced.
        force: bool,
        /// Where to.
        file: Ident,
        /// In which format, by its name.
        format: FileFormat,
    },
    /// `plot COLUMN [by …]`.
    Plot {
        /// What is drawn.
        column: Ident,
        /// One line for each of these.
        by: Vec<Ident>,
    },
    /// `follow`.
    Follow,
    /// `watch DURATION`.
    Watch(Quantity),
}

impl Verb {
    /// Returns the verb's word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Parse(_) => "parse",
            Self::Where(_) => "where",
            Self::Select(_) => "select",
            Self::Derive(_) => "derive",
            Self::Take { .. } => "take",
            Self::Group(_) => "group",
            Self::Count(_) => "count",
            Self::Sort(_) => "sort",
            Self::Top { .. } => "top",
            Self::Agg { .. } => "agg",
            Self::Uniq(_) => "uniq",
            Self::Join { .. } => "join",
            Self::Diff { .. } => "diff",
            Self::Why(_) => "why",
            Self::Sql(_) => "sql",
            Self::Run { .. } => "run",
            Self::Save { .. } => "save",
            Self::Plot { .. } => "plot",
            Self::Follow => "follow",
            Self::Watch(_) => "watch",
        }
    }
}

/// `NAME = EXPR`, or a column that keeps its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The new column.
    pub name: Ident,
    /// Its value.
    pub expr: ExprNode,
}

/// One key of a `sort`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortItem {
    /// What is compared.
    pub expr: ExprNode,
    /// Highest first.
    pub descending: bool,
}

/// One call in an `agg`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The new column's name, where one is given.
    pub name: Option<Ident>,
    /// The function.
    pub function: AggregateFunction,
    /// Where its name stands.
    pub function_span: Span,
    /// Its argument; `count()` has none.
    pub argument: Option<ExprNode>,
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct ExprNode {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
    /// How deep the tree is from here down; bounded while it is built.
    pub depth: usize,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// A column.
    Column(String),
    /// `not x`, `-x`.
    Unary(UnaryOp, Box<ExprNode>),
    /// `x op y`.
    Binary(BinaryOp, Box<ExprNode>, Box<ExprNode>),
    /// `x [not] in (…)`.
    In {
        /// What is looked for.
        of: Box<ExprNode>,
        /// Where.
        list: Vec<ExprNode>,
        /// `not in`.
        negated: bool,
    },
    /// `x ~ 'regex'`, `x !~ 'regex'`.
    Matches {
        /// The text.
        of: Box<ExprNode>,
        /// The pattern.
        pattern: String,
        /// `!~`.
        negated: bool,
    },
    /// `x is [not] null`.
    IsNull {
        /// What is tested.
        of: Box<ExprNode>,
        /// `is not null`.
        negated: bool,
    },
    /// `f(…)`.
    Call(Function, Vec<ExprNode>),
    /// Something that could not be read; a diagnostic says why.
    Error,
}

/// A selector with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// What it is.
    pub kind: SelectorKind,
    /// Where it stands, without the leading `@`.
    pub span: Span,
}

/// The kinds of selectors.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectorKind {
    /// `all`.
    All,
    /// A name or a folded set of names: nodes, or a group.
    Names(Pattern),
    /// A pattern with `*` or `?`.
    Glob(Pattern),
    /// `/regex/`.
    Regex(String),
    /// `@group`.
    Group(String),
    /// `source:group`, `source:*`.
    Source(String, Pattern),
    /// A condition on a label.
    Label(Ident, LabelTest),
    /// `state=up`.
    State {
        /// The states.
        states: Vec<Ident>,
        /// `state!=up`.
        negated: bool,
    },
    /// `$3.failed`, and `$3` for the nodes of its rows.
    Result(ResultRef, SetKind),
    /// Operators from left to right. Flat, since a pasted list has thousands of names.
    Chain(Box<Selector>, Vec<(SetOp, Selector)>),
    /// Something that could not be read; a diagnostic says why.
    Error,
}

/// What a label must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelTest {
    /// `key=value` and `key in (a,b)`.
    Is(Vec<Ident>),
    /// `key!=value`: has the key, with another value.
    IsNot(Vec<Ident>),
    /// `key~regex`.
    Matches(Ident),
}

/// An operator between selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOp {
    /// `,`
    Union,
    /// `!`
    Difference,
    /// `&`
    Intersection,
    /// `^`
    SymmetricDifference,
}

impl SetOp {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> char {
        match self {
            Self::Union => ',',
            Self::Difference => '!',
            Self::Intersection => '&',
            Self::SymmetricDifference => '^',
        }
    }
}

/// A set of nodes that a result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetKind {
    /// The targets that ended in this state.
    State(State),
    /// The targets outside the largest group of equal answers.
    Minority,
    /// The targets in the largest group of equal answers.
    Majority,
    /// The nodes that its rows were observed on, as the verbs left them: `$3` alone. A command's
    /// result without verbs has a row for every target.
    Rows,
}

impl SetKind {
    /// Every kind, as it is written behind the dot.
    pub fn names() -> impl Iterator<Item = &'static str> {
        State::ALL
            .into_iter()
            .map(State::as_str)
            .chain(["minority", "majority", "rows"])
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "minority" => Some(Self::Minority),
            "majority" => Some(Self::Majority),
            "rows" => Some(Self::Rows),
            state => State::by_name(state).map(Self::State),
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State(s) => s.as_str(),
            Self::Minority => "minority",
            Self::Majority => "majority",
            Self::Rows => "rows",
        }
    }
}
