//! `save [--force] FILE`.

use super::Verb;
use crate::diagnostic::{Code, Diagnostic};
use crate::file_format::{FileFormat, FileUse};
use crate::lexer::token::{self, Token};
use crate::parse::{Parser, Style};

impl Parser<'_> {
    pub(super) fn save_verb(&mut self) -> Option<Verb> {
        let mut force = false;
        loop {
            let next = token::next_raw(self.text, self.at);
            let Token::Word(flag) = &next.token else {
                break;
            };
            if !flag.starts_with("--") {
                break;
            }
            self.take(&next, Style::Keyword);
            match flag.as_str() {
                "--force" => force = true,
                // What follows is a name, whatever it begins with.
                "--" => break,
                _ => {
                    self.error(
                        Diagnostic::new(
                            Code::Unexpected,
                            next.span,
                            format!("`save` has no flag `{flag}`"),
                        )
                        .label("unknown flag")
                        .help("`save --force FILE` replaces a file that is there"),
                    );
                    return None;
                }
            }
        }
        let file = self.file_argument()?;
        match FileFormat::of_file(&file.name, FileUse::Save) {
            Ok(format) => Some(Verb::Save {
                force,
                file,
                format,
            }),
            Err(help) => {
                self.error(
                    Diagnostic::new(
                        Code::Unexpected,
                        file.span,
                        "the name of this file does not say in which format it is to be written",
                    )
                    .label("which format?")
                    .help(help),
                );
                None
            }
        }
    }
}
