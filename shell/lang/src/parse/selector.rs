//! Selectors: ClusterShell's algebra, plus labels, live states and results.
//!
//! Operators have no precedence: they apply from left to right. Because habit differs about `,`,
//! it must not stand beside another operator without parentheses.

use super::{DEPTH_MAX, Parser, Style};
use crate::ast::{Ident, ResultRef, Selector, SelectorKind, SetKind, SetOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::did_you_mean;
use crate::node_set::unfold::Pattern;
use crate::span::Span;

impl Parser<'_> {
    /// Reads a selector up to ` : ` or the end of the text.
    pub(super) fn selector(&mut self) -> Selector {
        let selector = self.selector_chain();
        self.blanks();
        let Some(c) = self.rest().chars().next() else {
            return selector;
        };
        let here = Span::new(self.at, self.at + c.len_utf8());
        if c == ':' {
            let before = self.text[..self.at].ends_with(char::is_whitespace);
            let after = self.rest()[1..]
                .chars()
                .next()
                .is_none_or(char::is_whitespace);
            if !(before && after) {
                let diagnostic = self.colon(&selector);
                let is_over = diagnostic.code == Code::BadSelector;
                self.error(diagnostic);
                if is_over {
                    let until = self.rest().find(" : ");
                    self.at = until.map_or(self.text.len(), |n| self.at + n);
                }
            }
            return selector;
        }
        let until = self
            .rest()
            .find(" : ")
            .map_or(self.text.len(), |n| self.at + n);
        let rest = Span::new(self.at, until);
        let diagnostic = if c == ')' {
            Diagnostic::new(Code::BadSelector, here, "`)` without `(`").label("here")
        } else if self.rest().starts_with("|>") || self.diagnostics.is_empty() {
            self.trailer(&selector, rest)
        } else {
            self.at = until;
            return selector;
        };
        self.error(diagnostic);
        self.at = until;
        selector
    }

    /// Blanks only: `#` is no comment inside a selector.
    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn selector_chain(&mut self) -> Selector {
        self.blanks();
        let start = self.at;
        let first = if self.rest().starts_with('!') {
            self.missing_left();
            Selector {
                kind: SelectorKind::All,
                span: Span::at(start),
            }
        } else {
            self.selector_atom()
        };
        let mut rest: Vec<(SetOp, Selector)> = Vec::new();
        loop {
            self.blanks();
            let op = match self.rest().chars().next() {
                Some(',') => SetOp::Union,
                Some('!') => SetOp::Difference,
                Some('&') => SetOp::Intersection,
                Some('^') => SetOp::SymmetricDifference,
                _ => break,
            };
            self.style(Span::new(self.at, self.at + 1), Style::Selector);
            self.at += 1;
            self.doubled(op);
            let operand = self.selector_atom();
            let failed = operand.kind == SelectorKind::Error;
            rest.push((op, operand));
            if failed {
                break;
            }
        }
        let end = rest.last().map_or(first.span.end, |(_, s)| s.span.end);
        let span = Span::new(start, end.max(start));
        if rest.is_empty() {
            return first;
        }
        self.mixed_operators(&first, &rest, span);
        Selector {
            kind: SelectorKind::Chain(Box::new(first), rest),
            span,
        }
    }

    fn missing_left(&mut self) {
        let span = Span::new(self.at, self.at + 1);
        let behind = self.rest()[1..].trim();
        let behind = behind.split(" : ").next().unwrap_or_default();
        self.error(
            Diagnostic::new(
                Code::BadSelector,
                span,
                "`!` takes nodes away from what stands before it",
            )
            .label("nothing stands before it")
            .help(format!("write `@all ! {behind}`")),
        );
    }

    fn mixed_operators(&mut self, first: &Selector, rest: &[(SetOp, Selector)], span: Span) {
        let commas = rest.iter().filter(|(op, _)| *op == SetOp::Union).count();
        let other = rest.iter().find(|(op, _)| *op != SetOp::Union);
        let Some((op, _)) = other.filter(|_| commas > 0) else {
            return;
        };
        let write = |s: &Selector| s.span.of(self.text).trim().to_owned();
        // From left to right, as ClusterShell reads it.
        let mut left = write(first);
        let mut last = None;
        for (op, s) in rest {
            let union = *op == SetOp::Union;
            if last.is_some_and(|l| l != union) {
                left = format!("({left})");
            }
            left = if union {
                format!("{left},{}", write(s))
            } else {
                format!("{left} {} {}", op.symbol(), write(s))
            };
            last = Some(union);
        }
        // With `,` applied last.
        let mut groups = vec![(write(first), 1)];
        for (op, s) in rest {
            match groups.last_mut() {
                Some((text, n)) if *op != SetOp::Union => {
                    *text = format!("{text} {} {}", op.symbol(), write(s));
                    *n += 1;
                }
                _ => groups.push((write(s), 1)),
            }
        }
        let parenthesised = |(t, n): (String, usize)| if n > 1 { format!("({t})") } else { t };
        let last: Vec<String> = groups.into_iter().map(parenthesised).collect();
        let mut ways = vec![left, commas_first(first, rest, &write), last.join(",")];
        ways.dedup();
        if ways.first() == ways.last() {
            ways.pop();
        }
        let ways: Vec<String> = ways.into_iter().map(|w| format!("`{w}`")).collect();
        self.error(
            Diagnostic::new(
                Code::MixedOperators,
                span,
                format!("`,` beside `{}` wants parentheses", op.symbol()),
            )
            .label("which of them comes first?")
            .help(format!("write {}", ways.join(" or "))),
        );
    }

    fn selector_atom(&mut self) -> Selector {
        self.blanks();
        let start = self.at;
        let kind = match self.rest().chars().next() {
            Some('(') => return self.selector_parentheses(),
            Some('/') => self.selector_regex(),
            Some('$') => self.selector_result(),
            Some('@') => self.selector_group(),
            Some(c) if is_name(c) || matches!(c, '[' | '*' | '?') => self.selector_name(),
            _ => {
                let diagnostic = self.no_selector();
                self.error(diagnostic);
                SelectorKind::Error
            }
        };
        Selector {
            kind,
            span: Span::new(start, self.at),
        }
    }

    fn selector_parentheses(&mut self) -> Selector {
        let open = Span::new(self.at, self.at + 1);
        self.style(open, Style::Selector);
        if self.depth >= DEPTH_MAX {
            self.error(Diagnostic::new(
                Code::TooMany,
                open,
                format!("more than {DEPTH_MAX} parentheses around one place"),
            ));
            self.at = self.text.len();
            return Selector {
                kind: SelectorKind::Error,
                span: open,
            };
        }
        self.at += 1;
        self.depth += 1;
        let mut inner = self.selector_chain();
        self.depth -= 1;
        self.blanks();
        if self.rest().starts_with(')') {
            self.style(Span::new(self.at, self.at + 1), Style::Selector);
            self.at += 1;
        } else if inner.kind != SelectorKind::Error {
            self.error(
                Diagnostic::new(Code::BadSelector, open, "`(` without `)`").label("opened here"),
            );
        }
        inner.span = Span::new(open.start, self.at);
        inner
    }

    /// `/regex/`; `\/` is a slash.
    fn selector_regex(&mut self) -> SelectorKind {
        let start = self.at;
        let mut chars = self.rest().char_indices().skip(1);
        let mut end = None;
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '/' => {
                    end = Some(start + at);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else {
            let span = Span::new(start, self.text.len());
            self.error(
                Diagnostic::new(Code::BadSelector, span, "`/` without a closing `/`")
                    .label("opened here"),
            );
            self.at = self.text.len();
            return SelectorKind::Error;
        };
        self.at = end + 1;
        self.style(Span::new(start, self.at), Style::String);
        let pattern = self.text[start + 1..end].replace("\\/", "/");
        if self.check_regex(&pattern, Span::new(start + 1, end)) {
            SelectorKind::Regex(pattern)
        } else {
            SelectorKind::Error
        }
    }

    /// Says why a pattern is no regular expression.
    pub(super) fn check_regex(&mut self, pattern: &str, span: Span) -> bool {
        let Err(e) = crate::pattern::regex(pattern) else {
            return true;
        };
        self.error(
            Diagnostic::new(
                Code::BadRegex,
                span,
                "this regular expression cannot be read",
            )
            .label(e),
        );
        false
    }

    /// `$3.failed`, `$.failed`.
    fn selector_result(&mut self) -> SelectorKind {
        let start = self.at;
        let rest = &self.rest()[1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[..digits].parse::<u32>();
        let behind = &rest[digits..];
        let kind = behind.strip_prefix('.').unwrap_or_default();
        let length = kind
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(kind.len());
        let name = &kind[..length];
        let dot = usize::from(behind.starts_with('.'));
        self.at = start + 1 + digits + dot + length;
        let span = Span::new(start, self.at);
        self.style(span, Style::NodeName);
        let result = match number {
            Ok(n) => ResultRef::Number(n),
            Err(_) if digits == 0 => ResultRef::Last,
            Err(_) => {
                self.error(
                    Diagnostic::new(Code::UnknownResult, span, "no result has so high a number")
                        .label("here"),
                );
                return SelectorKind::Error;
            }
        };
        if dot == 0 {
            return SelectorKind::Result(result, SetKind::Rows);
        }
        if let Some(kind) = SetKind::by_name(name) {
            return SelectorKind::Result(result, kind);
        }
        let all: Vec<&str> = SetKind::names().collect();
        let near = did_you_mean(name, all.iter().copied());
        let message = if name.is_empty() {
            format!("which nodes of `{result}` are meant?")
        } else {
            format!("a result has no nodes called `{name}`")
        };
        self.error(
            Diagnostic::new(Code::UnknownSet, span, message)
                .label("expected a state")
                .help(near.unwrap_or_else(|| format!("the sets are {}", all.join(", ")))),
        );
        SelectorKind::Error
    }

    fn selector_group(&mut self) -> SelectorKind {
        let start = self.at;
        let rest = &self.rest()[1..];
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += 1 + length;
        let span = Span::new(start, self.at);
        self.style(span, Style::NodeName);
        if length == 0 {
            self.error(
                Diagnostic::new(Code::BadSelector, span, "`@` without the name of a group")
                    .label("here"),
            );
            return SelectorKind::Error;
        }
        if let Some(kind) = self.selector_source(&rest[..length]) {
            return kind;
        }
        match &rest[..length] {
            "all" => SelectorKind::All,
            name => SelectorKind::Group(name.to_owned()),
        }
    }

    /// A name, a folded set, a glob, or the key of a label.
    fn selector_name(&mut self) -> SelectorKind {
        let start = self.at;
        let mut inside = false;
        let length = self
            .rest()
            .find(|c: char| {
                inside = (inside || c == '[') && c != ']';
                let bracketed = inside && (is_name(c) || matches!(c, '[' | ',' | '/'));
                !(bracketed || is_name(c) || matches!(c, '*' | '?' | ']'))
            })
            .unwrap_or_else(|| self.rest().len());
        // An opening bracket that never closes must not swallow the list behind it silently.
        self.at += length.max(1);
        let span = Span::new(start, self.at);
        let text = span.of(self.text);
        let plain = text.chars().all(is_name);
        if plain
            && let Some(kind) = self.selector_label(&Ident {
                name: text.to_owned(),
                span,
            })
        {
            return kind;
        }
        self.style(span, Style::NodeName);
        if let Some(kind) = self.selector_source(text) {
            return kind;
        }
        if text == "all" {
            return SelectorKind::All;
        }
        match Pattern::parse(text) {
            Ok(pattern) if text.contains(['*', '?']) => SelectorKind::Glob(pattern),
            Ok(pattern) => SelectorKind::Names(pattern),
            Err(e) => {
                let span = Span::new(start + e.start, start + e.end);
                let help = text
                    .contains("..")
                    .then(|| format!("write `{}`", text.replace("..", "-")));
                self.error(
                    Diagnostic::new(Code::BadSelector, span, e.reason)
                        .label("here")
                        .help_opt(help),
                );
                SelectorKind::Error
            }
        }
    }
}

/// A chain with parentheses around what its commas join.
fn commas_first(
    first: &Selector,
    rest: &[(SetOp, Selector)],
    write: &impl Fn(&Selector) -> String,
) -> String {
    let mut out = String::new();
    let mut list = vec![write(first)];
    let close = |out: &mut String, list: &[String]| match list {
        [one] => out.push_str(one),
        many => out.push_str(&format!("({})", many.join(","))),
    };
    for (op, s) in rest {
        if *op != SetOp::Union {
            close(&mut out, &list);
            list.clear();
            out.push_str(&format!(" {} ", op.symbol()));
        }
        list.push(write(s));
    }
    close(&mut out, &list);
    out
}

pub(in crate::parse) const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') || !c.is_ascii()
}

mod label;
mod source;
mod trailer;
