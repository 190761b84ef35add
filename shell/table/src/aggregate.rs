//! `agg`: numbers of many rows, by groups of equal columns.
//!
//! The protocol's evaluator says what an argument is in each row; polars finds the groups; what is
//! computed of the values is computed here, since units, whole numbers and nulls have to come out
//! as the language means them:
//!
//! - Null and NaN are no values. Every function leaves them out; NaN is said in a note.
//! - Of no value at all, `count` and `distinct` are 0 and everything else is null.
//! - Whole numbers are added exactly. A sum that does not fit 64 bits is an error, never a wrong one.
//! - Units stay: a mean of sizes is a size. Means and percentiles of ints are floats, those of
//!   sizes, durations and times are rounded to what these count in.
//! - A condition is counted: `sum(rc != 0)` says how often it holds, `mean(rc != 0)` in which share.
//! - Percentiles between two values lie between them in proportion, so that `p50` is `median`.
//! - `stddev` is that of a sample (n − 1), and null for fewer than two values.
//!
//! Groups come in the order of their columns. A row of an aggregate is of no node, and so no target,
//! unless its group is one node's: `by node`.

mod accumulate;

use hailer_lang::aggregate::{AggregateCall, AggregateFunction};
use hailer_lang::write::expression;
use hailer_protocol::clean::Clean;
use hailer_protocol::eval::is_output;
use hailer_protocol::expr::Expr;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, find_or_say};
use crate::engine::{self, Cells, SortColumn};
use crate::error::{Note, TableError};
use crate::evaluator;
use crate::frame::{Frame, typed_column};
use crate::group::{key_columns, positions};
use crate::provenance::Provenance;
use crate::row_verbs::table_for;
use crate::typed::{mixed_note, settle};

const VERB: &str = "agg";

