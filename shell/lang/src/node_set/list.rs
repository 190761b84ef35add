//! Lists of names as other tools print them: one a line, or folded, with comments.

use super::unfold::{NAMES_MAX, Pattern};

/// What is wrong in a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ListError {
    /// In which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads names: separated by blanks, commas and line ends, folded or not. `#` begins a comment.
/// Each name comes with its line, counted from 1.
///
/// # Errors
/// When a part is no name, or they are too many.
pub fn names_of_list(text: &str) -> Result<Vec<(usize, String)>, ListError> {
    let mut names = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default();
        for word in words(text) {
            let error = |reason: String| ListError { line, reason };
            let pattern =
                Pattern::parse(word).map_err(|e| error(format!("`{word}`: {}", e.reason)))?;
            if pattern.count().saturating_add(names.len() as u64) > NAMES_MAX {
                return Err(error(format!("more than {NAMES_MAX} names")));
            }
            names.extend(pattern.names().into_iter().map(|name| (line, name)));
        }
    }
    Ok(names)
}

/// Splits at blanks, and at commas outside brackets.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let parts = text.split(move |c: char| {
        inside = (inside || c == '[') && c != ']';
        c.is_whitespace() || c == ',' && !inside
    });
    parts.filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_and_tools_write_them() {
        let text = "web1 # the first\n\n# none\nweb[2-3,5],db1\n\tdb[1-2]n[1-2]  x\r\n";
        let names = names_of_list(text).expect("names");
        let found: Vec<String> = names.iter().map(|(l, n)| format!("{l}:{n}")).collect();
        assert_eq!(
            found.join(" "),
            "1:web1 4:web2 4:web3 4:web5 4:db1 5:db1n1 5:db1n2 5:db2n1 5:db2n2 5:x"
        );
    }

    #[test]
    fn a_list_that_is_none_says_where() {
        assert_eq!(names_of_list("a\nb[1-").unwrap_err().line, 2);
        assert_eq!(names_of_list("a[1-9999999]").unwrap_err().line, 1);
        assert_eq!(names_of_list(""), Ok(Vec::new()));
    }
}
