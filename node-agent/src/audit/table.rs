//! The audit as a table, for operators who ask.

use std::collections::VecDeque;

use hailer_protocol::audit::{Head, columns};
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::value::{DataType, Value};

use super::rows;
use crate::state::{Record, Snapshot};

/// Which records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Nothing from before.
    pub(crate) since: Option<Wall>,
    /// Nothing from after.
    pub(crate) until: Option<Wall>,
    /// The newest so many.
    pub(crate) limit: usize,
}

impl Wanted {
    /// Whether a record is of that time.
    pub(crate) fn has(&self, record: &Record) -> bool {
        self.since.is_none_or(|since| record.wall >= since)
            && self.until.is_none_or(|until| record.wall <= until)
    }
}

/// Rows of the audit, and what is to be said of them.
#[derive(Debug)]
pub(crate) struct Told {
    /// The rows, oldest first.
    pub(crate) table: Table,
    /// How many older ones of the wanted time are left out.
    pub(crate) n_left_out: u64,
    /// Where the chain is broken, if it is.
    pub(crate) broken: Option<String>,
    /// What was dropped to keep the log's bound.
    pub(crate) dropped: Option<u64>,
}

/// Reads and verifies the whole log, and makes rows of what is wanted.
pub(crate) fn read(log: Snapshot, wanted: Wanted) -> Told {
    let mut newest: VecDeque<Record> = VecDeque::new();
    let (mut n_left_out, mut last) = (0, Wall(0));
    let chain = log.read(|record| {
        last = record.wall;
        if wanted.has(&record) {
            newest.push_back(record);
            if newest.len() > wanted.limit {
                newest.pop_front();
                n_left_out += 1;
            }
        }
    });
    let mut rows: Vec<Row> = newest.iter().map(rows::row).collect();
    let broken = chain.broken.map(|why| why.to_string());
    if let Some(why) = &broken {
        // Whatever time is asked for: behind this, nothing can be told.
        rows.push(rows::broken(&chain.head, last, why.clone()));
    }
    Told {
        table: Table {
            columns: columns(),
            rows,
        },
        n_left_out,
        broken,
        dropped: chain.oldest.checked_sub(1).filter(|n| *n > 0),
    }
}

/// Reads and verifies the whole log, and says where it stands.
pub(crate) fn head(log: Snapshot, kept: Option<u64>) -> (Table, Option<String>) {
    let mut link_of_kept = None;
    let chain = log.read(|record| {
        if Some(record.seq) == kept {
            link_of_kept = Some(record.link);
        }
    });
    let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let Head { seq, link } = chain.head;
    let columns = [
        ("first", DataType::Int),
        ("seq", DataType::Int),
        ("link", DataType::Str),
        ("kept_link", DataType::Str),
    ];
    let table = Table {
        columns: columns.map(|(name, of)| Column::new(name, of)).to_vec(),
        rows: vec![vec![
            int(chain.oldest),
            int(seq),
            Value::from(link.to_string().as_str()),
            link_of_kept.map_or(Value::Null, |link| Value::from(link.to_string().as_str())),
        ]],
    };
    (table, chain.broken.map(|why| why.to_string()))
}
