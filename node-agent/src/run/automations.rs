//! What operators ask of automations: a set in force, an order, where they stand.

use std::sync::Arc;

use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Failed, Probe};
use hailer_protocol::table::Table;

use super::Order;
use crate::automation::Refused;
use crate::host::Host;

/// Carries it out, and returns the rows that answer it.
///
/// # Errors
/// Says why it was not done.
pub(super) async fn carry_out(host: &Arc<Host>, order: &Order) -> Result<Table, Failed> {
    let automations = host.automations().ok_or_else(|| {
        let text = "the agent starts, and has not taken up its automations yet";
        Failed::new(ErrorCode::BUSY, text)
    })?;
    let vouch = || {
        order.vouch.as_deref().cloned().ok_or_else(|| {
            let text = "automations are put in force by a signed request alone";
            Failed::new(ErrorCode::DENIED, text)
        })
    };
    let failed = |refused: Refused| {
        let code = match &refused {
            Refused::Book(_) | Refused::Control(_) => ErrorCode::MALFORMED,
            Refused::Denied(_) => ErrorCode::DENIED,
            Refused::Record(_) => ErrorCode::RECORD,
            Refused::Over => ErrorCode::BUSY,
        };
        Failed::new(code, refused.to_string())
    };
    match &order.run.probe {
        Probe::Apply(set) => automations
            .apply(set.clone(), vouch()?)
            .await
            .map_err(failed),
        Probe::Stow(texts) => {
            vouch()?;
            let stowed = automations.stow(texts.clone()).await;
            stowed.map(|()| Table::default()).map_err(failed)
        }
        Probe::Control(control) => {
            let reason = vouch()?.statement.reason.unwrap_or_default();
            let done = automations.control(control.clone(), reason).await;
            done.map(|()| Table::default()).map_err(failed)
        }
        Probe::Automations => automations.rows().await.map_err(failed),
        Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Each { .. }
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Events { .. }
        | Probe::Replay { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => Err(Failed::new(
            ErrorCode::INTERNAL,
            "this is nothing of automations",
        )),
    }
}