/// `agg FUNCTION(EXPR), … [by …]`.
pub(crate) fn agg(
    frame: &Frame,
    calls: &[AggregateCall],
    by: &[String],
) -> Result<(Frame, Vec<Note>), TableError> {
    let by = positions(frame.columns(), VERB, by)?;
    let mut groups = engine::groups(frame.data(), &by)?;
    if by.is_empty() && groups.is_empty() {
        // Of nothing there is an answer too: that it is nothing.
        groups.push(Vec::new());
    }
    let mut notes = Vec::new();
    let (mut columns, mut data) = key_columns(frame, &by, &groups)?;
    for call in calls {
        let (column, cells, said) = computed(frame, call, &groups)?;
        columns.push(column);
        data.push(cells);
        for note in said {
            // Two functions of one column would say the same of it.
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    let is_by_node = by.iter().any(|at| frame.columns()[*at].is_node());
    let mut provenance = Provenance::with_capacity(groups.len());
    for rows in groups {
        let nodes = is_by_node.then(|| frame.provenance_of_rows().union(rows));
        provenance.push(nodes.unwrap_or_default());
    }
    let keys = (0..by.len()).map(|at| SortColumn {
        column: data[at].clone(),
        descending: false,
    });
    let order = engine::sorted(provenance.len(), keys.collect())?;
    let computed = Frame::from_parts(columns, data, provenance)?;
    Ok((computed.pick(&order)?, notes))
}

/// `uniq [by …]`: of rows that are equal the first stays, with its own node.
pub(crate) fn uniq(frame: &Frame, by: &[String]) -> Result<Frame, TableError> {
    let by = if by.is_empty() {
        let of_rows = frame.shown_columns().filter(|(_, c)| !c.is_node());
        let of_rows: Vec<usize> = of_rows.map(|(at, _)| at).collect();
        if of_rows.is_empty() {
            frame.shown_columns().map(|(at, _)| at).collect()
        } else {
            of_rows
        }
    } else {
        positions(frame.columns(), "uniq", by)?
    };
    let groups = engine::groups(frame.data(), &by)?;
    let firsts: Vec<u32> = groups.iter().filter_map(|g| g.first().copied()).collect();
    frame.pick(&firsts)
}

fn computed(
    frame: &Frame,
    call: &AggregateCall,
    groups: &[Vec<u32>],
) -> Result<(FrameColumn, Cells, Vec<Note>), TableError> {
    let (data_type, values, notes) = match &call.argument {
        None => {
            let counts = groups.iter().map(|rows| count(rows.len())).collect();
            (DataType::Int, counts, Vec::new())
        }
        Some(expr) => of_argument(frame, call.function, expr, groups)?,
    };
    let column = FrameColumn::shown(Column::new(call.name.clone(), data_type));
    let (column, cells, mixed) = typed_column(column, values)?;
    Ok((column, cells, notes.into_iter().chain(mixed).collect()))
}

fn of_argument(
    frame: &Frame,
    function: AggregateFunction,
    expr: &Expr,
    groups: &[Vec<u32>],
) -> Result<(DataType, Vec<Value>, Vec<Note>), TableError> {
    let (of, mut values, mut notes) = argument(frame, expr)?;
    let text = || Clean::line(&expression(expr));
    let Some(data_type) = result_type(function, of) else {
        return Err(TableError::AggregateOf {
            function: Clean::line(&function.to_string()),
            argument: text(),
            found: of,
        });
    };
    let not_numbers = leave_out_nan(&mut values);
    if not_numbers > 0 {
        notes.push(Note::new(&format!(
            "agg: {not_numbers} of {} values of `{}` are not a number and are left out",
            values.len(),
            text()
        )));
    }
    let mut results = Vec::with_capacity(groups.len());
    for rows in groups {
        let present: Vec<&Value> = rows
            .iter()
            .map(|row| &values[*row as usize])
            .filter(|value| !value.is_null())
            .collect();
        let value = accumulate::of(function, of, &present);
        results.push(value.map_err(|accumulate::Overflow| TableError::Overflow {
            function: Clean::line(&function.to_string()),
            argument: text(),
        })?);
    }
    Ok((data_type, results, notes))
}

/// Returns the values of an argument, of one type: the column's, or what the evaluator makes of it.
fn argument(frame: &Frame, expr: &Expr) -> Result<(DataType, Vec<Value>, Vec<Note>), TableError> {
    if let Expr::Column(name) = expr
        && !is_output(name)
    {
        let at = find_or_say(frame.columns(), VERB, name)?;
        let values = (0..frame.len()).map(|row| frame.value(row, at)).collect();
        return Ok((frame.columns()[at].column.data_type, values, Vec::new()));
    }
    let table = table_for(frame, VERB, &[expr])?;
    let (values, overflowed) = evaluator::values(VERB, expr, &table)?;
    let settled = settle(DataType::Null, values);
    let mixed = settled
        .mixed
        .map(|types| mixed_note(&expression(expr), &types));
    let notes = overflowed.into_iter().chain(mixed).collect();
    Ok((settled.data_type, settled.values, notes))
}

/// What is no number becomes null; returns how many were none.
fn leave_out_nan(values: &mut [Value]) -> usize {
    let mut n = 0;
    for value in values {
        if matches!(value, Value::Float(x) | Value::Percent(x) if x.is_nan()) {
            *value = Value::Null;
            n += 1;
        }
    }
    n
}

/// Returns the type of what a function makes of values of a type; `None` where it takes none such.
const fn result_type(function: AggregateFunction, of: DataType) -> Option<DataType> {
    use DataType::{Bool, Duration, Float, Int, Null, Percent, Size, Str, Time};
    match (function, of) {
        (AggregateFunction::Count | AggregateFunction::Distinct, _) => Some(Int),
        (AggregateFunction::List, _) => Some(Str),
        (
            AggregateFunction::Min
            | AggregateFunction::Max
            | AggregateFunction::First
            | AggregateFunction::Last,
            of,
        ) => Some(of),
        (_, Null) => Some(Null),
        (_, Str) => None,
        (AggregateFunction::Sum, Bool) => Some(Int),
        (AggregateFunction::Sum, Time) => None,
        (AggregateFunction::Sum, of @ (Int | Float | Duration | Size | Percent)) => Some(of),
        (AggregateFunction::Mean, Bool) => Some(Percent),
        (_, Bool) => None,
        (AggregateFunction::Stddev, Time) => Some(Duration),
        (
            AggregateFunction::Mean
            | AggregateFunction::Median
            | AggregateFunction::Stddev
            | AggregateFunction::Percentile(_),
            Int | Float,
        ) => Some(Float),
        (
            AggregateFunction::Mean
            | AggregateFunction::Median
            | AggregateFunction::Stddev
            | AggregateFunction::Percentile(_),
            of @ (Duration | Size | Percent | Time),
        ) => Some(of),
    }
}

fn count(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
