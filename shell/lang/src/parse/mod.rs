//! The parser: text to syntax tree, mistakes and highlighting in one pass.
//!
//! Parsing never fails. It returns what it understood, every mistake with its place, whether the
//! text is a whole line, and how each part of it is to be shown. The prompt's highlighter,
//! validator and completer, and the scripts' reader, all use this one parser.

mod expr;
mod habits;
mod line;
mod question;
mod selector;
mod shell_words;
mod verbs;
pub(crate) mod within;

pub(crate) use expr::number;

use std::collections::BTreeSet;

use crate::ast::Line;
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::shell_scan::{self, ShellScan, ShellTokenKind};
use crate::lexer::token::{self, Lexed, Token};
use crate::lexer::{Completeness, Open};
use crate::span::Span;

/// Names that change how a text is read. Empty is fine: then fewer mistakes are noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// The keys of labels in the fleet: `role=db uptime` is a mistake only where `role` is one.
    pub labels: BTreeSet<String>,
    /// The names of groups in the fleet.
    pub groups: BTreeSet<String>,
    /// The names of its sources of groups: only behind one is a `:` without blanks a part of a name.
    pub sources: BTreeSet<String>,
    /// Commands are for bash: what only bash understands is no mistake.
    pub is_bash: bool,
}

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What was understood; `None` where nothing was.
    pub line: Option<Line>,
    /// Every mistake, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the text is a whole line.
    pub completeness: Completeness,
    /// How parts of the text are to be shown: in order, and never overlapping.
    pub styles: Vec<(Span, Style)>,
}

impl Parsed {
    /// Whether the text is a whole line without mistakes.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.diagnostics.is_empty() && self.completeness == Completeness::Complete
    }
}

/// What a part of a text is, for highlighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// `@` and the operators of selectors, `:`.
    Selector,
    /// A node, a group or a pattern of names.
    NodeName,
    /// The key of a label.
    Label,
    /// `|>`, `|`, `=` …
    Operator,
    /// A fleet verb or a probe.
    Verb,
    /// `by`, `and`, `in`, the shell's `for` …
    Keyword,
    /// A number with or without unit.
    Number,
    /// Quoted text.
    String,
    /// A column.
    Column,
    /// A function.
    Function,
    /// What a Linux command runs.
    Command,
    /// `# …`.
    Comment,
    /// A word for the shell.
    ShellWord,
    /// `!cmd`.
    Local,
    /// What could not be understood.
    Error,
}

/// Reads one line, which may have several lines of text.
#[must_use]
pub fn parse(text: &str, words: &KnownNames) -> Parsed {
    let mut p = Parser::new(text, words);
    let line = p.line();
    p.finish(line)
}

/// Reads a selector alone, as a fleet file or a flag gives one; a leading `@` may be left out.
#[must_use]
pub fn parse_selector(text: &str, words: &KnownNames) -> (crate::ast::Selector, Vec<Diagnostic>) {
    let mut p = Parser::new(text, words);
    p.skip_blanks();
    if p.rest().starts_with('@') {
        p.at += 1;
    }
    let selector = p.selector();
    if p.diagnostics.is_empty() && !p.rest().trim().is_empty() {
        let span = Span::new(p.at, text.len());
        p.error(Diagnostic::new(
            Code::Unexpected,
            span,
            "expected a selector alone",
        ));
    }
    (selector, p.diagnostics)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    words: &'a KnownNames,
    diagnostics: Vec<Diagnostic>,
    styles: Vec<(Span, Style)>,
    open: Option<Open>,
    /// How many parentheses are around this place.
    depth: usize,
    /// Inside `explain`, which cannot explain itself.
    explaining: bool,
    /// The line is the argument of `detached`.
    detaching: bool,
}

/// Parentheses around one place, in selectors and expressions.
const DEPTH_MAX: usize = 32;

