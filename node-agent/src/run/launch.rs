//! Launching: a detached command whose asker waits for its beginning alone.

use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::envelope::Envelope;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Kind, Started};
use hailer_protocol::state::State;

use tokio::sync::watch;

use super::kept::Stage;
use super::{Order, carry_out, ended_without_process, kept};
use crate::host::Host;
use crate::net::Outbound;

/// Begins a command that goes on without its asker, and answers as soon as it runs, or did not
/// come to run.
pub(crate) async fn launch(host: &Arc<Host>, order: Order, outbound: &mut Outbound) {
    let id = order.run.run;
    let stage = host.kept().wait_for(id);
    let own = Arc::clone(host);
    tokio::spawn(async move {
        carry_out(&own, &order, &mut Outbound::to_nobody()).await;
    });
    let pid = match stage {
        Some(stage) => began(stage).await,
        None => None,
    };
    // A short one may be over before anybody looked.
    if pid.is_none()
        && let Some(end) = end_without_process(host, id).await
    {
        outbound.push_envelope(&end);
    } else {
        let _ = outbound.push(&Started { pid, again: false });
        let note = "it runs detached";
        let _ = outbound.push(&ended_without_process(State::Ok, Duration::ZERO, note));
    }
    outbound.finish().await;
}

/// Waits for a run's process, or for the run's end; returns the process if it is seen.
async fn began(mut stage: watch::Receiver<Stage>) -> Option<u32> {
    match *stage.wait_for(|stage| *stage != Stage::Asked).await.ok()? {
        Stage::Started { pid } => Some(pid),
        Stage::Asked | Stage::Over => None,
    }
}

/// Returns the end of a run that is over and never had a process.
async fn end_without_process(host: &Arc<Host>, run: RunId) -> Option<Envelope> {
    let answer = kept(host, run).await?;
    let had_one = answer.iter().any(|e| e.kind == Kind::Started as u16);
    answer.into_iter().next_back().filter(|_| !had_one)
}
