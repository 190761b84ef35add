//! Regular expressions and globs, bounded: both come from what an operator types.

use regex::{Regex, RegexBuilder};

/// Compiled size of one pattern, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// Compiles a regular expression; the error is one line that says what is wrong.
///
/// # Errors
/// The reason, without the picture that the `regex` crate draws.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(SIZE_MAX)
        .build()
        .map_err(|e| {
            let text = e.to_string();
            let reason = text
                .lines()
                .rev()
                .find(|l| !l.trim().is_empty())
                .unwrap_or("unknown reason");
            reason.trim().trim_start_matches("error: ").to_owned()
        })
}

/// Returns the regular expression that matches this very text.
#[must_use]
pub fn escape(text: &str) -> String {
    regex::escape(text)
}

/// Whether a name matches a glob: `*` is any text, `?` any one character.
#[must_use]
pub fn glob_matches(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut g, mut n) = (0, 0);
    // Where to go on from if what follows the last `*` does not match here.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match glob.get(g) {
            Some(b'*') => {
                retry = Some((g + 1, n));
                g += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                g += 1;
                n += 1;
            }
            _ => {
                let Some((star, from)) = retry else {
                    return false;
                };
                retry = Some((star, from + 1));
                g = star;
                n = from + 1;
            }
        }
    }
    glob[g..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (glob, name, expected) in [
            ("web*", "web001", true),
            ("web*", "aweb", false),
            ("*1", "web11", true),
            ("w?b*1", "web21", true),
            ("w?b", "web1", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxa", false),
            ("**", "", true),
        ] {
            assert_eq!(glob_matches(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn a_pattern_that_would_fill_memory_is_refused() {
        assert!(regex("(a{1000}){1000}").is_err());
        assert_eq!(regex("a(").unwrap_err(), "unclosed group");
    }
}
