//! Rows into batches that fit their envelopes.

use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::limits::BATCH_ROWS_MAX;
use hailer_protocol::message::{Batch, Message};
use hailer_protocol::table::{Row, Table};

/// A table as envelopes, and what of it did not fit.
#[derive(Debug)]
pub(super) struct Batches {
    /// At least one, so that the columns travel even without a row.
    pub(super) envelopes: Vec<Envelope>,
    /// Rows beyond the caps, or too large for any envelope.
    pub(super) cut_rows: u64,
}

/// Cuts a table into batches: by the cap on rows, by the bound on rows of one batch, and in halves
/// where the rows of one batch are too large for an envelope.
pub(super) fn batches(mut table: Table, rows_max: u64) -> Result<Batches, CodecError> {
    let keep = usize::try_from(rows_max).unwrap_or(usize::MAX);
    let mut cut_rows = table.rows.len().saturating_sub(keep) as u64;
    table.rows.truncate(keep);
    let mut envelopes = Vec::new();
    let mut rest = std::mem::take(&mut table.rows);
    let columns = table.columns;
    loop {
        let after = rest.split_off(rest.len().min(BATCH_ROWS_MAX));
        let make = |rows: Vec<Row>| Batch {
            table: Table {
                columns: columns.clone(),
                rows,
            },
        };
        push_halving(&make, rest, &mut envelopes, &mut cut_rows)?;
        if after.is_empty() {
            // Where no row fitted, the columns travel all the same.
            if envelopes.is_empty() {
                envelopes.push(make(Vec::new()).to_envelope()?);
            }
            return Ok(Batches {
                envelopes,
                cut_rows,
            });
        }
        rest = after;
    }
}

fn push_halving(
    make: &impl Fn(Vec<Row>) -> Batch,
    rows: Vec<Row>,
    out: &mut Vec<Envelope>,
    cut_rows: &mut u64,
) -> Result<(), CodecError> {
    let mut batch = make(rows);
    match batch.to_envelope() {
        Ok(envelope) => out.push(envelope),
        Err(e) => {
            let mut rows = std::mem::take(&mut batch.table.rows);
            match rows.len() {
                0 => return Err(e),
                1 => *cut_rows += 1,
                n => {
                    let half = rows.split_off(n / 2);
                    push_halving(make, rows, out, cut_rows)?;
                    push_halving(make, half, out, cut_rows)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hailer_protocol::table::Column;
    use hailer_protocol::value::{DataType, Value};

    use super::*;

    fn table(rows: impl Iterator<Item = Value>) -> Table {
        Table {
            columns: vec![Column::new("line", DataType::Str)],
            rows: rows.map(|v| vec![v]).collect(),
        }
    }

    fn rows_of(batches: &Batches) -> usize {
        let rows = |e: &Envelope| Batch::from_envelope(e).expect("a batch").table.rows.len();
        batches.envelopes.iter().map(rows).sum()
    }

    #[test]
    fn a_table_without_rows_still_tells_its_columns() {
        let made = batches(table(std::iter::empty()), 10).expect("fits");
        assert_eq!((made.envelopes.len(), rows_of(&made)), (1, 0));
    }

    #[test]
    fn rows_beyond_the_cap_are_counted() {
        let made = batches(table((0..2500).map(Value::Int)), 2000).expect("fits");
        assert_eq!(
            (made.envelopes.len(), rows_of(&made), made.cut_rows),
            (2, 2000, 500)
        );
    }

    #[test]
    fn columns_travel_where_no_row_fits() {
        let large = Value::Str("x".repeat(2 << 20));
        let made = batches(table(std::iter::once(large)), 100).expect("fits");
        assert_eq!(
            (made.envelopes.len(), rows_of(&made), made.cut_rows),
            (1, 0, 1)
        );
    }

    #[test]
    fn rows_too_large_for_one_envelope_travel_in_several_and_one_that_never_fits_is_counted() {
        let large = |n: usize| Value::Str("x".repeat(n));
        let rows = [
            large(400 << 10),
            large(400 << 10),
            large(2 << 20),
            large(400 << 10),
        ];
        let made = batches(table(rows.into_iter()), 100).expect("fits");
        assert_eq!((rows_of(&made), made.cut_rows), (3, 1));
    }
}
