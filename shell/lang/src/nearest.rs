//! The nearest known word to one that is not known.

/// Returns the candidate with the fewest edits from `word`, or `None` where all are too far off.
///
/// An edit inserts, drops, changes or swaps characters; case does not count. A third of the
/// word's characters may be wrong, and one always may. Of equals the first one wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(LONGEST).collect();
    let allowed = (word.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let bound = best.map_or(allowed, |(d, _)| d.saturating_sub(1));
        let length = candidate.chars().count();
        if length.abs_diff(word.len()) > bound {
            continue;
        }
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        let distance = distance(&word, &other);
        // A distance as long as the word itself shares nothing with it.
        if distance <= bound && distance < word.len().max(2) {
            best = Some((distance, candidate));
            if distance == 0 {
                break;
            }
        }
    }
    best.map(|(_, c)| c)
}

/// Returns help that names the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|c| format!("did you mean `{c}`?"))
}

/// Names have at most 253 bytes; nothing longer is worth comparing.
const LONGEST: usize = 253;

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut d = (above[j] + usize::from(x != y))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                d = d.min(before[j - 1] + 1);
            }
            row.push(d);
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
        let words = ["where", "select", "derive", "take", "top"];
        for (word, expected) in [
            ("wehre", Some("where")),
            ("Where", Some("where")),
            ("selct", Some("select")),
            ("tpo", Some("top")),
            ("grep", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }
}
