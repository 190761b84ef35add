//! `source:group`: groups that a command knows.

use super::is_name;
use crate::ast::SelectorKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::node_set::unfold::Pattern;
use crate::parse::{Parser, Style};
use crate::span::Span;

impl Parser<'_> {
    /// Reads `:group` behind the name of a source. Behind any other name, and before a blank, a `:` is
    /// not ours.
    pub(super) fn selector_source(&mut self, source: &str) -> Option<SelectorKind> {
        let behind = self.rest().strip_prefix(':')?;
        if !self.words.sources.contains(source) || behind.starts_with(char::is_whitespace) {
            return None;
        }
        let mut inside = false;
        let length = behind
            .find(|c: char| {
                inside = (inside || c == '[') && c != ']';
                !(is_name(c) || matches!(c, '[' | ']' | '*') || inside && matches!(c, ',' | '/'))
            })
            .unwrap_or(behind.len());
        let group = Span::new(self.at + 1, self.at + 1 + length);
        self.at = group.end;
        self.style(group, Style::NodeName);
        let text = group.of(self.text);
        let read = match text {
            "" => Err((group, "the name of a group is missing".to_owned())),
            text if text.contains('*') && text != "*" => Err((
                group,
                "`*` stands for all groups, and not for a part of a name".to_owned(),
            )),
            text => Pattern::parse(text).map_err(|e| {
                (
                    Span::new(group.start + e.start, group.start + e.end),
                    e.reason,
                )
            }),
        };
        Some(match read {
            Ok(pattern) => SelectorKind::Source(source.to_owned(), pattern),
            Err((span, message)) => {
                let d = Diagnostic::new(Code::BadSelector, span, message).label("here");
                self.error(d.help(format!("write `{source}:GROUP`, or `{source}:*` for all")));
                SelectorKind::Error
            }
        })
    }
}
