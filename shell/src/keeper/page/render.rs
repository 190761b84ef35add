//! A message as each kind of channel wants it.
//!
//! `nodes` is the folded set of the incident's nodes, as it is printed elsewhere. Everything is bounded:
//! so many patients are shown, and the rest is counted.

use std::fmt::Write as _;

use serde_json::{Value, json};

use hailer_protocol::clean::Clean;
use hailer_protocol::redact::redacted;
use hailer_protocol::time::Wall;
use hailer_protocol::units::moment::moment_text;

use super::incident::{Incident, Patient, PatientId, cut};
use super::{Message, MessageKind};

/// Returns what happened, in one line.
#[must_use]
pub fn summary(message: &Message, nodes: &str) -> String {
    let incident = &message.incident;
    let what = match message.kind {
        MessageKind::Opened => "needs a person",
        MessageKind::Updated => "still needs a person",
        MessageKind::Resolved => "is well again",
    };
    let place = match (message.kind, incident.patients.len()) {
        (MessageKind::Resolved, _) => format!("after {} cleared", incident.n_cleared),
        (MessageKind::Opened | MessageKind::Updated, 1) => format!("on {nodes}"),
        (MessageKind::Opened | MessageKind::Updated, n) => format!("on {nodes} ({n} keys)"),
    };
    let line = format!("{}: {} {what} {place}", incident.fleet, incident.automation);
    cut(&line, SUMMARY_MAX)
}

/// Returns the JSON of a plain webhook, which a local command reads too.
#[must_use]
pub fn webhook(message: &Message, nodes: &str) -> Value {
    let incident = &message.incident;
    json!({
        "version": 1,
        "event": event(message.kind),
        "incident": incident.key,
        "fleet": incident.fleet.as_str(),
        "automation": incident.automation.as_str(),
        "page": message.page,
        "summary": summary(message, nodes),
        "text": incident.text,
        "nodes": nodes,
        "since": incident.since().map(|at| moment_text(at.0)),
        "firing": incident.patients.len(),
        "cleared": incident.n_cleared,
        "held_back": incident.n_held_back,
        "patients": patients(incident),
        "line": incident.line(),
    })
}

/// Returns the body of PagerDuty's Events API, version 2.
#[must_use]
pub fn pagerduty(message: &Message, nodes: &str, routing_key: &str) -> Value {
    let action = match message.kind {
        MessageKind::Opened | MessageKind::Updated => "trigger",
        MessageKind::Resolved => "resolve",
    };
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": cut_key(&message.incident.key),
        "payload": {
            "summary": summary(message, nodes),
            "source": message.incident.fleet.as_str(),
            "severity": "critical",
            "component": message.incident.automation.as_str(),
            "custom_details": webhook(message, nodes),
        },
    })
}

/// Returns the body of a webhook that speaks as Slack's do. Nothing in it can be taken for markup,
/// a link, or a mention.
#[must_use]
pub fn slack(message: &Message, nodes: &str) -> Value {
    let heading = mrkdwn(&summary(message, nodes));
    let body = mrkdwn(&text(message, nodes));
    // `text` is what a notification shows. The block is plain text: no sign in it means anything.
    json!({
        "text": heading,
        "blocks": [
            { "type": "section", "text": { "type": "plain_text", "emoji": false, "text": cut(&body, SLACK_MAX) } },
        ],
    })
}

/// Returns the alerts for Alertmanager's API, version 2. One message is one alert: its labels are its
/// identity there, and stay the same from its first to its last.
#[must_use]
pub fn alertmanager(message: &Message, nodes: &str, now: Wall, ends: Wall) -> Value {
    let incident = &message.incident;
    let ends = match message.kind {
        MessageKind::Opened | MessageKind::Updated => ends,
        MessageKind::Resolved => now,
    };
    let mut alert = json!({
        "labels": {
            "alertname": incident.automation.as_str(),
            "fleet": incident.fleet.as_str(),
            "page": message.page,
            "incident": incident.key,
        },
        "annotations": {
            "summary": summary(message, nodes),
            "description": text(message, nodes),
        },
        "endsAt": moment_text(ends.0),
    });
    // A node's clock may be ahead: Alertmanager refuses what begins after it ends.
    if let Some(since) = incident.since() {
        alert["startsAt"] = json!(moment_text(since.min(now).0));
    }
    json!([alert])
}

/// Returns a mail's subject: one line, whatever stands in it.
#[must_use]
pub fn subject(message: &Message, nodes: &str) -> String {
    let line = summary(message, nodes);
    line.chars().filter(|c| !c.is_control()).collect()
}

/// Returns the whole of it as plain text, for a person.
#[must_use]
pub fn text(message: &Message, nodes: &str) -> String {
    let incident = &message.incident;
    let mut out = summary(message, nodes);
    if !incident.text.is_empty() {
        let _ = write!(out, "\n{}", incident.text);
    }
    if let Some(since) = incident.since() {
        let _ = write!(out, "\nsince {}", moment_text(since.0));
    }
    for (id, patient) in incident.patients.iter().take(PATIENTS_MAX) {
        push_patient(&mut out, id, patient);
    }
    let more = incident.patients.len().saturating_sub(PATIENTS_MAX);
    if more > 0 {
        let _ = write!(out, "\n\nand {more} more");
    }
    if incident.n_held_back > 0 {
        let n = incident.n_held_back;
        let _ = write!(
            out,
            "\n\n{n} more incidents were not paged: too many within the hour"
        );
    }
    let _ = write!(out, "\n\nlook: {}", incident.line());
    out
}

fn push_patient(out: &mut String, id: &PatientId, patient: &Patient) {
    let _ = write!(out, "\n\n{} {}\n  {}", id.node, shown_key(id), patient.row);
    for tried in &patient.tried {
        let _ = write!(out, "\n  tried: {}: {}", tried.command, tried.outcome);
    }
    for line in patient.evidence.lines() {
        let _ = write!(out, "\n  > {line}");
    }
}

fn shown_key(id: &PatientId) -> String {
    let key = Clean::line(&redacted(id.key.clone()));
    cut(key.as_str(), KEY_MAX)
}

fn patients(incident: &Incident) -> Vec<Value> {
    let shown = incident.patients.iter().take(PATIENTS_MAX);
    let shown = shown.map(|(id, patient)| {
        let tried = patient.tried.iter();
        let tried = tried.map(|t| json!({ "command": t.command, "outcome": t.outcome }));
        json!({
            "node": id.node.as_str(),
            "key": shown_key(id),
            "since": moment_text(patient.since.0),
            "row": patient.row,
            "evidence": patient.evidence,
            "tried": tried.collect::<Vec<_>>(),
        })
    });
    shown.collect()
}

const fn event(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Opened => "opened",
        MessageKind::Updated => "updated",
        MessageKind::Resolved => "resolved",
    }
}

/// Escapes the three signs that Slack's text is made of: `<!channel>` and `<http://…>` stay text.
fn mrkdwn(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// PagerDuty takes keys of 255 characters; a longer one is told apart by its digest.
fn cut_key(key: &str) -> String {
    if key.len() <= 255 {
        key.to_owned()
    } else {
        hailer_protocol::ids::Digest::of(key.as_bytes()).to_string()
    }
}

const SUMMARY_MAX: usize = 900;
const SLACK_MAX: usize = 2_800;
const KEY_MAX: usize = 300;
const PATIENTS_MAX: usize = 10;
