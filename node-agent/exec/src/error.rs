//! What can go wrong before a command runs, and around it.

use std::fmt;
use std::io;

use crate::sandbox::Protection;

/// Why a command could not be run, or its end not be known.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The helper program could not be started.
    #[error("start the spawning helper `{program}`: {source}")]
    HelperStart {
        /// The program that was tried.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The helper died while it held the request; whether the command ran is not known.
    #[error("run `{program}`: the spawning helper died before it answered")]
    HelperGone {
        /// The command.
        program: String,
    },
    /// A pipe or socket for the command could not be made or used.
    #[error("open the pipes of a command: {0}")]
    Pipe(#[source] io::Error),
    /// The command did not start. Nothing ran.
    #[error("run `{program}`: {step}: {}", io::Error::from_raw_os_error(*errno))]
    SpawnFailed {
        /// What failed.
        step: Step,
        /// The system's error number.
        errno: i32,
        /// The command.
        program: String,
    },
    /// A string that goes to the kernel has a NUL byte in it. Nothing ran.
    #[error("run a command: its {part} has a NUL byte in it")]
    Nul {
        /// Which part of the spec it was.
        part: &'static str,
    },
    /// An environment name is empty or has a `=` in it. Nothing ran.
    #[error("run a command: `{name}` cannot be the name of an environment variable")]
    EnvName {
        /// The name.
        name: String,
    },
    /// A sandboxed command would run as root. Nothing ran.
    #[error("run a command in a sandbox: it would run as root; name an unprivileged user")]
    RootInSandbox,
    /// A sandboxed command has a variable that changes what programs load, or a `PATH` with a
    /// relative folder in it. Nothing ran.
    #[error("run a command in a sandbox: `{name}` in its environment decides what code is loaded")]
    LoaderEnv {
        /// The variable.
        name: String,
    },
    /// The command has no first word. Nothing ran.
    #[error("run a command: there is no program to run")]
    Empty,
    /// Command and environment together are longer than the kernel would take. Nothing ran.
    #[error("run a command: {bytes} bytes of arguments and environment, {limit} are allowed")]
    TooLarge {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The process that watches over the command vanished; the end of the command is unknown.
    #[error("wait for the command: its supervisor is gone and its end unknown")]
    SupervisorGone,
    /// The supervisor said something that is not in the protocol.
    #[error("wait for the command: its supervisor sent a message of unknown kind {kind}")]
    Protocol {
        /// The first byte of the message.
        kind: u8,
    },
}

/// The step of a spawn at which it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The supervisor could not read the order.
    Order,
    /// The kernel made no process.
    Fork,
    /// No session of its own.
    Session,
    /// Standard input, output or error could not be put in place.
    Stdio,
    /// The working directory could not be entered.
    Chdir,
    /// The program could not be executed.
    Exec,
    /// It could not become the user it was to run as.
    ChangeUser,
    /// A part of its sandbox could not be put up.
    Protect(Protection),
}

/// The numbers of [`Step::Protect`] begin here.
const PROTECT: u8 = 0x40;

impl Step {
    const PLAIN: [Self; 7] = [
        Self::Order,
        Self::Fork,
        Self::Session,
        Self::Stdio,
        Self::Chdir,
        Self::Exec,
        Self::ChangeUser,
    ];

    fn all() -> impl Iterator<Item = Self> {
        let protections = Protection::ALL.into_iter().map(Self::Protect);
        Self::PLAIN.into_iter().chain(protections)
    }

    /// Returns the number that stands for this step between supervisor and agent.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Order => 0,
            Self::Fork => 1,
            Self::Session => 2,
            Self::Stdio => 3,
            Self::Chdir => 4,
            Self::Exec => 5,
            Self::ChangeUser => 6,
            Self::Protect(protection) => PROTECT + protection as u8,
        }
    }

    /// Returns the step of a number.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::all().find(|step| step.code() == code)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protect(Protection::Files) => {
                "put up its sandbox, files (which needs Landlock: Linux 5.13 or newer, and `landlock` among its security modules)"
            }
            Self::Protect(protection) => {
                return write!(f, "put up its sandbox, {protection}");
            }
            Self::ChangeUser => "become the user it is to run as",
            Self::Order => "read the order",
            Self::Fork => "create the process",
            Self::Session => "open a session",
            Self::Stdio => "connect its standard streams",
            Self::Chdir => "enter the working directory",
            Self::Exec => "execute the program",
        })
    }
}

impl ExecError {
    /// Whether the command may have run all the same: what may have is not told as what did not.
    #[must_use]
    pub const fn may_have_run(&self) -> bool {
        match self {
            Self::HelperGone { .. } | Self::SupervisorGone => true,
            Self::HelperStart { .. }
            | Self::Pipe(_)
            | Self::SpawnFailed { .. }
            | Self::Nul { .. }
            | Self::EnvName { .. }
            | Self::RootInSandbox
            | Self::LoaderEnv { .. }
            | Self::Empty
            | Self::TooLarge { .. }
            | Self::Protocol { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_survives_its_number() {
        for step in Step::all() {
            assert_eq!(Step::from_code(step.code()), Some(step));
        }
        assert_eq!(Step::from_code(200), None);
    }

    #[test]
    fn a_failed_spawn_names_program_step_and_cause() {
        let error = ExecError::SpawnFailed {
            step: Step::Chdir,
            errno: 2,
            program: "df".into(),
        };
        assert_eq!(
            error.to_string(),
            "run `df`: enter the working directory: No such file or directory (os error 2)"
        );
    }
}
