//! Column names: one rule from a heading as a tool prints it to a name that expressions can use.

use std::collections::HashSet;

/// Longest name in characters; a longer heading is cut.
pub const NAME_LENGTH_MAX: usize = 64;

/// Names a column by its heading: lower case; `%` becomes `_pct` behind a word and `pct_` before
/// one; other runs of signs become one `_`, and none at the ends.
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
            _ => push_gap(&mut name),
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    if name.is_empty() {
        return "name".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// Whether a text can be a column's name: `[a-z_][a-z0-9_]*`, not too long.
#[must_use]
pub fn is_column_name(text: &str) -> bool {
    // Room for the `_` before a digit, the last `pct` and a number that makes the name unique.
    text.len() <= NAME_LENGTH_MAX + 16
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
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
            ("Größe", "gr_e"),
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
            prop_assert!(is_column_name(&column_name(&heading)));
        }
    }
}
