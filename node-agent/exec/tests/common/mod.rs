//! What the tests with real processes share.
#![expect(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "these are parts of tests")]

use std::fs;
use std::future::Future;
use std::time::Duration;

use hailer_exec::{
    End, ExecError, HelperCommand, How, Program, Running, Spawner, SpawnerConfig, Spec,
};
use tokio::io::AsyncReadExt;

/// Failure only: no test waits this long when all is well.
pub(crate) const AT_MOST: Duration = Duration::from_secs(60);

pub(crate) fn helper() -> HelperCommand {
    HelperCommand {
        program: env!("CARGO_BIN_EXE_hailer-exec-helper").into(),
        args: Vec::new(),
    }
}

pub(crate) fn spawner() -> Spawner {
    Spawner::start(&helper(), SpawnerConfig::default()).unwrap()
}

pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(crate) fn shell(line: &str) -> Spec {
    Spec {
        env: vec![("PATH".into(), PATH.into())],
        ..Spec::new(Program::Shell(line.to_owned()))
    }
}

pub(crate) fn argv(words: &[&str]) -> Spec {
    let words = words.iter().map(ToString::to_string).collect();
    Spec {
        env: vec![("PATH".into(), PATH.into())],
        ..Spec::new(Program::Argv(words))
    }
}

/// Names a test's processes, so that those which survive can be found anywhere in the system.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new(test: &str) -> Self {
        Self(format!("{test}-{}", std::process::id()))
    }

    pub(crate) fn on(&self, mut spec: Spec) -> Spec {
        spec.env
            .push(("HAILER_TEST_MARK".into(), self.0.clone().into()));
        spec
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(text: String) -> Self {
        Self(text)
    }

    /// Lists the live processes with this mark in their environment.
    pub(crate) fn alive(&self) -> Vec<i32> {
        let wanted = format!("HAILER_TEST_MARK={}", self.0);
        let pids = fs::read_dir("/proc").unwrap().flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| {
                    env.split(|&b| b == 0)
                        .any(|entry| entry == wanted.as_bytes())
                })
            })
            .collect()
    }

    /// Counts the live processes with this mark that run `program`.
    pub(crate) fn count(&self, program: &str) -> usize {
        let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        self.alive()
            .into_iter()
            .filter(|&pid| name(pid).trim_end() == program)
            .count()
    }

    /// Ends what a test leaves alive on purpose.
    pub(crate) fn clean_up(&self) {
        for pid in self.alive() {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.clean_up();
    }
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(AT_MOST, future).await {
        Ok(done) => done,
        Err(_) => panic!("waited {AT_MOST:?} for {what}"),
    }
}

/// Looks again and again until it is so.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    within(what, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// All of a run: its output, its errors, its end.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) end: End,
}

pub(crate) async fn finish(mut running: Running) -> Whole {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    within("the end of a run", async {
        let (read_out, read_err, end) = tokio::join!(
            running.stdout.read_to_end(&mut out),
            running.stderr.read_to_end(&mut err),
            running.control.wait(),
        );
        read_out.unwrap();
        read_err.unwrap();
        Whole {
            out: String::from_utf8_lossy(&out).into_owned(),
            err: String::from_utf8_lossy(&err).into_owned(),
            end: end.unwrap(),
        }
    })
    .await
}

pub(crate) async fn run(spawner: &Spawner, spec: &Spec) -> Whole {
    finish(within("a spawn", spawner.spawn(spec)).await.unwrap()).await
}

pub(crate) async fn refused(spawner: &Spawner, spec: &Spec) -> ExecError {
    within("a refusal", spawner.spawn(spec)).await.unwrap_err()
}

/// Reads standard output up to the first line break.
pub(crate) async fn first_line(running: &mut Running) -> String {
    let mut line = Vec::new();
    within("a first line", async {
        loop {
            match running.stdout.read_u8().await.unwrap() {
                b'\n' => return String::from_utf8(line).unwrap(),
                byte => line.push(byte),
            }
        }
    })
    .await
}

pub(crate) const OK: How = How::Exited(0);
