//! Notices of the engine and ends of deeds in the words of the journal.

use hailer_protocol::engine::{DeedOutcome, Notice, Page, State, What};
use hailer_protocol::redact::redact;

use super::deed::Went;
use crate::core::Told;

/// Returns what is written down of a notice; nothing of those that come too often to be of use.
pub(super) fn told(notice: &Notice) -> Option<Told> {
    let event = match &notice.what {
        // A value that wavers around its limit would fill the journal.
        What::Turned {
            from: State::Clear,
            to: State::Pending,
        }
        | What::Turned {
            from: State::Pending,
            to: State::Clear,
        } => return None,
        // Told with what was run, and what it printed.
        What::Ended { .. } => return None,
        What::Turned { .. } => "turned",
        What::Held(_) => "held",
        What::WouldRun { .. } => "would_run",
        What::ApprovalWanted { .. } => "approval_wanted",
        What::Answered { .. } => "answered",
        What::EvidenceLate => "evidence_late",
        What::Escalated(_) => "escalated",
        What::NoData { .. } => "no_data",
        What::DataBack => "data_back",
        What::Flapping(true) => "flapping",
        What::Flapping(false) => "steady",
        What::StormBegan { .. } => "storm",
        What::StormEnded => "storm_over",
        What::KeysOver { .. } => "too_many_keys",
        What::TicksMissed { .. } => "missed",
        What::Added | What::Changed => "in_force",
        What::Removed => "removed",
        What::Refused => "refused",
        What::Muted(true) => "muted",
        What::Muted(false) => "unmuted",
        What::Paused(true) => "paused",
        What::Paused(false) => "resumed",
        What::Settled => "settled",
        What::ClockMoved { .. } => "clock_moved",
    };
    Some(Told {
        event: event.to_owned(),
        automation: notice.automation.as_ref().map(ToString::to_string),
        key: notice.key.as_deref().map(str::to_owned),
        episode: notice.episode,
        text: redact(&notice.what.to_string()).into_owned(),
        ..Told::default()
    })
}

/// Returns what is written down of a deed that has ended.
pub(super) fn ended(automation: &str, key: &str, attempt: &str, went: &Went) -> Told {
    let (rc, how) = match &went.outcome {
        DeedOutcome::Exited { rc } => (Some(*rc), None),
        DeedOutcome::TimedOut => (None, Some("killed at its timeout".to_owned())),
        DeedOutcome::Killed => (None, Some("killed".to_owned())),
        DeedOutcome::NotStarted { why } => (None, Some(format!("not started: {why}"))),
        DeedOutcome::Unknown => (None, Some("its end is unknown".to_owned())),
    };
    let mut text = how.unwrap_or_default();
    if !went.printed.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&went.printed);
    }
    Told {
        event: "ended".to_owned(),
        automation: Some(automation.to_owned()),
        key: Some(key.to_owned()),
        attempt: Some(attempt.to_owned()),
        command: Some(redact(&went.command).into_owned()),
        rc,
        wall_us: u64::try_from(went.wall.as_micros()).ok(),
        text,
        ..Told::default()
    }
}

/// Returns what is written down of a call for a human.
pub(super) fn page(page: &Page) -> Told {
    let whom: Vec<&str> = page.spec.escalate.iter().map(|e| e.page.as_str()).collect();
    let whom = if whom.is_empty() {
        "nobody is named".to_owned()
    } else {
        whom.join(", ")
    };
    Told {
        event: "page".to_owned(),
        automation: Some(page.spec.name.to_string()),
        key: page.key.as_deref().map(str::to_owned),
        text: format!("{whom}: {} ({})", page.why.as_str(), page.incident),
        ..Told::default()
    }
}
