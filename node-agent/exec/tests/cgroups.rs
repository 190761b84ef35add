//! Control groups, where this machine lets a test make them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are parts of tests"
)]

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Mark, OK, eventually, helper, run, shell, within};
use hailer_exec::{Spawner, SpawnerConfig, Spec, detect_cgroup_parent};

/// A group of this test's own below the detected one, removed with what is in it.
struct TestGroup(PathBuf);

impl TestGroup {
    fn make(test: &str) -> Option<Self> {
        let Some(parent) = detect_cgroup_parent() else {
            println!("skipped: no version 2 control group can be made here");
            return None;
        };
        let path = parent.join(format!("hailer-test-{test}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Some(Self(path))
    }

    fn runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0)
            .unwrap()
            .flatten()
            .map(|entry| entry.path());
        entries.filter(|path| path.is_dir()).collect()
    }

    fn spawner(&self) -> Spawner {
        let config = SpawnerConfig {
            cgroup_parent: Some(self.0.clone()),
        };
        Spawner::start(&helper(), config).unwrap()
    }
}

impl Drop for TestGroup {
    fn drop(&mut self) {
        for path in self.runs() {
            let _ = fs::remove_dir(path);
        }
        let _ = fs::remove_dir(&self.0);
    }
}

fn members(group: &Path) -> usize {
    fs::read_to_string(group.join("cgroup.procs"))
        .unwrap_or_default()
        .lines()
        .count()
}

#[tokio::test]
async fn a_run_has_a_group_of_its_own_and_takes_it_along() {
    let Some(group) = TestGroup::make("own") else {
        return;
    };
    let whole = run(
        &group.spawner(),
        &shell("cat /proc/self/cgroup | grep ^0::"),
    )
    .await;
    assert_eq!((whole.end.how, whole.end.held.cgroup), (OK, true));
    assert!(whole.out.contains("/hailer-run-"), "{whole:?}");
    assert_eq!(group.runs(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_kill_empties_and_removes_the_group() {
    let Some(group) = TestGroup::make("kill") else {
        return;
    };
    let mark = Mark::new("cgroup-kill");
    let line = "setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & sleep 1000";
    let spec = Spec {
        kill_grace: Duration::from_millis(20),
        ..mark.on(shell(line))
    };
    let mut running = group.spawner().spawn(&spec).await.unwrap();
    eventually("the group to fill", || mark.count("sleep") == 2).await;
    assert!(members(&group.runs()[0]) >= 3);
    running.control.kill();
    let end = within("the kill", running.control.wait()).await.unwrap();
    assert_eq!(
        (end.killed, end.left_behind, end.held.cgroup),
        (true, 0, true)
    );
    assert_eq!(mark.alive(), Vec::<i32>::new());
    assert_eq!(group.runs(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_group_of_a_daemon_is_removed_when_the_daemon_has_gone() {
    let Some(group) = TestGroup::make("stale") else {
        return;
    };
    let mark = Mark::new("cgroup-stale");
    let whole = run(
        &group.spawner(),
        &mark.on(shell("sleep 1000 >/dev/null 2>&1 & true")),
    )
    .await;
    assert_eq!((whole.end.left_behind, group.runs().len()), (1, 1));
    let inode = fs::metadata(&group.runs()[0]).unwrap().ino();
    drop(group.spawner());
    assert_eq!(
        fs::metadata(&group.runs()[0]).unwrap().ino(),
        inode,
        "it is in use"
    );
    let left = group.runs()[0].clone();
    mark.clean_up();
    eventually("the daemon to be gone", || members(&left) == 0).await;
    eventually("its group to be removed", || {
        drop(group.spawner());
        group.runs().is_empty()
    })
    .await;
}

#[tokio::test]
async fn where_no_group_can_be_made_the_run_goes_on_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = SpawnerConfig {
        cgroup_parent: Some(folder.path().to_owned()),
    };
    let spawner = Spawner::start(&helper(), config).unwrap();
    let end = run(&spawner, &shell("true")).await.end;
    assert_eq!(
        (end.how, end.held.cgroup, end.held.rlimits),
        (OK, false, true)
    );
}
