//! Moments by a format, as `date` and `strftime` know them: reading and printing, in UTC, with
//! English names of months and days.

use super::moment::{date_of, days_to, parse_offset};

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
/// Directives that [`read_time`] and [`format_time`] know.
const KNOWN: &str = "YmdeHIMSpybBaAjzZsTFRnt%";

/// A moment taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The year.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, 0 to 23.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
    /// The day of the week: 1 is Monday, 7 Sunday.
    pub weekday: i64,
    /// The day of the year, from 1.
    pub day_of_year: i64,
}

impl Calendar {
    /// Takes milliseconds since 1970 apart.
    #[must_use]
    pub const fn of(milliseconds: i64) -> Self {
        let days = milliseconds.div_euclid(DAY_MS);
        let of_day = milliseconds.rem_euclid(DAY_MS);
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: of_day / 3_600_000,
            minute: of_day / 60_000 % 60,
            second: of_day / 1000 % 60,
            // The first of January 1970 was a Thursday.
            weekday: (days + 3).rem_euclid(7) + 1,
            day_of_year: days - days_to(year, 1, 1) + 1,
        }
    }
}

/// Returns the first directive of a format that is none.
#[must_use]
pub fn unknown_directive(format: &str) -> Option<String> {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        match chars.next() {
            Some(directive) if KNOWN.contains(directive) => {}
            Some(directive) => return Some(format!("%{directive}")),
            None => return Some("%".to_owned()),
        }
    }
    None
}

/// Prints a moment; a directive that is none is printed as it is.
#[must_use]
pub fn format_time(milliseconds: i64, format: &str) -> String {
    let at = Calendar::of(milliseconds);
    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let Some(directive) = chars.next() else {
            out.push('%');
            break;
        };
        let name = |names: &[&'static str], n: i64| {
            let at = usize::try_from(n - 1).unwrap_or(0);
            names.get(at).copied().unwrap_or_default()
        };
        let hour_of_half = (at.hour + 11) % 12 + 1;
        out.push_str(&match directive {
            'Y' => format!("{:04}", at.year),
            'y' => format!("{:02}", at.year.rem_euclid(100)),
            'm' => format!("{:02}", at.month),
            'd' => format!("{:02}", at.day),
            'e' => format!("{:2}", at.day),
            'H' => format!("{:02}", at.hour),
            'I' => format!("{hour_of_half:02}"),
            'M' => format!("{:02}", at.minute),
            'S' => format!("{:02}", at.second),
            'p' => if at.hour < 12 { "AM" } else { "PM" }.to_owned(),
            'b' => name(&MONTHS, at.month)[..3].to_owned(),
            'B' => name(&MONTHS, at.month).to_owned(),
            'a' => name(&DAYS, at.weekday)[..3].to_owned(),
            'A' => name(&DAYS, at.weekday).to_owned(),
            'j' => format!("{:03}", at.day_of_year),
            'z' => "+0000".to_owned(),
            'Z' => "UTC".to_owned(),
            's' => milliseconds.div_euclid(1000).to_string(),
            'T' => format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second),
            'F' => format!("{:04}-{:02}-{:02}", at.year, at.month, at.day),
            'R' => format!("{:02}:{:02}", at.hour, at.minute),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '%' => "%".to_owned(),
            other => format!("%{other}"),
        });
    }
    out
}

/// What has been read so far.
#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    is_afternoon: Option<bool>,
    offset_minutes: i64,
    epoch: Option<i64>,
}

/// Reads a moment; a blank in the format is any run of blanks. `None` where the text is another,
/// where the format names no year, and where the zone is a name other than UTC and GMT: what `CET`
/// means would be a guess.
#[must_use]
pub fn read_time(text: &str, format: &str) -> Option<i64> {
    let mut fields = Fields::default();
    let rest = fields.read(text, format)?;
    if rest.trim().is_empty() {
        fields.moment()
    } else {
        None
    }
}

