//! Moments as text: RFC 3339 in UTC, read and printed without a calendar library.
//!
//! Leap seconds are not known: a minute has sixty seconds, as in the kernel's clock.

use super::time_format::read_time;

const DAY_MS: i64 = 86_400_000;

/// Prints milliseconds since 1970 as `2026-01-31T08:00:00Z`, with `.250` where there is a fraction.
#[must_use]
pub fn moment_text(milliseconds: i64) -> String {
    let days = milliseconds.div_euclid(DAY_MS);
    let of_day = milliseconds.rem_euclid(DAY_MS);
    let (year, month, day) = date_of(days);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, ms) = (of_day / 1000 % 60, of_day % 1000);
    let fraction = if ms == 0 {
        String::new()
    } else {
        format!(".{ms:03}")
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads an RFC 3339 time with its offset into milliseconds since 1970; digits beyond milliseconds
/// are dropped. A time without an offset is refused: it would be a guess.
#[must_use]
pub fn parse_moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 {
        return None;
    }
    let separators_fit = bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't' | b' ')
        && bytes[13] == b':'
        && bytes[16] == b':';
    if !separators_fit {
        return None;
    }
    let (year, month, day) = (
        number(&text[0..4])?,
        number(&text[5..7])?,
        number(&text[8..10])?,
    );
    let (hour, minute, second) = (
        number(&text[11..13])?,
        number(&text[14..16])?,
        number(&text[17..19])?,
    );
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_to(year, month, day);
    if date_of(days) != (year, month, day) {
        return None;
    }
    let (ms, rest) = split_fraction(&text[19..])?;
    let offset_minutes = parse_offset(rest)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
    Some(seconds * 1000 + ms)
}

/// Reads a time as tools print it: RFC 3339, `2026-11-23`, `2026-11-23 15:10[:00[.5]]`, what `date`,
/// `ps -o lstart` and `dmesg -T` print (`Mon Nov 23 15:10:00 2026`), what `openssl` prints (`Nov 23
/// 15:10:00 2026 GMT`), what mails and HTTP carry (`Mon, 23 Nov 2026 15:10:00 GMT`).
///
/// A time without a zone is taken for UTC; one of a zone that is known by a name only is refused.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    const FORMATS: [&str; 9] = [
        "%F",
        "%F %R",
        "%F %T",
        "%FT%T",
        "%F %T %Z",
        "%b %e %T %Y",
        "%b %e %T %Y %Z",
        "%b %e %T %Z %Y",
        "%d %b %Y %T %Z",
    ];
    /// Longer than any of these.
    const LENGTH_MAX: usize = 64;
    let text = text.trim();
    if let Some(ms) = parse_moment(text) {
        return Some(ms);
    }
    if text.len() > LENGTH_MAX || !text.is_ascii() {
        return None;
    }
    let without_day = match text.split_once([',', ' ']) {
        Some((day, rest)) if day.len() == 3 && day.bytes().all(|b| b.is_ascii_alphabetic()) => {
            let is_month = read_time(&format!("{day} 1 1970"), "%b %d %Y").is_some();
            if is_month { text } else { rest.trim_start() }
        }
        Some(_) | None => text,
    };
    FORMATS
        .iter()
        .find_map(|format| read_time(without_day, format))
}

fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

fn split_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(after) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = after.bytes().position(|b| !b.is_ascii_digit())?;
    if end == 0 {
        return None;
    }
    let kept = &after[..end.min(3)];
    let scale = 10_i64.pow(3 - u32::try_from(kept.len()).ok()?);
    Some((number(kept)? * scale, &after[end..]))
}

pub(super) fn parse_offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = match text.len() {
        6 if text.as_bytes()[3] == b':' => (&text[1..3], &text[4..6]),
        5 => (&text[1..3], &text[3..5]),
        _ => return None,
    };
    let (hours, minutes) = (number(digits.0)?, number(digits.1)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// Days since 1970-01-01 as a date of the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day is a year's last; 146,097 days are 400 years.
pub(super) const fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

pub(super) const fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let march_year = year - if month <= 2 { 1 } else { 0 };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_read_and_printed() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-23T15:10:00Z", 1_795_446_600_000),
        ] {
            assert_eq!(parse_moment(text), Some(milliseconds), "{text}");
            assert_eq!(moment_text(milliseconds), text);
        }
        assert_eq!(parse_moment("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(parse_moment("1970-01-01 00:00:00.5Z"), Some(500));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+2",
            "äääää-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_moment(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_are_read_as_tools_print_them() {
        let ms = Some(1_795_446_600_000);
        for (text, expected) in [
            ("2026-11-23T15:10:00Z", ms),
            ("2026-11-23 15:10:00", ms),
            ("2026-11-23 15:10", ms),
            ("2026-11-23T15:10:00", ms),
            ("2026-11-23 16:10:00 +0100", ms),
            ("Mon Nov 23 15:10:00 2026", ms),
            ("Mon Nov 23 15:10:00 UTC 2026", ms),
            ("Nov 23 15:10:00 2026 GMT", ms),
            ("Mon, 23 Nov 2026 15:10:00 GMT", ms),
            ("Mon 2026-11-23 15:10:00 UTC", ms),
            (" 2026-11-23 ", Some(1_795_392_000_000)),
            ("Mon Nov 23 16:10:00 CET 2026", None),
            ("Nov 23 15:10:00", None),
            ("15:10", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text: String) {
            let _ = parse_time(&text);
        }

        #[test]
        fn every_moment_of_four_digit_years_reads_back(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            prop_assert_eq!(parse_moment(&moment_text(ms)), Some(ms));
        }

        #[test]
        fn every_moment_prints(ms: i64) {
            prop_assert!(moment_text(ms).ends_with('Z'));
        }
    }
}
