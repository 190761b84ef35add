//! Probes that start no process: metrics and facts.

use std::sync::Arc;
use std::time::Duration;

use hailer_collect::{AgentFacts, Readiness};
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::limits::ROWS_PER_NODE_MAX;
use hailer_protocol::message::{Done, Failed, Probe};
use hailer_protocol::metrics::{self, Measure};
use hailer_protocol::note;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;

use super::answer::batches;
use super::{Carried, Order, automations, ended_without_process, runs};
use crate::audit::{self, Wanted};
use crate::automation;
use crate::clock;
use crate::core::RunEnd;
use crate::host::{Host, Told};
use crate::net::Outbound;
use crate::state::Snapshot;

/// Reads the metric or the facts, and answers.
pub(super) async fn carry_out(
    host: &Arc<Host>,
    order: &Order,
    mut told: Told,
    outbound: &mut Outbound,
) -> Carried {
    let begun = clock::mono();
    let answered = tokio::select! {
        answered = answer(host, order) => answered.map(Ok),
        why = told.end() => Ok(Err(why)),
    };
    let wall = clock::mono().since(begun);
    let ended = |done: &Done| RunEnd {
        state: Some(done.state),
        rc: None,
        wall,
        bytes: None,
        digests: None,
        failure: None,
    };
    let end = match answered {
        Ok(Ok(Answer {
            batches,
            cut_rows,
            notes,
            state,
        })) => {
            batches.iter().for_each(|e| outbound.push_envelope(e));
            let done = Done {
                cut_rows,
                notes,
                ..ended_without_process(state, wall, "")
            };
            let _ = outbound.push(&done);
            ended(&done)
        }
        Ok(Err(why)) => {
            let note = "the reading had not come back";
            let done = ended_without_process(why.state(), wall, note);
            let _ = outbound.push(&done);
            ended(&done)
        }
        Err(failed) => {
            let _ = outbound.push(&failed);
            RunEnd {
                state: None,
                rc: None,
                wall,
                bytes: None,
                digests: None,
                failure: Some((failed.code, failed.text)),
            }
        }
    };
    outbound.finish().await;
    Carried { end, answer: None }
}

/// Rows on their way to the asker.
struct Answer {
    batches: Vec<Envelope>,
    cut_rows: u64,
    notes: Vec<String>,
    /// Ok, unless what was read is not what it should be.
    state: State,
}

#[expect(clippy::too_many_lines, reason = "one arm for each probe")]
async fn answer(host: &Arc<Host>, order: &Order) -> Result<Answer, Failed> {
    let run = &*order.run;
    let failed = |code, text: String| Failed::new(code, text);
    let mut unsound = None;
    let (mut told, mut left_out) = (Vec::new(), 0);
    let table = match &run.probe {
        Probe::Metric(name) => metric(host, name).await?,
        Probe::Facts(columns) => facts(host, columns)?,
        Probe::Runs => runs::table(host, &order.who),
        Probe::Audit {
            since,
            until,
            limit,
        } => {
            let mut limit = (*limit as usize).min(ROWS_PER_NODE_MAX);
            if run.row_plan.steps.is_empty() {
                // The newest are wanted, and a cap on rows takes the first.
                limit = limit.min(usize::try_from(run.caps.rows).unwrap_or(limit));
            }
            let wanted = Wanted {
                since: *since,
                until: *until,
                limit,
            };
            let read = in_background(host, move |log| audit::read(log, wanted)).await?;
            unsound = read.broken;
            left_out = read.n_left_out;
            if let Some(n) = read.dropped {
                told.push(format!(
                    "the oldest {n} records were dropped to keep the log's bound"
                ));
            }
            read.table
        }
        Probe::AuditHead(kept) => {
            let kept = *kept;
            let (table, broken) = in_background(host, move |log| audit::head(log, kept)).await?;
            unsound = broken;
            table
        }
        Probe::Events {
            since,
            until,
            limit,
        } => {
            let wanted = Wanted {
                since: *since,
                until: *until,
                limit: (*limit as usize).min(ROWS_PER_NODE_MAX),
            };
            let read = in_background(host, move |log| automation::events(log, wanted)).await?;
            (left_out, unsound) = (read.1, read.2);
            read.0
        }
        Probe::Apply(_) | Probe::Stow(_) | Probe::Automations | Probe::Control(_) => {
            automations::carry_out(host, order).await?
        }
        Probe::Replay { .. }
        | Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Each { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => {
            return Err(failed(ErrorCode::INTERNAL, "this reads nothing".to_owned()));
        }
    };
    let (table, notes) = if run.row_plan.steps.is_empty() {
        (table, Vec::new())
    } else {
        let evaluated = Evaluator::new(&run.row_plan)
            .map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?
            .at(clock::wall())
            .run(table)
            .map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?;
        let notes = note::bounded(&evaluated.notes);
        (evaluated.table, notes)
    };
    if table.columns.is_empty() {
        // An order is done, and has no rows.
        return Ok(Answer {
            batches: Vec::new(),
            cut_rows: 0,
            notes: told,
            state: State::Ok,
        });
    }
    let made = batches(table, run.caps.rows).map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?;
    let state = if unsound.is_some() {
        State::Failed
    } else {
        State::Ok
    };
    told.extend(unsound);
    told.extend(notes);
    Ok(Answer {
        batches: made.envelopes,
        cut_rows: made.cut_rows + left_out,
        notes: told,
        state,
    })
}

/// Reads the audit's log where that holds up nobody else.
async fn in_background<T: Send + 'static>(
    host: &Arc<Host>,
    read: impl FnOnce(Snapshot) -> T + Send + 'static,
) -> Result<T, Failed> {
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || read(host.audit_log()))
        .await
        .map_err(|e| Failed::new(ErrorCode::INTERNAL, format!("the reading broke off: {e}")))
}

