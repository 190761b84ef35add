//! The order in which people list names: `web2` before `web10`.

use std::cmp::Ordering;

/// Compares names piece by piece: digits as numbers, everything else as text. Numbers that are
/// equal but for their leading zeros go by their width, so that no two names are equal.
#[must_use]
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, left_behind) = piece(left);
        let (y, right_behind) = piece(right);
        if x.is_empty() || y.is_empty() {
            // One name goes on where the other ends, or they differ in leading zeros alone.
            return x.len().cmp(&y.len()).then_with(|| widths(a, b));
        }
        let order = match (is_number(x), is_number(y)) {
            (true, true) => {
                let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (true, false) | (false, true) | (false, false) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_behind, right_behind);
    }
}

/// Of names that are equal as numbers the one with fewer zeros comes first, `a1` before `a01`.
fn widths(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| b.cmp(a))
}

/// The longest beginning that is all digits, or that has none; and what is behind it.
fn piece(text: &str) -> (&str, &str) {
    let digits = is_number(text);
    // Either side of the end is a digit, so it is between two characters.
    let end = text
        .bytes()
        .position(|b| b.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at(end)
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = vec![
            "web10", "web2", "web1", "a", "web01", "rack10n1", "rack2n10", "rack2n9", "web", "10",
            "9", "web1b", "web1a",
        ];
        names.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(
            names,
            [
                "9", "10", "a", "rack2n9", "rack2n10", "rack10n1", "web", "web1", "web01", "web1a",
                "web1b", "web2", "web10"
            ]
        );
    }

    #[test]
    fn only_the_same_name_is_equal() {
        for (a, b) in [("a01b1", "a1b01"), ("a00", "a0"), ("x", "x0")] {
            assert_ne!(natural_cmp(a, b), Ordering::Equal, "{a} {b}");
            assert_eq!(natural_cmp(a, b), natural_cmp(b, a).reverse(), "{a} {b}");
        }
        assert_eq!(natural_cmp("web1", "web1"), Ordering::Equal);
    }
}
