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

fn processes_of(node: &str, run: RunId) -> Vec<Pid> {
    let marks = [format!("HAILER_NODE={node}"), format!("HAILER_RUN={run}")];
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pid = |entry: fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let has = |mark: &String| environment.split(|b| *b == 0).any(|v| v == mark.as_bytes());
        marks.iter().all(has).then(|| Pid::from_raw(pid)).flatten()
    };
    entries.filter_map(Result::ok).filter_map(pid).collect()
}
