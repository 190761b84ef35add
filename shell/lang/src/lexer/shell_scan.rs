//! Reads a Linux command as a POSIX shell would, far enough to know where it ends.
//!
//! It finds the first `|>` that is unquoted and at depth zero: outside quotes, `$(…)`, `${…}`,
//! backquotes, heredocs, comments and compounds. It never changes or judges the command otherwise:
//! what is wrong in it, the shell on the node says. It keeps a stack instead of recursing, so that
//! no text can exhaust the program's own.

use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Open;
use crate::span::Span;

/// A command as far as it goes.
#[derive(Debug, Clone, Default)]
pub struct ShellScan {
    /// Where the command ends: at a `|>` or at the end of the text.
    pub end: usize,
    /// The `|>` that ended it.
    pub pipe: Option<Span>,
    /// Words and operators in order.
    pub tokens: Vec<ShellToken>,
    /// The quoted parts of words.
    pub quoted: Vec<Span>,
    /// What is still open at the end.
    pub open: Option<Open>,
    /// Forms that `/bin/sh` would misread, and `|>` gone wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// One word or operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShellToken {
    /// What it is.
    pub kind: ShellTokenKind,
    /// Where it is.
    pub span: Span,
    /// How many quotes, substitutions and compounds are around it.
    pub depth: usize,
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellTokenKind {
    /// The word that names what is run.
    Command,
    /// A reserved word.
    Keyword,
    /// `NAME=value` before a command.
    Assignment,
    /// Any other word.
    Argument,
    /// The word behind a redirect.
    Target,
    /// `|`, `&&`, `;`, a newline between commands …
    Operator,
    /// `>`, `<<` …
    Redirect,
    /// `# …`.
    Comment,
}

/// Scans from byte `start` to the first fleet pipe or the end.
#[must_use]
pub fn scan(text: &str, start: usize) -> ShellScan {
    let mut s = Scanner {
        text,
        at: start,
        here: Here::default(),
        frames: Vec::new(),
        heredocs: Vec::new(),
        heredoc_open: None,
        after: None,
        open_quote: None,
        backslash: false,
        out: ShellScan::default(),
    };
    s.run();
    s.finish()
}

/// Removes quotes and backslashes from a word, as far as that needs no evaluation.
#[must_use]
pub fn unquote(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None | Some('"'), '\\') => out.extend(chars.next().filter(|&c| c != '\n')),
            _ => out.push(c),
        }
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    DoubleQuote(usize),
    Param,
    Arith(usize),
    CommandSub(Here),
    Backtick(Here),
    Paren,
    /// Counts the words of a `for` until its `do`.
    Loop(&'static str, Option<usize>),
    If,
    Case(CaseAt),
    Brace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CaseAt {
    Subject,
    In,
    Pattern,
    Body,
}

/// Where in a simple command the scanner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Here {
    command_next: bool,
    assigned: bool,
    /// The next word belongs to a redirect; `Some(Some(strip))` for a heredoc.
    redirect: Option<Option<bool>>,
    word: Option<usize>,
    word_quoted: bool,
}

impl Default for Here {
    fn default() -> Self {
        Self {
            command_next: true,
            assigned: false,
            redirect: None,
            word: None,
            word_quoted: false,
        }
    }
}

