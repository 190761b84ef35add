//! When Enter ends a line: the parser says so.

use hailer_lang::lexer::Completeness;
use hailer_lang::parse::{KnownNames, parse};
use reedline::{ValidationResult, Validator};

/// Asks the parser whether the text is a whole line.
pub(super) struct LineValidator {
    names: KnownNames,
}

impl LineValidator {
    pub(super) const fn new(names: KnownNames) -> Self {
        Self { names }
    }
}

impl Validator for LineValidator {
    fn validate(&self, line: &str) -> ValidationResult {
        match parse(line, &self.names).completeness {
            Completeness::Complete => ValidationResult::Complete,
            Completeness::Incomplete(_) => ValidationResult::Incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_quote_goes_on_and_a_whole_line_ends() {
        let validator = LineValidator::new(KnownNames::default());
        let is_whole = |l| matches!(validator.validate(l), ValidationResult::Complete);
        assert!(is_whole("uptime"));
        assert!(!is_whole("echo 'a"));
        assert!(!is_whole("df |>"));
        assert!(
            is_whole("df |> nonsense"),
            "a mistake is submitted, so that it is told"
        );
    }
}
