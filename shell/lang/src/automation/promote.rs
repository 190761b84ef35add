//! `promote NAME`: from the lines that led to a result, the file of an automation.
//!
//! The lines are inlined back to the first probe: what is before `run` is `when`, its command is
//! `do`, and the selector of the first line is `on`. What comes out says its mode; a promoted
//! automation without one asks.

use hailer_protocol::automation::AutomationName;

use super::keyword::Keyword;
use super::split::VALUE_INDENT;
use crate::ast::{Line, QueryLine, Source, Stage, Verb};
use crate::diagnostic::Diagnostic;
use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::parse::parse;
use crate::schema::Schema;

/// The lines that led to a result, the first probe first. Each of the others goes on from the one
/// before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The selector of the first line's targets, as it was written, with or without its `@`.
    pub on: String,
    /// The lines, as they were written.
    pub lines: Vec<String>,
}

/// What stands behind `promote NAME`: flags with their values, `("every", "10s")`.
pub const PROMOTE_FLAGS: [Keyword; 12] = [
    Keyword::Every,
    Keyword::For,
    Keyword::Limit,
    Keyword::Else,
    Keyword::Key,
    Keyword::Clear,
    Keyword::Verify,
    Keyword::Mode,
    Keyword::Owner,
    Keyword::Runbook,
    Keyword::Collect,
    Keyword::Storm,
];

/// Why lines cannot be promoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromoteError {
    /// The lines or flags make no automation.
    #[error("{message}")]
    Refused {
        /// What is wrong: lower case, no full stop.
        message: String,
        /// What to do next.
        help: String,
    },
    /// They make one with mistakes, which are of this text.
    #[error("the automation would have mistakes")]
    Mistakes {
        /// The file's text.
        text: String,
        /// The mistakes in it.
        mistakes: Vec<Diagnostic>,
    },
}

fn refused<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, PromoteError> {
    Err(PromoteError::Refused {
        message: message.into(),
        help: help.into(),
    })
}

/// Makes the canonical text of an automation's file.
///
/// # Errors
/// When the lines make no automation, and what to do about it.
pub fn promote(
    name: &str,
    chain: &Chain,
    flags: &[(String, String)],
    inventory: &Inventory,
) -> Result<String, PromoteError> {
    let name = match AutomationName::new(name) {
        Ok(name) => name,
        Err(error) => return refused(error.to_string(), "write `promote disk-full`, for example"),
    };
    let inlined = inline(chain, inventory)?;
    let mut text = format!("automation {name}\n");
    let mut put = |keyword: Keyword, value: &str| {
        let width = VALUE_INDENT - 2;
        text.push_str(&format!("  {:<width$}{value}\n", keyword.as_str()));
    };
    put(
        Keyword::On,
        &format!("@{}", chain.on.trim().trim_start_matches('@')),
    );
    put(Keyword::When, &inlined.when);
    let mut given: Vec<Keyword> = Vec::new();
    for (flag, value) in flags {
        let keyword = flag_keyword(flag)?;
        if given.contains(&keyword) && !keyword.may_repeat() {
            return refused(format!("`--{flag}` is given twice"), "give it once");
        }
        if value.contains('\n') {
            return refused(
                format!("`--{flag}` has several lines"),
                "write the file by hand, and check it with `hailer automation check`",
            );
        }
        given.push(keyword);
        put(keyword, value);
    }
    if let Some(deed) = &inlined.deed {
        let repeats = if deed.command.starts_with('-') {
            "-- "
        } else {
            ""
        };
        put(Keyword::Do, &format!("{repeats}{}", deed.command));
        let has_key = given.contains(&Keyword::Key);
        if deed.each && !has_key {
            let columns = match inlined.columns {
                Some(columns) => format!("one or more of {}", columns.join(", ")),
                None => "the column that names what is ill, such as `mounted_on`".to_owned(),
            };
            return refused(
                "`run each` acts once a row: which columns tell the rows apart?",
                format!("add `--key COLUMN`: {columns}"),
            );
        }
        if !deed.each && !has_key {
            put(Keyword::Key, "node");
        }
    }
    if !given.contains(&Keyword::Mode) {
        put(
            Keyword::Mode,
            if inlined.deed.is_some() {
                "ask"
            } else {
                "observe"
            },
        );
    }
    match super::read(&text, inventory) {
        Ok(spec) => Ok(spec.source),
        Err(mistakes) => Err(PromoteError::Mistakes { text, mistakes }),
    }
}

