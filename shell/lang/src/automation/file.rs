//! The syntax tree of an automation's file.

use std::time::Duration;

use hailer_protocol::automation::{AutomationName, Escalation, Hold, Mode, Storm};
use hailer_protocol::limits::{AUTOMATION_CLAUSES_MAX, AUTOMATION_TEXT_MAX};

use super::clause;
use super::command::Command;
use super::keyword::{Keyword, ValueKind};
use super::limit::Limit;
use super::split::{RawClause, split};
use crate::ast::{ExprNode, QueryLine, Selector};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::{did_you_mean, nearest};
use crate::parse::KnownNames;
use crate::span::{Ident, Span};

/// One automation, as its file says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AutomationFile {
    /// Its name; `None` where the file has none.
    pub name: Option<(AutomationName, Span)>,
    /// What could be read, in the order of the text.
    pub clauses: Vec<Clause>,
    /// Keywords whose clause has a mistake, and so is not missing.
    pub(super) broken: Vec<Keyword>,
    /// Comments above its name.
    pub(super) head: Vec<String>,
    /// Comments behind the last clause.
    pub(super) tail: Vec<String>,
}

/// One clause.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// What it is about.
    pub keyword: Keyword,
    /// Where that word stands.
    pub span: Span,
    /// What it says.
    pub body: Body,
    /// Its value in the canonical form.
    pub(super) text: String,
    /// The comments above it.
    pub(super) comments: Vec<String>,
}

/// What a clause says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `on`.
    On(Selector),
    /// `version`; the line as it is kept.
    Version(QueryLine),
    /// `every`.
    Every(Duration),
    /// `when`.
    When(QueryLine),
    /// `key`; no column for the node.
    Key(Vec<Ident>),
    /// `for`.
    For(Hold),
    /// `clear`.
    Clear(Option<ExprNode>, Option<Hold>),
    /// `collect`.
    Collect(Command),
    /// `do`.
    Do(Command),
    /// `verify`.
    Verify(Duration),
    /// `limit`.
    Limit(Vec<Limit>),
    /// `storm`.
    Storm(Storm),
    /// `else`.
    Else(Escalation),
    /// `mode`.
    Mode(Mode),
    /// `owner`.
    Owner(String),
    /// `runbook`.
    Runbook(String),
    /// `note`.
    Note(String),
}

impl AutomationFile {
    /// Returns the clause of a keyword that stands once.
    #[must_use]
    pub fn clause(&self, keyword: Keyword) -> Option<&Clause> {
        self.clauses.iter().find(|c| c.keyword == keyword)
    }

    /// Whether there is such a clause, with or without a mistake.
    pub(super) fn has(&self, keyword: Keyword) -> bool {
        self.clause(keyword).is_some() || self.broken.contains(&keyword)
    }
}

/// Reads a file.
pub(super) fn parse(text: &str, words: &KnownNames) -> (AutomationFile, Vec<Diagnostic>) {
    let mut errors = Vec::new();
    let mut file = AutomationFile::default();
    if text.len() > AUTOMATION_TEXT_MAX {
        let message = format!(
            "the file has {} bytes, at most {AUTOMATION_TEXT_MAX} are allowed",
            text.len()
        );
        let start = Span::at(0);
        let help = "put what it runs into a script on the nodes";
        errors.push(Diagnostic::new(Code::TooMany, start, message).help(help));
        return (file, errors);
    }
    hidden(text, &mut errors);
    let clauses = split(text, words, &mut errors);
    file.tail = clauses.comments;
    let mut has_head = false;
    for (n, mut raw) in clauses.list.into_iter().enumerate() {
        if n > AUTOMATION_CLAUSES_MAX {
            let message = format!("an automation has at most {AUTOMATION_CLAUSES_MAX} clauses");
            errors
                .push(Diagnostic::new(Code::TooMany, raw.word.span, message).label("one too many"));
            break;
        }
        if raw.word.name == "automation" {
            let comments = std::mem::take(&mut raw.comments);
            head(&mut file, &raw, has_head, text, &mut errors);
            file.head.extend(comments);
            has_head = true;
            continue;
        }
        if !has_head && n == 0 {
            let message = "the file does not begin with `automation NAME`";
            errors.push(
                Diagnostic::new(Code::Missing, raw.word.span, message)
                    .label("before this")
                    .help("its name is that of the file: `automation disk-full` in disk-full.hail"),
            );
            has_head = true;
        }
        read_clause(&mut file, raw, text, words, &mut errors);
    }
    if !has_head {
        let message = "the file has no automation";
        errors.push(
            Diagnostic::new(Code::Missing, Span::at(text.trim_end().len()), message)
                .label("expected `automation NAME`"),
        );
    }
    errors.sort_by_key(|d| d.span);
    (file, errors)
}

