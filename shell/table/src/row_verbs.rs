//! Row verbs over a frame: the protocol's evaluator works, the frame keeps provenance and the
//! ambient columns beside it.
//!
//! The evaluator is handed the columns that a verb reads and no others, under the names that the
//! verb uses for them.

use std::collections::{BTreeMap, HashMap};

use hailer_protocol::eval::{PARSED_COLUMN, TRUNCATED_COLUMN, is_output};
use hailer_protocol::expr::Expr;
use hailer_protocol::row_plan::{ParseAs, Projection, RowStep};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, Origin, RESERVED, find_or_say};
use crate::engine::Cells;
use crate::error::{Note, TableError};
use crate::evaluator::RowVerb;
use crate::frame::{Frame, typed_column};
use crate::gather::align;
use crate::provenance::{NodeId, Provenance};

/// The column that carries row numbers through a `where`. No column of a node or a label is named
/// so: `#` begins a comment in the language.
const ROW_NUMBER: &str = "#row";

/// Carries out one row verb.
pub(crate) fn apply(frame: Frame, step: &RowStep) -> Result<(Frame, Vec<Note>), TableError> {
    match step {
        RowStep::Parse(how) => parse(frame, how),
        RowStep::Where(expr) => keep_where(&frame, expr),
        RowStep::Select(projections) => select(frame, projections),
        RowStep::Derive(projections) => derive(frame, projections),
        RowStep::Take(n) => Ok((take_per_node(&frame, *n)?, Vec::new())),
    }
}

/// Returns the columns that these expressions read, as the evaluator is to see them.
pub(crate) fn table_for(
    frame: &Frame,
    verb: &'static str,
    exprs: &[&Expr],
) -> Result<Table, TableError> {
    let mut read: Vec<&str> = Vec::new();
    for expr in exprs {
        expr.for_each_column(&mut |name| {
            if !read.contains(&name) {
                read.push(name);
            }
        });
    }
    let mut named = Vec::with_capacity(read.len());
    for name in read {
        named.push((name, find_or_say(frame.columns(), verb, name)?));
    }
    let at: Vec<usize> = named.iter().map(|(_, at)| *at).collect();
    let mut table = frame.table_of(&at);
    for (column, (name, _)) in table.columns.iter_mut().zip(named) {
        name.clone_into(&mut column.name);
    }
    Ok(table)
}

fn keep_where(frame: &Frame, expr: &Expr) -> Result<(Frame, Vec<Note>), TableError> {
    let mut table = table_for(frame, "where", &[expr])?;
    table.columns.push(Column::new(ROW_NUMBER, DataType::Int));
    for (at, row) in table.rows.iter_mut().zip(0_i64..) {
        at.push(Value::Int(row));
    }
    let (kept, notes) = RowVerb::new("where", RowStep::Where(expr.clone()))?.run(table)?;
    let rows: Option<Vec<u32>> = kept.column(ROW_NUMBER).and_then(|numbers| {
        numbers
            .into_iter()
            .map(|n| {
                let Value::Int(n) = n else { return None };
                u32::try_from(*n).ok()
            })
            .collect()
    });
    let rows = rows.ok_or_else(|| lost("where", "the row numbers"))?;
    Ok((frame.pick(&rows)?, notes))
}

fn derive(frame: Frame, projections: &[Projection]) -> Result<(Frame, Vec<Note>), TableError> {
    let exprs: Vec<&Expr> = projections.iter().map(|p| &p.expr).collect();
    let made: Vec<&str> = projections.iter().map(|p| p.name.as_str()).collect();
    let table = table_for(&frame, "derive", &exprs)?;
    let verb = RowVerb::new("derive", RowStep::Derive(projections.to_vec()))?;
    let (result, mut notes) = verb.run(table)?;
    let n_rows = frame.len();
    let (mut columns, mut data, provenance) = frame.into_parts();
    for (name, column, values) in results("derive", result, &made, n_rows)? {
        let (column, cells, note) = typed_column(FrameColumn::shown(column), values)?;
        notes.extend(note);
        let there = columns
            .iter()
            .position(|c| c.origin == Origin::Row && c.column.name == name);
        if let Some(at) = there {
            columns[at] = column;
            data[at] = cells;
        } else {
            columns.push(column);
            data.push(cells);
        }
    }
    Ok((Frame::from_parts(columns, data, provenance)?, notes))
}

