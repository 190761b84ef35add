//! Names to folded names: the inverse of [`super::unfold`].
//!
//! Names of one shape (`rack#n#`) become points in as many dimensions as they have numbers. Points
//! that differ in one dimension only are merged, one dimension after the other, so that every piece
//! is a rectangle and the pieces are disjoint. Each pass sorts; nothing is compared pair by pair,
//! which keeps names that do not fold as fast as those that do.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Numbers of a name that fold; a name's further digits are text.
const DIMENSIONS_MAX: usize = 6;

/// Digits of a number that folds; longer ones are text.
const DIGITS_MAX: usize = 18;

/// Folds names: `web1 web2 web3 db1` is `db1,web[1-3]`.
///
/// Each name comes out once. [`super::unfold::unfold`] gives exactly the same names back.
pub fn fold<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for piece in pieces(names) {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&piece.text());
    }
    out
}

/// Folds names for a place that is `width` characters wide, and says how many did not fit:
/// `web[001-200],… 37 more`.
pub fn fold_limited<'a>(names: impl IntoIterator<Item = &'a str>, width: usize) -> String {
    let pieces = pieces(names);
    let texts: Vec<String> = pieces.iter().map(Piece::text).collect();
    let whole = texts.iter().map(|t| t.len() + 1).sum::<usize>();
    if whole <= width + 1 {
        return texts.join(",");
    }
    let mut left: usize = pieces.iter().map(Piece::count).sum();
    let mut out = String::new();
    for (piece, text) in pieces.iter().zip(texts) {
        let comma = usize::from(!out.is_empty());
        // What stays unsaid needs its own place.
        let unsaid = format!(",… {left} more").chars().count();
        let room = width.saturating_sub(out.len() + comma + unsaid);
        let (text, n) = if text.len() <= room {
            (text, piece.count())
        } else {
            let Some(part) = piece.beginning(room) else {
                break;
            };
            part
        };
        if comma == 1 {
            out.push(',');
        }
        out.push_str(&text);
        left -= n;
        if n < piece.count() {
            break;
        }
    }
    if left > 0 {
        let _ = write!(
            out,
            "{}… {left} more",
            if out.is_empty() { "" } else { "," }
        );
    }
    out
}

/// A number in a name: its value, and the width that leading zeros give it (0 without).
type Number = (u64, usize);

/// All names of one shape whose numbers lie in a rectangle.
struct Piece {
    shape: Vec<String>,
    dims: Vec<Vec<Number>>,
}

impl Piece {
    fn count(&self) -> usize {
        self.dims.iter().map(Vec::len).product()
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (i, text) in self.shape.iter().enumerate() {
            out.push_str(text);
            if let Some(dim) = self.dims.get(i) {
                match ranges(dim).as_slice() {
                    [one] if dim.len() == 1 => out.push_str(one),
                    many => {
                        let _ = write!(out, "[{}]", many.join(","));
                    }
                }
            }
        }
        out
    }

    /// As many ranges as fit, where only one number varies; with the count of names in them.
    fn beginning(&self, width: usize) -> Option<(String, usize)> {
        let mut varying = self.dims.iter().enumerate().filter(|(_, d)| d.len() > 1);
        let (at, dim) = varying.next()?;
        if varying.next().is_some() {
            return None;
        }
        let cut = |n: usize| {
            let mut dims = self.dims.clone();
            dims[at].truncate(n);
            Self {
                shape: self.shape.clone(),
                dims,
            }
        };
        let fits = |n: usize| n > 0 && cut(n).text().len() <= width;
        // Longer lists are longer texts, but for a range that closes: a search by halves is near
        // enough, and the check below is exact.
        let (mut low, mut high) = (0, dim.len());
        while low < high {
            let middle = (low + high).div_ceil(2);
            if fits(middle) {
                low = middle
            } else {
                high = middle - 1
            }
        }
        fits(low).then(|| (cut(low).text(), low))
    }
}

fn pieces<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Piece> {
    let mut shapes: HashMap<Vec<&'a str>, Vec<Vec<Number>>> = HashMap::new();
    for name in names {
        let (shape, point) = split(name);
        shapes.entry(shape).or_default().push(point);
    }
    let mut shapes: Vec<_> = shapes.into_iter().collect();
    shapes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut out = Vec::new();
    for (shape, mut points) in shapes {
        let shape: Vec<String> = shape.into_iter().map(str::to_owned).collect();
        widen(&mut points);
        points.sort_unstable();
        points.dedup();
        for dims in rectangles(&points) {
            out.push(Piece {
                shape: shape.clone(),
                dims,
            });
        }
    }
    out
}

/// Cuts a name into the texts around its numbers, and the numbers.
fn split(name: &str) -> (Vec<&str>, Vec<Number>) {
    let bytes = name.as_bytes();
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    let (mut text_start, mut at) = (0, 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = at
            + bytes[at..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
        let digits = &name[at..end];
        if numbers.len() < DIMENSIONS_MAX
            && digits.len() <= DIGITS_MAX
            && let Ok(value) = digits.parse()
        {
            let padded = digits.len() > 1 && digits.starts_with('0');
            numbers.push((value, if padded { digits.len() } else { 0 }));
            texts.push(&name[text_start..at]);
            text_start = end;
        }
        at = end;
    }
    texts.push(&name[text_start..]);
    (texts, numbers)
}

/// Gives `100` the width of `099` where both occur, so that they make one range.
fn widen(points: &mut [Vec<Number>]) {
    let dims = points.first().map_or(0, Vec::len);
    for d in 0..dims {
        let mut widths: Vec<usize> = points.iter().map(|p| p[d].1).filter(|&w| w > 0).collect();
        widths.sort_unstable();
        widths.dedup();
        if widths.is_empty() {
            continue;
        }
        for point in points.iter_mut() {
            let (value, width) = &mut point[d];
            let digits = digits(*value);
            if *width == 0 && widths.binary_search(&digits).is_ok() {
                *width = digits;
            }
        }
    }
}

fn digits(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |n| n as usize + 1)
}

