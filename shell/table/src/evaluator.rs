//! The door to the protocol's evaluator, which alone says what an expression means.

use hailer_protocol::clean::Clean;
use hailer_protocol::eval::{Compiled, Evaluator, Tally};
use hailer_protocol::expr::Expr;
use hailer_protocol::row_plan::{RowPlan, RowStep};
use hailer_protocol::table::Table;
use hailer_protocol::units::display_value;
use hailer_protocol::value::Value;

use crate::error::{Note, TableError};

/// Returns a value as text, as every sink prints it.
pub(crate) fn display(value: &Value) -> String {
    display_value(value)
}

/// One row verb, ready to run over many tables.
pub(crate) struct RowVerb {
    verb: &'static str,
    evaluator: Evaluator,
}

impl RowVerb {
    pub(crate) fn new(verb: &'static str, step: RowStep) -> Result<Self, TableError> {
        let plan = RowPlan { steps: vec![step] };
        let evaluator = Evaluator::new(&plan).map_err(|e| refused(verb, &e))?;
        Ok(Self { verb, evaluator })
    }

    pub(crate) fn run(&self, table: Table) -> Result<(Table, Vec<Note>), TableError> {
        let outcome = self
            .evaluator
            .run(table)
            .map_err(|e| refused(self.verb, &e))?;
        let notes = outcome
            .notes
            .iter()
            .map(|note| Note::new(&note.to_string()))
            .collect();
        Ok((outcome.table, notes))
    }
}

/// Returns the value of an expression in each row of a table, and says where it did not fit.
pub(crate) fn values(
    verb: &'static str,
    expr: &Expr,
    table: &Table,
) -> Result<(Vec<Value>, Option<Note>), TableError> {
    let compiled = Compiled::new(expr, &table.columns).map_err(|e| refused(verb, &e))?;
    let tally = Tally::default();
    let values = table
        .rows
        .iter()
        .map(|row| compiled.eval_counting(row, &tally))
        .collect();
    let note = match tally.overflows() {
        0 => None,
        n => Some(Note::new(
            &hailer_protocol::note::Note::Overflowed(n).to_string(),
        )),
    };
    Ok((values, note))
}

fn refused(verb: &'static str, error: &dyn std::error::Error) -> TableError {
    TableError::Evaluate {
        verb,
        reason: Clean::line(&error.to_string()),
    }
}
