//! Detached runs: they outlive their asker, are found again by their operator and by nobody else.

use std::time::Duration;

use hailer_agent::core::Bounds;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Life, OutputMode, Probe, Run};
use hailer_protocol::signing::Nonce;
use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use crate::support::{Client, Mark, Node, a_run, new_run_id, rules, sealed_as, shell, until};

/// A line whose asker waits for its beginning alone.
fn detached(line: &str) -> Run {
    Run {
        life: Life::Detached,
        output: OutputMode::Kept,
        timeout_ms: None,
        ..shell(line)
    }
}

fn about(probe: Probe) -> Run {
    Run {
        life: Life::Detached,
        ..a_run(probe)
    }
}

fn attach(run: RunId) -> Run {
    about(Probe::Attach(run))
}

fn cancel(run: RunId) -> Run {
    about(Probe::Cancel(run))
}

/// Returns what the list says of the runs: id, state, rc.
async fn listed(client: &Client) -> Vec<(String, String, Value)> {
    let answer = client.run(&a_run(Probe::Runs)).await;
    assert_eq!(answer.done().state, State::Ok);
    let table = &answer.batches.first().expect("columns at least").table;
    let column = |name| table.index_of(name).expect("it is a column");
    let (run, state, rc) = (column("run"), column("run_state"), column("run_rc"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let rows = answer.rows().into_iter();
    rows.map(|r| (text(&r[run]), text(&r[state]), r[rc].clone()))
        .collect()
}

#[tokio::test]
async fn who_lost_every_right_may_end_a_run_and_learns_nothing_of_it() {
    let node = Node::start();
    let client = node.operator().await;
    let run = detached("echo secret; while :; do sleep 1; done");
    client.run(&run).await;
    let probes = rules("allow probe\n  to anyone\n");
    for (kept, is_answered) in [
        (rules("allow probe\n  to bob\n"), false),
        (
            rules("allow probe\n  to anyone\ndeny probe\n  to anyone\n"),
            false,
        ),
        (rules(""), false),
        (probes, true),
    ] {
        node.host.set_rules(kept);
        let asked = client.ask(&attach(run.run)).await;
        if is_answered {
            // It waits for the run's end.
            drop(asked);
            continue;
        }
        let answer = asked.answer().await;
        assert_eq!(answer.failed().code, ErrorCode::DENIED);
        assert!(answer.failed().text.contains("`cancel`"), "{answer:?}");
        assert!(answer.out.is_empty());
    }
    node.host.set_rules(rules(""));
    let ended = client.run(&cancel(run.run)).await;
    assert_eq!(ended.done().state, State::Cancelled);
}

#[tokio::test]
async fn a_detached_run_is_answered_when_it_runs_and_its_answer_is_there_for_later() {
    let node = Node::start();
    let run = detached("echo out; echo err >&2; while [ ! -e go ]; do sleep 0.01; done; exit 3");
    let client = node.operator().await;
    let launched = client.run(&run).await;
    assert!(launched.started.is_some_and(|s| s.pid.is_some()));
    assert_eq!(launched.out, b"");
    let id = run.run.to_string();
    let running = (id.clone(), "running".to_owned(), Value::Null);
    assert_eq!(listed(&client).await, [running]);
    client.leave().await;

    let client = node.operator().await;
    let waiting = client.ask(&attach(run.run)).await;
    node.touch("go");
    let answer = waiting.answer().await;
    assert_eq!(
        (answer.done().state, answer.done().rc),
        (State::Failed, Some(3))
    );
    assert_eq!(
        (answer.out.as_slice(), answer.err.as_slice()),
        (&b"out\n"[..], &b"err\n"[..])
    );
    let again = client.run(&attach(run.run)).await;
    assert_eq!((again.out, again.end), (answer.out, answer.end));
    let ended = (id, "failed".to_owned(), Value::Int(3));
    assert_eq!(listed(&client).await, [ended]);
}

#[tokio::test]
async fn nobody_but_its_operator_sees_a_detached_run_or_ends_it() {
    let node = Node::start();
    let mark = Mark::new();
    let run = mark.on(detached("sleep 1000"));
    node.operator().await.run(&run).await.done();
    let other = node.operator_called("bob").await;
    assert_eq!(listed(&other).await, []);
    for ask in [attach(run.run), cancel(run.run)] {
        let answer = other.run(&ask).await;
        assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
        assert!(answer.failed().text.contains("of yours"), "{answer:?}");
    }
    assert!(!mark.alive().is_empty(), "it runs on");
    let answer = node.operator().await.run(&cancel(run.run)).await;
    assert_eq!(answer.done().state, State::Cancelled);
    assert!(mark.alive().is_empty());
}

/// Hands in what is signed with a nonce that was used before; returns why it is refused.
async fn hand_in_spent(client: &Client, run: &Run) -> String {
    let nonce = Nonce(new_run_id().0);
    let sealed = |run: &Run| sealed_as(client.signer(), "web1", run, |s| s.nonce = nonce);
    let first = client.hand_in(&sealed(&shell("true"))).await;
    first.answer().await.done();
    let refused = client.hand_in(&sealed(run)).await.answer().await;
    assert_eq!(refused.failed().code, ErrorCode::DENIED);
    refused.failed().text.clone()
}

#[tokio::test]
async fn a_cancel_that_cannot_be_written_down_ends_the_run_all_the_same() {
    let node = Node::start();
    let mark = Mark::new();
    let run = mark.on(detached("sleep 1000"));
    let client = node.operator().await;
    client.run(&run).await.done();
    let why = hand_in_spent(&client, &cancel(run.run)).await;
    assert!(why.contains("used before"), "{why}");
    until("the run's end", || mark.alive().is_empty()).await;
    let answer = client.run(&attach(run.run)).await;
    assert_eq!(answer.done().state, State::Cancelled);
}

#[tokio::test]
async fn a_request_about_a_run_that_is_refused_leaves_the_run_of_its_own_id_alone() {
    let node = Node::start();
    let mark = Mark::new();
    let theirs = mark.on(detached("sleep 1000"));
    let bob = node.operator_called("bob").await;
    bob.run(&theirs).await.done();
    let client = node.operator().await;
    let own = detached("true");
    client.run(&own).await.done();
    let borrowed = Run {
        run: theirs.run,
        ..attach(own.run)
    };
    hand_in_spent(&client, &borrowed).await;
    assert_eq!(listed(&bob).await[0].1, "running");
    let ended = bob.run(&cancel(theirs.run)).await;
    assert_eq!(ended.done().state, State::Cancelled);
    assert!(mark.alive().is_empty());
}

#[tokio::test]
async fn a_cancel_ends_the_whole_tree_and_tells_what_was_written_until_then() {
    let node = Node::start();
    let mark = Mark::new();
    let tree = "(setsid sleep 1000 &); setsid sh -c 'trap \"\" TERM; sleep 1001' & \
                echo before; sleep 1002";
    let run = mark.on(detached(tree));
    let client = node.operator().await;
    client.run(&run).await.done();
    until("the tree", || mark.alive().len() >= 4).await;
    let first = client.ask(&cancel(run.run)).await;
    let second = node.operator().await.ask(&cancel(run.run)).await;
    for answer in [first.answer().await, second.answer().await] {
        assert_eq!(answer.done().state, State::Cancelled);
        assert_eq!(answer.out_text(), "before\n");
    }
    assert_eq!(mark.alive(), Vec::<i32>::new());
    assert_eq!(listed(&client).await[0].1, "cancelled");
}

#[tokio::test]
async fn who_waits_for_a_detached_run_may_go_and_may_end_it() {
    let node = Node::start();
    let mark = Mark::new();
    let run = mark.on(detached("echo ready; sleep 1000"));
    let client = node.operator().await;
    client.run(&run).await.done();
    let mut waiting = client.ask(&attach(run.run)).await;
    // One that only stops listening says nothing more and finishes its half.
    waiting.send.finish().expect("open");
    drop(waiting);
    client.leave().await;
    let client = node.operator().await;
    assert_eq!(client.out_of("echo here").await, "here\n");
    assert!(!mark.alive().is_empty(), "it runs on");
    let mut waiting = client.ask(&attach(run.run)).await;
    assert_eq!(client.out_of("echo here").await, "here\n");
    waiting.cancel();
    assert_eq!(waiting.answer().await.done().state, State::Cancelled);
    assert!(mark.alive().is_empty());
}

#[tokio::test]
async fn a_detached_run_keeps_its_deadline() {
    let node = Node::start();
    let mark = Mark::new();
    let mut run = mark.on(detached("sleep 1000"));
    run.timeout_ms = Some(50);
    let client = node.operator().await;
    client.run(&run).await.done();
    let answer = client.run(&attach(run.run)).await;
    assert_eq!(answer.done().state, State::TimedOut);
    assert!(mark.alive().is_empty());
}

#[tokio::test]
async fn what_cannot_be_started_is_said_at_once_and_later() {
    let node = Node::start();
    let client = node.operator().await;
    let run = Run {
        probe: Probe::Argv(vec!["/no/such/program".to_owned()]),
        ..detached("")
    };
    assert_eq!(client.run(&run).await.failed().code, ErrorCode::SPAWN);
    assert_eq!(
        client.run(&attach(run.run)).await.failed().code,
        ErrorCode::SPAWN
    );
    assert_eq!(listed(&client).await[0].1, "failed");

    let slow = Node::with(Bounds::default(), Some(Duration::from_secs(3600)));
    let client = slow.operator().await;
    let mut run = detached("touch begun");
    run.timeout_ms = Some(50);
    let launched = client.run(&run).await;
    assert_eq!(launched.done().state, State::TimedOut, "it never began");
}

#[tokio::test]
async fn of_a_long_answer_the_beginning_is_kept_and_the_rest_is_counted() {
    let node = Node::start();
    let client = node.operator().await;
    let mut run = detached("head -c 3000000 /dev/zero; echo end >&2");
    run.caps.output_bytes = u64::MAX;
    client.run(&run).await.done();
    let answer = client.run(&attach(run.run)).await;
    let done = answer.done();
    assert_eq!((answer.out.len(), done.out_bytes), (1 << 20, 3_000_000));
    assert_eq!(done.cut_bytes, 3_000_004 - (1 << 20));
}

#[tokio::test]
async fn output_is_kept_of_detached_commands_alone_and_an_unknown_run_is_said_to_be_one() {
    let node = Node::start();
    let client = node.operator().await;
    let attached = Run {
        output: OutputMode::Kept,
        ..shell("true")
    };
    let probe = Run {
        probe: Probe::Runs,
        ..detached("")
    };
    for run in [attached, probe] {
        assert_eq!(client.run(&run).await.failed().code, ErrorCode::MALFORMED);
    }
    for ask in [attach(new_run_id()), cancel(new_run_id())] {
        let answer = client.run(&ask).await;
        assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
        assert_eq!(answer.failed().code.state(), State::Lost);
    }
}
