//! One run of `hailer`: arguments in; output, errors, exit code and memory out.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{PATIENCE, proc};

/// A run that is being prepared. Its environment is empty but for what is needed.
#[derive(Debug)]
pub(crate) struct Hailer {
    command: Command,
    stdin: Option<String>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code; of a run that a signal ended, minus the signal's number.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard output as it was.
    pub(crate) out_bytes: Vec<u8>,
    /// Standard error.
    pub(crate) err: String,
    /// The most memory it had, in bytes, as far as it was seen.
    pub(crate) peak_bytes: u64,
}

impl Hailer {
    /// Prepares a run with that home directory.
    pub(crate) fn new(home: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hailer"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_STATE_HOME", home)
            .env("TMPDIR", std::env::temp_dir());
        Self {
            command,
            stdin: None,
        }
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds a line to carry out.
    pub(crate) fn line(self, line: &str) -> Self {
        self.args(["-c", line])
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it through another program, which takes it as its last arguments and becomes it.
    pub(crate) fn through(mut self, program: &str, args: &[&str]) -> Self {
        let mut outer = Command::new(program);
        outer
            .args(args)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            outer.env(name, value.unwrap_or_default());
        }
        self.command = outer;
        self
    }

    /// Starts it with every signal at its default, whatever the tests' own runner wants ignored.
    pub(crate) fn hearing_signals(self) -> Self {
        self.through("env", &["--default-signal"])
    }

    /// Gives it this text on standard input, which otherwise is empty.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Starts it with piped output and leaves it to the caller.
    pub(crate) fn spawn(mut self) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.command.spawn().expect("hailer starts")
    }

    /// Starts it in that directory.
    pub(crate) fn in_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Starts it with standard output piped and standard error into a file, and leaves it to the
    /// caller.
    pub(crate) fn spawn_logging(mut self, log: File) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        self.command.spawn().expect("hailer starts")
    }

    /// Runs it with its output into an open file, and returns the exit code and standard error.
    pub(crate) fn run_into(mut self, out: File) -> (i32, String) {
        self.command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("hailer starts");
        let err = drain(child.stderr.take());
        let (code, _) = wait(&mut child);
        (code, text(&joined(err)))
    }

    /// Runs it with both outputs in one, in the order in which it wrote them.
    pub(crate) fn run_merged(mut self) -> (i32, String) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let append = || {
            let mut options = fs::OpenOptions::new();
            options.append(true).open(file.path()).expect("it is there")
        };
        self.command
            .stdin(Stdio::null())
            .stdout(append())
            .stderr(append());
        let mut child = self.command.spawn().expect("hailer starts");
        let (code, _) = wait(&mut child);
        let out = fs::read(file.path()).expect("it is there");
        (code, text(&out))
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        self.command.stdin(Stdio::piped());
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("hailer starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = self.stdin.take().unwrap_or_default();
        // A run that ends before it has read all of it is none of the writer's business.
        let feeding = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let (code, peak_bytes) = wait(&mut child);
        let _ = feeding.join().expect("it does not panic");
        let out_bytes = joined(out);
        Ran {
            code,
            out: text(&out_bytes),
            out_bytes,
            err: text(&joined(err)),
            peak_bytes,
        }
    }
}

impl Ran {
    /// Asserts the exit code, and shows everything if it is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    /// Asserts that standard error says this.
    #[track_caller]
    pub(crate) fn complains(self, of: &str) -> Self {
        assert!(self.err.contains(of), "{of:?} is not in:\n{}", self.err);
        self
    }

    /// Asserts that standard output says this.
    #[track_caller]
    pub(crate) fn says(self, what: &str) -> Self {
        assert!(self.out.contains(what), "{what:?} is not in:\n{}", self.out);
        self
    }

    /// Asserts that standard output is empty: nothing ran.
    #[track_caller]
    pub(crate) fn prints_nothing(self) -> Self {
        assert_eq!(self.out, "");
        self
    }

    /// Returns the records of a run with `--format ndjson`, in the order in which they came.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        let record = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(record).collect()
    }
}

/// Reads a pipe to its end in a thread of its own, so that nobody waits for a full one.
fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("it is piped");
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("pipes can be read");
        bytes
    })
}

fn joined(reading: JoinHandle<Vec<u8>>) -> Vec<u8> {
    reading.join().expect("the reader does not panic")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits for the end of a run; returns its exit code and the most memory it was seen to have had.
pub(crate) fn wait(child: &mut Child) -> (i32, u64) {
    let begun = Instant::now();
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            let code = status.code().or_else(|| status.signal().map(|s| -s));
            return (code.expect("either is there"), peak);
        }
        peak = peak.max(proc::peak_bytes(child.id()).unwrap_or(0));
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("hailer did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
