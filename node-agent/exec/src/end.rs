//! How a run ended, and what it used.

use crate::sandbox::Protections;

use std::time::Duration;

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// How the command itself ended.
    pub how: How,
    /// Whether the run was killed on request (or because its caller went away).
    pub killed: bool,
    /// CPU time in user mode, of the command and of every descendant that was waited for.
    pub user: Duration,
    /// CPU time in the kernel, likewise.
    pub system: Duration,
    /// The largest resident set of any one process, in bytes. The kernel counts from before
    /// the exec, so the helper's own few megabytes are the least this can be.
    pub max_rss_bytes: u64,
    /// Descendants that are still alive. After a normal end they are left alone (a daemon that
    /// a start script started). After a kill it is 0, except for processes which the kernel
    /// cannot kill yet (uninterruptible sleep); those stay under SIGKILL.
    pub left_behind: u32,
    /// Which bounds held.
    pub held: Held,
}

/// How the command itself ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It was sent SIGKILL and has not died: the kernel holds it in uninterruptible sleep.
    Unkillable,
}

/// Which bounds held for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// It had a control group of its own, and a kill reached all of it at once.
    pub cgroup: bool,
    /// Every resource limit that was asked for was set.
    pub rlimits: bool,
    /// What its sandbox kept it from; nothing if it had none.
    pub protections: Protections,
    /// Which of these the filter of system calls held in the place of a newer Landlock.
    pub stood_in_for: Protections,
}
