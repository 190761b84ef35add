//! The last hour of metrics, as tables go in and come out again.
//!
//! Each row of a metric's table is a series by its dimensions. What is replayed has the same columns
//! as what was recorded, so that a condition that was written for now can be asked about any second of
//! the last hour. Text columns beside `value` are not kept, and so neither are the tables of processes,
//! whose rows are new ones all the time: [`Recording::takes`] tells.

use std::collections::{BTreeMap, HashMap};

use hailer_protocol::metrics::{Kind, Measure, Metric};
use hailer_protocol::table::Table;
use hailer_protocol::value::{DataType, Value};

use crate::ring::{Numbers, Ring, RingError, Sample, SeriesId, TICKS, Trend};

/// The last hour of metrics.
#[derive(Debug)]
pub struct Recording {
    ring: Ring,
    metrics: HashMap<&'static str, Recorded>,
    dropped: u64,
}

#[derive(Debug)]
struct Recorded {
    metric: &'static Metric,
    series: HashMap<String, Row>,
}

#[derive(Debug)]
struct Row {
    id: SeriesId,
    dimensions: Vec<Value>,
    last_tick: u64,
}

impl Recording {
    /// Makes an empty one, of at most so many series and, for their samples, so many bytes.
    #[must_use]
    pub fn new(series_max: usize, bytes_max: usize) -> Self {
        Self {
            ring: Ring::new(series_max, bytes_max),
            metrics: HashMap::new(),
            dropped: 0,
        }
    }

    /// Whether a metric is recorded at all.
    #[must_use]
    pub const fn takes(metric: &Metric) -> bool {
        !matches!(metric.measure, Measure::Top(_))
    }

    /// Records what a metric was at a tick. Rows that do not fit are counted, in
    /// [`Recording::dropped`].
    pub fn record(&mut self, metric: &'static Metric, tick: u64, table: &Table) {
        if !Self::takes(metric) {
            return;
        }
        let recorded = self.metrics.entry(metric.name).or_insert_with(|| Recorded {
            metric,
            series: HashMap::new(),
        });
        let value_at = metric.dimensions.len();
        let mut name = String::new();
        for row in &table.rows {
            let (Some(dimensions), Some(value)) = (row.get(..value_at), row.get(value_at)) else {
                continue;
            };
            name.clear();
            dimensions
                .iter()
                .for_each(|value| write_name(&mut name, value));
            let known = recorded.series.get_mut(name.as_str());
            let taken = match known {
                Some(known) => {
                    known.last_tick = tick;
                    self.ring.append(known.id, tick, sample(metric, value))
                }
                None => begin(&mut self.ring, metric, tick, dimensions).and_then(|row| {
                    let id = row.id;
                    recorded.series.insert(name.clone(), row);
                    self.ring.append(id, tick, sample(metric, value))
                }),
            };
            self.dropped += u64::from(taken.is_err());
        }
    }

    /// Forgets series without a sample in the last hour: devices that are gone. Once a minute will do.
    pub fn sweep(&mut self, now: u64) {
        let ring = &mut self.ring;
        for recorded in self.metrics.values_mut() {
            recorded.series.retain(|_, row| {
                let is_live = row.last_tick + TICKS > now;
                if !is_live {
                    ring.remove(row.id);
                }
                is_live
            });
        }
        self.metrics
            .retain(|_, recorded| !recorded.series.is_empty());
    }

    /// Returns what a metric was at each tick of the last hour that it was recorded at, oldest first.
    /// Numbers with a fraction come back to the nearest thousandth.
    pub fn replay(&self, metric: &Metric, now: u64) -> impl Iterator<Item = (u64, Table)> {
        let mut ticks: BTreeMap<u64, Table> = BTreeMap::new();
        let recorded = self.metrics.get(metric.name);
        let mut rows: Vec<&Row> = recorded.iter().flat_map(|r| r.series.values()).collect();
        rows.sort_by_key(|row| row.id);
        for row in rows {
            for (tick, sample) in self.ring.samples(row.id, now) {
                let table = ticks.entry(tick);
                let table = table.or_insert_with(|| Table::new(metric.columns()));
                let mut cells = row.dimensions.clone();
                cells.push(value(metric, sample));
                cells.extend(metric.extras.iter().map(|_| Value::Null));
                table.rows.push(cells);
            }
        }
        ticks.into_iter()
    }

    /// Returns how many samples were not taken: there were too many series.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the ring below.
    #[must_use]
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Returns how many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.metrics.values().map(|r| r.series.len()).sum()
    }

    /// Returns the metrics that have samples.
    pub fn metrics(&self) -> impl Iterator<Item = &'static Metric> {
        self.metrics.values().map(|recorded| recorded.metric)
    }
}

fn begin(
    ring: &mut Ring,
    metric: &Metric,
    tick: u64,
    dimensions: &[Value],
) -> Result<Row, RingError> {
    let trend = match metric.kind {
        Kind::Counter => Trend::Growth,
        Kind::Gauge | Kind::Share | Kind::Rate => Trend::Level,
    };
    Ok(Row {
        id: ring.add(trend, numbers(metric))?,
        dimensions: dimensions.to_vec(),
        last_tick: tick,
    })
}

const fn numbers(metric: &Metric) -> Numbers {
    match metric.data_type {
        DataType::Float | DataType::Percent => Numbers::Fractional,
        DataType::Null
        | DataType::Bool
        | DataType::Int
        | DataType::Str
        | DataType::Duration
        | DataType::Size
        | DataType::Time => Numbers::Whole,
    }
}

/// Writes a dimension so that two different rows never have one name.
fn write_name(name: &mut String, value: &Value) {
    match value {
        Value::Str(text) => {
            name.push_str(text);
            name.push('\0');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => {
            name.push('\x01');
            name.push_str(&hailer_protocol::units::exact_value(value));
            name.push('\0');
        }
    }
}

fn sample(metric: &Metric, value: &Value) -> Sample {
    match value {
        Value::Null | Value::Str(_) => Sample::Null,
        Value::Bool(is) => Sample::Int(i64::from(*is)),
        Value::Int(n) | Value::Duration(n) | Value::Size(n) | Value::Time(n) => {
            match numbers(metric) {
                Numbers::Fractional => Sample::Float(*n as f64),
                Numbers::Whole => Sample::Int(*n),
            }
        }
        Value::Float(x) | Value::Percent(x) => Sample::Float(*x),
    }
}

fn value(metric: &Metric, sample: Sample) -> Value {
    match (sample, metric.data_type) {
        (Sample::Null, _) => Value::Null,
        (Sample::Float(x), DataType::Percent) => Value::Percent(x),
        (Sample::Float(x), _) => Value::Float(x),
        (Sample::Int(n), DataType::Bool) => Value::Bool(n != 0),
        (Sample::Int(n), DataType::Duration) => Value::Duration(n),
        (Sample::Int(n), DataType::Size) => Value::Size(n),
        (Sample::Int(n), DataType::Time) => Value::Time(n),
        (Sample::Int(n), _) => Value::Int(n),
    }
}
