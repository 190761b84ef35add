//! Fleet steps: one verb after the other over a frame.
//!
//! Where no node told a column, since none wrote a line or each failed before it could, nobody knows
//! what the columns would have been: then a verb takes the names that it reads for columns without
//! rows, and says so. A row that is there always tells its columns, and an unknown one is an error.

use hailer_lang::fleet_plan::{Beside, FleetStep};
use hailer_protocol::row_plan::RowStep;

use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::surroundings::Surroundings;
use crate::{aggregate, diff, group, join, order, row_verbs, sql, why};

impl Frame {
    /// Carries out one verb.
    ///
    /// Rows keep their nodes: a group has those of all its rows. A row of an aggregate has none,
    /// unless it is one node's.
    ///
    /// # Errors
    /// When the verb names a column that is not there, the evaluator refuses an expression, or the
    /// engine fails.
    pub fn apply(
        self,
        step: &FleetStep,
        around: &dyn Surroundings,
    ) -> Result<(Self, Vec<Note>), TableError> {
        if !self.is_untold() {
            return self.carry_out(step, around);
        }
        let mut frame = self;
        let mut taken: Vec<String> = Vec::new();
        loop {
            let (made, mut notes) = match frame.clone().carry_out(step, around) {
                Err(TableError::UnknownColumn { name, .. })
                    if frame.index_of(name.as_str()).is_none() =>
                {
                    taken.push(format!("`{name}`"));
                    frame = frame.with_column_of_no_rows(name.as_str())?;
                    continue;
                }
                done => done?,
            };
            if !taken.is_empty() {
                notes.push(Note::new(&format!(
                    "no node told its columns, so whether {} is one is not known",
                    taken.join(", ")
                )));
            }
            let made = if keeps_columns(step) {
                made.still_untold()
            } else {
                made
            };
            return Ok((made, notes));
        }
    }

    fn carry_out(
        self,
        step: &FleetStep,
        around: &dyn Surroundings,
    ) -> Result<(Self, Vec<Note>), TableError> {
        match step {
            FleetStep::Row(step) => row_verbs::apply(self, step),
            FleetStep::Group { by } => Ok((group::group(&self, by, around)?, Vec::new())),
            FleetStep::Count { by } => Ok((group::count(&self, by)?, Vec::new())),
            FleetStep::Sort { keys } => order::sort(&self, keys),
            FleetStep::Top { n, by } => order::top(&self, *n, by),
            FleetStep::Agg { calls, by } => aggregate::agg(&self, calls, by),
            FleetStep::Sql { query, .. } => sql::sql(&self, query, around),
            FleetStep::Uniq { by } => Ok((aggregate::uniq(&self, by)?, Vec::new())),
            FleetStep::Take(n) => {
                let n = u32::try_from(*n).unwrap_or(u32::MAX);
                let rows: Vec<u32> = self.all_rows().take(n as usize).collect();
                Ok((self.pick(&rows)?, Vec::new()))
            }
            FleetStep::Diff { with, by } => diff::diff(&self, *with, by, around),
            FleetStep::Why { by } => why::why(&self, by, around),
            FleetStep::Join { with, by, is_left } => {
                let (mut other, mut notes) = match with {
                    Beside::Result(number) => (around.result(*number)?, Vec::new()),
                    Beside::File(file) => around.file(file)?,
                };
                for name in by {
                    if other.is_untold() && other.index_of(name).is_none() {
                        other = other.with_column_of_no_rows(name)?.still_untold();
                    }
                }
                let (joined, more) = join::join(&self, &other, with, by, *is_left)?;
                notes.extend(more);
                Ok((joined, notes))
            }
        }
    }
}

/// Whether the rows' own columns are still there behind a verb.
const fn keeps_columns(step: &FleetStep) -> bool {
    match step {
        FleetStep::Row(step) => match step {
            RowStep::Parse(_) | RowStep::Where(_) | RowStep::Derive(_) | RowStep::Take(_) => true,
            RowStep::Select(_) => false,
        },
        FleetStep::Sort { .. }
        | FleetStep::Top { .. }
        | FleetStep::Uniq { .. }
        | FleetStep::Take(_)
        | FleetStep::Join { .. } => true,
        FleetStep::Group { .. }
        | FleetStep::Count { .. }
        | FleetStep::Agg { .. }
        | FleetStep::Sql { .. }
        | FleetStep::Diff { .. }
        | FleetStep::Why { .. } => false,
    }
}
