//! What is made of answers that were cut: a count of some rows is not the count of all.
//!
//! Text that is merely shown says that it was cut, and is as good as it goes. What is computed of it, or
//! written to a file, or acted on is not complete, and its exit code says so.

use hailer_lang::fleet_plan::FleetStep;
use hailer_lang::plan::{Query, QueryEnd};
use hailer_table::Note;

use super::Shown;
use crate::exit::Exit;

/// What a line makes of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Rows to look at.
    Shown,
    /// Something that every row has a part in.
    OfAll,
}

impl Made {
    pub(super) fn by(query: &Query) -> Self {
        let is_kept = matches!(query.end, QueryEnd::Save(_));
        let is_computed = query.fleet.iter().any(FleetStep::speaks_of_all);
        if is_kept || is_computed || query.deed.is_some() {
            Self::OfAll
        } else {
            Self::Shown
        }
    }

    /// Says that a result is not complete, where it is made of cut answers.
    pub(super) fn check(self, mut shown: Shown) -> Shown {
        let Some(run) = shown.origin.as_ref().filter(|_| self == Self::OfAll) else {
            return shown;
        };
        let n = run.summary.truncated;
        if n == 0 {
            return shown;
        }
        let answers = if n == 1 {
            "1 answer is".to_owned()
        } else {
            format!("{n} answers are")
        };
        shown.notes.push(Note::new(&format!(
            "{answers} not kept whole, so this is not of all rows: print less on the nodes, or keep \
             fewer rows there, as `|> where …` and `|> take N per node` do"
        )));
        shown.exit = shown.exit.worst(Exit::INCOMPLETE);
        shown
    }
}