impl Fields {
    /// Reads what the format names, and returns what is left of the text.
    fn read<'a>(&mut self, text: &'a str, format: &str) -> Option<&'a str> {
        let mut rest = text;
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                rest = rest.trim_start();
            } else if c != '%' {
                rest = rest.strip_prefix(c)?;
            } else {
                rest = self.directive(rest, chars.next()?)?;
            }
        }
        Some(rest)
    }

    fn directive<'a>(&mut self, rest: &'a str, directive: char) -> Option<&'a str> {
        let after;
        match directive {
            'Y' => (self.year, after) = some(digits(rest, 4)?),
            'y' => {
                let (n, behind) = digits(rest, 2)?;
                // As POSIX has it: 69 is 1969 and 68 is 2068.
                self.year = Some(if n < 69 { 2000 + n } else { 1900 + n });
                after = behind;
            }
            'm' => (self.month, after) = some(digits(rest, 2)?),
            'd' | 'e' => (self.day, after) = some(digits(rest.trim_start(), 2)?),
            'j' => (self.day_of_year, after) = some(digits(rest, 3)?),
            'H' | 'I' => (self.hour, after) = digits(rest.trim_start(), 2)?,
            'M' => (self.minute, after) = digits(rest, 2)?,
            'S' => (self.second, after) = seconds(rest)?,
            's' => (self.epoch, after) = some(digits(rest, 15)?),
            'b' | 'B' => (self.month, after) = some(name(rest, &MONTHS)?),
            'a' | 'A' => (_, after) = name(rest, &DAYS)?,
            'p' => {
                let half = rest.get(..2)?.to_ascii_uppercase();
                self.is_afternoon = Some(match half.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                after = &rest[2..];
            }
            'z' | 'Z' => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let zone = &rest[..end];
                self.offset_minutes = match zone {
                    "UTC" | "GMT" => 0,
                    zone => parse_offset(zone)?,
                };
                after = &rest[end..];
            }
            'T' => return self.read(rest, "%H:%M:%S"),
            'F' => return self.read(rest, "%Y-%m-%d"),
            'R' => return self.read(rest, "%H:%M"),
            'n' | 't' => after = rest.trim_start(),
            '%' => after = rest.strip_prefix('%')?,
            _ => return None,
        }
        Some(after)
    }

    fn moment(&self) -> Option<i64> {
        if let Some(seconds) = self.epoch {
            return seconds.checked_mul(1000);
        }
        let year = self.year?;
        let days = match self.day_of_year {
            Some(day) => days_to(year, 1, 1) + day - 1,
            None => {
                let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
                let days = (1..=12)
                    .contains(&month)
                    .then(|| days_to(year, month, day))?;
                // The thirtieth of February is the second of March to the arithmetic.
                (date_of(days) == (year, month, day)).then_some(days)?
            }
        };
        let hour = match self.is_afternoon {
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(is_afternoon) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
            None => self.hour,
        };
        if hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let minutes = hour * 60 + self.minute - self.offset_minutes;
        Some((days * 86_400 + minutes * 60 + self.second) * 1000)
    }
}

fn some<T, R>((found, rest): (T, R)) -> (Option<T>, R) {
    (Some(found), rest)
}

/// Takes up to `most` digits off the front.
fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let end = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Seconds may have a fraction; it is dropped.
fn seconds(text: &str) -> Option<(i64, &str)> {
    let (n, rest) = digits(text, 2)?;
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let end = fraction.bytes().take_while(u8::is_ascii_digit).count();
    Some(match end {
        0 => (n, rest),
        end => (n, &fraction[end..]),
    })
}

/// Takes a name, or its first three letters, off the front; returns its number from 1.
fn name<'a>(text: &'a str, names: &[&str]) -> Option<(i64, &'a str)> {
    let starts = |name: &str| {
        let found = text.get(..name.len())?;
        found.eq_ignore_ascii_case(name).then_some(name.len())
    };
    let (n, length) = names
        .iter()
        .zip(1..)
        .find_map(|(name, n)| Some((n, starts(name).or_else(|| starts(&name[..3]))?)))?;
    Some((n, &text[length..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_printed_by_a_format() {
        let ms = 1_795_446_609_000;
        for (format, expected) in [
            ("%Y-%m-%d %H:%M:%S", "2026-11-23 15:10:09"),
            ("%F %T", "2026-11-23 15:10:09"),
            ("%e. %B %y, %I %p", "23. November 26, 03 PM"),
            ("%a %A %j %R", "Mon Monday 327 15:10"),
            ("%s%z %Z", "1795446609+0000 UTC"),
            ("100%% %Q %", "100% %Q %"),
            ("", ""),
        ] {
            assert_eq!(format_time(ms, format), expected, "{format}");
        }
    }

    #[test]
    fn moments_are_read_by_a_format() {
        let ms = Some(1_795_446_600_000);
        for (text, format, expected) in [
            ("2026-11-23 15:10:00", "%F %T", ms),
            ("23.11.26 03:10 pm", "%d.%m.%y %I:%M %p", ms),
            ("Mon Nov 23 15:10:00 2026", "%a %b %e %T %Y", ms),
            ("2026-11-23T16:10:00.25+0100", "%FT%T%z", ms),
            ("1795446600", "%s", ms),
            ("2026 327 15:10", "%Y %j %R", ms),
            ("2026-11-23 15:10:00 CET", "%F %T %Z", None),
            ("2026-02-30", "%F", None),
            ("2026-11-23 15:10", "%F", None),
            ("13 PM 2026", "%I %p %Y", None),
            ("Nov 23", "%b %d", None),
            ("2026", "%Q", None),
            ("", "%Y", None),
        ] {
            assert_eq!(read_time(text, format), expected, "{text} {format}");
        }
    }

    #[test]
    fn directives_that_are_none_are_found() {
        assert_eq!(unknown_directive("%F %T%%"), None);
        assert_eq!(unknown_directive("%F %Q"), Some("%Q".to_owned()));
        assert_eq!(unknown_directive("100%"), Some("%".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(seconds in -62_167_219_200_i64..253_402_300_800) {
            let ms = seconds * 1000;
            for format in ["%F %T", "%a, %d %b %Y %H:%M:%S %z", "%Y %j %T", "%B %e %I:%M:%S %p %Y"] {
                prop_assert_eq!(read_time(&format_time(ms, format), format), Some(ms), "{}", format);
            }
        }

        #[test]
        fn any_text_by_any_format_is_read_or_refused(text: String, format in "(%?[ -~ä]){0,8}") {
            let _ = read_time(&text, &format);
        }

        #[test]
        fn any_moment_prints(ms: i64, format in "(%?[ -~ä]){0,8}") {
            let _ = format_time(ms, &format);
        }
    }
}
