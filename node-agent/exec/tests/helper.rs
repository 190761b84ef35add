//! The helper process itself: it keeps nothing, and its death is survived.

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
    eventually("the last supervisors to end", || children(pid).is_empty()).await;
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
    drop(spawner);
    eventually("the helper to be gone", || {
        !fs::exists(format!("/proc/{pid}")).unwrap()
    })
    .await;
}
