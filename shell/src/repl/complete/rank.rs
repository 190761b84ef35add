//! Which candidates fit what was typed, best first: those that begin with it; if none does, those
//! with a word that does; and else those in which its letters occur in that order.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Candidate;

/// Returns the candidates that fit, best first. Of several that fit alike the order stays.
pub(super) fn rank(found: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    if typed.is_empty() {
        return found;
    }
    let lower = typed.to_lowercase();
    let begins = |c: &Candidate| c.value.starts_with(typed);
    let begins_alike = |c: &Candidate| c.value.to_lowercase().starts_with(&lower);
    let has_word = |c: &Candidate| {
        let value = c.value.to_lowercase();
        let at = value.match_indices(&lower).map(|(at, _)| at);
        let mut ends = at.map(|at| value[..at].chars().next_back());
        ends.any(|before| before.is_none_or(|c| !c.is_alphanumeric()))
    };
    for fits in [
        &begins as &dyn Fn(&Candidate) -> bool,
        &begins_alike,
        &has_word,
    ] {
        if found.iter().any(fits) {
            return found.into_iter().filter(fits).collect();
        }
    }
    fuzzy(found, typed)
}

/// Returns those names in which a text occurs, or else its letters in that order, best first; at
/// most `max`, with how many there are.
pub(super) fn best(names: &[String], typed: &str, max: usize) -> (Vec<String>, usize) {
    let lower = typed.to_lowercase();
    let within: Vec<&String> = names
        .iter()
        .filter(|n| n.contains(typed) || n.contains(&lower))
        .collect();
    if !within.is_empty() {
        let best = within.iter().take(max).map(|n| (*n).clone());
        return (best.collect(), within.len());
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = pattern(typed);
    let mut buffer = Vec::new();
    let scored = names.iter().filter_map(|name| {
        let score = pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher)?;
        Some((score, name))
    });
    let mut scored: Vec<(u32, &String)> = scored.collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let best = scored.iter().take(max).map(|(_, n)| (*n).clone());
    (best.collect(), scored.len())
}

fn pattern(typed: &str) -> Pattern {
    Pattern::new(
        typed,
        CaseMatching::Smart,
        Normalization::Smart,
        AtomKind::Fuzzy,
    )
}

fn fuzzy(found: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = pattern(typed);
    let mut buffer = Vec::new();
    let score = |c: &Candidate, matcher: &mut Matcher, buffer: &mut Vec<char>| {
        pattern.score(Utf32Str::new(&c.value, buffer), matcher)
    };
    let mut scored: Vec<(u32, Candidate)> = found
        .into_iter()
        .filter_map(|c| Some((score(&c, &mut matcher, &mut buffer)?, c)))
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], typed: &str, expected: &[&str]) {
        let found = values.iter().map(|v| Candidate::word(*v, "")).collect();
        let ranked = rank(found, typed);
        let ranked: Vec<&str> = ranked.iter().map(|c| c.value.as_str()).collect();
        assert_eq!(ranked, expected, "{typed:?}");
    }

    #[test]
    fn a_beginning_goes_before_a_word_and_that_before_letters_in_order() {
        let values = ["use_pct", "pct_cpu", "mounted_on", "Percent"];
        check(&values, "pct", &["pct_cpu"]);
        check(&values, "per", &["Percent"]);
        check(&values, "cpu", &["pct_cpu"]);
        check(&values, "mton", &["mounted_on"]);
        check(&values, "zzz", &[]);
        check(&values, "", &values);
    }
}
