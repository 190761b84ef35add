//! The surroundings of a place in a text, for whoever is told of a mistake there.

use crate::clean::Clean;

/// The most that is shown of a line before a place, of it, and behind it, in characters.
pub const AROUND_MAX: usize = 160;

/// A line cut down to the surroundings of a place, harmless to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What is shown of the line, with `…` where it is cut.
    pub line: String,
    /// How many characters of it stand before the place.
    pub before: usize,
    /// How many characters the place has there; at least one, for there is something to point at.
    pub under: usize,
}

impl Excerpt {
    /// Cuts a line, so that one of a mebibyte does not fill the screen. It is handed over in what
    /// stands before the place, the place, and what stands behind it.
    #[must_use]
    pub fn of(before: &str, under: &str, behind: &str) -> Self {
        let (before, under) = (tail(&shown(before)), head(&shown(under)));
        Self {
            line: format!("{before}{under}{}", head(&shown(behind))),
            before: before.chars().count(),
            under: under.chars().count().max(1),
        }
    }
}

/// A tab counts as one column here, or the carets would miss.
fn shown(text: &str) -> String {
    Clean::line(&text.replace('\t', " ")).into_string()
}

/// The beginning of a text, with `…` where it is cut.
fn head(text: &str) -> String {
    match text.char_indices().nth(AROUND_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The end of a text, with `…` where it is cut.
fn tail(text: &str) -> String {
    match text.char_indices().rev().nth(AROUND_MAX) {
        Some((at, c)) => format!("…{}", &text[at + c.len_utf8()..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_shown_whole_and_a_long_one_around_its_place() {
        let short = Excerpt::of("a\t", "", "b");
        let expected = Excerpt {
            line: "a b".to_owned(),
            before: 2,
            under: 1,
        };
        assert_eq!(short, expected);
        let far = "é".repeat(AROUND_MAX + 1);
        let near = "é".repeat(AROUND_MAX);
        let long = Excerpt::of(&far, "here", &far);
        let expected = Excerpt {
            line: format!("…{near}here{near}…"),
            before: AROUND_MAX + 1,
            under: 4,
        };
        assert_eq!(long, expected);
    }

    #[test]
    fn nothing_in_it_commands_a_terminal() {
        let excerpt = Excerpt::of("\x1b[2J", "\x07", "\u{202e}");
        assert!(!excerpt.line.contains(['\x1b', '\x07', '\u{202e}']));
    }
}
