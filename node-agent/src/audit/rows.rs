//! Records as rows of the audit.

use hailer_protocol::audit::{AUDIT_COLUMNS, AuditEvent, Head};
use hailer_protocol::ids::{Digest, RunId};
use hailer_protocol::redact::redacted;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::table::Row;
use hailer_protocol::time::Wall;
use hailer_protocol::value::Value;

use super::marks;
use crate::journal::{Authorised, Countersigned, Killed, Probed};
use crate::journal::{
    Body, Cause, Damaged, Ended, Gap, Intent, Matter, Outcome, Permitted, Refused, Repeated,
    StepOutcome,
};
use crate::state::Record;

/// What one record says, as far as it says it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) who: Option<String>,
    pub(super) via: Option<String>,
    pub(super) run: Option<RunId>,
    pub(super) command: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) approved_by: Option<String>,
    pub(super) run_as: Option<String>,
    pub(super) targets: Option<u32>,
    pub(super) root: Option<Digest>,
    pub(super) policy_line: Option<u32>,
    pub(super) policy: Option<Digest>,
    pub(super) run_state: Option<&'static str>,
    pub(super) run_rc: Option<i32>,
    pub(super) took_us: Option<u64>,
    pub(super) wrote: Option<u64>,
    pub(super) out_digest: Option<Digest>,
    pub(super) err_digest: Option<Digest>,
    pub(super) text: Option<String>,
}

/// Returns a record's row.
pub(super) fn row(record: &Record) -> Row {
    let head = Head {
        seq: record.seq,
        link: record.link,
    };
    match Body::read(record.kind, &record.body) {
        Some(body) => row_of(&head, record.wall, &body),
        None => {
            let text = format!(
                "a record of kind {} with {} bytes, which this version does not know",
                record.kind,
                record.body.len()
            );
            cells(&head, record.wall, AuditEvent::Unknown, Said::text(text))
        }
    }
}

/// Returns the row of a record whose content is at hand.
pub(super) fn row_of(head: &Head, at: Wall, body: &Body) -> Row {
    let (event, said) = said(body);
    cells(head, at, event, said)
}

