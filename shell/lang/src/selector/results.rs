//! The sets of nodes that kept results have.

use hailer_protocol::state::State;

use super::{Evaluation, ResultSetError};
use crate::ast::{ResultRef, SetKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::node_set::NodeSet;
use crate::span::Span;

impl Evaluation<'_> {
    pub(super) fn result(&mut self, result: ResultRef, kind: SetKind, span: Span) -> NodeSet {
        let error = match self.world.results.set(result, kind) {
            Ok(set) => {
                let set = set.and(&self.world.inventory.all());
                if set.is_empty() && self.empty.is_none() {
                    self.empty = Some(self.why_empty(result, kind, span));
                }
                return set;
            }
            Err(error) => error,
        };
        let (code, help) = match error {
            ResultSetError::Unknown { last: None } => (
                Code::UnknownResult,
                Some("the first line that runs makes `$1`".to_owned()),
            ),
            ResultSetError::Unknown { last: Some(last) } => (
                Code::UnknownResult,
                Some(format!("`$` is the last one, `${last}`")),
            ),
            ResultSetError::Dropped => (Code::UnknownResult, Some("run its line again".to_owned())),
            ResultSetError::NoNodes | ResultSetError::Running { .. } => (Code::UnknownResult, None),
            ResultSetError::NoProvenance => (
                Code::UnknownSet,
                Some("name the result that they were made of, such as `$3.ok`".to_owned()),
            ),
            ResultSetError::Tie => (
                Code::Tie,
                Some(format!("look at the groups with `{result} |> group`")),
            ),
        };
        self.fail(
            Diagnostic::new(code, span, format!("{result}: {error}"))
                .label("here")
                .help_opt(help),
        )
    }

    /// Says that a result has the set, and nobody is in it.
    fn why_empty(&self, result: ResultRef, kind: SetKind, span: Span) -> Diagnostic {
        let message = match kind {
            SetKind::State(state) => format!("no target of {result} {}", ended(state)),
            SetKind::Minority => {
                format!("all answers of {result} are equal: there is no minority")
            }
            SetKind::Majority => format!("{result} has no answers"),
            SetKind::Rows => format!("no row is left in {result}"),
        };
        let count = |state: State| {
            let set = self.world.results.set(result, SetKind::State(state)).ok()?;
            (!set.is_empty()).then(|| format!("{} {state}", set.len()))
        };
        let counts: Vec<String> = State::ALL.into_iter().filter_map(count).collect();
        let help = (!counts.is_empty()).then(|| format!("its targets: {}", counts.join(", ")));
        Diagnostic::new(Code::NothingSelected, span, message)
            .label("none")
            .help_opt(help)
    }
}

/// How a target ended, as a sentence goes on.
const fn ended(state: State) -> &'static str {
    match state {
        State::Ok => "was ok",
        State::Failed => "failed",
        State::Unreachable => "was unreachable",
        State::Lost => "was lost",
        State::Undeliverable => "was undeliverable",
        State::Cancelled => "was cancelled",
        State::TimedOut => "timed out",
        State::NotStarted => "was left not started",
        State::Denied => "was denied",
    }
}
