//! Diagnostics: one mistake each, with its place, what is wrong there, and what to do next.
//!
//! The renderer is plain text without colour. What it prints of the operator's text goes through
//! [`hailer_protocol::clean`], since a line may have been pasted.

use std::fmt;

use hailer_protocol::clean::Clean;
use hailer_protocol::excerpt::Excerpt;

use crate::span::Span;

/// One mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which mistake it is: stable, for tests and for `help CODE`.
    pub code: Code,
    /// Where it is.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What stands under the carets; may be empty.
    pub label: String,
    /// What to do next.
    pub help: Option<String>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of mistakes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the code as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    /// Text where none is expected.
    Unexpected = "unexpected",
    /// Something is missing.
    Missing = "missing",
    /// The line ends inside something that is still open.
    Incomplete = "incomplete",
    /// No fleet verb of this name.
    UnknownVerb = "unknown-verb",
    /// A fleet verb behind a plain `|`.
    VerbAfterPipe = "verb-after-pipe",
    /// `;`, `&&`, `&` or `|` behind a fleet verb.
    ShellAfterVerb = "shell-after-verb",
    /// `|>>` or `|>&`.
    PipeRedirect = "pipe-redirect",
    /// A heredoc whose text would stand behind the `|>`.
    HeredocBeforePipe = "heredoc-before-pipe",
    /// A form that bash knows and `/bin/sh` misreads.
    BashOnly = "bash-only",
    /// A line whose effect would end with it.
    DoesNotStay = "does-not-stay",
    /// `label=value` where a command is expected.
    LabelAsCommand = "label-as-command",
    /// `!` without a word right behind it, `!!`, `!$`.
    Bang = "bang",
    /// `:` without its blanks.
    ColonSpacing = "colon-spacing",
    /// A first word of ours in a line that does not fit our grammar.
    DoesNotFit = "does-not-fit",
    /// A selector that cannot be read.
    BadSelector = "bad-selector",
    /// `,` beside another operator without parentheses.
    MixedOperators = "mixed-operators",
    /// No node and no group of this name.
    UnknownName = "unknown-name",
    /// No label of this key.
    UnknownKey = "unknown-key",
    /// No node has this value.
    UnknownValue = "unknown-value",
    /// No group of this name.
    UnknownGroup = "unknown-group",
    /// A pattern that no node matches.
    NoMatch = "no-match",
    /// A selector by facts that nobody knows.
    UnknownFacts = "unknown-facts",
    /// A source of groups that gives no answer.
    GroupSource = "group-source",
    /// A program that wants a terminal, which a node does not have.
    WantsTerminal = "wants-terminal",
    /// A selector that comes out empty.
    NothingSelected = "nothing-selected",
    /// No result of this number.
    UnknownResult = "unknown-result",
    /// A result that has no such set of nodes.
    UnknownSet = "unknown-set",
    /// A tie has no minority.
    Tie = "tie",
    /// A command, and no scope to run it in.
    NoScope = "no-scope",
    /// A number, unit or count that cannot be read.
    BadNumber = "bad-number",
    /// A regular expression that cannot be read.
    BadRegex = "bad-regex",
    /// An expression that cannot be read.
    BadExpression = "bad-expression",
    /// No function of this name.
    UnknownFunction = "unknown-function",
    /// A function with too few or too many arguments.
    WrongArguments = "wrong-arguments",
    /// No column of this name at this place.
    UnknownColumn = "unknown-column",
    /// No metric of this name.
    UnknownMetric = "unknown-metric",
    /// More of something than is allowed.
    TooMany = "too-many",
    /// Part of the language, and not carried out by this version.
    NotAvailable = "not-available",
    /// A fleet file that cannot be read.
    FleetFile = "fleet-file",
    /// No clause of an automation is called so.
    UnknownClause = "unknown-clause",
    /// Something that an automation says once stands in it again.
    Twice = "twice",
    /// A condition that every row meets.
    NeverFalse = "never-false",
    /// A condition that no row can meet.
    NeverTrue = "never-true",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Diagnostic {
    /// Makes a diagnostic without label and help.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Adds what stands under the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds help where there is some.
    #[must_use]
    pub fn help_opt(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Returns the message, the line it is about with carets under the span, and the help.
    ///
    /// `text` must be the text that was parsed. Lines are numbered where there are several.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let mut out = format!("error[{}]: {}\n", self.code, Clean::line(&self.message));
        let start = floor(text, self.span.start);
        let end = floor(text, self.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[line_start..]
            .find('\n')
            .map_or(text.len(), |at| line_start + at);
        let number = text[..line_start].matches('\n').count() + 1;
        let gutter = if text.trim_end().contains('\n') {
            format!("{number} | ")
        } else {
            String::new()
        };
        let end = end.min(line_end);
        let excerpt = Excerpt::of(
            &text[line_start..start],
            &text[start..end],
            &text[end..line_end],
        );
        let pad = " ".repeat(gutter.chars().count() + excerpt.before);
        let (line, carets) = (excerpt.line, "^".repeat(excerpt.under));
        out.push_str(&format!("  {gutter}{line}\n  {pad}{carets}"));
        if !self.label.is_empty() {
            out.push(' ');
            out.push_str(Clean::line(&self.label).as_str());
        }
        out.push('\n');
        if let Some(help) = &self.help {
            out.push_str(&format!("  help: {}\n", Clean::line(help)));
        }
        out
    }
}

/// Renders several diagnostics, one under the other.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], text: &str) -> String {
    diagnostics.iter().map(|d| d.render(text)).collect()
}

