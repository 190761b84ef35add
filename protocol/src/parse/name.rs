//! Column names: one rule from a heading as a tool prints it to a name that expressions can use.

use std::collections::HashSet;

use crate::clean::Clean;

/// Longest name in bytes, roughly; a longer heading is cut.
pub const NAME_LENGTH_MAX: usize = 64;

/// Names a column by its heading: lower case; `%` becomes `_pct` behind a word and `pct_` before
/// one; other runs of signs become one `_`, and none at the ends. Letters and digits of any script
/// stay, if they are seen.
///
/// `Use%` is `use_pct`, `%CPU` is `pct_cpu`, `Mounted on` is `mounted_on`. A heading without any
/// letter or digit is `name`, since it stands above names wherever tools leave it empty. A name that
/// would begin with a digit begins with `_`.
#[must_use]
pub fn column_name(heading: &str) -> String {
    let mut name = String::with_capacity(heading.len().min(NAME_LENGTH_MAX));
    for c in heading.chars() {
        if name.len() >= NAME_LENGTH_MAX {
            break;
        }
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            '%' => {
                push_gap(&mut name);
                name.push_str("pct_");
            }
            c if is_letter_or_digit(c) => {
                name.extend(c.to_lowercase().filter(|c| is_letter_or_digit(*c)));
            }
            _ => push_gap(&mut name),
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    if name.is_empty() {
        return "name".to_owned();
    }
    if !name.starts_with(begins_name) {
        name.insert(0, '_');
    }
    name
}

/// Whether a text can be a column's name: letters, digits and `_`, no capitals, no digit first, not
/// too long. Such a name is one word of an expression, and all of it is seen.
#[must_use]
pub fn is_column_name(text: &str) -> bool {
    let inside = |c: char| match c {
        'a'..='z' | '0'..='9' | '_' => true,
        c => is_letter_or_digit(c) && c.to_lowercase().eq([c]),
    };
    // Room for the `_` before a digit, the last `pct` and a number that makes the name unique.
    text.len() <= NAME_LENGTH_MAX + 16 && text.starts_with(begins_name) && text.chars().all(inside)
}

fn begins_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether a character may stand in a name. What nobody sees would make two names look the same.
fn is_letter_or_digit(c: char) -> bool {
    // Khmer vowels that are only implied; all else that hides is escaped wherever text is printed.
    let is_implied = matches!(c, '\u{17b4}' | '\u{17b5}');
    let is_seen = || {
        Clean::line(c.encode_utf8(&mut [0; 4]))
            .as_str()
            .chars()
            .eq([c])
    };
    c.is_ascii_alphanumeric() || (c.is_alphanumeric() && !is_implied && is_seen())
}

/// Makes names unique: the second `x` is `x_2`.
#[must_use]
pub(super) fn unique_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .map(|name| {
            let unique = if taken.contains(&name) {
                (2..)
                    .map(|n| format!("{name}_{n}"))
                    .find(|candidate| !taken.contains(candidate))
                    .unwrap_or_else(|| name.clone())
            } else {
                name
            };
            taken.insert(unique.clone());
            unique
        })
        .collect()
}

fn push_gap(name: &mut String) {
    if !name.is_empty() && !name.ends_with('_') {
        name.push('_');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headings_become_names_by_one_rule() {
        for (heading, expected) in [
            ("Use%", "use_pct"),
            ("%CPU", "pct_cpu"),
            ("CPU%", "cpu_pct"),
            ("CPU %", "cpu_pct"),
            ("%", "pct"),
            ("a%b", "a_pct_b"),
            ("Mounted on", "mounted_on"),
            ("Local Address:Port", "local_address_port"),
            ("MAJ:MIN", "maj_min"),
            ("buff/cache", "buff_cache"),
            ("TIME+", "time"),
            ("LOGIN@", "login"),
            ("PID/Program name", "pid_program_name"),
            ("CPU(cores)", "cpu_cores"),
            ("1K-blocks", "_1k_blocks"),
            ("#blocks", "blocks"),
            ("Recv-Q", "recv_q"),
            ("", "name"),
            ("---", "name"),
            ("Größe", "größe"),
            ("名前", "名前"),
            ("サイズ (MB)", "サイズ_mb"),
            ("Доступно", "доступно"),
            ("İç", "iç"),
            ("²x", "_²x"),
            ("a\u{202e}b\u{200b}c", "a_b_c"),
            ("\u{3164}", "name"),
            ("snake_case", "snake_case"),
        ] {
            assert_eq!(column_name(heading), expected, "{heading:?}");
        }
    }

    #[test]
    fn the_same_name_again_is_numbered() {
        let names = ["a", "a", "a_2", "a"].map(str::to_owned);
        assert_eq!(
            unique_names(names.into_iter()),
            ["a", "a_2", "a_2_2", "a_3"]
        );
    }

    proptest! {
        #[test]
        fn every_heading_gives_a_usable_name(heading: String) {
            let name = column_name(&heading);
            prop_assert!(is_column_name(&name), "{name:?}");
            let seen = Clean::line(&name);
            prop_assert_eq!(seen.as_str(), &name, "it hides nothing");
            if name.len() <= NAME_LENGTH_MAX {
                prop_assert_eq!(column_name(&name), name, "a name is its own heading");
            }
        }

        #[test]
        fn letters_of_every_script_stay(heading in r"\p{Lo}{1,10}") {
            let name = column_name(&heading);
            let hidden = heading.chars().any(|c| !is_letter_or_digit(c));
            prop_assert!(hidden || name == heading, "{heading:?} is {name:?}");
        }
    }
}
