//! What stands behind a selector and cannot: operators of other languages, a command without its
//! ` : `. Each is told with the line as it would be right.

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
        let left = selector.span.of(self.text).trim();
        let text = rest.of(self.text).trim_end();
        let behind = &self.text[rest.end..];
        if let Some(pipe) = text.strip_prefix("|>") {
            let verbs = pipe.trim();
            return Diagnostic::new(
                Code::BadSelector,
                rest,
                "a selector has no rows for a fleet verb",
            )
            .label("rows of what?")
            .help(format!(
                "write `@{left} : COMMAND |> {verbs}`, or `@{left} : |> {verbs}` for these nodes' rows of the last result"
            ));
        }
        if let Some((theirs, ours)) = operator(text) {
            let operand = text[theirs.len()..].trim_start();
            let fixed = format!("{left}{ours}{}", translated(operand));
            let what = match ours {
                "," => "`,` joins",
                " & " => "`&` keeps what both have",
                _ => "`!` takes nodes away",
            };
            let span = Span::new(rest.start, rest.start + theirs.len());
            let is_command = matches!(theirs, "|" | ";" | "&&" | "||") && behind.is_empty();
            let command = if is_command {
                format!("; for a command, `@{left} : {operand}`")
            } else {
                String::new()
            };
            return Diagnostic::new(
                Code::BadSelector,
                span,
                format!("`{theirs}` is no operator of selectors"),
            )
            .label("here")
            .help(format!(
                "{what}: write `@{fixed}{}`{command}",
                behind.trim_end()
            ));
        }
        if let Some(diagnostic) = self.of_result(selector, text, rest) {
            return diagnostic;
        }
        if matches!(left, "not" | "NOT" | "except") {
            return Diagnostic::new(
                Code::BadSelector,
                selector.span,
                format!("`{left}` is no word of selectors"),
            )
            .label("here")
            .help(format!(
                "`!` takes nodes away: write `@all ! {text}{}`",
                behind.trim_end()
            ));
        }
        if let Some(sign) = text.chars().next().filter(|c| matches!(c, '<' | '>')) {
            let key = left
                .rsplit([',', '!', '&', '^', ' '])
                .next()
                .unwrap_or(left);
            return Diagnostic::new(
                Code::BadSelector,
                Span::new(rest.start, rest.start + 1),
                format!("`{sign}` is no test of a label"),
            )
            .label("selectors know `=`, `!=`, `~` and `in (…)`")
            .help(format!(
                "for a fact, write `facts {key} |> where {key} {text}`, and then `@$ : …`"
            ));
        }
        if text.starts_with(['{', '[']) {
            return braces(left, text, rest);
        }
        let bare = Diagnostic::new(
            Code::BadSelector,
            rest,
            "a selector ends with ` : ` or with the line",
        )
        .label("expected an operator or ` : `");
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        let is_selector = self.words.groups.contains(first)
            || first.contains(['=', '[', '*'])
            || !behind.trim().is_empty();
        if is_selector {
            return bare.help(format!(
                "for both, write `@{left},{text}{}`; for what they share, `@{left} & {text}`",
                behind.trim_end()
            ));
        }
        let both = if words.next().is_none() && first.contains(|c: char| c.is_ascii_digit()) {
            format!("; for both nodes, `@{left},{text}`")
        } else {
            String::new()
        };
        bare.help(format!("write `@{left} : {text}`{both}"))
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

/// `web{1..3}`, as bash writes it.
fn braces(left: &str, text: &str, rest: Span) -> Diagnostic {
    let end = text.find(['}', ']']).map_or(text.len(), |at| at + 1);
    let inside = text[1..end].trim_end_matches(['}', ']']);
    let fixed = inside.replace("..", "-");
    Diagnostic::new(
        Code::BadSelector,
        Span::new(rest.start, rest.start + end),
        "names are folded with `[…]`",
    )
    .label("not with braces")
    .help(format!("write `@{left}[{fixed}]`"))
}
