//! Signed runs: nothing between operator and node can invent, change, retarget or replay one.

use std::time::Duration;

use hailer_agent::core::Bounds;
use hailer_agent::journal::Journal;
use hailer_agent::state::{State, StateConfig};
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{Name, RunId};
use hailer_protocol::message::{Kind, Probe};
use hailer_protocol::time::Wall;

use crate::support::{Client, End, Node, a_run, sealed, sealed_as, shell};

async fn refused(client: &Client, envelope: &Envelope) -> (ErrorCode, String) {
    let mut asked = client.hand_in(envelope).await;
    let _ = asked.send.finish();
    match asked.answer().await.end {
        End::Failed(failed) => (failed.code, failed.text),
        End::Refused(refused) => (refused.code, refused.text),
        other @ (End::Done(_) | End::Silent) => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_started_or_ended_that_nobody_has_signed() {
    let node = Node::start();
    let client = node.operator().await;
    for probe in [
        Probe::Shell("touch ran".to_owned()),
        Probe::Argv(vec!["touch".to_owned(), "ran".to_owned()]),
        Probe::Each {
            command: "touch ran".to_owned(),
            rows: Vec::new(),
            timeout_ms: None,
            stops_at_failure: false,
        },
        Probe::Cancel(RunId([1; 16])),
        Probe::Attach(RunId([1; 16])),
    ] {
        let answer = client.ask_unsigned(&a_run(probe)).await.answer().await;
        assert_eq!(answer.failed().code, ErrorCode::DENIED, "{answer:?}");
    }
    assert!(!node.path("ran").exists());
    // What changes nothing needs no signature.
    let facts = a_run(Probe::Facts(Vec::new()));
    client.ask_unsigned(&facts).await.answer().await.done();
}

#[tokio::test]
async fn whatever_is_changed_on_the_way_is_refused() {
    let seed = 0x5eed_0010_u64;
    println!("seed {seed:#x}");
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("touch ran");
    let good = sealed(client.signer(), "web1", &run);
    let Auth::Signed(block) = &good.auth else {
        panic!("signed")
    };
    let mut random = seed;
    let mut below = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % n as u64).expect("small")
    };
    for round in 0..2_000 {
        let (mut body, mut auth) = (good.body.clone(), block.clone());
        let bytes = if round % 2 == 0 { &mut body } else { &mut auth };
        let at = below(bytes.len());
        match below(3) {
            0 => bytes[at] ^= 1 << below(8),
            1 => {
                bytes.remove(at);
            }
            _ => bytes.insert(at, u8::try_from(below(256)).expect("a byte")),
        }
        if (&body, &auth) == (&good.body, block) {
            continue;
        }
        let mut changed = Envelope::new(Kind::Run, body);
        changed.auth = Auth::Signed(auth);
        let (code, text) = refused(&client, &changed).await;
        assert_eq!(code, ErrorCode::DENIED, "round {round}: {text}");
    }
    assert!(!node.path("ran").exists());
    client.hand_in(&good).await.answer().await.done();
    assert!(node.path("ran").exists());
}

