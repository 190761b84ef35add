//! Times at which a rule holds: days of the week and hours, at a fixed distance from UTC.

use std::fmt;
use std::ops::Range;

use crate::mistake::Mistake;
use crate::nearest::did_you_mean;
use crate::time::Wall;

use super::token::Token;

/// One span of time that comes back every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Bit 0 is Monday. Hours that pass midnight belong to the day on which they begin.
    days: u8,
    /// First minute of the day.
    from: u16,
    /// Minute of the day at which it is over; before `from` where midnight lies between.
    to: u16,
    /// Minutes east of UTC.
    offset: i16,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const EVERY_DAY: u8 = 0x7f;
const DAY_MINUTES: u16 = 24 * 60;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

impl Window {
    /// Whether `now` lies in it, to the millisecond. The clock is taken at its word: no skew is
    /// granted.
    #[must_use]
    pub fn contains(self, now: Wall) -> bool {
        let local = i128::from(now.0) + i128::from(self.offset) * i128::from(MINUTE_MS);
        let day = local.div_euclid(i128::from(DAY_MS));
        let minute = local.rem_euclid(i128::from(DAY_MS)) / i128::from(MINUTE_MS);
        // 1970-01-01 was a Thursday.
        let today = (day + 3).rem_euclid(7);
        let yesterday = (today + 6) % 7;
        let has = |day: i128| self.days & (1 << day) != 0;
        let (from, to) = (i128::from(self.from), i128::from(self.to));
        if from < to {
            has(today) && (from..to).contains(&minute)
        } else {
            (has(today) && minute >= from) || (has(yesterday) && minute < to)
        }
    }

    /// Reads `[DAYS] [HH:MM-HH:MM] ZONE`.
    pub(super) fn parse(tokens: &[Token<'_>], end: usize) -> Result<Self, Mistake> {
        let mut rest = tokens;
        let mut days = 0;
        while let [token, tail @ ..] = rest {
            if token.text.starts_with(|c: char| !c.is_ascii_alphabetic()) || zone(token).is_some() {
                break;
            }
            days |= day_range(token)?;
            rest = match tail {
                [comma, next, ..] if comma.text == "," && !next.is_digit_led() => &tail[1..],
                [comma, ..] if comma.text == "," => {
                    return Err(Mistake::new(
                        comma.span(),
                        "a day is missing behind the comma",
                    ));
                }
                _ => tail,
            };
        }
        let mut hours = None;
        if let [token, tail @ ..] = rest
            && token.is_digit_led()
        {
            hours = Some(hour_range(token)?);
            rest = tail;
        }
        let offset = match rest {
            [] => {
                return Err(Mistake::new(end..end, "the zone is missing")
                    .label("here")
                    .help("end it with `UTC` or the distance from it, like `+01:00`"));
            }
            [token] => zone(token).ok_or_else(|| bad_zone(token))?,
            [token, _, ..] if zone(token).is_none() => return Err(bad_zone(token)),
            [_, more, ..] => {
                return Err(
                    Mistake::new(more.span(), "nothing may stand behind the zone")
                        .help("write one `at` line for each span of time"),
                );
            }
        };
        if days == 0 && hours.is_none() {
            return Err(Mistake::new(tokens[0].span(), "neither days nor hours")
                .help("write `at mon-fri 08:00-18:00 UTC`"));
        }
        let (from, to) = hours.unwrap_or((0, DAY_MINUTES));
        Ok(Self {
            days: if days == 0 { EVERY_DAY } else { days },
            from,
            to,
            offset,
        })
    }
}

fn day_range(token: &Token<'_>) -> Result<u8, Mistake> {
    let day = |name: &str, span: Range<usize>| {
        DAYS.iter().position(|d| *d == name).ok_or_else(|| {
            let help = did_you_mean(name, DAYS)
                .unwrap_or_else(|| "days are mon, tue, wed, thu, fri, sat and sun".to_owned());
            Mistake::new(span, format!("`{name}` is no day of the week")).help(help)
        })
    };
    let Some((first, last)) = token.text.split_once('-') else {
        return Ok(1 << day(token.text, token.span())?);
    };
    let dash = token.at + first.len();
    let first = day(first, token.at..dash)?;
    let last = day(last, dash + 1..token.span().end)?;
    let n = (last + 7 - first) % 7;
    Ok((0..=n).fold(0, |days, i| days | 1 << ((first + i) % 7)))
}

fn hour_range(token: &Token<'_>) -> Result<(u16, u16), Mistake> {
    let form = || {
        Mistake::new(
            token.span(),
            format!("`{}` is no span of hours", token.text),
        )
        .help("write it as `08:00-18:00`, up to `24:00`")
    };
    let (from, to) = token.text.split_once('-').ok_or_else(form)?;
    let from = minute_of_day(from).ok_or_else(form)?;
    let to = minute_of_day(to).ok_or_else(form)?;
    if from == DAY_MINUTES {
        return Err(form());
    }
    if from == to {
        return Err(Mistake::new(token.span(), "it ends when it begins")
            .help("leave the hours out to allow the whole day"));
    }
    Ok((from, if to == 0 { DAY_MINUTES } else { to }))
}

/// `HH:MM`, both digits written, up to `24:00`.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let whole = hour * 60 + minute;
    (minute < 60 && whole <= DAY_MINUTES).then_some(whole)
}

fn two_digits(text: &str) -> Option<u16> {
    let is_form = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    is_form.then(|| text.parse().ok()).flatten()
}

fn zone(token: &Token<'_>) -> Option<i16> {
    if token.text == "UTC" {
        return Some(0);
    }
    let (sign, distance) = match token.text.split_at_checked(1)? {
        ("+", distance) => (1, distance),
        ("-", distance) => (-1, distance),
        _ => return None,
    };
    let minutes = minute_of_day(distance).filter(|m| *m <= 14 * 60)?;
    Some(sign * i16::try_from(minutes).ok()?)
}

fn bad_zone(token: &Token<'_>) -> Mistake {
    Mistake::new(token.span(), format!("`{}` is no zone", token.text)).help(
        "write `UTC` or the distance from it, like `+01:00`; zones with a summer time are not known",
    )
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_whole_day = (self.from, self.to) == (0, DAY_MINUTES);
        if self.days != EVERY_DAY || is_whole_day {
            write!(f, "{} ", days_text(self.days))?;
        }
        if !is_whole_day {
            write!(f, "{}-{} ", Clock(self.from), Clock(self.to))?;
        }
        match self.offset {
            0 => f.write_str("UTC"),
            east => {
                let sign = if east < 0 { '-' } else { '+' };
                write!(f, "{sign}{}", Clock(east.unsigned_abs()))
            }
        }
    }
}

struct Clock(u16);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

fn days_text(days: u8) -> String {
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        if days & (1 << day) == 0 {
            day += 1;
            continue;
        }
        let first = day;
        while day < 7 && days & (1 << day) != 0 {
            day += 1;
        }
        match day - first {
            1 => parts.push(DAYS[first].to_owned()),
            _ => parts.push(format!("{}-{}", DAYS[first], DAYS[day - 1])),
        }
    }
    parts.join(",")
}
