//! Evaluation of row plans over tables: the one meaning of `where`, `select`, `derive` and `take`.
//!
//! An [`Evaluator`] is a plan that has been checked and whose regular expressions are compiled; it
//! runs over any number of tables. A table here is *one node's*: `take N` counts its rows, and where
//! a kept result holds many nodes the caller runs the evaluator once for each, which also keeps every
//! row's provenance. Conditions follow SQL: null is neither true nor false, and selects nothing.
//!
//! Types are checked against a table's columns before its first row is read, so that a condition
//! over the wrong type is an error even where no row would have reached it.

mod arithmetic;
mod call;
mod check;
mod compiled;
mod error;
mod node;

use std::collections::HashSet;

use crate::expr::Expr;
use crate::limits;
use crate::note::Note;
use crate::parse::name::is_column_name;
use crate::parse::typing::widen;
use crate::parse::{Parsed, Parser};
use crate::row_plan::{Projection, RowPlan, RowStep};
use crate::table::{Column, Row, Table};
use crate::time::Wall;
use crate::value::{DataType, Value};

pub use self::check::check_expr;
pub use self::compiled::{Compiled, Tally};
pub use self::error::{EvalError, PlanError};

use self::compiled::Patterns;

/// The column that `parse` reads.
pub const PARSED_COLUMN: &str = "out";
/// The column of what was written to standard error.
const ERRORS_COLUMN: &str = "err";
/// The column that says that [`PARSED_COLUMN`] was cut.
pub const TRUNCATED_COLUMN: &str = "truncated";

/// Whether a column is what a command wrote: an expression reads it without the newline that ends it, as
/// `$(…)` does in a shell, so that `out = 'active'` is true of what `systemctl is-active` prints.
#[must_use]
pub fn is_output(column: &str) -> bool {
    matches!(column, PARSED_COLUMN | ERRORS_COLUMN)
}

/// Returns the text of a command's output as expressions read it.
#[must_use]
pub fn without_last_newline(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

/// A row plan that is ready to run.
#[derive(Debug, Clone)]
pub struct Evaluator {
    steps: Vec<Step>,
    patterns: Patterns,
}

#[derive(Debug, Clone)]
enum Step {
    Parse(Parser),
    Where(Expr),
    Select(Vec<Projection>),
    Derive(Vec<Projection>),
    Take(usize),
}

/// What a plan made of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The rows that are left, under the columns that are left.
    pub table: Table,
    /// What the rows do not say.
    pub notes: Vec<Note>,
}

