//! Orphans: what is left of a detached run whose agent ended before it did.
//!
//! Its supervisor lives on without anybody to report to, and its output goes nowhere. Every process
//! of a run carries the run's id in its environment, and that is how it is found again.

use std::fs;
use std::sync::Arc;

use hailer_protocol::ids::RunId;
use rustix::process::{Pid, Signal, kill_process};

use crate::host::Host;

/// How often processes are looked for again: those that were started while the others were killed.
const ROUNDS: usize = 5;

/// Kills every process of that run, where waiting for the kernel holds up nobody else.
pub(crate) fn end_orphan(host: &Arc<Host>, run: RunId) {
    let node = host.config().node.to_string();
    tokio::task::spawn_blocking(move || {
        for _ in 0..ROUNDS {
            let found = processes_of(&node, run);
            if found.is_empty() {
                return;
            }
            for pid in found {
                // One that has ended meanwhile needs no signal.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        tracing::warn!(%run, "a detached run of an earlier agent could not be ended");
    });
}

/// Whether a process is this agent, or began by it: an agent that a run restarted carries that run's
/// environment, and is nothing that it left behind.
fn is_own(entry: &fs::DirEntry, pid: i32) -> bool {
    let own = i32::try_from(std::process::id()).ok();
    let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
    // A program's name may hold anything but ends with the last parenthesis.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let parent: Option<i32> = behind
        .split_whitespace()
        .nth(1)
        .and_then(|p| p.parse().ok());
    own == Some(pid) || own == parent
}

fn processes_of(node: &str, run: RunId) -> Vec<Pid> {
    let marks = [format!("HAILER_NODE={node}"), format!("HAILER_RUN={run}")];
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pid = |entry: fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let has = |mark: &String| environment.split(|b| *b == 0).any(|v| v == mark.as_bytes());
        if !marks.iter().all(has) || is_own(&entry, pid) {
            return None;
        }
        Pid::from_raw(pid)
    };
    entries.filter_map(Result::ok).filter_map(pid).collect()
}

#[cfg(test)]
mod tests {
    use std::io::BufRead as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_run_left_is_found_and_never_the_agent_or_what_it_began() {
        let run = RunId([0xab; 16]);
        let mut child = Command::new("/bin/sh")
            .args(["-c", "sleep 1000 >/dev/null 2>&1 & echo $!; wait"])
            .env("HAILER_NODE", "orphans-test")
            .env("HAILER_RUN", run.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        std::io::BufReader::new(out)
            .read_line(&mut line)
            .expect("a number");
        let left: i32 = line.trim().parse().expect("a number");
        let found = processes_of("orphans-test", run);
        for pid in &found {
            let _ = kill_process(*pid, Signal::KILL);
        }
        child.wait().expect("it ends with what it waits for");
        assert_eq!(found, [Pid::from_raw(left).expect("not 0")]);
    }
}
