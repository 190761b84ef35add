//! `sort` and `top`: rows in an order.
//!
//! Nulls go last whichever way a key goes. Equal keys keep the order they had, which for rows
//! fresh from nodes is the order of nodes.

use hailer_lang::fleet_plan::SortKey;
use hailer_protocol::expr::Expr;
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;

use crate::column::{FrameColumn, find_or_say};
use crate::engine::{self, Cells, SortColumn};
use crate::error::{Note, TableError};
use crate::evaluator;
use crate::frame::{Frame, typed_column};
use crate::row_verbs::table_for;

/// `sort KEY [desc], …`.
pub(crate) fn sort(frame: &Frame, keys: &[SortKey]) -> Result<(Frame, Vec<Note>), TableError> {
    let mut notes = Vec::new();
    let mut columns = Vec::with_capacity(keys.len());
    for key in keys {
        let (column, said) = key_column(frame, "sort", &key.expr)?;
        notes.extend(said);
        columns.push(SortColumn {
            column,
            descending: key.descending,
        });
    }
    let rows = engine::sorted(frame.len(), columns)?;
    Ok((frame.pick(&rows)?, notes))
}

/// `top N by KEY`: the highest first. A row whose key is null (or no number) is in no ranking and
/// is left out, which a note says where it would have had a place.
pub(crate) fn top(frame: &Frame, n: u64, by: &Expr) -> Result<(Frame, Vec<Note>), TableError> {
    let (column, mut notes) = key_column(frame, "top", by)?;
    let is_ranked = engine::ranked(&column)?;
    let keys = vec![SortColumn {
        column,
        descending: true,
    }];
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    let rows: Vec<u32> = engine::sorted(frame.len(), keys)?
        .into_iter()
        .filter(|row| is_ranked[*row as usize])
        .take(n)
        .collect();
    let unranked = is_ranked.iter().filter(|r| !**r).count();
    if unranked > 0 && rows.len() < n {
        let is = if unranked == 1 {
            "row has"
        } else {
            "rows have"
        };
        notes.push(Note::new(&format!(
            "top: {unranked} {is} no value to rank by; left out"
        )));
    }
    Ok((frame.pick(&rows)?, notes))
}

/// Returns the values of a key: the column itself, or what the evaluator makes of the expression.
fn key_column(
    frame: &Frame,
    verb: &'static str,
    expr: &Expr,
) -> Result<(Cells, Vec<Note>), TableError> {
    if let Expr::Column(name) = expr {
        let at = find_or_say(frame.columns(), verb, name)?;
        return Ok((frame.cells(at).clone(), Vec::new()));
    }
    let table = table_for(frame, verb, &[expr])?;
    let (values, overflowed) = evaluator::values(verb, expr, &table)?;
    let key = FrameColumn::shown(Column::new(format!("{verb} key"), DataType::Null));
    let (_, cells, mixed) = typed_column(key, values)?;
    Ok((cells, overflowed.into_iter().chain(mixed).collect()))
}
