//! `sql`: a query over the rows and over other results, carried out by polars.
//!
//! The rows are table `self`, another result is `$3`. A table has the columns that are shown, and
//! those hidden ones (labels, what a command answered beside its rows) that the query names. Names
//! with dots want double quotes: `"label.dc"`.
//!
//! Inside a query the language's types are SQL's: a duration is an interval (`took > INTERVAL '5m'`), a
//! time a timestamp without zone, in UTC; a size is its bytes and a percent its points. A column that is
//! selected as it is, or through `min`, `max`, `sum`, `avg`, `median`, `first`, `last` or `abs`,
//! keeps its unit; whatever else is computed is a number.
//!
//! What NULL, NaN and rounding mean here is SQL's and polars' word; what is divided by zero is null.
//! Whole numbers that are computed wrap at 64 bits in polars: what could is refused, and `agg` adds
//! exactly. Without ORDER BY rows come in no order. The rows are of no node, and so no targets.
//!
//! Only SELECT is carried out, and it sees no file.

mod complaint;
mod guarded;
mod query;
mod whole;

use hailer_protocol::clean::Clean;
use hailer_protocol::eval::{is_output, without_last_newline};
use hailer_protocol::value::DataType;
use polars::prelude::{DataType as Kind, IntoLazy as _, PlSmallStr, TimeUnit};
use polars::sql::SQLContext;

use self::query::Query;
use self::whole::{Bound, Bounds};
use crate::column::FrameColumn;
use crate::engine::{self, Cells, Data};
use crate::error::{Note, TableError};
use crate::file::names::Names;
use crate::frame::Frame;
use crate::provenance::Provenance;
use crate::surroundings::Surroundings;

/// The most rows that tables which are put together without a condition may make.
const PRODUCT_ROWS_MAX: usize = 10_000_000;

/// Reads a query, and carries nothing out: what can be told without rows is told before anybody is
/// asked for them.
///
/// # Errors
/// When it cannot be read, is no single SELECT, or names a table that there cannot be.
pub fn check_query(text: &str) -> Result<(), TableError> {
    engine::deep("read the query", || {
        let query = Query::read(text)?;
        let others: Vec<String> = query.results().iter().map(|n| format!("${n}")).collect();
        let known = others.iter().map(String::as_str);
        query.check_tables(known.chain(["self"]))
    })
}

/// Carries a query out.
pub(crate) fn sql(
    frame: &Frame,
    text: &str,
    around: &dyn Surroundings,
) -> Result<(Frame, Vec<Note>), TableError> {
    engine::deep("run the query", || carried_out(frame, text, around))
}

fn carried_out(
    frame: &Frame,
    text: &str,
    around: &dyn Surroundings,
) -> Result<(Frame, Vec<Note>), TableError> {
    let query = Query::read(text)?;
    let mut tables = vec![("self".to_owned(), frame.clone())];
    for &number in query.results() {
        tables.push((format!("${number}"), around.result(number)?));
    }
    query.check_tables(tables.iter().map(|(name, _)| name.as_str()))?;
    check_product(&query, &tables)?;
    let mut context = SQLContext::new();
    let mut columns: Vec<FrameColumn> = Vec::new();
    let largest = tables.iter().map(|(_, table)| table.len()).max();
    let mut bounds = Bounds::of_rows(largest.unwrap_or(0));
    for (name, table) in &tables {
        let seen = seen_columns(table, &query);
        if query.adds_up() {
            check_sums(table, &seen)?;
        }
        learn_bounds(&mut bounds, table, &seen);
        let data = as_sql_sees(table, &seen)?;
        context.register(name, data.lazy());
        columns.extend(seen.iter().map(|at| table.columns()[*at].clone()));
    }
    query.check_whole(bounds)?;
    let mut run = |text: &str| {
        engine::guard("run the query", || context.execute(text)?.collect())
            .map_err(|error| failed(error, &columns))
    };
    let guarded = query.guarded();
    let safe = guarded.as_ref().and_then(|safe| run(&safe.text).ok());
    let divides = safe.is_some() && guarded.is_some_and(|safe| safe.divides);
    let data = match safe {
        Some(data) => data,
        // What it was made of tells more of what is wrong.
        None => run(query.text())?,
    };
    let (frame, mut notes) = taken_back(&data, &query, &columns)?;
    if divides && data.columns().iter().any(|column| column.null_count() > 0) {
        notes.push(Note::new("sql: what is divided by zero is null"));
    }
    Ok((frame, notes))
}

