//! Fleet steps: one verb after the other over a frame.

use hailer_lang::fleet_plan::FleetStep;

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
                join::join(&self, &around.result(*with)?, *with, by, *is_left)
            }
        }
    }
}