fn select(frame: Frame, projections: &[Projection]) -> Result<(Frame, Vec<Note>), TableError> {
    // A column that is only picked keeps its cells, heading and origin; the rest is evaluated.
    let computed: Vec<Projection> = projections
        .iter()
        .filter(|p| picked(p).is_none())
        .cloned()
        .collect();
    let mut notes = Vec::new();
    let mut made: HashMap<String, (Column, Vec<Value>)> = HashMap::new();
    if !computed.is_empty() {
        let exprs: Vec<&Expr> = computed.iter().map(|p| &p.expr).collect();
        let table = table_for(&frame, "select", &exprs)?;
        let names: Vec<&str> = computed.iter().map(|p| p.name.as_str()).collect();
        let verb = RowVerb::new("select", RowStep::Select(computed.clone()))?;
        let (result, more) = verb.run(table)?;
        notes.extend(more);
        for (name, column, values) in results("select", result, &names, frame.len())? {
            made.insert(name, (column, values));
        }
    }
    let mut columns: Vec<FrameColumn> = Vec::new();
    let mut data: Vec<Cells> = Vec::new();
    let mut moved = Vec::new();
    for projection in projections {
        let (column, cells) = if let Some(name) = picked(projection) {
            let at = find_or_say(frame.columns(), "select", name)?;
            let mut column = frame.columns()[at].clone();
            column.shown = true;
            if projection.name == *name {
                moved.push(at);
            } else {
                column = FrameColumn::shown(Column::new(
                    projection.name.clone(),
                    column.column.data_type,
                ));
            }
            (column, frame.cells(at).clone())
        } else {
            let (column, values) = made
                .remove(&projection.name)
                .ok_or_else(|| lost("select", &projection.name))?;
            let (column, cells, note) = typed_column(FrameColumn::shown(column), values)?;
            notes.extend(note);
            (column, cells)
        };
        columns.push(column);
        data.push(cells);
    }
    let (old_columns, old_data, provenance) = frame.into_parts();
    for (at, (mut column, cells)) in old_columns.into_iter().zip(old_data).enumerate() {
        if column.origin == Origin::Row || moved.contains(&at) {
            continue;
        }
        column.shown = column.is_node();
        columns.push(column);
        data.push(cells);
    }
    Ok((Frame::from_parts(columns, data, provenance)?, notes))
}

/// Returns the column that a projection only picks, where it reads it as it is.
fn picked(projection: &Projection) -> Option<&String> {
    match &projection.expr {
        Expr::Column(name) if projection.name == *name || !is_output(name) => Some(name),
        Expr::Column(_)
        | Expr::Literal(_)
        | Expr::Unary(..)
        | Expr::Binary(..)
        | Expr::In { .. }
        | Expr::Matches { .. }
        | Expr::IsNull { .. }
        | Expr::Call(..) => None,
    }
}

