//! Probes that start no process: metrics and facts.

use std::sync::Arc;
use std::time::Duration;

use hailer_collect::{AgentFacts, Readiness};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::message::{Done, Failed, Held, Probe, Run, Usage};
use hailer_protocol::metrics;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;

use super::answer::batches;
use crate::clock;
use crate::core::RunEnd;
use crate::host::Host;
use crate::net::Outbound;

/// Reads the metric or the facts, and answers.
pub(super) async fn carry_out(host: &Arc<Host>, run: &Run, outbound: &mut Outbound) -> RunEnd {
    let begun = clock::mono();
    let answered = answer(host, run, outbound).await;
    let wall = clock::mono().since(begun);
    let end = match answered {
        Ok((cut_rows, notes)) => {
            let done = Done {
                state: State::Ok,
                rc: None,
                wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
                usage: Usage::default(),
                out_bytes: 0,
                err_bytes: 0,
                cut_bytes: 0,
                cut_rows,
                held: Held::default(),
                left_behind: 0,
                notes,
            };
            let _ = outbound.push(&done);
            RunEnd {
                state: Some(State::Ok),
                rc: None,
                wall,
                failure: None,
            }
        }
        Err(failed) => {
            let _ = outbound.push(&failed);
            RunEnd {
                state: None,
                rc: None,
                wall,
                failure: Some((failed.code, failed.text)),
            }
        }
    };
    outbound.finish().await;
    end
}

async fn answer(
    host: &Arc<Host>,
    run: &Run,
    outbound: &mut Outbound,
) -> Result<(u64, Vec<String>), Failed> {
    let failed = |code, text: String| Failed { code, text };
    let table = match &run.probe {
        Probe::Metric(name) => metric(host, name).await?,
        Probe::Facts(columns) => facts(host, columns)?,
        Probe::Shell(_) | Probe::Argv(_) => {
            return Err(failed(
                ErrorCode::INTERNAL,
                "a command is no probe".to_owned(),
            ));
        }
    };
    let (table, notes) = if run.row_plan.steps.is_empty() {
        (table, Vec::new())
    } else {
        let evaluated = Evaluator::new(&run.row_plan)
            .map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?
            .run(table)
            .map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?;
        let notes = evaluated.notes.iter().map(ToString::to_string).collect();
        (evaluated.table, notes)
    };
    let made = batches(table, run.caps.rows).map_err(|e| failed(ErrorCode::PLAN, e.to_string()))?;
    made.envelopes
        .iter()
        .for_each(|e| outbound.push_envelope(e));
    Ok((made.cut_rows, notes))
}

async fn metric(host: &Arc<Host>, name: &str) -> Result<Table, Failed> {
    let metric = metrics::find(name).map_err(|e| Failed {
        code: ErrorCode::UNSUPPORTED,
        text: e.to_string(),
    })?;
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
    let read = |host: &Host| host.collector().probe(metric, clock::mono());
    let probed = if metric.name.starts_with("system.filesystem") {
        let host = Arc::clone(host);
        tokio::task::spawn_blocking(move || read(&host))
            .await
            .map_err(|e| Failed {
                code: ErrorCode::INTERNAL,
                text: format!("the probe broke off: {e}"),
            })?
    } else {
        read(host)
    };
    probed.map_err(|e| Failed {
        code: ErrorCode::PROBE,
        text: e
            .hint()
            .map_or_else(|| e.to_string(), |hint| format!("{e}; {hint}")),
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
        let at = table.index_of(name).ok_or_else(|| Failed {
            code: ErrorCode::UNSUPPORTED,
            text: format!("unknown fact `{name}`"),
        })?;
        chosen.columns.push(table.columns[at].clone());
        for (to, from) in chosen.rows.iter_mut().zip(&table.rows) {
            to.push(from[at].clone());
        }
    }
    Ok(chosen)
}