/// The nearest character boundary at or before a position.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use hailer_protocol::excerpt::AROUND_MAX;

    use super::*;

    #[test]
    fn carets_stand_under_the_span_in_its_own_line() {
        let text = "df |>\nwher größe > 1";
        let d = Diagnostic::new(
            Code::UnknownVerb,
            Span::new(6, 10),
            "unknown fleet verb `wher`",
        )
        .label("no such verb")
        .help("did you mean `where`?");
        assert_eq!(
            d.render(text),
            "error[unknown-verb]: unknown fleet verb `wher`\n  2 | wher größe > 1\n      ^^^^ no such verb\n  help: did you mean `where`?\n"
        );
    }

    #[test]
    fn wide_characters_and_tabs_count_as_one_column() {
        let text = "\tgröße x";
        let at = text.find('x').unwrap();
        let d = Diagnostic::new(Code::Unexpected, Span::new(at, at + 1), "m");
        assert_eq!(
            d.render(text),
            "error[unexpected]: m\n   größe x\n         ^\n"
        );
    }

    #[test]
    fn a_span_beyond_the_text_does_no_harm() {
        let d = Diagnostic::new(Code::Unexpected, Span::new(50, 60), "m");
        assert!(d.render("é").contains('^'));
    }

    #[test]
    fn of_a_long_line_only_the_surroundings_are_shown() {
        let far = "é".repeat(5000);
        let text = format!("{far}wher{far}");
        let d =
            |from, to| Diagnostic::new(Code::UnknownVerb, Span::new(from, to), "m").render(&text);
        let near = "é".repeat(AROUND_MAX);
        let shown = format!(
            "  …{near}wher{near}…\n  {}^^^^\n",
            " ".repeat(AROUND_MAX + 1)
        );
        assert_eq!(
            d(10_000, 10_004),
            format!("error[unknown-verb]: m\n{shown}")
        );
        let all = d(0, text.len());
        assert!(
            all.contains(&format!("  {near}…\n")) && all.len() < 1000,
            "{all}"
        );
    }

    #[test]
    fn codes_are_unique() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        names.sort_unstable();
        let n = names.len();
        names.dedup();
        assert_eq!(names.len(), n);
    }
}