#[tokio::test]
async fn a_signature_is_for_one_node_one_fleet_one_operator_and_one_time() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("touch ran");
    let name = |text: &str| Name::new(text).expect("valid");
    let hour = Duration::from_secs(3600);
    let other_node = sealed(client.signer(), "web2", &run);
    let (_, text) = refused(&client, &other_node).await;
    assert!(text.contains("not what was signed"), "{text}");
    let signer = client.signer();
    type Change = Box<dyn FnOnce(&mut hailer_protocol::signing::Statement)>;
    let changes: Vec<(&str, Change)> = vec![
        (
            "signed until",
            Box::new(move |s| {
                s.issued_at = Wall(s.issued_at.0 - 3 * 3_600_000);
                s.not_after = s.issued_at + hour;
            }),
        ),
        (
            "signed at",
            Box::new(move |s| {
                s.issued_at = s.issued_at + hour;
                s.not_after = s.issued_at + hour;
            }),
        ),
        (
            "24 h",
            Box::new(move |s| s.not_after = s.issued_at + hour * 25),
        ),
        ("the run", Box::new(|s| s.run = RunId([0xee; 16]))),
        (
            "the grant `probe`",
            Box::new(|s| s.action.grant = Grant::Probe),
        ),
        (
            "the command",
            Box::new(|s| s.action.command.text.push_str(" # reviewed")),
        ),
    ];
    for (expected, change) in changes {
        let envelope = sealed_as(signer, "web1", &run, change);
        let (code, text) = refused(&client, &envelope).await;
        assert_eq!(code, ErrorCode::DENIED, "{expected}: {text}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(signer.holder().identity.name != name("bob"));
    assert!(!node.path("ran").exists());
}

#[tokio::test]
async fn an_operator_may_hand_in_what_another_signed_and_it_stays_the_others() {
    // What a relay does: the signature counts, not the connection.
    let node = Node::start();
    let ann = node.operator_called("ann").await;
    let bob = node.operator_called("bob").await;
    let run = shell("echo x >> count");
    let envelope = sealed(ann.signer(), "web1", &run);
    bob.hand_in(&envelope).await.answer().await.done();
    // And it is once for whoever hands it in.
    for client in [&ann, &bob, &ann] {
        client.hand_in(&envelope).await.answer().await.done();
    }
    assert_eq!(node.read("count"), "x\n");
}

#[tokio::test]
async fn a_signature_that_was_used_is_spent_also_after_a_restart() {
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    let journal = || {
        let state = State::open(&dir.path().join("state"), StateConfig::default(), Wall(0));
        Journal::open(state.expect("sound")).expect("readable")
    };
    let line = format!("echo x >> {}", dir.path().join("count").display());
    let count = || std::fs::read_to_string(dir.path().join("count")).unwrap_or_default();

    let node = Node::keeping(journal(), Bounds::default(), None);
    let client = node.operator().await;
    let first = shell(&line);
    let envelope = sealed(client.signer(), "web1", &first);
    client.hand_in(&envelope).await.answer().await.done();
    // Another run in the same signature: the nonce is what is spent.
    let Auth::Signed(block) = &envelope.auth else {
        panic!("signed")
    };
    let block = hailer_protocol::signing::SignedBlock::decode(block).expect("ours");
    let spent = hailer_protocol::signing::Statement::decode(&block.statement).expect("ours");
    let second = shell(&line);
    let again = sealed_as(client.signer(), "web1", &second, |s| s.nonce = spent.nonce);
    let (code, text) = refused(&client, &again).await;
    assert_eq!(
        (code, text.contains("used before")),
        (ErrorCode::DENIED, true)
    );
    let pki = node.stop().await;

    let node = Node::keeping_with(pki, journal(), Bounds::default(), None);
    let client = node.operator().await;
    for envelope in [&envelope, &again] {
        for _ in 0..20 {
            let mut asked = client.hand_in(envelope).await;
            let _ = asked.send.finish();
            let answer = asked.answer().await;
            assert!(!matches!(answer.end, End::Done(_)), "{answer:?}");
        }
    }
    assert_eq!(count(), "x\n");
}

#[tokio::test]
async fn whatever_is_sent_again_over_reconnects_and_restarts_was_carried_out_once() {
    // 10,000 times with HAILER_LONG=1.
    let is_long = std::env::var_os("HAILER_LONG").is_some();
    let (restarts, reconnects, sendings) = if is_long { (20, 10, 50) } else { (3, 2, 4) };
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    let journal = || {
        let state = State::open(&dir.path().join("state"), StateConfig::default(), Wall(0));
        Journal::open(state.expect("sound")).expect("readable")
    };
    let file = dir.path().join("ran").display().to_string();
    let mut envelopes = Vec::new();
    let (mut pki, mut n_again) = (None, 0);
    for life in 0..restarts {
        let node = match pki.take() {
            None => Node::keeping(journal(), Bounds::default(), None),
            Some(pki) => Node::keeping_with(pki, journal(), Bounds::default(), None),
        };
        for connection in 0..reconnects {
            let client = node.operator().await;
            if connection == 0 {
                let run = shell(&format!("echo {life} >> {file}"));
                let envelope = sealed(client.signer(), "web1", &run);
                client.hand_in(&envelope).await.answer().await.done();
                envelopes.push(envelope);
            }
            for nth in 0..sendings {
                // Those of this life and of all earlier ones in turn.
                let envelope = &envelopes[(nth + connection) % envelopes.len()];
                let mut asked = client.hand_in(envelope).await;
                let _ = asked.send.finish();
                assert!(!matches!(asked.answer().await.end, End::Silent));
                n_again += 1;
            }
        }
        pki = Some(node.stop().await);
    }
    let expected: String = (0..restarts).map(|life| format!("{life}\n")).collect();
    let ran = std::fs::read_to_string(&file).expect("it ran");
    assert_eq!(ran, expected, "{n_again} were sent again");
    assert_eq!(n_again, restarts * reconnects * sendings);
}
