//! A supervisor: takes orders on its control connection, one at a time, and for each starts the
//! command in its own session, limits and control group.
//!
//! It serves another order only when nothing of the one before is left, so that its children
//! always are those of one run.

use std::ffi::{OsStr, c_int};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::net::{SendFlags, send};
use rustix::process::{getpid, set_child_subreaper, setsid};

use crate::cgroup::RunCgroup;
use crate::end::Held;
use crate::error::Step;
use crate::fds;
use crate::order::{MAX_ORDER_BYTES, ORDER, ORDER_HEAD, Order};
use crate::reply::Reply;
use crate::spec::Rlimits;
use crate::sys::{self, Launch, Limit};
use crate::watch::Watch;

/// What the helper opens once for all its supervisors.
#[derive(Debug)]
pub(crate) struct Supplies {
    pub(crate) null: OwnedFd,
    pub(crate) child_signals: OwnedFd,
}

/// Answers a request for which there could be no supervisor.
pub(crate) fn refuse(control: &UnixStream, error: &io::Error) {
    let errno = error.raw_os_error().unwrap_or(libc::EAGAIN);
    reply(
        control,
        Reply::Failed {
            step: Step::Fork,
            errno,
        },
    );
}

/// Serves orders until the connection closes or a run leaves something behind. The process that
/// calls this ends afterwards.
pub(crate) fn serve(mut control: UnixStream, supplies: &Supplies) {
    sys::reap_by_hand();
    // Neither can fail: a fresh fork leads no process group, and any process may adopt.
    let _ = setsid();
    let _ = set_child_subreaper(Some(getpid()));
    let _ = rustix::thread::set_name(c"hailer-run");
    // The helper's standard error is the agent's; a run must not hold it open.
    let _ = rustix::stdio::dup2_stderr(&supplies.null);
    while let Some((bytes, pipes)) = read_order(&mut control) {
        match run(&bytes, pipes, control, supplies) {
            Some(free) => control = free,
            None => return,
        }
    }
}

/// The command's ends of its pipes.
struct Pipes {
    stdout: OwnedFd,
    stderr: OwnedFd,
    stdin: Option<OwnedFd>,
}

/// Waits for an order; `None` if the agent went away instead.
fn read_order(control: &mut UnixStream) -> Option<(Vec<u8>, Pipes)> {
    let (mut head, mut fds) = ([0; ORDER_HEAD], Vec::new());
    let n = fds::receive(&*control, &mut head, &mut fds).ok()?;
    // Anything but an order is a kill that came too late, and then no order follows.
    if n == 0 || head[0] != ORDER {
        return None;
    }
    control.read_exact(&mut head[n..]).ok()?;
    let [_, length @ ..] = head;
    let length = usize::try_from(u32::from_ne_bytes(length)).ok()?;
    if length > MAX_ORDER_BYTES {
        return None;
    }
    let mut bytes = vec![0; length];
    control.read_exact(&mut bytes).ok()?;
    let mut fds = fds.into_iter();
    Some((
        bytes,
        Pipes {
            stdout: fds.next()?,
            stderr: fds.next()?,
            stdin: fds.next(),
        },
    ))
}

/// Runs one command from order to end; gives the connection back if it may carry another.
fn run(bytes: &[u8], pipes: Pipes, control: UnixStream, supplies: &Supplies) -> Option<UnixStream> {
    let Some(order) = Order::decode(bytes) else {
        reply(
            &control,
            Reply::Failed {
                step: Step::Order,
                errno: libc::EINVAL,
            },
        );
        return None;
    };
    let cgroup_parent = order
        .cgroup_parent
        .map(|path| Path::new(OsStr::from_bytes(path.to_bytes())));
    let cgroup = cgroup_parent.and_then(|parent| RunCgroup::create(parent).ok());
    let launched = sys::launch(&Launch {
        paths: &order.paths,
        argv: &order.argv,
        shell: &order.shell,
        env: &order.env,
        cwd: order.cwd,
        stdio: [
            pipes.stdin.as_ref().unwrap_or(&supplies.null).as_fd(),
            pipes.stdout.as_fd(),
            pipes.stderr.as_fd(),
        ],
        cgroup_procs: cgroup.as_ref().map(RunCgroup::entrance),
        limits: &limits(&order.limits),
        dies_with_parent: !order.detached,
    });
    // From here on the pipes are the command's alone, so that their end is seen when it comes.
    drop(pipes);
    let launched = match launched {
        Ok(launched) => launched,
        Err((step, errno)) => {
            if let Some(cgroup) = cgroup {
                cgroup.remove();
            }
            reply(&control, Reply::Failed { step, errno });
            return Some(control);
        }
    };
    let pid = u32::try_from(launched.pid.as_raw_pid()).unwrap_or(0);
    reply(&control, Reply::Started { pid });
    Watch::new(
        launched.pid,
        &supplies.child_signals,
        control,
        order.detached,
    )
    .with_cgroup(cgroup.zip(cgroup_parent))
    .with_held(Held {
        cgroup: launched.in_cgroup,
        rlimits: launched.limits_set,
    })
    .until_the_end(order.kill_grace)
}

/// Sends a reply; an agent that is gone is noticed by the watch.
pub(crate) fn reply(control: &UnixStream, reply: Reply) {
    let _ = send(control, &reply.encode(), SendFlags::NOSIGNAL);
}

/// Lists the limits to set. Core files are off, always.
fn limits(asked: &Rlimits) -> Vec<Limit> {
    let both = |value: u64| (value, Some(value));
    [
        (libc::RLIMIT_CORE, Some(both(0))),
        (libc::RLIMIT_NOFILE, Some((asked.nofile, None))),
        (libc::RLIMIT_AS, asked.address_space_bytes.map(both)),
        (
            libc::RLIMIT_CPU,
            asked.cpu_seconds.map(|s| (s, Some(s.saturating_add(1)))),
        ),
        (libc::RLIMIT_NPROC, asked.nproc.map(both)),
        (libc::RLIMIT_FSIZE, asked.fsize_bytes.map(both)),
    ]
    .into_iter()
    .filter_map(|(resource, limit)| {
        let (soft, hard) = limit?;
        Some(Limit {
            resource: resource as c_int,
            soft,
            hard,
        })
    })
    .collect()
}
