//! Durations as clocks and counters print them: `1-02:03:04`, `12:34.5`, `3 days, 7:26`.

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads `[[dd-]hh:]mm:ss[.ff]`, as `ps` and `top` print times, or a number and a word (`3 days`, `2
/// hours`, `0.5 seconds`), into nanoseconds.
#[must_use]
pub fn clock_duration(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let found = if text.contains(':') {
        clock(text)
    } else {
        words(text)
    }?;
    Some(if negative { -found } else { found })
}

/// `[[dd-]hh:]mm:ss[.ff]`.
fn clock(text: &str) -> Option<i64> {
    let (days, of_day) = match text.split_once('-') {
        Some((days, rest)) => (number(days)?, rest),
        None => (0, text),
    };
    let parts: Vec<&str> = of_day.split(':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [h, m, s] => (number(h)?, number(m)?, s),
        [m, s] if days == 0 => (0, number(m)?, s),
        _ => return None,
    };
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole = number(whole)?;
    // Behind a colon a number has two digits; only the first may be larger.
    if whole > 59 || (parts.len() == 3 && minutes > 59) {
        return None;
    }
    let mut total = days.checked_mul(DAY)?;
    total = total.checked_add(hours.checked_mul(HOUR)?)?;
    total = total.checked_add(minutes.checked_mul(MINUTE)?)?;
    total = total.checked_add(whole * SECOND)?;
    total.checked_add(nanoseconds(fraction)?)
}

/// `3 days`, `3days`, `0.000012 seconds`.
fn words(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number_text, unit) = (&text[..end], text[end..].trim_start());
    let unit = match unit.strip_suffix('s').unwrap_or(unit) {
        "nanosecond" | "nsec" => 1,
        "microsecond" | "usec" => 1_000,
        "millisecond" | "msec" => 1_000_000,
        "second" | "sec" => SECOND,
        "minute" | "min" => MINUTE,
        "hour" | "hr" => HOUR,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => return None,
    };
    let (whole, fraction) = number_text.split_once('.').unwrap_or((number_text, "0"));
    let whole = number(whole)?.checked_mul(unit)?;
    // Of a nanosecond there is no fraction; what is finer is dropped.
    let part = i128::from(nanoseconds(fraction)?) * i128::from(unit) / i128::from(SECOND);
    whole.checked_add(i64::try_from(part).ok()?)
}

fn number(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// Digits behind the point as nanoseconds.
fn nanoseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let kept = &fraction[..fraction.len().min(9)];
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i64.pow(9 - u32::try_from(kept.len()).ok()?);
    Some(number(kept)? * scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_clocks_and_counters_print_is_read() {
        for (text, expected) in [
            ("0:09", Some(9 * SECOND)),
            ("311:41.02", Some(311 * MINUTE + 41 * SECOND + 20_000_000)),
            ("07:26:00", Some(7 * HOUR + 26 * MINUTE)),
            ("1-02:03:04", Some(DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND)),
            ("3 days", Some(3 * DAY)),
            ("3days", Some(3 * DAY)),
            ("-0.000000512 seconds", Some(-512)),
            ("1.5 hours", Some(90 * MINUTE)),
            ("1-02:03", None),
            ("12:60", None),
            ("1:2:3:4", None),
            ("12", None),
            ("days", None),
            ("a:b", None),
            ("99999999999999999:00", None),
            ("3 fortnights", None),
            ("1.é seconds", None),
            ("", None),
        ] {
            assert_eq!(clock_duration(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String, near in "[-+]?[0-9:. -]{0,12}(day|sec)?s?") {
            let _ = (clock_duration(&text), clock_duration(&near));
        }
    }
}
