//! One of every message, as the request zoo sends them.

use hailer_protocol::audit::Head;
use hailer_protocol::automation::{AutomationSet, Control};

use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::countersign::SignedHead;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::{Digest, Link, NodeName, RunId};
use hailer_protocol::message::{
    AuditAsk, AuditCountersign, AuditCountersigned, AuditStands, Batch, Done, EnrolAsk, Enrolled,
    EventAck, EventBatch, Failed, Fetch, FleetLeaseAsk, FleetLeaseDenied, FleetLeaseGranted,
    FleetLeaseRelease, FleetLeaseRenew, Guards, Held, Hello, Kind, Message, Open, Output,
    OutputDigest, Probe, Refused, RenewAsk, RevocationOffer, RevocationTaken, RunLeaseHeld,
    RunLeaseRenew, Sandboxed, Started, StreamKind, Trigger, TrustOffer, TrustTaken, Usage,
};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use hailer_protocol::token::Token;
use hailer_protocol::version::Version;

use crate::support::{LEASE, a_run, shell};

/// Every message with a name: one of each kind, and of kinds whose meaning depends on a choice one of
/// each choice. The compiler names a kind that was forgotten.
pub(super) fn messages() -> Vec<(String, Envelope)> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let name = kind.name();
        if *kind == Kind::Open {
            for stream in StreamKind::ALL {
                all.push((format!("{name} {stream:?}"), enveloped(&Open { stream })));
            }
        } else if *kind == Kind::Run {
            for (of, probe) in probes() {
                all.push((format!("{name} {of}"), enveloped(&a_run(probe))));
            }
        } else {
            all.push((name.to_owned(), one(*kind)));
        }
    }
    let mut unknown = enveloped(&shell("true"));
    unknown.kind = 999;
    all.push(("unknown".to_owned(), unknown));
    let broken = Envelope::new(Kind::Run, vec![0xff; 64]);
    all.push(("run broken".to_owned(), broken));
    all
}

/// A head of no log.
const HEAD: Head = Head {
    seq: 1,
    link: Link([1; 16]),
};

fn probes() -> Vec<(&'static str, Probe)> {
    let all = vec![
        Probe::Shell("true".to_owned()),
        Probe::Argv(vec!["true".to_owned()]),
        Probe::Metric("system.cpu.load_average.1m".to_owned()),
        Probe::Facts(Vec::new()),
        Probe::Runs,
        Probe::Attach(RunId([1; 16])),
        Probe::Cancel(RunId([1; 16])),
        Probe::Each {
            command: "true".to_owned(),
            rows: Vec::new(),
            timeout_ms: None,
            stops_at_failure: false,
        },
        Probe::Audit {
            since: None,
            until: None,
            limit: 1,
        },
        Probe::AuditHead(None),
        Probe::Apply(AutomationSet {
            generation: 1,
            entries: Vec::new(),
            specs: Vec::new(),
        }),
        Probe::Stow(Vec::new()),
        Probe::Automations,
        Probe::Events {
            since: None,
            until: None,
            limit: 1,
        },
        Probe::Control(Control::Resume),
        Probe::Replay {
            spec: Vec::new(),
            over_ms: 1000,
        },
    ];
    let name = |probe: &Probe| match probe {
        Probe::Shell(_) => "shell",
        Probe::Argv(_) => "argv",
        Probe::Metric(_) => "metric",
        Probe::Facts(_) => "facts",
        Probe::Runs => "runs",
        Probe::Attach(_) => "attach",
        Probe::Cancel(_) => "cancel",
        Probe::Each { .. } => "each",
        Probe::Audit { .. } => "audit",
        Probe::AuditHead(_) => "audit head",
        Probe::Apply(_) => "apply",
        Probe::Stow(_) => "stow",
        Probe::Automations => "automations",
        Probe::Events { .. } => "events",
        Probe::Control(_) => "control",
        Probe::Replay { .. } => "replay",
    };
    all.into_iter().map(|p| (name(&p), p)).collect()
}