/// Returns the row that says where a chain is broken.
pub(super) fn broken(head: &Head, at: Wall, why: String) -> Row {
    cells(head, at, AuditEvent::Broken, Said::text(why))
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of record")]
fn said(body: &Body) -> (AuditEvent, Said) {
    match body {
        Body::Intent(intent) => (AuditEvent::Started, Said::of_intent(intent)),
        Body::Detached(intent) => {
            let mut said = Said::of_intent(intent);
            said.text = Some("detached: it outlives its operator's shell".to_owned());
            (AuditEvent::Started, said)
        }
        Body::Outcome(outcome) => (AuditEvent::Ended, Said::of_outcome(outcome)),
        Body::Ended(ended) => (AuditEvent::Ended, Said::of_end(ended)),
        Body::Refusal(refusal) => {
            let mut said = Said::text(refusal.text.clone());
            said.who = Some(short(&refusal.who));
            (AuditEvent::Refused, said)
        }
        Body::Refused(refused) => (AuditEvent::Refused, Said::of_refusal(refused)),
        Body::StepIntent(intent) => {
            let mut said = Said::text(format!("row {}", intent.step));
            said.run = Some(intent.run);
            said.command = Some(intent.command.clone());
            (AuditEvent::Started, said)
        }
        Body::StepOutcome(outcome) => (AuditEvent::Ended, Said::of_step(outcome)),
        Body::StepEnded(ended) => (
            AuditEvent::Ended,
            Said {
                out_digest: ended.out,
                err_digest: ended.err,
                ..Said::of_step(&ended.outcome)
            },
        ),
        Body::Authorised(authorised) => (AuditEvent::Allowed, Said::of_warrant(authorised)),
        Body::Probe(probed) => (AuditEvent::Probe, Said::of_probe(probed)),
        Body::Killed(killed) => (AuditEvent::Killed, Said::of_kill(killed)),
        Body::Repeated(repeated) => (AuditEvent::Repeated, Said::of_repeats(repeated)),
        Body::AgentStarted(started) => {
            let mut text = started.software.clone();
            if let Some(config) = started.config {
                text.push_str(&format!(", configuration {config}"));
            }
            if started.torn_bytes > 0 {
                text.push_str(&format!(
                    "; {} bytes of a half-written record were cut off",
                    started.torn_bytes
                ));
            }
            (AuditEvent::AgentStarted, Said::text(text))
        }
        Body::AgentStopped(_) => (AuditEvent::AgentStopped, Said::default()),
        Body::Gap(gap) => (AuditEvent::Gap, Said::of_gap(gap)),
        Body::Damaged(damaged) => (AuditEvent::Damaged, Said::of_damage(damaged)),
        Body::Accepted(accepted) => (
            AuditEvent::Accepted,
            Said {
                who: Some(accepted.who.clone()),
                reason: Some(accepted.reason.clone()),
                ..Said::text(accepted.text.clone())
            },
        ),
        Body::Mark(mark) => marks::of_mark(mark),
        Body::Marks(marks) => {
            let text = format!("{} records stand for all before them", marks.len());
            (AuditEvent::Automation, Said::text(text))
        }
        Body::Told(told) => (AuditEvent::Automation, Said::of_told(told)),
        Body::Revocations(list) => {
            let whose = list.scope.map_or("all roles", Role::as_str);
            let text = format!("list {} of revocations holds, of {whose}", list.number);
            (AuditEvent::Revoked, Said::text(text))
        }
        Body::Authorities(taken) => {
            let (number, n) = (taken.number, taken.authorities);
            let text = format!("trust bundle {number} holds, with {n} authorities");
            (AuditEvent::Authorities, Said::text(text))
        }
        Body::Countersigned(seen) => (AuditEvent::Countersigned, Said::of_countersignature(seen)),
    }
}

impl Said {
    pub(super) fn text(text: String) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }

    fn of_intent(intent: &Intent) -> Self {
        Self {
            who: Some(short(&intent.who)),
            run: Some(intent.run),
            command: Some(intent.command.clone()),
            ..Self::default()
        }
    }

    fn of_outcome(outcome: &Outcome) -> Self {
        let failure = outcome.failure.as_ref();
        let state = outcome.state.or_else(|| failure.map(|f| f.0.state()));
        Self {
            run: Some(outcome.run),
            run_state: state.map(hailer_protocol::state::State::as_str),
            run_rc: outcome.rc,
            took_us: Some(outcome.wall_us),
            text: failure.map(|f| f.1.clone()),
            ..Self::default()
        }
    }

    fn of_end(ended: &Ended) -> Self {
        Self {
            wrote: ended.bytes,
            out_digest: ended.out,
            err_digest: ended.err,
            ..Self::of_outcome(&ended.outcome)
        }
    }

    fn of_step(outcome: &StepOutcome) -> Self {
        Self {
            run: Some(outcome.run),
            run_state: outcome.state.map(hailer_protocol::state::State::as_str),
            run_rc: outcome.rc,
            ..Self::text(format!("row {}", outcome.step))
        }
    }

    fn of_refusal(refused: &Refused) -> Self {
        let why = match refused.code.name() {
            Some(name) => format!("{name}: {}", refused.text),
            None => format!("code {}: {}", refused.code.0, refused.text),
        };
        Self {
            who: Some(short(&refused.who)),
            via: refused.via.as_deref().map(short),
            text: Some(why),
            ..Self::of_matter(refused.asked.as_ref())
        }
    }

    fn of_matter(asked: Option<&Matter>) -> Self {
        Self {
            run: asked.map(|a| a.run),
            command: asked.map(|a| a.command.clone()),
            ..Self::default()
        }
    }

    fn permitted(mut self, permit: Option<&Permitted>) -> Self {
        self.policy_line = permit.map(|p| p.line);
        self.policy = permit.map(|p| p.policy);
        self.run_as = permit.and_then(|p| p.run_as.clone());
        self
    }

    fn of_warrant(authorised: &Authorised) -> Self {
        let statement = &authorised.statement;
        let reading = authorised.permit.as_ref().is_some_and(|p| p.is_reading);
        let approvers: Vec<String> = authorised.approvers.iter().map(|a| short(a)).collect();
        Self {
            who: Some(short(&authorised.who)),
            via: authorised.via.as_deref().map(short),
            run: Some(statement.run),
            command: Some(statement.action.command.to_string()),
            reason: statement.reason.clone(),
            approved_by: (!approvers.is_empty()).then(|| approvers.join(", ")),
            targets: Some(statement.targets.count),
            root: Some(statement.targets.root),
            text: reading.then(|| "as a reading, in the sandbox".to_owned()),
            ..Self::default()
        }
        .permitted(authorised.permit.as_ref())
    }

    fn of_probe(probed: &Probed) -> Self {
        Self {
            who: Some(short(&probed.who)),
            ..Self::of_matter(Some(&probed.asked))
        }
        .permitted(Some(&probed.permit))
    }

    fn of_kill(killed: &Killed) -> Self {
        let why = match killed.why {
            Cause::Cancelled => "cancelled by its operator",
            Cause::Deadline => "its deadline came",
            Cause::LeaseEnded => "its operator's lease ended",
            Cause::Revoked => "its operator's certificate was revoked",
        };
        Self {
            who: killed.by.as_deref().map(short),
            run: Some(killed.run),
            ..Self::text(why.to_owned())
        }
    }

    fn of_repeats(repeated: &Repeated) -> Self {
        let what = repeated.refusals.map_or_else(
            || "probes".to_owned(),
            |code| match code.name() {
                Some(name) => format!("refusals ({name})"),
                None => format!("refusals (code {})", code.0),
            },
        );
        let text = format!(
            "{} more {what} in {} s",
            repeated.n,
            repeated.within_ms.div_ceil(1000)
        );
        Self {
            who: repeated.who.as_deref().map(short),
            ..Self::text(text)
        }
    }

    fn of_damage(damaged: &Damaged) -> Self {
        Self::text(format!(
            "{}; the last sound record is {}, with the link {}",
            damaged.text, damaged.sound_seq, damaged.sound_link
        ))
    }

    fn of_countersignature(seen: &Countersigned) -> Self {
        let Head { seq, link } = seen.head;
        Self {
            who: Some(short(&seen.keeper)),
            ..Self::text(format!("seen up to record {seq}, whose link is {link}"))
        }
    }

    fn of_gap(gap: &Gap) -> Self {
        let since = hailer_protocol::units::display_value(&Value::Time(gap.since.0));
        let what = if gap.n == 1 { "entry" } else { "entries" };
        Self::text(format!(
            "{} {what} since {since} could not be written: {}",
            gap.n, gap.why
        ))
    }
}

