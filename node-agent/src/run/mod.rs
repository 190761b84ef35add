//! Carrying out a run: the probe, the row plan, the answer.

mod answer;
mod capture;
mod command;
mod environment;
mod kept;
mod probe;

use std::sync::Arc;

use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Failed, Probe, Run};

pub(crate) use kept::Kept;

use crate::core::{Entry, Input, RunEnd};
use crate::host::Host;
use crate::journal::JournalError;
use crate::net::Outbound;

/// Whether the run starts a process.
pub(crate) const fn is_command(run: &Run) -> bool {
    match run.probe {
        Probe::Shell(_) | Probe::Argv(_) => true,
        Probe::Metric(_) | Probe::Facts(_) => false,
    }
}

/// Carries a run out and answers on its stream.
pub(crate) async fn carry_out(host: &Arc<Host>, run: &Run, outbound: &mut Outbound) {
    if let Some(delay) = host.config().delay {
        tokio::time::sleep(delay).await;
    }
    let end = if is_command(run) {
        command::carry_out(host, run, outbound).await
    } else {
        probe::carry_out(host, run, outbound).await
    };
    host.act(Input::Ended { run: run.run, end }).await;
}

/// Answers that the run was not carried out because it could not be written down.
pub(crate) async fn not_recorded(
    host: &Arc<Host>,
    entry: &Entry,
    error: &JournalError,
    outbound: &mut Outbound,
) {
    let failed = Failed {
        code: ErrorCode::RECORD,
        text: format!(
            "the node could not write down what it was asked, so it did nothing: {error}"
        ),
    };
    let failure = Some((failed.code, failed.text.clone()));
    let _ = outbound.push(&failed);
    outbound.finish().await;
    if let Entry::Intent { run, .. } = entry {
        let end = RunEnd {
            state: None,
            rc: None,
            wall: std::time::Duration::ZERO,
            failure,
        };
        host.act(Input::Ended { run: *run, end }).await;
    }
}

/// Answers a request whose run was begun before, from what is there.
pub(crate) async fn answer_again(host: &Arc<Host>, run: RunId, outbound: &mut Outbound) {
    let waiting = host.kept().wait_for(run);
    if let Some(mut ended) = waiting {
        // The sender lives in the run's entry; it is gone once the run is.
        let _ = ended.wait_for(|over| *over).await;
    }
    let kept = host.kept().answer(run);
    match kept {
        Some(envelopes) => envelopes.iter().for_each(|e| outbound.push_envelope(e)),
        None => {
            let _ = outbound.push(&Failed {
                code: ErrorCode::UNKNOWN,
                text: format!("run {run} was begun here before; its answer is no longer held"),
            });
        }
    }
    outbound.finish().await;
}