fn flag_keyword(flag: &str) -> Result<Keyword, PromoteError> {
    let found = PROMOTE_FLAGS.into_iter().find(|k| k.as_str() == flag);
    match found {
        Some(keyword) => Ok(keyword),
        None => {
            let known = PROMOTE_FLAGS.map(Keyword::as_str);
            let help = did_you_mean(flag, known)
                .unwrap_or_else(|| format!("the flags are --{}", known.join(", --")));
            refused(format!("`promote` has no flag `--{flag}`"), help)
        }
    }
}

/// A chain as one line, cut at its deed.
struct Inlined {
    when: String,
    deed: Option<InlinedDeed>,
    /// The columns of the rows, where they are known.
    columns: Option<Vec<String>>,
}

struct InlinedDeed {
    each: bool,
    command: String,
}

fn inline(chain: &Chain, inventory: &Inventory) -> Result<Inlined, PromoteError> {
    let words = inventory.known_names();
    let mut when: Vec<(String, bool)> = Vec::new();
    let mut deed: Option<InlinedDeed> = None;
    let mut columns = None;
    for (n, text) in chain.lines.iter().enumerate() {
        let parsed = parse(text, &words);
        let Some(Line::Query(query)) = parsed.line.as_ref().filter(|_| parsed.is_clean()) else {
            return refused(
                format!("`{text}` asks nodes for nothing that could be watched"),
                "promote works on the last query",
            );
        };
        first_or_behind(n, query)?;
        if n == 0 {
            when.push((query.source_span.of(text).trim().to_owned(), false));
            columns = first_columns(query);
        }
        for stage in &query.stages {
            if deed.is_some() {
                return behind_deed(stage);
            }
            if let Verb::Run {
                each,
                spread,
                command,
            } = &stage.verb
            {
                if **spread != crate::spread::Spread::default()
                    && spread_is_more_than_consent(spread)
                {
                    return refused(
                        "an automation does not spread over the fleet as `run` does",
                        "leave the flags of `run` out; `--limit '3 at once, 5% per dc'` says how widely it acts",
                    );
                }
                deed = Some(InlinedDeed {
                    each: *each,
                    command: command.name.clone(),
                });
                continue;
            }
            if ends(stage) {
                continue;
            }
            if changes_columns(stage) {
                columns = None;
            }
            let is_order = matches!(stage.verb, Verb::Sort(_));
            when.push((stage.span.of(text).trim().to_owned(), is_order));
        }
    }
    // The order of rows is for people.
    while when.last().is_some_and(|(_, is_order)| *is_order) {
        when.pop();
    }
    let when: Vec<String> = when.into_iter().map(|(text, _)| text).collect();
    let when = when.join(" |> ");
    if when.is_empty() {
        return refused(
            "there is no line to promote",
            "ask the nodes something first, then `promote NAME`",
        );
    }
    Ok(Inlined {
        when,
        deed,
        columns,
    })
}

fn spread_is_more_than_consent(spread: &crate::spread::Spread) -> bool {
    let consent = crate::spread::Spread {
        yes: spread.yes,
        ..crate::spread::Spread::default()
    };
    *spread != consent
}

fn first_or_behind(n: usize, query: &QueryLine) -> Result<(), PromoteError> {
    let goes_on = matches!(query.source, Source::Result(_));
    match (n, goes_on) {
        (0, true) => refused(
            "the line goes on from a result whose own line is not known any more",
            "ask again from the start, with the command or metric in it",
        ),
        (0, false) | (_, true) => Ok(()),
        (_, false) => refused(
            "two lines that ask the nodes cannot be one condition",
            "promote the one whose rows tell the sick nodes",
        ),
    }
}

fn behind_deed<T>(stage: &Stage) -> Result<T, PromoteError> {
    if matches!(stage.verb, Verb::Run { .. }) {
        return refused(
            "a promoted line has one deed",
            "add others to the file as further lines of `do`: each is tried if the one before did not help",
        );
    }
    refused(
        format!(
            "`{}` works on what a deed answered, which an automation does not look at",
            stage.verb.word()
        ),
        "whether it helped is told by the condition itself, after `--verify 2m`",
    )
}

/// What shows or keeps rows, and asks nothing of them.
const fn ends(stage: &Stage) -> bool {
    matches!(
        stage.verb,
        Verb::Save { .. } | Verb::Plot { .. } | Verb::Follow | Verb::Watch(_)
    )
}

const fn changes_columns(stage: &Stage) -> bool {
    !matches!(
        stage.verb,
        Verb::Where(_) | Verb::Take { .. } | Verb::Top { .. } | Verb::Uniq(_) | Verb::Sort(_)
    )
}

fn first_columns(query: &QueryLine) -> Option<Vec<String>> {
    let Source::Metric(name) = &query.source else {
        return None;
    };
    let metric = hailer_protocol::metrics::find(&name.name).ok()?;
    Schema::metric(metric).own().map(<[String]>::to_vec)
}
