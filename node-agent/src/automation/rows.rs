//! Rows of `automations` and of `events`.

use std::collections::VecDeque;

use hailer_protocol::automation::{AUTOMATION_COLUMNS, EVENT_COLUMNS, SetEntry, columns};
use hailer_protocol::engine::{DeedOutcome, Record as Mark, Row as Patient, Tried};
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::value::{DataType, Value};

use super::book::Book;
use crate::audit::Wanted;
use crate::core::Told;
use crate::journal::Body;
use crate::state::Snapshot;

/// Makes the rows of `automations`.
pub(super) fn automations(patients: &[Patient], book: &Book) -> Table {
    let mut table = Table::new(columns(AUTOMATION_COLUMNS));
    let kept = book.kept();
    let by = kept.and_then(|k| k.vouch.operator().ok());
    let by = by.map(|identity| identity.name.to_string());
    let generation = kept.map(|k| i64::try_from(k.generation).unwrap_or(i64::MAX));
    let specs = book.specs();
    let owner = |patient: &Patient| {
        let spec = specs.iter().find(|(v, _)| *v == patient.version)?;
        spec.1.owner.clone()
    };
    let of = |patient: &Patient| -> Row {
        let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let version = patient.version.to_string();
        vec![
            Value::from(patient.automation.as_str()),
            Value::from(patient.key.as_deref()),
            Value::from(patient.state.as_str()),
            patient.since.map_or(Value::Null, |at| Value::Time(at.0)),
            Value::from(patient.held.as_ref().map(ToString::to_string)),
            Value::Bool(patient.is_no_data),
            int(patient.attempts as u64),
            Value::from(patient.last.as_ref().map(last)),
            Value::from(patient.mode.as_str()),
            int(patient.ticks_missed),
            Value::from(version.get(..12).unwrap_or(&version)),
            Value::from(generation),
            Value::from(owner(patient)),
            Value::from(by.clone()),
            Value::from(odd(patient)),
        ]
    };
    table.rows = patients.iter().map(of).collect();
    table
}

/// What is out of the ordinary.
fn odd(patient: &Patient) -> Option<String> {
    let mut odd = Vec::new();
    if patient.is_flapping {
        odd.push("fires and clears over and over".to_owned());
    }
    if patient.is_storm {
        odd.push("too much fires at once".to_owned());
    }
    if patient.is_muted {
        odd.push("muted".to_owned());
    }
    if patient.keys_over > 0 {
        odd.push(format!("{} looks at too many patients", patient.keys_over));
    }
    (!odd.is_empty()).then(|| odd.join("; "))
}

fn last(tried: &Tried) -> String {
    let how = match &tried.outcome {
        DeedOutcome::Exited { rc } => format!("rc {rc}"),
        DeedOutcome::TimedOut => "timed out".to_owned(),
        DeedOutcome::Killed => "killed".to_owned(),
        DeedOutcome::NotStarted { why } => format!("not started: {why}"),
        DeedOutcome::Unknown => "unknown".to_owned(),
    };
    format!("deed {}, attempt {}: {how}", tried.step + 1, tried.attempt)
}

/// Reads the events of a time out of the log; returns how many older ones are left out, too.
pub(crate) fn events(log: Snapshot, wanted: Wanted) -> (Table, u64, Option<String>) {
    let mut newest: VecDeque<Row> = VecDeque::new();
    let mut left_out = 0;
    let chain = log.read(|record| {
        if !wanted.has(&record) {
            return;
        }
        let row = match Body::read(record.kind, &record.body) {
            Some(Body::Told(told)) => row_of_told(record.wall, record.seq, told),
            Some(Body::Mark(mark)) => match row_of_mark(record.wall, record.seq, &mark) {
                Some(row) => row,
                None => return,
            },
            Some(_) | None => return,
        };
        newest.push_back(row);
        if newest.len() > wanted.limit {
            newest.pop_front();
            left_out += 1;
        }
    });
    let mut table = Table::new(columns(EVENT_COLUMNS));
    table.rows = newest.into();
    (table, left_out, chain.broken.map(|why| why.to_string()))
}

fn row_of_told(at: Wall, seq: u64, told: Told) -> Row {
    let took = told
        .wall_us
        .map(|us| i64::try_from(us.saturating_mul(1000)).unwrap_or(i64::MAX));
    let some = |text: String| (!text.is_empty()).then_some(text);
    row(
        at,
        seq,
        &told.event,
        told.automation,
        told.key,
        [
            episode(told.episode),
            Value::from(told.attempt),
            Value::from(told.command),
            Value::from(told.rc.map(i64::from)),
            took.map_or(Value::Null, Value::Duration),
            Value::from(some(told.text)),
        ],
    )
}

/// Marks tell of intents; the others stand beside what is told in words.
fn row_of_mark(at: Wall, seq: u64, mark: &Mark) -> Option<Row> {
    let Mark::Intent {
        whose,
        episode: number,
        id,
        step,
        attempt,
        ..
    } = mark
    else {
        return None;
    };
    Some(row(
        at,
        seq,
        "intent",
        Some(whose.automation.to_string()),
        Some(whose.key.clone()),
        [
            episode(*number),
            Value::from(id.to_string()),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::from(format!("deed {}, attempt {attempt}", step + 1)),
        ],
    ))
}

fn episode(number: u64) -> Value {
    if number == 0 {
        return Value::Null;
    }
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn row(
    at: Wall,
    seq: u64,
    event: &str,
    automation: Option<String>,
    key: Option<String>,
    rest: [Value; 6],
) -> Row {
    let mut row = vec![
        Value::Time(at.0),
        Value::Int(i64::try_from(seq).unwrap_or(i64::MAX)),
        Value::from(event),
        Value::from(automation),
        Value::from(key),
    ];
    row.extend(rest);
    row
}

/// Makes the rows that answer a set: what it changed.
pub(super) fn changed(before: &[SetEntry], after: &[SetEntry]) -> Table {
    let mut table = Table::new(vec![
        Column::new("name", DataType::Str),
        Column::new("change", DataType::Str),
        Column::new("version", DataType::Str),
    ]);
    let mut push = |entry: &SetEntry, change: &str| {
        let version = entry.version.to_string();
        table.rows.push(vec![
            Value::from(entry.name.as_str()),
            Value::from(change),
            Value::from(version.get(..12).unwrap_or(&version)),
        ]);
    };
    for entry in after {
        match before.iter().find(|b| b.name == entry.name) {
            None => push(entry, "added"),
            Some(b) if b.version != entry.version => push(entry, "changed"),
            Some(_) => {}
        }
    }
    for entry in before {
        if !after.iter().any(|a| a.name == entry.name) {
            push(entry, "removed");
        }
    }
    table
}