/// Partitions points into rectangles; tries both orders of merging and keeps the shorter outcome.
fn rectangles(points: &[Vec<Number>]) -> Vec<Vec<Vec<Number>>> {
    let dims = points.first().map_or(0, Vec::len);
    let merged = |order: &mut dyn Iterator<Item = usize>| {
        let start = points
            .iter()
            .map(|p| p.iter().map(|&n| vec![n]).collect())
            .collect();
        let mut out = order.fold(start, merge);
        out.sort_by_cached_key(|dims: &Vec<Vec<Number>>| sort_key(dims));
        out
    };
    let last_first = merged(&mut (0..dims).rev());
    if dims < 2 || last_first.len() == 1 {
        return last_first;
    }
    let first_first = merged(&mut (0..dims));
    if first_first.len() < last_first.len() {
        first_first
    } else {
        last_first
    }
}

fn sort_key(dims: &[Vec<Number>]) -> Vec<(usize, u64)> {
    dims.iter()
        .filter_map(|d| d.first().map(|&(value, width)| (width, value)))
        .collect()
}

/// Merges rectangles that differ in dimension `d` only.
fn merge(rectangles: Vec<Vec<Vec<Number>>>, d: usize) -> Vec<Vec<Vec<Number>>> {
    let mut by_rest: BTreeMap<Vec<Vec<Number>>, Vec<Number>> = BTreeMap::new();
    for mut dims in rectangles {
        let own = std::mem::take(&mut dims[d]);
        by_rest.entry(dims).or_default().extend(own);
    }
    let merged = by_rest.into_iter().map(|(mut dims, mut own)| {
        own.sort_unstable_by_key(|&(value, width)| (width, value));
        dims[d] = own;
        dims
    });
    merged.collect()
}

/// Writes numbers, sorted by width and value, as ranges.
fn ranges(numbers: &[Number]) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = numbers;
    while let Some(&(first, width)) = rest.first() {
        let run = rest
            .iter()
            .zip(first..)
            .take_while(|&(&(value, w), expected)| w == width && value == expected)
            .count()
            .max(1);
        let last = rest[run - 1].0;
        out.push(if run == 1 {
            format!("{first:0width$}")
        } else {
            format!("{first:0width$}-{last:0width$}")
        });
        rest = &rest[run..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_set::unfold::unfold;

    #[test]
    fn names_print_folded() {
        for (names, folded) in [
            ("", ""),
            ("a", "a"),
            ("web1 web2 web3 db1", "db1,web[1-3]"),
            ("web001 web002 web100", "web[001-002,100]"),
            ("n098 n099 n100 n101", "n[098-101]"),
            ("n9 n10 n11", "n[9-11]"),
            ("n1 n01 n2 n02 n10", "n[1-2,01-02,10]"),
            ("r1n1 r1n2 r2n1 r2n2 r3n1", "r[1-2]n[1-2],r3n1"),
            ("a1.x a2.x b.x", "a[1-2].x,b.x"),
            ("a1 a3 a5", "a[1,3,5]"),
            ("a a a", "a"),
            ("n0 n00 n000", "n[0,00,000]"),
            (
                "x12345678901234567890 x12345678901234567891",
                "x12345678901234567890,x12345678901234567891",
            ),
        ] {
            let names: Vec<&str> = names.split_whitespace().collect();
            assert_eq!(fold(names.iter().copied()), folded);
            let mut back = unfold(folded).unwrap();
            back.sort();
            let mut names = names;
            names.sort_unstable();
            names.dedup();
            assert_eq!(back, names, "{folded}");
        }
    }

    #[test]
    fn a_limited_fold_says_how_many_more() {
        let names: Vec<String> = (0..200).map(|i| format!("web{}", i * 2)).collect();
        let fold = |width| fold_limited(names.iter().map(String::as_str), width);
        assert_eq!(fold(30), "web[0,2,4,6,8,10],… 194 more");
        assert_eq!(fold(5), "… 200 more");
        assert!(!fold(10_000).contains('…'));
        for width in 12..120 {
            assert!(
                fold(width).chars().count() <= width,
                "{width}: {}",
                fold(width)
            );
        }
        assert_eq!(fold_limited(["a1", "a2", "b"], 8), "a[1-2],b");
        assert_eq!(fold_limited(["a1", "a2", "b", "c"], 16), "a[1-2],b,c");
        assert_eq!(
            fold_limited(["a1", "a2", "b", "c", "d1", "d3", "e"], 16),
            "a[1-2],… 5 more"
        );
    }

    #[test]
    fn ten_thousand_names_that_do_not_fold_take_no_longer_than_their_sorting() {
        let names: Vec<String> = (0..10_000_u64)
            .map(|i| format!("n{}-{}", i * i, i * 7 % 10_007))
            .collect();
        let folded = fold(names.iter().map(String::as_str));
        assert_eq!(unfold(&folded).unwrap().len(), 10_000);
    }
}
