//! Folded names to names: `web[001-200]`, `rack[1-4]n[01-16]`, `a[0-6/2,9]`.
//!
//! The grammar is ClusterShell's. A pattern is checked when it is read and expanded only when its
//! names are asked for, so that `a[1-999999999]` costs nothing until its count was judged.

use std::fmt;

/// Text and bracketed ranges in turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Ranges(Vec<Range>),
}

/// `first-last/step`, every number padded with zeros to `width`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u64,
    last: u64,
    step: u64,
    width: usize,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    /// The first byte of the wrong part.
    pub start: usize,
    /// One after its last byte.
    pub end: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Names that one pattern may stand for.
pub const NAMES_MAX: u64 = 1 << 20;

/// Digits of one number: all that fits a `u64` whatever its digits are.
const DIGITS_MAX: usize = 18;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says which part cannot be read. A range must go up, a step must not be zero, and both ends
    /// of a padded range must have as many digits.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(open) = text[at..].find('[').map(|n| at + n) {
            let Some(close) = text[open..].find(']').map(|n| open + n) else {
                return Err(error(open, text.len(), "`[` without `]`"));
            };
            push_text(&mut parts, &text[at..open], at)?;
            parts.push(Part::Ranges(ranges(&text[open + 1..close], open + 1)?));
            at = close + 1;
        }
        push_text(&mut parts, &text[at..], at)?;
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Returns how many names the pattern stands for; names that stand in it twice count twice.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.parts
            .iter()
            .fold(1, |n, part| n.saturating_mul(part.count()))
    }

    /// Returns the single name, where there are no brackets.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        (!self.text.contains('[')).then_some(self.text.as_str())
    }

    /// Calls `visit` with every name, the last bracket turning fastest.
    pub fn for_each(&self, visit: &mut impl FnMut(&str)) {
        walk(&self.parts, &mut String::new(), visit);
    }

    /// Returns every name. Judge [`Pattern::count`] first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.for_each(&mut |name| out.push(name.to_owned()));
        out
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Unfolds a comma-separated list of patterns, as [`super::fold::fold`] writes it.
///
/// # Errors
/// Says which part cannot be read, or that there would be more than [`NAMES_MAX`] names.
pub fn unfold(text: &str) -> Result<Vec<String>, PatternError> {
    let mut names = Vec::new();
    let mut start = 0;
    for piece in split_list(text) {
        let moved = |e: PatternError| PatternError {
            start: start + e.start,
            end: start + e.end,
            ..e
        };
        let pattern = Pattern::parse(piece).map_err(moved)?;
        if pattern.count().saturating_add(names.len() as u64) > NAMES_MAX {
            return Err(error(
                start,
                start + piece.len(),
                format!("more than {NAMES_MAX} names"),
            ));
        }
        pattern.for_each(&mut |name| names.push(name.to_owned()));
        start += piece.len() + 1;
    }
    Ok(names)
}

/// Splits at commas outside brackets.
fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let pieces = text.split(move |c| {
        inside = (inside || c == '[') && c != ']';
        c == ',' && !inside
    });
    pieces.filter(|p| !p.is_empty())
}

impl Part {
    fn count(&self) -> u64 {
        match self {
            Self::Text(_) => 1,
            Self::Ranges(ranges) => ranges
                .iter()
                .fold(0, |n, r| n.saturating_add((r.last - r.first) / r.step + 1)),
        }
    }
}

fn walk(parts: &[Part], prefix: &mut String, visit: &mut impl FnMut(&str)) {
    use std::fmt::Write as _;
    let Some((part, rest)) = parts.split_first() else {
        return visit(prefix);
    };
    let length = prefix.len();
    match part {
        Part::Text(text) => {
            prefix.push_str(text);
            walk(rest, prefix, visit);
        }
        Part::Ranges(ranges) => {
            for r in ranges {
                let mut number = r.first;
                while number <= r.last {
                    prefix.truncate(length);
                    let _ = write!(prefix, "{number:0width$}", width = r.width);
                    walk(rest, prefix, visit);
                    let Some(next) = number.checked_add(r.step) else {
                        break;
                    };
                    number = next;
                }
            }
        }
    }
    prefix.truncate(length);
}

