//! No command without a written intent.

use std::path::Path;
use std::process::Command;

use hailer_agent::core::Bounds;
use hailer_agent::journal::Journal;
use hailer_agent::state::{Acceptance, State, StateConfig, StateError, damage};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::Probe;
use hailer_protocol::state::State as RunState;
use hailer_protocol::time::Wall;

use crate::support::{Node, a_run, shell, until};

/// A filesystem of four megabytes, for as long as this lives.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "hailer-test"])
            .arg(dir.path())
            .output();
        mount.is_ok_and(|o| o.status.success()).then_some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).expect("created");
    while file.write_all(&[0; 4096]).is_ok() {}
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_run() {
    let Some(disk) = Small::mount() else {
        println!("skipped: this user cannot mount a small filesystem");
        return;
    };
    let state = State::open(&disk.path().join("state"), StateConfig::default(), Wall(0));
    let journal = Journal::open(state.expect("room for a beginning")).expect("readable");
    let node = Node::keeping(journal, Bounds::default(), None);
    let client = node.operator().await;
    assert_eq!(client.out_of("echo here").await, "here\n");

    fill(&disk.path().join("ballast"));
    // Longer than what the last page of a file may still have room for.
    let run = shell(&format!("touch ran # {}", "x".repeat(20_000)));
    let answer = client.run(&run).await;
    assert_eq!(answer.failed().code, ErrorCode::RECORD);
    assert!(answer.failed().text.contains("did nothing"), "{answer:?}");
    let again = client.run(&run).await;
    assert_eq!(again.failed().code, ErrorCode::RECORD);
    assert!(!node.path("ran").exists());

    std::fs::remove_file(disk.path().join("ballast")).expect("removed");
    let line = format!("echo well again # {}", "x".repeat(20_000));
    assert_eq!(client.out_of(&line).await, "well again\n");
}

#[tokio::test]
async fn on_a_damaged_log_probes_go_on_and_nothing_is_run_until_somebody_accepts_it() {
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    let at = dir.path().join("state");
    let journal = || {
        let state = State::open(&at, StateConfig::default(), Wall(0)).expect("it starts");
        Journal::open(state).expect("readable")
    };
    let node = Node::keeping(journal(), Bounds::default(), None);
    let client = node.operator().await;
    assert_eq!(client.out_of("echo before").await, "before\n");
    let segment = at.join("log-000001");
    client.leave().await;
    node.stop().await;
    until("the state is given up", || {
        !matches!(
            State::open(&at, StateConfig::default(), Wall(0)),
            Err(StateError::Locked(_))
        )
    })
    .await;

    let mut bytes = std::fs::read(&segment).expect("the log");
    // The first record's body: all of it is lost.
    bytes[90] ^= 1;
    std::fs::write(&segment, &bytes).expect("written");
    let node = Node::keeping(journal(), Bounds::default(), None);
    let client = node.operator().await;
    let run = shell("touch ran");
    let answer = client.run(&run).await;
    assert_eq!(answer.failed().code, ErrorCode::RECORD);
    for part in ["log-000001", "damaged-000001", "hailerd journal accept"] {
        assert!(answer.failed().text.contains(part), "{part}: {answer:?}");
    }
    for probe in [Probe::Facts(Vec::new()), Probe::Runs] {
        let answer = client.run(&a_run(probe)).await;
        assert_eq!(answer.done().state, RunState::Ok);
    }
    let moved = std::fs::read(at.join("damaged-000001/log-000001")).expect("moved aside");
    assert_eq!(moved, bytes, "nothing of it is lost");

    let word = Acceptance {
        who: "root".to_owned(),
        reason: "the disk was replaced".to_owned(),
    };
    damage::accept(&at, &word).expect("left");
    node.host.look_for_acceptance();
    assert_eq!(client.out_of("echo after").await, "after\n");
    assert!(!node.path("ran").exists());
}
