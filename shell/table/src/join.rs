//! `join`: rows beside those of another result, or of a file, that are equal in the named columns.
//!
//! The rows are in the order of the left side, and those of one left row in the order of the right
//! side. Nodes come from the left side alone: what a row says of a node does not make it that
//! node's. Null and NaN equal nothing, as in SQL.
//!
//! The right side brings its shown columns but for the keys. One whose name the left side has
//! already, shown or hidden, gets the number of its result: `value` of `$3` becomes `value_3`, and
//! that of a file `value_file`. A file's column `node` is text, and is compared with nodes' names.

use std::collections::HashMap;

use hailer_lang::fleet_plan::Beside;
use hailer_protocol::clean::Clean;
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, find, find_or_say, free_name};
use crate::engine;
use crate::error::{Note, TableError};
use crate::frame::Frame;

/// The most rows that a join may make. Two results that share a value on every row make the
/// product of their rows.
const ROWS_MAX: usize = 4_000_000;

/// Joins a frame with the rows of `with`.
pub(crate) fn join(
    left: &Frame,
    right: &Frame,
    with: &Beside,
    by: &[String],
    is_left: bool,
) -> Result<(Frame, Vec<Note>), TableError> {
    let keys = key_columns(left, right, with, by)?;
    let pairs = pairs(left, right, &keys, is_left)?;
    let cells = engine::pick_or_null(right.data(), &pairs.right)?;
    let (mut columns, mut data, provenance) = left.pick(&pairs.left)?.into_parts();
    for (at, column) in right.shown_columns() {
        if keys.iter().any(|(_, key)| *key == at) {
            continue;
        }
        let mut column = FrameColumn::shown(column.column.clone());
        if find(&columns, &column.column.name).is_some() {
            let name = format!("{}_{}", column.column.name, suffix(with));
            column.column.heading = None;
            column.column.name = free_name(&name, &columns);
        }
        columns.push(column);
        data.push(cells.columns()[at].clone());
    }
    let joined = Frame::from_parts(columns, data, provenance)?;
    let note = unmatched_note(pairs.unmatched, left.len(), with, is_left);
    Ok((joined, note.into_iter().collect()))
}

/// What tells a column of the other rows from one of the same name.
fn suffix(with: &Beside) -> String {
    match with {
        Beside::Result(number) => number.to_string(),
        Beside::File(_) => "file".to_owned(),
    }
}

/// Says how many rows have no match: an inner join must not lose them silently.
fn unmatched_note(unmatched: usize, all: usize, with: &Beside, is_left: bool) -> Option<Note> {
    if unmatched == 0 {
        return None;
    }
    let have = if unmatched == 1 { "has" } else { "have" };
    let what = if is_left {
        "their columns are null"
    } else {
        "left out; `join left` keeps them"
    };
    Some(Note::new(&format!(
        "join: {unmatched} of {all} rows {have} no match in {with}; {what}"
    )))
}

/// Finds the keys on both sides. Types must be the same: whoever joins `7` with `'7'` means
/// something, and hailer does not guess what.
fn key_columns(
    left: &Frame,
    right: &Frame,
    with: &Beside,
    by: &[String],
) -> Result<Vec<(usize, usize)>, TableError> {
    let node = ["node".to_owned()];
    let other = || Clean::line(&with.to_string());
    if by.is_empty() {
        let has_node = |frame: &Frame| frame.columns().iter().any(FrameColumn::is_node);
        let right_has = match with {
            Beside::Result(_) => has_node(right),
            Beside::File(_) => find(right.columns(), "node").is_some(),
        };
        if !has_node(left) || !right_has {
            return Err(TableError::NoNodeToJoin {
                other: other(),
                is_right: has_node(left),
            });
        }
    }
    let by = if by.is_empty() { &node[..] } else { by };
    let mut keys: Vec<(usize, usize)> = Vec::with_capacity(by.len());
    for name in by {
        let at = find_or_say(left.columns(), "join", name)?;
        let beside = column_beside(right, with, name)?;
        let (here, there) = (data_type(left, at), data_type(right, beside));
        let is_null = |t: DataType| t == DataType::Null;
        if here != there && !is_null(here) && !is_null(there) {
            return Err(TableError::UnlikeKeys {
                other: other(),
                name: Clean::line(name),
                here,
                there,
            });
        }
        keys.push((at, beside));
    }
    Ok(keys)
}

