//! The nearest known word to one that is not known: for `did you mean`, everywhere.

/// Longest word in characters that is compared: what is longer is no slip of the keyboard, and the
/// search costs its length squared.
const WORD_MAX: usize = 64;

/// Most edits between a word and what may have been meant by it.
const EDITS_MAX: usize = 4;

/// Returns the candidate with the fewest edits from `word`, or `None` where all are too far off.
///
/// An edit inserts, drops or changes a character, or swaps it with its neighbour; case does not
/// count. A third of the word's characters may be wrong, one always may, and never more than four.
/// Of equals the first one wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_MAX + 1).collect();
    if word.len() > WORD_MAX {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, EDITS_MAX);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let bound = best.map_or(allowed, |(edits, _)| edits.saturating_sub(1));
        if candidate.chars().count().abs_diff(word.len()) > bound {
            continue;
        }
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        let edits = edits(&word, &other);
        // As many edits as the word has characters: nothing of it is left.
        if edits <= bound && edits < word.len().max(2) {
            best = Some((edits, candidate));
            if edits == 0 {
                break;
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Returns the nearest candidate as a question to the operator.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Optimal string alignment distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut fewest = (above[j] + usize::from(x != y))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                fewest = fewest.min(before[j - 1] + 1);
            }
            row.push(fewest);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_found_and_another_word_is_not() {
        let words = ["where", "select", "use_pct", "used", "mounted_on", "top"];
        for (word, expected) in [
            ("wehre", Some("where")),
            ("Where", Some("where")),
            ("selct", Some("select")),
            ("tpo", Some("top")),
            ("use_pc", Some("use_pct")),
            ("sued", Some("used")),
            ("use", Some("used")),
            ("mountedon", Some("mounted_on")),
            ("kernel", None),
            ("grep", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), expected, "{word:?}");
        }
    }

    #[test]
    fn edits_are_inserted_dropped_changed_and_swapped() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
        ] {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            assert_eq!(edits(&x, &y), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_word_of_any_length_costs_little() {
        assert_eq!(nearest(&"x".repeat(1 << 20), ["xx"]), None);
    }
}
