//! The spawning helper: one blocking, single-threaded process that forks a supervisor for each
//! request and does nothing else.
//!
//! It must be entered before its program starts a thread or a runtime: it forks without exec.
//! It ends when the agent's end of its socket closes; supervisors of running commands live on
//! and follow their own connection to the agent.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fds;
use crate::supervisor::{self, Supplies};
use crate::sys::{self, Fork};

/// Serves requests for supervisors, which arrive on standard input, until that connection closes.
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
        // A request is a byte, and with it the control connection of the supervisor to be.
        let mut received = Vec::new();
        if fds::receive(&requests, &mut [0], &mut received)? == 0 {
            return Ok(());
        }
        let Some(control) = received.pop().map(UnixStream::from) else {
            // There were descriptors too many; the agent sees that this one was closed.
            continue;
        };
        match sys::fork() {
            Ok(Fork::Parent) => {}
            Ok(Fork::Child) => {
                // A supervisor that kept this open would keep the agent from noticing the
                // helper's death.
                drop(requests);
                let served =
                    catch_unwind(AssertUnwindSafe(|| supervisor::serve(control, &supplies)));
                // A panic has been reported by now; it must not unwind into the loop above,
                // which belongs to the parent.
                sys::exit_now(if served.is_ok() { 0 } else { 70 });
            }
            Err(error) => supervisor::refuse(&control, &error),
        }
    }
}
