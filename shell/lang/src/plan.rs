//! Plans: what a line asks for, with every name looked up and every selector a set of nodes.

mod scope_slip;
pub(crate) mod source;

use std::time::Duration;

use hailer_protocol::row_plan::RowPlan;

use crate::ast::{Line, QueryLine, ResultRef, Selector, Stage, Verb};
pub use crate::context::{Context, ResolvedScope};
use crate::deed::{self, Deed};
use crate::diagnostic::{Code, Diagnostic};
use crate::ending::ending;
use crate::file_format::FileFormat;
use crate::fleet_plan::FleetStep;
use crate::lexer::Completeness;
use crate::parse::Parsed;
use crate::resolve::{SourceKind, not_available, resolve};
use crate::schema::Schema;
use crate::selector::select;
use crate::span::Span;
use crate::words;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum LinePlan {
    /// Nothing: blanks, a comment.
    Nothing,
    /// This command on the operator's own machine.
    Local(String),
    /// Another scope from now on.
    SetScope(ResolvedScope),
    /// Something of the shell itself.
    Shell(ShellCommand),
    /// Rows.
    Query(Query),
}

/// A line for the shell itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// The word, one of [`words::SHELL_WORDS`].
    pub word: String,
    /// Its arguments, unquoted; for `explain`, the line as it was written.
    pub args: Vec<String>,
}

/// Where rows come from, and what happens to them on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Where rows come from.
    pub source: Source,
    /// The nodes that are asked. Over a kept result: whose rows count, all of them unless the line
    /// has a scope of its own.
    pub scope: ResolvedScope,
    /// What the node does with its rows.
    pub row_plan: RowPlan,
    /// What the shell does with all rows.
    pub fleet: Vec<FleetStep>,
    /// What becomes of the result.
    pub end: QueryEnd,
    /// What is run where rows are left.
    pub deed: Option<Box<Deed>>,
    /// The number of the result whose targets this asks once more, and which gets their answers.
    pub retries: Option<u32>,
    /// The line as it was written.
    pub text: String,
}

/// What becomes of a line's result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum QueryEnd {
    /// It is shown.
    #[default]
    Show,
    /// Nobody waits for it: the command outlives its shell, and its output is kept on the nodes.
    Detach,
    /// It is written to a file on the operator's machine.
    Save(SaveTo),
    /// Lines are shown as they come, until the operator has enough; the last ones are the result.
    Follow,
    /// It is asked for and shown again and again, with this much time between two turns; the last
    /// turn is the result.
    Watch(Duration),
}

/// Where rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveTo {
    /// The file as it was named; a leading `~` is the operator's home.
    pub file: String,
    /// In which format.
    pub format: FileFormat,
    /// Whether a file that is there is replaced.
    pub force: bool,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A Linux command, verbatim, for `/bin/sh -c` on each node.
    Command(String),
    /// A Linux command for each of the rows that a node is handed with it.
    Each(String),
    /// A metric by its full name.
    Metric {
        /// One that [`hailer_protocol::metrics::find`] knows.
        name: String,
    },
    /// Facts; all of them where empty.
    Facts(Vec<String>),
    /// The operator's detached runs that the nodes know of.
    Runs,
    /// The audit of the nodes.
    Audit {
        /// How far back; all of it where nothing is said.
        since: Option<Duration>,
    },
    /// The automations on the nodes and where they stand.
    Automations,
    /// What automations saw and did.
    Events {
        /// How far back; all that is kept where nothing is said.
        since: Option<Duration>,
    },
    /// The inventory itself, with live states.
    Nodes,
    /// A file on the operator's machine; its rows are of no node, whatever they say.
    File {
        /// The file as it was named; a leading `~` is the operator's home.
        file: String,
        /// In which format it is.
        format: FileFormat,
    },
    /// A kept result.
    Result(ResultRef),
}

impl Source {
    /// Whether nodes are asked.
    #[must_use]
    pub const fn asks_nodes(&self) -> bool {
        match self {
            Self::Command(_)
            | Self::Each(_)
            | Self::Metric { .. }
            | Self::Facts(_)
            | Self::Runs
            | Self::Audit { .. }
            | Self::Automations
            | Self::Events { .. } => true,
            Self::Nodes | Self::File { .. } | Self::Result(_) => false,
        }
    }
}

/// Plans a line.
///
/// `text` is what was parsed. Nothing has run anywhere when this fails, and nothing may.
///
/// # Errors
/// Every mistake, those of the parser among them; or that the line is not complete.
pub fn plan(
    parsed: &Parsed,
    text: &str,
    context: &Context<'_>,
) -> Result<LinePlan, Vec<Diagnostic>> {
    let mut errors = parsed.diagnostics.clone();
    if let Completeness::Incomplete(open) = &parsed.completeness {
        errors.push(
            Diagnostic::new(
                Code::Incomplete,
                Span::at(text.trim_end().len()),
                format!("the line ends {open}"),
            )
            .label("expected more")
            .help("nothing of it was run"),
        );
    }
    let plan = match &parsed.line {
        Some(line) => line_plan(line, text, context, &mut errors),
        None => None,
    };
    errors.sort_by_key(|d| d.span);
    match plan {
        Some(plan) if errors.is_empty() => Ok(plan),
        None if errors.is_empty() => Ok(LinePlan::Nothing),
        Some(_) | None => Err(errors),
    }
}

