//! The door to polars: whatever it computes is computed here, behind a guard.
//!
//! polars may panic on odd input; a panic becomes [`TableError::Engine`] and the caller keeps what
//! it had. (The process's panic hook still runs; the binary decides what that prints.) Columns are
//! named by their position: polars reads meaning into names such as `*` or `^a.*$`, and a node's
//! output may name a column so.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hailer_protocol::clean::Clean;
use hailer_protocol::value::{DataType, Value};
pub(crate) use polars::prelude::{Column as Cells, DataFrame as Data};
use polars::prelude::{
    DataType as Kind, GroupsIndicator, IdxCa, PlSmallStr, PolarsResult, SortMultipleOptions,
    TimeUnit,
};

use crate::error::TableError;

/// How many rows the engine can number.
pub(crate) const ROWS_MAX: usize = (u32::MAX - 1) as usize;

/// Runs polars; turns its errors and panics into ours.
pub(crate) fn guard<T>(
    doing: &'static str,
    work: impl FnOnce() -> PolarsResult<T>,
) -> Result<T, TableError> {
    let reason = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it panicked without a message".to_owned()),
    };
    Err(TableError::Engine {
        doing,
        reason: Clean::line(&reason),
    })
}

/// The stack for what recurses as deep as a text that somebody typed. Memory is taken only as far as
/// it is used.
const DEEP_STACK_BYTES: usize = 64 << 20;

/// Runs work that recurses deeper than an ordinary stack may allow, and waits for it.
pub(crate) fn deep<T: Send>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, TableError> + Send,
) -> Result<T, TableError> {
    let failed = |reason: &str| TableError::Engine {
        doing,
        reason: Clean::line(reason),
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("hailer-sql".to_owned())
            .stack_size(DEEP_STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|e| failed(&e.to_string()))?;
        thread.join().unwrap_or_else(|_| Err(failed("it panicked")))
    })
}

/// Makes a polars column of values that all are null or of this type.
///
/// Units live in the frame's metadata; polars sees the number. A column of nulls alone is stored
/// as booleans, since polars' own null type does not group.
pub(crate) fn column_from_values(
    name: &str,
    data_type: DataType,
    values: Vec<Value>,
) -> Result<Cells, TableError> {
    if values.len() > ROWS_MAX {
        return Err(TableError::TooManyRows(values.len()));
    }
    let wrong = |value: &Value| TableError::WrongType {
        column: Clean::line(name),
        expected: data_type,
        found: value.data_type(),
    };
    let at = PlSmallStr::from_str(name);
    Ok(match data_type {
        DataType::Null | DataType::Bool => {
            let cells: Vec<Option<bool>> = collect(values, |v| match (data_type, v) {
                (DataType::Bool, Value::Bool(b)) => Ok(b),
                (_, other) => Err(wrong(&other)),
            })?;
            Cells::new(at, cells)
        }
        DataType::Int | DataType::Size | DataType::Duration | DataType::Time => {
            let cells: Vec<Option<i64>> = collect(values, |v| match (data_type, v) {
                (DataType::Int, Value::Int(n))
                | (DataType::Size, Value::Size(n))
                | (DataType::Duration, Value::Duration(n))
                | (DataType::Time, Value::Time(n)) => Ok(n),
                (_, other) => Err(wrong(&other)),
            })?;
            Cells::new(at, cells)
        }
        DataType::Float | DataType::Percent => {
            let cells: Vec<Option<f64>> = collect(values, |v| match (data_type, v) {
                (DataType::Float, Value::Float(x)) | (DataType::Percent, Value::Percent(x)) => {
                    Ok(one_form(x))
                }
                (_, other) => Err(wrong(&other)),
            })?;
            Cells::new(at, cells)
        }
        DataType::Str => {
            let cells: Vec<Option<String>> = collect(values, |v| match (data_type, v) {
                (DataType::Str, Value::Str(s)) => Ok(s),
                (_, other) => Err(wrong(&other)),
            })?;
            Cells::new(at, cells)
        }
    })
}

/// Makes a polars column of texts, which are copied straight into it.
pub(crate) fn column_from_texts(name: &str, texts: &[Option<&str>]) -> Cells {
    Cells::new(PlSmallStr::from_str(name), texts)
}

/// One zero and one NaN, so that equal numbers are equal bytes wherever rows are hashed.
const fn one_form(x: f64) -> f64 {
    if x.is_nan() { f64::NAN } else { x + 0.0 }
}

