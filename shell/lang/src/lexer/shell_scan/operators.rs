//! Operators of the shell, by maximal munch: `||>` is `||` and a redirect, never a fleet pipe.

use super::{CaseAt, Frame, Here, Scanner, ShellTokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

impl Scanner<'_> {
    pub(super) fn operator(&mut self) {
        if matches!(self.byte(), b'<' | b'>') {
            return self.redirect();
        }
        self.end_word();
        match self.byte() {
            b'|' => self.bar(),
            b'&' => self.ampersand(),
            b';' => self.semicolon(),
            b'(' => self.open_parenthesis(),
            _ => self.close_parenthesis(),
        }
    }

    fn bar(&mut self) {
        let at = self.at;
        let rest = self.rest();
        if rest.starts_with("||") {
            return self.joint("||", 2);
        }
        if rest.starts_with("|&") {
            self.bash_only(Span::new(at, at + 2), "|&");
            return self.joint("|", 2);
        }
        if !rest.starts_with("|>") || !self.frames.is_empty() {
            return self.joint("|", 1);
        }
        let wrong = ["|>>", "|>&"].into_iter().find(|w| rest.starts_with(w));
        let Some(wrong) = wrong else {
            self.out.pipe = Some(Span::new(at, at + 2));
            if let Some(op) = self.after {
                self.out.diagnostics.push(
                    Diagnostic::new(
                        Code::Missing,
                        Span::new(at, at + 2),
                        format!("a command is missing between `{op}` and `|>`"),
                    )
                    .label("expected a command before this"),
                );
            }
            return;
        };
        self.out.diagnostics.push(
            Diagnostic::new(
                Code::PipeRedirect,
                Span::new(at, at + 3),
                format!("`{wrong}` is neither the fleet's pipe nor a redirect"),
            )
            .label("here")
            .help("write `|>` and a fleet verb; `| cat >> FILE` appends on the node"),
        );
        self.joint("|", 3);
        self.here.redirect = Some(None);
    }

    /// An operator that wants a command behind it.
    fn joint(&mut self, op: &'static str, length: usize) {
        self.push_operator(length);
        let pattern = matches!(self.frames.last(), Some(Frame::Case(CaseAt::Pattern)));
        self.here = Here::default();
        if !pattern {
            self.after = Some(op);
        }
    }

    fn push_operator(&mut self, length: usize) {
        self.token(
            ShellTokenKind::Operator,
            Span::new(self.at, self.at + length),
        );
        self.at += length;
    }

    fn ampersand(&mut self) {
        if self.rest().starts_with("&&") {
            return self.joint("&&", 2);
        }
        if self.rest().starts_with("&>") {
            let length = if self.rest().starts_with("&>>") { 3 } else { 2 };
            let span = Span::new(self.at, self.at + length);
            self.bash_only(span, span.of(self.text).to_owned());
            self.token(ShellTokenKind::Redirect, span);
            self.at += length;
            self.here.redirect = Some(None);
            return;
        }
        self.push_operator(1);
        self.separator();
    }

    fn semicolon(&mut self) {
        if self.rest().starts_with(";;") {
            self.push_operator(2);
            if matches!(self.frames.last(), Some(Frame::Case(_))) {
                self.set_top(Frame::Case(CaseAt::Pattern));
            }
            self.here = Here::default();
            return;
        }
        self.push_operator(1);
        self.separator();
    }

    fn open_parenthesis(&mut self) {
        self.after = None;
        if matches!(self.frames.last(), Some(Frame::Case(CaseAt::Pattern))) {
            return self.push_operator(1);
        }
        // `name() …` defines a function; its body is a command.
        let function = !self.here.command_next
            && self.rest()[1..]
                .trim_start_matches([' ', '\t'])
                .starts_with(')');
        if function {
            let length = self.rest().find(')').map_or(1, |n| n + 1);
            self.push_operator(length);
            self.here = Here::default();
            self.after = Some("()");
            return;
        }
        self.push_operator(1);
        self.frames.push(Frame::Paren);
        self.here = Here::default();
    }

    fn close_parenthesis(&mut self) {
        self.after = None;
        match self.frames.last().copied() {
            Some(Frame::Case(CaseAt::Pattern)) => {
                self.set_top(Frame::Case(CaseAt::Body));
                self.push_operator(1);
                self.here = Here::default();
            }
            Some(Frame::CommandSub(outside)) => {
                self.frames.pop();
                self.here = outside;
                self.at += 1;
            }
            Some(Frame::Paren) => {
                self.frames.pop();
                self.push_operator(1);
                self.here = Here {
                    command_next: false,
                    ..Here::default()
                };
            }
            // A stray one: the shell on the node says so.
            Some(
                Frame::DoubleQuote(_)
                | Frame::Param
                | Frame::Arith(_)
                | Frame::Backtick(_)
                | Frame::Loop(..)
                | Frame::If
                | Frame::Case(_)
                | Frame::Brace,
            )
            | None => self.push_operator(1),
        }
    }

    fn redirect(&mut self) {
        // The `2` of `2>` belongs to the redirect.
        if let Some(start) = self.here.word
            && self.text[start..self.at]
                .bytes()
                .all(|b| b.is_ascii_digit())
        {
            self.here.word = None;
        }
        self.end_word();
        self.after = None;
        let rest = self.rest();
        let known = [
            "<<<", "<<-", "<<", "<(", ">(", "<&", "<>", "<", ">>", ">&", ">|", ">",
        ];
        let op = known
            .into_iter()
            .find(|op| rest.starts_with(op))
            .unwrap_or(">");
        let span = Span::new(self.at, self.at + op.len());
        match op {
            "<(" | ">(" => {
                self.bash_only(span, op);
                // The parenthesis opens a command of its own.
                self.begin_word(true);
                let outside = std::mem::take(&mut self.here);
                self.frames.push(Frame::CommandSub(outside));
                self.at += 2;
                return;
            }
            "<<<" => self.bash_only(span, op),
            _ => {}
        }
        self.token(ShellTokenKind::Redirect, span);
        self.at += op.len();
        self.here.redirect = Some(match op {
            "<<-" => Some(true),
            "<<" => Some(false),
            _ => None,
        });
    }

    pub(super) fn bash_only(&mut self, span: Span, form: impl Into<String>) {
        let form = form.into();
        self.out.diagnostics.push(
            Diagnostic::new(
                Code::BashOnly,
                span,
                format!(
                    "`{form}` is bash's, and `/bin/sh` on the nodes may read it as something else"
                ),
            )
            .label("not in POSIX sh")
            .help("write `bash -c '…'`"),
        );
    }
}
