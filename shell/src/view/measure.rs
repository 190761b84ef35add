//! Measures: how wide text is on a terminal, and how counts, sizes and times are said.

use std::time::Duration;

use hailer_protocol::clean::Clean;
use hailer_protocol::units::size_text;
use unicode_width::UnicodeWidthChar;

/// Returns the columns that a character takes, at most: what a terminal that knows no ligatures
/// and no emoji sequences gives it. A variation selector may widen what stands before it.
pub(super) fn char_width(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// Returns the columns that text takes, at most.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Returns a number in groups of three digits: `9,812`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a number of bytes: `1.2GiB`.
pub(super) fn size(bytes: u64) -> Clean {
    Clean::line(&size_text(i64::try_from(bytes).unwrap_or(i64::MAX)))
}

/// Returns how long a run took: `0.31 s`, `12.3 s`, `4m 05s`, `2h 03m`.
pub(crate) fn elapsed(time: Duration) -> Clean {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let s = ms / 1000;
    Clean::line(&match s {
        0..10 => format!("{s}.{:02} s", ms % 1000 / 10),
        10..60 => format!("{s}.{} s", ms % 1000 / 100),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        3600.. => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
    })
}

/// Returns one number of milliseconds: `40 ms`, `12.3 s`.
pub(super) fn milliseconds(ms: u64) -> Clean {
    if ms < 10_000 {
        Clean::line(&format!("{ms} ms"))
    } else {
        elapsed(Duration::from_millis(ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_read_them() {
        for (n, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (9_812, "9,812"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(n), expected);
        }
    }

    #[test]
    fn times_lose_digits_as_they_grow() {
        for (ms, expected) in [
            (0, "0.00 s"),
            (314, "0.31 s"),
            (9_999, "9.99 s"),
            (12_345, "12.3 s"),
            (245_000, "4m 05s"),
            (7_380_000, "2h 03m"),
        ] {
            assert_eq!(elapsed(Duration::from_millis(ms)).as_str(), expected);
        }
        assert_eq!(milliseconds(40).as_str(), "40 ms");
        assert_eq!(milliseconds(12_345).as_str(), "12.3 s");
    }

    #[test]
    fn wide_characters_count_twice_and_marks_not_at_all() {
        for (text, expected) in [
            ("abc", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("\u{2764}\u{fe0f}", 2),
        ] {
            assert_eq!(width_of(text), expected, "{text:?}");
        }
    }
}
