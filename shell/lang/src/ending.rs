//! Endings: what `follow` and `watch` make of a line, and which lines cannot end so.
//!
//! `follow` shows lines as they come, so that everything before it must be able to judge one line by
//! itself; what wants all rows belongs to `watch`, which asks again and again, and therefore never
//! repeats what changes something.

use std::time::Duration;

use hailer_protocol::row_plan::ParseAs;
use hailer_protocol::value::Value;

use crate::ast::{Quantity, Stage, Verb};
use crate::danger::changes_things;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{QueryEnd, Source};
use crate::resolve::{Split, not_available};
use crate::span::Span;
use crate::words;

/// The shortest time between two turns of a `watch`: a fleet is asked each time.
const WATCH_MIN: Duration = Duration::from_secs(1);

/// The longest time between two turns of a `watch`.
const WATCH_MAX: Duration = Duration::from_secs(24 * 3600);

/// Finds out whether a line ends in `follow` or `watch`; all mistakes end up in `errors`.
pub(crate) fn ending(
    stages: &[Stage],
    source: Option<&Source>,
    split: &Split,
    errors: &mut Vec<Diagnostic>,
) -> Option<QueryEnd> {
    let ends = |s: &Stage| matches!(s.verb, Verb::Follow | Verb::Watch(_));
    let at = stages.iter().position(ends)?;
    let (stage, before) = (&stages[at], &stages[..at]);
    let word = words::find(words::VERBS, stage.verb.word());
    if let Some(word) = word.filter(|word| !word.available) {
        errors.push(not_available(word, stage.span));
    }
    if let Some(behind) = stages.get(at + 1) {
        let word = stage.verb.word();
        let message = format!("nothing can stand behind `{word}`");
        errors.push(
            Diagnostic::new(Code::Unexpected, behind.span, message)
                .label("this has no rows to work on")
                .help(format!(
                    "write it before `{word}`, or go on from the result with `|> …` afterwards"
                )),
        );
    }
    if let Verb::Watch(every) = &stage.verb {
        refuse_watch(before, stage, source, errors);
        return interval(every, errors).map(QueryEnd::Watch);
    }
    match source {
        Some(Source::Command(_)) | None => {
            let is_last = at + 1 == stages.len();
            refuse_follow(before, stage, is_last, split, errors);
        }
        Some(
            Source::Each(_)
            | Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. }
            | Source::Nodes
            | Source::Result(_)
            | Source::File { .. },
        ) => {
            errors.push(
                Diagnostic::new(
                    Code::Unexpected,
                    stage.span,
                    "`follow` shows what a command writes, and this is no command",
                )
                .label("nothing to follow")
                .help("`|> watch 2s` shows a table again and again"),
            );
        }
    }
    Some(QueryEnd::Follow)
}

/// Says which verb before `follow` cannot work on one line at a time.
fn refuse_follow(
    before: &[Stage],
    follow: &Stage,
    is_last: bool,
    split: &Split,
    errors: &mut Vec<Diagnostic>,
) {
    for (at, stage) in before.iter().enumerate() {
        let refusal = match &stage.verb {
            Verb::Parse(as_what) => match as_what {
                ParseAs::Lines | ParseAs::Json | ParseAs::KeyValue | ParseAs::Regex(_) => (at > 0)
                    .then_some((
                        "`parse` stands first in a line that is followed",
                        "what else is known of a command is known only at its end",
                    )),
                ParseAs::Auto => Some((
                    "`follow` reads line by line, so `parse` has to say what a line is",
                    "write `parse lines`, `json`, `kv` or `regex '…'`",
                )),
                ParseAs::Columns | ParseAs::Csv => Some((
                    "`follow` reads line by line, and this format needs its header",
                    "`|> watch 2s` shows a table again and again; `parse regex '…'` reads one line",
                )),
            },
            Verb::Where(_) | Verb::Select(_) | Verb::Derive(_) => (at == 0).then_some((
                "a line that is followed has no columns before `parse`",
                "write `parse lines`, and then use column `line`",
            )),
            Verb::Take { .. }
            | Verb::Group(_)
            | Verb::Count(_)
            | Verb::Sort(_)
            | Verb::Top { .. }
            | Verb::Agg { .. }
            | Verb::Uniq(_)
            | Verb::Join { .. }
            | Verb::Diff { .. }
            | Verb::Why(_)
            | Verb::Sql(_)
            | Verb::Run { .. }
            | Verb::Save { .. }
            | Verb::Plot { .. } => Some((
                "this verb wants all rows, and lines that are followed never end",
                "`|> watch 2s` shows a table again and again; or use it on the result afterwards",
            )),
            Verb::Follow | Verb::Watch(_) => None,
        };
        if let Some((message, help)) = refusal {
            errors.push(
                Diagnostic::new(Code::Unexpected, stage.span, message)
                    .label("cannot be followed")
                    .help(help),
            );
            return;
        }
    }
    if !split.fleet.is_empty() && is_last {
        errors.push(
            Diagnostic::new(
                Code::Unexpected,
                follow.span,
                "a verb before `follow` reads what only the shell knows of a node",
            )
            .label("lines are judged on the node")
            .help("choose nodes by a selector: `@role=web : … |> follow`"),
        );
    }
}

/// Says why a line cannot be repeated.
fn refuse_watch(
    before: &[Stage],
    watch: &Stage,
    source: Option<&Source>,
    errors: &mut Vec<Diagnostic>,
) {
    if let Some(deed) = before.iter().find(|s| matches!(s.verb, Verb::Run { .. })) {
        errors.push(
            Diagnostic::new(
                Code::Unexpected,
                deed.span,
                "`watch` repeats tables and never a deed",
            )
            .label("would be done again and again")
            .help("watch the rows first, and run the command on the result once"),
        );
    }
    match source {
        Some(Source::Command(command)) => {
            if let Some(why) = changes_things(command) {
                let message = format!("`watch` repeats what only looks: {}", why.reason());
                errors.push(
                    Diagnostic::new(Code::Unexpected, watch.span, message)
                        .label("would be run again and again")
                        .help("run it once, and watch a command that shows what came of it"),
                );
            }
        }
        Some(Source::Result(result)) => {
            let message = format!("the rows of {result} are kept and do not change");
            errors.push(
                Diagnostic::new(Code::Unexpected, watch.span, message)
                    .label("nothing to watch")
                    .help("write the line that asks the nodes: `CMD |> … |> watch 2s`"),
            );
        }
        Some(
            Source::Each(_)
            | Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. }
            | Source::Nodes
            | Source::File { .. },
        )
        | None => {}
    }
}

fn interval(every: &Quantity, errors: &mut Vec<Diagnostic>) -> Option<Duration> {
    let found = match crate::parse::number(&every.text) {
        Some(Value::Duration(ns)) => u64::try_from(ns).ok().map(Duration::from_nanos),
        _ => None,
    };
    let found = found.filter(|d| (WATCH_MIN..=WATCH_MAX).contains(d));
    if found.is_none() {
        errors.push(too_short_or_long(every.span));
    }
    found
}

fn too_short_or_long(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::Unexpected,
        span,
        "a fleet can be watched every second at most, and once a day at least",
    )
    .label("this interval cannot be")
    .help("`watch 2s` asks every two seconds")
}
