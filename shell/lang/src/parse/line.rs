//! What kind of line a text is, by its first characters and its first word.

use super::habits::Habit;
use super::{Parser, Style};
use crate::ast::{Line, QueryLine, ResultRef, Selector, Source, Stage, Verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Open;
use crate::lexer::shell_scan::{ShellScan, ShellTokenKind};
use crate::span::Span;
use crate::words;

impl Parser<'_> {
    pub(super) fn line(&mut self) -> Option<Line> {
        self.skip_blanks();
        let rest = self.rest();
        match rest.chars().next() {
            None => Some(Line::Nothing),
            Some('\\') if rest.len() == 1 => {
                self.open = Some(Open::Backslash);
                Some(Line::Nothing)
            }
            // `\history` is the shell's word for certain, as `: history` is Linux's.
            Some('\\') if is_our_word(&rest[1..]) => {
                self.style(Span::new(self.at, self.at + 1), Style::ShellWord);
                self.at += 1;
                self.unscoped(None)
            }
            Some('!') => self.local(),
            Some('?') => self.question(),
            Some('@') => self.scoped(),
            Some(':') => self.explicit(None),
            Some(_) => self.unscoped(None),
        }
    }

    /// `!cmd`.
    fn local(&mut self) -> Option<Line> {
        let bang = Span::new(self.at, self.at + 1);
        let after = self.rest()[1..].chars().next();
        let wrong = match after {
            None => Some("a word must stand right behind `!`"),
            Some('!') => Some("`!!` does not repeat a line here"),
            Some('$') => Some("`!$` does not repeat an argument here"),
            Some(c) if c.is_whitespace() => Some("a word must stand right behind `!`"),
            Some(_) => None,
        };
        if let Some(message) = wrong {
            let help = match after {
                Some('!' | '$') => "go back in the history with the up arrow or Ctrl-R",
                _ => "write `!cmd` for this machine, or `: ! cmd` for the nodes",
            };
            self.error(
                Diagnostic::new(Code::Bang, bang, message)
                    .label("here")
                    .help(help),
            );
            self.at = self.text.len();
            return None;
        }
        self.style(bang, Style::Local);
        self.at += 1;
        let start = self.at;
        // The line is for the operator's own shell, whatever that is: only its end is ours.
        let mut end = start;
        loop {
            let scan = crate::lexer::shell_scan::scan(self.text, end);
            end = scan.end;
            match scan.pipe {
                Some(pipe) => end = pipe.end,
                None => {
                    self.open = scan.open;
                    break;
                }
            }
        }
        self.style(Span::new(start, end), Style::Local);
        self.at = end;
        Some(Line::Local(self.text[start..end].trim_end().to_owned()))
    }

    /// `@SELECTOR` and `@SELECTOR : REST`.
    fn scoped(&mut self) -> Option<Line> {
        self.style(Span::new(self.at, self.at + 1), Style::Selector);
        self.at += 1;
        let selector = self.selector();
        self.skip_blanks();
        if !self.rest().starts_with(':') {
            return Some(Line::Scope(selector));
        }
        self.style(Span::new(self.at, self.at + 1), Style::Selector);
        self.at += 1;
        self.skip_blanks();
        let here = Span::new(self.at, self.text.len());
        match self.rest().chars().next() {
            None => {
                self.error(
                    Diagnostic::new(
                        Code::Missing,
                        Span::at(self.at),
                        "a command is missing behind ` : `",
                    )
                    .label("expected a command")
                    .help("a scope alone is written without the colon"),
                );
                Some(Line::Scope(selector))
            }
            Some(':') => self.explicit(Some(selector)),
            Some('@') => {
                self.error(
                    Diagnostic::new(Code::Unexpected, here, "a line has one scope")
                        .label("a second one")
                        .help("combine selectors: `@A & (B)` narrows, `@A,B` widens"),
                );
                None
            }
            Some('!') => {
                self.error(
                    Diagnostic::new(
                        Code::Bang,
                        here,
                        "`!` runs on this machine, which has no scope",
                    )
                    .label("here")
                    .help("leave the scope out"),
                );
                None
            }
            Some(_) => self.unscoped(Some(selector)),
        }
    }

    /// `: REST`: a Linux command whatever its first word.
    fn explicit(&mut self, scope: Option<Selector>) -> Option<Line> {
        let colon = Span::new(self.at, self.at + 1);
        self.style(colon, Style::Selector);
        self.at += 1;
        let behind = self.rest().chars().next();
        if behind.is_some_and(|c| !c.is_whitespace()) {
            self.error(
                Diagnostic::new(Code::ColonSpacing, colon, "`:` wants a blank behind it")
                    .label("here")
                    .help("write `: COMMAND`"),
            );
        }
        self.skip_blanks();
        if self.rest().is_empty() {
            self.error(
                Diagnostic::new(Code::Missing, colon, "a command is missing behind `:`")
                    .label("here")
                    .help("`: COMMAND` runs a Linux command whatever its first word"),
            );
            return None;
        }
        self.command_line(scope, Habit::Explicit)
    }

    /// A line behind its scope: a result, a probe, a shell word, or a Linux command.
    fn unscoped(&mut self, scope: Option<Selector>) -> Option<Line> {
        let rest = self.rest();
        if rest.starts_with("|>") {
            return Some(self.result_line(scope, ResultRef::Last, Span::at(self.at)));
        }
        if let Some((result, length)) = result_source(rest) {
            let span = Span::new(self.at, self.at + length);
            self.style(span, Style::Column);
            self.at += length;
            let result = result.unwrap_or_else(|| {
                self.error(
                    Diagnostic::new(Code::UnknownResult, span, "no result has so high a number")
                        .label("here"),
                );
                ResultRef::Last
            });
            self.skip_blanks();
            return Some(self.result_line(scope, result, span));
        }
        if let Some(line) = self.diff_line(&scope) {
            return Some(line);
        }
        let length = rest
            .find(|c: char| c.is_whitespace() || "|&;<>()".contains(c))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let span = Span::new(self.at, self.at + length);
        if words::find(words::PROBES, word).is_some() {
            return self.probe_line(scope, word, span);
        }
        let is_ours = word != "source" || self.is_plain_line(span.start);
        if let Some(word) = words::find(words::SHELL_WORDS, word).filter(|_| is_ours) {
            if let Some(scope) = scope {
                self.error(
                    Diagnostic::new(
                        Code::DoesNotFit,
                        span,
                        format!(
                            "`{}` is a word for the shell, which has no scope",
                            word.name
                        ),
                    )
                    .label("for the shell")
                    .help(format!(
                        "leave the scope out; to run Linux's `{0}`, write `@{1} : : {0} …`",
                        word.name,
                        scope.span.of(self.text)
                    )),
                );
                return None;
            }
            return self.shell_line(word, span);
        }
        self.command_line(scope, Habit::Plain)
    }

    /// Whether a line has words alone: `source /x && app` is Linux's.
    fn is_plain_line(&self, start: usize) -> bool {
        let scan = crate::lexer::shell_scan::scan(self.text, start);
        let is_word = |kind| {
            matches!(
                kind,
                ShellTokenKind::Command | ShellTokenKind::Argument | ShellTokenKind::Comment
            )
        };
        scan.tokens.iter().all(|token| is_word(token.kind))
    }

    fn result_line(&mut self, scope: Option<Selector>, result: ResultRef, span: Span) -> Line {
        let stages = self.stages();
        Line::Query(QueryLine {
            scope,
            source: Source::Result(result),
            source_span: span,
            stages,
        })
    }

    /// `diff $3 $7 [by …]`: `$7 |> diff $3 [by …]`, in the order in which people say it. To a shell
    /// these results would be no words at all, so no Linux command is taken.
    fn diff_line(&mut self, scope: &Option<Selector>) -> Option<Line> {
        let (before, after) = two_results(self.rest())?;
        let start = self.at;
        self.style(Span::new(start, start + "diff".len()), Style::Verb);
        self.at += "diff".len();
        let with = self.result_if_there()?;
        let source = self.result_if_there()?;
        debug_assert_eq!(
            (with.result, source.result),
            (before, after),
            "both read the same"
        );
        let by = self.by();
        let span = Span::new(start, self.at);
        let mut stages: Vec<Stage> = by
            .map(|by| Stage {
                verb: Verb::Diff {
                    with: Some(with),
                    by,
                },
                span,
            })
            .into_iter()
            .collect();
        self.end_of_stage("diff");
        stages.extend(self.stages());
        Some(Line::Query(QueryLine {
            scope: scope.clone(),
            source: Source::Result(source.result),
            source_span: source.span,
            stages,
        }))
    }

    fn command_line(&mut self, scope: Option<Selector>, habit: Habit) -> Option<Line> {
        let start = self.at;
        let scan = self.command();
        let command = self.text[start..scan.end].trim_end();
        self.habits(&scan, start, habit, scope.is_some());
        let span = Span::new(start, start + command.len());
        let source = Source::Command(command.to_owned());
        let stages = self.stages_behind(&scan);
        Some(Line::Query(QueryLine {
            scope,
            source,
            source_span: span,
            stages,
        }))
    }

    fn stages_behind(&mut self, scan: &ShellScan) -> Vec<Stage> {
        // Behind the mark of a heredoc stands its text, which has no verbs.
        let heredoc = scan
            .diagnostics
            .iter()
            .any(|d| d.code == Code::HeredocBeforePipe);
        if scan.pipe.is_none() || heredoc {
            self.at = self.text.len();
            return Vec::new();
        }
        self.stages()
    }

    /// A probe's line. If it does not fit our grammar as a whole, the word is not taken as ours:
    /// the mistake names `: …`.
    fn probe_line(&mut self, scope: Option<Selector>, word: &str, span: Span) -> Option<Line> {
        self.style(span, Style::Verb);
        self.at = span.end;
        let start = span.start;
        let source = self.probe(word, span);
        let source_span = Span::new(start, self.at);
        let stages = if self.at_pipe_or_end() {
            self.stages()
        } else {
            if !self.diagnostics.iter().any(|d| d.span.start >= start) {
                let wrong = self.peek();
                self.does_not_fit(word, wrong.span);
            }
            self.at = self.text.len();
            return None;
        };
        Some(Line::Query(QueryLine {
            scope,
            source: source?,
            source_span,
            stages,
        }))
    }

    /// Says that a line starts with a word of ours and goes on as none of ours does.
    pub(super) fn does_not_fit(&mut self, word: &str, span: Span) {
        let usage = words::find(words::PROBES, word)
            .or_else(|| words::find(words::SHELL_WORDS, word))
            .map_or(word, |w| w.usage);
        self.error(
            Diagnostic::new(
                Code::DoesNotFit,
                span,
                format!("`{word}` is one of hailer's words, and the line does not fit it"),
            )
            .label(format!("expected `{usage}`"))
            .help(format!("to run Linux's `{word}`, write `: {word} …`")),
        );
    }
}

