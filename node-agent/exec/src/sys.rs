//! The system calls that have no safe wrapper: fork, the child's way to exec, wait4, signals.
//!
//! The only unsafe code of the workspace is here and in `sys/`. Between the making of the command's process
//! and its exec nothing allocates, locks or unwinds: every pointer is prepared before, and the
//! child makes plain system calls only.
#![expect(
    unsafe_code,
    reason = "fork, clone, execve, wait4 and sigaction have no safe wrappers"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use rustix::process::Pid;

use crate::error::Step;
use crate::sandbox::Protections;

mod cage;
mod confine;

pub(crate) use cage::Cage;
pub(crate) use confine::{
    Identity, RulesetAttr, groups_of, landlock_allow, landlock_ruleset, landlock_version,
    user_by_name,
};

/// Which side of a fork this is.
pub(crate) enum Fork {
    Parent,
    Child,
}

/// Forks this process, which must have one thread only.
pub(crate) fn fork() -> io::Result<Fork> {
    // SAFETY: the helper is single-threaded, so the child's copy of every lock is free and the
    // child may go on as an ordinary process.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        _ => Ok(Fork::Parent),
    }
}

/// Ends this process at once: no destructors, no exit handlers.
pub(crate) fn exit_now(code: c_int) -> ! {
    // SAFETY: `_exit` takes any code and does not return.
    unsafe { libc::_exit(code) }
}

/// Closes every descriptor from `first` on, which nothing in this process may own.
pub(crate) fn close_from(first: RawFd) {
    let first = libc::c_uint::try_from(first).unwrap_or(0);
    // SAFETY: the helper calls this before it opens anything; what is closed are leftovers of
    // its parent that no Rust value owns. Kernels before 5.9 answer ENOSYS, handled below.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    if closed == 0 {
        return;
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    for fd in i64::from(first)..i64::try_from(limit.unwrap_or(65_536)).unwrap_or(65_536) {
        // SAFETY: as above.
        unsafe { libc::close(RawFd::try_from(fd).unwrap_or(-1)) };
    }
}

/// Takes ownership of a descriptor that this process was started with.
pub(crate) fn inherited_fd(fd: RawFd) -> OwnedFd {
    // SAFETY: called once, at the start of the helper, for the duplicate of standard input
    // that it made itself.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Duplicates `fd` to a number from 3 on and closes it on exec.
pub(crate) fn duplicate_above_stdio(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC touches no memory of ours; a bad `fd` is answered with EBADF.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) } {
        -1 => Err(io::Error::last_os_error()),
        new => Ok(inherited_fd(new)),
    }
}

