//! Deeds: `… |> run CMD`, a command on the nodes that rows were observed on.
//!
//! A row's columns reach the command as environment variables; [`hailer_protocol::row_env`] says how.

use hailer_protocol::limits::COMMAND_MAX;
use hailer_protocol::row_env::PREFIX;
pub use hailer_protocol::row_env::variable;
use hailer_protocol::row_plan::RowPlan;

use crate::ast::{Ident, Stage, Verb};
use crate::context::{Context, ResolvedScope};
use crate::diagnostic::{Code, Diagnostic};
use crate::fleet_plan::FleetStep;
use crate::nearest::did_you_mean;
use crate::plan::QueryEnd;
use crate::resolve::{SourceKind, resolve};
use crate::schema::Schema;
use crate::span::Span;
use crate::spread::Spread;

/// What is run where rows are left.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Once a row, one after the other on a node, rather than once a node.
    pub each: bool,
    /// The command, verbatim.
    pub command: String,
    /// How it is spread over the nodes.
    pub spread: Spread,
    /// Where all targets must lie.
    pub scope: ResolvedScope,
    /// The line named that scope itself; it is not the current one.
    pub has_own_scope: bool,
    /// What the node does with the command's answer.
    pub row_plan: RowPlan,
    /// What the shell does with all answers.
    pub fleet: Vec<FleetStep>,
    /// What becomes of the result.
    pub end: QueryEnd,
}

impl Deed {
    /// Whether nodes answer with rows, and not with a command's plain output.
    #[must_use]
    pub const fn returns_rows(&self) -> bool {
        self.each || !self.row_plan.steps.is_empty()
    }

    /// Returns the word and its `each`, as it is written.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        if self.each { "run each" } else { "run" }
    }
}

/// Returns the variables of rows that a command names, each once, with the place of the first.
///
/// Quotes do not hide them: `sh -c '… $row_x'` reads the same environment.
#[must_use]
pub fn variables(command: &str) -> Vec<(String, Span)> {
    let mut found: Vec<(String, Span)> = Vec::new();
    for (at, _) in command.match_indices('$') {
        let rest = &command[at + 1..];
        let braces = usize::from(rest.starts_with('{'));
        let name = &rest[braces..];
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = &name[..name.find(|c| !inside(c)).unwrap_or(name.len())];
        if name.starts_with(PREFIX) && !found.iter().any(|(known, _)| known == name) {
            let end = at + 1 + braces + name.len();
            found.push((name.to_owned(), Span::new(at, end)));
        }
    }
    found
}

/// Plans a `run` and what stands behind it. `schema` is that of the rows in front of it.
pub(crate) fn plan(
    stages: &[Stage],
    schema: &Schema,
    (scope, has_own_scope): (Option<&ResolvedScope>, bool),
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Deed> {
    let (first, behind) = stages.split_first()?;
    let Verb::Run {
        each,
        spread,
        command,
    } = &first.verb
    else {
        return None;
    };
    check_command(command, schema, context, errors);
    if let Some(label) = &spread.batch_by
        && !context.inventory.labels().contains_key(label)
    {
        let known = || context.inventory.labels().keys().map(String::as_str);
        errors.push(
            Diagnostic::new(
                Code::UnknownKey,
                first.span,
                format!("`--batch-by {label}`: no node has such a label"),
            )
            .label("stages by what?")
            .help(did_you_mean(label, known()).unwrap_or_else(|| {
                format!("the labels are {}", known().collect::<Vec<_>>().join(", "))
            })),
        );
    }
    if scope.is_none() && !errors.iter().any(|e| e.code == Code::NoScope) {
        errors.push(
            Diagnostic::new(
                Code::NoScope,
                first.span,
                "there is no scope: on which nodes may it run?",
            )
            .label("not run")
            .help("set one with `@SELECTOR`; rows of other nodes are refused"),
        );
    }
    let (kind, answers) = if *each {
        (SourceKind::Kept, Schema::unknown())
    } else {
        (SourceKind::Command, Schema::command())
    };
    let (split, _) = resolve(
        behind,
        answers,
        kind,
        context.inventory,
        context.last_result,
        errors,
    );
    Some(Deed {
        each: *each,
        command: command.name.clone(),
        spread: (**spread).clone(),
        scope: scope?.clone(),
        has_own_scope,
        row_plan: split.row_plan,
        fleet: split.fleet,
        end: split.end,
    })
}

fn check_command(
    command: &Ident,
    schema: &Schema,
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) {
    if command.name.len() > COMMAND_MAX {
        let message = format!(
            "the command has {} bytes, at most {COMMAND_MAX} are allowed",
            command.name.len()
        );
        let at = Span::at(command.span.start);
        errors.push(
            Diagnostic::new(Code::TooMany, at, message).help("put it into a file, and copy that"),
        );
    }
    if command.name.contains('\0') {
        let message = "a command cannot hold a NUL character";
        errors.push(Diagnostic::new(Code::Unexpected, command.span, message));
    }
    let Some(columns) = schema.all(context.inventory) else {
        return;
    };
    let known: Vec<String> = columns.iter().map(|c| variable(c)).collect();
    for (name, span) in variables(&command.name) {
        if !known.contains(&name) {
            let start = command.span.start;
            let span = Span::new(start + span.start, start + span.end);
            let help = did_you_mean(&name, known.iter().map(String::as_str))
                .map(|help| help.replace('`', "`$").replace("`$?", "`?"));
            errors.push(
                Diagnostic::new(
                    Code::UnknownColumn,
                    span,
                    format!("no column of these rows is `${name}`"),
                )
                .label("unknown column")
                .help(help.unwrap_or_else(|| format!("there are ${}", known.join(", $")))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_wherever_they_stand() {
        let command = r#"a "$row_x" ${row_y:-1} '$row_z' $row_x $rows $HOME"#;
        let names: Vec<String> = variables(command).into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["row_x", "row_y", "row_z"]);
        let (_, span) = &variables(command)[1];
        assert_eq!(span.of(command), "${row_y");
    }

    #[test]
    fn a_columns_variable_can_never_be_another_programs() {
        for (column, expected) in [
            ("pct_cpu", "row_pct_cpu"),
            ("path", "row_path"),
            ("label.rack-id", "row_label_rack_id"),
        ] {
            assert_eq!(variable(column), expected);
        }
    }
}
