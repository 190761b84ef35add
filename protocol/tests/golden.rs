//! The bytes of every message, written down: any change of the wire fails here.
//!
//! `tests/data/wire.txt` holds one line a sample: its name and its envelope in hexadecimal. A new
//! message gets a new line (run with `UPDATE_EXPECTED=1`, which only ever appends); a line that is
//! there never changes within a major version.

use std::fmt::Write as _;

use hailer_protocol::bundle::{BUNDLE_VERSION, SignedBundle, TrustBundle};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::{Auth, Decoder, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::expr::{BinaryOp, Expr, Function, UnaryOp};
use hailer_protocol::ids::{Digest, EventId, LeaseId, Name, NodeName, RunId};
use hailer_protocol::message::*;
use hailer_protocol::revocation::{REVOCATION_VERSION, RevocationList, Revoked, SignedRevocations};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::row_plan::{ParseAs, Projection, RowPlan, RowStep};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::token::Token;
use hailer_protocol::value::{DataType, Value};
use hailer_protocol::version::{Feature, Version};

use audit::add_audit;
use runs::runs;

#[path = "golden/audit.rs"]
mod audit;
#[path = "golden/runs.rs"]
mod runs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire.txt");

fn every_value() -> Table {
    let column = |name: &str, data_type| Column::new(name, data_type);
    Table {
        columns: vec![
            Column {
                name: "use_pct".into(),
                heading: Some("Use%".into()),
                data_type: DataType::Percent,
            },
            column("a", DataType::Null),
            column("b", DataType::Bool),
            column("c", DataType::Int),
            column("d", DataType::Float),
            column("e", DataType::Str),
            column("f", DataType::Duration),
            column("g", DataType::Size),
            column("h", DataType::Time),
        ],
        rows: vec![vec![
            Value::Percent(91.0),
            Value::Null,
            Value::Bool(true),
            Value::Int(-5),
            Value::Float(1.5),
            Value::Str("é".into()),
            Value::Duration(1_000_000_000),
            Value::Size(1 << 40),
            Value::Time(1_700_000_000_000),
        ]],
    }
}

fn every_step() -> RowPlan {
    let column = || Box::new(Expr::Column("x".into()));
    let literal = |n| Box::new(Expr::Literal(Value::Int(n)));
    let binary = |op| Expr::Binary(op, column(), literal(1));
    let operators = [
        BinaryOp::Or,
        BinaryOp::And,
        BinaryOp::Eq,
        BinaryOp::Ne,
        BinaryOp::Lt,
        BinaryOp::Le,
        BinaryOp::Gt,
        BinaryOp::Ge,
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::Rem,
    ];
    let mut derived: Vec<Expr> = operators.into_iter().map(binary).collect();
    derived.extend([
        Expr::Unary(UnaryOp::Not, column()),
        Expr::Unary(UnaryOp::Neg, column()),
        Expr::In {
            of: column(),
            list: vec![Expr::Literal(Value::Null)],
            negated: true,
        },
        Expr::Matches {
            of: column(),
            pattern: "^a".into(),
            negated: false,
        },
        Expr::IsNull {
            of: column(),
            negated: false,
        },
    ]);
    derived.extend(calls(&Function::ALL[..FIRST_FUNCTIONS]));
    let project = |expr| Projection {
        name: "y".into(),
        expr,
    };
    RowPlan {
        steps: vec![
            RowStep::Parse(ParseAs::Auto),
            RowStep::Parse(ParseAs::Columns),
            RowStep::Parse(ParseAs::Json),
            RowStep::Parse(ParseAs::KeyValue),
            RowStep::Parse(ParseAs::Csv),
            RowStep::Parse(ParseAs::Lines),
            RowStep::Parse(ParseAs::Regex("(?<a>.)".into())),
            RowStep::Where(Expr::Column("x".into())),
            RowStep::Select(vec![project(Expr::Column("x".into()))]),
            RowStep::Derive(derived.into_iter().map(project).collect()),
            RowStep::Take(3),
        ],
    }
}

/// Functions of the first version; those that came later have a plan of their own, so that its bytes
/// stay what they were.
const FIRST_FUNCTIONS: usize = 17;

fn calls(functions: &[(Function, &str, usize, usize)]) -> Vec<Expr> {
    let column = || Expr::Column("x".into());
    functions
        .iter()
        .map(|f| Expr::Call(f.0, vec![column()]))
        .collect()
}

fn later_functions() -> RowPlan {
    let steps = calls(&Function::ALL[FIRST_FUNCTIONS..])
        .into_iter()
        .map(RowStep::Where)
        .collect();
    RowPlan { steps }
}

#[expect(clippy::too_many_lines, reason = "a flat list")]
fn answers() -> Vec<(String, Envelope)> {
    let mut all = Vec::new();
    let done = |state| Done {
        state,
        rc: Some(137),
        wall_us: 1_234_567,
        usage: Usage {
            user_us: 1,
            system_us: 300,
            max_rss_bytes: 1 << 20,
        },
        out_bytes: 70_000,
        err_bytes: 5,
        cut_bytes: 4464,
        cut_rows: 2,
        held: Held {
            rlimits: true,
            cgroup: false,
        },
        left_behind: 1,
        notes: vec!["parsed as columns".into()],
    };
    for state in State::ALL {
        add(&mut all, &format!("done {state}"), &done(state));
    }
    add(
        &mut all,
        "sandboxed",
        &Sandboxed {
            guards: Guards(0xfff),
            by_filter: Guards::default().with(Guard::Signals),
        },
    );
    add(
        &mut all,
        "started",
        &Started {
            pid: Some(4711),
            again: false,
        },
    );
    let bytes = NodeBytes(b"\x1b[2J\xff".to_vec());
    add(
        &mut all,
        "output",
        &Output {
            is_stderr: true,
            offset: 300,
            bytes,
        },
    );
    add(
        &mut all,
        "batch",
        &Batch {
            table: every_value(),
        },
    );
    add(
        &mut all,
        "failed",
        &Failed {
            code: ErrorCode::DENIED,
            text: "no".into(),
        },
    );
    let digest = Digest([0x33; 32]);
    add(
        &mut all,
        "output_digest",
        &OutputDigest {
            is_stderr: false,
            bytes: 1 << 33,
            digest,
        },
    );
    all
}

fn add<M: Message>(all: &mut Vec<(String, Envelope)>, name: &str, message: &M) {
    let envelope = message.to_envelope().expect("small");
    let back = M::from_envelope(&envelope).expect("decodes");
    let again = back.to_envelope().expect("small");
    assert_eq!(envelope, again, "{name} survives the way there and back");
    all.push((name.to_owned(), envelope));
}

fn samples() -> Vec<(String, Envelope)> {
    let mut all = Vec::new();
    for stream in StreamKind::ALL {
        add(&mut all, &format!("open {stream:?}"), &Open { stream });
    }
    let hello = Hello {
        version: Version { major: 1, minor: 0 },
        features: vec![Feature::COMMANDS, Feature(999)],
        software: "hailerd 0.1.0".into(),
    };
    add(&mut all, "hello", &hello);
    add(
        &mut all,
        "refused",
        &Refused {
            code: ErrorCode::VERSION,
            text: "old".into(),
        },
    );
    all.extend(runs());
    all.extend(answers());
    all.extend(keepers());
    let signed = Envelope {
        auth: Auth::Signed(vec![0x55; 5]),
        ..all[0].1.clone()
    };
    all.push(("signed".to_owned(), signed));
    all
}

/// What shells, agents and keepers say to each other beside runs.
#[expect(clippy::too_many_lines, reason = "a flat list of samples")]
fn keepers() -> Vec<(String, Envelope)> {
    let mut all = Vec::new();
    let (run, digest, lease) = (RunId([0x11; 16]), Digest([0x33; 32]), LeaseId([0x22; 16]));
    add(&mut all, "fetch", &Fetch { run, digest });
    add(
        &mut all,
        "run_lease_renew",
        &RunLeaseRenew {
            lease,
            ttl_ms: 30_000,
        },
    );
    add(&mut all, "run_lease_held", &RunLeaseHeld { lease, runs: 3 });
    let kinds = [
        EventKind::Transition,
        EventKind::Intent,
        EventKind::Outcome,
        EventKind::Page,
        EventKind::AgentStarted,
        EventKind::Dropped,
    ];
    let event = |(seq, kind)| Event {
        id: EventId([0x44; 16]),
        seq,
        at: Wall(1_700_000_000_000),
        kind,
        automation: "disk-full".into(),
        key: "/var".into(),
        text: "fires".into(),
    };
    let events = (1..).zip(kinds).map(event).collect();
    add(&mut all, "event_batch", &EventBatch { events });
    add(&mut all, "event_ack", &EventAck { through: 6 });
    let automation = digest;
    add(
        &mut all,
        "fleet_lease_ask",
        &FleetLeaseAsk {
            automation,
            key: "/var".into(),
            attempt: 1,
        },
    );
    add(
        &mut all,
        "fleet_lease_granted",
        &FleetLeaseGranted {
            fencing_token: 7,
            ttl_ms: 60_000,
        },
    );
    let text = "5% per dc".to_owned();
    add(
        &mut all,
        "fleet_lease_denied",
        &FleetLeaseDenied {
            retry_after_ms: 500,
            text,
        },
    );
    add(
        &mut all,
        "fleet_lease_release",
        &FleetLeaseRelease { fencing_token: 7 },
    );
    add(
        &mut all,
        "fleet_lease_renew",
        &FleetLeaseRenew { fencing_token: 7 },
    );
    let key = "/var".to_owned();
    let trigger = Trigger {
        automation,
        key,
        rows: every_value(),
        fencing_token: 7,
        ttl_ms: 60_000,
    };
    add(&mut all, "trigger", &trigger);
    let request = vec![0x30, 0x01, 0x00];
    let ask = EnrolAsk {
        name: NodeName::new("web001").expect("a name"),
        token: Token::from_random([0xa5; 32]),
        request: request.clone(),
    };
    add(&mut all, "enrol_ask", &ask);
    add(&mut all, "renew_ask", &RenewAsk { request });
    let enrolled = Enrolled {
        chain: vec![vec![0x30, 0x02], vec![0x30, 0x03]],
        authorities: vec![vec![0x30, 0x04]],
    };
    add(&mut all, "enrolled", &enrolled);
    add_revocations(&mut all);
    add_bundles(&mut all);
    add_audit(&mut all);
    all
}

fn add_revocations(all: &mut Vec<(String, Envelope)>) {
    let identity: Identity = "spiffe://demo/operator/ann".parse().expect("a name");
    let list = RevocationList {
        version: REVOCATION_VERSION,
        fleet: identity.fleet.clone(),
        number: 7,
        issued_at: Wall(1_700_000_000_000),
        next_update: Wall(1_700_000_600_000),
        revoked: vec![
            Revoked::Certificate {
                identity: identity.clone(),
                serial: vec![1, 2, 3],
            },
            Revoked::Before {
                identity,
                moment: Wall(1_700_000_000_000),
            },
            Revoked::Issuer {
                role: Role::Node,
                serial: vec![4],
            },
        ],
    };
    let signed = |issuer| SignedRevocations {
        list: list.encode().expect("small"),
        issuer,
        signature: vec![8, 9],
    };
    for (name, issuer) in [("authority", None), ("issuer", Some(vec![5, 6]))] {
        let offer = RevocationOffer {
            signed: signed(issuer),
        };
        add(all, &format!("revocation_offer {name}"), &offer);
    }
    let taken = RevocationTaken {
        number: 7,
        is_news: true,
    };
    add(all, "revocation_taken", &taken);
}

fn add_bundles(all: &mut Vec<(String, Envelope)>) {
    let bundle = TrustBundle {
        version: BUNDLE_VERSION,
        fleet: Name::new("demo").expect("valid"),
        number: 7,
        issued_at: Wall(1_700_000_000_000),
        authorities: vec![vec![1, 2], vec![3]],
    };
    let signed = SignedBundle {
        bundle: bundle.encode().expect("small"),
        signature: vec![8, 9],
    };
    add(all, "trust_offer", &TrustOffer { signed });
    let taken = TrustTaken {
        number: 7,
        is_news: true,
    };
    add(all, "trust_taken", &taken);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[test]
fn every_message_has_the_bytes_it_always_had() {
    let golden = std::fs::read_to_string(FILE).unwrap_or_default();
    let mut new = String::new();
    for (name, envelope) in samples() {
        let bytes = hex(&envelope.to_bytes());
        match golden
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{name}: ")))
        {
            Some(expected) => assert_eq!(bytes, expected, "the bytes of `{name}` have changed"),
            None => {
                let _ = writeln!(new, "{name}: {bytes}");
            }
        }
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(FILE, golden + &new).expect("the file can be written");
    } else {
        assert!(new.is_empty(), "no golden bytes yet for:\n{new}");
    }
}

#[test]
fn every_kind_of_message_has_golden_bytes() {
    let kinds: Vec<u16> = samples().iter().map(|(_, e)| e.kind).collect();
    for kind in Kind::ALL {
        assert!(
            kinds.contains(&(*kind as u16)),
            "no sample of {}",
            kind.name()
        );
    }
}

#[test]
fn golden_bytes_decode_to_the_envelopes_they_were_made_of() {
    let mut decoder = Decoder::new();
    let mut seen = Vec::new();
    for (_, envelope) in samples() {
        decoder.feed(&envelope.to_bytes());
        seen.extend(decoder.next_envelope().expect("well formed"));
    }
    let made: Vec<Envelope> = samples().into_iter().map(|(_, e)| e).collect();
    assert_eq!(seen, made);
}

#[test]
fn a_message_cut_anywhere_is_refused_and_never_panics() {
    for (name, envelope) in samples() {
        for at in 0..envelope.body.len() {
            let cut = Envelope {
                body: envelope.body[..at].to_vec(),
                ..envelope.clone()
            };
            assert!(decode_any(&cut).is_err(), "{name} cut at {at}");
        }
        assert!(decode_any(&envelope).is_ok(), "{name}");
    }
}

/// Decodes a body as what its kind says; also the way every fuzz target takes.
fn decode_any(envelope: &Envelope) -> Result<(), String> {
    hailer_protocol::message::decode_any(envelope).map_err(|e| e.to_string())
}
