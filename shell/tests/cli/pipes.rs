//! Pipes: a reader who does not read holds up what is written, and nothing else.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::fleet::Fleet;
use crate::support::wait_until;

/// What a pipe holds on Linux.
const PIPE_BYTES: u64 = 64 << 10;

#[test]
fn ctrl_c_is_heard_while_nobody_reads_the_output() {
    let fleet = Fleet::start(2, 0);
    let line =
        "head -c 300000 /dev/zero | tr '\\0' x | fold; [ $HAILER_NODE = web01 ] || sleep 1000";
    let mut child = fleet.hailer().args(["--format", "text"]).line(line).spawn();
    let out = child.stdout.take().expect("it is piped");
    wait_until("the pipe is full", || {
        rustix::io::ioctl_fionread(&out).expect("a pipe") == PIPE_BYTES
    });
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.expect("a process");
    let mut status = None;
    wait_until("Ctrl-C, as often as need be, ends it", || {
        status = child.try_wait().expect("it is our child");
        if status.is_none() {
            kill_process(pid, Signal::INT).expect("it is there");
        }
        status.is_some()
    });
    assert_eq!(status.and_then(|s| s.code()), Some(130));
    fleet.wait_until_idle();
}
