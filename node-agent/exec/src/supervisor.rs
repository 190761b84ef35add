//! The supervisor of one run, from its fork to the moment the command runs: reads the order,
//! starts the command in its own session, limits and control group, and says so.

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
use crate::helper::Request;
use crate::order::{MAX_ORDER_BYTES, Order, Reply};
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
    reply(
        control,
        Reply::Failed {
            step: Step::Fork,
            errno: error.raw_os_error().unwrap_or(libc::EAGAIN),
        },
    );
}

/// Runs one command from order to end. The process that calls this ends afterwards.
pub(crate) fn run(request: Request, supplies: Supplies) {
    sys::reap_by_hand();
    // Neither can fail: a fresh fork leads no process group, and any process may adopt.
    let _ = setsid();
    let _ = set_child_subreaper(Some(getpid()));
    let _ = rustix::thread::set_name(c"hailer-run");
    // The helper's standard error is the agent's; a run must not hold it open.
    let _ = rustix::stdio::dup2_stderr(&supplies.null);

    let Request {
        mut control,
        stdout,
        stderr,
        stdin,
    } = request;
    let Some(bytes) = read_order(&mut control) else {
        return;
    };
    let Some(order) = Order::decode(&bytes) else {
        return reply(
            &control,
            Reply::Failed {
                step: Step::Order,
                errno: libc::EINVAL,
            },
        );
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
            stdin.as_ref().unwrap_or(&supplies.null).as_fd(),
            stdout.as_fd(),
            stderr.as_fd(),
        ],
        cgroup_procs: cgroup.as_ref().map(RunCgroup::entrance),
        limits: &limits(&order.limits),
        dies_with_parent: !order.detached,
    });
    let launched = match launched {
        Ok(launched) => launched,
        Err((step, errno)) => {
            if let Some(cgroup) = cgroup {
                cgroup.remove();
            }
            return reply(&control, Reply::Failed { step, errno });
        }
    };
    // From here on the pipes are the command's alone, so that their end is seen when it comes.
    drop((stdin, stdout, stderr));
    let pid = u32::try_from(launched.pid.as_raw_pid()).unwrap_or(0);
    reply(&control, Reply::Started { pid });
    Watch::new(
        launched.pid,
        supplies.child_signals,
        control,
        order.detached,
    )
    .with_cgroup(cgroup.zip(cgroup_parent))
    .with_held(Held {
        cgroup: launched.in_cgroup,
        rlimits: launched.limits_set,
    })
    .until_the_end(order.kill_grace);
}

/// Sends a reply; an agent that is gone is noticed by the watch.
pub(crate) fn reply(control: &UnixStream, reply: Reply) {
    let _ = send(control, &reply.encode(), SendFlags::NOSIGNAL);
}

/// Reads the order; `None` if the agent went away instead of giving one.
fn read_order(control: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    control.read_exact(&mut length).ok()?;
    let length = usize::try_from(u32::from_ne_bytes(length)).ok()?;
    if length > MAX_ORDER_BYTES {
        return None;
    }
    let mut bytes = vec![0; length];
    control.read_exact(&mut bytes).ok()?;
    Some(bytes)
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