#[expect(clippy::too_many_lines, reason = "one of each")]
pub(super) fn one(kind: Kind) -> Envelope {
    let text = String::new;
    match kind {
        Kind::Open => enveloped(&Open {
            stream: StreamKind::Request,
        }),
        Kind::Hello => enveloped(&Hello {
            version: Version::OURS,
            features: Vec::new(),
            software: text(),
        }),
        Kind::Refused => enveloped(&Refused::new(ErrorCode::DENIED, "")),
        Kind::Run => enveloped(&shell("true")),
        Kind::Started => enveloped(&Started {
            pid: None,
            again: false,
        }),
        Kind::Output => enveloped(&Output {
            is_stderr: false,
            offset: 0,
            bytes: NodeBytes::default(),
        }),
        Kind::Batch => enveloped(&Batch {
            table: Table::default(),
        }),
        Kind::Done => enveloped(&Done {
            state: State::Ok,
            rc: Some(0),
            wall_us: 0,
            usage: Usage::default(),
            out_bytes: 0,
            err_bytes: 0,
            cut_bytes: 0,
            cut_rows: 0,
            held: Held::default(),
            left_behind: 0,
            notes: Vec::new(),
        }),
        Kind::Failed => enveloped(&Failed::new(ErrorCode::DENIED, "")),
        Kind::OutputDigest => enveloped(&OutputDigest {
            is_stderr: false,
            bytes: 0,
            digest: Digest::of(b""),
        }),
        Kind::Fetch => enveloped(&Fetch {
            run: RunId([1; 16]),
            digest: Digest::of(b""),
        }),
        Kind::Sandboxed => enveloped(&Sandboxed {
            guards: Guards(1),
            by_filter: Guards(0),
        }),
        Kind::RunLeaseRenew => enveloped(&RunLeaseRenew {
            lease: LEASE,
            ttl_ms: 1,
        }),
        Kind::RunLeaseHeld => enveloped(&RunLeaseHeld {
            lease: LEASE,
            runs: 1,
        }),
        Kind::EventBatch => enveloped(&EventBatch { events: Vec::new() }),
        Kind::EventAck => enveloped(&EventAck { through: 1 }),
        Kind::FleetLeaseAsk => enveloped(&FleetLeaseAsk {
            automation: Digest::of(b""),
            key: text(),
            attempt: 1,
        }),
        Kind::FleetLeaseGranted => enveloped(&FleetLeaseGranted {
            fencing_token: 1,
            ttl_ms: 1,
        }),
        Kind::FleetLeaseDenied => enveloped(&FleetLeaseDenied {
            retry_after_ms: 1,
            text: text(),
        }),
        Kind::FleetLeaseRelease => enveloped(&FleetLeaseRelease { fencing_token: 1 }),
        Kind::FleetLeaseRenew => enveloped(&FleetLeaseRenew { fencing_token: 1 }),
        Kind::Trigger => enveloped(&Trigger {
            automation: Digest::of(b""),
            key: text(),
            rows: Table::default(),
            fencing_token: 1,
            ttl_ms: 1,
        }),
        Kind::EnrolAsk => enveloped(&EnrolAsk {
            name: NodeName::new("web1").expect("valid"),
            token: Token::from_random([1; 32]),
            request: vec![1],
        }),
        Kind::RenewAsk => enveloped(&RenewAsk { request: vec![1] }),
        Kind::Enrolled => enveloped(&Enrolled {
            chain: vec![vec![1]],
            authorities: vec![vec![1]],
        }),
        Kind::RevocationOffer => enveloped(&RevocationOffer {
            signed: SignedRevocations {
                list: vec![1],
                issuer: None,
                signature: vec![1],
            },
        }),
        Kind::TrustOffer => enveloped(&TrustOffer {
            signed: SignedBundle {
                bundle: vec![1],
                signature: vec![1],
            },
        }),
        Kind::TrustTaken => enveloped(&TrustTaken {
            number: 1,
            is_news: true,
        }),
        Kind::AuditAsk => enveloped(&AuditAsk {
            kept: None,
            in_full: false,
        }),
        Kind::AuditStands => enveloped(&AuditStands {
            oldest: 1,
            head: HEAD,
            kept: None,
            is_countersigned: false,
            broken: None,
        }),
        Kind::AuditCountersign => enveloped(&AuditCountersign {
            signed: SignedHead {
                statement: vec![1],
                chain: vec![vec![1]],
                signature: vec![1],
            },
        }),
        Kind::AuditCountersigned => enveloped(&AuditCountersigned { head: HEAD }),
        Kind::RevocationTaken => enveloped(&RevocationTaken {
            number: 1,
            is_news: true,
        }),
    }
}

pub(super) fn enveloped<M: Message>(message: &M) -> Envelope {
    message.to_envelope().expect("small")
}
