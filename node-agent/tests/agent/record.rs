//! No command without a written intent.

use std::path::Path;
use std::process::Command;

use hailer_agent::core::Bounds;
use hailer_agent::journal::Journal;
use hailer_agent::state::{State, StateConfig};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::time::Wall;

use crate::support::{Node, shell};

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
