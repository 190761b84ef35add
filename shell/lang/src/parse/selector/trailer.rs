//! What stands behind a selector and cannot: operators of other languages, a command without its
//! ` : `. Each is told with the line as it would be right.

use std::collections::BTreeSet;

use crate::ast::{Selector, SelectorKind, SetKind, SetOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::Parser;
use crate::span::Span;

/// Words and signs that other languages have for our operators.
const OPERATORS: &[(&str, &str)] = &[
    ("-x", " ! "),
    ("and not", " ! "),
    ("&& !", " ! "),
    ("but not", " ! "),
    ("except", " ! "),
    ("without", " ! "),
    ("minus", " ! "),
    ("not", " ! "),
    ("and", " & "),
    ("or", ","),
    ("&&", " & "),
    ("||", ","),
    ("|", ","),
    ("+", ","),
    (";", ","),
    ("-", " ! "),
];

impl Parser<'_> {
    /// Says what is wrong with a `:` that has no blanks: some tools join selectors with it.
    pub(super) fn colon(&self, selector: &Selector) -> Diagnostic {
        let colon = Span::new(self.at, self.at + 1);
        let left = selector.span.of(self.text).trim();
        let behind = &self.rest()[1..];
        let word = behind
            .split(|c: char| c.is_whitespace() || c == ':')
            .next()
            .unwrap_or_default();
        let joined = behind.chars().next().zip(behind.get(1..));
        if let Some((op @ ('!' | '&'), operand)) = joined {
            let operand = operand.split(" : ").next().unwrap_or_default().trim();
            return Diagnostic::new(
                Code::BadSelector,
                Span::new(self.at, self.at + 2),
                format!("selectors are joined by `{op}` alone"),
            )
            .label("no colon here")
            .help(format!("write `@{left} {op} {operand}`"));
        }
        let spacing = Diagnostic::new(
            Code::ColonSpacing,
            colon,
            "` : ` wants a blank on both sides",
        )
        .label("here");
        if !word.is_empty() && self.words.labels.contains(left) {
            return spacing.help(format!(
                "a label is written `@{left}={word}`; a command, `@{left} : {word}`"
            ));
        }
        if !word.is_empty() && self.words.groups.contains(word) {
            return spacing.help(format!(
                "both are written `@{left},{word}`; a command, `@{left} : {word}`"
            ));
        }
        let command = if word.is_empty() { "…" } else { word };
        spacing.help(format!("write `@{left} : {command}`"))
    }

    /// `&&`: one sign too many.
    pub(super) fn doubled(&mut self, op: SetOp) {
        let sign = op.symbol();
        if !matches!(op, SetOp::Intersection) || !self.rest().starts_with(sign) {
            return;
        }
        let span = Span::new(self.at - 1, self.at + 1);
        self.error(
            Diagnostic::new(
                Code::BadSelector,
                span,
                format!("`{0}{0}` is no operator of selectors", sign),
            )
            .label("one is enough")
            .help(format!(
                "`{sign}` keeps what both have; a command stands behind ` : `"
            )),
        );
        self.at += 1;
    }

    /// Says what is missing where no selector can begin.
    pub(super) fn no_selector(&self) -> Diagnostic {
        let missing = |span| {
            Diagnostic::new(Code::BadSelector, span, "a selector is missing")
                .label("expected nodes, a group or `key=value`")
        };
        let rest = self.rest();
        let word = rest
            .split(|c: char| c.is_whitespace())
            .next()
            .unwrap_or_default();
        let span = Span::new(self.at, self.at + word.len());
        match word.chars().next() {
            Some('~') if word.len() > 1 => Diagnostic::new(
                Code::BadSelector,
                span,
                "a regular expression stands between slashes",
            )
            .label("here")
            .help(format!("write `@/{}/`", &word[1..])),
            Some(quote @ ('"' | '\'')) => {
                Diagnostic::new(Code::BadSelector, span, "names stand without quotes")
                    .label("here")
                    .help(format!("write `@{}`", word.trim_matches(quote)))
            }
            _ => missing(Span::at(self.at)).help("`@all` is every node"),
        }
    }

    /// Says what is wrong with text behind a selector. `rest` goes up to ` : ` or the end.
    pub(super) fn trailer(&self, selector: &Selector, rest: Span) -> Diagnostic {
        let trailer = Trailer {
            left: selector.span.of(self.text).trim(),
            left_span: selector.span,
            text: rest.of(self.text).trim_end(),
            span: rest,
            behind: self.text[rest.end..].trim_end(),
        };
        trailer
            .verbs()
            .or_else(|| trailer.operator())
            .or_else(|| self.of_result(selector, trailer.text, rest))
            .or_else(|| trailer.negation())
            .or_else(|| trailer.comparison())
            .or_else(|| trailer.braces())
            .unwrap_or_else(|| trailer.command(&self.words.groups))
    }

    /// What stands behind a result, where it was meant to name one of its sets.
    fn of_result(&self, selector: &Selector, text: &str, rest: Span) -> Option<Diagnostic> {
        let SelectorKind::Result(result, kind) = selector.kind else {
            return None;
        };
        let set = text.strip_prefix('.').unwrap_or(text);
        let name = set
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
            .unwrap_or_default();
        SetKind::by_name(name)?;
        let is_stuck = selector.span.end == rest.start;
        let help = match (kind, is_stuck) {
            (SetKind::Rows, true) => format!("write `@{result}.{name}`"),
            (_, true) => format!(
                "write `@{result}.{},{result}.{name}` for both",
                kind.as_str()
            ),
            (_, false) => return None,
        };
        Some(
            Diagnostic::new(
                Code::BadSelector,
                rest,
                "a result's nodes are named by one word",
            )
            .label("not like this")
            .help(help),
        )
    }
}