impl Evaluator {
    /// Checks a plan against the limits and compiles its regular expressions. Plans come from the
    /// network: nothing in one is trusted.
    pub fn new(plan: &RowPlan) -> Result<Self, PlanError> {
        if plan.steps.len() > limits::PLAN_STEPS_MAX {
            return Err(PlanError::TooManySteps {
                steps: plan.steps.len(),
            });
        }
        let mut patterns = Patterns::default();
        let mut steps = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            steps.push(match step {
                RowStep::Parse(parse_as) => Step::Parse(Parser::new(parse_as)?),
                RowStep::Where(expr) => {
                    check::check_plan_expr(expr, &mut patterns)?;
                    Step::Where(expr.clone())
                }
                RowStep::Select(projections) => {
                    check_projections("select", projections, &mut patterns)?;
                    Step::Select(projections.clone())
                }
                RowStep::Derive(projections) => {
                    check_projections("derive", projections, &mut patterns)?;
                    Step::Derive(projections.clone())
                }
                RowStep::Take(n) => Step::Take(usize::try_from(*n).unwrap_or(usize::MAX)),
            });
        }
        Ok(Self { steps, patterns })
    }

    /// Takes every `now()` of the plan for this moment: a run has one, the same for all of its rows.
    /// Without it an expression that wants to know the time is an error.
    #[must_use]
    pub fn at(mut self, now: Wall) -> Self {
        for step in &mut self.steps {
            match step {
                Step::Where(expr) => expr.fix_now(now),
                Step::Select(projections) | Step::Derive(projections) => {
                    projections.iter_mut().for_each(|p| p.expr.fix_now(now));
                }
                Step::Parse(_) | Step::Take(_) => {}
            }
        }
        self
    }

    /// Runs the plan over one node's table.
    pub fn run(&self, input: Table) -> Result<Outcome, EvalError> {
        if !input.is_rectangular() {
            return Err(EvalError::NotRectangular);
        }
        let mut table = input;
        let mut notes = Vec::new();
        let tally = Tally::default();
        for step in &self.steps {
            table = match step {
                Step::Parse(parser) => {
                    let parsed = parse_column(parser, &table, &mut notes)?;
                    // Output without a line has no columns that later steps could name, and no rows
                    // for which that could matter.
                    if parsed.columns.is_empty() {
                        return Ok(Outcome {
                            table: parsed,
                            notes,
                        });
                    }
                    parsed
                }
                Step::Where(expr) => self.keep_where(expr, table, &tally)?,
                Step::Select(projections) => self.select(projections, &table, &tally)?,
                Step::Derive(projections) => self.derive(projections, table, &tally)?,
                Step::Take(n) => {
                    table.rows.truncate(*n);
                    table
                }
            };
        }
        if tally.overflows() > 0 {
            notes.push(Note::Overflowed(tally.overflows()));
        }
        Ok(Outcome { table, notes })
    }

    fn keep_where(&self, expr: &Expr, mut table: Table, tally: &Tally) -> Result<Table, EvalError> {
        let condition = Compiled::with_patterns(expr, &table.columns, &self.patterns)?;
        condition.check_is_condition()?;
        table
            .rows
            .retain(|row| condition.eval_counting(row, tally) == Value::Bool(true));
        Ok(table)
    }

    fn compile(
        &self,
        projections: &[Projection],
        columns: &[Column],
    ) -> Result<Vec<Compiled>, EvalError> {
        projections
            .iter()
            .map(|p| {
                let compiled = Compiled::with_patterns(&p.expr, columns, &self.patterns)?;
                // A column that is only handed on stays as it is.
                let is_picked = p.expr.as_column() == Some(&p.name);
                Ok(if is_picked {
                    compiled.verbatim()
                } else {
                    compiled
                })
            })
            .collect()
    }

    fn select(
        &self,
        projections: &[Projection],
        table: &Table,
        tally: &Tally,
    ) -> Result<Table, EvalError> {
        let exprs = self.compile(projections, &table.columns)?;
        let columns = projections
            .iter()
            .zip(&exprs)
            .map(|(p, expr)| projected(p, expr, &table.columns))
            .collect();
        let rows = table
            .rows
            .iter()
            .map(|row| values_of(&exprs, row, "select", tally))
            .collect::<Result<_, _>>()?;
        Ok(Table { columns, rows })
    }

    /// All expressions of one `derive` see the row as it was before it.
    fn derive(
        &self,
        projections: &[Projection],
        mut table: Table,
        tally: &Tally,
    ) -> Result<Table, EvalError> {
        let exprs = self.compile(projections, &table.columns)?;
        let mut columns = table.columns.clone();
        let mut targets = Vec::with_capacity(exprs.len());
        for (projection, expr) in projections.iter().zip(&exprs) {
            let column = projected(projection, expr, &table.columns);
            match columns.iter().position(|c| c.name == projection.name) {
                Some(at) => {
                    columns[at] = column;
                    targets.push(at);
                }
                None => {
                    targets.push(columns.len());
                    columns.push(column);
                }
            }
        }
        if columns.len() > limits::COLUMNS_MAX {
            return Err(EvalError::TooManyColumns {
                columns: columns.len(),
            });
        }
        for row in &mut table.rows {
            let values = values_of(&exprs, row, "derive", tally)?;
            row.resize(columns.len(), Value::Null);
            for (at, value) in targets.iter().zip(values) {
                row[*at] = value;
            }
        }
        table.columns = columns;
        Ok(table)
    }
}

/// Evaluates all expressions over one row, within the budget of the whole run for text.
fn values_of(
    exprs: &[Compiled],
    row: &Row,
    verb: &'static str,
    tally: &Tally,
) -> Result<Row, EvalError> {
    let values: Row = exprs.iter().map(|e| e.eval_widened(row, tally)).collect();
    let made: usize = values.iter().filter_map(Value::as_str).map(str::len).sum();
    if tally.make_text(made) > limits::EVAL_TEXT_MAX {
        return Err(EvalError::TooMuchText { verb });
    }
    Ok(values)
}

fn check_projections(
    verb: &'static str,
    projections: &[Projection],
    patterns: &mut Patterns,
) -> Result<(), PlanError> {
    if projections.len() > limits::COLUMNS_MAX {
        return Err(PlanError::TooManyColumns {
            verb,
            columns: projections.len(),
        });
    }
    let mut names = HashSet::new();
    for projection in projections {
        let name = &projection.name;
        if !is_column_name(name) {
            return Err(PlanError::BadName { name: name.clone() });
        }
        if !names.insert(name.as_str()) {
            return Err(PlanError::DuplicateName {
                verb,
                name: name.clone(),
            });
        }
        check::check_plan_expr(&projection.expr, patterns)?;
    }
    Ok(())
}

