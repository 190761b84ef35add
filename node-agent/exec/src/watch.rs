//! The watch over a running command: reaps what it orphans, hears requests to kill, and ends
//! all of it.
//!
//! The supervisor is a subreaper, so a descendant that leaves its session and loses its parents
//! comes back to it. A kill is therefore done when the kernel says that there are no children
//! any more, and not before. After a normal end survivors are left alone.

use std::collections::HashSet;
use std::ffi::c_int;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, kill_process, setpriority_process};

use crate::cgroup::{RunCgroup, remove_stale};
use crate::end::{End, Held, How};
use crate::order::{KILL, KILL_NOW};
use crate::reply::Reply;
use crate::supervisor::reply;
use crate::sys::{self, Reaped, Usage};
use crate::tree::{self, Descendant};

/// Passes of "stop whatever is new" before the signal goes out regardless.
const MAX_FREEZE_PASSES: usize = 64;
/// How long processes may withstand SIGKILL before the agent is told that they do.
const UNKILLABLE_AFTER: Duration = Duration::from_secs(10);
/// The first and the longest wait for the dead of a sweep before the next one.
const SWEEP_PAUSE: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(500)];

/// The state of one watch.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    command: Pid,
    child_signals: &'a OwnedFd,
    /// `None` once the agent is gone.
    control: Option<UnixStream>,
    detached: bool,
    cgroup: Option<(RunCgroup, &'a Path)>,
    held: Held,
    /// How the command ended, as `wait` says it.
    status: Option<c_int>,
    /// Of everything reaped so far.
    usage: Usage,
    has_children: bool,
}