/// Reads a probe that starts no process and is about the machine: a metric, facts.
///
/// # Errors
/// Says why it cannot be read.
pub(crate) async fn rows_of(host: &Arc<Host>, probe: &Probe) -> Result<Table, Failed> {
    match probe {
        Probe::Metric(name) => metric(host, name).await,
        Probe::Facts(columns) => facts(host, columns),
        Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Each { .. }
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => Err(Failed::new(
            ErrorCode::INTERNAL,
            "this is neither a metric nor facts",
        )),
    }
}

async fn metric(host: &Arc<Host>, name: &str) -> Result<Table, Failed> {
    let metric =
        metrics::find(name).map_err(|e| Failed::new(ErrorCode::UNSUPPORTED, e.to_string()))?;
    loop {
        let probed = probe_once(host, metric).await?;
        match probed {
            Readiness::Ready(table) => return Ok(table),
            Readiness::NeedsSecondReading(wait) => {
                tokio::time::sleep(wait.min(Duration::from_secs(2))).await;
            }
        }
    }
}

/// Reads once. Asking a filesystem how full it is can block on a failing disk, so that is done
/// where blocking holds up nobody else; everything else is a read of `/proc` and quicker than
/// handing it over would be.
async fn probe_once(
    host: &Arc<Host>,
    metric: &'static metrics::Metric,
) -> Result<Readiness<Table>, Failed> {
    let probed = match metric.measure {
        Measure::Filesystem(_) => {
            // One at a time: where a disk has died, one thread is lost to it and not all.
            let mut disks = host.disks().await;
            tokio::task::spawn_blocking(move || disks.probe(metric, clock::mono()))
                .await
                .map_err(|e| {
                    Failed::new(ErrorCode::INTERNAL, format!("the probe broke off: {e}"))
                })?
        }
        Measure::Cpu(_)
        | Measure::Memory(_)
        | Measure::Paging(_)
        | Measure::Disk(_)
        | Measure::Network(_)
        | Measure::Processes(_)
        | Measure::Pressure(_)
        | Measure::Host(_)
        | Measure::Top(_) => host.collector().probe(metric, clock::mono()),
    };
    probed.map_err(|e| {
        let text = e
            .hint()
            .map_or_else(|| e.to_string(), |hint| format!("{e}; {hint}"));
        Failed::new(ErrorCode::PROBE, text)
    })
}

fn facts(host: &Arc<Host>, columns: &[String]) -> Result<Table, Failed> {
    let config = host.config();
    let about = AgentFacts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: config.node.to_string(),
        labels: config.labels.clone(),
    };
    let table = host.collector().facts(&about);
    if columns.is_empty() {
        return Ok(table);
    }
    let mut chosen = Table::new(Vec::new());
    chosen.rows = vec![Vec::new(); table.rows.len()];
    for name in columns {
        let at = table
            .index_of(name)
            .ok_or_else(|| Failed::new(ErrorCode::UNSUPPORTED, format!("unknown fact `{name}`")))?;
        chosen.columns.push(table.columns[at].clone());
        for (to, from) in chosen.rows.iter_mut().zip(&table.rows) {
            to.push(from[at].clone());
        }
    }
    Ok(chosen)
}
