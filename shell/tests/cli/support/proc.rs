//! Looking at processes: who is there, whose they are, how much memory they had.

use std::fs;
use std::path::Path;

/// Returns the command lines of processes that agents started for nodes below a directory.
///
/// They carry their node's name in the environment, and are in its directory or remember having
/// begun there: no `setsid`, no double fork and no new name takes both away.
pub(crate) fn commands_below(dir: &Path) -> Vec<String> {
    let dir = dir.display().to_string();
    let of_pid = |pid: u32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let environ = String::from_utf8_lossy(&environ).into_owned();
        let began_there = environ.contains(&dir);
        let is_there =
            || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|p| p.starts_with(&dir));
        let is_ours = environ.contains("HAILER_NODE=") && (began_there || is_there());
        is_ours.then(|| command_line(pid))
    };
    pids().into_iter().filter_map(of_pid).collect()
}

/// Returns the processes whose command line has this text.
pub(crate) fn with_argument(text: &str) -> Vec<u32> {
    let has = |pid: &u32| *pid != std::process::id() && command_line(*pid).contains(text);
    pids().into_iter().filter(has).collect()
}

/// Returns the most memory that a process ever had, in bytes; `None` when it is gone.
pub(crate) fn peak_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("there is a /proc");
    let pid = |e: std::io::Result<fs::DirEntry>| e.ok()?.file_name().to_str()?.parse().ok();
    entries.filter_map(pid).collect()
}
