//! The nearest known word to one that is not known: for `did you mean`.

/// Longest word in characters that is compared; what is longer is no slip of the keyboard.
const WORD_MAX: usize = 64;

/// Returns the candidate that the fewest edits turn a word into, if they are few for its length.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > WORD_MAX {
        return None;
    }
    let allowed = (length / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|c| c.chars().count() <= WORD_MAX)
        .map(|c| (distance(word, c), c))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, c)| c)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_if_it_is_near() {
        let columns = ["use_pct", "used", "mounted_on"];
        for (word, expected) in [
            ("use_pc", Some("use_pct")),
            ("sued", Some("used")),
            ("mountedon", Some("mounted_on")),
            ("use", Some("used")),
            ("kernel", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, columns), expected, "{word:?}");
        }
    }
}
