//! Which lines `history` shows.

use super::{Book, Entry};

/// How many lines are shown if no number is given.
const SHOWN_DEFAULT: usize = 20;

/// What `history` was asked for: `history [N] [--failed] [--here] [TEXT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How many lines at most, the latest.
    n: usize,
    /// Only lines that did not end with 0.
    failed: bool,
    /// Only lines of the current scope.
    here: bool,
    /// Only lines in which each of these words occurs.
    text: String,
}

impl Wanted {
    /// Reads the word's arguments; `None` where they are no question to the history.
    #[must_use]
    pub fn parse(args: &[String]) -> Option<Self> {
        let mut wanted = Self {
            n: SHOWN_DEFAULT,
            failed: false,
            here: false,
            text: String::new(),
        };
        let mut words = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            match arg.as_str() {
                "--failed" => wanted.failed = true,
                "--here" => wanted.here = true,
                flag if flag.starts_with("--") => return None,
                number if at == 0 && number.parse::<usize>().is_ok() => {
                    wanted.n = number.parse().ok()?;
                }
                word => words.push(word),
            }
        }
        wanted.text = words.join(" ");
        Some(wanted)
    }

    /// Returns the lines that are wanted, oldest first.
    #[must_use]
    pub fn of<'a>(&self, book: &'a Book) -> Vec<&'a Entry> {
        let mut found = if self.text.is_empty() {
            let in_scope = |e: &&Entry| !self.here || e.scope.as_deref() == book.scope();
            book.entries().rev().filter(in_scope).collect()
        } else {
            book.search(&self.text, self.here, usize::MAX)
        };
        if self.failed {
            found.retain(|e| e.outcome.as_ref().is_some_and(|o| !o.is_ok()));
        }
        found.truncate(self.n);
        found.reverse();
        found
    }
}
