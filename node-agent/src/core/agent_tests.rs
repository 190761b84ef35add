//! What the agent decides, told as conversations.

use hailer_protocol::clean::NodeBytes;
use hailer_protocol::ids::LeaseId;
use hailer_protocol::message::{Caps, Failed, Output, OutputMode, StreamKind};
use hailer_protocol::policy::Policy;
use hailer_protocol::role::Role;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;

use super::super::papers::{NODE, name, papers, sealed};
use super::*;
use crate::core::Farewell;

const AT: StreamRef = StreamRef { conn: 1, stream: 0 };
const LEASE: LeaseId = LeaseId([9; 16]);

fn now(secs: u64) -> Now {
    Now {
        wall: Wall(0),
        mono: Mono(Duration::from_secs(secs)),
    }
}

fn agent_with(role: Role) -> Agent {
    let mut agent = Agent::new(
        "hailerd test".to_owned(),
        Bounds {
            sessions: 4,
            runs: 2,
            ..Bounds::default()
        },
        Gate {
            fleet: name("demo"),
            node: name(NODE),
            judge: Arc::clone(&papers().judge),
            labels: BTreeMap::new(),
            rules: rules("allow probe\n  to anyone\nallow run as app\n  to anyone\n"),
            revoked: Arc::default(),
        },
    );
    let peer = papers().peer(role);
    agent.handle(now(0), Input::Connected { conn: 1, peer });
    agent
}

fn run(id: u8, probe: Probe, timeout_ms: Option<u64>) -> Run {
    Run {
        run: RunId([id; 16]),
        probe,
        row_plan: RowPlan::default(),
        timeout_ms,
        life: Life::Attached(LEASE),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: 1 << 20,
            rows: 10,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env: Vec::new(),
    }
}

fn shell(id: u8) -> Run {
    run(id, Probe::Shell("uptime".to_owned()), None)
}

fn say<M: Message>(agent: &mut Agent, at: StreamRef, message: &M) -> Vec<Effect> {
    let envelope = message.to_envelope().expect("small");
    agent.handle(now(0), Input::Envelope { at, envelope })
}

fn rules(policy: &str) -> Rules {
    let (policy, mistakes) = Policy::parse(policy);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    Rules::new(Arc::new(policy), false)
}

/// Opens a request stream and asks; returns the effects of the asking.
fn ask(agent: &mut Agent, stream: u64, run: &Run) -> Vec<Effect> {
    let at = StreamRef { conn: 1, stream };
    assert!(
        say(
            agent,
            at,
            &Open {
                stream: StreamKind::Request
            }
        )
        .is_empty()
    );
    let envelope = sealed(run);
    agent.handle(now(0), Input::Envelope { at, envelope })
}

fn ended(id: u8) -> Input {
    let end = RunEnd {
        state: Some(State::Ok),
        rc: Some(0),
        wall: Duration::ZERO,
        bytes: None,
        digests: None,
        failure: None,
    };
    Input::Ended {
        run: RunId([id; 16]),
        end,
    }
}