/// What the control connection said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    Kill,
    KillNow,
    Gone,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        command: Pid,
        child_signals: &'a OwnedFd,
        control: UnixStream,
        detached: bool,
    ) -> Self {
        Self {
            command,
            child_signals,
            control: Some(control),
            detached,
            cgroup: None,
            held: Held::default(),
            status: None,
            usage: Usage::default(),
            has_children: true,
        }
    }

    pub(crate) fn with_cgroup(self, cgroup: Option<(RunCgroup, &'a Path)>) -> Self {
        Self { cgroup, ..self }
    }

    pub(crate) fn with_held(self, held: Held) -> Self {
        Self { held, ..self }
    }

    /// Watches until the command has ended or has been killed, and reports. Gives the
    /// connection back if it ended by itself and nothing of it is left.
    pub(crate) fn until_the_end(mut self, kill_grace: Duration) -> Option<UnixStream> {
        let killed = loop {
            let heard = self.pause(None);
            self.reap();
            match heard {
                Heard::Gone if self.detached => self.control = None,
                Heard::Gone => {
                    self.control = None;
                    break Some(kill_grace);
                }
                Heard::Kill => break Some(kill_grace),
                Heard::KillNow => break Some(Duration::ZERO),
                Heard::Nothing => {}
            }
            // A kill that arrived with the end counts: its sender wants nothing left.
            if self.status.is_some() {
                break None;
            }
        };
        if let Some(grace) = killed {
            self.terminate(grace);
            if self.has_children {
                self.sweep();
            }
        }
        let left_behind = if self.has_children {
            tree::count_alive()
        } else {
            0
        };
        if let Some((cgroup, parent)) = self.cgroup.take() {
            cgroup.remove();
            if left_behind > 0 {
                remove_stale(parent);
            }
        }
        self.report(killed.is_some(), left_behind);
        self.control
            .take()
            .filter(|_| killed.is_none() && !self.has_children)
    }

    /// Waits for a child's end, a word from the agent, or the timeout.
    fn pause(&mut self, timeout: Option<Duration>) -> Heard {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut fds = vec![PollFd::new(self.child_signals, PollFlags::IN)];
        fds.extend(
            self.control
                .as_ref()
                .map(|control| PollFd::new(control, PollFlags::IN)),
        );
        // All signals are blocked, so nothing interrupts this.
        let _ = poll(&mut fds, timeout.as_ref());
        let spoke = fds
            .get(1)
            .is_some_and(|control| !control.revents().is_empty());
        if !fds[0].revents().is_empty() {
            // One entry at most is waiting, since SIGCHLD does not queue; the news is in `wait`.
            let _ = rustix::io::read(self.child_signals, &mut [0_u8; 128]);
        }
        if spoke { self.hear() } else { Heard::Nothing }
    }

    fn hear(&self) -> Heard {
        let Some(control) = &self.control else {
            return Heard::Nothing;
        };
        let mut words = [0_u8; 16];
        match recv(control, &mut words, RecvFlags::DONTWAIT) {
            Ok((0, _)) => Heard::Gone,
            Ok((n, _)) if words[..n].contains(&KILL_NOW) => Heard::KillNow,
            Ok((n, _)) if words[..n].contains(&KILL) => Heard::Kill,
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Heard::Nothing,
            Err(_) => Heard::Gone,
        }
    }

    /// Reaps every child that has ended.
    fn reap(&mut self) {
        loop {
            match sys::reap_one() {
                Reaped::Ended { pid, status, usage } => {
                    self.usage.add(usage);
                    if pid == self.command {
                        self.status = Some(status);
                    }
                }
                Reaped::Alive => return,
                Reaped::None => {
                    self.has_children = false;
                    return;
                }
            }
        }
    }

    /// Asks every descendant to end and waits for that, at most for `grace`.
    fn terminate(&mut self, grace: Duration) {
        if grace.is_zero() {
            return;
        }
        // Stopped first, so that all who are here hear it, and nobody whom they start to clean
        // up after themselves does.
        let everyone = freeze();
        for &process in &everyone {
            tree::signal(process, Signal::TERM);
        }
        for &process in &everyone {
            tree::signal(process, Signal::CONT);
        }
        let asked = now();
        loop {
            self.reap();
            let left = grace.saturating_sub(now().saturating_duration_since(asked));
            if !self.has_children || left.is_zero() {
                return;
            }
            match self.pause(Some(left)) {
                Heard::KillNow => return,
                Heard::Gone => self.control = None,
                Heard::Kill | Heard::Nothing => {}
            }
        }
    }

    /// Kills until no child is left. Should the kernel hold on to some, says so once and goes on.
    fn sweep(&mut self) {
        // Against a loop that forks, the supervisor must get its turns. Not allowed: no matter.
        let _ = setpriority_process(None, -20);
        let began = now();
        let mut has_said = false;
        let [mut pause, longest] = SWEEP_PAUSE;
        while self.has_children {
            self.freeze_and_kill();
            let swept = now();
            while self.has_children && now().saturating_duration_since(swept) < pause {
                if self.pause(Some(pause)) == Heard::Gone {
                    self.control = None;
                }
                self.reap();
            }
            pause = longest.min(pause * 2);
            if !has_said
                && self.has_children
                && now().saturating_duration_since(began) > UNKILLABLE_AFTER
            {
                has_said = true;
                self.report(true, tree::count_alive());
            }
        }
    }

    fn freeze_and_kill(&self) {
        if let Some((cgroup, _)) = &self.cgroup {
            // Where this fails, what follows does the same, one by one.
            let _ = cgroup.kill();
        }
        for process in freeze() {
            tree::signal(process, Signal::KILL);
        }
        if self.status.is_none() {
            // Also without a readable /proc, at least the command.
            let _ = kill_process(self.command, Signal::KILL);
        }
    }

    fn report(&self, killed: bool, left_behind: u32) {
        let Some(control) = &self.control else {
            return;
        };
        let how = match self.status {
            None => How::Unkillable,
            Some(status) if libc::WIFEXITED(status) => How::Exited(libc::WEXITSTATUS(status)),
            Some(status) => How::Signalled(libc::WTERMSIG(status)),
        };
        reply(
            control,
            Reply::Ended(End {
                how,
                killed,
                user: self.usage.user,
                system: self.usage.system,
                max_rss_bytes: self.usage.max_rss_bytes,
                left_behind,
                held: self.held,
            }),
        );
    }
}

/// Stops every descendant and returns them all, so that nothing forks between the listing and
/// the signal that follows.
///
/// A fork that is under way when SIGSTOP arrives is undone by the kernel, so a pass that finds
/// nothing new has found everything.
fn freeze() -> Vec<Descendant> {
    let mut stopped = HashSet::new();
    let mut found = tree::descendants();
    for _ in 0..MAX_FREEZE_PASSES {
        let mut is_new = false;
        for process in &found {
            if !stopped.contains(&process.pid) {
                is_new = true;
                if tree::signal(*process, Signal::STOP) {
                    stopped.insert(process.pid);
                }
            }
        }
        if !is_new {
            break;
        }
        found = tree::descendants();
    }
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "the supervisor is a driver: its waits are real"
)]
fn now() -> Instant {
    Instant::now()
}
