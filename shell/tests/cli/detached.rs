//! Detached runs: they outlive their shell, and any shell of their operator finds them again.

use std::path::Path;
use std::process::Child;

use crate::support::fleet::Fleet;
use crate::support::hailer::wait;
use crate::support::wait_until;

const ALL: [&str; 2] = ["--scope", "@all"];

/// A line that works until a file is there, and then says so.
fn until_there(gate: &Path) -> String {
    format!(
        "while [ ! -e {} ]; do sleep 0.05; done; echo $((40+2))",
        gate.display()
    )
}

/// Starts a line detached and returns its id.
#[track_caller]
fn launch(fleet: &Fleet, line: &str) -> String {
    let ran = fleet.hailer().args(ALL).args(["--detach"]).line(line).run();
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let id = ran.out.trim().to_owned();
    assert_eq!(id.len(), 32, "the id and nothing else: {id}");
    id
}

fn killed(mut shell: Child) {
    shell.kill().expect("it is there");
    wait(&mut shell);
}

#[test]
fn a_detached_run_outlives_a_shell_that_is_killed_and_another_finds_it() {
    let fleet = Fleet::start(3, 0);
    let gate = fleet.dir().join("go");
    let id = launch(&fleet, &until_there(&gate));
    assert!(fleet.commands().len() >= 3, "it runs on");

    let ran = fleet.hailer().args(ALL).line("jobs all").run().exits(0);
    ran.says(&id[..12]).says("running").says("web[01-02]");

    // Somebody waits for it and dies; it does not mind.
    let shell = fleet
        .hailer()
        .line(&format!("jobs attach {}", &id[..8]))
        .spawn();
    let another = fleet.hailer().args(ALL).line("echo here").run();
    another.exits(0).says("here");
    killed(shell);
    assert!(fleet.commands().len() >= 3, "it runs on");

    std::fs::write(&gate, "").expect("written");
    let line = format!("jobs attach {id}");
    let ran = fleet.hailer().line(&line).line("$1 |> count by rc").run();
    ran.exits(0).says("42").says("3 nodes: 3 ok");
    fleet.wait_until_idle();
    let ran = fleet.hailer().args(ALL).line("jobs all").run().exits(0);
    ran.says("ok");
}

#[test]
fn a_shell_that_is_killed_with_a_launch_just_behind_it_leaves_the_run_going() {
    let fleet = Fleet::start(2, 0);
    let gate = fleet.dir().join("go");
    let shell = fleet
        .hailer()
        .args(ALL)
        .line(&format!("detached {}", until_there(&gate)))
        .line("sleep 1000")
        .spawn();
    wait_until("both lines run", || {
        let is = |c: &&String| c.contains("sleep 1000");
        fleet.commands().iter().filter(is).count() >= 2
    });
    killed(shell);
    wait_until("what was attached ends with its lease", || {
        !fleet.commands().iter().any(|c| c.contains("sleep 1000"))
    });
    assert!(!fleet.commands().is_empty(), "what was detached goes on");
    std::fs::write(&gate, "").expect("written");
    fleet.wait_until_idle();
}

#[test]
fn a_detached_run_is_cancelled_from_another_shell_on_every_node() {
    let fleet = Fleet::start(3, 0);
    let id = launch(&fleet, "echo before; setsid sleep 1000 & sleep 1000");
    wait_until("it runs", || fleet.commands().len() >= 6);
    let cancel = format!("cancel {}", &id[..8]);
    let rehearsed = fleet.hailer().args(["--dry-run"]).line(&cancel).run();
    rehearsed.exits(0).says("would end");
    assert!(fleet.commands().len() >= 6, "a rehearsal ends nothing");
    let ran = fleet.hailer().line(&cancel).run().exits(4);
    ran.says("3 cancelled").says("before");
    assert_eq!(fleet.commands(), [""; 0]);
    let ran = fleet.hailer().args(ALL).line("jobs all").run().exits(0);
    ran.says("cancelled");
}

#[test]
fn rows_of_a_detached_line_are_rows_when_they_are_fetched() {
    let fleet = Fleet::start(2, 0);
    let ran = fleet
        .hailer()
        .args(ALL)
        .line("detached @web01 : printf 'name,n\\nx,1\\ny,2\\n' |> parse csv |> where n > 1")
        .run()
        .exits(0);
    let id = ran.out.trim().to_owned();
    let attach = format!("jobs attach {id}");
    let ran = fleet.hailer().line(&attach).line("$1 |> count").run();
    ran.exits(0).says("1");
}

#[test]
fn what_could_not_be_started_is_said_and_what_is_not_known_too() {
    let fleet = Fleet::start(4, 1);
    let ran = fleet
        .hailer()
        .args(ALL)
        .line("detached sleep 1000")
        .run()
        .exits(4);
    let ran = ran.complains("unreachable");
    let id = ran.out.trim().to_owned();
    // Whoever could not be asked may have it: that is no success.
    let ran = fleet.hailer().line(&format!("cancel {id}")).run();
    assert_ne!(ran.code, 0);
    ran.says("3 cancelled").says("1 unreachable");
    fleet.wait_until_idle();
    let ran = fleet.hailer().line("jobs attach 00000000").run().exits(4);
    ran.complains("no detached run of yours")
        .complains("one node could not be asked");
}

#[test]
fn what_cannot_run_detached_is_refused_and_runs_nothing() {
    let fleet = Fleet::shared();
    for (line, expected) in [
        ("detached metric mem", "only a command can run detached"),
        (
            "detached uptime |> count",
            "needs the answers of a detached run",
        ),
        ("detached", "expected `detached LINE`"),
        ("detached detached uptime", "expected `detached LINE`"),
        ("detached jobs", "expected `detached LINE`"),
        ("jobs attach zz", "there is no run `zz`"),
        ("cancel zz", "expected `cancel"),
    ] {
        fleet
            .hailer()
            .args(ALL)
            .line(line)
            .run()
            .exits(2)
            .complains(expected);
    }
    let ran = fleet
        .hailer()
        .args(ALL)
        .line("explain detached sleep 9")
        .run();
    ran.exits(0).says("it outlives this shell");
    // That it has begun says nothing of how it went.
    let staged = ["--scope", "@web[01-02]", "--detach", "--canary", "1"];
    let ran = fleet.hailer().args(staged).line("true").run();
    ran.exits(2).prints_nothing().complains("--gate");
}
