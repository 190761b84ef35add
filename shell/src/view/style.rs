//! Style: lines that may reach a terminal, and how they are drawn there.
//!
//! A [`Line`] takes static text, `Clean` text and numbers, and nothing else: there is no way from
//! a node's bytes to the terminal that does not lead through `Clean`. Colour repeats what words
//! say already; without it nothing is lost.

use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;

use super::fit;
use super::measure::{grouped, width_of};

/// How text is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Columns of the terminal; `None` where nothing needs to fit, as in a file.
    pub width: Option<u16>,
    /// Whether colour may be used.
    pub color: bool,
    /// ASCII only: other characters are escaped, or replaced where they are our own. For
    /// terminals that do not read UTF-8, where a harmless letter's bytes can be a control.
    pub ascii: bool,
    /// In which colours.
    pub theme: Theme,
}

/// Which colours stand for what. None says anything that a word does not say, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The basic colours, none of which vanishes on a light or a dark ground.
    #[default]
    Auto,
    /// Brighter ones, for a dark ground.
    Dark,
    /// The basic colours, with grey in the place of what is dim, for a light ground.
    Light,
    /// No colours: bold, dim and underlined.
    Mono,
}

impl Theme {
    /// Every theme with its name.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Auto, "auto"),
        (Self::Dark, "dark"),
        (Self::Light, "light"),
        (Self::Mono, "mono"),
    ];

    /// Finds a theme by its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(t, _)| *t)
    }

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(t, _)| *t == self)
            .map_or("auto", |(_, n)| n)
    }
}

/// What the operator said about colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Decides whether to use colour; `env` returns a variable's value.
    ///
    /// A flag goes before `NO_COLOR`, that before `CLICOLOR_FORCE`, that before what the stream is.
    #[must_use]
    pub fn is_on(self, is_terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
        let is_set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if is_set("NO_COLOR") => false,
            Self::Auto if env("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => true,
            Self::Auto => is_terminal && env("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Whether the environment asks for ASCII: its locale names a character set other than UTF-8.
/// `env` returns a variable's value. An environment without any locale is taken for UTF-8.
#[must_use]
pub fn is_ascii_only(env: impl Fn(&str) -> Option<String>) -> bool {
    let mut locales = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env);
    let Some(locale) = locales.find(|locale| !locale.is_empty()) else {
        return false;
    };
    let locale = locale.to_ascii_lowercase();
    !(locale.contains("utf-8") || locale.contains("utf8"))
}

/// How a piece of text stands out. Only the eight basic colours, none of which (white, black,
/// yellow) vanishes on a light or a dark ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// What may be skipped: gutters, counts of what is left out.
    Dim,
    /// What the eye should find: node names.
    Strong,
    /// `ok`.
    Good,
    /// `failed`, `denied`.
    Bad,
    /// No answer, or not all of it.
    Warn,
    /// A cell that changed since the last turn.
    Changed,
    /// A node that stands beside others: one of `NODE_COLORS`.
    Node(u8),
}

/// The colours of nodes that stand beside each other. None of them means trouble.
const NODE_COLORS: [&str; 6] = [
    "\x1b[36m",
    "\x1b[34m",
    "\x1b[32m",
    "\x1b[1;36m",
    "\x1b[1;34m",
    "\x1b[1;32m",
];

impl Paint {
    /// Returns the paint of a state's name.
    #[must_use]
    pub const fn of(state: State) -> Self {
        match state {
            State::Ok => Self::Good,
            State::Failed | State::Denied => Self::Bad,
            State::Unreachable | State::Lost | State::Undeliverable | State::TimedOut => Self::Warn,
            State::Cancelled | State::NotStarted => Self::Dim,
        }
    }

    /// Returns the paint of a node: the same for a name, whatever other nodes there are.
    #[must_use]
    pub fn of_node(name: &str) -> Self {
        // FNV-1a: names that differ in a digit are spread over the colours.
        let mut hash: u32 = 0x811c_9dc5;
        for byte in name.bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        let n = hash % (NODE_COLORS.len() as u32);
        Self::Node(u8::try_from(n).unwrap_or(0))
    }

    /// Returns what switches the paint on.
    const fn sgr(self, theme: Theme) -> Option<&'static str> {
        Some(match (self, theme) {
            (Self::Plain, _) | (Self::Good, Theme::Mono) => return None,
            (Self::Dim, Theme::Light) => "\x1b[90m",
            (Self::Dim, Theme::Auto | Theme::Dark | Theme::Mono) => "\x1b[2m",
            (Self::Node(_), Theme::Mono) => return None,
            (Self::Node(n), Theme::Auto | Theme::Light | Theme::Dark) => {
                NODE_COLORS[n as usize % NODE_COLORS.len()]
            }
            (Self::Changed, _) => "\x1b[7m",
            (Self::Strong, _) => "\x1b[1m",
            (Self::Good, Theme::Auto | Theme::Light) => "\x1b[32m",
            (Self::Good, Theme::Dark) => "\x1b[92m",
            (Self::Bad, Theme::Auto | Theme::Light) => "\x1b[31m",
            (Self::Bad, Theme::Dark) => "\x1b[91m",
            (Self::Bad, Theme::Mono) => "\x1b[1;4m",
            (Self::Warn, Theme::Auto | Theme::Light) => "\x1b[35m",
            (Self::Warn, Theme::Dark) => "\x1b[95m",
            (Self::Warn, Theme::Mono) => "\x1b[4m",
        })
    }
}

