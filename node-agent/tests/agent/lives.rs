//! How long a command lives: cancels, deadlines, leases, lost connections; and that nothing of it
//! is left then.

use std::time::Duration;

use hailer_agent::core::Bounds;
use hailer_protocol::message::{Life, Open, Probe, RunLeaseHeld, RunLeaseRenew, StreamKind};
use hailer_protocol::state::State;

use crate::support::{Asked, Client, LEASE, Mark, Node, a_run, bytes_of, shell, until};

/// Children, grandchildren, and some that left the session, one of which minds no SIGTERM.
const TREE: &str = "setsid sh -c 'sleep 1000 & sleep 1001 & wait' & (sleep 1002 & sleep 1003 &); \
                    setsid sh -c 'trap \"\" TERM; (sleep 1004 &); echo ready; sleep 1005' & ";

/// A lease is never the reason in tests that do not wait for its end.
fn short_leases(millis: u64) -> Node {
    Node::bounded(Bounds {
        run_lease: Duration::from_millis(millis),
        ..Bounds::default()
    })
}

#[tokio::test]
async fn a_cancel_ends_endless_output_and_the_whole_tree() {
    let node = Node::start();
    let mark = Mark::new();
    let mut run = mark.on(shell(&format!("{TREE} sleep 0.1; yes")));
    run.caps.output_bytes = u64::MAX;
    let mut asked = node.operator().await.ask(&run).await;
    asked.hears("ready\n").await;
    let mut seen = 0;
    while seen < 1 << 20 {
        seen += asked.next().await.expect("it is endless").body.len();
    }
    assert!(mark.alive().len() >= 6, "the tree is there");
    asked.cancel();
    let answer = asked.answer().await;
    assert_eq!(answer.done().state, State::Cancelled);
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_deadline_ends_the_whole_tree() {
    let node = Node::start();
    let mark = Mark::new();
    let mut run = mark.on(shell(&format!("{TREE} wait")));
    run.timeout_ms = Some(400);
    let answer = node.operator().await.run(&run).await;
    let done = answer.done();
    assert_eq!(done.state, State::TimedOut);
    // The deadline counts from the request: how long the process lasted depends on when it began.
    assert!(done.rc.is_some(), "{done:?}");
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_deadline_that_comes_before_the_process_ends_it_all_the_same() {
    let node = Node::start();
    let client = node.operator().await;
    for ms in [0, 0, 1, 1, 2, 3, 4, 5] {
        let mark = Mark::new();
        let mut run = mark.on(shell("sleep 1000"));
        run.timeout_ms = Some(ms);
        let answer = client.run(&run).await;
        assert_eq!(answer.done().state, State::TimedOut, "{ms} ms");
        assert!(mark.alive().is_empty());
    }
}

#[tokio::test]
async fn a_reset_in_the_same_breath_as_the_request_leaves_nothing() {
    let node = Node::start();
    let client = node.operator().await;
    for _ in 0..8 {
        let mark = Mark::new();
        let mut asked = client.ask(&mark.on(shell("sleep 1000"))).await;
        asked.cancel();
        // The request may be dropped with its stream before it was read: then there is no answer.
        asked.answer().await;
        until("the end of the command", || mark.alive().is_empty()).await;
    }
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn a_slow_node_that_is_cancelled_before_it_begins_never_begins() {
    let node = Node::with(Bounds::default(), Some(Duration::from_secs(3600)));
    let client = node.operator().await;
    let mut asked = client.ask(&shell("touch begun")).await;
    let renew = RunLeaseRenew {
        lease: LEASE,
        ttl_ms: 30_000,
    };
    let mut renewals = lease_stream(&client).await;
    while renewed(&mut renewals, &renew).await.runs == 0 {}
    asked.cancel();
    let answer = asked.answer().await;
    assert_eq!(
        (answer.done().state, answer.done().rc),
        (State::Cancelled, None)
    );
    assert!(!node.path("begun").exists());
}

#[tokio::test]
async fn a_slow_node_keeps_its_deadlines() {
    let node = Node::with(Bounds::default(), Some(Duration::from_secs(3600)));
    let client = node.operator().await;
    for probe in [
        Probe::Shell("touch begun".to_owned()),
        Probe::Metric("system.memory.utilization".to_owned()),
    ] {
        let mut run = a_run(probe);
        run.timeout_ms = Some(50);
        let answer = client.run(&run).await;
        assert_eq!(answer.done().state, State::TimedOut);
    }
    assert!(!node.path("begun").exists());
}

#[tokio::test]
async fn a_lost_connection_alone_kills_nothing() {
    let node = Node::start();
    let client = node.operator().await;
    let line = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo x > finished";
    let mut asked = client.ask(&shell(line)).await;
    asked.hears("ready\n").await;
    client.leave().await;
    // The agent has noticed when it serves the next one, and the command still waits.
    assert_eq!(node.operator().await.out_of("echo here").await, "here\n");
    node.touch("go");
    until("the command's own end", || node.read("finished") == "x\n").await;
}

async fn lease_stream(client: &Client) -> Asked {
    let open = Open {
        stream: StreamKind::RunLease,
    };
    client.send(&bytes_of(&open)).await
}

async fn renewed(stream: &mut Asked, renew: &RunLeaseRenew) -> RunLeaseHeld {
    let sent = stream.send.write_all(&bytes_of(renew)).await;
    sent.expect("the stream is open");
    stream.expect().await
}

#[tokio::test]
async fn the_end_of_a_lease_ends_attached_commands_and_no_detached_one() {
    let node = short_leases(200);
    let client = node.operator().await;
    let mark = Mark::new();
    // It gives up by itself should this test fail.
    let line =
        "n=0; while [ ! -e go ] && [ $n -lt 3000 ]; do n=$((n+1)); sleep 0.01; done; echo lived";
    let mut detached = shell(line);
    detached.life = Life::Detached;
    let detached = client.ask(&detached).await;
    let answer = client.run(&mark.on(shell(&format!("{TREE} wait")))).await;
    assert_eq!(answer.done().state, State::Cancelled);
    assert_eq!(mark.alive(), Vec::<i32>::new());
    node.touch("go");
    assert_eq!(detached.answer().await.out_text(), "lived\n");
}

#[tokio::test]
async fn a_lease_that_is_renewed_keeps_a_command_alive() {
    let node = short_leases(400);
    let client = node.operator().await;
    let mut asked = client
        .ask(&shell("echo ready; sleep 1.2; echo lived"))
        .await;
    asked.hears("ready\n").await;
    let mut lease = lease_stream(&client).await;
    // Asks for more than is granted, as a newer shell might.
    let renew = RunLeaseRenew {
        lease: LEASE,
        ttl_ms: u64::MAX,
    };
    let renewing = async {
        loop {
            let held = renewed(&mut lease, &renew).await;
            assert_eq!(held.lease, renew.lease);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::select! {
        answer = asked.answer() => answer,
        () = renewing => unreachable!("it renews for ever"),
    };
    assert_eq!(
        (answer.done().state, answer.out_text().as_str()),
        (State::Ok, "lived\n")
    );
}
