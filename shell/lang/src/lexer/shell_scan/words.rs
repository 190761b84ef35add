//! Words of the shell: which one is the command, and which are reserved.

use super::{CaseAt, Frame, Here, Heredoc, Scanner, ShellTokenKind, unquote};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

impl Scanner<'_> {
    /// Ends the current word, if there is one, and decides what it is.
    pub(super) fn end_word(&mut self) {
        let Some(start) = self.here.word.take() else {
            return;
        };
        let quoted = std::mem::take(&mut self.here.word_quoted);
        let span = Span::new(start, self.at);
        let raw = span.of(self.text);
        if let Some(heredoc) = self.here.redirect.take() {
            if let Some(strip) = heredoc {
                self.heredocs.push(Heredoc {
                    delimiter: unquote(raw),
                    strip,
                });
            }
            return self.token(ShellTokenKind::Target, span);
        }
        if let Some(kind) = self.compound_word(raw) {
            return self.token(kind, span);
        }
        if expands_braces(raw) {
            self.out.diagnostics.push(
                Diagnostic::new(
                    Code::BashOnly,
                    span,
                    format!("`{raw}` is several words to bash, and one to `/bin/sh` on the nodes"),
                )
                .label("which is meant?")
                .help("quote it to leave it as it is, or write `bash -c '…'`"),
            );
        }
        if raw == "pipefail" {
            self.bash_only(span, raw);
        }
        if !self.here.command_next {
            return self.token(ShellTokenKind::Argument, span);
        }
        if !quoted && !self.here.assigned && self.reserved(raw, span) {
            return;
        }
        if is_assignment(raw) {
            self.here.assigned = true;
            return self.token(ShellTokenKind::Assignment, span);
        }
        self.here.command_next = false;
        self.here.assigned = false;
        self.token(ShellTokenKind::Command, span);
    }

    /// A word in the head of a `for` or `case`, where no command can stand.
    fn compound_word(&mut self, raw: &str) -> Option<ShellTokenKind> {
        match self.frames.last().copied()? {
            Frame::Case(CaseAt::Subject) => {
                self.set_top(Frame::Case(CaseAt::In));
                Some(ShellTokenKind::Argument)
            }
            Frame::Case(CaseAt::In) => {
                self.set_top(Frame::Case(CaseAt::Pattern));
                self.here = Here::default();
                Some(ShellTokenKind::Keyword)
            }
            Frame::Case(CaseAt::Pattern) if raw == "esac" => {
                self.close();
                Some(ShellTokenKind::Keyword)
            }
            Frame::Case(CaseAt::Pattern) => Some(ShellTokenKind::Argument),
            Frame::Loop(word, Some(words)) if words == 1 && raw == "do" => {
                self.set_top(Frame::Loop(word, None));
                self.here = Here::default();
                Some(ShellTokenKind::Keyword)
            }
            Frame::Loop(word, Some(words)) => {
                self.set_top(Frame::Loop(word, Some(words + 1)));
                let keyword = words == 1 && raw == "in";
                Some(if keyword {
                    ShellTokenKind::Keyword
                } else {
                    ShellTokenKind::Argument
                })
            }
            Frame::DoubleQuote(_)
            | Frame::Param
            | Frame::Arith(_)
            | Frame::CommandSub(_)
            | Frame::Backtick(_)
            | Frame::Paren
            | Frame::Loop(_, None)
            | Frame::If
            | Frame::Case(CaseAt::Body)
            | Frame::Brace => None,
        }
    }

    /// A reserved word where a command could stand.
    fn reserved(&mut self, raw: &str, span: Span) -> bool {
        let open = match raw {
            "if" => Some(Frame::If),
            "while" => Some(Frame::Loop("while", None)),
            "until" => Some(Frame::Loop("until", None)),
            "for" => Some(Frame::Loop("for", Some(0))),
            "case" => Some(Frame::Case(CaseAt::Subject)),
            "{" => Some(Frame::Brace),
            _ => None,
        };
        if let Some(frame) = open {
            self.token(ShellTokenKind::Keyword, span);
            self.frames.push(frame);
            self.here = Here::default();
            self.here.command_next = !matches!(raw, "for" | "case");
            return true;
        }
        let top = self.frames.last().copied();
        let closes = match raw {
            "fi" => matches!(top, Some(Frame::If)),
            "done" => matches!(top, Some(Frame::Loop(_, None))),
            "esac" => matches!(top, Some(Frame::Case(_))),
            "}" => matches!(top, Some(Frame::Brace)),
            _ => false,
        };
        if closes {
            self.close();
            self.token(ShellTokenKind::Keyword, span);
            return true;
        }
        if matches!(raw, "then" | "elif" | "else" | "do" | "!") {
            self.token(ShellTokenKind::Keyword, span);
            return true;
        }
        if matches!(raw, "[[" | "function" | "select") {
            self.bash_only(span, raw);
        }
        false
    }

    fn close(&mut self) {
        self.frames.pop();
        self.here = Here {
            command_next: false,
            ..Here::default()
        };
    }
}

/// `NAME=…`, where the name is one that a shell variable can have.
pub(super) fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `{1..3}`, `{a,b}`: several words to bash, and one with braces in it to a POSIX shell.
fn expands_braces(word: &str) -> bool {
    let Some((before, behind)) = word.split_once('{') else {
        return false;
    };
    let inside = behind.split('}').next().filter(|i| i.len() < behind.len());
    inside.is_some_and(|inside| {
        let is_plain = !inside.contains(['\'', '"', '\\', '$', '{', '`']);
        let is_list = inside.contains(',') || inside.contains("..");
        is_plain && is_list && !before.ends_with(['$', '\\']) && !before.contains(['\'', '"'])
    })
}
