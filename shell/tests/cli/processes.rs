//! Processes: whatever ends, and however, nothing of it stays behind.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::fleet::Fleet;
use crate::support::hailer::{Hailer, wait};
use crate::support::{proc, wait_until};

/// What a command can do to hide: new sessions, double forks, other names, ignored signals.
const HIDERS: &[&str] = &[
    "setsid sleep 1000 & sleep 1000",
    "(setsid sh -c 'sleep 1000 & sleep 1000' &) ; sleep 1000",
    "(setsid setsid sleep 1000 &) ; setsid sleep 1000 & exec sleep 1000",
    "trap '' TERM INT HUP; (trap '' TERM; setsid sleep 1000 &) ; while :; do sleep 1; done",
    "nohup sleep 1000 >/dev/null 2>&1 & setsid -w sleep 1000",
];

#[test]
fn a_timeout_ends_children_in_sessions_of_their_own() {
    let fleet = Fleet::start(2, 0);
    for line in HIDERS {
        let line = format!(": {line}");
        let ran = fleet
            .hailer()
            .args(["--timeout", "500ms"])
            .line(&line)
            .run();
        assert_eq!(ran.code, 5, "{line}: {}{}", ran.out, ran.err);
        fleet.wait_until_idle();
    }
}

#[test]
fn a_deadline_of_the_run_ends_them_too() {
    let fleet = Fleet::start(2, 0);
    let line = format!(": {}", HIDERS[1]);
    fleet
        .hailer()
        .args(["--deadline", "500ms"])
        .line(&line)
        .run()
        .exits(5);
    fleet.wait_until_idle();
}

#[test]
fn what_a_finished_command_left_running_is_told_and_ends_with_a_demo() {
    let fleet = Fleet::start(1, 0);
    let line = "(setsid sleep 1000 >/dev/null 2>&1 &); echo done";
    fleet
        .hailer()
        .line(line)
        .run()
        .exits(0)
        .says("left behind on web01");
    assert!(
        !fleet.commands().is_empty(),
        "a daemon that was started on purpose may stay"
    );
    let dir = fleet.dir().to_owned();
    drop(fleet);
    wait_until("the demo left nothing", || {
        proc::commands_below(&dir).is_empty()
    });
}

#[test]
fn an_operator_who_is_killed_leaves_nothing_running() {
    let fleet = Fleet::start(2, 0);
    let mut child = fleet
        .hailer()
        .line("setsid sleep 1000 & sleep 1000")
        .spawn();
    wait_until("the commands run", || fleet.commands().len() >= 4);
    child.kill().expect("it is there");
    child.wait().expect("it is our child");
    // The agents notice by the lease's end at the latest.
    fleet.wait_until_idle();
}

#[test]
fn an_operator_who_is_asked_to_end_first_ends_what_runs() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let fleet = Fleet::start(2, 0);
        let mut child = fleet
            .hailer()
            .line("setsid sleep 1000 & sleep 1000")
            .hearing_signals()
            .spawn();
        wait_until("the commands run", || fleet.commands().len() >= 4);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("it is there");
        assert_eq!(wait(&mut child).0, code, "{signal:?}");
        // Not only when the lease runs out.
        assert_eq!(fleet.commands(), [""; 0], "{signal:?}");
    }
}

#[test]
fn a_hang_up_that_nohup_wants_ignored_ends_nothing() {
    let fleet = Fleet::start(2, 0);
    let gate = fleet.dir().join("gate");
    let line = format!(
        "while ! [ -e '{}' ]; do sleep 0.05; done; echo went on",
        gate.display()
    );
    let mut child = fleet.hailer().line(&line).through("nohup", &[]).spawn();
    wait_until("the commands run", || fleet.commands().len() >= 2);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::HUP).expect("it is there");
    fs::write(&gate, "").expect("it can be written");
    assert_eq!(wait(&mut child).0, 0);
}

#[test]
fn a_demo_leaves_no_process_and_no_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let ran = demo(dir.path()).line("cat etc/hostname").run().exits(0);
    ran.says("web01");
    assert_empty(dir.path());
}

#[test]
fn a_demo_that_is_killed_leaves_no_process_and_no_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut child = demo(dir.path())
        .line("setsid sleep 1000 & sleep 1000")
        .spawn();
    wait_until("the commands run", || {
        proc::commands_below(dir.path()).len() >= 6
    });
    child.kill().expect("it is there");
    child.wait().expect("it is our child");
    wait_until("everything of the demo is gone", || is_empty(dir.path()));
}

#[test]
fn a_demo_that_is_asked_to_end_leaves_no_process_and_no_file() {
    for signal in [Signal::TERM, Signal::HUP] {
        let dir = tempfile::tempdir().expect("a directory");
        let mut child = demo(dir.path())
            .line("sleep 1000")
            .hearing_signals()
            .spawn();
        wait_until("the commands run", || {
            proc::commands_below(dir.path()).len() >= 3
        });
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("it is there");
        wait(&mut child);
        wait_until("everything of the demo is gone", || is_empty(dir.path()));
    }
}

fn demo(dir: &Path) -> Hailer {
    let none = ["demo", "--nodes", "3", "--fail", "0", "--slow", "0"];
    Hailer::new(dir)
        .env("TMPDIR", &dir.display().to_string())
        .args(none)
}

/// Whether no process and no file of a demo below that directory is left.
fn is_empty(dir: &Path) -> bool {
    let processes = proc::with_argument(&dir.display().to_string());
    processes.is_empty() && proc::commands_below(dir).is_empty() && files(dir).is_empty()
}

#[track_caller]
fn assert_empty(dir: &Path) {
    assert_eq!(files(dir), [""; 0]);
    assert_eq!(proc::commands_below(dir), [""; 0]);
    assert!(proc::with_argument(&dir.display().to_string()).is_empty());
}

/// The history is the operator's and stays.
fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir)
        .expect("it is there")
        .filter_map(Result::ok);
    let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
    names.filter(|n| n.starts_with("hailer-demo")).collect()
}
