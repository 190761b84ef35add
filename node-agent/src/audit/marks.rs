//! What automations remember and tell, as rows of the audit.

use hailer_protocol::audit::AuditEvent;
use hailer_protocol::engine::{DeedOutcome, Record as Mark, Whose};
use hailer_protocol::ids::RunId;

use super::rows::Said;
use crate::core::Told;

/// A deed is told as any command is: it starts, and it ends. The rest is what automations remember.
pub(super) fn of_mark(mark: &Mark) -> (AuditEvent, Said) {
    let of = |whose: &Whose, text: String| Said {
        who: Some(format!("automation/{}", whose.automation)),
        ..Said::text(if whose.key.is_empty() {
            text
        } else {
            format!("{text}, for {}", whose.key)
        })
    };
    match mark {
        Mark::Intent {
            whose,
            id,
            step,
            attempt,
            ..
        } => {
            let text = format!("deed {}, attempt {attempt}", step + 1);
            let run = Some(RunId(id.0));
            (
                AuditEvent::Started,
                Said {
                    run,
                    ..of(whose, text)
                },
            )
        }
        Mark::Outcome {
            whose, id, tried, ..
        } => {
            let rc = match &tried.outcome {
                DeedOutcome::Exited { rc } => Some(*rc),
                DeedOutcome::TimedOut
                | DeedOutcome::Killed
                | DeedOutcome::NotStarted { .. }
                | DeedOutcome::Unknown => None,
            };
            let text = format!("deed {}, attempt {}", tried.step + 1, tried.attempt);
            let said = Said {
                run: Some(RunId(id.0)),
                run_rc: rc,
                ..of(whose, text)
            };
            (AuditEvent::Ended, said)
        }
        Mark::Escalated { .. }
        | Mark::Cleared { .. }
        | Mark::Flapping { .. }
        | Mark::Storm { .. }
        | Mark::Muted { .. }
        | Mark::Unmuted(_)
        | Mark::Paused { .. }
        | Mark::Resumed
        | Mark::ClockMoved { .. }
        | Mark::Reserved { .. }
        | Mark::Open { .. }
        | Mark::Numbers { .. } => (AuditEvent::Automation, Said::default()),
    }
}

impl Said {
    pub(super) fn of_told(told: &Told) -> Self {
        let mut text = told.event.clone();
        if let Some(key) = told.key.as_ref().filter(|key| !key.is_empty()) {
            text.push_str(&format!(", for {key}"));
        }
        if !told.text.is_empty() {
            text.push_str(&format!(": {}", told.text));
        }
        Self {
            who: told.automation.as_ref().map(|a| format!("automation/{a}")),
            command: told.command.clone(),
            ..Self::text(text)
        }
    }
}