const RESET: &str = "\x1b[0m";

/// One line of styled text, without its newline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    spans: Vec<(Paint, String)>,
    width: usize,
    look: Look,
}

impl Line {
    /// Makes an empty line.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self {
            look,
            ..Self::default()
        }
    }

    /// Adds text of our own.
    #[must_use]
    pub fn own(mut self, paint: Paint, text: &'static str) -> Self {
        if self.look.ascii && !text.is_ascii() {
            let replaced: String = text.chars().map(ascii_for).collect();
            self.push(paint, &replaced);
        } else {
            self.push(paint, text);
        }
        self
    }

    /// Adds text that may be shown. Line breaks and tabs in it are escaped.
    #[must_use]
    pub fn clean(mut self, paint: Paint, text: &Clean) -> Self {
        self.push(paint, fit::one_line(text, self.look.ascii).as_str());
        self
    }

    /// Adds a number, in groups of three digits.
    #[must_use]
    pub fn number(mut self, paint: Paint, number: impl TryInto<u64>) -> Self {
        self.push(paint, &grouped(number.try_into().unwrap_or(u64::MAX)));
        self
    }

    /// Adds another line.
    #[must_use]
    pub fn line(mut self, other: &Self) -> Self {
        for (paint, text) in &other.spans {
            self.push(*paint, text);
        }
        self
    }

    /// Returns the columns that the line takes on a terminal, at most.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether nothing is on the line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Cuts the line to that many columns; what is cut ends in an ellipsis.
    #[must_use]
    pub fn cut(self, columns: usize) -> Self {
        if self.width <= columns {
            return self;
        }
        let ellipsis = Self::new(self.look).own(Paint::Dim, "…");
        let room = columns.saturating_sub(ellipsis.width);
        let mut out = Self::new(self.look);
        for (paint, text) in &self.spans {
            let left = room - out.width;
            let (head, rest) = fit::split_at(text, left);
            out.push(*paint, head);
            if !rest.is_empty() {
                break;
            }
        }
        if ellipsis.width <= columns {
            out = out.line(&ellipsis);
        }
        out
    }

    /// Returns the line as it is written, without its newline.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (paint, text) in &self.spans {
            match paint.sgr(self.look.theme).filter(|_| self.look.color) {
                Some(sgr) => {
                    out.push_str(sgr);
                    out.push_str(text);
                    out.push_str(RESET);
                }
                None => out.push_str(text),
            }
        }
        out
    }

    /// The only way in. Private, so that every text was made safe by one of the ways above.
    fn push(&mut self, paint: Paint, text: &str) {
        if text.is_empty() {
            return;
        }
        self.width += width_of(text);
        // A blank has no colour, and none is switched on for it.
        let is_blank = text.bytes().all(|byte| byte == b' ');
        match self.spans.last_mut() {
            Some((last, so_far)) if *last == paint || is_blank => so_far.push_str(text),
            _ if is_blank => self.spans.push((Paint::Plain, text.to_owned())),
            _ => self.spans.push((paint, text.to_owned())),
        }
    }
}

/// Returns lines as one text; each ends in a newline.
#[must_use]
pub fn text_of(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.text());
        out.push('\n');
    }
    out
}

