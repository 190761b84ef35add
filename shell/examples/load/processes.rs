//! Processes: children that serve until they are dropped, and what `/proc` knows of them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Result;

/// A child that serves until its standard input ends, with a directory of its own.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    stdin: Option<ChildStdin>,
    dir: TempDir,
}

impl Serving {
    /// Starts this executable under `command`, and waits until it says that it is ready.
    pub(crate) fn start(command: &str, nodes: usize) -> Result<Self> {
        let dir = TempDir::new()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(command)
            .args(["--nodes", &nodes.to_string(), "--dir"])
            .arg(dir.path())
            .args((command == FLEET).then_some("--until-stdin-closes"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("the child has no output")?;
        let serving = Self { child, stdin, dir };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if !line.starts_with("ready ") {
            return Err(format!("`{command}` did not get ready: it said {line:?}").into());
        }
        Ok(serving)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The command of this executable that serves a simulated fleet.
pub(crate) const FLEET: &str = "fleet";

/// The command of this executable that serves bare QUIC.
pub(crate) const FLOOR: &str = "floor-server";

/// Returns the path of a program that was built beside this example.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent);
    let path = folder.ok_or("this executable is in no folder")?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("build `{name}` too: there is no {}", path.display()).into())
}

/// Returns the processor time of a process and of the children it has waited for.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything.
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields = after_name.split(' ').skip(11).take(4);
    let ticks: u64 = fields.filter_map(|f| f.parse::<u64>().ok()).sum();
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_micros(ticks * 1_000_000 / per_second)
}

/// Returns the processor time of a process and everything below it.
pub(crate) fn cpu_of_tree(pid: u32) -> Duration {
    let below: Duration = children(pid).into_iter().map(cpu_of_tree).sum();
    cpu_of(pid) + below
}

/// Returns a figure of `/proc/PID/status` in KiB: `VmRSS`, `VmHWM`.
pub(crate) fn memory_kib(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the resident memory of a process and everything below it, in KiB.
pub(crate) fn resident_tree_kib(pid: u32) -> u64 {
    let below: u64 = children(pid).into_iter().map(resident_tree_kib).sum();
    memory_kib(pid, "VmRSS").unwrap_or(0) + below
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let lists = tasks
        .into_iter()
        .flatten()
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let all: Vec<String> = lists.collect();
    let pids = all.iter().flat_map(|l| l.split_whitespace());
    pids.filter_map(|p| p.parse().ok()).collect()
}

/// Returns how many bytes this machine has sent, with the headers of IP.
pub(crate) fn octets() -> u64 {
    let counters = fs::read_to_string("/proc/net/netstat").unwrap_or_default();
    let mut lines = counters.lines().filter(|l| l.starts_with("IpExt: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else {
        return 0;
    };
    names
        .split(' ')
        .zip(values.split(' '))
        .find_map(|(name, value)| (name == "OutOctets").then(|| value.parse().ok())?)
        .unwrap_or(0)
}

/// Returns how many datagrams this machine has sent: what a request costs beside processor time.
pub(crate) fn datagrams() -> u64 {
    let counters = fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let udp = counters.lines().filter(|l| l.starts_with("Udp: "));
    let mut sent = udp.filter_map(|l| l.split(' ').nth(4)?.parse().ok());
    sent.next_back().unwrap_or(0)
}
