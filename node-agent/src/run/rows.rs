//! A command's output as rows: the one row that its row plan starts from, and what it makes of it.

use hailer_protocol::envelope::Envelope;
use hailer_protocol::eval::{EvalError, Evaluator};
use hailer_protocol::message::Done;
use hailer_protocol::note::{self, Note};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};

use super::alone::Ran;
use super::answer::batches;

/// The one row that `parse` and `where` start from.
pub(super) fn row_of(done: &Done, out: &[u8]) -> Table {
    let state = (done.state, done.rc);
    let bytes = done.out_bytes.saturating_add(done.err_bytes);
    one(state, done.wall_us / 1000, bytes, done.cut_bytes > 0, out)
}

/// The same of a command that ran without an asker.
pub(crate) fn row(ran: &Ran) -> Table {
    let state = if ran.rc == Some(0) {
        State::Ok
    } else {
        State::Failed
    };
    let ms = u64::try_from(ran.wall.as_millis()).unwrap_or(u64::MAX);
    one((state, ran.rc), ms, ran.bytes, ran.cut > 0, &ran.out)
}

fn one((state, rc): (State, Option<i32>), ms: u64, bytes: u64, is_cut: bool, out: &[u8]) -> Table {
    let text = String::from_utf8_lossy(out).into_owned();
    let int = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (columns, row) = [
        ("state", DataType::Str, Value::from(state.as_str())),
        ("rc", DataType::Int, Value::from(rc.map(i64::from))),
        ("ms", DataType::Int, Value::Int(int(ms))),
        ("bytes", DataType::Size, Value::Size(int(bytes))),
        ("truncated", DataType::Bool, Value::Bool(is_cut)),
        ("out", DataType::Str, Value::Str(text)),
    ]
    .into_iter()
    .map(|(name, data_type, value)| (Column::new(name, data_type), value))
    .unzip();
    Table {
        columns,
        rows: vec![row],
    }
}

/// Evaluates off the runtime where it could take long.
pub(super) async fn evaluate(
    evaluator: Evaluator,
    table: Table,
    rows_max: u64,
) -> Result<(Vec<Envelope>, u64, Vec<String>), String> {
    let large = table.rows.iter().flatten().any(|v| match v {
        Value::Str(text) => text.len() > 64 << 10,
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => false,
    });
    let work = move || {
        let told = |e: EvalError| {
            e.hint()
                .map_or_else(|| e.to_string(), |hint| format!("{e}; {hint}"))
        };
        let evaluated = evaluator.run(table).map_err(told)?;
        let notes = note::bounded(&evaluated.notes);
        // Rows that `parse` left out were never looked at: the answer is not whole.
        let unread: usize = evaluated
            .notes
            .iter()
            .map(|note| match note {
                Note::RowsCut { left_out, .. } => *left_out,
                Note::ParsedAs(_)
                | Note::RowsUnder(_)
                | Note::LinesAround { .. }
                | Note::LinesNotFitting(_)
                | Note::RowsNotAligned(_)
                | Note::AmbiguousNumbers(_)
                | Note::NoUnit(_)
                | Note::KeysAreRows(_)
                | Note::ColumnsCut { .. }
                | Note::InputCut
                | Note::Overflowed(_) => 0,
            })
            .sum();
        let made = batches(evaluated.table, rows_max).map_err(|e| e.to_string())?;
        Ok((made.envelopes, made.cut_rows + unread as u64, notes))
    };
    if large {
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| format!("the evaluation broke off: {e}"))?
    } else {
        work()
    }
}