/// Returns what stands for a sign of ours where only ASCII can be shown.
const fn ascii_for(c: char) -> char {
    match c {
        '─' | '–' => '-',
        '│' | '┆' | '·' => '|',
        '…' => '~',
        '×' => 'x',
        c if c.is_ascii() => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLORED: Look = Look {
        width: None,
        color: true,
        ascii: false,
        theme: Theme::Auto,
    };

    #[test]
    fn every_theme_says_the_same_words_and_mono_has_no_colour() {
        for (theme, name) in Theme::ALL {
            assert_eq!(Theme::by_name(name), Some(theme));
            let look = Look { theme, ..COLORED };
            let paints = [
                Paint::Dim,
                Paint::Strong,
                Paint::Good,
                Paint::Bad,
                Paint::Warn,
            ];
            let drawn: Vec<String> = paints
                .iter()
                .map(|paint| Line::new(look).own(*paint, "words").text())
                .collect();
            for text in &drawn {
                assert!(text.contains("words"), "{name}: {text:?}");
                let is_colored = ["[3", "[9"].iter().any(|c| text.contains(c));
                assert!(theme != Theme::Mono || !is_colored, "{text:?}");
            }
        }
    }

    #[test]
    fn the_flag_goes_before_the_environment_and_that_before_the_terminal() {
        use ColorChoice::{Always, Auto, Never};
        for (choice, is_terminal, env, expected) in [
            (Auto, true, &[][..], true),
            (Auto, false, &[], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (
                Auto,
                true,
                &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
                false,
            ),
            (Auto, true, &[("TERM", "dumb")], false),
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ] {
            let lookup = |name: &str| {
                let found = env.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                choice.is_on(is_terminal, lookup),
                expected,
                "{choice:?} {env:?}"
            );
        }
    }

    #[test]
    fn a_locale_without_utf8_asks_for_ascii() {
        for (env, expected) in [
            (&[][..], false),
            (&[("LANG", "de_DE.UTF-8")], false),
            (&[("LANG", "C.utf8")], false),
            (&[("LANG", "C")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], true),
            (&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")], true),
            (&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")], false),
        ] {
            let lookup = |name: &str| {
                let found = env.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_ascii_only(lookup), expected, "{env:?}");
        }
    }

    #[test]
    fn colour_wraps_words_and_leaves_them_as_they_are() {
        let line = |look| {
            Line::new(look)
                .own(Paint::Bad, "failed")
                .own(Paint::Plain, " · ")
                .number(Paint::Plain, 12_345_u64)
        };
        assert_eq!(line(COLORED).text(), "\x1b[31mfailed\x1b[0m · 12,345");
        assert_eq!(line(Look::default()).text(), "failed · 12,345");
        assert_eq!(line(COLORED).width(), 15);
    }

    #[test]
    fn text_of_several_lines_does_not_break_a_line() {
        let text = Clean::text("a\nb\tc");
        let line = Line::new(Look::default()).clean(Paint::Plain, &text);
        assert_eq!(line.text(), "a\\nb\\tc");
    }

    #[test]
    fn a_cut_line_is_as_wide_as_asked_and_says_that_it_was_cut() {
        let line = Line::new(COLORED)
            .own(Paint::Bad, "failed")
            .clean(Paint::Plain, &Clean::line(" 日本語"));
        for (columns, expected) in [
            (13, "\x1b[31mfailed\x1b[0m 日本語"),
            (12, "\x1b[31mfailed\x1b[0m 日本\x1b[2m…\x1b[0m"),
            (11, "\x1b[31mfailed\x1b[0m 日\x1b[2m…\x1b[0m"),
            (3, "\x1b[31mfa\x1b[0m\x1b[2m…\x1b[0m"),
            (0, ""),
        ] {
            let cut = line.clone().cut(columns);
            assert_eq!(cut.text(), expected);
            assert!(cut.width() <= columns);
        }
    }

    #[test]
    fn without_utf8_our_signs_are_replaced_and_theirs_escaped() {
        let look = Look {
            ascii: true,
            ..Look::default()
        };
        let line = Line::new(look)
            .own(Paint::Plain, "── … │ 1–2")
            .clean(Paint::Plain, &Clean::line(" ś"));
        assert_eq!(line.text(), "-- ~ | 1-2 \\u{15b}");
    }
}