/// Puts every signal back to its default action and then blocks all of them.
///
/// What this process and the supervisors wait for arrives by descriptors; a signal meant for
/// the agent's terminal or service must not end those who clean up after it.
pub(crate) fn quiet_signals() {
    for signal in 1..=64 {
        // The kernel's own call: the C library keeps two signals to itself and would leave them
        // ignored where the agent was started so.
        let default = [0_u64; 8];
        // SAFETY: the structure of this call is at most as long as `default`, and all zeros
        // mean the default action; 8 is the size of the kernel's signal set. A signal that
        // cannot be changed is answered with EINVAL.
        unsafe {
            let none = ptr::null_mut::<u64>();
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, 8)
        };
    }
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigfillset` initialises the set before `sigprocmask` reads it.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut());
    }
}

/// Lets the kernel reap this process's children by itself.
pub(crate) fn reap_automatically() {
    set_child_disposition(libc::SIG_IGN);
}

/// Makes this process wait for its children itself again.
pub(crate) fn reap_by_hand() {
    set_child_disposition(libc::SIG_DFL);
}

fn set_child_disposition(disposition: libc::sighandler_t) {
    // SAFETY: `SIG_DFL` and `SIG_IGN` run no code of ours; SIGCHLD takes both.
    unsafe { libc::signal(libc::SIGCHLD, disposition) };
}

/// Opens a descriptor that is readable while a child's change of state is unnoticed.
///
/// It shows the signals of whoever reads it, so a fork may use its parent's.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is initialised by `sigemptyset` before it is read; the descriptor that
    // comes back is new and owned by nobody else.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        match libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// What a look at the children showed.
pub(crate) enum Reaped {
    /// This one had ended and is now gone.
    Ended {
        pid: Pid,
        status: c_int,
        usage: Usage,
    },
    /// There are children, all of them alive.
    Alive,
    /// There are no children.
    None,
}

/// What a process used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) max_rss_bytes: u64,
}

impl Usage {
    /// Adds another process: times add up, memory is the larger.
    pub(crate) fn add(&mut self, other: Self) {
        self.user += other.user;
        self.system += other.system;
        self.max_rss_bytes = self.max_rss_bytes.max(other.max_rss_bytes);
    }
}

/// Reaps one child that has ended, without waiting.
pub(crate) fn reap_one() -> Reaped {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for writes; all zeros is a valid `rusage`.
    let (pid, usage) = unsafe {
        let pid = libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (pid, usage.assume_init())
    };
    match Pid::from_raw(pid.max(0)) {
        Some(pid) => Reaped::Ended {
            pid,
            status,
            usage: usage_of(&usage),
        },
        None if pid == 0 => Reaped::Alive,
        None => Reaped::None,
    }
}

fn usage_of(usage: &libc::rusage) -> Usage {
    let time = |time: libc::timeval| {
        Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
    };
    Usage {
        user: time(usage.ru_utime),
        system: time(usage.ru_stime),
        max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    }
}

/// A resource limit to set: which, soft, and hard (`None`: as it is).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) resource: c_int,
    pub(crate) soft: u64,
    pub(crate) hard: Option<u64>,
}

/// Everything the child needs from its first instruction to its exec.
pub(crate) struct Launch<'a> {
    /// Files to try, in this order, with `argv`.
    pub(crate) paths: &'a [&'a CStr],
    pub(crate) argv: &'a [&'a CStr],
    /// Arguments for `/bin/sh` when no file could be executed; empty for none.
    pub(crate) shell: &'a [&'a CStr],
    pub(crate) env: &'a [&'a CStr],
    pub(crate) cwd: &'a CStr,
    /// Standard input, output, error; numbers from 3 on.
    pub(crate) stdio: [BorrowedFd<'a>; 3],
    /// The file through which the child enters its control group.
    pub(crate) cgroup_procs: Option<BorrowedFd<'a>>,
    pub(crate) limits: &'a [Limit],
    /// Whether the command dies if its supervisor is killed.
    pub(crate) dies_with_parent: bool,
    /// Whom it becomes, if that is not who this process is.
    pub(crate) user: Option<Identity<'a>>,
    pub(crate) cage: Option<Cage<'a>>,
}

/// A command that runs.
pub(crate) struct Launched {
    pub(crate) pid: Pid,
    pub(crate) in_cgroup: bool,
    pub(crate) limits_set: bool,
    pub(crate) protections: Protections,
    /// Which of these the filter held in Landlock's place.
    pub(crate) stood_in_for: Protections,
}

/// What the child sees of the [`Launch`], and where it reports; shared memory, as with vfork.
struct Child<'a> {
    launch: &'a Launch<'a>,
    argv: Vec<*const c_char>,
    shell: Vec<*const c_char>,
    env: Vec<*const c_char>,
    in_cgroup: bool,
    limits_set: bool,
    protections: Protections,
    stood_in_for: Protections,
    failure: Option<(Step, c_int)>,
}

/// Bytes of the stack on which the child runs until its exec; it uses less than 2 KiB.
const CHILD_STACK_BYTES: usize = 64 * 1024;

/// Starts the command and returns when it has been executed or has failed.
///
/// The child shares this process's memory until then (`CLONE_VM | CLONE_VFORK`): no page table
/// is copied, and the outcome of the exec is known for certain without a pipe.
pub(crate) fn launch(launch: &Launch<'_>) -> Result<Launched, (Step, c_int)> {
    let mut child = Child {
        launch,
        argv: pointers(launch.argv),
        shell: pointers(launch.shell),
        env: pointers(launch.env),
        in_cgroup: false,
        limits_set: true,
        protections: Protections::none(),
        stood_in_for: Protections::none(),
        failure: None,
    };
    let mut stack = Vec::<MaybeUninit<u128>>::with_capacity(CHILD_STACK_BYTES / 16);
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
    // SAFETY: `top` is the 16-byte aligned end of a block that lives until after the call
    // (stacks grow down on all of Rust's Linux targets). With CLONE_VFORK this process stands
    // still until the child has executed or exited, so the child's borrow of `child` is
    // exclusive, and `child` outlives it. All signals are blocked (`quiet_signals`), so no
    // handler runs on the shared memory.
    let pid = unsafe {
        libc::clone(
            run_child,
            top.cast::<c_void>(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut child).cast::<c_void>(),
        )
    };
    let Some(pid) = Pid::from_raw(pid.max(0)) else {
        return Err((Step::Fork, last_errno()));
    };
    match child.failure {
        None => Ok(Launched {
            pid,
            in_cgroup: child.in_cgroup,
            limits_set: child.limits_set,
            protections: child.protections,
            stood_in_for: child.stood_in_for,
        }),
        Some(failure) => {
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
            Err(failure)
        }
    }
}

fn pointers(strings: &[&CStr]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([ptr::null()])
        .collect()
}

fn last_errno() -> c_int {
    io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

/// The child's whole life up to the exec.
extern "C" fn run_child(child: *mut c_void) -> c_int {
    // SAFETY: `launch` passes a valid, exclusively borrowed `Child` and stands still meanwhile.
    let child = unsafe { &mut *child.cast::<Child<'_>>() };
    child.failure = Some(child.exec());
    exit_now(127)
}

impl Child<'_> {
    /// Sets everything up and executes; returns only what failed.
    fn exec(&mut self) -> (Step, c_int) {
        let launch = self.launch;
        if let Some(procs) = launch.cgroup_procs {
            // SAFETY: one byte of a static string is written to a descriptor that is open.
            self.in_cgroup =
                unsafe { libc::write(procs.as_raw_fd(), c"0".as_ptr().cast(), 1) } == 1;
        }
        // SAFETY: `setsid` takes no arguments.
        if unsafe { libc::setsid() } == -1 {
            return (Step::Session, last_errno());
        }
        for (target, source) in (0..).zip(launch.stdio) {
            // SAFETY: the sources are open; the targets belong to this child alone, whose
            // table of descriptors is a copy.
            if unsafe { libc::dup2(source.as_raw_fd(), target) } == -1 {
                return (Step::Stdio, last_errno());
            }
        }
        // SAFETY: integers only.
        unsafe { libc::umask(0o022) };
        // Everything this crate opens closes on exec; this is for what others may have left
        // open, and kernels before 5.11 do without.
        // SAFETY: marks descriptors of the child's own table, closes none.
        unsafe {
            libc::syscall(
                libc::SYS_close_range,
                3,
                libc::c_uint::MAX,
                CLOSE_RANGE_CLOEXEC,
            )
        };
        for limit in launch.limits {
            self.limits_set &= set_limit(*limit);
        }
        if let Err(failure) = self.become_who_it_is() {
            return failure;
        }
        if launch.dies_with_parent {
            // A change of user clears this, so it comes after.
            // SAFETY: integers only.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        }
        // SAFETY: `cwd` ends in NUL and outlives the call.
        if unsafe { libc::chdir(launch.cwd.as_ptr()) } == -1 {
            return (Step::Chdir, last_errno());
        }
        if let Err(failure) = launch.cage.map_or(Ok(()), |cage| self.enter(cage)) {
            return failure;
        }
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `sigemptyset` initialises the set before it is read.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
        }
        self.try_all()
    }

    /// Tries every path, then the shell. As `execvp` does, reports EACCES if any path had it.
    fn try_all(&self) -> (Step, c_int) {
        let mut errno = libc::ENOENT;
        for path in self.launch.paths {
            // SAFETY: all strings end in NUL, both arrays end in a null pointer.
            unsafe { libc::execve(path.as_ptr(), self.argv.as_ptr(), self.env.as_ptr()) };
            match last_errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => errno = libc::EACCES,
                other => {
                    errno = other;
                    break;
                }
            }
        }
        if !self.launch.shell.is_empty() {
            // SAFETY: as above.
            unsafe { libc::execve(c"/bin/sh".as_ptr(), self.shell.as_ptr(), self.env.as_ptr()) };
            errno = last_errno();
        }
        (Step::Exec, errno)
    }
}

const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;

/// Sets a limit, at most to the present hard limit; says whether it is set.
fn set_limit(limit: Limit) -> bool {
    let mut now = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `now` is valid for writes.
    if unsafe { prlimit(limit.resource, ptr::null(), &raw mut now) } == -1 {
        return false;
    }
    let maximum = limit
        .hard
        .map_or(now.rlim_max, |hard| hard.min(now.rlim_max));
    let new = libc::rlimit64 {
        rlim_cur: limit.soft.min(maximum),
        rlim_max: maximum,
    };
    // SAFETY: `new` is valid for reads.
    unsafe { prlimit(limit.resource, &raw const new, ptr::null_mut()) == 0 }
}

/// `prlimit64` by number: the C libraries differ in the type of the resource.
unsafe fn prlimit(
    resource: c_int,
    new: *const libc::rlimit64,
    old: *mut libc::rlimit64,
) -> libc::c_long {
    // SAFETY: the caller's pointers are valid or null; 0 is this process.
    unsafe { libc::syscall(libc::SYS_prlimit64, 0, resource, new, old) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_adds_times_and_keeps_the_largest_memory() {
        let one = Usage {
            user: Duration::from_micros(3),
            system: Duration::from_micros(5),
            max_rss_bytes: 10,
        };
        let mut sum = Usage {
            max_rss_bytes: 7,
            ..Usage::default()
        };
        sum.add(one);
        sum.add(one);
        assert_eq!(sum.user, Duration::from_micros(6));
        assert_eq!(sum.system, Duration::from_micros(10));
        assert_eq!(sum.max_rss_bytes, 10);
    }
}
