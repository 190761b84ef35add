//! What a query in SQL names of the shell's: `$3`, the rows of another result.

/// The longest query.
pub const QUERY_BYTES_MAX: usize = 8 << 10;

/// Returns the numbers of the results that a query names, each once, and whether it names `$` alone.
/// What stands in quotes and comments names none.
#[must_use]
pub fn results_in(query: &str) -> (Vec<u32>, bool) {
    let mut numbers = Vec::new();
    let mut has_last = false;
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '\'' | '"' | '`' => 1 + rest[1..].find(c).map_or(rest.len() - 1, |at| at + 1),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '$' => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                match rest[1..=digits].parse() {
                    Ok(n) if !numbers.contains(&n) => numbers.push(n),
                    Ok(_) => {}
                    Err(_) => has_last = true,
                }
                1 + digits
            }
            c => c.len_utf8(),
        };
        rest = &rest[skipped..];
    }
    (numbers, has_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_named_outside_of_quotes_and_comments() {
        for (query, expected) in [
            (
                "select * from $3 join $12 using (a) join $3",
                (vec![3, 12], false),
            ),
            (
                "select '$1', \"$2\" -- $4\n from /* $5 */ self",
                (vec![], false),
            ),
            ("select * from $", (vec![], true)),
            ("select 'open $3", (vec![], false)),
            ("select é from $7", (vec![7], false)),
            ("", (vec![], false)),
        ] {
            assert_eq!(results_in(query), expected, "{query}");
        }
    }
}
