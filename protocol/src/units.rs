//! Quantities as text: the one parser and the one printer of sizes, durations, percents and times.
//!
//! Literals in the language, cells of `parse`, conversions in expressions and every sink go through
//! here, so that `10GiB` means the same wherever it is read. Units are exact: a size is computed in
//! whole bytes and a duration in whole nanoseconds, never by way of a float.

mod clock;
pub mod moment;
pub mod time_format;

pub use self::clock::clock_duration;

use crate::value::Value;

/// Reads a number with a unit: a size (`10GiB`, `1.5G`, `512B`), a duration (`30s`, `1h30m`) or a
/// percent (`95%`). A leading `-` negates it.
///
/// `K M G T P E` are powers of 1024, with or without `i`, as Linux tools print them with `-h`; with
/// a `B` and without the `i` (`kB`, `MB`) they are powers of 1000. Returns `None` for a bare number,
/// for text around the quantity, and for what does not fit.
#[must_use]
pub fn parse_quantity(text: &str) -> Option<Value> {
    let (negative, body) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    if let Some(number) = body.strip_suffix('%') {
        let points = parse_points(number)?;
        return Some(Value::Percent(if negative { -points } else { points }));
    }
    let (number, rest) = Decimal::split_off(body)?;
    let unit_end = rest
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(rest.len());
    if let Some(unit) = size_unit(&rest[..unit_end]) {
        if unit_end < rest.len() {
            return None;
        }
        let bytes = number.scaled(unit)?;
        return Some(Value::Size(if negative { -bytes } else { bytes }));
    }
    let nanoseconds = parse_duration(body)?;
    Some(Value::Duration(if negative {
        -nanoseconds
    } else {
        nanoseconds
    }))
}

/// Prints a value for people, in every sink: sizes as `1.5GiB`, percents as `91%`, durations as
/// `1h30m`, times in RFC 3339; null prints as nothing.
///
/// Sizes are rounded to one decimal and percents to two; everything else is exact. The text of a
/// string is returned as it is, and is as untrusted as before.
#[must_use]
pub fn display_value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => float_text(*x),
        Value::Str(s) => s.clone(),
        Value::Duration(nanoseconds) => duration_text(*nanoseconds),
        Value::Size(bytes) => size_text(*bytes),
        Value::Percent(points) => percent_text(*points),
        Value::Time(milliseconds) => moment::moment_text(*milliseconds),
    }
}

/// Prints a value for machines, as [`display_value`] does but without rounding and without words
/// that need parsing: sizes as bytes, percents as points.
///
/// This is what a deed finds in its environment.
#[must_use]
pub fn exact_value(value: &Value) -> String {
    match value {
        Value::Size(bytes) => bytes.to_string(),
        Value::Percent(points) => float_text(*points),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Duration(_)
        | Value::Time(_) => display_value(value),
    }
}

/// Prints a size with one decimal at most: `512B`, `1.5GiB`.
#[must_use]
pub fn size_text(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let sign = if bytes < 0 { "-" } else { "" };
    let magnitude = u128::from(bytes.unsigned_abs());
    if magnitude < 1024 {
        return format!("{sign}{magnitude}B");
    }
    let mut unit: u128 = 1024;
    let mut tenths = (magnitude * 10 + unit / 2) / unit;
    let mut name = UNITS[0];
    for next in &UNITS[1..] {
        // What rounds up to 1024 of one unit is 1 of the next.
        if tenths < 10_240 {
            break;
        }
        unit *= 1024;
        tenths = (magnitude * 10 + unit / 2) / unit;
        name = next;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if tenth == 0 {
        format!("{sign}{whole}{name}")
    } else {
        format!("{sign}{whole}.{tenth}{name}")
    }
}

/// Prints a duration exactly: `250ms`, `1h30m`, `2d1.5s`.
#[must_use]
pub fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    if magnitude == 0 {
        return "0s".to_owned();
    }
    if magnitude < SECOND {
        let (unit, name) = match magnitude {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "us"),
            1_000_000.. => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", fraction_text(magnitude, unit));
    }
    let mut out = sign.to_owned();
    let mut rest = magnitude;
    for (unit, name) in [(DAY, 'd'), (HOUR, 'h'), (MINUTE, 'm')] {
        if rest >= unit {
            out.push_str(&(rest / unit).to_string());
            out.push(name);
            rest %= unit;
        }
    }
    if rest > 0 {
        out.push_str(&fraction_text(rest, SECOND));
        out.push('s');
    }
    out
}

