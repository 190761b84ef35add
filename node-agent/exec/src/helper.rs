//! The spawning helper: one blocking, single-threaded process that forks a supervisor for each
//! request and does nothing else.
//!
//! It must be entered before its program starts a thread or a runtime: it forks without exec.
//! It ends when the agent's end of its socket closes; supervisors of running commands live on
//! and follow their own connection to the agent.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::supervisor::{self, Supplies};
use crate::sys::{self, Fork};

/// A request carries the control connection, standard output, standard error and, if the
/// command is to read anything, standard input, in this order.
const MAX_FDS: usize = 4;

/// Serves spawn requests that arrive on standard input, until that connection closes.
///
/// Call it first thing in `main`, before any thread exists. In the supervisors that it forks it
/// does not return.
pub fn main() -> io::Result<()> {
    // What the agent left open on exec is not for the commands.
    sys::close_from(3);
    let requests = sys::duplicate_above_stdio(io::stdin().as_raw_fd())?;
    let null: OwnedFd = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?
        .into();
    rustix::stdio::dup2_stdin(&null)?;
    rustix::process::chdir("/")?;
    sys::quiet_signals();
    sys::reap_automatically();
    let supplies = Supplies {
        null,
        child_signals: sys::child_signals()?,
    };
    loop {
        let Some(request) = receive(&requests)? else {
            return Ok(());
        };
        match sys::fork() {
            Ok(Fork::Parent) => {}
            Ok(Fork::Child) => {
                drop(requests);
                let watched = catch_unwind(AssertUnwindSafe(move || {
                    supervisor::run(request, supplies);
                }));
                // A panic has already been reported; it must not unwind into the loop above,
                // which belongs to the parent.
                sys::exit_now(if watched.is_ok() { 0 } else { 70 });
            }
            Err(error) => supervisor::refuse(&request.control, &error),
        }
    }
}

/// The descriptors of one request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) control: UnixStream,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) stdin: Option<OwnedFd>,
}

/// Hands a request to the helper, without waiting: `WouldBlock` while its queue is full.
pub(crate) fn send(helper: impl AsFd, request: &Request) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let mut fds = vec![
        request.control.as_fd(),
        request.stdout.as_fd(),
        request.stderr.as_fd(),
    ];
    fds.extend(request.stdin.as_ref().map(AsFd::as_fd));
    let fits = ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    debug_assert!(fits, "the buffer is made for MAX_FDS descriptors");
    let byte = [io::IoSlice::new(&[1])];
    sendmsg(
        helper,
        &byte,
        &mut ancillary,
        SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
    )?;
    Ok(())
}

/// Waits for the next request; `None` when the agent is gone.
fn receive(requests: &OwnedFd) -> io::Result<Option<Request>> {
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0_u8];
        let mut into = [IoSliceMut::new(&mut byte)];
        match recvmsg(requests, &mut into, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(message) if message.bytes == 0 => return Ok(None),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(Errno::CONNRESET) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        }
        let mut fds = ancillary.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        // A request without its descriptors (this process has too many open) is answered by
        // their being closed: the agent sees the end of its control connection.
        if let (Some(control), Some(stdout), Some(stderr)) = (fds.next(), fds.next(), fds.next()) {
            let stdin = fds.next();
            return Ok(Some(Request {
                control: control.into(),
                stdout,
                stderr,
                stdin,
            }));
        }
    }
}