/// A column that is handed on keeps its heading; a computed one has none.
fn projected(projection: &Projection, expr: &Compiled, columns: &[Column]) -> Column {
    let heading = columns
        .iter()
        .find(|c| c.name == projection.name && projection.expr.as_column() == Some(&c.name))
        .and_then(|c| c.heading.clone());
    Column {
        name: projection.name.clone(),
        heading,
        data_type: expr.data_type(),
    }
}

/// Makes rows of the text in column `out`, of one row after the other.
fn parse_column(parser: &Parser, table: &Table, notes: &mut Vec<Note>) -> Result<Table, EvalError> {
    let at = table
        .index_of(PARSED_COLUMN)
        .ok_or_else(|| EvalError::NothingToParse {
            available: table.columns.iter().map(|c| c.name.clone()).collect(),
        })?;
    let cut = table.index_of(TRUNCATED_COLUMN);
    let mut whole = Table::default();
    let mut left_out = 0;
    for row in &table.rows {
        if row[at].is_null() {
            continue;
        }
        let text = row[at].as_str().ok_or_else(|| EvalError::NotText {
            column: PARSED_COLUMN.to_owned(),
            found: row[at].data_type(),
        })?;
        let is_cut = cut.is_some_and(|at| row[at] == Value::Bool(true));
        let text = if is_cut { whole_lines(text) } else { text };
        if is_cut {
            push_once(notes, Note::InputCut);
        }
        let Parsed {
            table: part,
            notes: found,
        } = parser.parse(text)?;
        found.into_iter().for_each(|note| push_once(notes, note));
        left_out += append(&mut whole, part);
    }
    if left_out > 0 {
        notes.push(Note::RowsCut {
            kept: whole.rows.len(),
            left_out,
        });
    }
    Ok(whole)
}

/// Half a line could be read as a row that is not true.
fn whole_lines(text: &str) -> &str {
    text.rfind('\n').map_or("", |end| &text[..=end])
}

fn push_once(notes: &mut Vec<Note>, note: Note) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Adds the rows of one table to another, by the names of their columns. A column whose types differ
/// becomes text. Returns how many rows there was no room for.
fn append(whole: &mut Table, part: Table) -> usize {
    if whole.columns.is_empty() {
        *whole = part;
        return 0;
    }
    let mut targets = Vec::with_capacity(part.columns.len());
    for column in part.columns {
        match whole.index_of(&column.name) {
            Some(at) => {
                unify_column(whole, at, column.data_type);
                targets.push(Some(at));
            }
            None if whole.columns.len() < limits::COLUMNS_MAX => {
                targets.push(Some(whole.columns.len()));
                whole.columns.push(column);
            }
            None => targets.push(None),
        }
    }
    let width = whole.columns.len();
    whole
        .rows
        .iter_mut()
        .for_each(|row| row.resize(width, Value::Null));
    let most = limits::ROWS_PER_NODE_MAX.min(limits::PARSE_CELLS_MAX / width.max(1));
    let room = most.saturating_sub(whole.rows.len());
    let left_out = part.rows.len().saturating_sub(room);
    for row in part.rows.into_iter().take(room) {
        let mut wide = vec![Value::Null; width];
        for (target, value) in targets.iter().zip(row) {
            if let Some(at) = target {
                wide[*at] = as_type(value, whole.columns[*at].data_type);
            }
        }
        whole.rows.push(wide);
    }
    left_out
}

fn unify_column(whole: &mut Table, at: usize, other: DataType) {
    let so_far = whole.columns[at].data_type;
    let unified = so_far.unify(other).unwrap_or(DataType::Str);
    if unified != so_far {
        whole.columns[at].data_type = unified;
        for row in &mut whole.rows {
            if let Some(cell) = row.get_mut(at) {
                *cell = as_type(std::mem::replace(cell, Value::Null), unified);
            }
        }
    }
}

fn as_type(value: Value, data_type: DataType) -> Value {
    match (value, data_type) {
        (Value::Null, _) => Value::Null,
        (value @ Value::Str(_), DataType::Str) => value,
        (value, DataType::Str) => Value::Str(crate::units::display_value(&value)),
        (value, data_type) => widen(value, data_type),
    }
}

#[cfg(test)]
mod function_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