impl<'a> Parser<'a> {
    const fn new(text: &'a str, words: &'a KnownNames) -> Self {
        Self {
            text,
            at: 0,
            words,
            diagnostics: Vec::new(),
            styles: Vec::new(),
            open: None,
            depth: 0,
            explaining: false,
            detaching: false,
        }
    }

    fn finish(mut self, line: Option<Line>) -> Parsed {
        self.diagnostics.sort_by_key(|d| d.span);
        self.diagnostics.dedup();
        for d in &self.diagnostics {
            self.styles.push((d.span, Style::Error));
        }
        Parsed {
            line,
            diagnostics: self.diagnostics,
            completeness: self
                .open
                .map_or(Completeness::Complete, Completeness::Incomplete),
            styles: flatten(self.styles),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn style(&mut self, span: Span, style: Style) {
        if !span.is_empty() {
            self.styles.push((span, style));
        }
    }

    /// Skips blanks, comments and continuations.
    fn skip_blanks(&mut self) {
        let (at, comment) = token::skip_blanks(self.text, self.at);
        if let Some(span) = comment {
            self.style(span, Style::Comment);
        }
        self.at = at;
    }

    fn peek(&self) -> Lexed {
        token::next(self.text, self.at)
    }

    /// Moves behind a token that was looked at.
    fn take(&mut self, lexed: &Lexed, style: Style) -> Span {
        self.skip_blanks();
        self.style(lexed.span, style);
        self.at = lexed.span.end;
        lexed.span
    }

    /// Takes the next token if it is this symbol.
    fn symbol(&mut self, symbol: &str) -> Option<Span> {
        let next = self.peek();
        matches!(&next.token, Token::Sym(s) if *s == symbol)
            .then(|| self.take(&next, Style::Operator))
    }

    /// Takes the next token if it is this keyword.
    fn keyword(&mut self, keyword: &str) -> Option<Span> {
        let next = self.peek();
        matches!(&next.token, Token::Word(w) if w == keyword)
            .then(|| self.take(&next, Style::Keyword))
    }

    /// Reads a command up to a fleet pipe or the end, and shows it.
    fn command(&mut self) -> ShellScan {
        let scan = shell_scan::scan(self.text, self.at);
        for token in &scan.tokens {
            let style = match token.kind {
                ShellTokenKind::Command => Style::Command,
                ShellTokenKind::Keyword => Style::Keyword,
                ShellTokenKind::Operator | ShellTokenKind::Redirect => Style::Operator,
                ShellTokenKind::Comment => Style::Comment,
                ShellTokenKind::Assignment | ShellTokenKind::Argument | ShellTokenKind::Target => {
                    continue;
                }
            };
            self.style(token.span, style);
        }
        for &span in &scan.quoted {
            self.style(span, Style::String);
        }
        let is_fine = |d: &Diagnostic| self.words.is_bash && d.code == Code::BashOnly;
        let mistakes = scan.diagnostics.iter().filter(|d| !is_fine(d));
        self.diagnostics.extend(mistakes.cloned());
        if let Some(open) = &scan.open {
            self.open = Some(open.clone());
        }
        self.at = scan.end;
        scan
    }
}

/// Makes styles disjoint: where two overlap, the later one wins for its part.
fn flatten(styles: Vec<(Span, Style)>) -> Vec<(Span, Style)> {
    let mut edges: Vec<usize> = styles.iter().flat_map(|(s, _)| [s.start, s.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut by_edge: Vec<Option<Style>> = vec![None; edges.len()];
    for (span, style) in styles {
        let from = edges.partition_point(|&e| e < span.start);
        let to = edges.partition_point(|&e| e < span.end);
        by_edge[from..to].fill(Some(style));
    }
    let mut out: Vec<(Span, Style)> = Vec::new();
    for (pair, style) in edges.windows(2).zip(by_edge) {
        let Some(style) = style else { continue };
        match out.last_mut() {
            Some((last, s)) if *s == style && last.end == pair[0] => last.end = pair[1],
            _ => out.push((Span::new(pair[0], pair[1]), style)),
        }
    }
    out
}
