//! A file to clauses: which lines belong together, and which comments to which clause.

use super::keyword::{Keyword, ValueKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Completeness;
use crate::lexer::shell_scan;
use crate::parse::{KnownNames, within};
use crate::span::{Ident, Span};

/// How far in the canonical form writes what stands behind a keyword, and lines that go on with it.
pub(super) const VALUE_INDENT: usize = 10;

/// Lines of one clause.
const LINES_MAX: usize = 256;

/// Bytes that are read to find out where clauses end: reading a clause again with each of its lines
/// must not take longer than a person waits.
const FUEL: usize = 8 << 20;

/// A clause before its value is read.
#[derive(Debug, Clone)]
pub(super) struct RawClause {
    /// The first word.
    pub(super) word: Ident,
    /// What stands behind it, without blanks around it.
    pub(super) value: Span,
    /// The value with the lines that go on by their indent at their place.
    pub(super) text: String,
    /// The comments above it.
    pub(super) comments: Vec<String>,
    /// It stands at the margin.
    pub(super) is_head: bool,
}

/// A file's clauses, and the comments behind the last one.
#[derive(Debug, Clone, Default)]
pub(super) struct Clauses {
    pub(super) list: Vec<RawClause>,
    pub(super) comments: Vec<String>,
}

/// Splits a text into clauses.
pub(super) fn split(text: &str, words: &KnownNames, errors: &mut Vec<Diagnostic>) -> Clauses {
    let mut out = Clauses::default();
    let mut splitter = Splitter {
        text,
        words,
        fuel: FUEL,
    };
    let mut at = 0;
    while at < text.len() {
        let line = Line::at(text, at);
        at = line.next;
        if line.body.is_empty() {
            continue;
        }
        let body = line.body.of(text);
        if body.starts_with('#') {
            out.comments.push(body.to_owned());
            continue;
        }
        let length = body.find(is_blank).unwrap_or(body.len());
        let word = Span::new(line.body.start, line.body.start + length);
        // The lines of a misspelt clause go with it, and are not told one by one.
        let keyword = Keyword::by_name(word.of(text)).unwrap_or(Keyword::Note);
        let blanks = body[length..].len() - body[length..].trim_start().len();
        let start = word.end + blanks;
        let first = Extent {
            end: line.body.end.max(start),
            next: line.next,
            indented: Vec::new(),
        };
        let extent = if line.indent == 0 {
            first
        } else {
            splitter.extent(keyword, start, line.indent, first, errors)
        };
        at = extent.next;
        out.list.push(RawClause {
            word: Ident {
                name: word.of(text).to_owned(),
                span: word,
            },
            value: Span::new(start, extent.end),
            text: extent.laid_out(text, start),
            comments: std::mem::take(&mut out.comments),
            is_head: line.indent == 0,
        });
    }
    out
}

/// Whether a character stands between words of one line.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

/// One line of the text.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Without the blanks around it.
    body: Span,
    indent: usize,
    /// Where the next one begins.
    next: usize,
}

impl Line {
    fn at(text: &str, at: usize) -> Self {
        let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
        let line = &text[at..end];
        let indent = line.len() - line.trim_start_matches(is_blank).len();
        let trimmed = line.trim_end_matches(is_blank).len();
        Self {
            body: Span::new(at + indent, at + trimmed.max(indent)),
            indent,
            next: (end + 1).min(text.len()),
        }
    }
}

/// How far a clause goes.
#[derive(Debug, Clone)]
struct Extent {
    end: usize,
    next: usize,
    /// Where the bodies of those lines begin that belong to it by their indent alone, and where
    /// what is before them ends.
    indented: Vec<(usize, usize)>,
}

impl Extent {
    /// The value as the canonical form has it.
    fn laid_out(&self, text: &str, start: usize) -> String {
        let mut out = String::new();
        let mut from = start;
        for &(end, body) in &self.indented {
            out.push_str(Span::new(from, end.max(from)).of(text));
            out.push('\n');
            out.push_str(&" ".repeat(VALUE_INDENT));
            from = body;
        }
        out.push_str(Span::new(from, self.end.max(from)).of(text));
        out
    }
}

struct Splitter<'a> {
    text: &'a str,
    words: &'a KnownNames,
    fuel: usize,
}

impl Splitter<'_> {
    /// Adds the lines that a clause goes on in.
    fn extent(
        &mut self,
        keyword: Keyword,
        start: usize,
        indent: usize,
        first: Extent,
        errors: &mut Vec<Diagnostic>,
    ) -> Extent {
        let mut extent = first;
        // Where the clause stood before it went on because something was open.
        let mut before_open: Option<Extent> = None;
        for _ in 0..LINES_MAX {
            let is_open = self.is_open(keyword, Span::new(start, extent.end));
            if !is_open {
                before_open = None;
            }
            if extent.next >= self.text.len() {
                break;
            }
            let line = Line::at(self.text, extent.next);
            if is_open {
                before_open.get_or_insert_with(|| extent.clone());
                // What is open holds every character, blanks at the end of a line among them.
                let end = self.text[extent.next..line.next]
                    .trim_end_matches('\n')
                    .len();
                extent.end = extent.next + end;
            } else if !line.body.is_empty() && line.indent > indent {
                extent.indented.push((extent.end, line.body.start));
                extent.end = line.body.end;
            } else {
                return extent;
            }
            extent.next = line.next;
        }
        if extent.next < self.text.len() && before_open.is_none() {
            let message = format!("a clause has at most {LINES_MAX} lines");
            let help = "put what it runs into a script on the nodes";
            errors.push(Diagnostic::new(Code::TooMany, Span::at(start), message).help(help));
        }
        // Something that never closes must not hide the mistakes behind it.
        before_open.unwrap_or(extent)
    }

    fn is_open(&mut self, keyword: Keyword, span: Span) -> bool {
        let is_read = matches!(keyword.value(), ValueKind::Line | ValueKind::Command);
        if !is_read || self.fuel < span.len() || span.is_empty() {
            return false;
        }
        self.fuel -= span.len();
        match keyword.value() {
            ValueKind::Line => {
                let parsed = within::line(self.text, span, self.words);
                matches!(parsed.completeness, Completeness::Incomplete(_))
            }
            ValueKind::Command => {
                let scan = shell_scan::scan(&self.text[..span.end], span.start);
                scan.open.is_some()
            }
            ValueKind::Verbatim | ValueKind::Pieces | ValueKind::Text => false,
        }
    }
}
