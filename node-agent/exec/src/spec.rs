//! What is to be run, and under which limits.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::sandbox::Sandbox;
use crate::user::User;

/// One command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The command itself.
    pub program: Program,
    /// The whole environment: nothing is added and nothing inherited. (A shell in between may
    /// add variables of its own, such as `PWD`.)
    pub env: Vec<(OsString, OsString)>,
    /// Where it starts.
    pub cwd: PathBuf,
    /// What it reads.
    pub stdin: Stdin,
    /// A detached command outlives its caller: when the control connection closes while it
    /// runs, it goes on. An attached one is killed with all its descendants.
    pub detached: bool,
    /// How long a kill waits between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// Bounds on what it may use.
    pub limits: Rlimits,
    /// As whom it runs; `None` is the agent's own user. `HOME`, `USER` and `LOGNAME` in the
    /// environment become that user's. It starts in `cwd` only if that user may enter it.
    pub run_as: Option<User>,
    /// The cage in which it runs, if any. Its user cannot be root then, and limits that are not
    /// set are those of [`Rlimits::sandboxed`].
    pub sandbox: Option<Sandbox>,
}

impl Spec {
    /// Returns an attached spec with no environment, `/` as its directory, nothing to read,
    /// a kill grace of two seconds and the default limits.
    pub fn new(program: Program) -> Self {
        Self {
            program,
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            stdin: Stdin::Null,
            detached: false,
            kill_grace: Duration::from_secs(2),
            limits: Rlimits::default(),
            run_as: None,
            sandbox: None,
        }
    }
}

/// How the command is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A line for `/bin/sh -c`. A line without any shell syntax whose first word is a program
    /// on the `PATH` of the spec's environment is executed without the shell in between (see
    /// [`crate::direct_argv`]); where that is not possible the shell gets it, so that its error
    /// texts and exit codes (126, 127) are the shell's own.
    Shell(String),
    /// A program and its arguments; without a slash the program is looked up on the `PATH` of
    /// the spec's environment.
    Argv(Vec<String>),
}

impl Program {
    /// Returns the words by which an error names this program.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Shell(line) => line.clone(),
            Self::Argv(argv) => argv.join(" "),
        }
    }
}

/// What the command's standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// A pipe whose writing end is [`crate::Running::stdin`].
    Piped,
}

/// Resource limits of the command; each of its descendants inherits them.
///
/// A limit above what the machine's hard limit allows becomes that hard limit. Core files are
/// never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rlimits {
    /// Open files (the soft limit; the hard one stays, so that a command may raise its own).
    pub nofile: u64,
    /// Address space of each process, in bytes.
    pub address_space_bytes: Option<u64>,
    /// CPU time of each process, in seconds: SIGXCPU at the limit, SIGKILL a second later.
    pub cpu_seconds: Option<u64>,
    /// Processes of the user the command runs as. The kernel does not hold root to it.
    pub nproc: Option<u64>,
    /// Largest file it may write, in bytes.
    pub fsize_bytes: Option<u64>,
}

impl Rlimits {
    /// Returns the limits of a sandboxed command that asks for no others: 4 GiB of address
    /// space, a minute of CPU time, 256 processes of its user, files of 64 MiB.
    pub const fn sandboxed() -> Self {
        Self {
            nofile: 1024,
            address_space_bytes: Some(4 << 30),
            cpu_seconds: Some(60),
            nproc: Some(256),
            fsize_bytes: Some(64 << 20),
        }
    }

    /// Returns these limits, and those of `others` where these have none.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            nofile: self.nofile,
            address_space_bytes: self.address_space_bytes.or(others.address_space_bytes),
            cpu_seconds: self.cpu_seconds.or(others.cpu_seconds),
            nproc: self.nproc.or(others.nproc),
            fsize_bytes: self.fsize_bytes.or(others.fsize_bytes),
        }
    }
}

impl Default for Rlimits {
    fn default() -> Self {
        Self {
            nofile: 1024,
            address_space_bytes: None,
            cpu_seconds: None,
            nproc: None,
            fsize_bytes: None,
        }
    }
}