/// What an identity is called within its fleet: an operator by name, others with their role.
fn short(identity: &str) -> String {
    match identity.parse::<Identity>() {
        Ok(id) if id.role == Role::Operator => id.name.to_string(),
        Ok(id) => format!("{}/{}", id.role, id.name),
        Err(_) => identity.to_owned(),
    }
}

fn cells(head: &Head, at: Wall, event: AuditEvent, said: Said) -> Row {
    let text = |s: Option<String>| s.map_or(Value::Null, Value::Str);
    // Records of earlier versions were written with their secrets.
    let clean = |s: Option<String>| text(s.map(redacted));
    let digest = |d: Option<Digest>| text(d.map(|d| d.to_string()));
    let int = |n: Option<u32>| Value::from(n.map(i64::from));
    let large = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let took = said.took_us.map(|us| large(us.saturating_mul(1000)));
    let row = vec![
        Value::Time(at.0),
        Value::Int(large(head.seq)),
        Value::from(event.as_str()),
        text(said.who),
        text(said.via),
        text(said.run.map(|run| run.to_string())),
        clean(said.command),
        clean(said.reason),
        text(said.approved_by),
        text(said.run_as),
        int(said.targets),
        digest(said.root),
        int(said.policy_line),
        digest(said.policy),
        said.run_state.map_or(Value::Null, Value::from),
        Value::from(said.run_rc.map(i64::from)),
        took.map_or(Value::Null, Value::Duration),
        said.wrote.map_or(Value::Null, |n| Value::Size(large(n))),
        digest(said.out_digest),
        digest(said.err_digest),
        clean(said.text),
        Value::from(head.link.to_string().as_str()),
    ];
    debug_assert_eq!(row.len(), AUDIT_COLUMNS.len());
    row
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
