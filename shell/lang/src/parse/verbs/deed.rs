//! `run [each] [--flags] [--] COMMAND`: the command is read by the shell's rules.

use crate::ast::{Ident, Verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::{self, Lexed, Token};
use crate::parse::{Parser, Style};
use crate::span::Span;
use crate::spread::{FlagError, Spread, takes_value};

impl Parser<'_> {
    pub(super) fn run_verb(&mut self, span: Span) -> Option<Verb> {
        let each = self.keyword("each").is_some();
        let spread = self.flags();
        self.skip_blanks();
        if let Some(rest) = self.rest().strip_prefix("--")
            && rest.starts_with(char::is_whitespace)
        {
            self.style(Span::new(self.at, self.at + 2), Style::Keyword);
            self.at += 2;
            self.skip_blanks();
        }
        let start = self.at;
        let scan = self.command();
        let command = self.text[start..scan.end].trim_end();
        if command.is_empty() {
            self.error(
                Diagnostic::new(Code::Missing, span, "`run` wants a command").label("behind this"),
            );
            return None;
        }
        let command = Ident {
            name: command.to_owned(),
            span: Span::new(start, start + command.len()),
        };
        Some(Verb::Run {
            each,
            spread: Box::new(spread),
            command,
        })
    }

    /// All flags in front of the command; what is wrong with one is told, and it is left out.
    fn flags(&mut self) -> Spread {
        let mut spread = Spread::default();
        let mut all: Option<Span> = None;
        loop {
            let next = self.peek();
            let Lexed {
                token: Token::Flag(flag),
                ..
            } = &next
            else {
                break;
            };
            let span = self.take(&next, Style::Keyword);
            let (name, value) = match flag.trim_start_matches('-').split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag.trim_start_matches('-'), None),
            };
            let taken = self.flag(&mut spread, name, value, span);
            if let Err(FlagError { message, help }) = taken {
                let wrong = Diagnostic::new(Code::Unexpected, span, message);
                self.error(wrong.label("this flag").help(help));
            }
            all = Some(all.map_or(span, |a| Span::new(a.start, span.end)));
        }
        if let (Some(FlagError { message, help }), Some(span)) = (spread.conflict(), all) {
            let wrong = Diagnostic::new(Code::Unexpected, span, message);
            self.error(wrong.label("these flags").help(help));
        }
        spread
    }

    fn flag(
        &mut self,
        spread: &mut Spread,
        name: &str,
        value: Option<String>,
        span: Span,
    ) -> Result<(), FlagError> {
        let value = match (takes_value(name)?, value) {
            (false, None) => String::new(),
            (false, Some(_)) => {
                return Err(FlagError {
                    message: format!("`--{name}` takes no value"),
                    help: format!("write `--{name}` alone"),
                });
            }
            (true, Some(quoted)) => quoted.trim_matches(|c| c == '\'' || c == '"').to_owned(),
            (true, None) => {
                let next = token::next_raw(self.text, self.at);
                let (Token::Word(text) | Token::Str(text)) = &next.token else {
                    if let Token::OpenQuote(c) = next.token {
                        self.open = Some(crate::lexer::Open::Quote(c));
                    }
                    return Err(FlagError {
                        message: format!("`--{name}` wants a value"),
                        help: "write it behind the flag, in quotes if it has blanks".to_owned(),
                    });
                };
                let text = text.clone();
                self.take(&next, Style::String);
                text
            }
        };
        spread.set(name, &value).inspect_err(|_| {
            self.style(span, Style::Error);
        })
    }
}
