//! `do` and `collect`: flags, and a Linux command behind them.

use std::time::Duration;

use hailer_protocol::automation::{Collect, Deed};
use hailer_protocol::limits::{AUTOMATION_TIMEOUT_MAX, COMMAND_MAX, SIGNED_USER_MAX};

use super::keyword::Keyword;
use super::pieces::Piece;
use super::quantity::{of_piece, written};
use super::split::RawClause;
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::did_you_mean;
use crate::parse::{KnownNames, within};
use crate::span::Span;

/// After how long a deed is killed where nothing is said.
const DEED_TIMEOUT: Duration = Duration::from_secs(60);

/// After how long evidence is cut off where nothing is said: the deed waits for it.
const COLLECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A command with its flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// For `/bin/sh -c`.
    pub command: String,
    /// Where it stands.
    pub span: Span,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--as`.
    pub run_as: Option<String>,
    /// `--repeatable`.
    pub is_repeatable: bool,
}

impl Command {
    /// Makes a deed of it.
    pub(super) fn deed(&self) -> Deed {
        Deed {
            command: self.command.clone(),
            timeout: self.timeout.unwrap_or(DEED_TIMEOUT),
            run_as: self.run_as.clone(),
            is_repeatable: self.is_repeatable,
        }
    }

    /// Makes evidence of it.
    pub(super) fn collect(&self) -> Collect {
        Collect {
            command: self.command.clone(),
            timeout: self.timeout.unwrap_or(COLLECT_TIMEOUT),
        }
    }

    /// Writes it.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        if let Some(timeout) = self.timeout {
            out.push_str(&format!("--timeout {} ", written(timeout)));
        }
        if let Some(user) = &self.run_as {
            out.push_str(&format!("--as {user} "));
        }
        if self.is_repeatable {
            out.push_str("--repeatable ");
        }
        if self.command.starts_with('-') {
            out.push_str("-- ");
        }
        out.push_str(&self.command);
        out
    }
}

/// Reads a `do` or a `collect`.
pub(super) fn command(
    keyword: Keyword,
    raw: &RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
) -> Option<Command> {
    let before = errors.len();
    let mut out = Command {
        command: String::new(),
        span: raw.value,
        timeout: None,
        run_as: None,
        is_repeatable: false,
    };
    let mut at = raw.value.start;
    loop {
        let (word, next) = word(text, at, raw.value.end);
        if !word.text.starts_with('-') {
            break;
        }
        at = next;
        if word.text == "--" {
            break;
        }
        at = flag(keyword, word, at, raw.value.end, text, &mut out, errors);
    }
    out.span = Span::new(at, raw.value.end);
    if out.span.of(text).trim().is_empty() {
        let message = format!("`{}` wants a command", keyword.as_str());
        errors.push(
            Diagnostic::new(Code::Missing, raw.word.span, message)
                .label("behind this")
                .help(format!("it is written `{}`", keyword.usage())),
        );
        return None;
    }
    // The flags stand in the first line, which both spellings have alike.
    let flags = at - raw.value.start;
    out.command = raw
        .text
        .get(flags..)
        .unwrap_or_default()
        .trim_start()
        .to_owned();
    check(&out, text, words, errors);
    (errors.len() == before).then_some(out)
}

fn check(out: &Command, text: &str, words: &KnownNames, errors: &mut Vec<Diagnostic>) {
    let read = within::command(text, out.span, words);
    errors.extend(read.diagnostics);
    if let Some(open) = read.open {
        errors.push(
            Diagnostic::new(
                Code::Incomplete,
                Span::at(out.span.end),
                format!("the clause ends {open}"),
            )
            .label("expected more")
            .help("lines that are indented deeper go on with it"),
        );
    }
    if out.command.len() > COMMAND_MAX {
        let message = format!(
            "the command has {} bytes, at most {COMMAND_MAX} are allowed",
            out.command.len()
        );
        errors.push(Diagnostic::new(
            Code::TooMany,
            Span::at(out.span.start),
            message,
        ));
    }
}

/// The next word up to a blank, and where the one behind it begins. Line ends are no blanks: flags
/// stand in the line of their keyword.
fn word(text: &str, at: usize, end: usize) -> (Piece<'_>, usize) {
    let rest = Span::new(at, end).of(text);
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let is_blank = |c| matches!(c, ' ' | '\t');
    let behind = &rest[length..];
    let blanks = behind.len() - behind.trim_start_matches(is_blank).len();
    let piece = Piece {
        text: &rest[..length],
        span: Span::new(at, at + length),
        is_quoted: false,
    };
    (piece, at + length + blanks)
}

/// Reads one flag; returns where what is behind it begins.
fn flag(
    keyword: Keyword,
    flag: Piece<'_>,
    at: usize,
    end: usize,
    text: &str,
    out: &mut Command,
    errors: &mut Vec<Diagnostic>,
) -> usize {
    let (name, given) = match flag.text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag.text, None),
    };
    let known: &[&str] = if keyword == Keyword::Do {
        &["--timeout", "--as", "--repeatable"]
    } else {
        &["--timeout"]
    };
    if !known.contains(&name) {
        let message = format!("`{}` has no flag `{name}`", keyword.as_str());
        let help = did_you_mean(name, known.iter().copied());
        let help =
            help.unwrap_or_else(|| "`--` stands before a command that begins with `-`".to_owned());
        errors.push(
            Diagnostic::new(Code::Unexpected, flag.span, message)
                .label("this flag")
                .help(help),
        );
        return at;
    }
    let twice = match name {
        "--timeout" => out.timeout.is_some(),
        "--as" => out.run_as.is_some(),
        _ => out.is_repeatable,
    };
    if twice {
        let message = format!("`{name}` is given twice");
        errors.push(Diagnostic::new(Code::Twice, flag.span, message).label("a second time"));
    }
    if name == "--repeatable" {
        if given.is_some() {
            let message = "`--repeatable` takes no value";
            errors.push(Diagnostic::new(Code::Unexpected, flag.span, message).label("this flag"));
        }
        out.is_repeatable = true;
        return at;
    }
    let (value, at) = match given {
        Some(value) => (
            Piece {
                text: value,
                ..flag
            },
            at,
        ),
        None => word(text, at, end),
    };
    if value.text.is_empty() {
        let message = format!("`{name}` wants a value");
        errors.push(Diagnostic::new(Code::Missing, flag.span, message).label("this flag"));
        return at;
    }
    if name == "--timeout" {
        let second = Duration::from_secs(1);
        out.timeout = of_piece(value, value.text, second, AUTOMATION_TIMEOUT_MAX, errors);
    } else {
        out.run_as = user(value, errors);
    }
    at
}

fn user(piece: Piece<'_>, errors: &mut Vec<Diagnostic>) -> Option<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let is_user = piece.text.len() <= SIGNED_USER_MAX
        && piece.text.chars().all(inside)
        && !piece.text.starts_with('-');
    if !is_user {
        errors.push(
            Diagnostic::new(
                Code::Unexpected,
                piece.span,
                format!("`{}` is no user's name", piece.text),
            )
            .label("as whom?")
            .help(format!(
                "letters, digits, `_`, `-` and `.`, at most {SIGNED_USER_MAX}"
            )),
        );
    }
    is_user.then(|| piece.text.to_owned())
}
