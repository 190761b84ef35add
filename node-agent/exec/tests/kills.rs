//! Runs that are killed: nothing survives.

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Mark, argv, eventually, finish, first_line, shell, spawner, within};
use hailer_exec::{How, Spec};

/// Daemons in sessions of their own, one of them started twice removed, and a command.
const FAMILY: &str = "setsid sh -c 'sleep 1000 & sleep 1000' & \
                      (setsid setsid sleep 1000 &); \
                      sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' & sleep 1000";
const FAMILY_SLEEPS: usize = 6;

#[tokio::test]
async fn a_kill_reaches_every_descendant_in_every_session() {
    let mark = Mark::new("family");
    let spec = Spec {
        kill_grace: Duration::from_millis(100),
        ..mark.on(shell(FAMILY))
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    eventually("the family to be there", || {
        mark.count("sleep") == FAMILY_SLEEPS
    })
    .await;
    running.control.kill();
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!(mark.alive(), Vec::<i32>::new());
    assert_eq!(
        (end.how, end.killed, end.left_behind),
        (How::Signalled(15), true, 0)
    );
}

#[tokio::test]
async fn who_ignores_sigterm_is_killed_after_the_grace_and_not_before() {
    let mark = Mark::new("ignores");
    let grace = Duration::from_millis(300);
    let line = "trap '' TERM; echo ready; while :; do sleep 1000; done";
    let spec = Spec {
        kill_grace: grace,
        ..mark.on(shell(line))
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    assert_eq!(first_line(&mut running).await, "ready");
    let asked = now();
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert!(now() - asked >= grace);
    assert_eq!((end.how, end.killed), (How::Signalled(9), true));
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

#[tokio::test]
async fn who_cleans_up_on_sigterm_ends_with_its_own_code_and_within_the_grace() {
    let line = "trap 'echo cleaned; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
    let spec = Spec {
        kill_grace: common::AT_MOST * 2,
        ..shell(line)
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    assert_eq!(first_line(&mut running).await, "ready");
    running.control.kill();
    let whole = finish(running).await;
    assert_eq!((whole.end.how, whole.end.killed), (How::Exited(7), true));
    assert_eq!(whole.out, "cleaned\n");
}

#[tokio::test]
async fn what_a_command_orphans_while_it_dies_of_sigterm_is_swept_too() {
    let mark = Mark::new("orphans");
    let line = "trap 'setsid sh -c \"trap : TERM; while :; do sleep 1000; done\" & exit 0' TERM; \
                echo ready; while :; do sleep 0.01; done";
    let spec = Spec {
        kill_grace: Duration::from_millis(200),
        ..mark.on(shell(line))
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    assert_eq!(first_line(&mut running).await, "ready");
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!(
        (end.how, end.killed, end.left_behind),
        (How::Exited(0), true, 0)
    );
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_stopped_command_hears_the_kill() {
    let mark = Mark::new("stopped");
    let spec = Spec {
        kill_grace: common::AT_MOST * 2,
        ..mark.on(shell("kill -STOP $$"))
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!(end.how, How::Signalled(15));
}

#[tokio::test]
async fn kill_now_cuts_a_grace_short() {
    let line = "trap '' TERM; echo ready; while :; do sleep 1000; done";
    let spec = Spec {
        kill_grace: common::AT_MOST * 2,
        ..shell(line)
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    assert_eq!(first_line(&mut running).await, "ready");
    running.control.killer().kill();
    running.control.kill_now();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!((end.how, end.killed), (How::Signalled(9), true));
}

#[tokio::test]
async fn a_loop_that_forks_faster_than_it_is_killed_is_still_killed() {
    let mark = Mark::new("fork-loop");
    // Each generation starts the next in a session of its own and ends: at any moment few
    // processes exist, and none for long. The bound keeps a broken kill from going on for ever.
    let step = "n=$1; [ $n -lt 20000 ] || exit; \
                setsid sh \"$0\" $((n+1)) & setsid sh -c 'sleep 0.05' & exit";
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("loop.sh");
    std::fs::write(&script, step).unwrap();
    let line = format!("sh {} 0; echo started; sleep 1000", script.display());
    let spec = Spec {
        kill_grace: Duration::ZERO,
        ..mark.on(shell(&line))
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    assert_eq!(first_line(&mut running).await, "started");
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!((end.killed, end.left_behind), (true, 0));
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

#[tokio::test]
async fn dropping_a_run_kills_it() {
    let mark = Mark::new("dropped");
    let spec = Spec {
        kill_grace: Duration::from_millis(50),
        ..mark.on(shell(FAMILY))
    };
    let running = spawner().spawn(&spec).await.unwrap();
    let killer = running.control.killer();
    eventually("the family to be there", || {
        mark.count("sleep") == FAMILY_SLEEPS
    })
    .await;
    drop(running);
    eventually("the family to be gone", || mark.alive().is_empty()).await;
    killer.kill();
}

#[tokio::test]
async fn a_detached_run_outlives_its_handle_and_its_helper() {
    let mark = Mark::new("detached");
    let folder = tempfile::tempdir().unwrap();
    let (go, done) = (folder.path().join("go"), folder.path().join("done"));
    let line = format!(
        "while [ ! -e {} ]; do sleep 0.01; done; echo yes > {}",
        go.display(),
        done.display()
    );
    let spawner = spawner();
    let running = spawner
        .spawn(&Spec {
            detached: true,
            ..mark.on(shell(&line))
        })
        .await
        .unwrap();
    drop(running);
    drop(spawner);
    // The kernel shows the environment of a program a moment after its exec has succeeded.
    eventually("the detached run to be seen", || !mark.alive().is_empty()).await;
    std::fs::write(&go, "").unwrap();
    eventually("the detached run to do its work", || done.exists()).await;
    eventually("the detached run to end", || mark.alive().is_empty()).await;
}

#[tokio::test]
async fn a_detached_run_can_be_killed_while_its_handle_lives() {
    let mark = Mark::new("detached-killed");
    let spec = Spec {
        detached: true,
        ..mark.on(shell(FAMILY))
    };
    let spec = Spec {
        kill_grace: Duration::from_millis(50),
        ..spec
    };
    let mut running = spawner().spawn(&spec).await.unwrap();
    eventually("the family to be there", || {
        mark.count("sleep") == FAMILY_SLEEPS
    })
    .await;
    running.control.kill();
    within("the kill", running.control.wait()).await.unwrap();
    assert_eq!(mark.alive(), Vec::<i32>::new());
}

/// Not a test by itself: the agent that [`the_death_of_the_agent_kills_what_it_runs`] kills.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn the_agent_that_dies() {
    let Ok(mark) = std::env::var("HAILER_TEST_AGENT") else {
        return;
    };
    let mark = Mark::of(mark);
    let spec = Spec {
        kill_grace: Duration::from_millis(50),
        ..mark.on(shell(FAMILY))
    };
    let _running = spawner().spawn(&spec).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_death_of_the_agent_kills_what_it_runs() {
    let mark = Mark::new("agent-death");
    let mut agent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_agent_that_dies", "--ignored"])
        .env("HAILER_TEST_AGENT", mark.text())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the family to be there", || {
        mark.count("sleep") == FAMILY_SLEEPS
    })
    .await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    eventually("the family to be gone", || mark.alive().is_empty()).await;
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_command_along() {
    let mark = Mark::new("supervisor");
    let mut running = spawner()
        .spawn(&mark.on(argv(&["sleep", "1000"])))
        .await
        .unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.pid)).unwrap();
    let supervisor = stat.split(' ').nth(3).unwrap().parse().unwrap();
    let supervisor = rustix::process::Pid::from_raw(supervisor).unwrap();
    rustix::process::kill_process(supervisor, rustix::process::Signal::KILL).unwrap();
    let error = within("the news", running.control.wait())
        .await
        .unwrap_err();
    assert!(
        matches!(error, hailer_exec::ExecError::SupervisorGone),
        "{error}"
    );
    eventually("the command to be gone", || mark.alive().is_empty()).await;
}

#[tokio::test]
async fn a_kill_in_the_middle_of_forking_needs_no_grace() {
    // The shell forks and executes all the time; whoever it has just started hears SIGTERM too.
    let line = "echo ready; while :; do /bin/sleep 0.001; /bin/sleep 1000 & done";
    let spec = Spec {
        kill_grace: common::AT_MOST * 2,
        ..shell(line)
    };
    let spawner = spawner();
    for _ in 0..20 {
        let mut running = spawner.spawn(&spec).await.unwrap();
        assert_eq!(first_line(&mut running).await, "ready");
        running.control.kill();
        let end = within("the kill", running.control.wait()).await.unwrap();
        assert_eq!((end.how, end.left_behind), (How::Signalled(15), 0));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the grace is measured in real time"
)]
fn now() -> Instant {
    Instant::now()
}
