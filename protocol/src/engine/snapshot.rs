//! Where automations stand, for people: a row for each patient, or one without where there is none.

use super::Engine;
use super::effect::Tried;
use super::input::{DeedOutcome, Now};
use super::notice::{Held, State};
use super::patient::Patient;
use super::watch::Watch;
use crate::automation::{AutomationName, Mode};
use crate::ids::Digest;
use crate::table::{Column, Table};
use crate::time::Wall;
use crate::value::{DataType, Value};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The automation.
    pub automation: AutomationName,
    /// Its version.
    pub version: Digest,
    /// How far it goes by itself.
    pub mode: Mode,
    /// The patient; none where the automation has none now.
    pub key: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Since when; none where there is no patient.
    pub since: Option<Wall>,
    /// Its episode, while there is one.
    pub episode: Option<u64>,
    /// Attempts that were made in this episode and are over.
    pub attempts: usize,
    /// How the last of them ended.
    pub last: Option<Tried>,
    /// Why a deed is not begun.
    pub held: Option<Held>,
    /// Looks have no answer.
    pub is_no_data: bool,
    /// It fires and clears over and over.
    pub is_flapping: bool,
    /// Too much fires at once.
    pub is_storm: bool,
    /// It is muted.
    pub is_muted: bool,
    /// When the local rates have room for a deed; none where they have it now.
    pub next_at: Option<Wall>,
    /// Looks of the automation that did not take place.
    pub ticks_missed: u64,
    /// Looks at patients of the automation that were too many to keep.
    pub keys_over: u64,
}

impl Engine {
    /// Returns where everything stands, by automation and key.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Vec<Row> {
        let mut rows = Vec::new();
        for slot in self.by_name.values() {
            let Some(Some(watch)) = self.watches.get(*slot as usize) else {
                continue;
            };
            let mut patients: Vec<&Patient> = watch.patients.iter().collect();
            patients.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            if patients.is_empty() {
                rows.push(self.row(now, watch, None));
            }
            rows.extend(patients.into_iter().map(|p| self.row(now, watch, Some(p))));
        }
        rows
    }

    fn row(&self, now: Now, watch: &Watch, p: Option<&Patient>) -> Row {
        let spec = &watch.spec;
        let key = p.map_or("", |p| &p.key);
        let free_at = self
            .ledger
            .free_at(now.mono, (&spec.name, key), &spec.limits.rates);
        Row {
            automation: spec.name.clone(),
            version: watch.version,
            mode: spec.mode,
            key: p.map(|p| p.key.to_string()),
            state: p.map_or(State::Clear, |p| p.phase.state()),
            since: p.map(|p| p.since),
            episode: p.filter(|p| p.phase.is_episode()).map(|p| p.episode),
            attempts: p.map_or(0, |p| p.tried.len()),
            last: p.and_then(|p| p.tried.last().cloned()),
            held: p.and_then(|p| p.held.clone()),
            is_no_data: watch.is_no_data,
            is_flapping: p.is_some_and(|p| p.flap.is_on()),
            is_storm: watch.storm.is_on(),
            is_muted: self.orders.is_muted(&spec.name, key),
            next_at: free_at.map(|at| now.wall + at.since(now.mono)),
            ticks_missed: watch.missed,
            keys_over: watch.keys_over,
        }
    }
}

/// The columns of [`table_of`].
const COLUMNS: [(&str, DataType); 15] = [
    ("automation", DataType::Str),
    ("key", DataType::Str),
    ("state", DataType::Str),
    ("since", DataType::Time),
    ("held", DataType::Str),
    ("attempts", DataType::Int),
    ("last", DataType::Str),
    ("next", DataType::Time),
    ("no_data", DataType::Bool),
    ("flapping", DataType::Bool),
    ("storm", DataType::Bool),
    ("muted", DataType::Bool),
    ("mode", DataType::Str),
    ("missed", DataType::Int),
    ("version", DataType::Str),
];

/// Returns rows as a probe answers them.
#[must_use]
pub fn table_of(rows: &[Row]) -> Table {
    let columns = COLUMNS.iter().map(|(name, t)| Column::new(*name, *t));
    let mut table = Table::new(columns.collect());
    table.rows = rows.iter().map(cells).collect();
    table
}

fn cells(row: &Row) -> Vec<Value> {
    let time = |at: Option<Wall>| at.map_or(Value::Null, |at| Value::Time(at.0));
    let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    vec![
        row.automation.as_str().into(),
        row.key.clone().into(),
        row.state.as_str().into(),
        time(row.since),
        row.held.as_ref().map(ToString::to_string).into(),
        int(row.attempts as u64),
        row.last.as_ref().map(last).into(),
        time(row.next_at),
        row.is_no_data.into(),
        row.is_flapping.into(),
        row.is_storm.into(),
        row.is_muted.into(),
        row.mode.as_str().into(),
        int(row.ticks_missed),
        row.version.to_string().into(),
    ]
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
