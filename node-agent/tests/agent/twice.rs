//! The same request twice: one run, and everybody is told how it ended.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::Probe;
use hailer_protocol::state::State;

use crate::support::{End, Mark, Node, shell};

const ONCE: &str = "echo x >> count; echo ready; while [ ! -e go ]; do sleep 0.01; done; echo done";

#[tokio::test]
async fn a_request_that_arrives_twice_runs_once_and_both_are_answered() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell(ONCE);
    let mut first = client.ask(&run).await;
    first.hears("ready\n").await;
    let second = client.ask(&run).await;
    // Over another connection, as after a change of networks.
    let third = node.operator().await.ask(&run).await;
    node.touch("go");
    let first = first.answer().await;
    for again in [second, third, client.ask(&run).await] {
        let answer = again.answer().await;
        assert!(answer.started.as_ref().is_some_and(|s| s.again));
        assert_eq!(answer.out_text(), "ready\ndone\n");
        assert_eq!(answer.done(), first.done());
    }
    assert_eq!(node.read("count"), "x\n");
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_runs() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("echo x >> count; echo done");
    let mut asked = Vec::new();
    for _ in 0..16 {
        asked.push(client.ask(&run).await);
    }
    let mut n_first = 0;
    for asked in asked {
        let answer = asked.answer().await;
        assert_eq!(answer.out_text(), "done\n");
        n_first += usize::from(answer.started.is_some_and(|s| !s.again));
    }
    assert_eq!((n_first, node.read("count").as_str()), (1, "x\n"));
}

#[tokio::test]
async fn another_request_under_a_known_id_is_refused_and_not_run() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("true");
    client.run(&run).await.done();
    let mut other = run.clone();
    other.probe = Probe::Shell("touch stolen".to_owned());
    let answer = client.run(&other).await;
    assert_eq!(answer.failed().code, ErrorCode::RUN_ID);
    let mut slower = run;
    slower.timeout_ms = None;
    let answer = client.run(&slower).await;
    assert_eq!(
        answer.failed().code,
        ErrorCode::RUN_ID,
        "any difference counts"
    );
    assert!(!node.path("stolen").exists());
}

#[tokio::test]
async fn who_asks_again_can_cancel_what_another_connection_began() {
    let node = Node::start();
    let mark = Mark::new();
    let run = mark.on(shell("echo ready; sleep 1000"));
    let client = node.operator().await;
    let mut first = client.ask(&run).await;
    first.hears("ready\n").await;
    client.leave().await;
    let client = node.operator().await;
    let mut again = client.ask(&run).await;
    // What came after it has been read, so it has been read.
    assert_eq!(client.out_of("echo here").await, "here\n");
    again.cancel();
    let answer = again.answer().await;
    assert_eq!(answer.done().state, State::Cancelled);
    assert!(mark.alive().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_no_longer_held_is_not_made_up_and_not_run_again() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("echo x >> count");
    client.run(&run).await.done();
    for _ in 0..40 {
        client.run(&shell("true")).await.done();
    }
    let answer = client.run(&run).await;
    assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
    assert_eq!(node.read("count"), "x\n");
}

#[tokio::test]
async fn of_a_long_answer_the_beginning_is_kept_and_the_rest_is_counted() {
    let node = Node::start();
    let client = node.operator().await;
    let run = shell("head -c 200000 /dev/zero");
    let first = client.run(&run).await;
    assert_eq!((first.out.len(), first.done().cut_bytes), (200_000, 0));
    let again = client.run(&run).await;
    let done = again.done();
    assert_eq!(again.out.len() as u64 + done.cut_bytes, 200_000);
    assert!(!again.out.is_empty() && done.cut_bytes > 0);
    assert!(matches!(again.end, End::Done(_)));
}