/// More brackets than a name can have; also bounds the recursion of [`walk`].
const PARTS_MAX: usize = 64;

fn push_text(parts: &mut Vec<Part>, text: &str, at: usize) -> Result<(), PatternError> {
    if let Some(stray) = text.find(']') {
        return Err(error(at + stray, at + stray + 1, "`]` without `[`"));
    }
    if parts.len() >= PARTS_MAX {
        return Err(error(at, at + text.len(), "too many brackets"));
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

fn ranges(inside: &str, start: usize) -> Result<Vec<Range>, PatternError> {
    let mut at = start;
    let mut out = Vec::new();
    for piece in inside.split(',') {
        let range = range(piece).map_err(|reason| error(at, at + piece.len().max(1), reason))?;
        out.push(range);
        at += piece.len() + 1;
    }
    Ok(out)
}

fn range(piece: &str) -> Result<Range, String> {
    let (ends, step) = match piece.split_once('/') {
        Some((ends, step)) => (ends, number(step)?),
        None => (piece, 1),
    };
    if step == 0 {
        return Err("a step of 0 goes nowhere".to_owned());
    }
    let (first, last) = ends.split_once('-').unwrap_or((ends, ends));
    let (from, to) = (number(first)?, number(last)?);
    if to < from {
        return Err(format!("`{ends}` goes down; write the lower number first"));
    }
    let padded = is_padded(first) || is_padded(last);
    if padded && first.len() != last.len() {
        return Err(format!(
            "`{first}` and `{last}` are padded to different lengths"
        ));
    }
    Ok(Range {
        first: from,
        last: to,
        step,
        width: if padded { first.len() } else { 0 },
    })
}

/// Whether a number is written with leading zeros.
fn is_padded(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

fn number(digits: &str) -> Result<u64, String> {
    if digits.is_empty() {
        return Err("a number is missing".to_owned());
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{digits}` is not a number"));
    }
    if digits.len() > DIGITS_MAX {
        return Err(format!("`{digits}` has more than {DIGITS_MAX} digits"));
    }
    digits
        .parse()
        .map_err(|_| format!("`{digits}` is not a number"))
}

fn error(start: usize, end: usize, reason: impl Into<String>) -> PatternError {
    PatternError {
        start,
        end,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_names_unfold() {
        for (text, expected) in [
            ("a", "a"),
            ("web[1-3]", "web1 web2 web3"),
            ("web[08-11]", "web08 web09 web10 web11"),
            ("web[8-11]", "web8 web9 web10 web11"),
            ("n[0-6/2]", "n0 n2 n4 n6"),
            ("n[0-7/3,9]", "n0 n3 n6 n9"),
            ("n[1-2,01-02]", "n1 n2 n01 n02"),
            ("r[1-2]n[01-02].x", "r1n01.x r1n02.x r2n01.x r2n02.x"),
            ("a[1],b,c[2-3]", "a1 b c2 c3"),
            ("a[00]", "a00"),
            ("[1-2]x", "1x 2x"),
        ] {
            assert_eq!(unfold(text).unwrap().join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_where() {
        for (text, start, reason) in [
            ("a[1", 1, "`[` without `]`"),
            ("a1]", 2, "`]` without `[`"),
            ("a[3-1]", 2, "`3-1` goes down; write the lower number first"),
            ("a[1-2/0]", 2, "a step of 0 goes nowhere"),
            ("a[]", 2, "a number is missing"),
            ("a[1,,2]", 4, "a number is missing"),
            (
                "a[01-002]",
                2,
                "`01` and `002` are padded to different lengths",
            ),
            (
                "a[1-010]",
                2,
                "`1` and `010` are padded to different lengths",
            ),
            ("a[x]", 2, "`x` is not a number"),
            ("b,a[1-2000000]", 2, "more than 1048576 names"),
        ] {
            let e = unfold(text).unwrap_err();
            assert_eq!((e.start, e.reason.as_str()), (start, reason), "{text}");
        }
    }

    #[test]
    fn a_huge_range_costs_nothing_until_its_names_are_asked_for() {
        let p = Pattern::parse("a[0-999999999999999999]b[0-999999999999999999]").unwrap();
        assert_eq!(p.count(), u64::MAX);
    }
}