/// One word an effect, so that a conversation reads as a line.
fn words(effects: &[Effect]) -> String {
    let word = |e: &Effect| match e {
        Effect::Send { envelope, .. } => Kind::from_number(envelope.kind).map_or("?", Kind::name),
        Effect::Finish { .. } => "finish",
        Effect::TellHead { .. } => "tell_head",
        Effect::Countersign { .. } => "countersign",
        Effect::Record(Entry::Authorised { .. }) => "authorised",
        Effect::Record(Entry::Intent { .. }) => "intent",
        Effect::Record(Entry::Outcome { .. }) => "outcome",
        Effect::Record(Entry::Refusal { .. }) => "refusal",
        Effect::Record(Entry::Revocations { .. }) => "list",
        Effect::Close {
            why: Farewell::Revoked,
            ..
        } => "close:revoked",
        Effect::Close {
            why: Farewell::Expired,
            ..
        } => "close:expired",
        Effect::Close {
            why: Farewell::Crowded,
            ..
        } => "close:crowded",
        Effect::Adopt { .. } => "adopt",
        Effect::Record(Entry::Authorities { .. }) => "authorities",
        Effect::Record(Entry::StepIntent { .. }) => "step:intent",
        Effect::Record(Entry::StepOutcome { .. }) => "step:outcome",
        Effect::Note(Entry::Refusal { .. }) => "refusal",
        Effect::Note(Entry::Probe { .. }) => "probe",
        Effect::Note(Entry::Killed { .. }) => "killed",
        Effect::Record(entry) | Effect::Note(entry) => panic!("{entry:?}"),
        Effect::Begin { .. } => "begin",
        Effect::Answer { .. } => "answer",
        Effect::Forget { .. } => "forget",
        Effect::EndOrphan { .. } => "orphan",
        Effect::Kill {
            why: KillReason::Cancelled,
            ..
        } => "kill:cancelled",
        Effect::Kill {
            why: KillReason::Deadline,
            ..
        } => "kill:deadline",
        Effect::Kill {
            why: KillReason::LeaseEnded,
            ..
        } => "kill:lease",
        Effect::Kill {
            why: KillReason::Revoked,
            ..
        } => "kill:revoked",
    };
    effects.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn failure_of(effects: &[Effect]) -> Failed {
    let sent = effects.iter().find_map(|e| {
        let Effect::Send { envelope, .. } = e else {
            return None;
        };
        Failed::from_envelope(envelope).ok()
    });
    sent.expect("a failure was sent")
}

#[test]
fn a_command_is_recorded_before_it_begins_and_after_it_ends() {
    let mut agent = agent_with(Role::Operator);
    assert_eq!(
        words(&ask(&mut agent, 0, &shell(1))),
        "authorised intent begin"
    );
    assert_eq!(words(&agent.handle(now(1), ended(1))), "outcome");
}

#[test]
fn a_probe_without_a_process_is_noted_and_has_no_outcome() {
    let mut agent = agent_with(Role::Operator);
    let metric = run(1, Probe::Metric("load1".to_owned()), None);
    assert_eq!(words(&ask(&mut agent, 0, &metric)), "probe begin");
    assert_eq!(words(&agent.handle(now(1), ended(1))), "");
}

#[test]
fn a_request_that_arrives_twice_runs_once() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    assert_eq!(words(&ask(&mut agent, 4, &shell(1))), "answer");
    agent.handle(now(1), ended(1));
    assert_eq!(words(&ask(&mut agent, 8, &shell(1))), "answer");
}

#[test]
fn who_asks_again_while_it_runs_may_cancel_it() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    ask(&mut agent, 4, &shell(1));
    let at = StreamRef { conn: 1, stream: 4 };
    assert_eq!(
        words(&agent.handle(now(1), Input::Reset { at })),
        "kill:cancelled killed"
    );
}

#[test]
fn a_probe_that_nobody_waits_for_ends_with_its_lease() {
    let mut agent = agent_with(Role::Operator);
    let metric = run(1, Probe::Metric("load1".to_owned()), None);
    ask(&mut agent, 0, &metric);
    agent.handle(now(1), Input::Disconnected { conn: 1 });
    assert_eq!(words(&agent.handle_timeout(now(30))), "kill:lease");
}

#[test]
fn a_request_from_before_a_restart_is_not_run_again() {
    let mut agent = agent_with(Role::Operator);
    let envelope = shell(1).to_envelope().expect("small");
    let digest = request_digest(&papers().peer(Role::Operator).holder, &envelope);
    agent.remember(RunId([1; 16]), digest);
    assert_eq!(words(&ask(&mut agent, 0, &shell(1))), "answer");
}

#[test]
fn a_stolen_run_id_is_refused() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    let other = run(1, Probe::Shell("reboot".to_owned()), None);
    let effects = ask(&mut agent, 4, &other);
    assert_eq!(words(&effects), "refusal failed finish");
    assert_eq!(failure_of(&effects).code, ErrorCode::RUN_ID);
}

#[test]
fn a_reset_cancels_and_a_lost_connection_does_not() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    ask(&mut agent, 4, &shell(2));
    assert_eq!(
        words(&agent.handle(now(1), Input::Reset { at: AT })),
        "kill:cancelled killed"
    );
    assert_eq!(
        words(&agent.handle(now(1), Input::Disconnected { conn: 1 })),
        ""
    );
    assert_eq!(words(&agent.handle_timeout(now(29))), "");
    assert_eq!(words(&agent.handle_timeout(now(30))), "kill:lease killed");
}

#[test]
fn renewals_keep_runs_alive() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    let at = StreamRef { conn: 1, stream: 4 };
    say(
        &mut agent,
        at,
        &Open {
            stream: StreamKind::RunLease,
        },
    );
    let renew = RunLeaseRenew {
        lease: LEASE,
        ttl_ms: 30_000,
    };
    let envelope = renew.to_envelope().expect("small");
    let effects = agent.handle(now(20), Input::Envelope { at, envelope });
    assert_eq!(words(&effects), "run_lease_held");
    assert_eq!(words(&agent.handle_timeout(now(49))), "");
    assert_eq!(words(&agent.handle_timeout(now(50))), "kill:lease killed");
}

#[test]
fn a_detached_run_needs_no_lease() {
    let mut agent = agent_with(Role::Operator);
    let detached = Run {
        life: Life::Detached,
        ..shell(1)
    };
    ask(&mut agent, 0, &detached);
    // What is left to wait for is no run's.
    let due = agent.poll_timeout().map(|(_, why)| why);
    assert_eq!(due, Some("the end of a certificate"));
}

