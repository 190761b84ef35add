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
use crate::sandbox::plan::plan;
use crate::sandbox::{Protection, Protections, Sandbox, calls, ruleset};
use crate::spec::Rlimits;
use crate::sys::{self, Cage, Identity, Launch, Limit};
use crate::user::is_already;
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
    let user = order.run_as.as_ref().map(|(uid, gid, groups)| Identity {
        uid: *uid,
        gid: *gid,
        groups,
    });
    let launched = prepare(&order).and_then(|prepared| {
        sys::launch(&Launch {
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
            limits: &limits(&order.limits, order.sandbox.is_some()),
            dies_with_parent: !order.detached,
            user: user.filter(|&user| !is_already(user)),
            cage: order.sandbox.as_ref().map(|sandbox| prepared.cage(sandbox)),
        })
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
        protections: launched.protections,
        stood_in_for: launched.stood_in_for,
    })
    .until_the_end(order.kill_grace)
}

/// What a sandbox is made of, all of it built before the command's process exists.
#[derive(Default)]
struct Prepared {
    ruleset: Option<OwnedFd>,
    by_ruleset: Protections,
    filter: Option<Vec<libc::sock_filter>>,
    by_filter: Protections,
}

impl Prepared {
    fn cage(&self, sandbox: &Sandbox) -> Cage<'_> {
        Cage {
            ruleset: self.ruleset.as_ref().map(AsFd::as_fd),
            by_ruleset: self.by_ruleset,
            filter: self.filter.as_deref(),
            by_filter: self.by_filter,
            optional: sandbox.optional,
        }
    }
}

/// Builds the sandbox of an order; what this system cannot do and the order insists on is the
/// error.
fn prepare(order: &Order<'_>) -> Result<Prepared, (Step, c_int)> {
    let Some(sandbox) = &order.sandbox else {
        return Ok(Prepared::default());
    };
    let version = landlock_version(sandbox.landlock_max);
    let plan = plan(version.as_ref().map_or(0, |v| *v), sandbox.may_connect);
    if version.is_ok()
        && sandbox.is_strict
        && let Some(one) = plan.by_filter.iter().next()
    {
        return Err((Step::Protect(one), libc::EOPNOTSUPP));
    }
    let ruleset =
        version.and_then(|_| ruleset::build(&plan, &sandbox.hidden, sandbox.scratch.as_deref()));
    let mut prepared = Prepared::default();
    match ruleset {
        Ok(ruleset) => {
            prepared.ruleset = Some(ruleset);
            prepared.by_ruleset = plan.by_landlock;
        }
        Err(_) if sandbox.optional.contains(Protection::Files) => {}
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            return Err((Step::Protect(Protection::Files), errno));
        }
    }
    prepared.filter = calls::filter(plan.by_filter, sandbox.may_connect);
    if prepared.filter.is_some() {
        prepared.by_filter = plan.by_filter.with(Protection::Calls);
    }
    let can = prepared.by_ruleset.and(prepared.by_filter);
    let missing = BUILT
        .into_iter()
        .find(|&one| !can.contains(one) && !sandbox.optional.contains(one));
    match missing {
        Some(one) => Err((Step::Protect(one), libc::EOPNOTSUPP)),
        None => Ok(prepared),
    }
}

/// The version of Landlock that is used; none at all is an error.
fn landlock_version(newest: Option<u32>) -> io::Result<u32> {
    match sys::landlock_version()?.min(newest.unwrap_or(u32::MAX)) {
        0 => Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
        version => Ok(version),
    }
}

/// The protections that are built before; the others are steps of the child alone.
const BUILT: [Protection; 7] = [
    Protection::Files,
    Protection::Truncation,
    Protection::Devices,
    Protection::Network,
    Protection::Signals,
    Protection::Sockets,
    Protection::Calls,
];

/// Sends a reply; an agent that is gone is noticed by the watch.
pub(crate) fn reply(control: &UnixStream, reply: Reply) {
    let _ = send(control, &reply.encode(), SendFlags::NOSIGNAL);
}

/// Lists the limits to set. Core files are off, always. In a sandbox nothing can be raised.
fn limits(asked: &Rlimits, is_caged: bool) -> Vec<Limit> {
    let both = |value: u64| (value, Some(value));
    [
        (libc::RLIMIT_CORE, Some(both(0))),
        (
            libc::RLIMIT_NOFILE,
            Some((asked.nofile, is_caged.then_some(asked.nofile))),
        ),
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
