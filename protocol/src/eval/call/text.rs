//! Functions of text. Positions and lengths count characters, the first is 1, and what is below 0
//! counts from the end.

use regex::Regex;

use super::super::arithmetic::MADE_TEXT_MAX;
use super::super::compiled::Tally;
use crate::value::Value;

/// Digits of `hash`: 64 bits, enough to tell a fleet's files apart and short enough to read.
const HASH_DIGITS: usize = 16;

pub(super) fn on(value: &Value, then: impl FnOnce(&str) -> Value) -> Value {
    value.as_str().map_or(Value::Null, then)
}

pub(super) fn on_both(a: &Value, b: &Value, then: impl FnOnce(&str, &str) -> Value) -> Value {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => then(a, b),
        (Some(_) | None, _) => Value::Null,
    }
}

pub(super) fn length(s: &str) -> Value {
    Value::from(i64::try_from(s.chars().count()).ok())
}

pub(super) fn replace(s: &str, from: &str, to: &str, tally: &Tally) -> Value {
    let found = s.matches(from).count();
    let length = s.len().saturating_add(found.saturating_mul(to.len()));
    if found > 0 && length > MADE_TEXT_MAX.max(s.len()) {
        return tally.overflow();
    }
    Value::Str(s.replace(from, to))
}

/// `substr`: a first position of 0 is 1, one before the beginning is the beginning.
pub(super) fn substr(s: &str, from: &Value, n: Option<&Value>) -> Value {
    let Value::Int(from) = from else {
        return Value::Null;
    };
    let n = match n {
        Some(Value::Int(n)) => usize::try_from(*n).unwrap_or(0),
        Some(_) => return Value::Null,
        None => usize::MAX,
    };
    let skipped = if *from >= 0 {
        usize::try_from(from - i64::from(*from > 0)).unwrap_or(usize::MAX)
    } else {
        let back = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
        s.chars().count().saturating_sub(back)
    };
    let byte = |characters: usize, text: &str| {
        text.char_indices()
            .nth(characters)
            .map_or(text.len(), |(at, _)| at)
    };
    let rest = &s[byte(skipped, s)..];
    Value::from(&rest[..byte(n, rest)])
}

/// `split`: null where there is no such part; there is no part 0.
pub(super) fn split(s: &str, separator: &str, n: &Value) -> Value {
    let Value::Int(n) = n else { return Value::Null };
    let Some(nth) = n
        .unsigned_abs()
        .checked_sub(1)
        .and_then(|n| usize::try_from(n).ok())
    else {
        return Value::Null;
    };
    let part = match (separator.is_empty(), *n > 0) {
        (true, true) => s.split_whitespace().nth(nth),
        (true, false) => s.split_whitespace().rev().nth(nth),
        (false, true) => s.split(separator).nth(nth),
        (false, false) => s.rsplit(separator).nth(nth),
    };
    Value::from(part)
}

pub(super) fn concat(parts: impl Iterator<Item = String>, tally: &Tally) -> Value {
    let mut out = String::new();
    for part in parts {
        if out.len() + part.len() > MADE_TEXT_MAX {
            return tally.overflow();
        }
        out.push_str(&part);
    }
    Value::Str(out)
}

/// `lpad` and `rpad`: an empty filling fills nothing.
pub(super) fn pad(
    s: &str,
    to: &Value,
    fill: Option<&Value>,
    is_left: bool,
    tally: &Tally,
) -> Value {
    let Value::Int(to) = to else {
        return Value::Null;
    };
    let fill = fill.map_or(Some(" "), Value::as_str).unwrap_or_default();
    let to = usize::try_from(*to).unwrap_or(0);
    let missing = to.saturating_sub(s.chars().count());
    if missing == 0 || fill.is_empty() {
        return Value::from(s);
    }
    // A character is four bytes at most.
    if s.len().saturating_add(missing.saturating_mul(4)) > MADE_TEXT_MAX {
        return tally.overflow();
    }
    let filling: String = fill.chars().cycle().take(missing).collect();
    Value::Str(if is_left {
        filling + s
    } else {
        format!("{s}{filling}")
    })
}

pub(super) fn position(s: &str, part: &str) -> Value {
    let before = s.find(part).map(|at| s[..at].chars().count());
    let position = before.map_or(0, |n| n.saturating_add(1));
    Value::from(i64::try_from(position).ok())
}

pub(super) fn hash(s: &str) -> Value {
    let digits = blake3::hash(s.as_bytes()).to_hex();
    Value::from(&digits.as_str()[..HASH_DIGITS])
}

/// `match`: the group's text; null where the expression finds nothing or the group took no part.
pub(in crate::eval) fn find_group(s: &str, regex: &Regex, group: usize) -> Value {
    let found = regex.captures(s).and_then(|c| c.get(group));
    Value::from(found.map(|m| m.as_str()))
}

/// `replace_regex`: bounded while it is made, since every match may be replaced by more than itself.
pub(in crate::eval) fn replace_matches(s: &str, regex: &Regex, to: &str, tally: &Tally) -> Value {
    let most = MADE_TEXT_MAX.max(s.len());
    let mut out = String::new();
    let mut copied = 0;
    for captures in regex.captures_iter(s) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.push_str(&s[copied..whole.start()]);
        captures.expand(to, &mut out);
        copied = whole.end();
        if out.len() > most {
            return tally.overflow();
        }
    }
    out.push_str(&s[copied..]);
    if out.len() > most {
        return tally.overflow();
    }
    Value::Str(out)
}
