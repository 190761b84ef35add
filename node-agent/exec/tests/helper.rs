//! The helper process itself: it keeps nothing, and its death is survived.
#![expect(clippy::unwrap_used, reason = "these are parts of tests")]

mod common;

use std::fs;
use std::sync::Arc;

use common::{OK, eventually, refused, run, shell, spawner, within};
use hailer_exec::{ExecError, HelperCommand, Spawner, SpawnerConfig};
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;

fn children(pid: u32) -> Vec<String> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    list.split_ascii_whitespace().map(str::to_owned).collect()
}

fn n_fds(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[tokio::test]
async fn after_a_thousand_spawns_the_helper_has_no_zombie_and_no_descriptor_more() {
    let spawner = Arc::new(spawner());
    run(&spawner, &shell("hostname")).await;
    let pid = spawner.helper_pid();
    let before = n_fds(pid);
    let mut lanes = JoinSet::new();
    for _ in 0..8 {
        let spawner = Arc::clone(&spawner);
        lanes.spawn(async move {
            for _ in 0..125 {
                assert_eq!(run(&spawner, &shell("hostname")).await.end.how, OK);
            }
        });
    }
    lanes.join_all().await;
    // What runs now is idle supervisors, at most one for each lane; none is a zombie.
    for child in children(pid) {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
        assert!(!stat.contains(") Z "), "{stat}");
    }
    assert!(children(pid).len() <= 8);
    assert_eq!(n_fds(pid), before);
    assert_eq!(spawner.helper_pid(), pid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_each_get_their_own_answer() {
    let spawner = Arc::new(spawner());
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let spawner = Arc::clone(&spawner);
            tokio::spawn(async move {
                let whole = run(&spawner, &shell(&format!("/bin/echo {n}"))).await;
                assert_eq!(whole.out, format!("{n}\n"));
            })
        })
        .collect();
    for task in tasks {
        within("a run", task).await.unwrap();
    }
}

#[tokio::test]
async fn a_helper_that_died_is_started_anew_and_runs_under_way_go_on() {
    let spawner = spawner();
    let mut running = spawner
        .spawn(&shell("cat /proc/self/stat; sleep 1000"))
        .await
        .unwrap();
    let pid = spawner.helper_pid();
    let before = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(before, Signal::KILL).unwrap();
    // No supervisor is idle, so this one asks the helper.
    assert_eq!(run(&spawner, &shell("true")).await.end.how, OK);
    assert_ne!(spawner.helper_pid(), pid);
    running.control.kill();
    assert!(
        within("the kill", running.control.wait())
            .await
            .unwrap()
            .killed
    );
}

#[tokio::test]
async fn a_helper_that_cannot_be_started_is_named() {
    let missing = HelperCommand {
        program: "/no/such/helper".into(),
        args: Vec::new(),
    };
    let error = Spawner::start(&missing, SpawnerConfig::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("start the spawning helper `/no/such/helper`: ")
    );
}

#[tokio::test]
async fn a_helper_that_does_not_serve_is_an_error_and_no_endless_retry() {
    let useless = HelperCommand {
        program: "/bin/true".into(),
        args: Vec::new(),
    };
    let spawner = Spawner::start(&useless, SpawnerConfig::default()).unwrap();
    let error = refused(&spawner, &shell("hostname")).await;
    assert!(matches!(error, ExecError::HelperGone { .. }), "{error:?}");
}

#[tokio::test]
async fn the_helper_ends_with_its_spawner_and_is_waited_for() {
    let spawner = spawner();
    let pid = spawner.helper_pid();
    run(&spawner, &shell("true")).await;
    let idle = children(pid).remove(0);
    drop(spawner);
    eventually("its idle supervisor to be gone", || {
        !fs::exists(format!("/proc/{idle}")).unwrap()
    })
    .await;
    eventually("the helper to be gone", || {
        !fs::exists(format!("/proc/{pid}")).unwrap()
    })
    .await;
}

fn supervisor_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_supervisor_whose_run_left_nothing_takes_the_next_one_and_no_other_does() {
    let spawner = spawner();
    let line = "cat /proc/$PPID/status | grep ^Pid";
    let clean = run(&spawner, &shell(line)).await.out;
    assert_eq!(run(&spawner, &shell(line)).await.out, clean);
    // What fails to start leaves nothing either.
    let refusal = refused(&spawner, &common::argv(&["/no/such/program"])).await;
    assert!(
        matches!(refusal, ExecError::SpawnFailed { .. }),
        "{refusal:?}"
    );
    assert_eq!(run(&spawner, &shell(line)).await.out, clean);

    let mark = common::Mark::new("reuse");
    let daemon = format!("sleep 1000 >/dev/null 2>&1 & {line}");
    assert_eq!(run(&spawner, &mark.on(shell(&daemon))).await.out, clean);
    let next = run(&spawner, &shell(line)).await.out;
    assert_ne!(next, clean, "it still had a child of the run before");

    let mut running = spawner.spawn(&shell("sleep 1000")).await.unwrap();
    let killed = supervisor_of(running.pid);
    running.control.kill();
    within("the kill", running.control.wait()).await.unwrap();
    eventually("its supervisor to end", || {
        !fs::exists(format!("/proc/{killed}")).unwrap()
    })
    .await;
    assert_ne!(run(&spawner, &shell(line)).await.out, next);
}

#[tokio::test]
async fn a_late_kill_does_not_hit_the_next_run() {
    let spawner = spawner();
    for _ in 0..50 {
        let mut running = spawner.spawn(&shell("hostname")).await.unwrap();
        let killer = running.control.killer();
        within("the end", running.control.wait()).await.unwrap();
        let next = spawner.spawn(&shell("echo next; exit 3")).await.unwrap();
        killer.kill();
        running.control.kill();
        running.control.kill_now();
        drop(running);
        let whole = common::finish(next).await;
        assert_eq!(
            (whole.end.how, whole.end.killed),
            (hailer_exec::How::Exited(3), false)
        );
    }
}

#[tokio::test]
async fn an_idle_supervisor_that_was_killed_is_replaced() {
    let spawner = spawner();
    let line = "cat /proc/$PPID/status | grep ^Pid";
    let first = run(&spawner, &shell(line)).await.out;
    let pid: i32 = first.trim_start_matches("Pid:").trim().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert_ne!(run(&spawner, &shell(line)).await.out, first);
}
