//! Simulated fleets in child processes. A fleet ends when its standard input does, so that none
//! outlives the test program, however that ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

use super::hailer::Hailer;
use super::{proc, wait_until};

/// The nodes of [`Fleet::shared`]: `cache[01-03]`, `db[01-05]`, `web[01-12]`, of which `web11` is
/// down.
pub(crate) const SHARED_NODES: usize = 20;

/// A simulated fleet of real agents.
#[derive(Debug)]
pub(crate) struct Fleet {
    child: Child,
    stdin: Option<ChildStdin>,
    dir: PathBuf,
}

impl Fleet {
    /// Starts a fleet of that many nodes, of which `down` are down.
    pub(crate) fn start(nodes: usize, down: usize) -> Self {
        let dir = TempDir::with_prefix("hailer-cli-").expect("a temporary directory");
        // The fleet removes it when it ends, also when this program is killed.
        let dir = dir.keep();
        fs::create_dir(dir.join("home")).expect("a home directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hailer"))
            .args(["demo-fleet", "--until-stdin-closes", "--slow", "0"])
            .args(["--nodes", &nodes.to_string()])
            .args(["--fail", &down.to_string()])
            .arg("--dir")
            .arg(&dir)
            .env("HAILER_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the fleet starts");
        let stdin = child.stdin.take();
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("the fleet says something");
        assert_eq!(ready.trim(), format!("ready {}", nodes - down));
        Self { child, stdin, dir }
    }

    /// Returns the fleet of tests that do not change it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Fleet> = LazyLock::new(|| Fleet::start(SHARED_NODES, 1));
        &SHARED
    }

    /// Returns where everything of it lies.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the path of its fleet file.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.join("fleet.toml")
    }

    /// Returns the directory in which a node's commands start.
    pub(crate) fn node_dir(&self, node: &str) -> PathBuf {
        self.dir.join("nodes").join(node)
    }

    /// Returns a run of `hailer` with this fleet.
    pub(crate) fn hailer(&self) -> Hailer {
        Hailer::new(&self.dir.join("home")).env("HAILER_FLEET", &self.file().display().to_string())
    }

    /// Returns the most memory its process ever had, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        proc::peak_bytes(self.child.id()).expect("the fleet lives")
    }

    /// Waits until nothing that its nodes were asked to run is there any more.
    #[track_caller]
    pub(crate) fn wait_until_idle(&self) {
        wait_until("every command of the fleet is gone", || {
            self.commands().is_empty()
        });
    }

    /// Returns the command lines of everything its nodes were asked to run and that still is there.
    pub(crate) fn commands(&self) -> Vec<String> {
        proc::commands_below(&self.dir)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // A fleet that does not end by itself is told by the test that says so; here it only ends.
        let ended = (0..400).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            matches!(self.child.try_wait(), Ok(Some(_)))
        });
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}
