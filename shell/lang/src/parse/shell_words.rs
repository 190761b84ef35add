//! Lines for the shell itself, and the arguments of probes.

use super::{Parser, Style};
use crate::ast::{Ident, Line, Quantity, SetKind, ShellLine, Source};
use crate::diagnostic::{Code, Diagnostic};
use crate::file_format::{FileFormat, FileUse};
use crate::lexer::shell_scan;
use crate::lexer::token::{self, Token};
use crate::nearest::did_you_mean;
use crate::retry::{NoRetry, Retry};
use crate::run_name::RunName;
use crate::span::Span;
use crate::words::Word;

impl Parser<'_> {
    pub(super) fn shell_line(&mut self, word: &'static Word, span: Span) -> Option<Line> {
        self.style(span, Style::ShellWord);
        self.at = span.end;
        let name = Ident {
            name: word.name.to_owned(),
            span,
        };
        let args = match word.name {
            "explain" => self.explain_args(span)?,
            "detached" => self.detached_args(span)?,
            "let" => self.let_args(word, span)?,
            "retry" => self.retry_args(word, span)?,
            _ => self.plain_args(word, span)?,
        };
        Some(Line::Shell(ShellLine { word: name, args }))
    }

    /// `explain LINE`: the line is read too, so that its mistakes show while it is typed.
    fn explain_args(&mut self, span: Span) -> Option<Vec<String>> {
        self.skip_blanks();
        let start = self.at;
        if self.rest().is_empty() || self.explaining {
            self.does_not_fit("explain", span);
            self.at = self.text.len();
            return None;
        }
        self.explaining = true;
        self.line();
        self.explaining = false;
        self.at = self.text.len();
        Some(vec![self.text[start..].trim_end().to_owned()])
    }

    /// `detached LINE`, where the line asks nodes.
    fn detached_args(&mut self, span: Span) -> Option<Vec<String>> {
        self.skip_blanks();
        let start = self.at;
        let n_mistakes = self.diagnostics.len();
        let inner = if self.rest().is_empty() || self.detaching {
            None
        } else {
            self.detaching = true;
            let inner = self.line();
            self.detaching = false;
            inner
        };
        self.at = self.text.len();
        if !matches!(inner, Some(Line::Query(_))) && self.diagnostics.len() == n_mistakes {
            self.does_not_fit("detached", span);
            return None;
        }
        Some(vec![self.text[start..].trim_end().to_owned()])
    }

    /// `let`, `let NAME`, `let NAME = LINE`.
    fn let_args(&mut self, word: &'static Word, span: Span) -> Option<Vec<String>> {
        let name = self.peek();
        let text = match &name.token {
            Token::Word(text) => text.clone(),
            Token::End => return Some(Vec::new()),
            Token::Column(_)
            | Token::Str(_)
            | Token::Number(_)
            | Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::OpenQuote(_)
            | Token::Backslash
            | Token::Other(_) => return self.no_let(word, span),
        };
        self.take(&name, Style::Column);
        if self.rest().trim().is_empty() {
            return Some(vec![text]);
        }
        if self.symbol("=").is_none() {
            return self.no_let(word, span);
        }
        self.skip_blanks();
        let start = self.at;
        if self.rest().trim().is_empty() {
            self.error(
                Diagnostic::new(
                    Code::Missing,
                    name.span,
                    format!("`{text}` stands for what?"),
                )
                .label("a line or a selector is missing behind `=`")
                .help(format!("`unlet {text}` takes the name away")),
            );
            return None;
        }
        self.line();
        self.at = self.text.len();
        Some(vec![text, self.text[start..].trim_end().to_owned()])
    }

    fn no_let<T>(&mut self, word: &'static Word, span: Span) -> Option<T> {
        self.does_not_fit(word.name, span);
        self.at = self.text.len();
        None
    }

    /// `retry $3`, `retry $3.failed`.
    fn retry_args(&mut self, word: &'static Word, span: Span) -> Option<Vec<String>> {
        let args = self.plain_args(word, span)?;
        let Some(Err(NoRetry::Set(set))) = args.first().map(|named| Retry::of(named)) else {
            return Some(args);
        };
        let at = self.text[span.end..]
            .find('.')
            .map_or(span.end, |n| span.end + n + 1);
        self.error(
            Diagnostic::new(
                Code::UnknownSet,
                Span::new(at, at + set.len()),
                format!("no set of a result is called `{set}`"),
            )
            .label("unknown set")
            .help(did_you_mean(&set, SetKind::names()).unwrap_or_else(|| {
                format!(
                    "the sets are {}",
                    SetKind::names().collect::<Vec<_>>().join(", ")
                )
            })),
        );
        None
    }

    /// Words and flags, unquoted as the shell does it; nothing that a shell would act on.
    fn plain_args(&mut self, word: &'static Word, span: Span) -> Option<Vec<String>> {
        let scan = shell_scan::scan(self.text, span.start);
        self.at = self.text.len();
        if let Some(open) = scan.open {
            self.open = Some(open);
            return None;
        }
        if !scan.diagnostics.is_empty() {
            self.diagnostics.extend(scan.diagnostics);
            return None;
        }
        let mut args = Vec::new();
        for token in scan.tokens.iter().skip(1) {
            let plain = token.kind == shell_scan::ShellTokenKind::Argument && token.depth == 0;
            let comment = token.kind == shell_scan::ShellTokenKind::Comment;
            let end_of_line =
                token.span.of(self.text) == "\n" && self.text[token.span.end..].trim().is_empty();
            if comment {
                self.style(token.span, Style::Comment);
            } else if plain {
                args.push(shell_scan::unquote(token.span.of(self.text)));
            } else if !end_of_line {
                self.does_not_fit(word.name, token.span);
                return None;
            }
        }
        if let Some(pipe) = scan.pipe {
            self.does_not_fit(word.name, pipe);
            return None;
        }
        let (least, most) = arity(word.name);
        if args.len() < least || args.len() > most || !shape_fits(word.name, &args) {
            self.does_not_fit(word.name, Span::new(span.start, scan.end.max(span.end)));
            return None;
        }
        Some(args)
    }

    /// The arguments of a probe.
    pub(super) fn probe(&mut self, word: &str, span: Span) -> Option<Source> {
        match word {
            "metric" => self.probe_name(span).map(Source::Metric),
            "facts" => Some(Source::Facts(self.fact_columns())),
            "nodes" => Some(Source::Nodes),
            "events" => Some(Source::Events(self.since())),
            "automations" => Some(Source::Automations),
            "audit" => Some(Source::Audit(self.since())),
            _ => self.probe_file(span),
        }
    }

    fn probe_name(&mut self, span: Span) -> Option<Ident> {
        let next = self.peek();
        let (Token::Word(name) | Token::Str(name)) = &next.token else {
            self.missing_argument(span, "metric", "the name of a metric");
            return None;
        };
        let span = self.take(&next, Style::Column);
        Some(Ident {
            name: name.clone(),
            span,
        })
    }

    fn probe_file(&mut self, span: Span) -> Option<Source> {
        let next = token::next_raw(self.text, self.at);
        let (Token::Word(name) | Token::Str(name)) = &next.token else {
            self.missing_argument(span, "open", "the name of a file");
            return None;
        };
        let name = name.clone();
        let span = self.take(&next, Style::String);
        match FileFormat::of_file(&name, FileUse::Open) {
            Ok(format) => Some(Source::Open(Ident { name, span }, format)),
            Err(help) => {
                self.error(
                    Diagnostic::new(
                        Code::Unexpected,
                        span,
                        "the name of this file does not say in which format it is",
                    )
                    .label("which format?")
                    .help(format!("{help}; to run Linux's `open`, write `: open …`")),
                );
                None
            }
        }
    }

    fn missing_argument(&mut self, span: Span, word: &str, what: &str) {
        self.error(
            Diagnostic::new(Code::Missing, span, format!("`{word}` wants {what}"))
                .label("behind this")
                .help(format!("to run Linux's `{word}`, write `: {word} …`")),
        );
    }

    fn fact_columns(&mut self) -> Vec<Ident> {
        let mut columns = Vec::new();
        while let (Token::Word(name) | Token::Column(name), next) = (self.peek().token, self.peek())
        {
            let span = self.take(&next, Style::Column);
            columns.push(Ident { name, span });
            if self.symbol(",").is_none() {
                break;
            }
        }
        columns
    }

    fn since(&mut self) -> Option<Quantity> {
        self.keyword("since")?;
        let next = self.peek();
        if let Token::Number(text) = &next.token {
            let span = self.take(&next, Style::Number);
            return Some(Quantity {
                text: text.clone(),
                span,
            });
        }
        self.error(
            Diagnostic::new(Code::BadNumber, next.span, "`since` wants a duration")
                .label("expected one, such as `1h`"),
        );
        None
    }
}

