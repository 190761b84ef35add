//! Every entry of the journal has its row, and a broken chain says where.

use std::collections::BTreeSet;
use std::time::Duration;

use hailer_protocol::engine::Record as Mark;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::redact::REDACTED;
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::signing::{Action, Command, Nonce, STATEMENT_VERSION, Statement, Targets};
use hailer_protocol::state::State as RunState;

use super::*;
use crate::audit::table::{Wanted, read};
use crate::core::{Asked, Entry, KillReason, OutputDigests, Permit, Repeats, RunEnd, Told};
use crate::journal::Journal;

const RUN: RunId = RunId([7; 16]);

fn ann() -> Identity {
    "spiffe://demo/operator/ann".parse().expect("an identity")
}

fn permit() -> Permit {
    Permit {
        grant: Grant::Run,
        line: 4,
        policy: Digest([5; 32]),
        run_as: None,
        reading: None,
    }
}

fn statement(command: &str, reason: &str) -> Statement {
    Statement {
        version: STATEMENT_VERSION,
        fleet: hailer_protocol::ids::Name::new("demo").expect("a name"),
        operator: ann().name,
        run: RUN,
        nonce: Nonce([9; 16]),
        action: Action {
            grant: Grant::Run,
            command: Command::new(command.to_owned()),
            run_as: None,
        },
        targets: Targets {
            root: Digest([6; 32]),
            count: 12,
            fleet: 100,
        },
        issued_at: Wall(0),
        not_after: Wall(60_000),
        reason: Some(reason.to_owned()),
        policy: None,
    }
}

/// An entry of each kind, with that text wherever people's words go.
#[expect(clippy::too_many_lines, reason = "one of each")]
fn entries(words: &str) -> Vec<(Entry, AuditEvent, &'static str)> {
    let asked = || Asked {
        run: RUN,
        command: words.to_owned(),
    };
    let end = RunEnd {
        state: Some(RunState::Failed),
        rc: Some(3),
        wall: Duration::from_millis(1500),
        bytes: Some(2048),
        digests: Some(OutputDigests {
            out: Digest([1; 32]),
            err: Digest([2; 32]),
        }),
        failure: Some((ErrorCode::SPAWN, words.to_owned())),
    };
    let intent = |is_detached| Entry::Intent {
        run: RUN,
        request: Digest([3; 32]),
        who: ann(),
        command: words.to_owned(),
        is_detached,
    };
    vec![
        (
            Entry::Authorised {
                statement: Box::new(statement(words, words)),
                who: ann(),
                via: Some("spiffe://demo/relay/r1".parse().expect("an identity")),
                approvers: vec!["spiffe://demo/operator/bob".parse().expect("an identity")],
                permit: Some(permit()),
            },
            AuditEvent::Allowed,
            "who via run command reason approved_by targets root policy_line policy",
        ),
        (intent(false), AuditEvent::Started, "who run command"),
        (intent(true), AuditEvent::Started, "who run command text"),
        (
            Entry::Outcome { run: RUN, end },
            AuditEvent::Ended,
            "run run_state run_rc took wrote out_digest err_digest text",
        ),
        (
            Entry::StepIntent {
                run: RUN,
                step: 2,
                command: words.to_owned(),
            },
            AuditEvent::Started,
            "run command text",
        ),
        (
            Entry::StepOutcome {
                run: RUN,
                step: 2,
                state: Some(RunState::Ok),
                rc: Some(0),
                digests: Some(OutputDigests {
                    out: Digest::of(b"out"),
                    err: Digest::of(b""),
                }),
            },
            AuditEvent::Ended,
            "run run_state run_rc out_digest err_digest text",
        ),
        (
            Entry::Refusal {
                who: ann(),
                via: None,
                code: ErrorCode::DENIED,
                text: words.to_owned(),
                asked: Some(asked()),
            },
            AuditEvent::Refused,
            "who run command text",
        ),
        (
            Entry::Probe {
                asked: asked(),
                who: ann(),
                permit: permit(),
            },
            AuditEvent::Probe,
            "who run command policy_line policy",
        ),
        (
            Entry::Killed {
                run: RUN,
                why: KillReason::Cancelled,
                by: Some(ann()),
            },
            AuditEvent::Killed,
            "who run text",
        ),
        (
            Entry::Repeated {
                who: Some(ann()),
                what: Repeats::Refusals(ErrorCode::DENIED),
                n: 317,
                within: Duration::from_secs(10),
            },
            AuditEvent::Repeated,
            "who text",
        ),
        (
            Entry::AgentStarted {
                software: "hailerd 1".to_owned(),
                config: Some(Digest([4; 32])),
                torn_bytes: 3,
            },
            AuditEvent::AgentStarted,
            "text",
        ),
        (Entry::AgentStopped, AuditEvent::AgentStopped, ""),
        (
            Entry::Gap {
                n: 2,
                since: Wall(0),
                why: "full".to_owned(),
            },
            AuditEvent::Gap,
            "text",
        ),
        (
            Entry::Revocations {
                scope: None,
                number: 7,
                signed: Box::new(SignedRevocations {
                    list: vec![1],
                    issuer: None,
                    signature: vec![2],
                }),
            },
            AuditEvent::Revoked,
            "text",
        ),
        (
            Entry::Authorities {
                number: 7,
                authorities: 2,
            },
            AuditEvent::Authorities,
            "text",
        ),
        (
            Entry::Mark(Box::new(Mark::Resumed)),
            AuditEvent::Automation,
            "",
        ),
        (Entry::Marks(Vec::new()), AuditEvent::Automation, "text"),
        (
            Entry::Told(Box::new(Told {
                event: "ended".to_owned(),
                automation: Some("disk-full".to_owned()),
                command: Some("true".to_owned()),
                ..Told::default()
            })),
            AuditEvent::Automation,
            "who command text",
        ),
        (
            Entry::Countersigned {
                keeper: "spiffe://demo/keeper/k1".parse().expect("an identity"),
                head: Head {
                    seq: 4,
                    link: hailer_protocol::ids::Link([4; 16]),
                },
                signed: Box::new(hailer_protocol::countersign::SignedHead {
                    statement: vec![1],
                    chain: vec![vec![2]],
                    signature: vec![3],
                }),
            },
            AuditEvent::Countersigned,
            "who text",
        ),
    ]
}