#[test]
fn a_deadline_kills_once_and_says_why() {
    let mut agent = agent_with(Role::Operator);
    ask(
        &mut agent,
        0,
        &run(1, Probe::Shell("sleep 9".to_owned()), Some(2_000)),
    );
    let due = agent.poll_timeout();
    assert_eq!(
        due,
        Some((Mono(Duration::from_secs(2)), "a run's deadline"))
    );
    assert_eq!(words(&agent.handle_timeout(now(2))), "kill:deadline killed");
    assert_eq!(words(&agent.handle_timeout(now(3))), "");
}

#[test]
fn more_runs_than_the_bound_are_told_that_the_node_is_busy() {
    let mut agent = agent_with(Role::Operator);
    ask(&mut agent, 0, &shell(1));
    ask(&mut agent, 4, &shell(2));
    let effects = ask(&mut agent, 8, &shell(3));
    assert_eq!(failure_of(&effects).code, ErrorCode::BUSY);
}

#[test]
fn a_node_that_asks_for_a_run_is_denied_and_the_denial_is_written_down() {
    let mut agent = agent_with(Role::Node);
    let effects = say(
        &mut agent,
        AT,
        &Open {
            stream: StreamKind::Request,
        },
    );
    assert_eq!(words(&effects), "refusal refused finish");
}

#[test]
fn streams_for_what_is_not_served_yet_are_refused_cleanly() {
    for stream in [
        StreamKind::Events,
        StreamKind::FleetLease,
        StreamKind::Trigger,
        StreamKind::Enrol,
    ] {
        let mut agent = agent_with(Role::Keeper);
        assert_eq!(
            words(&say(&mut agent, AT, &Open { stream })),
            "refusal refused finish",
            "{stream:?}"
        );
    }
}

#[test]
fn what_only_agents_send_is_malformed_from_a_peer() {
    let mut agent = agent_with(Role::Operator);
    say(
        &mut agent,
        AT,
        &Open {
            stream: StreamKind::Request,
        },
    );
    let output = Output {
        is_stderr: false,
        offset: 0,
        bytes: NodeBytes(vec![1]),
    };
    let effects = say(&mut agent, AT, &output);
    assert_eq!(failure_of(&effects).code, ErrorCode::MALFORMED);
    assert_eq!(
        words(&say(&mut agent, AT, &shell(1))),
        "",
        "the stream is over"
    );
}

#[test]
fn a_peer_of_another_major_version_is_refused_by_name() {
    let mut agent = agent_with(Role::Operator);
    say(
        &mut agent,
        AT,
        &Open {
            stream: StreamKind::Hello,
        },
    );
    let version = Version { major: 2, minor: 0 };
    let hello = Hello {
        version,
        features: Vec::new(),
        software: String::new(),
    };
    assert_eq!(
        words(&say(&mut agent, AT, &hello)),
        "refusal refused finish"
    );
}

#[test]
fn a_body_that_is_no_message_is_refused_and_nothing_runs() {
    let mut agent = agent_with(Role::Operator);
    say(
        &mut agent,
        AT,
        &Open {
            stream: StreamKind::Request,
        },
    );
    let envelope = Envelope::new(Kind::Run, vec![0xff; 40]);
    let effects = agent.handle(now(0), Input::Envelope { at: AT, envelope });
    assert_eq!(failure_of(&effects).code, ErrorCode::MALFORMED);
}

#[test]
fn a_reading_takes_no_variables_since_they_say_what_its_words_are() {
    for (variable, expected) in [
        (None, "authorised intent begin"),
        (Some("PATH"), "refusal failed finish"),
        (Some("LANG"), "refusal failed finish"),
    ] {
        let mut agent = agent_with(Role::Operator);
        agent.set_rules(rules("allow read as app\n  to anyone\n  command uptime\n"));
        let mut reading = shell(1);
        let value = |name: &str| (name.to_owned(), "/tmp".to_owned());
        reading.env = variable.map(value).into_iter().collect();
        let effects = ask(&mut agent, 0, &reading);
        assert_eq!(words(&effects), expected, "{variable:?}");
    }
}

#[test]
fn a_command_with_a_nul_byte_is_refused_before_it_is_recorded() {
    let mut agent = agent_with(Role::Operator);
    let effects = ask(
        &mut agent,
        0,
        &run(1, Probe::Shell("a\0b".to_owned()), None),
    );
    assert_eq!(words(&effects), "refusal failed finish");
}

#[path = "agent/standing_tests.rs"]
mod standing;

#[path = "agent/trust_tests.rs"]
mod trust_tests;
