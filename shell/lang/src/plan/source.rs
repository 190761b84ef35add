//! Where a line's rows come from, with every name in it looked up.

use std::time::Duration;

use hailer_protocol::automation::{AUTOMATION_COLUMNS, EVENT_COLUMNS};
use hailer_protocol::limits::COMMAND_MAX;
use hailer_protocol::metrics;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;

use super::scope_slip;
use super::{Context, Source};
use crate::ast::{self, QueryLine};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::resolve::known_result;
use crate::schema::Schema;
use crate::span::Span;

/// Returns where the rows come from and which columns they have; says every mistake.
pub(crate) fn source(
    line: &QueryLine,
    context: &Context<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<(Source, Schema)> {
    let span = line.source_span;
    match &line.source {
        ast::Source::Command(command) => {
            check_command(command, span, context.inventory, errors);
            Some((Source::Command(command.clone()), Schema::command()))
        }
        ast::Source::Metric(name) => match metrics::find(&name.name) {
            Ok(metric) => Some((
                Source::Metric {
                    name: metric.name.to_owned(),
                },
                Schema::metric(metric),
            )),
            Err(unknown) => {
                errors.push(
                    Diagnostic::new(Code::UnknownMetric, name.span, unknown.to_string())
                        .label("unknown metric")
                        .help(unknown.nearest.map_or_else(
                            || "`help metric` lists them".to_owned(),
                            |near| format!("did you mean `{near}`?"),
                        )),
                );
                None
            }
        },
        ast::Source::Facts(columns) => Some(facts(columns, errors)),
        ast::Source::Nodes => Some((Source::Nodes, Schema::nodes())),
        ast::Source::Result(result) => {
            known_result(*result, span, context.last_result, errors);
            let columns = context.results.columns(*result);
            let schema = columns.map_or_else(Schema::unknown, Schema::kept);
            Some((Source::Result(*result), schema))
        }
        ast::Source::Events(since) => {
            let since = match since {
                Some(since) => Some(age(since, errors)?),
                None => None,
            };
            Some((Source::Events { since }, Schema::described(EVENT_COLUMNS)))
        }
        ast::Source::Automations => {
            Some((Source::Automations, Schema::described(AUTOMATION_COLUMNS)))
        }
        ast::Source::Audit(since) => {
            let since = match since {
                Some(since) => Some(age(since, errors)?),
                None => None,
            };
            Some((Source::Audit { since }, Schema::audit()))
        }
        ast::Source::Open(file, format) => {
            if let Some(scope) = &line.scope {
                errors.push(
                    Diagnostic::new(
                        Code::DoesNotFit,
                        scope.span,
                        "the rows of a file are of no node, and have no scope",
                    )
                    .label("for which nodes?")
                    .help("leave it out; `|> where node = NAME` compares what the file says"),
                );
            }
            let source = Source::File {
                file: file.name.clone(),
                format: *format,
            };
            Some((source, Schema::unknown()))
        }
    }
}

/// Says why a command cannot be sent, or is none.
fn check_command(command: &str, span: Span, inventory: &Inventory, errors: &mut Vec<Diagnostic>) {
    if command.len() > COMMAND_MAX {
        errors.push(
            Diagnostic::new(
                Code::TooMany,
                Span::at(span.start),
                format!(
                    "the command has {} bytes, at most {COMMAND_MAX} are allowed",
                    command.len()
                ),
            )
            .help("put it into a file, and copy that"),
        );
    }
    if command.contains('\0') {
        errors.push(Diagnostic::new(
            Code::Unexpected,
            span,
            "a command cannot hold a NUL character",
        ));
    }
    errors.extend(scope_slip::scope_slip(command, span, inventory));
}

/// How long ago something was.
fn age(since: &ast::Quantity, errors: &mut Vec<Diagnostic>) -> Option<Duration> {
    let found = match parse_quantity(&since.text) {
        Some(Value::Duration(ns)) => u64::try_from(ns).ok().map(Duration::from_nanos),
        _ => None,
    };
    if found.is_none() {
        errors.push(
            Diagnostic::new(
                Code::BadNumber,
                since.span,
                format!("`{}` is no duration", since.text),
            )
            .label("how long ago?")
            .help("write it as `30m` or `2h`"),
        );
    }
    found
}

fn facts(columns: &[ast::Ident], errors: &mut Vec<Diagnostic>) -> (Source, Schema) {
    let known = || metrics::FACTS.iter().map(|f| f.name);
    for column in columns {
        if !known().any(|name| name == column.name) {
            errors.push(
                Diagnostic::new(
                    Code::UnknownColumn,
                    column.span,
                    format!("no fact is called `{}`", column.name),
                )
                .label("unknown fact")
                .help(did_you_mean(&column.name, known()).unwrap_or_else(|| {
                    format!("the facts are {}", known().collect::<Vec<_>>().join(", "))
                })),
            );
        }
    }
    let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    let all: Vec<String> = known().map(str::to_owned).collect();
    let schema = Schema::facts(if names.is_empty() { &all } else { &names });
    (Source::Facts(names), schema)
}