struct Heredoc {
    delimiter: String,
    strip: bool,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    here: Here,
    frames: Vec<Frame>,
    heredocs: Vec<Heredoc>,
    heredoc_open: Option<String>,
    /// An operator that wants something behind it.
    after: Option<&'static str>,
    open_quote: Option<char>,
    backslash: bool,
    out: ShellScan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() && self.out.pipe.is_none() {
            match self.frames.last().copied() {
                Some(Frame::DoubleQuote(from)) => self.in_double_quote(from),
                Some(Frame::Param) => self.in_param(),
                Some(Frame::Arith(depth)) => self.in_arith(depth),
                Some(
                    Frame::CommandSub(_)
                    | Frame::Backtick(_)
                    | Frame::Paren
                    | Frame::Loop(..)
                    | Frame::If
                    | Frame::Case(_)
                    | Frame::Brace,
                )
                | None => self.in_code(),
            }
        }
        if self.out.pipe.is_none() {
            self.end_word();
        }
    }

    fn finish(mut self) -> ShellScan {
        self.out.end = self.out.pipe.map_or(self.text.len(), |p| p.start);
        let frame = self.frames.last().map(|f| match f {
            Frame::DoubleQuote(_) => Open::Quote('"'),
            Frame::Param => Open::Bracket("${"),
            Frame::Arith(_) => Open::Bracket("$(("),
            Frame::CommandSub(_) => Open::Bracket("$("),
            Frame::Backtick(_) => Open::Quote('`'),
            Frame::Paren => Open::Bracket("("),
            Frame::Loop(word, _) => Open::Compound(word),
            Frame::If => Open::Compound("if"),
            Frame::Case(_) => Open::Compound("case"),
            Frame::Brace => Open::Compound("{"),
        });
        let pending = self.heredocs.first().map(|h| h.delimiter.clone());
        if let (Some(pipe), Some(_)) = (self.out.pipe, &pending) {
            self.out.diagnostics.push(
                Diagnostic::new(
                    Code::HeredocBeforePipe,
                    pipe,
                    "the text of the heredoc would stand behind this `|>`",
                )
                .label("the command is not over yet")
                .help("put `|>` on the line after the heredoc's end"),
            );
        }
        let heredoc = self.heredoc_open.take().or(pending).map(Open::Heredoc);
        self.out.open = if self.out.pipe.is_some() {
            None
        } else {
            self.open_quote
                .map(Open::Quote)
                .or_else(|| self.backslash.then_some(Open::Backslash))
                .or(heredoc)
                .or(frame)
                .or_else(|| self.after.map(Open::After))
        };
        self.out
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes()[self.at]
    }

    fn bump(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }

    fn token(&mut self, kind: ShellTokenKind, span: Span) {
        self.out.tokens.push(ShellToken {
            kind,
            span,
            depth: self.frames.len(),
        });
    }

    fn begin_word(&mut self, quoted: bool) {
        self.after = None;
        self.here.word.get_or_insert(self.at);
        self.here.word_quoted |= quoted;
    }

    /// Skips a `\` and what it quotes; `true` where it was a line continuation.
    fn backslash(&mut self) -> bool {
        self.at += 1;
        if self.at >= self.text.len() {
            self.backslash = true;
            return true;
        }
        let newline = self.byte() == b'\n';
        self.bump();
        // A continuation at the very end waits for its line.
        self.backslash = newline && self.at >= self.text.len();
        newline
    }

    fn in_double_quote(&mut self, from: usize) {
        match self.byte() {
            b'"' => {
                self.frames.pop();
                self.at += 1;
                self.out.quoted.push(Span::new(from, self.at));
            }
            b'\\' => {
                self.backslash();
                // The quote is what is open then.
                self.backslash = false;
            }
            b'$' => self.dollar(),
            b'`' => self.backtick(),
            _ => self.bump(),
        }
    }

    fn in_param(&mut self) {
        match self.byte() {
            b'}' => {
                self.frames.pop();
                self.at += 1;
            }
            b'\'' if !self.in_quotes() => self.single_quote(),
            b'"' => self.double_quote(),
            b'\\' => {
                self.backslash();
            }
            b'$' => self.dollar(),
            b'`' => self.backtick(),
            _ => self.bump(),
        }
    }

    /// Whether double quotes are around this place, where a single quote is a character like others.
    fn in_quotes(&self) -> bool {
        self.frames
            .iter()
            .any(|f| matches!(f, Frame::DoubleQuote(_)))
    }

    fn in_arith(&mut self, depth: usize) {
        match self.byte() {
            b'(' => self.set_top(Frame::Arith(depth + 1)),
            b')' if depth == 1 => {
                self.frames.pop();
            }
            b')' => self.set_top(Frame::Arith(depth - 1)),
            b'\'' => return self.single_quote(),
            b'"' => return self.double_quote(),
            b'$' => return self.dollar(),
            b'`' => return self.backtick(),
            b'\\' => {
                self.backslash();
                return;
            }
            _ => return self.bump(),
        }
        self.at += 1;
    }

    fn in_code(&mut self) {
        match self.byte() {
            b' ' | b'\t' | b'\r' => {
                self.end_word();
                self.at += 1;
            }
            b'\n' => self.newline(),
            b'#' if self.here.word.is_none() => {
                let end = self
                    .rest()
                    .find('\n')
                    .map_or(self.text.len(), |n| self.at + n);
                self.token(ShellTokenKind::Comment, Span::new(self.at, end));
                self.at = end;
            }
            b'\'' => self.single_quote(),
            b'"' => self.double_quote(),
            b'\\' => {
                let word = self.here.word;
                self.begin_word(true);
                if self.backslash() && word.is_none() {
                    self.here.word = None;
                    self.here.word_quoted = false;
                }
            }
            b'`' => self.backtick(),
            b'$' => self.dollar(),
            b'(' | b')' | b';' | b'&' | b'|' | b'<' | b'>' => self.operator(),
            _ => {
                self.begin_word(false);
                self.bump();
            }
        }
    }

    fn single_quote(&mut self) {
        self.begin_word(true);
        let from = self.at;
        match self.text[from + 1..].find('\'') {
            Some(n) => self.at = from + n + 2,
            None => {
                self.open_quote = Some('\'');
                self.at = self.text.len();
            }
        }
        self.out.quoted.push(Span::new(from, self.at));
    }

    fn double_quote(&mut self) {
        self.begin_word(true);
        self.frames.push(Frame::DoubleQuote(self.at));
        self.at += 1;
    }

    fn dollar(&mut self) {
        self.begin_word(false);
        let (frame, length) = if self.rest().starts_with("$((") {
            (Frame::Arith(2), 3)
        } else if self.rest().starts_with("$(") {
            let outside = std::mem::take(&mut self.here);
            (Frame::CommandSub(outside), 2)
        } else if self.rest().starts_with("${") {
            (Frame::Param, 2)
        } else {
            self.at += 1;
            return;
        };
        self.frames.push(frame);
        self.at += length;
    }

    fn backtick(&mut self) {
        let open = self
            .frames
            .iter()
            .rposition(|f| matches!(f, Frame::Backtick(_)));
        if let Some(index) = open {
            self.end_word();
            if let Some(Frame::Backtick(outside)) = self.frames.get(index).copied() {
                self.here = outside;
            }
            self.frames.truncate(index);
        } else {
            self.begin_word(true);
            let outside = std::mem::take(&mut self.here);
            self.frames.push(Frame::Backtick(outside));
        }
        self.after = None;
        self.at += 1;
    }

    fn newline(&mut self) {
        self.end_word();
        self.at += 1;
        for heredoc in std::mem::take(&mut self.heredocs) {
            if !self.skip_heredoc(&heredoc) {
                self.heredoc_open = Some(heredoc.delimiter);
                self.at = self.text.len();
                return;
            }
        }
        self.token(ShellTokenKind::Operator, Span::new(self.at - 1, self.at));
        self.separator();
    }

    /// Moves behind the heredoc's text; `false` where its end is missing.
    fn skip_heredoc(&mut self, heredoc: &Heredoc) -> bool {
        while self.at < self.text.len() {
            let end = self
                .rest()
                .find('\n')
                .map_or(self.text.len(), |n| self.at + n);
            let line = &self.text[self.at..end];
            let line = if heredoc.strip {
                line.trim_start_matches('\t')
            } else {
                line
            };
            let found = line.trim_end_matches('\r') == heredoc.delimiter;
            self.at = (end + 1).min(self.text.len());
            if found {
                return true;
            }
        }
        false
    }

    /// After `;`, `&` or a newline: the head of a `for` is over, and a command comes next.
    fn separator(&mut self) {
        if let Some(Frame::Loop(word, Some(words))) = self.frames.last().copied()
            && words > 0
        {
            self.set_top(Frame::Loop(word, None));
        }
        self.here = Here::default();
        if matches!(
            self.frames.last(),
            Some(Frame::Loop(_, Some(_)) | Frame::Case(CaseAt::Subject | CaseAt::In))
        ) {
            self.here.command_next = false;
        }
    }

    fn set_top(&mut self, frame: Frame) {
        if let Some(top) = self.frames.last_mut() {
            *top = frame;
        }
    }
}

mod operators;
mod words;

#[cfg(test)]
mod tests;
