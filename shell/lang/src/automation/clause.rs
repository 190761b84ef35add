//! The value of each clause.

use std::time::Duration;

use hailer_protocol::automation::{Escalation, Mode};
use hailer_protocol::limits::{AUTOMATION_DURATION_MAX, AUTOMATION_KEYS_MAX};

use super::command::command;
use super::file::Body;
use super::keyword::Keyword;
use super::limit::{Limit, limits, storm, storm_text};
use super::pieces::Pieces;
use super::quantity::{duration, hold, hold_text, written};
use super::split::RawClause;
use crate::ast::{Line, QueryLine};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Completeness;
use crate::nearest::did_you_mean;
use crate::parse::{KnownNames, within};
use crate::span::{Ident, Span};

const SECOND: Duration = Duration::from_secs(1);

/// Reads a clause; returns what it says and its canonical text.
pub(super) fn read(
    keyword: Keyword,
    raw: &RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
    comments: &mut Vec<String>,
) -> Option<(Body, String)> {
    if raw.value.of(text).trim().is_empty() {
        let message = format!("`{}` says nothing", keyword.as_str());
        errors.push(
            Diagnostic::new(Code::Missing, raw.word.span, message)
                .label("expected more behind it")
                .help(format!(
                    "it is written `{}`: {}",
                    keyword.usage(),
                    keyword.help()
                )),
        );
        return None;
    }
    let body = match keyword {
        Keyword::On => return on(raw, text, words, errors, comments),
        Keyword::Version => Body::Version(line(keyword, raw, text, words, errors)?),
        Keyword::When => Body::When(line(keyword, raw, text, words, errors)?),
        Keyword::Clear => return clear(raw, text, words, errors, comments),
        Keyword::Collect => Body::Collect(command(keyword, raw, text, words, errors)?),
        Keyword::Do => Body::Do(command(keyword, raw, text, words, errors)?),
        Keyword::Note => return Some((Body::Note(note(&raw.text)), raw.text.clone())),
        Keyword::Owner => Body::Owner(one_line(keyword, raw, text, errors)?),
        Keyword::Runbook => Body::Runbook(one_line(keyword, raw, text, errors)?),
        Keyword::Every
        | Keyword::Key
        | Keyword::For
        | Keyword::Verify
        | Keyword::Limit
        | Keyword::Storm
        | Keyword::Else
        | Keyword::Mode => {
            let mut pieces = Pieces::of(text, raw.value, errors);
            comments.append(&mut pieces.comments);
            let before = errors.len();
            let body = of_pieces(keyword, &mut pieces, errors);
            if errors.len() == before {
                pieces.end(keyword.usage(), errors);
            }
            body?
        }
    };
    let text = written_anew(&body).unwrap_or_else(|| raw.text.clone());
    Some((body, text))
}

/// Returns the canonical text of what is not kept as it was written.
fn written_anew(body: &Body) -> Option<String> {
    Some(match body {
        Body::Every(time) | Body::Verify(time) => written(*time),
        Body::Key(columns) if columns.is_empty() => "node".to_owned(),
        Body::Key(columns) => {
            let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
            names.join(", ")
        }
        Body::For(hold) => hold_text(*hold),
        Body::Collect(command) | Body::Do(command) => command.text(),
        Body::Limit(limits) => {
            let texts: Vec<String> = limits.iter().map(Limit::text).collect();
            texts.join(", ")
        }
        Body::Storm(storm) => storm_text(*storm),
        Body::Else(escalation) if escalation.text.is_empty() => format!("page {}", escalation.page),
        Body::Else(escalation) => {
            let quote = if escalation.text.contains('"') {
                '\''
            } else {
                '"'
            };
            format!("page {} {quote}{}{quote}", escalation.page, escalation.text)
        }
        Body::Mode(mode) => mode.as_str().to_owned(),
        Body::Owner(text) | Body::Runbook(text) => text.clone(),
        Body::On(_) | Body::Version(_) | Body::When(_) | Body::Clear(..) | Body::Note(_) => {
            return None;
        }
    })
}