/// Finds a key in the other rows.
fn column_beside(right: &Frame, with: &Beside, name: &str) -> Result<usize, TableError> {
    find(right.columns(), name).ok_or_else(|| TableError::NotInOther {
        verb: "join",
        other: Clean::line(&with.to_string()),
        name: Clean::line(name),
        known: right
            .shown_columns()
            .map(|(_, c)| Clean::line(&c.column.name))
            .collect(),
    })
}

/// Says of a file, before any node is asked, that what its rows are to be compared by is not in it.
///
/// # Errors
/// When a key is not there; without any, when there is no column `node`.
pub fn check_keys(right: &Frame, with: &Beside, by: &[String]) -> Result<(), TableError> {
    if by.is_empty() && find(right.columns(), "node").is_none() {
        return Err(TableError::NoNodeToJoin {
            other: Clean::line(&with.to_string()),
            is_right: true,
        });
    }
    by.iter()
        .try_for_each(|name| column_beside(right, with, name).map(|_| ()))
}

fn data_type(frame: &Frame, at: usize) -> DataType {
    frame.columns()[at].column.data_type
}

/// Which rows stand side by side.
struct Pairs {
    left: Vec<u32>,
    /// `None` beside a row that has no match.
    right: Vec<Option<u32>>,
    /// Rows of the left side without a match.
    unmatched: usize,
}

fn pairs(
    left: &Frame,
    right: &Frame,
    keys: &[(usize, usize)],
    is_left: bool,
) -> Result<Pairs, TableError> {
    let (lefts, rights): (Vec<usize>, Vec<usize>) = keys.iter().copied().unzip();
    let mut by_key: HashMap<Vec<Key>, Vec<u32>> = HashMap::new();
    for row in right.all_rows() {
        if let Some(key) = key(right, row, &rights) {
            by_key.entry(key).or_default().push(row);
        }
    }
    // The product is what can be too large, and it is known before it is made.
    let matches: Vec<&[u32]> = left
        .all_rows()
        .map(|row| key(left, row, &lefts).and_then(|key| by_key.get(&key)))
        .map(|rows| rows.map_or(&[][..], Vec::as_slice))
        .collect();
    let unmatched = matches.iter().filter(|rows| rows.is_empty()).count();
    let kept = if is_left { unmatched } else { 0 };
    let n_rows = matches
        .iter()
        .fold(kept, |n, rows| n.saturating_add(rows.len()));
    if n_rows > ROWS_MAX {
        return Err(TableError::JoinTooLarge {
            left: left.len(),
            right: right.len(),
            rows: n_rows,
            max: ROWS_MAX,
        });
    }
    let mut pairs = Pairs {
        left: Vec::with_capacity(n_rows),
        right: Vec::with_capacity(n_rows),
        unmatched,
    };
    for (row, rows) in left.all_rows().zip(matches) {
        if rows.is_empty() && is_left {
            pairs.left.push(row);
            pairs.right.push(None);
        }
        for &other in rows {
            pairs.left.push(row);
            pairs.right.push(Some(other));
        }
    }
    Ok(pairs)
}

/// One cell as it is compared: types were compared before.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    Whole(i64),
    /// The bits of a number that is not NaN, with one zero.
    Fraction(u64),
    Text(String),
}

/// Returns a row's key; `None` where a part of it equals nothing.
fn key(frame: &Frame, row: u32, columns: &[usize]) -> Option<Vec<Key>> {
    let cell = |at: &usize| match frame.value(row as usize, *at) {
        Value::Null => None,
        Value::Bool(b) => Some(Key::Bool(b)),
        Value::Int(n) | Value::Duration(n) | Value::Size(n) | Value::Time(n) => Some(Key::Whole(n)),
        Value::Float(x) | Value::Percent(x) if x.is_nan() => None,
        Value::Float(x) | Value::Percent(x) => Some(Key::Fraction((x + 0.0).to_bits())),
        Value::Str(s) => Some(Key::Text(s)),
    };
    columns.iter().map(cell).collect()
}