/// `parse` over a kept result: each row's `out` becomes rows, which have that row's nodes and
/// ambient columns.
///
/// Output that is not in the asked-for format costs its own node's rows and is said; only where
/// nothing at all could be read is it an error.
fn parse(frame: Frame, how: &ParseAs) -> Result<(Frame, Vec<Note>), TableError> {
    let Parsed {
        parts,
        said,
        failures,
    } = parse_rows(&frame, how)?;
    if let (true, Some(error)) = (parts.is_empty(), failures.first()) {
        return Err(error.clone());
    }
    let mut aligned = align(&parts);
    let mut notes: Vec<Note> = said
        .into_iter()
        .map(|(note, n)| match n {
            1 => note,
            n => Note::new(&format!("{note} ({n} times)")),
        })
        .collect();
    if let Some(first) = failures.first() {
        notes.push(Note::new(&format!(
            "{} of {} outputs could not be read, and are not in the table: {first}",
            failures.len(),
            frame.len()
        )));
    }
    notes.append(&mut aligned.notes);

    let ambient = frame.pick(&aligned.sources)?;
    let mut columns = Vec::new();
    let mut data = Vec::new();
    for at in 0..aligned.columns.len() {
        let (column, cells, note) = aligned.cells(at)?;
        notes.extend(note);
        columns.push(column);
        data.push(cells);
    }
    let (old_columns, old_data, provenance) = ambient.into_parts();
    for (mut column, cells) in old_columns.into_iter().zip(old_data) {
        // What a command answered beside its output is from now on what is known of the row.
        if column.origin == Origin::Row {
            if !RESERVED.contains(&column.column.name.as_str()) {
                continue;
            }
            column.origin = Origin::Run;
        }
        column.shown = column.is_node();
        columns.push(column);
        data.push(cells);
    }
    Ok((Frame::from_parts(columns, data, provenance)?, notes))
}

/// What `parse` made of each row.
struct Parsed {
    parts: Vec<(u32, Table)>,
    said: BTreeMap<Note, usize>,
    failures: Vec<TableError>,
}

fn parse_rows(frame: &Frame, how: &ParseAs) -> Result<Parsed, TableError> {
    let out = find_or_say(frame.columns(), "parse", PARSED_COLUMN)?;
    // Whether the output was cut decides what its last line is worth.
    let cut = frame
        .index_of(TRUNCATED_COLUMN)
        .filter(|at| frame.columns()[*at].column.data_type == DataType::Bool);
    let read: Vec<usize> = std::iter::once(out).chain(cut).collect();
    let table = frame.table_of(&read);
    let verb = RowVerb::new("parse", RowStep::Parse(how.clone()))?;
    let mut parsed = Parsed {
        parts: Vec::new(),
        said: BTreeMap::new(),
        failures: Vec::new(),
    };
    for (row, values) in frame.all_rows().zip(table.rows) {
        let one = Table {
            columns: table.columns.clone(),
            rows: vec![values],
        };
        match verb.run(one) {
            Ok((rows, notes)) => {
                for note in notes {
                    *parsed.said.entry(note).or_default() += 1;
                }
                parsed.parts.push((row, rows));
            }
            Err(error) => parsed.failures.push(error),
        }
    }
    Ok(parsed)
}

/// `take N per node`: rows that are of the same nodes count together.
fn take_per_node(frame: &Frame, n: u64) -> Result<Frame, TableError> {
    let provenance: &Provenance = frame.provenance_of_rows();
    let mut taken: HashMap<&[NodeId], u64> = HashMap::new();
    let rows: Vec<u32> = frame
        .all_rows()
        .filter(|row| {
            let so_far = taken.entry(provenance.get(*row as usize)).or_default();
            *so_far += 1;
            *so_far <= n
        })
        .collect();
    frame.pick(&rows)
}

/// Takes the named columns out of what the evaluator made.
fn results(
    verb: &'static str,
    table: Table,
    names: &[&str],
    n_rows: usize,
) -> Result<Vec<(String, Column, Vec<Value>)>, TableError> {
    if table.rows.len() != n_rows {
        return Err(lost(verb, "rows"));
    }
    let mut out: Vec<(String, Column, Vec<Value>)> = Vec::with_capacity(names.len());
    for &name in names {
        if out.iter().any(|(done, _, _)| done == name) {
            continue;
        }
        let at = table.index_of(name).ok_or_else(|| lost(verb, name))?;
        let values = table.rows.iter().map(|row| row[at].clone()).collect();
        out.push((name.to_owned(), table.columns[at].clone(), values));
    }
    Ok(out)
}

/// The evaluator broke its contract: said as a failure, since silence would lose rows.
fn lost(verb: &'static str, what: &str) -> TableError {
    TableError::Engine {
        doing: verb,
        reason: hailer_protocol::clean::Clean::line(&format!(
            "the evaluator did not return {what}"
        )),
    }
}