fn of_pieces(
    keyword: Keyword,
    pieces: &mut Pieces<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Body> {
    Some(match keyword {
        Keyword::Every => Body::Every(duration(pieces, SECOND, AUTOMATION_DURATION_MAX, errors)?),
        Keyword::Verify => Body::Verify(duration(pieces, SECOND, AUTOMATION_DURATION_MAX, errors)?),
        Keyword::For => Body::For(hold(pieces, errors)?),
        Keyword::Key => Body::Key(key(pieces, errors)?),
        Keyword::Limit => {
            let mut all = limits(pieces, errors);
            all.sort_by_key(Limit::order);
            Body::Limit(all)
        }
        Keyword::Storm => Body::Storm(storm(pieces, errors)?),
        Keyword::Else => Body::Else(escalation(pieces, errors)?),
        Keyword::Mode => Body::Mode(mode(pieces, errors)?),
        Keyword::On
        | Keyword::Version
        | Keyword::When
        | Keyword::Clear
        | Keyword::Collect
        | Keyword::Do
        | Keyword::Owner
        | Keyword::Runbook
        | Keyword::Note => return None,
    })
}

fn mode(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Mode> {
    let found = Mode::ALL.into_iter().find(|m| pieces.word(m.as_str()));
    if found.is_none() {
        let known = Mode::ALL.map(Mode::as_str);
        let near = pieces.peek().and_then(|p| did_you_mean(p.text, known));
        errors.push(pieces.wrong("`observe`, `ask` or `act`").help_opt(near));
    }
    found
}

fn key(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Vec<Ident>> {
    let mut columns: Vec<Ident> = Vec::new();
    loop {
        let Some(piece) = pieces.peek().filter(|p| !p.is_quoted && p.text != ",") else {
            errors.push(pieces.wrong("a column, or `node`"));
            return None;
        };
        pieces.take();
        let name = piece.text.trim_matches('`');
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(inside) {
            let message = format!("`{name}` is no column");
            errors.push(
                Diagnostic::new(Code::Unexpected, piece.span, message)
                    .label("expected a column")
                    .help("columns have letters, digits and `_`"),
            );
            return None;
        }
        if columns.iter().any(|c| c.name == name) {
            let message = format!("`{name}` is named twice");
            errors.push(Diagnostic::new(Code::Twice, piece.span, message).label("a second time"));
        }
        columns.push(Ident {
            name: name.to_owned(),
            span: piece.span,
        });
        if columns.len() > AUTOMATION_KEYS_MAX {
            let message = format!("a key has at most {AUTOMATION_KEYS_MAX} columns");
            errors.push(Diagnostic::new(Code::TooMany, piece.span, message).label("one too many"));
            return None;
        }
        if !pieces.word(",") {
            break;
        }
    }
    let node = columns.iter().find(|c| c.name == "node").cloned();
    match node {
        Some(node) if columns.len() > 1 => {
            errors.push(
                Diagnostic::new(
                    Code::Unexpected,
                    node.span,
                    "every key is one of a node already",
                )
                .label("leave it out"),
            );
            None
        }
        Some(_) => Some(Vec::new()),
        None => Some(columns),
    }
}

fn escalation(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Escalation> {
    if !pieces.word("page") {
        let near = pieces.peek().map(|p| match did_you_mean(p.text, ["page"]) {
            Some(near) => near,
            None => format!("did you mean `page {}`?", p.text),
        });
        errors.push(pieces.wrong("`page NAME`").help_opt(near));
        return None;
    }
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_name = |text: &str| !text.is_empty() && text.len() <= 64 && text.chars().all(fits);
    let Some(name) = pieces.peek().filter(|p| !p.is_quoted && is_name(p.text)) else {
        let help = "a name out of the keeper's file of channels: `page db-oncall`";
        errors.push(pieces.wrong("whom to page").help(help));
        return None;
    };
    pieces.take();
    let text = match pieces.peek() {
        Some(piece) if piece.is_quoted && !piece.text.contains('\n') => {
            pieces.take();
            piece.text.to_owned()
        }
        Some(_) => {
            errors.push(pieces.wrong("a text in quotes, in one line, or the end"));
            return None;
        }
        None => String::new(),
    };
    Some(Escalation {
        page: name.text.to_owned(),
        text,
    })
}

fn on(
    raw: &RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
    comments: &mut Vec<String>,
) -> Option<(Body, String)> {
    // Selectors have no comments of their own.
    let value = raw.value.of(text);
    let marks = value.match_indices('#').map(|(at, _)| at);
    let mut marks = marks.filter(|&at| value[..at].ends_with(char::is_whitespace));
    let end = marks.next().map_or(raw.value.end, |at| {
        raw.value.start + value[..at].trim_end().len()
    });
    let mut behind = Pieces::of(text, Span::new(end, raw.value.end), errors);
    comments.append(&mut behind.comments);
    behind.end(Keyword::On.usage(), errors);
    let part = within::selector(text, Span::new(raw.value.start, end), words);
    let before = errors.len();
    errors.extend(part.diagnostics);
    if errors.len() == before && part.at < end {
        let span = Span::new(part.at, end);
        errors.push(
            Diagnostic::new(Code::Unexpected, span, "expected a selector alone")
                .label("not this")
                .help("what is looked at stands behind `when`"),
        );
    }
    let written = part.value.span.of(text).trim().trim_start_matches('@');
    let lines: Vec<&str> = written.lines().map(str::trim).collect();
    Some((Body::On(part.value), format!("@{}", lines.join(" "))))
}

/// Reads a line that asks for rows.
fn line(
    keyword: Keyword,
    raw: &RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
) -> Option<QueryLine> {
    let parsed = within::line(text, raw.value, words);
    let before = errors.len();
    errors.extend(parsed.diagnostics);
    if let Completeness::Incomplete(open) = parsed.completeness {
        errors.push(
            Diagnostic::new(
                Code::Incomplete,
                Span::at(raw.value.end),
                format!("the line ends {open}"),
            )
            .label("expected more")
            .help("lines that are indented deeper go on with it"),
        );
    }
    match parsed.line {
        Some(Line::Query(query)) => return Some(query),
        Some(Line::Nothing | Line::Local(_) | Line::Scope(_) | Line::Shell(_)) | None => {}
    }
    if errors.len() == before {
        let message = format!(
            "`{}` wants a line that asks nodes for rows",
            keyword.as_str()
        );
        errors.push(
            Diagnostic::new(Code::DoesNotFit, raw.value, message)
                .label("this asks no node")
                .help("a Linux command, `metric NAME` or `facts`, and `|> where …` behind it"),
        );
    }
    None
}

fn clear(
    raw: &RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
    comments: &mut Vec<String>,
) -> Option<(Body, String)> {
    let mut rest = raw.value;
    let first = rest.of(text).split_whitespace().next();
    let expr = if first == Some("for") {
        None
    } else {
        let part = within::expression(text, raw.value, words);
        let before = errors.len();
        errors.extend(part.diagnostics);
        if let Some(open) = part.open {
            let end = Span::at(raw.value.end);
            let message = format!("the clause ends {open}");
            errors.push(Diagnostic::new(Code::Incomplete, end, message).label("expected more"));
        }
        if errors.len() > before {
            return None;
        }
        rest = Span::new(part.at, raw.value.end);
        Some(part.value)
    };
    let mut pieces = Pieces::of(text, rest, errors);
    let held = if pieces.word("for") {
        Some(hold(&mut pieces, errors)?)
    } else {
        None
    };
    pieces.end(Keyword::Clear.usage(), errors);
    let expr_text = expr.as_ref().map(|e| e.span.of(text));
    if expr_text.is_some_and(|text| joined(text).is_none()) {
        return Some((Body::Clear(expr, held), raw.text.clone()));
    }
    comments.append(&mut pieces.comments);
    let expr_text = expr_text.and_then(joined);
    let held_text = held.map(|h| format!("for {}", hold_text(h)));
    let parts: Vec<String> = expr_text.into_iter().chain(held_text).collect();
    Some((Body::Clear(expr, held), parts.join(" ")))
}

/// Puts several lines into one; `None` where a comment or a quoted text would change by that.
fn joined(text: &str) -> Option<String> {
    if !text.contains('\n') {
        return Some(text.to_owned());
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    (!text.contains(['#', '\'', '"', '\\'])).then(|| lines.join(" "))
}

/// Lines without their indent.
fn note(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("\n")
}

fn one_line(
    keyword: Keyword,
    raw: &RawClause,
    text: &str,
    errors: &mut Vec<Diagnostic>,
) -> Option<String> {
    let value = raw.value.of(text).trim();
    let is_address = value.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !rest.is_empty()
    });
    let wrong = if value.contains('\n') {
        Some("is one line")
    } else if keyword == Keyword::Runbook && (!is_address || value.contains(char::is_whitespace)) {
        Some("is an address, such as `https://wiki.example/disk-full`")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        let message = format!("`{}` {wrong}", keyword.as_str());
        errors.push(Diagnostic::new(Code::Unexpected, raw.value, message).label("not this"));
        return None;
    }
    Some(value.to_owned())
}
