//! What commands of a demo left running on purpose: on a node a daemon may stay, but a demo leaves
//! nothing behind.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// How often is looked again: what is killed may just have started another one.
const ROUNDS: usize = 10;

/// Kills every process that a command of a node below `dir` has left.
pub(super) fn end(dir: &Path) {
    for _ in 0..ROUNDS {
        let left = left_by_nodes_below(dir);
        if left.is_empty() {
            return;
        }
        for pid in left {
            // One that is gone already is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Finds processes that carry a node's name and that are, or began, below a directory.
fn left_by_nodes_below(dir: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|w| w == part);
    let is_left = |pid: &Pid| {
        let of_pid = |name: &str| format!("/proc/{}/{name}", pid.as_raw_nonzero());
        let Ok(environment) = fs::read(of_pid("environ")) else {
            return false;
        };
        let is_below = || fs::read_link(of_pid("cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
        let began_below = || has(&environment, dir.as_os_str().as_bytes());
        has(&environment, b"HAILER_NODE=") && (is_below() || began_below())
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(is_left)
        .collect()
}
