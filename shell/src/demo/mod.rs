//! The demo: a fleet of simulated nodes on this machine, in a child process, for as long as the
//! shell lives. Real QUIC, real certificates of a throw-away authority, real commands.
//!
//! This folder alone may start the agent library. The child is this same executable under a hidden
//! command. It watches its standard input, which ends when this process does, however it ends: then
//! it stops and removes everything it has written.

mod leftovers;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

pub use hailer_agent::cli::FleetArgs as ServeArgs;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// The hidden command of this executable that serves a simulated fleet.
pub const FLEET_COMMAND: &str = "demo-fleet";

/// The hidden command of this executable that starts commands for agents.
pub const HELPER_COMMAND: &str = "exec-helper";

/// How long the child may take to say that it is ready: a thousand nodes take a second or two.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long the child may take to clean up.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Why there is no demo fleet.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The child could not be started or talked to.
    #[error("start the demo's fleet: {0}")]
    Start(#[from] io::Error),
    /// The child ended, or said something else than that it is ready.
    #[error("the demo's fleet did not get ready: {0}")]
    NotReady(String),
}

/// What the demo's fleet is like.
#[derive(Debug, Clone, Copy)]
pub struct DemoOptions {
    /// How many nodes.
    pub nodes: usize,
    /// How many of them are down.
    pub fail: usize,
    /// How many of them answer late.
    pub slow: usize,
}

/// A running demo fleet.
#[derive(Debug)]
pub struct Demo {
    child: Child,
    stdin: Option<ChildStdin>,
    dir: PathBuf,
}

impl Demo {
    /// Starts a fleet and waits until it is ready.
    ///
    /// # Errors
    /// When the child cannot be started or does not get ready.
    pub async fn start(options: DemoOptions) -> Result<Self, DemoError> {
        let dir = scratch_dir()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(FLEET_COMMAND)
            .args(["--until-stdin-closes", "--nodes"])
            .arg(options.nodes.to_string())
            .args(["--fail", &options.fail.to_string()])
            .args(["--slow", &options.slow.to_string()])
            .arg("--dir")
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The child must not get the terminal's Ctrl-C: that is for the line under way.
            .process_group(0)
            .spawn()?;
        let stdin = child.stdin.take();
        let Some(stdout) = child.stdout.take() else {
            return Err(DemoError::NotReady("it has no standard output".to_owned()));
        };
        let mut demo = Self { child, stdin, dir };
        match tokio::time::timeout(READY_WITHIN, ready_line(stdout)).await {
            Ok(Ok(())) => Ok(demo),
            Ok(Err(e)) => {
                demo.stop().await;
                Err(e)
            }
            Err(_) => {
                demo.stop().await;
                Err(DemoError::NotReady(format!(
                    "nothing was heard of it within {READY_WITHIN:?}"
                )))
            }
        }
    }

    /// Returns the path of its fleet file.
    #[must_use]
    pub fn fleet_file(&self) -> PathBuf {
        self.dir.join("fleet.toml")
    }

    /// Returns the directory everything of it lies in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stops the fleet; nothing of it is left.
    pub async fn stop(&mut self) {
        drop(self.stdin.take());
        if tokio::time::timeout(GONE_WITHIN, self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
        // The child removes the directory; this is for a child that was killed.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Serves a demo's fleet, in the child.
#[must_use]
pub fn serve(args: &ServeArgs) -> std::process::ExitCode {
    // Before it is removed: then the directory has no real path any more.
    let dir = args.dir.canonicalize().unwrap_or_else(|_| args.dir.clone());
    let exit = hailer_agent::cli::fleet_main(args, vec![HELPER_COMMAND.to_owned()]);
    if args.until_stdin_closes {
        leftovers::end(&dir);
    }
    exit
}

/// Starts commands for a demo's agents, in the child's child.
#[must_use]
pub fn exec_helper() -> std::process::ExitCode {
    hailer_agent::cli::exec_helper()
}

async fn ready_line(stdout: tokio::process::ChildStdout) -> Result<(), DemoError> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await?;
    match line.strip_prefix("ready ") {
        Some(_) => Ok(()),
        None if line.is_empty() => Err(DemoError::NotReady("it ended".to_owned())),
        None => Err(DemoError::NotReady(format!("it said {line:?}"))),
    }
}

/// Makes a directory of our own that nobody else can enter.
fn scratch_dir() -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let base = std::env::temp_dir();
    let pid = std::process::id();
    for attempt in 0..100 {
        let dir = base.join(format!("hailer-demo-{pid}-{attempt}"));
        match std::fs::DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return Ok(dir),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => {
                let text = format!("make the directory {}: {e}", dir.display());
                return Err(io::Error::new(e.kind(), text));
            }
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!(
            "a hundred demo directories of process {pid} are in {}",
            base.display()
        ),
    ))
}
