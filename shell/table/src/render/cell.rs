//! Text that has its place: safe to print, and of a known width on the terminal.

use hailer_protocol::clean::Clean;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Combining marks on one character at most. Scripts use up to three or four; ten thousand of them
/// smear over the lines above and below.
const MARKS_MAX: usize = 8;

/// Which characters may be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    pub(super) ascii: bool,
    /// For a terminal, which may set text that runs from right to left in its own order.
    pub(super) is_terminal: bool,
}

impl Ink {
    pub(super) const fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// Makes text of one line, ASCII only where only that can be shown.
    pub(super) fn clean(self, text: &str) -> Clean {
        if !self.ascii || text.is_ascii() {
            return Clean::line(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_ascii() {
                out.push(c);
            } else {
                out.extend(c.escape_unicode());
            }
        }
        Clean::line(&out)
    }
}

/// Text cut to a width. Made of [`Clean`] only; drawn cells are made of it only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fitted {
    text: String,
    width: usize,
}

impl Fitted {
    /// Cuts text to `max` terminal columns; what is cut ends in an ellipsis.
    pub(super) fn new(clean: &Clean, max: usize, ink: Ink) -> Self {
        let whole = clean.as_str();
        if whole.is_ascii() && whole.len() <= max {
            return Self {
                width: whole.len(),
                text: whole.to_owned(),
            };
        }
        let (mut text, is_whole) = laid_out(whole, max);
        if is_whole && text.width() <= max {
            let width = text.width();
            keep_apart(&mut text, ink);
            return Self { text, width };
        }
        let ellipsis = if max < ink.ellipsis().width() {
            ""
        } else {
            ink.ellipsis()
        };
        while text.width().saturating_add(ellipsis.width()) > max && text.pop().is_some() {}
        text.push_str(ellipsis);
        let width = text.width();
        keep_apart(&mut text, ink);
        Self { text, width }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }
}

/// Ends a text that runs from right to left with a mark of no width that runs the other way.
/// Without it two such cells side by side are one run to a terminal that knows about it (Unicode
/// Standard Annex 9), and the columns change places.
fn keep_apart(text: &mut String, ink: Ink) {
    const LEFT_TO_RIGHT_MARK: char = '\u{200e}';
    if ink.is_terminal && !ink.ascii && text.chars().any(runs_from_right) {
        text.push(LEFT_TO_RIGHT_MARK);
    }
}

/// Whether a character is in a block of a script that is written from right to left.
const fn runs_from_right(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Takes characters until they are wider than `max`, bounds the marks on each, and gives marks
/// that come first something to stand on. Says whether everything was taken.
fn laid_out(text: &str, max: usize) -> (String, bool) {
    let mut out = String::with_capacity(text.len().min(max.saturating_mul(4)));
    let mut width: usize = 0;
    let mut marks: usize = 0;
    let mut is_whole = true;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if w == 0 {
            if out.is_empty() {
                out.push('\u{25cc}');
                width = 1;
            }
            marks += 1;
            if marks > MARKS_MAX {
                is_whole = false;
                continue;
            }
        } else {
            marks = 0;
            width = width.saturating_add(w);
        }
        out.push(c);
        if width > max {
            return (out, false);
        }
    }
    (out, is_whole)
}

/// Returns the width of the longest part that has no place to wrap.
pub(super) fn longest_piece(text: &Clean, ink: Ink) -> usize {
    pieces(text)
        .map(|piece| Fitted::new(&piece, usize::MAX, ink).width())
        .max()
        .unwrap_or(0)
}

/// Wraps after commas; a part that is wider than `width` has a line of its own and is not cut.
pub(super) fn wrap_at_commas(text: &Clean, width: usize, ink: Ink) -> Vec<Fitted> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        let piece = Fitted::new(&piece, usize::MAX, ink);
        if !line.is_empty() && line.width() + piece.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        line.push_str(piece.as_str());
    }
    lines.push(line);
    lines
        .into_iter()
        .map(|text| Fitted {
            width: text.width(),
            text,
        })
        .collect()
}

fn pieces(text: &Clean) -> impl Iterator<Item = Clean> {
    text.as_str().split_inclusive(',').map(Clean::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Ink = Ink {
        ascii: false,
        is_terminal: true,
    };

    fn fit(text: &str, max: usize) -> String {
        Fitted::new(&INK.clean(text), max, INK).into_string()
    }

    #[test]
    fn text_is_cut_by_terminal_columns_not_by_characters() {
        for (text, max, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("", 0, ""),
        ] {
            assert_eq!(fit(text, max), expected, "{text:?} in {max}");
        }
    }

    #[test]
    fn a_flood_of_marks_is_bounded_and_the_cut_is_seen() {
        let flood = format!("a{}b", "\u{301}".repeat(10_000));
        let fitted = fit(&flood, 10);
        assert_eq!(fitted.chars().count(), 1 + MARKS_MAX + 2);
        assert!(fitted.ends_with("b…"));
        assert_eq!(fit("\u{301}", 3), "\u{25cc}\u{301}");
    }

    #[test]
    fn a_node_set_wraps_after_commas_and_is_never_cut() {
        let set = Clean::line("web[001-003,017],db01");
        let lines: Vec<String> = wrap_at_commas(&set, 12, INK)
            .into_iter()
            .map(Fitted::into_string)
            .collect();
        assert_eq!(lines, ["web[001-003,", "017],db01"]);
        assert_eq!(longest_piece(&set, INK), 12);
    }

    #[test]
    fn ascii_ink_escapes_what_it_cannot_draw() {
        let ink = Ink { ascii: true, ..INK };
        assert_eq!(ink.clean("é…").as_str(), "\\u{e9}\\u{2026}");
        let cut = Fitted::new(&ink.clean("abcdef"), 5, ink);
        assert_eq!(cut.as_str(), "ab...");
    }
}