/// The least and the most number of arguments.
fn arity(word: &str) -> (usize, usize) {
    match word {
        "scope" | "results" | "quit" | "exit" => (0, 0),
        "jobs" => (0, 2),
        "help" | "cancel" => (0, 1),
        "mute" | "pause" | "approve" | "reject" | "settle" => (1, 2),
        "resume" => (1, 1),
        "unmute" | "unlet" | "source" | "retry" | "request" => (1, 1),
        "promote" => (1, usize::MAX),
        // `set`, `plan`, `apply` and `history`.
        _ => (0, usize::MAX),
    }
}

/// What arity alone cannot tell: `cancel` takes a number, and `set -e` is Linux's.
fn shape_fits(word: &str, args: &[String]) -> bool {
    let first = args.first().map(String::as_str);
    match word {
        "cancel" => first.is_none_or(is_run),
        "retry" => first.is_some_and(|a| Retry::of(a) != Err(NoRetry::Shape)),
        "jobs" => match args {
            [] => true,
            [word] => word == "attach" || word == "all",
            // Whether there is such a run is found out when it is looked for.
            [word, run, ..] => word == "attach" && !run.starts_with('-'),
        },
        "history" => args
            .iter()
            .all(|a| !a.starts_with('-') || ["--failed", "--here"].contains(&a.as_str())),
        "set" => first
            .is_none_or(|a| a.starts_with(|c: char| c.is_ascii_alphabetic()) && !a.contains('=')),
        "promote" | "mute" | "unmute" | "unlet" | "source" | "request" => {
            first.is_some_and(|a| !a.starts_with('-'))
        }
        "pause" | "resume" => first == Some("--all"),
        "plan" | "apply" => first.is_some(),
        "approve" | "reject" | "settle" => first.is_some_and(|a| !a.starts_with('-')),
        _ => true,
    }
}

/// Whether a text names a run: the number of one in the background, or the beginning of a detached
/// one's id.
fn is_run(text: &str) -> bool {
    RunName::of(text).is_some()
}
