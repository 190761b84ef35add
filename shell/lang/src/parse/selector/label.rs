//! Tests of labels inside selectors: `key=value`, `key!=value`, `key~regex`, `key in (a,b)`.

use crate::ast::{Ident, LabelTest, SelectorKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::{Parser, Style};
use crate::span::Span;

impl Parser<'_> {
    /// What stands behind a key, if the name is one.
    pub(super) fn selector_label(&mut self, key: &Ident) -> Option<SelectorKind> {
        let rest = self.rest();
        let behind = rest.trim_start();
        let blanks = rest.len() - behind.len();
        let op = ["!=", "!~", "==", "=~", "=", "~"]
            .into_iter()
            .find(|op| behind.starts_with(op));
        let in_list = behind
            .strip_prefix("in")
            .is_some_and(|b| b.trim_start().starts_with('('))
            && blanks > 0;
        let op = match op {
            Some(op) => op,
            None if in_list => "in",
            None => return None,
        };
        let op_span = Span::new(self.at + blanks, self.at + blanks + op.len());
        self.style(key.span, Style::Label);
        self.style(
            op_span,
            if in_list {
                Style::Keyword
            } else {
                Style::Operator
            },
        );
        self.at = op_span.end;
        if matches!(op, "!~" | "==" | "=~") {
            let right = match op {
                "!~" => format!("write `all ! {}~…`", key.name),
                "==" => "write `=`".to_owned(),
                _ => "write `~`".to_owned(),
            };
            self.error(
                Diagnostic::new(
                    Code::BadSelector,
                    op_span,
                    format!("`{op}` is no test of a label"),
                )
                .label("here")
                .help(right),
            );
        }
        // What a value lacks has been said.
        let Some(test) = self.label_test(op) else {
            return Some(SelectorKind::Error);
        };
        if key.name == "state" {
            return Some(self.live_state(test, op_span));
        }
        Some(SelectorKind::Label(key.clone(), test))
    }

    fn label_test(&mut self, op: &str) -> Option<LabelTest> {
        Some(match op {
            "in" => LabelTest::Is(self.label_list()),
            "!=" => LabelTest::IsNot(vec![self.label_value(false)?]),
            "~" | "=~" | "!~" => {
                let pattern = self.label_value(true)?;
                if !self.check_regex(&pattern.name, pattern.span) {
                    return None;
                }
                LabelTest::Matches(pattern)
            }
            _ => LabelTest::Is(vec![self.label_value(false)?]),
        })
    }

    /// `state` is no label but what the node is now.
    fn live_state(&mut self, test: LabelTest, op: Span) -> SelectorKind {
        match test {
            LabelTest::Is(states) => SelectorKind::State {
                states,
                negated: false,
            },
            LabelTest::IsNot(states) => SelectorKind::State {
                states,
                negated: true,
            },
            LabelTest::Matches(_) => {
                self.error(
                    Diagnostic::new(Code::BadSelector, op, "a live state is tested by its name")
                        .label("here")
                        .help("write `state=up`, `state!=up` or `state in (down, unknown)`"),
                );
                SelectorKind::Error
            }
        }
    }

    fn label_list(&mut self) -> Vec<Ident> {
        self.blanks();
        let open = self.at;
        // The parenthesis was seen by the caller.
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.blanks();
            if self.rest().starts_with(')') {
                self.at += 1;
                if values.is_empty() {
                    self.empty_list(Span::new(open, self.at));
                }
                break;
            }
            match self.label_value(false) {
                Some(value) => values.push(value),
                None => break,
            }
            self.blanks();
            if self.rest().starts_with(',') {
                self.at += 1;
            } else if !self.rest().starts_with(')') {
                let span = Span::new(open, self.at);
                self.error(
                    Diagnostic::new(Code::BadSelector, span, "`(` without `)`")
                        .label("opened here"),
                );
                break;
            }
        }
        values
    }

    /// No value is the value of a label: to the right of `!`, a list that came out empty by mistake
    /// would spare nobody.
    fn empty_list(&mut self, span: Span) {
        self.error(
            Diagnostic::new(Code::BadSelector, span, "a list without a value")
                .label("expected one")
                .help("name the values: `key in (a, b)`"),
        );
    }

    /// A value: quoted, or up to a blank or an operator. A regular expression may hold operators
    /// other than `,`, `)` and `&`, and those inside its own brackets.
    fn label_value(&mut self, regex: bool) -> Option<Ident> {
        self.blanks();
        let rest = self.rest();
        let start = self.at;
        let name = if let Some(quote @ ('\'' | '"')) = rest.chars().next() {
            let Some(n) = rest[1..].find(quote) else {
                let span = Span::new(start, self.text.len());
                self.error(
                    Diagnostic::new(Code::BadSelector, span, format!("{quote} without an end"))
                        .label("opened here"),
                );
                self.at = self.text.len();
                return None;
            };
            self.at += n + 2;
            rest[1..=n].to_owned()
        } else {
            let length = if regex {
                regex_length(rest)
            } else {
                value_length(rest)
            };
            self.at += length;
            rest[..length].to_owned()
        };
        let span = Span::new(start, self.at);
        self.style(span, Style::String);
        if span.is_empty() {
            self.error(
                Diagnostic::new(Code::BadSelector, span, "a value is missing")
                    .label("expected one")
                    .help("a value that is empty or has blanks is quoted"),
            );
            return None;
        }
        Some(Ident { name, span })
    }
}

/// A colon belongs to a value unless it could be the one before a command.
fn value_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = match c {
            ':' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
            ',' | '!' | '&' | '^' | '(' | ')' | '=' | '~' | '|' => true,
            c => c.is_whitespace(),
        };
        if ends {
            return at;
        }
    }
    rest.len()
}

fn regex_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ',' | '&' if depth == 0 => return at,
            c if c.is_whitespace() => return at,
            _ => {}
        }
    }
    rest.len()
}