/// `automation NAME`.
fn head(
    file: &mut AutomationFile,
    raw: &RawClause,
    is_second: bool,
    text: &str,
    errors: &mut Vec<Diagnostic>,
) {
    if is_second {
        errors.push(
            Diagnostic::new(Code::Twice, raw.word.span, "a file has one automation")
                .label("a second one")
                .help("put it into a file of its own, NAME.hail, so that a change to one is a change to one file"),
        );
        return;
    }
    if !raw.is_head {
        let message = "`automation` stands at the margin";
        errors.push(Diagnostic::new(Code::Unexpected, raw.word.span, message).label("indented"));
    }
    let value = raw.value.of(text);
    let (name, behind) = match value.split_once(char::is_whitespace) {
        Some((name, behind)) => (name, behind.trim_start()),
        None => (value, ""),
    };
    let comment = behind.starts_with('#');
    let span = Span::new(raw.value.start, raw.value.start + name.len());
    if name.is_empty() || name.starts_with('#') {
        let message = "`automation` wants a name";
        errors.push(Diagnostic::new(Code::Missing, raw.word.span, message).label("behind this"));
        return;
    }
    if !behind.is_empty() && !comment {
        let message = "a name is one word";
        errors.push(
            Diagnostic::new(Code::Unexpected, raw.value, message)
                .label("more than one")
                .help(format!(
                    "write `{}`",
                    value.split_whitespace().collect::<Vec<_>>().join("-")
                )),
        );
    }
    if comment {
        file.head.push(behind.to_owned());
    }
    match AutomationName::new(name) {
        Ok(name) => file.name = Some((name, span)),
        Err(error) => {
            errors.push(
                Diagnostic::new(Code::Unexpected, span, error.to_string()).label("expected a name"),
            );
        }
    }
}

fn read_clause(
    file: &mut AutomationFile,
    mut raw: RawClause,
    text: &str,
    words: &KnownNames,
    errors: &mut Vec<Diagnostic>,
) {
    let Some(keyword) = Keyword::by_name(&raw.word.name) else {
        let known = Keyword::ALL.into_iter().map(Keyword::as_str);
        // What was meant is not missing.
        let meant = nearest(&raw.word.name, known.clone()).and_then(Keyword::by_name);
        file.broken.extend(meant);
        let help = instead(&raw.word.name)
            .map(str::to_owned)
            .or_else(|| did_you_mean(&raw.word.name, known.clone()));
        errors.push(
            Diagnostic::new(
                Code::UnknownClause,
                raw.word.span,
                format!("no clause is called `{}`", raw.word.name),
            )
            .label("unknown clause")
            .help(help.unwrap_or_else(|| {
                format!("the clauses are {}", known.collect::<Vec<_>>().join(", "))
            })),
        );
        return;
    };
    if raw.is_head {
        let message = format!("`{}` stands at the margin", raw.word.name);
        errors.push(
            Diagnostic::new(Code::Unexpected, raw.word.span, message)
                .label("not indented")
                .help("indent clauses by two blanks, so that what goes on can be told from what begins"),
        );
    }
    if file.has(keyword) && !keyword.may_repeat() {
        let message = format!("`{}` is given twice", keyword.as_str());
        let in_one = match keyword.value() {
            ValueKind::Line => {
                Some("several conditions are one `where … and …`, or several automations")
            }
            ValueKind::Verbatim => Some("combine both in one: `@A,B`, `x and y`"),
            ValueKind::Command | ValueKind::Pieces | ValueKind::Text => None,
        };
        let help = in_one.map(str::to_owned);
        errors.push(
            Diagnostic::new(Code::Twice, raw.word.span, message)
                .label("a second time")
                .help_opt(help),
        );
        return;
    }
    let mut comments = std::mem::take(&mut raw.comments);
    let before = errors.len();
    let read = clause::read(keyword, &raw, text, words, errors, &mut comments);
    match read {
        Some((body, text)) if errors.len() == before => file.clauses.push(Clause {
            keyword,
            span: raw.word.span,
            body,
            text,
            comments,
        }),
        Some(_) | None => {
            file.broken.push(keyword);
            if errors.len() == before {
                let usage = format!("expected `{}`", keyword.usage());
                errors.push(Diagnostic::new(Code::Unexpected, raw.word.span, usage).label("here"));
            }
        }
    }
}

/// What is written here where other systems have another word.
fn instead(word: &str) -> Option<&'static str> {
    Some(match word {
        "if" | "where" | "condition" | "expr" | "alert" | "watch" => {
            "a condition is written `when LINE`"
        }
        "run" | "then" | "action" | "exec" | "remedy" => "a deed is written `do COMMAND`",
        "page" | "notify" | "escalate" => "whom to call is written `else page NAME`",
        "interval" => "the time between two looks is written `every 10s`",
        "scope" | "nodes" | "selector" | "hosts" => "the nodes are written `on @SELECTOR`",
        "timeout" => "a timeout stands at its command: `do --timeout 30s COMMAND`",
        "by" => "what tells the patients apart is written `key COLUMN`",
        "text" | "description" | "summary" | "doc" => "text for people is written `note TEXT`",
        _ => return None,
    })
}

/// Text that is not what it looks like has no place in a file that people review.
fn hidden(text: &str, errors: &mut Vec<Diagnostic>) {
    let is_hidden = |c: char| {
        let is_mark = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}');
        is_mark || c.is_control() && !matches!(c, '\n' | '\t' | '\r')
    };
    for (at, c) in text.char_indices().filter(|&(_, c)| is_hidden(c)).take(8) {
        let span = Span::new(at, at + c.len_utf8());
        let message = format!("the character U+{:04X} cannot be seen", u32::from(c));
        errors.push(
            Diagnostic::new(Code::Unexpected, span, message)
                .label("here")
                .help("take it out"),
        );
    }
}
