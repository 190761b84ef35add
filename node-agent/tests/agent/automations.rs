//! Automations on a real agent: they watch, act, clear and are told of, with nobody connected.

use std::path::Path;
use std::time::Duration;

use hailer_agent::journal::Journal;
use hailer_agent::state::{State, StateConfig};
use hailer_protocol::automation::{
    AutomationName, AutomationSet, AutomationSpec, Clear, Collect, Condition, Control, Deed, Hold,
    Limits, Mode, Muted, NodeCondition, Offline, SetEntry, Storm,
};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::Digest;
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::row_plan::{ParseAs, RowPlan, RowStep};
use hailer_protocol::time::Wall;
use hailer_protocol::value::Value;

use crate::support::{Answer, Client, Node, Pki, a_run, own_rules, own_user, rules, sealed_as};

/// Lines of a file are patients; `high NAME` is ill.
fn spec(dir: &Path, deed: &str) -> AutomationSpec {
    let level = dir.join("level");
    AutomationSpec {
        name: AutomationName::new("too-high").expect("a name"),
        source: "automation too-high\n".to_owned(),
        on: "@all".to_owned(),
        version: None,
        every: Duration::from_secs(1),
        when: Condition::Node(NodeCondition {
            probe: Probe::Shell(format!("cat {}", level.display())),
            plan: RowPlan {
                steps: vec![
                    RowStep::Parse(ParseAs::Regex(
                        "^(?P<level>\\w+) (?P<what>\\w+)$".to_owned(),
                    )),
                    RowStep::Where(Expr::Binary(
                        BinaryOp::Eq,
                        Box::new(Expr::Column("level".to_owned())),
                        Box::new(Expr::Literal(Value::from("high"))),
                    )),
                ],
            },
            timeout: Duration::from_secs(10),
        }),
        key: vec!["what".to_owned()],
        fire: Hold::ONCE,
        clear: Clear {
            expr: None,
            hold: Hold::ONCE,
        },
        collect: vec![Collect {
            command: "echo evidence of $row_what".to_owned(),
            timeout: Duration::from_secs(10),
        }],
        deeds: vec![Deed {
            command: deed.to_owned(),
            timeout: Duration::from_secs(10),
            run_as: None,
            is_repeatable: false,
        }],
        verify: Duration::from_secs(30),
        limits: Limits {
            rates: Vec::new(),
            attempts: 1,
            shares: Vec::new(),
            at_once: Vec::new(),
            offline: Offline::Hold,
        },
        storm: Storm {
            basis_points: 0,
            within: Duration::from_secs(60),
            at_least: 1,
        },
        escalate: Vec::new(),
        mode: Mode::Act,
        owner: Some("ann".to_owned()),
        runbook: None,
        note: String::new(),
    }
}

/// What cures a patient: its line says `low` from now on.
fn cure(dir: &Path) -> String {
    let level = dir.join("level");
    let level = level.display();
    format!(
        "echo \"$row_what $HAILER_KEY\" >> {level}.done; sed -i \"s/high $row_what/low $row_what/\" {level}"
    )
}

fn set(generation: u64, specs: &[AutomationSpec], sends: bool) -> AutomationSet {
    let bytes = |s: &AutomationSpec| s.to_bytes().expect("small");
    AutomationSet {
        generation,
        entries: specs
            .iter()
            .map(|s| SetEntry {
                name: s.name.clone(),
                version: Digest::of(&bytes(s)),
            })
            .collect(),
        specs: specs.iter().filter(|_| sends).map(bytes).collect(),
    }
}

async fn signed(client: &Client, probe: Probe) -> Answer {
    let run: Run = a_run(probe);
    let envelope = sealed_as(client.signer(), "web1", &run, |statement| {
        statement.action.grant = Grant::Automate;
        statement.reason = Some("a test".to_owned());
    });
    let mut asked = client.hand_in(&envelope).await;
    let _ = asked.send.finish();
    asked.answer().await
}

fn may_automate() -> hailer_agent::core::Rules {
    own_rules(&format!("allow automate as {}\n  to anyone\n", own_user()))
}

