//! `retry $3`, `retry $3.failed`: which targets of an earlier result are asked again.

use crate::ast::{ResultRef, SetKind};

/// What is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The result, into which the new answers go.
    pub result: ResultRef,
    /// Which of its sets; without one, the targets that were not ok.
    pub set: Option<SetKind>,
}

/// Why a text does not say what is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRetry {
    /// It names no result.
    Shape,
    /// It names a set that no result has.
    Set(String),
}

impl Retry {
    /// Reads what stands behind the word.
    ///
    /// # Errors
    /// When it is no result, or no set of one.
    pub fn of(text: &str) -> Result<Self, NoRetry> {
        let named = text.strip_prefix('$').ok_or(NoRetry::Shape)?;
        let (number, set) = match named.split_once('.') {
            Some((number, set)) => (number, Some(set)),
            None => (named, None),
        };
        let result = match number {
            "" => ResultRef::Last,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                ResultRef::Number(digits.parse().map_err(|_| NoRetry::Shape)?)
            }
            _ => return Err(NoRetry::Shape),
        };
        let by_name =
            |name: &str| SetKind::by_name(name).ok_or_else(|| NoRetry::Set(name.to_owned()));
        let set = set.map(by_name).transpose()?;
        Ok(Self { result, set })
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::state::State;

    use super::*;

    #[test]
    fn a_retry_names_a_result_and_perhaps_one_of_its_sets() {
        let failed = SetKind::State(State::Failed);
        for (text, result, set) in [
            ("$", ResultRef::Last, None),
            ("$3", ResultRef::Number(3), None),
            ("$.failed", ResultRef::Last, Some(failed)),
            (
                "$12.minority",
                ResultRef::Number(12),
                Some(SetKind::Minority),
            ),
        ] {
            assert_eq!(Retry::of(text), Ok(Retry { result, set }), "{text}");
        }
        for text in ["3", "$x", "$3x.failed", "web01", "", "$99999999999"] {
            assert_eq!(Retry::of(text), Err(NoRetry::Shape), "{text}");
        }
        for (text, set) in [("$3.faild", "faild"), ("$3.", ""), ("$3.ok.x", "ok.x")] {
            assert_eq!(Retry::of(text), Err(NoRetry::Set(set.to_owned())), "{text}");
        }
    }
}