/// The operator that a text begins with, as it is written there, and what it is here.
fn operator(text: &str) -> Option<(&str, &'static str)> {
    let lower = text.to_ascii_lowercase();
    OPERATORS.iter().find_map(|(theirs, ours)| {
        let behind = lower.strip_prefix(theirs)?;
        let is_word = theirs.ends_with(|c: char| c.is_ascii_alphabetic());
        let ends = !is_word || behind.starts_with([' ', '(']);
        // `-x` is a flag of a command that lacks its ` : `.
        let is_flag = *theirs == "-" && !behind.starts_with(' ');
        let has_operand = !behind.trim().is_empty();
        (ends && !is_flag && has_operand).then(|| (&text[..theirs.len()], *ours))
    })
}

/// The operands behind the first operator, with the other operators as they are written here.
fn translated(text: &str) -> String {
    let words = text.split_whitespace();
    let mut out = String::new();
    for word in words {
        let ours = match word.to_ascii_lowercase().as_str() {
            "and" | "&&" => " & ",
            "or" | "||" | "|" | "+" | ";" => ",",
            "not" | "-" | "except" | "without" => " ! ",
            _ => {
                let glued = out.is_empty() || out.ends_with([' ', ',', '(']);
                out.push_str(if glued { "" } else { " " });
                out.push_str(word);
                continue;
            }
        };
        if ours == " ! " && out.ends_with(" & ") {
            out.truncate(out.len() - 3);
        }
        out.push_str(ours);
    }
    out
}

/// Text behind a selector, with what is around it.
struct Trailer<'a> {
    left: &'a str,
    left_span: Span,
    text: &'a str,
    span: Span,
    /// The ` : ` and the command, where there is one.
    behind: &'a str,
}

