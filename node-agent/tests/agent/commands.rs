//! Commands: what they say, how they end, where and in what they run.

use std::collections::BTreeSet;

use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::Digest;
use hailer_protocol::message::{Fetch, OutputMode, Probe, StreamKind};
use hailer_protocol::state::State;

use crate::support::{Mark, Node, a_run, new_run_id, shell, until};

#[tokio::test]
async fn what_a_command_writes_and_how_it_ends_comes_back() {
    let node = Node::start();
    let answer = node
        .operator()
        .await
        .run(&shell("echo out; echo err >&2; exit 3"))
        .await;
    let started = answer.started.as_ref().expect("it started");
    assert!(started.pid.is_some() && !started.again);
    assert_eq!(
        (answer.out_text().as_str(), answer.err.as_slice()),
        ("out\n", b"err\n".as_slice())
    );
    let done = answer.done();
    assert_eq!((done.state, done.rc), (State::Failed, Some(3)));
    assert_eq!((done.out_bytes, done.err_bytes, done.cut_bytes), (4, 4, 0));
    assert!(done.held.rlimits && done.usage.max_rss_bytes > 0 && done.wall_us > 0);
    assert_eq!(
        (done.left_behind, done.cut_rows, done.notes.len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn ends_of_every_kind_have_the_codes_a_shell_gives_them() {
    let node = Node::start();
    let client = node.operator().await;
    for (line, state, rc, words) in [
        ("true", State::Ok, 0, ""),
        ("exit 255", State::Failed, 255, ""),
        ("kill -9 $$", State::Failed, 137, ""),
        ("kill -TERM $$", State::Failed, 143, ""),
        ("no-such-program --help", State::Failed, 127, "not found"),
        (
            "no-such-program | cat; exit 127",
            State::Failed,
            127,
            "not found",
        ),
        ("/etc/passwd", State::Failed, 126, "ermission denied"),
    ] {
        let answer = client.run(&shell(line)).await;
        let done = answer.done();
        assert_eq!((done.state, done.rc), (state, Some(rc)), "{line}");
        let err = String::from_utf8_lossy(&answer.err);
        assert!(err.contains(words), "{line}: {err}");
    }
}

#[tokio::test]
async fn a_program_without_a_shell_gets_its_arguments_as_they_are() {
    let node = Node::start();
    let client = node.operator().await;
    let words = ["printf", "%s\\n", "$HOME; a  b", "*"].map(str::to_owned);
    let answer = client.run(&a_run(Probe::Argv(words.to_vec()))).await;
    assert_eq!(answer.out_text(), "$HOME; a  b\n*\n");
    let missing = a_run(Probe::Argv(vec!["/no/such/program".to_owned()]));
    let answer = client.run(&missing).await;
    assert_eq!(answer.failed().code, ErrorCode::SPAWN);
    assert!(answer.failed().text.contains("/no/such/program"));
}

#[tokio::test]
async fn the_environment_is_the_documented_minimum_and_nothing_leaks() {
    let node = Node::start();
    let run = shell("env");
    let text = node.operator().await.run(&run).await.out_text();
    let names: BTreeSet<&str> = text.lines().filter_map(|l| l.split('=').next()).collect();
    let expected = [
        "HAILER_NODE",
        "HAILER_RUN",
        "HOME",
        "LANG",
        "LOGNAME",
        "PATH",
        "SHELL",
        "USER",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(text.contains("HAILER_NODE=web1\n"), "{text}");
    assert!(
        text.contains(&format!("HAILER_RUN={}\n", run.run)),
        "{text}"
    );
}

#[tokio::test]
async fn a_command_starts_in_the_nodes_own_directory_with_nothing_to_read() {
    let node = Node::start();
    let client = node.operator().await;
    let line = "pwd; wc -c; ls /proc/self/fd | wc -l";
    let text = client.out_of(line).await;
    // Three standard streams, and the directory that `ls` reads.
    assert_eq!(text, format!("{}\n0\n4\n", node.dir().display()));
}

#[tokio::test]
async fn output_beyond_the_cap_is_counted_to_the_byte() {
    let node = Node::start();
    let answer = node
        .operator()
        .await
        .run(&shell("head -c 3000000 /dev/zero; echo e >&2"))
        .await;
    let done = answer.done();
    assert_eq!((answer.out.len(), answer.err.len()), (1 << 20, 2));
    assert_eq!((done.out_bytes, done.err_bytes), (3_000_000, 2));
    assert_eq!(done.cut_bytes, 3_000_000 - (1 << 20));
    assert_eq!(done.state, State::Ok);
}

#[tokio::test]
async fn who_asks_for_a_digest_of_an_agent_that_has_none_gets_the_output() {
    let node = Node::start();
    let client = node.operator().await;
    let mut run = shell("head -c 100000 /dev/zero");
    run.output = OutputMode::DigestOver(10);
    assert_eq!(client.run(&run).await.out.len(), 100_000);
    let fetch = Fetch {
        run: run.run,
        digest: Digest::of(b""),
    };
    let answer = client.say(StreamKind::Request, &fetch).await.answer().await;
    assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
}

#[tokio::test]
async fn a_child_that_is_left_behind_and_writes_for_ever_does_not_hold_up_the_end() {
    let node = Node::start();
    let client = node.operator().await;
    let mark = Mark::new();
    let answer = client.run(&mark.on(shell("yes & echo begun"))).await;
    let done = answer.done();
    assert_eq!((done.state, done.rc), (State::Ok, Some(0)));
    assert!(done.left_behind >= 1, "{done:?}");
    assert!(
        done.notes.iter().any(|n| n.contains("goes on writing")),
        "{done:?}"
    );
    until("the end of who writes to nobody", || {
        mark.alive().is_empty()
    })
    .await;
}

#[tokio::test]
async fn all_that_a_command_wrote_arrives_although_a_silent_child_holds_its_pipes() {
    let node = Node::start();
    let client = node.operator().await;
    let mark = Mark::new();
    let line = "sleep 1000 & head -c 60000 /dev/zero";
    let answer = client.run(&mark.on(shell(line))).await;
    assert_eq!((answer.out.len(), answer.done().left_behind), (60_000, 1));
    for pid in mark.alive() {
        client.out_of(&format!("kill {pid}")).await;
    }
}

#[tokio::test]
async fn what_no_kernel_would_take_is_refused() {
    let node = Node::start();
    let client = node.operator().await;
    for (probe, env) in [
        (Probe::Shell("echo a\0b".to_owned()), ("A", "b")),
        (Probe::Argv(Vec::new()), ("A", "b")),
        (Probe::Shell("true".to_owned()), ("A=B", "c")),
        (Probe::Shell("x".repeat((128 << 10) + 1)), ("A", "b")),
    ] {
        let mut run = a_run(probe);
        run.env = vec![(env.0.to_owned(), env.1.to_owned())];
        run.run = new_run_id();
        let answer = client.run(&run).await;
        assert_eq!(answer.failed().code, ErrorCode::MALFORMED, "{env:?}");
    }
}