/// Returns the columns of a table that a query can see.
fn seen_columns(table: &Frame, query: &Query) -> Vec<usize> {
    let shown: Vec<usize> = table.shown_columns().map(|(at, _)| at).collect();
    let is_named = |at: &usize| query.names(&table.columns()[*at].column.name);
    let hidden = (0..table.columns().len()).filter(|at| !shown.contains(at));
    let named: Vec<usize> = hidden.filter(is_named).collect();
    shown.into_iter().chain(named).collect()
}

/// Returns these columns under their names, of the types that SQL has for them.
fn as_sql_sees(table: &Frame, columns: &[usize]) -> Result<Data, TableError> {
    engine::guard("hand the rows to the query", || {
        let mut cells = Vec::with_capacity(columns.len());
        for &at in columns {
            let column = &table.columns()[at].column;
            let mut stored = match column.data_type {
                DataType::Duration => table
                    .cells(at)
                    .cast(&Kind::Duration(TimeUnit::Nanoseconds))?,
                DataType::Time => {
                    let kind = Kind::Datetime(TimeUnit::Milliseconds, None);
                    table.cells(at).cast(&kind)?
                }
                DataType::Str if is_output(&column.name) => {
                    let text = table.cells(at).as_materialized_series().str()?;
                    let read: Vec<Option<&str>> = text
                        .iter()
                        .map(|cell| cell.map(without_last_newline))
                        .collect();
                    Cells::new(PlSmallStr::EMPTY, read)
                }
                DataType::Null
                | DataType::Bool
                | DataType::Int
                | DataType::Float
                | DataType::Str
                | DataType::Size
                | DataType::Percent => table.cells(at).clone(),
            };
            stored.rename(PlSmallStr::from_str(&column.name));
            cells.push(stored);
        }
        Data::new(table.len(), cells)
    })
}

/// Refuses what would make more rows than memory holds.
fn check_product(query: &Query, tables: &[(String, Frame)]) -> Result<(), TableError> {
    let rows = |name: &str| {
        let table = tables.iter().find(|(n, _)| n == name);
        table.map_or(1, |(_, frame)| frame.len().max(1))
    };
    let product = query
        .put_together()
        .iter()
        .map(|name| rows(name))
        .fold(1_usize, usize::saturating_mul);
    if product > PRODUCT_ROWS_MAX {
        return Err(said(
            &format!(
                "tables that are put together without a condition would make {product} rows, at \
                 most {PRODUCT_ROWS_MAX} are made"
            ),
            Some("write `JOIN … ON …`"),
        ));
    }
    Ok(())
}

/// Notes the largest magnitudes of a table's whole numbers.
fn learn_bounds(bounds: &mut Bounds, table: &Frame, columns: &[usize]) {
    for &at in columns {
        let column = &table.columns()[at].column;
        let bound = match column.data_type {
            DataType::Int | DataType::Size | DataType::Duration => {
                let series = table.cells(at).as_materialized_series();
                let magnitudes = series
                    .i64()
                    .map(|cells| cells.iter().flatten().map(i64::unsigned_abs).max());
                Bound::Whole(magnitudes.ok().flatten().unwrap_or(0).into())
            }
            DataType::Float | DataType::Percent => Bound::Fraction,
            DataType::Null | DataType::Bool | DataType::Str | DataType::Time => Bound::Other,
        };
        bounds.learn(&column.name, bound);
    }
}