/// Evaluates a selector that stands alone, as a flag or a fleet file gives one.
///
/// # Errors
/// Every mistake in it, with spans in `text`.
pub fn resolve_scope(text: &str, context: &Context<'_>) -> Result<ResolvedScope, Vec<Diagnostic>> {
    let (selector, diagnostics) =
        crate::parse::parse_selector(text, &context.inventory.known_names());
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let selected = select(&selector, context.world())?;
    Ok(ResolvedScope::new(&selector, text, selected, context))
}

fn line_plan(
    line: &Line,
    text: &str,
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<LinePlan> {
    match line {
        Line::Nothing => Some(LinePlan::Nothing),
        Line::Local(command) => Some(LinePlan::Local(command.clone())),
        Line::Scope(selector) => scope(selector, text, context, errors).map(LinePlan::SetScope),
        Line::Shell(line) => {
            let word = words::find(words::SHELL_WORDS, &line.word.name)?;
            if !word.available {
                errors.push(not_available(word, line.word.span));
                return None;
            }
            Some(LinePlan::Shell(ShellCommand {
                word: word.name.to_owned(),
                args: line.args.clone(),
            }))
        }
        Line::Query(query) => query_plan(query, text, context, errors).map(LinePlan::Query),
    }
}

/// Evaluates a selector, unless the parser could not read it: one mistake is told once.
fn scope(
    selector: &Selector,
    text: &str,
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<ResolvedScope> {
    let unread = |d: &Diagnostic| {
        let within = selector.span.start <= d.span.start && d.span.end <= selector.span.end;
        // What stands behind it was meant to be a part of it.
        let behind = matches!(d.code, Code::BadSelector | Code::ColonSpacing)
            && text
                .get(selector.span.end..d.span.start)
                .is_some_and(|between| between.trim().is_empty());
        within || behind
    };
    if errors.iter().any(unread) {
        return None;
    }
    match select(selector, context.world()) {
        Ok(selected) => Some(ResolvedScope::new(selector, text, selected, context)),
        Err(more) => {
            errors.extend(more);
            None
        }
    }
}

fn query_plan(
    line: &QueryLine,
    text: &str,
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Query> {
    let own_scope = line.scope.as_ref().map(|s| scope(s, text, context, errors));
    let source = source::source(line, context, errors);
    let asks = source
        .as_ref()
        .is_none_or(|(s, _)| s.asks_nodes() || *s == Source::Nodes);
    let scope = match own_scope {
        Some(scope) => scope,
        None if !asks => Some(ResolvedScope::all(context.inventory)),
        None => {
            if context.scope.is_none() {
                errors.push(
                    Diagnostic::new(
                        Code::NoScope,
                        line.source_span,
                        "there is no scope: on which nodes?",
                    )
                    .label("not run")
                    .help(
                        "set one with `@SELECTOR`, or write `@SELECTOR : …`; `@all` is every node",
                    ),
                );
            }
            context.scope.cloned()
        }
    };
    let (source, schema) = match source {
        Some((source, schema)) => (Some(source), schema),
        None => (None, Schema::unknown()),
    };
    let kind = kind_of(source.as_ref());
    let is_deed = |s: &Stage| matches!(s.verb, Verb::Run { .. });
    let cut = line.stages.iter().position(is_deed);
    let (split, schema) = resolve(
        &line.stages[..cut.unwrap_or(line.stages.len())],
        schema,
        kind,
        context.inventory,
        context.last_result,
        errors,
    );
    let end = ending(&line.stages, source.as_ref(), &split, errors);
    let within = match &line.scope {
        Some(_) => (scope.as_ref(), true),
        None => (context.scope, false),
    };
    let deed = match cut.map(|at| line.stages.split_at(at).1) {
        Some(stages) => Some(deed::plan(stages, &schema, within, context, errors)?),
        None => None,
    };
    Some(Query {
        source: source?,
        scope: scope?,
        deed: deed.map(Box::new),
        retries: None,
        row_plan: split.row_plan,
        fleet: split.fleet,
        end: end.unwrap_or(split.end),
        text: text.trim().to_owned(),
    })
}

/// What a source's rows are to the verbs behind it.
pub(crate) const fn kind_of(source: Option<&Source>) -> SourceKind {
    match source {
        Some(Source::Command(_)) => SourceKind::Command,
        Some(
            Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. },
        ) => SourceKind::Probe,
        Some(Source::Each(_) | Source::Nodes | Source::File { .. } | Source::Result(_)) | None => {
            SourceKind::Kept
        }
    }
}

impl Query {
    /// Whether nodes answer with rows, and not with a command's plain output.
    #[must_use]
    pub const fn returns_rows(&self) -> bool {
        match self.source {
            Source::Command(_) => !self.row_plan.steps.is_empty(),
            Source::Each(_)
            | Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. } => true,
            Source::Nodes | Source::File { .. } | Source::Result(_) => false,
        }
    }

    /// Whether the line has a verb that runs something on nodes because of what it found.
    #[must_use]
    pub fn is_deed(line: &Line) -> bool {
        match line {
            Line::Query(q) => q.stages.iter().any(|s| matches!(s.verb, Verb::Run { .. })),
            Line::Nothing | Line::Local(_) | Line::Scope(_) | Line::Shell(_) => false,
        }
    }
}
