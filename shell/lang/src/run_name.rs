//! How runs are named at the prompt: `3`, one of this shell's, or `9f3a21bc`, the beginning of a
//! detached run's id.

/// Digits that a number of a result has at most; more are the beginning of an id.
const NUMBER_DIGITS_MAX: usize = 7;

/// Digits that the beginning of an id has at least.
const ID_DIGITS_MIN: usize = 4;

/// Digits of a whole id.
const ID_DIGITS: usize = 32;

/// Which run is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunName {
    /// One of this shell's, by the number of its result.
    Number(u32),
    /// A detached one, by the beginning of its id, in lower case.
    Id(String),
}

impl RunName {
    /// Reads a name; `None` if the text is none.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.len() <= NUMBER_DIGITS_MAX
            && let Ok(number) = text.parse()
        {
            return Some(Self::Number(number));
        }
        let is_id = (ID_DIGITS_MIN..=ID_DIGITS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_id.then(|| Self::Id(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_number_is_a_result_and_everything_else_in_hexadecimal_an_id() {
        let id = |text: &str| Some(RunName::Id(text.to_owned()));
        for (text, expected) in [
            ("3", Some(RunName::Number(3))),
            ("1234567", Some(RunName::Number(1_234_567))),
            ("12345678", id("12345678")),
            ("9F3a", id("9f3a")),
            ("9f3", None),
            ("all", None),
            ("", None),
            ("-3", None),
            (
                "9f3a21bc9f3a21bc9f3a21bc9f3a21bc",
                id("9f3a21bc9f3a21bc9f3a21bc9f3a21bc"),
            ),
            ("9f3a21bc9f3a21bc9f3a21bc9f3a21bc0", None),
        ] {
            assert_eq!(RunName::of(text), expected, "{text}");
        }
    }
}
