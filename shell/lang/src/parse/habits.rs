//! Linux commands that would not do what habit expects of them, and are therefore refused.

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::shell_scan::{ShellScan, ShellToken, ShellTokenKind, unquote};
use crate::span::Span;

/// How a command came to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// It has no first word of ours.
    Plain,
    /// It stands behind `: `, which says that its words are Linux's.
    Explicit,
}

/// Fleet verbs that no Linux command is called; behind a plain `|` they can only be a slip.
const OURS_ALONE: [&str; 14] = [
    "parse", "where", "select", "derive", "take", "group", "count", "agg", "why", "sql", "run",
    "save", "plot", "follow",
];

mod terminal;

impl Parser<'_> {
    pub(super) fn habits(&mut self, scan: &ShellScan, start: usize, habit: Habit, scoped: bool) {
        let tokens: Vec<ShellToken> = scan
            .tokens
            .iter()
            .filter(|t| t.kind != ShellTokenKind::Comment)
            .copied()
            .collect();
        if tokens.is_empty() && scan.open.is_none() && scan.pipe.is_some() {
            self.error(
                Diagnostic::new(
                    Code::Missing,
                    Span::at(start),
                    "a command is missing before `|>`",
                )
                .label("expected a command"),
            );
        }
        if habit == Habit::Plain {
            self.verb_behind_pipe(&tokens);
            self.verb_first(&tokens);
            self.label_as_command(&tokens, scoped);
            self.group_as_command(&tokens);
        }
        self.does_not_stay(&tokens);
        if habit == Habit::Plain {
            self.wants_terminal(&tokens);
        }
    }

    /// `df | where …`.
    fn verb_behind_pipe(&mut self, tokens: &[ShellToken]) {
        for (i, pair) in tokens.windows(2).enumerate() {
            let [bar, word] = pair else { continue };
            let after_bar = bar.kind == ShellTokenKind::Operator && bar.span.of(self.text) == "|";
            if !after_bar || bar.depth > 0 || word.kind != ShellTokenKind::Command {
                continue;
            }
            let verb = word.span.of(self.text);
            let slip = OURS_ALONE.contains(&verb) || self.reads_as_verb(verb, &tokens[i + 2..]);
            if !slip {
                continue;
            }
            self.error(
                Diagnostic::new(
                    Code::VerbAfterPipe,
                    bar.span.to(word.span),
                    format!("`{verb}` behind a plain `|` would be a program on the node"),
                )
                .label("the fleet's pipe is `|>`")
                .help(format!(
                    "write `|> {verb}`; for a program of this name on the nodes, begin the line with `: `"
                )),
            );
        }
    }

    /// `where x > 1`, and `uptime | > parse`: a verb without its pipe.
    fn verb_first(&mut self, tokens: &[ShellToken]) {
        if let Some(first) = tokens.first() {
            let verb = first.span.of(self.text);
            if first.kind == ShellTokenKind::Command && OURS_ALONE.contains(&verb) {
                self.error(
                    Diagnostic::new(
                        Code::DoesNotFit,
                        first.span,
                        format!("`{verb}` stands behind a `|>`"),
                    )
                    .label("no Linux command is called so")
                    .help(if verb == "run" {
                        "`nodes |> run …` runs it on every node in scope, `|> run …` where the last result has rows; for a program of this name, begin the line with `: `".to_owned()
                    } else {
                        format!("`|> {verb} …` goes on from the last result; for a program of this name, begin the line with `: `")
                    }),
                );
            }
        }
        for three in tokens.windows(3) {
            let [bar, redirect, word] = three else {
                continue;
            };
            let is_split = bar.span.of(self.text) == "|"
                && bar.depth == 0
                && redirect.kind == ShellTokenKind::Redirect
                && redirect.span.of(self.text) == ">"
                && crate::words::find(crate::words::VERBS, word.span.of(self.text)).is_some();
            if is_split {
                self.error(
                    Diagnostic::new(
                        Code::VerbAfterPipe,
                        bar.span.to(redirect.span),
                        "`| >` is a pipe into a file",
                    )
                    .label("the fleet's pipe is `|>`, in one piece")
                    .help(format!("write `|> {}`", word.span.of(self.text))),
                );
            }
        }
    }

    /// Verbs that share their name with a Linux command, used as ours: `| top 10 by x`.
    fn reads_as_verb(&self, verb: &str, behind: &[ShellToken]) -> bool {
        let own = |t: &&ShellToken| t.kind == ShellTokenKind::Argument;
        let args: Vec<&str> = behind
            .iter()
            .take_while(own)
            .map(|t| t.span.of(self.text))
            .collect();
        match verb {
            "top" => args.first().is_some_and(|a| a.parse::<u64>().is_ok()),
            "sort" => args.last().is_some_and(|a| matches!(*a, "desc" | "asc")),
            "uniq" => args.first() == Some(&"by"),
            "join" | "diff" => args.first().is_some_and(|a| {
                a.strip_prefix('$')
                    .is_some_and(|n| n.parse::<u32>().is_ok())
            }),
            _ => false,
        }
    }

    /// `role=db uptime`.
    fn label_as_command(&mut self, tokens: &[ShellToken], scoped: bool) {
        let Some(first) = tokens
            .first()
            .filter(|t| t.kind == ShellTokenKind::Assignment)
        else {
            return;
        };
        let word = first.span.of(self.text);
        let Some((key, _)) = word.split_once('=') else {
            return;
        };
        if !self.words.labels.contains(key) {
            return;
        }
        let rest = self.text[first.span.end..].trim();
        let rest = rest.strip_prefix(": ").unwrap_or(rest);
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!(" : {rest}")
        };
        let help = if scoped {
            format!("narrow the scope: `@… & {word}{rest}`; for a variable, write `env {word} …`")
        } else {
            format!("write `@{word}{rest}`; for a variable, write `env {word} …`")
        };
        self.error(
            Diagnostic::new(
                Code::LabelAsCommand,
                first.span,
                format!("`{key}` is a label, and `{word}` here would only set a variable"),
            )
            .label("not a scope without `@`")
            .help(help),
        );
    }

    /// `front : uptime`.
    fn group_as_command(&mut self, tokens: &[ShellToken]) {
        let [first, colon, ..] = tokens else { return };
        let name = first.span.of(self.text);
        if colon.span.of(self.text) != ":" || !self.words.groups.contains(name) {
            return;
        }
        let rest = self.text[colon.span.end..].trim();
        self.error(
            Diagnostic::new(
                Code::LabelAsCommand,
                first.span.to(colon.span),
                format!("`{name}` is a group, and here it would be run as a program"),
            )
            .label("not a scope without `@`")
            .help(format!("write `@{name} : {rest}`")),
        );
    }

    /// `cd /var`: done with on the node as soon as the line is.
    fn does_not_stay(&mut self, tokens: &[ShellToken]) {
        let mut last = tokens.len();
        while last > 0
            && tokens[last - 1].kind == ShellTokenKind::Operator
            && tokens[last - 1].depth == 0
        {
            last -= 1;
        }
        let tokens = &tokens[..last];
        let several = tokens.iter().any(|t| {
            t.depth == 0 && matches!(t.kind, ShellTokenKind::Operator | ShellTokenKind::Keyword)
        });
        let Some(span) = tokens
            .first()
            .zip(tokens.last())
            .map(|(a, b)| a.span.to(b.span))
        else {
            return;
        };
        if several {
            return;
        }
        let command = tokens
            .iter()
            .find(|t| t.kind == ShellTokenKind::Command && t.depth == 0);
        let args: Vec<String> = tokens
            .iter()
            .filter(|t| t.kind == ShellTokenKind::Argument && t.depth == 0)
            .map(|t| unquote(t.span.of(self.text)))
            .collect();
        let Some(command) = command else {
            if tokens
                .iter()
                .all(|t| t.kind == ShellTokenKind::Assignment || t.depth > 0)
                && !tokens.iter().all(|t| t.depth > 0)
                && !self
                    .diagnostics
                    .iter()
                    .any(|d| d.code == Code::LabelAsCommand)
            {
                let line = span.of(self.text);
                self.stays_not(
                    span,
                    line,
                    format!("write `export {line}; …` with a command behind it"),
                );
            }
            return;
        };
        let word = unquote(command.span.of(self.text));
        let line = span.of(self.text).to_owned();
        let gone = match word.as_str() {
            "cd" | "export" | "set" | "umask" => {
                Some(format!("write `{line} && …` with a command behind it"))
            }
            "su" => (!args
                .iter()
                .any(|a| a.starts_with("-c") || a.starts_with("--command")))
            .then(|| "write `su -c 'COMMAND' USER`".to_owned()),
            "ssh" => (operands(&args) < 2)
                .then(|| "write `ssh HOST COMMAND`, or name the node in the scope".to_owned()),
            "exec" => args
                .is_empty()
                .then(|| "write the command itself".to_owned()),
            _ => None,
        };
        if let Some(help) = gone {
            self.stays_not(span, &word, help);
        }
    }

    fn stays_not(&mut self, span: Span, what: &str, help: String) {
        self.error(
            Diagnostic::new(
                Code::DoesNotStay,
                span,
                format!("`{what}` does not stay: each line runs in a shell of its own"),
            )
            .label("gone when the line ends")
            .help(help),
        );
    }
}

/// How many words are neither options nor the values of those that want one.
fn operands(args: &[String]) -> usize {
    let mut n = 0;
    let mut skip = false;
    for arg in args {
        if std::mem::take(&mut skip) {
            continue;
        }
        if let Some(option) = arg.strip_prefix('-').filter(|_| n == 0) {
            skip = option.len() == 1 && "BbcDEeFIiJLlmOoPpQRSWw".contains(option);
        } else {
            n += 1;
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use super::OURS_ALONE;
    use crate::words;

    #[test]
    fn every_verb_is_either_ours_alone_or_a_linux_command_too() {
        for verb in words::names(words::VERBS) {
            let linux = matches!(verb, "sort" | "top" | "uniq" | "join" | "diff" | "watch");
            assert_ne!(linux, OURS_ALONE.contains(&verb), "{verb}");
        }
    }
}