/// A name for each kind of entry: a new one fails to compile here, and must get its row above.
const fn kind(entry: &Entry) -> &'static str {
    match entry {
        Entry::Authorised { .. } => "authorised",
        Entry::Intent { .. } => "intent",
        Entry::Outcome { .. } => "outcome",
        Entry::StepIntent { .. } => "step intent",
        Entry::StepOutcome { .. } => "step outcome",
        Entry::Refusal { .. } => "refusal",
        Entry::Probe { .. } => "probe",
        Entry::Killed { .. } => "killed",
        Entry::Repeated { .. } => "repeated",
        Entry::AgentStarted { .. } => "agent started",
        Entry::AgentStopped => "agent stopped",
        Entry::Gap { .. } => "gap",
        Entry::Revocations { .. } => "revocations",
        Entry::Authorities { .. } => "authorities",
        Entry::Mark(_) => "mark",
        Entry::Marks(_) => "marks",
        Entry::Told(_) => "told",
        Entry::Countersigned { .. } => "countersigned",
    }
}

const ALL: Wanted = Wanted {
    since: None,
    until: None,
    limit: usize::MAX,
};

fn journal(entries: Vec<(Entry, AuditEvent, &'static str)>) -> Journal {
    let mut journal = Journal::in_memory().expect("bounds");
    for (entry, ..) in entries {
        journal.append(Wall(1000), &entry).expect("written");
    }
    journal
}

#[test]
fn every_kind_of_entry_has_its_row() {
    let samples = entries("uptime");
    let kinds: BTreeSet<_> = samples.iter().map(|(entry, ..)| kind(entry)).collect();
    assert_eq!(kinds.len(), 18, "{kinds:?}");
    let told = read(journal(entries("uptime")).snapshot(), ALL);
    assert_eq!(told.broken, None);
    assert_eq!(told.table.rows.len(), samples.len());
    assert!(told.table.is_rectangular());
    for ((entry, event, columns), row) in samples.iter().zip(&told.table.rows) {
        let filled: Vec<&str> = AUDIT_COLUMNS
            .iter()
            .zip(row)
            .filter(|(_, value)| **value != Value::Null)
            .map(|(column, _)| column.name)
            .filter(|name| !["time", "seq", "event", "link"].contains(name))
            .collect();
        assert_eq!(row[2], Value::from(event.as_str()), "{entry:?}");
        assert_eq!(filled.join(" "), *columns, "{entry:?}");
        for (column, value) in AUDIT_COLUMNS.iter().zip(row) {
            let fits = *value == Value::Null || value.data_type() == column.data_type;
            assert!(fits, "{}: {value:?}", column.name);
        }
    }
    let text = |at: usize| told.table.rows[at][20].clone();
    assert_eq!(text(9), Value::from("317 more refusals (denied) in 10 s"));
}

#[test]
fn no_secret_comes_into_the_log_or_out_of_it() {
    let canaries = [
        "mysql -phunter2 db",
        "DB_PASSWORD=hunter2 ./x",
        "curl -u bob:hunter2 http://x",
        "git clone https://bob:hunter2@h/x",
        "curl -H 'Authorization: Bearer hunter2hunter2'",
    ];
    for words in canaries {
        let journal = journal(entries(words));
        let mut bodies = Vec::new();
        let log = journal.snapshot();
        log.read(|record| bodies.extend(record.body));
        let bodies = String::from_utf8_lossy(&bodies).into_owned();
        let rows = format!("{:?}", read(journal.snapshot(), ALL).table.rows);
        for sink in [&bodies, &rows] {
            assert!(!sink.contains("hunter2"), "{words}: {sink}");
            assert!(sink.contains(REDACTED), "{words}: {sink}");
        }
    }
}

#[test]
fn a_record_of_a_later_version_is_shown_as_one() {
    let record = Record {
        seq: 5,
        wall: Wall(0),
        kind: 60_000,
        body: vec![1, 2],
        link: hailer_protocol::ids::Link([1; 16]),
    };
    let row = row(&record);
    assert_eq!(row[2], Value::from("unknown"));
}

#[test]
fn the_newest_records_of_the_wanted_time_are_told_and_the_others_are_counted() {
    let mut journal = Journal::in_memory().expect("bounds");
    for at in 0..10 {
        journal
            .append(Wall(at), &Entry::AgentStopped)
            .expect("written");
    }
    let wanted = Wanted {
        since: Some(Wall(2)),
        until: Some(Wall(8)),
        limit: 3,
    };
    let told = read(journal.snapshot(), wanted);
    let times: Vec<_> = told.table.rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(times, [6, 7, 8].map(Value::Time));
    assert_eq!(told.n_left_out, 4);
}