/// Asks for events until one is there that `is_it`; each row is event, key and text.
async fn wait_for(client: &Client, event: &str, key: &str) -> Vec<(String, String, String)> {
    let probe = Probe::Events {
        since: None,
        until: None,
        limit: 1000,
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let rows = client.run(&a_run(probe.clone())).await.rows();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (text(&row[2]), text(&row[4]), text(&row[10])))
            .collect();
        if told.iter().any(|(e, k, _)| e == event && k == key) {
            return told;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no {event} of {key}: {told:#?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn state(dir: &Path) -> Journal {
    let state = State::open(dir, StateConfig::default(), Wall(0)).expect("a state directory");
    Journal::open(state).expect("a journal")
}

#[tokio::test]
async fn an_automation_finds_its_patients_cures_each_once_and_tells_all_of_it() {
    let node = Node::ruled(may_automate());
    let client = node.operator().await;
    std::fs::write(node.path("level"), "high one\nlow two\nhigh three\n").expect("written");
    let specs = [spec(&node.dir(), &cure(&node.dir()))];
    let answer = signed(&client, Probe::Apply(set(1, &specs, true))).await;
    answer.done();
    assert_eq!(answer.rows().len(), 1, "one was added");
    for key in ["one", "three"] {
        let told = wait_for(&client, "ended", key).await;
        let of_key: Vec<&str> = told
            .iter()
            .filter(|(_, k, _)| k == key)
            .map(|(event, ..)| event.as_str())
            .collect();
        let at = |event: &str| of_key.iter().position(|e| *e == event);
        assert!(at("evidence") < at("intent"), "{of_key:?}");
        assert!(at("intent") < at("ended"), "{of_key:?}");
    }
    let told = wait_for(&client, "turned", "three").await;
    let evidence = told.iter().find(|(e, k, _)| e == "evidence" && k == "one");
    assert!(
        evidence.is_some_and(|(.., text)| text.contains("evidence of one")),
        "{told:#?}"
    );
    let mut done: Vec<String> = node.read("level.done").lines().map(str::to_owned).collect();
    done.sort();
    assert_eq!(done, ["one one", "three three"]);
    let rows = client.run(&a_run(Probe::Automations)).await.rows();
    assert!(rows.iter().all(|row| row[0] == Value::from("too-high")));
    let audit = Probe::Audit {
        since: None,
        until: None,
        limit: 1000,
    };
    let audit = client.run(&a_run(audit)).await.rows();
    let starts = audit.iter().filter(|row| {
        row[2] == Value::from("started") && row[3] == Value::from("automation/too-high")
    });
    assert_eq!(
        starts.count(),
        2,
        "the audit tells of deeds as of any command"
    );
}

#[tokio::test]
async fn what_is_in_force_outlives_the_agent_and_a_pause_does_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let outside = tempfile::tempdir().expect("a directory");
    let (specs, pki): (Vec<AutomationSpec>, Pki) = {
        let node = Node::ruled_keeping(state(dir.path()), may_automate());
        let client = node.operator().await;
        std::fs::write(outside.path().join("level"), "low one\n").expect("written");
        let specs = vec![spec(outside.path(), &cure(outside.path()))];
        signed(&client, Probe::Apply(set(7, &specs, true)))
            .await
            .done();
        signed(&client, Probe::Control(Control::Pause { until: None }))
            .await
            .done();
        client.leave().await;
        (specs, node.stop().await)
    };
    std::fs::write(outside.path().join("level"), "high one\n").expect("written");
    let node = Node::made_again(pki, state(dir.path()), may_automate());
    let client = node.operator().await;
    let told = wait_for(&client, "held", "one").await;
    assert!(
        told.iter()
            .any(|(e, k, text)| e == "held" && k == "one" && text.contains("paused")),
        "{told:#?}"
    );
    assert!(!outside.path().join("level.done").exists());
    // An older set cannot bring back what was changed since, nor another one take its number.
    for (generation, specs) in [(6, specs.as_slice()), (7, &[])] {
        let refused = signed(&client, Probe::Apply(set(generation, specs, true))).await;
        assert_eq!(refused.failed().code, ErrorCode::MALFORMED, "{refused:?}");
    }
    signed(&client, Probe::Control(Control::Resume))
        .await
        .done();
    wait_for(&client, "ended", "one").await;
    // The texts are here: a set of the next number need not send them again.
    signed(&client, Probe::Apply(set(8, &specs, false)))
        .await
        .done();
}

#[tokio::test]
async fn nothing_is_put_in_force_that_the_owner_does_not_allow_or_the_node_cannot_read() {
    let only_run = Node::ruled(own_rules(""));
    let client = only_run.operator().await;
    let specs = [spec(&only_run.dir(), "true")];
    let denied = signed(&client, Probe::Apply(set(1, &specs, true))).await;
    assert_eq!(denied.failed().code, ErrorCode::DENIED);

    let node = Node::ruled(may_automate());
    let client = node.operator().await;
    let mut of_root = spec(&node.dir(), "true");
    of_root.deeds[0].run_as = Some("somebody-else".to_owned());
    let mut broken = set(1, &[spec(&node.dir(), "true")], true);
    broken.specs[0].push(0);
    let twice = [spec(&node.dir(), "true"), spec(&node.dir(), "false")];
    for (what, set, code) in [
        (
            "a user that is not allowed",
            set(1, &[of_root], true),
            ErrorCode::DENIED,
        ),
        (
            "a text that is not here",
            set(1, &specs, false),
            ErrorCode::MALFORMED,
        ),
        ("a text of another hash", broken, ErrorCode::MALFORMED),
        (
            "two of one name",
            set(1, &twice, true),
            ErrorCode::MALFORMED,
        ),
    ] {
        let refused = signed(&client, Probe::Apply(set)).await;
        assert_eq!(refused.failed().code, code, "{what}: {refused:?}");
    }
    let muted = Muted {
        automation: AutomationName::new("unknown").expect("a name"),
        key: None,
    };
    let refused = signed(
        &client,
        Probe::Control(Control::Mute {
            of: muted,
            until: None,
        }),
    )
    .await;
    assert!(refused.failed().text.contains("unknown"), "{refused:?}");
    assert!(
        client
            .run(&a_run(Probe::Automations))
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn a_policy_that_changes_stops_deeds_that_were_allowed_before() {
    let node = Node::ruled(may_automate());
    let client = node.operator().await;
    std::fs::write(node.path("level"), "low one\n").expect("written");
    let specs = [spec(&node.dir(), &cure(&node.dir()))];
    signed(&client, Probe::Apply(set(1, &specs, true)))
        .await
        .done();
    let readable = format!(
        "allow probe\n  to anyone\nallow automate as {}\n  to bob\n",
        own_user()
    );
    node.host.set_rules(rules(&readable));
    std::fs::write(node.path("level"), "high one\n").expect("written");
    let told = wait_for(&client, "no_data", "").await;
    assert!(
        told.iter()
            .any(|(e, _, text)| e == "no_data" && text.contains("it is for bob")),
        "not even its condition is run: {told:#?}"
    );
    assert!(!node.path("level.done").exists());
}

#[tokio::test]
async fn a_deed_that_hangs_is_killed_at_its_time_with_all_that_it_started() {
    let node = Node::ruled(may_automate());
    let client = node.operator().await;
    std::fs::write(node.path("level"), "high one\n").expect("written");
    let mut hangs = spec(&node.dir(), "sleep 1000 & echo $! > child; sleep 1000");
    hangs.deeds[0].timeout = Duration::from_secs(1);
    hangs.verify = Duration::from_secs(1);
    signed(&client, Probe::Apply(set(1, &[hangs], true)))
        .await
        .done();
    let told = wait_for(&client, "ended", "one").await;
    assert!(
        told.iter()
            .any(|(e, _, text)| e == "ended" && text.contains("timeout")),
        "{told:#?}"
    );
    let child = node.read("child");
    assert!(
        !Path::new("/proc").join(child.trim()).exists(),
        "the tree is gone"
    );
    wait_for(&client, "escalated", "one").await;
}