impl Trailer<'_> {
    fn wrong(&self, length: usize, message: String) -> Diagnostic {
        let span = Span::new(self.span.start, self.span.start + length);
        Diagnostic::new(Code::BadSelector, span, message)
    }

    /// `@A |> count`.
    fn verbs(&self) -> Option<Diagnostic> {
        let (left, verbs) = (self.left, self.text.strip_prefix("|>")?.trim());
        let message = "a selector has no rows for a fleet verb".to_owned();
        Some(self.wrong(self.span.len(), message).label("rows of what?").help(format!(
            "write `@{left} : COMMAND |> {verbs}`, or `@{left} : |> {verbs}` for these nodes' rows of the last result"
        )))
    }

    /// `@A and B`, `@A - B`, `@A;B`.
    fn operator(&self) -> Option<Diagnostic> {
        let (theirs, ours) = operator(self.text)?;
        let operand = self.text[theirs.len()..].trim_start();
        let what = match ours {
            "," => "`,` joins",
            " & " => "`&` keeps what both have",
            _ => "`!` takes nodes away",
        };
        let fixed = format!("{}{ours}{}{}", self.left, translated(operand), self.behind);
        let is_command = matches!(theirs, "|" | ";" | "&&" | "||") && self.behind.is_empty();
        let command = if is_command {
            format!("; for a command, `@{} : {operand}`", self.left)
        } else {
            String::new()
        };
        let message = format!("`{theirs}` is no operator of selectors");
        let wrong = self.wrong(theirs.len(), message).label("here");
        Some(wrong.help(format!("{what}: write `@{fixed}`{command}")))
    }

    /// `@not A`.
    fn negation(&self) -> Option<Diagnostic> {
        let word = self.left;
        matches!(word, "not" | "NOT" | "except").then(|| {
            let message = format!("`{word}` is no word of selectors");
            Diagnostic::new(Code::BadSelector, self.left_span, message)
                .label("here")
                .help(format!(
                    "`!` takes nodes away: write `@all ! {}{}`",
                    self.text, self.behind
                ))
        })
    }

    /// `@cpus > 8`.
    fn comparison(&self) -> Option<Diagnostic> {
        let sign = self
            .text
            .chars()
            .next()
            .filter(|c| matches!(c, '<' | '>'))?;
        let key = self.left.rsplit([',', '!', '&', '^', ' ']).next()?;
        let wrong = self.wrong(1, format!("`{sign}` is no test of a label"));
        let wrong = wrong.label("selectors know `=`, `!=`, `~` and `in (…)`");
        Some(wrong.help(format!(
            "for a fact, write `facts {key} |> where {key} {}`, and then `@$ : …`",
            self.text
        )))
    }

    /// `web{1..3}`, as bash writes it.
    fn braces(&self) -> Option<Diagnostic> {
        let text = self.text.strip_prefix(['{', '['])?;
        let end = text.find(['}', ']']).unwrap_or(text.len());
        let fixed = text[..end].replace("..", "-");
        let length = (end + 2).min(self.span.len());
        let wrong = self.wrong(length, "names are folded with `[…]`".to_owned());
        let wrong = wrong.label("not with braces");
        Some(wrong.help(format!("write `@{}[{fixed}]`", self.left)))
    }

    /// A command without its ` : `, or a list without its `,`.
    fn command(&self, groups: &BTreeSet<String>) -> Diagnostic {
        let Self {
            left, text, behind, ..
        } = self;
        let message = "a selector ends with ` : ` or with the line".to_owned();
        let bare = self.wrong(self.span.len(), message);
        let bare = bare.label("expected an operator or ` : `");
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        let is_selector =
            groups.contains(first) || first.contains(['=', '[', '*']) || !behind.is_empty();
        if is_selector {
            return bare.help(format!(
                "for both, write `@{left},{text}{behind}`; for what they share, `@{left} & {text}`"
            ));
        }
        let both = if words.next().is_none() && first.contains(|c: char| c.is_ascii_digit()) {
            format!("; for both nodes, `@{left},{text}`")
        } else {
            String::new()
        };
        bare.help(format!("write `@{left} : {text}`{both}"))
    }
}