/// Refuses sums that polars might wrap: those of whole numbers whose magnitudes do not fit 64 bits.
fn check_sums(table: &Frame, columns: &[usize]) -> Result<(), TableError> {
    for &at in columns {
        let column = &table.columns()[at].column;
        let is_whole = matches!(
            column.data_type,
            DataType::Int | DataType::Size | DataType::Duration
        );
        let Ok(numbers) = table.cells(at).as_materialized_series().i64() else {
            continue;
        };
        let magnitude: u128 = numbers
            .iter()
            .flatten()
            .map(|n| u128::from(n.unsigned_abs()))
            .sum();
        if is_whole && magnitude > u128::from(i64::MAX.unsigned_abs()) {
            let name = Clean::line(&column.name);
            return Err(said(
                &format!("a sum of `{name}` might not fit 64 bits"),
                Some("`agg sum(…)` adds exactly; in SQL, CAST it AS DOUBLE before"),
            ));
        }
    }
    Ok(())
}

/// Makes a frame of what a query selected.
fn taken_back(
    data: &Data,
    query: &Query,
    sources: &[FrameColumn],
) -> Result<(Frame, Vec<Note>), TableError> {
    let units = query.units(sources);
    let mut names = Names::default();
    let mut columns = Vec::with_capacity(data.width());
    let mut cells = Vec::with_capacity(data.width());
    for column in data.columns() {
        let title = column.name().as_str();
        let (stored, own) = engine::guard("take the rows of the query", || engine::stored(column))
            .map_err(|_| {
                said(
                    &format!(
                        "column `{}` came out as {}, which is no single value",
                        Clean::line(title),
                        Clean::line(&column.dtype().to_string())
                    ),
                    Some("select values out of it, or aggregate them"),
                )
            })?;
        let wanted = units.get(title).copied();
        let (stored, data_type) = with_unit(stored, own, wanted)?;
        columns.push(FrameColumn::shown(names.column(title, data_type)));
        cells.push(stored);
    }
    let provenance = Provenance::of_nothing(data.height());
    let notes = names.note().into_iter().collect();
    Ok((Frame::from_parts(columns, cells, provenance)?, notes))
}

/// Gives a number the unit of the column that it is of.
fn with_unit(
    cells: Cells,
    own: DataType,
    wanted: Option<DataType>,
) -> Result<(Cells, DataType), TableError> {
    match (own, wanted) {
        (DataType::Int, Some(DataType::Size)) => Ok((cells, DataType::Size)),
        (DataType::Float, Some(DataType::Percent)) => Ok((cells, DataType::Percent)),
        // A mean of sizes has a fraction of a byte.
        (DataType::Float, Some(DataType::Size)) => {
            let whole = engine::guard("round sizes", || {
                let bytes: Vec<Option<i64>> = cells
                    .as_materialized_series()
                    .f64()?
                    .iter()
                    .map(|x| x.filter(|x| x.is_finite()).map(|x| x.round() as i64))
                    .collect();
                Ok(Cells::new(PlSmallStr::EMPTY, bytes))
            })?;
            Ok((whole, DataType::Size))
        }
        (own, _) => Ok((cells, own)),
    }
}

/// Says what polars did not like, without its own preambles.
fn failed(error: TableError, columns: &[FrameColumn]) -> TableError {
    let TableError::Engine { reason, .. } = &error else {
        return error;
    };
    let reason = reason.as_str();
    let unknown = reason
        .split_once("unable to find column \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    if let Some((name, _)) = unknown {
        let unknown = crate::column::find_or_say(columns, "sql", name);
        if let Err(error) = unknown {
            return error;
        }
    }
    let plain = reason.split("\\n").next().unwrap_or(reason);
    let plain = ["SQLInterface: ", "SQLSyntax: ", "sql parser error: "]
        .into_iter()
        .fold(plain, |text, preamble| {
            text.strip_prefix(preamble).unwrap_or(text)
        });
    match complaint::of(plain) {
        Some((what, help)) => said(&what, Some(help)),
        None => said(plain, None),
    }
}

/// Makes the error of a query.
fn said(reason: &str, hint: Option<&str>) -> TableError {
    TableError::Sql {
        reason: Clean::line(reason),
        hint: hint.map(str::to_owned),
    }
}
