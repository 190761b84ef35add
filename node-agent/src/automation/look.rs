//! Looking: what a condition's probe returns, and what of it is no answer.

use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::automation::NodeCondition;
use hailer_protocol::ids::RunId;
use hailer_protocol::limits::PARSE_INPUT_MAX;
use hailer_protocol::message::Probe;
use hailer_protocol::table::Table;

use crate::core::Vouch;
use crate::host::Host;
use crate::run::{self, Alone};

/// How long a metric may take to be read: a disk may have died.
const METRIC_WITHIN: Duration = Duration::from_secs(10);

/// What a command writes at most for what it says to be looked at.
const OUTPUT_MAX: u64 = PARSE_INPUT_MAX as u64;

/// Asks a condition's probe.
///
/// # Errors
/// Says why there is no answer: the command failed to run (126, 127), was killed at its time, wrote too
/// much, was not permitted; the metric cannot be read.
pub(super) async fn probe(
    host: &Arc<Host>,
    condition: &NodeCondition,
    vouch: &Vouch,
) -> Result<Table, String> {
    match &condition.probe {
        Probe::Metric(_) | Probe::Facts(_) => {
            let rows = run::rows_of(host, &condition.probe);
            match tokio::time::timeout(METRIC_WITHIN, rows).await {
                Ok(rows) => rows.map_err(|failed| failed.text),
                Err(_) => Err(format!("not read within {} s", METRIC_WITHIN.as_secs())),
            }
        }
        Probe::Shell(line) => command(host, condition, line, vouch).await,
        Probe::Argv(_)
        | Probe::Runs
        | Probe::Attach(_)
        | Probe::Cancel(_)
        | Probe::Each { .. }
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. } => Err("this is nothing that can be watched".to_owned()),
    }
}

async fn command(
    host: &Arc<Host>,
    condition: &NodeCondition,
    line: &str,
    vouch: &Vouch,
) -> Result<Table, String> {
    let permit = host.permit_deed(vouch, None)?;
    let what = Alone {
        id: RunId([0; 16]),
        command: line.to_owned(),
        env: Vec::new(),
        timeout: condition.timeout,
        output_max: OUTPUT_MAX,
    };
    let ran = run::alone(host, what, &permit, std::future::pending()).await;
    let ran = ran.map_err(|e| e.to_string())?;
    if ran.is_overdue {
        return Err(format!(
            "killed after {} s",
            condition.timeout.as_secs_f64()
        ));
    }
    if ran.cut > 0 {
        return Err(format!("it wrote more than {OUTPUT_MAX} bytes"));
    }
    match ran.rc {
        Some(rc @ (126 | 127)) => {
            let said = String::from_utf8_lossy(&ran.err);
            let said = said.lines().next().unwrap_or_default();
            Err(format!("exit code {rc}: {said}"))
        }
        Some(_) => Ok(run::row(&ran)),
        None => Err("the kernel does not let it die".to_owned()),
    }
}