/// Prints a percent with two decimals at most.
#[must_use]
pub fn percent_text(points: f64) -> String {
    if !points.is_finite() {
        return format!("{points}%");
    }
    let text = format!("{points:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    let short = if short == "-0" { "0" } else { short };
    format!("{short}%")
}

/// Prints a float with the fewest digits that read back as the same float.
#[must_use]
pub fn float_text(x: f64) -> String {
    let magnitude = x.abs();
    if magnitude != 0.0 && x.is_finite() && !(1e-5..1e16).contains(&magnitude) {
        format!("{x:e}")
    } else {
        x.to_string()
    }
}

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads one or more parts, each of a smaller unit than the one before.
fn parse_duration(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = Decimal::split_off(rest)?;
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let unit = duration_unit(&after[..end])?;
        if unit >= last_unit {
            return None;
        }
        total = total.checked_add(number.scaled(unit)?)?;
        last_unit = unit;
        rest = &after[end..];
    }
    (last_unit != u64::MAX).then_some(total)
}

/// Reads plain decimal digits, as `91` or `0.5`.
fn parse_points(number: &str) -> Option<f64> {
    let (_, rest) = Decimal::split_off(number)?;
    if rest.is_empty() {
        number.parse().ok()
    } else {
        None
    }
}

fn size_unit(word: &str) -> Option<u64> {
    let decimal = match word {
        "B" => return Some(1),
        "kB" | "KB" => 1,
        "MB" => 2,
        "GB" => 3,
        "TB" => 4,
        "PB" => 5,
        "EB" => 6,
        _ => 0,
    };
    if decimal > 0 {
        return Some(1000_u64.pow(decimal));
    }
    let power = match word {
        "K" | "k" | "Ki" | "KiB" => 1,
        "M" | "Mi" | "MiB" => 2,
        "G" | "Gi" | "GiB" => 3,
        "T" | "Ti" | "TiB" => 4,
        "P" | "Pi" | "PiB" => 5,
        "E" | "Ei" | "EiB" => 6,
        _ => return None,
    };
    Some(1024_u64.pow(power))
}

fn duration_unit(word: &str) -> Option<u64> {
    Some(match word {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => 7 * DAY,
        "y" => 365 * DAY,
        _ => return None,
    })
}

/// A number of decimal digits, kept apart so that no float rounds it.
struct Decimal {
    whole: u128,
    fraction: u128,
    fraction_digits: u32,
}

impl Decimal {
    /// Takes digits, and perhaps a dot and more digits, off the front.
    fn split_off(text: &str) -> Option<(Self, &str)> {
        let whole_end = digits_end(text);
        if whole_end == 0 || whole_end > 19 {
            return None;
        }
        let (whole, rest) = text.split_at(whole_end);
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(after) => {
                let end = digits_end(after);
                if end == 0 || end > 18 {
                    return None;
                }
                after.split_at(end)
            }
            None => ("", rest),
        };
        let decimal = Self {
            whole: whole.parse().ok()?,
            fraction: if fraction.is_empty() {
                0
            } else {
                fraction.parse().ok()?
            },
            fraction_digits: u32::try_from(fraction.len()).ok()?,
        };
        Some((decimal, rest))
    }

    /// Returns this many units, rounded to a whole number. Digits and units are bounded so that
    /// the products stay within 128 bits.
    fn scaled(&self, unit: u64) -> Option<i64> {
        let unit = u128::from(unit);
        let divisor = 10_u128.pow(self.fraction_digits);
        let fraction = (self.fraction * unit + divisor / 2) / divisor;
        i64::try_from(self.whole * unit + fraction).ok()
    }
}