/// Whether a text begins with a probe or a word for the shell.
fn is_our_word(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_ascii_alphabetic());
    let word = &rest[..end.unwrap_or(rest.len())];
    words::find(words::SHELL_WORDS, word).is_some() || words::find(words::PROBES, word).is_some()
}

/// `$ |>` and `$3 |>`; everything else that starts with `$` is a Linux command.
fn result_source(rest: &str) -> Option<(Option<ResultRef>, usize)> {
    let digits = rest.strip_prefix('$')?;
    let n = digits.bytes().take_while(u8::is_ascii_digit).count();
    let behind = digits[n..].trim_start();
    // Alone it shows the result again; to a shell it would be nothing, or no command.
    if !behind.is_empty() && !behind.starts_with("|>") {
        return None;
    }
    let result = if n == 0 {
        Some(ResultRef::Last)
    } else {
        digits[..n].parse().ok().map(ResultRef::Number)
    };
    Some((result, 1 + n))
}

/// Returns the results of `diff $3 $7`, where the line is one.
fn two_results(rest: &str) -> Option<(ResultRef, ResultRef)> {
    let mut words = rest.split_whitespace();
    if words.next() != Some("diff") {
        return None;
    }
    let mut result = || {
        let digits = words.next()?.strip_prefix('$')?;
        match digits {
            "" => Some(ResultRef::Last),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().map(ResultRef::Number)
            }
            _ => None,
        }
    };
    let both = (result()?, result()?);
    let fits = words
        .next()
        .is_none_or(|next| next == "by" || next.starts_with("|>"));
    fits.then_some(both)
}
