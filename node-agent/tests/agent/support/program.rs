//! `hailerd` as a process of its own.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::{Mark, soon};

pub(crate) struct Program {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
    _stdin: Option<ChildStdin>,
    /// Carried by the process, its helper and their supervisors, but by no command.
    pub(crate) mark: Mark,
}

impl Program {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        let mark = Mark::new();
        let (name, value) = mark.variable();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hailerd"))
            .args(args)
            .current_dir(dir)
            .env(name, value)
            .env_remove("HAILER_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("hailerd starts");
        Self {
            stdout: BufReader::new(child.stdout.take().expect("piped")).lines(),
            stderr: BufReader::new(child.stderr.take().expect("piped")).lines(),
            _stdin: child.stdin.take(),
            child,
            mark,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for the next line on standard output.
    pub(crate) async fn says(&mut self) -> String {
        let line = soon("a line of hailerd", self.stdout.next_line()).await;
        line.expect("text").unwrap_or_default()
    }

    /// Waits for a line on standard error that has `part`.
    pub(crate) async fn logs(&mut self, part: &str) -> String {
        loop {
            let line = soon(part, self.stderr.next_line()).await.expect("text");
            let line = line.unwrap_or_else(|| panic!("hailerd ended without {part:?}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a pid");
        kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("it runs");
    }

    /// Waits for the end; returns how it ended and what it still said on standard error.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let status = soon("hailerd's end", self.child.wait()).await;
        let mut rest = String::new();
        let mut stderr = self.stderr.into_inner();
        let read = stderr.read_to_string(&mut rest);
        soon("the end of its log", read).await.expect("text");
        (status.expect("waited for"), rest)
    }
}