fn digits_end(text: &str) -> usize {
    text.bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Prints `n / unit` exactly; `unit` is a power of ten.
fn fraction_text(n: u64, unit: u64) -> String {
    let (whole, rest) = (n / unit, n % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIB: i64 = 1 << 30;

    #[test]
    fn quantities_are_read_with_their_units() {
        let second = 1_000_000_000;
        for (text, expected) in [
            ("10GiB", Some(Value::Size(10 * GIB))),
            ("10G", Some(Value::Size(10 * GIB))),
            ("10Gi", Some(Value::Size(10 * GIB))),
            ("1.5K", Some(Value::Size(1536))),
            ("512B", Some(Value::Size(512))),
            ("0B", Some(Value::Size(0))),
            ("5kB", Some(Value::Size(5000))),
            ("1MB", Some(Value::Size(1_000_000))),
            ("7E", Some(Value::Size(7 << 60))),
            ("8E", None),
            ("-1K", Some(Value::Size(-1024))),
            ("30s", Some(Value::Duration(30 * second))),
            ("5m", Some(Value::Duration(300 * second))),
            ("1h30m", Some(Value::Duration(5400 * second))),
            ("250ms", Some(Value::Duration(250_000_000))),
            ("2d", Some(Value::Duration(172_800 * second))),
            ("1w", Some(Value::Duration(604_800 * second))),
            ("1.5h", Some(Value::Duration(5400 * second))),
            ("3µs", Some(Value::Duration(3000))),
            ("30m1h", None),
            ("1h1h", None),
            ("95%", Some(Value::Percent(95.0))),
            ("0.5%", Some(Value::Percent(0.5))),
            ("%", None),
            ("12", None),
            ("", None),
            ("G", None),
            ("1.G", None),
            (".5G", None),
            ("1G1", None),
            ("10 GiB", None),
            ("5parsecs", None),
            ("99999999999999999999G", None),
            ("300y", None),
        ] {
            assert_eq!(parse_quantity(text), expected, "{text:?}");
        }
    }

    #[test]
    fn values_are_printed_for_people() {
        for (value, expected) in [
            (Value::Null, ""),
            (Value::Bool(true), "true"),
            (Value::Int(-3), "-3"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(2.0), "2"),
            (Value::Float(1e300), "1e300"),
            (Value::Size(0), "0B"),
            (Value::Size(1023), "1023B"),
            (Value::Size(GIB * 3 / 2), "1.5GiB"),
            (Value::Size(10 * GIB), "10GiB"),
            (Value::Size(GIB - 1), "1GiB"),
            (Value::Size(-2048), "-2KiB"),
            (Value::Size(i64::MIN), "-8EiB"),
            (Value::Percent(91.0), "91%"),
            (Value::Percent(33.333_333), "33.33%"),
            (Value::Percent(-0.0001), "0%"),
            (Value::Duration(0), "0s"),
            (Value::Duration(1_500_000), "1.5ms"),
            (Value::Duration(5_400_000_000_000), "1h30m"),
            (Value::Duration(-61_250_000_000), "-1m1.25s"),
            (Value::Duration(999), "999ns"),
            (Value::Time(0), "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(display_value(&value), expected, "{value:?}");
        }
        assert_eq!(exact_value(&Value::Size(1_234_567)), "1234567");
        assert_eq!(exact_value(&Value::Percent(33.25)), "33.25");
    }

    proptest! {
        #[test]
        fn durations_read_back_as_they_were(nanoseconds in -i64::MAX..i64::MAX) {
            let text = duration_text(nanoseconds);
            prop_assert_eq!(parse_quantity(&text), Some(Value::Duration(nanoseconds)));
        }

        #[test]
        fn a_printed_size_prints_the_same_when_read_back(bytes in -(7_i64 << 60)..(7_i64 << 60)) {
            let text = size_text(bytes);
            let Some(Value::Size(again)) = parse_quantity(&text) else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert_eq!(size_text(again), text);
        }

        #[test]
        fn floats_read_back_as_they_were(x in proptest::num::f64::NORMAL) {
            prop_assert_eq!(float_text(x).parse::<f64>(), Ok(x));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-0-9.%a-zA-Zµ ]{0,24}") {
            let _ = parse_quantity(&text);
        }
    }
}
