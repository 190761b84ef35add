//! An asker who does not read: its command waits, the agent's memory does not grow, nobody else
//! is held up, and a cancel still works.

use std::fs;
use std::time::Duration;

use hailer_agent::core::Bounds;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Run, Started};
use hailer_protocol::state::State;
use tempfile::TempDir;

use crate::fleet::{any_node, serve_one};
use crate::support::{Asked, End, Mark, Node, shell, soon, until};

/// What an agent of one node may take, its program and the test's own debug build included.
const RESIDENT_MAX: u64 = 64 << 20;

fn flood(mark: &Mark) -> Run {
    let mut run = mark.on(shell("cat /dev/zero"));
    run.caps.output_bytes = u64::MAX;
    run
}

/// A number out of one of a process's files.
fn number(pid: u32, file: &str, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(key));
    let digits = line.and_then(|l| l.split_whitespace().next());
    digits.and_then(|d| d.parse().ok()).unwrap_or(0)
}

/// Waits until a command's processes write nothing any more, although they could; returns how
/// much they wrote.
async fn stalled(mark: &Mark) -> u64 {
    let written = || {
        let pids = mark
            .alive()
            .into_iter()
            .filter_map(|pid| u32::try_from(pid).ok());
        pids.map(|pid| number(pid, "io", "wchar:")).sum()
    };
    let (mut last, mut n_equal) = (0, 0);
    until("a stalled command", || {
        let now = written();
        n_equal = if now == last && now > 0 {
            n_equal + 1
        } else {
            0
        };
        last = now;
        n_equal > 20
    })
    .await;
    last
}

async fn begin(asked: &mut Asked) {
    let started: Started = asked.expect().await;
    assert!(started.pid.is_some());
}

#[tokio::test]
async fn a_command_whose_asker_does_not_read_waits_and_the_agent_does_not_grow() {
    let dir = TempDir::new().expect("a temporary directory");
    let fleet = serve_one(dir.path()).await;
    let client = any_node(dir.path()).await;
    let mark = Mark::new();
    let mut asked = client.ask(&flood(&mark)).await;
    begin(&mut asked).await;
    let written = stalled(&mark).await;
    assert!(written < 16 << 20, "{written} bytes were written to nobody");
    let resident = number(fleet.pid(), "status", "VmRSS:") << 10;
    assert!(
        0 < resident && resident < RESIDENT_MAX,
        "{resident} bytes are resident"
    );
    // Others are served over the same connection all the while.
    assert_eq!(client.out_of("echo here").await, "here\n");

    asked.cancel();
    until("the end of the command", || mark.alive().is_empty()).await;
    let answer = asked.answer().await;
    assert_eq!(answer.done().state, State::Cancelled);
    assert!(answer.out.len() as u64 <= answer.done().out_bytes);
}

#[tokio::test]
async fn a_deadline_ends_a_command_whose_asker_does_not_read() {
    let node = Node::start();
    let client = node.operator().await;
    let mark = Mark::new();
    let mut run = flood(&mark);
    run.timeout_ms = Some(300);
    let mut asked = client.ask(&run).await;
    begin(&mut asked).await;
    until("the end of the command", || mark.alive().is_empty()).await;
    assert_eq!(asked.answer().await.done().state, State::TimedOut);
}

#[tokio::test]
async fn an_asker_who_leaves_in_the_middle_does_not_keep_its_command_from_writing() {
    let node = Node::start();
    let client = node.operator().await;
    let mark = Mark::new();
    let mut run = mark.on(shell("head -c 40000000 /dev/zero && touch finished"));
    run.caps.output_bytes = u64::MAX;
    let mut asked = client.ask(&run).await;
    begin(&mut asked).await;
    assert!(stalled(&mark).await < 16 << 20);
    client.leave().await;
    until("its own end", || node.path("finished").exists()).await;
}

#[tokio::test]
async fn a_late_reader_gets_every_byte() {
    let node = Node::start();
    let client = node.operator().await;
    let mark = Mark::new();
    let mut run = mark.on(shell("head -c 30000000 /dev/zero"));
    run.caps.output_bytes = u64::MAX;
    let mut asked = client.ask(&run).await;
    begin(&mut asked).await;
    stalled(&mark).await;
    let answer = asked.answer().await;
    assert_eq!((answer.out.len(), answer.done().cut_bytes), (30_000_000, 0));
}

#[tokio::test]
async fn an_asker_who_never_reads_does_not_hold_a_killed_run_for_ever() {
    let node = Node::bounded(Bounds {
        runs: 1,
        last_words: Duration::from_millis(100),
        ..Bounds::default()
    });
    let client = node.operator().await;
    let mark = Mark::new();
    let mut run = flood(&mark);
    run.timeout_ms = Some(300);
    let mut asked = client.ask(&run).await;
    begin(&mut asked).await;
    // Its place is free again, without a byte having been read.
    let free = async {
        while let End::Failed(failed) = client.run(&shell("true")).await.end {
            assert_eq!(failed.code, ErrorCode::BUSY);
        }
    };
    soon("a free place", free).await;
    assert!(mark.alive().is_empty());
    assert_eq!(asked.answer().await.end, End::Silent);
}