fn collect<T>(
    values: Vec<Value>,
    take: impl Fn(Value) -> Result<T, TableError>,
) -> Result<Vec<Option<T>>, TableError> {
    values
        .into_iter()
        .map(|v| {
            if v.is_null() {
                Ok(None)
            } else {
                take(v).map(Some)
            }
        })
        .collect()
}

/// Returns one cell; null beyond the end.
pub(crate) fn cell(column: &Cells, data_type: DataType, row: usize) -> Value {
    if row >= column.len() {
        return Value::Null;
    }
    let series = column.as_materialized_series();
    let whole = |wrap: fn(i64) -> Value| series.i64().ok().and_then(|c| c.get(row)).map(wrap);
    let fraction = |wrap: fn(f64) -> Value| series.f64().ok().and_then(|c| c.get(row)).map(wrap);
    match data_type {
        DataType::Null => None,
        DataType::Bool => series.bool().ok().and_then(|c| c.get(row)).map(Value::Bool),
        DataType::Int => whole(Value::Int),
        DataType::Size => whole(Value::Size),
        DataType::Duration => whole(Value::Duration),
        DataType::Time => whole(Value::Time),
        DataType::Float => fraction(Value::Float),
        DataType::Percent => fraction(Value::Percent),
        DataType::Str => series.str().ok().and_then(|c| c.get(row)).map(Value::from),
    }
    .unwrap_or(Value::Null)
}

/// Returns a column of any single values as this crate stores them, and their type. Units are not
/// known to polars: a size is an int.
pub(crate) fn stored(column: &Cells) -> PolarsResult<(Cells, DataType)> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list of a library's types grows with its features"
    )]
    let (kind, data_type) = match column.dtype() {
        Kind::Null => (Kind::Boolean, DataType::Null),
        Kind::Boolean => (Kind::Boolean, DataType::Bool),
        Kind::Duration(_) => {
            let ns = column.strict_cast(&Kind::Duration(TimeUnit::Nanoseconds))?;
            return Ok((ns.strict_cast(&Kind::Int64)?, DataType::Duration));
        }
        Kind::Datetime(..) | Kind::Date => {
            let ms = column.strict_cast(&Kind::Datetime(TimeUnit::Milliseconds, None))?;
            return Ok((ms.strict_cast(&Kind::Int64)?, DataType::Time));
        }
        Kind::Float32 | Kind::Float64 => (Kind::Float64, DataType::Float),
        // What does not fit 64 bits with a sign would be null: as text it stays what it is.
        Kind::UInt64 if column.strict_cast(&Kind::Int64).is_err() => (Kind::String, DataType::Str),
        kind if kind.is_integer() => (Kind::Int64, DataType::Int),
        _ => (Kind::String, DataType::Str),
    };
    Ok((column.strict_cast(&kind)?, data_type))
}

/// Puts columns together, naming them by position.
pub(crate) fn assemble(height: usize, mut columns: Vec<Cells>) -> Result<Data, TableError> {
    for (at, column) in columns.iter_mut().enumerate() {
        column.rename(PlSmallStr::from_string(at.to_string()));
    }
    guard("put columns together", || Data::new(height, columns))
}

/// Returns these rows, in this order.
pub(crate) fn pick(data: &Data, rows: &[u32]) -> Result<Data, TableError> {
    let index = IdxCa::from_vec(PlSmallStr::EMPTY, rows.to_vec());
    guard("pick rows", || {
        if data.width() == 0 {
            return Data::new(rows.len(), Vec::new());
        }
        data.take(&index)
    })
}

/// Returns these rows, in this order; nulls where there is none.
pub(crate) fn pick_or_null(data: &Data, rows: &[Option<u32>]) -> Result<Data, TableError> {
    let index: IdxCa = rows.iter().copied().collect();
    guard("pick rows", || {
        if data.width() == 0 {
            return Data::new(rows.len(), Vec::new());
        }
        data.take(&index)
    })
}

/// Returns the rows of each group of equal values in these columns; groups and the rows in them
/// are in the order of the table. Null equals null here, as in SQL's `group by`.
pub(crate) fn groups(data: &Data, by: &[usize]) -> Result<Vec<Vec<u32>>, TableError> {
    if data.height() == 0 {
        return Ok(Vec::new());
    }
    if by.is_empty() {
        return Ok(vec![(0..data.height() as u32).collect()]);
    }
    guard("group rows", || {
        let names: Vec<&str> = by
            .iter()
            .map(|&at| data.columns()[at].name().as_str())
            .collect();
        let grouped = data.group_by_stable(names)?;
        let mut rows: Vec<Vec<u32>> = grouped
            .get_groups()
            .iter()
            .map(|group| match group {
                GroupsIndicator::Idx((_, rows)) => rows.to_vec(),
                GroupsIndicator::Slice([first, n]) => (first..first + n).collect(),
            })
            .collect();
        rows.sort_unstable_by_key(|group| group.first().copied());
        Ok(rows)
    })
}

