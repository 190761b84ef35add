//! Much at once, and more than there may be.

use hailer_agent::core::Bounds;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::state::State;

use crate::support::{Node, shell};

#[tokio::test]
async fn sixty_four_commands_run_at_once_and_one_more_is_told_that_the_node_is_busy() {
    let node = Node::bounded(Bounds {
        runs: 64,
        ..Bounds::default()
    });
    let client = node.operator().await;
    let mut asked = Vec::new();
    for n in 0..64 {
        let line = format!("echo ready; while [ ! -e go ]; do sleep 0.1; done; echo {n}");
        asked.push(client.ask(&shell(&line)).await);
    }
    for asked in &mut asked {
        asked.hears("ready\n").await;
    }
    let answer = client.run(&shell("touch ran")).await;
    assert_eq!(answer.failed().code, ErrorCode::BUSY);
    node.touch("go");
    for (n, asked) in asked.into_iter().enumerate() {
        let answer = asked.answer().await;
        assert_eq!(
            (answer.done().state, answer.out_text()),
            (State::Ok, format!("{n}\n"))
        );
    }
    assert!(!node.path("ran").exists());
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn more_connections_than_the_bound_are_closed_and_the_others_live_on() {
    let node = Node::bounded(Bounds {
        sessions: 2,
        ..Bounds::default()
    });
    let (first, second) = (node.operator().await, node.operator().await);
    assert_eq!(second.out_of("echo here").await, "here\n");
    let third = node.operator().await;
    let reason = crate::support::soon("the close", third.connection.closed()).await;
    assert!(
        reason.to_string().contains("too many connections"),
        "{reason}"
    );
    assert_eq!(first.out_of("echo here").await, "here\n");
}
