//! `?`: help on a word, or a look at what a line is for before it runs.

use super::{Parser, Style};
use crate::ast::{Ident, Line, ShellLine};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::words;

/// What `help` knows beside the words of the language.
const TOPICS: [&str; 10] = [
    "language",
    "selectors",
    "verbs",
    "functions",
    "metrics",
    "states",
    "keys",
    "files",
    "set",
    "run",
];

impl Parser<'_> {
    /// `?`, `? WORD`, `? @SELECTOR`, `? LINE`. No Linux command is called so: to a shell it is a
    /// pattern of one character.
    pub(super) fn question(&mut self) -> Option<Line> {
        let mark = Span::new(self.at, self.at + 1);
        self.style(mark, Style::ShellWord);
        self.at = mark.end;
        self.skip_blanks();
        let rest = self.rest().trim_end();
        let line = |name: &str, args: Vec<String>| {
            let name = name.to_owned();
            Some(Line::Shell(ShellLine {
                word: Ident { name, span: mark },
                args,
            }))
        };
        if self.explaining {
            self.error(
                Diagnostic::new(
                    Code::DoesNotFit,
                    mark,
                    "`?` is about a line, not about itself",
                )
                .label("one is enough"),
            );
            self.at = self.text.len();
            return None;
        }
        if rest.is_empty() {
            return line("help", Vec::new());
        }
        let span = Span::new(self.at, self.at + rest.len());
        let lists = [
            words::PROBES,
            words::SHELL_WORDS,
            words::VERBS,
            words::RESERVED_COLUMNS,
        ];
        let is_word = lists.iter().any(|list| words::find(list, rest).is_some());
        if is_word || TOPICS.contains(&rest) {
            self.style(span, Style::ShellWord);
            self.at = self.text.len();
            return line("help", vec![rest.to_owned()]);
        }
        self.explaining = true;
        self.line();
        self.explaining = false;
        self.at = self.text.len();
        line("?", vec![rest.to_owned()])
    }
}