/// One key of a sort: a column and whether it goes downwards.
pub(crate) struct SortColumn {
    pub(crate) column: Cells,
    pub(crate) descending: bool,
}

/// Returns the order of rows under these keys, most significant first: stable, nulls last
/// whichever way a key goes, NaN before them and behind every number.
pub(crate) fn sorted(height: usize, keys: Vec<SortColumn>) -> Result<Vec<u32>, TableError> {
    guard("sort rows", || {
        let mut columns = Vec::with_capacity(keys.len() + 1);
        let mut descending = Vec::with_capacity(keys.len() + 1);
        for key in keys {
            for (column, down) in without_nan(key)? {
                columns.push(column);
                descending.push(down);
            }
        }
        // The row's own number as the last key makes the order stable whatever algorithm runs.
        let rows: Vec<u32> = (0..height as u32).collect();
        columns.push(Cells::new(PlSmallStr::EMPTY, rows));
        descending.push(false);
        let last = columns.len() - 1;
        for (at, column) in columns.iter_mut().enumerate() {
            column.rename(PlSmallStr::from_string(at.to_string()));
        }
        let names: Vec<String> = (0..columns.len()).map(|at| at.to_string()).collect();
        let options = SortMultipleOptions::default()
            .with_order_descending_multi(descending)
            .with_nulls_last_multi(vec![true; names.len()]);
        let sorted = Data::new(height, columns)?.sort(names, options)?;
        let order = sorted.columns()[last].as_materialized_series().u32()?;
        Ok(order.iter().flatten().collect())
    })
}

/// Says of each row whether its key can be ranked: is neither null nor NaN.
pub(crate) fn ranked(key: &Cells) -> Result<Vec<bool>, TableError> {
    guard("rank rows", || {
        let series = key.as_materialized_series();
        Ok(match series.f64() {
            Ok(numbers) => numbers
                .iter()
                .map(|x| x.is_some_and(|x| !x.is_nan()))
                .collect(),
            Err(_) => series
                .is_not_null()
                .iter()
                .map(|is_there| is_there == Some(true))
                .collect(),
        })
    })
}

/// polars takes NaN for the highest number. Here it is no number: it goes behind them both ways.
fn without_nan(key: SortColumn) -> PolarsResult<Vec<(Cells, bool)>> {
    let SortColumn { column, descending } = key;
    let Ok(numbers) = column.as_materialized_series().f64() else {
        return Ok(vec![(column, descending)]);
    };
    let cells: Vec<Option<f64>> = numbers.iter().collect();
    if !cells.iter().flatten().any(|x| x.is_nan()) {
        return Ok(vec![(column, descending)]);
    }
    let rank: Vec<i64> = cells
        .iter()
        .map(|cell| match cell {
            Some(x) if x.is_nan() => 1,
            Some(_) => 0,
            None => 2,
        })
        .collect();
    let numbers: Vec<Option<f64>> = cells
        .into_iter()
        .map(|cell| cell.filter(|x| !x.is_nan()))
        .collect();
    Ok(vec![
        (Cells::new(PlSmallStr::EMPTY, rank), false),
        (Cells::new(PlSmallStr::EMPTY, numbers), descending),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_the_engine_is_an_error_that_can_be_printed() {
        let error = guard::<()>("group rows", || panic!("\x1b[2Jboom")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "group rows: the table engine failed: \\e[2Jboom"
        );
    }

    #[test]
    fn zero_is_one_group_whatever_its_sign_and_so_is_nan() {
        let cells = [0.0, -0.0, f64::NAN, -f64::NAN].map(Value::Float).to_vec();
        let column = column_from_values("x", DataType::Float, cells).unwrap();
        let data = assemble(4, vec![column]).unwrap();
        assert_eq!(groups(&data, &[0]).unwrap(), [[0, 1], [2, 3]]);
    }

    #[test]
    fn nan_and_null_go_last_both_ways() {
        let cells = [None, Some(f64::NAN), Some(1.0), Some(2.0)].map(Value::from);
        for (descending, expected) in [(false, [2, 3, 1, 0]), (true, [3, 2, 1, 0])] {
            let column = column_from_values("x", DataType::Float, cells.to_vec()).unwrap();
            let keys = vec![SortColumn { column, descending }];
            assert_eq!(sorted(4, keys).unwrap(), expected);
        }
    }
}
