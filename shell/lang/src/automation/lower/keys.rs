//! `key`, and the columns that deeds read: which row is meant must be told.

use hailer_protocol::limits::COLUMNS_MAX;

use super::super::command::Command;
use super::super::file::{AutomationFile, Body};
use super::super::keyword::Keyword;
use super::super::watched::Watched;
use crate::deed::{variable, variables};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::schema::is_shells;
use crate::span::Span;

/// Returns the columns that tell the patients of a node apart; every mistake ends up in `errors`.
pub(super) fn keys(
    file: &AutomationFile,
    when: &Watched,
    deeds: &[&Command],
    collect: &[&Command],
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(Body::Key(columns)) = file.clause(Keyword::Key).map(|c| &c.body) {
        for column in columns {
            let shells = !when.is_fleets && is_shells(&column.name, inventory);
            if shells || !when.schema.rows_have(&column.name) {
                errors.push(
                    Diagnostic::new(
                        Code::UnknownColumn,
                        column.span,
                        format!("no row of `when` has a column `{}`", column.name),
                    )
                    .label("unknown column")
                    .help(known(&column.name, when)),
                );
            }
            out.push(column.name.clone());
        }
    }
    if when.is_fleets && !when.schema.is_from_nodes() && !deeds.is_empty() {
        let span = file.clause(Keyword::Do).map_or(Span::at(0), |c| c.span);
        errors.push(
            Diagnostic::new(
                Code::DoesNotFit,
                span,
                "the rows of `when` stand for many nodes: on which would this run?",
            )
            .label("on no node in particular")
            .help("page somebody with `else page NAME`, or watch something that each node has"),
        );
    }
    for deed in deeds {
        row_variables(deed, when, &out, errors);
    }
    for command in collect {
        if let Some((name, span)) = variables(&command.command).first() {
            errors.push(
                Diagnostic::new(
                    Code::UnknownColumn,
                    placed(command, *span),
                    format!("`collect` runs as it stands, and has no `${name}`"),
                )
                .label("no row here")
                .help("columns of rows reach the commands of `do`"),
            );
        }
    }
    out
}

/// Checks the columns that a deed reads.
fn row_variables(deed: &Command, when: &Watched, key: &[String], errors: &mut Vec<Diagnostic>) {
    let all = variables(&deed.command);
    for (name, span) in &all {
        let column = name.trim_start_matches("row_");
        let is_there = match when.schema.own() {
            Some(own) => own
                .iter()
                .any(|c| variable(c) == *name && is_there_too(c, when)),
            None => when.schema.rows_have(column),
        };
        if !is_there {
            errors.push(
                Diagnostic::new(
                    Code::UnknownColumn,
                    placed(deed, *span),
                    format!("no column of these rows is `${name}`"),
                )
                .label("unknown column")
                .help(known(column, when)),
            );
        }
    }
    if let Some((name, span)) = all.first().filter(|_| key.is_empty() && !when.has_one_row) {
        let column = name.trim_start_matches("row_");
        errors.push(
            Diagnostic::new(
                Code::Missing,
                placed(deed, *span),
                format!("a node may have several rows, and `${name}` is of which?"),
            )
            .label("of which row?")
            .help(format!("add `key` with the columns that tell the rows apart, such as `key {column}`; each key has a deed of its own")),
        );
    }
}

/// Whether a node has a column itself: what a command wrote to standard error is the shell's.
fn is_there_too(column: &str, when: &Watched) -> bool {
    when.is_fleets || !when.is_command() || column != "err"
}

/// Where a part of a command stands in the file. Lines that go on by their indent may have another
/// one in the canonical form, so that what is behind them points at the command as a whole.
fn placed(command: &Command, span: Span) -> Span {
    if command.span.len() == command.command.len() {
        Span::new(
            command.span.start + span.start,
            command.span.start + span.end,
        )
    } else {
        command.span
    }
}

fn known(name: &str, when: &Watched) -> String {
    let Some(own) = when.schema.own().filter(|own| own.len() < COLUMNS_MAX) else {
        let written = hailer_protocol::parse::column_name(name);
        return format!("columns of parsed text are lower case with `_` for signs: `{written}`");
    };
    let own = own.iter().map(String::as_str);
    let own: Vec<&str> = own.filter(|c| is_there_too(c, when)).collect();
    did_you_mean(name, own.iter().copied())
        .unwrap_or_else(|| format!("the columns are {}", own.join(", ")))
}
