//! The agent's side of spawning: one helper process, shared by everything that runs commands.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::ioctl_fionbio;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;

use crate::cgroup::remove_stale;
use crate::control::{Control, Running, send_order};
use crate::error::ExecError;
use crate::fds;
use crate::order::encode;
use crate::pool::Pool;
use crate::reply::Reply;
use crate::spec::{Spec, Stdin};

/// Spawns that may be under way at once (runs that have started do not count). It bounds the
/// descriptors in flight to the helper, which the kernel counts against the user.
const MAX_STARTING: usize = 64;

/// The program that becomes the helper: it must call [`crate::helper::main`] first thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperCommand {
    /// The executable file.
    pub program: PathBuf,
    /// Its arguments, such as `exec-helper`.
    pub args: Vec<OsString>,
}

/// What holds for every run of a spawner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpawnerConfig {
    /// The control group under which each run gets its own; see
    /// [`crate::detect_cgroup_parent`]. Where that fails a run goes on without, and its
    /// [`crate::Held`] says so.
    pub cgroup_parent: Option<PathBuf>,
}

/// Runs commands through a helper process. Share it behind an `Arc`, within one runtime.
#[derive(Debug)]
pub struct Spawner {
    command: HelperCommand,
    config: SpawnerConfig,
    helper: Mutex<Arc<Helper>>,
    idle: Arc<Pool>,
    starting: Semaphore,
}

/// One life of the helper process.
#[derive(Debug)]
struct Helper {
    requests: UnixStream,
    /// `None` only while it is dropped.
    process: Option<Child>,
}

/// How one try at a spawn ended without a run.
enum Missed {
    /// There was no one to run it and nothing ran: another try is safe.
    NoSupervisor,
    Failed(ExecError),
}

impl From<ExecError> for Missed {
    fn from(error: ExecError) -> Self {
        Self::Failed(error)
    }
}

impl Spawner {
    /// Starts the helper. Must be called within a tokio runtime.
    pub fn start(helper: &HelperCommand, config: SpawnerConfig) -> Result<Self, ExecError> {
        if let Some(parent) = &config.cgroup_parent {
            remove_stale(parent);
        }
        Ok(Self {
            command: helper.clone(),
            config,
            helper: Mutex::new(Arc::new(Helper::start(helper)?)),
            idle: Arc::default(),
            starting: Semaphore::new(MAX_STARTING),
        })
    }

    /// Starts a command and returns when it has been executed.
    ///
    /// A helper that has died is started anew, once for each call, and the request is repeated
    /// only when it is certain that it ran nothing.
    ///
    /// Dropping the future gives the command up as dropping a [`Running`] does: an attached one
    /// is killed if it has started, a detached one then goes on.
    pub async fn spawn(&self, spec: &Spec) -> Result<Running, ExecError> {
        let order = encode(spec, self.config.cgroup_parent.as_deref())?;
        // Never closed, so never refused.
        let _permit = self.starting.acquire().await;
        // One that waits in the pool may have been killed there; then the next is asked.
        while let Some(supervisor) = self.idle.take() {
            match self.try_spawn(supervisor, spec, &order).await {
                Ok(running) => return Ok(running),
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::NoSupervisor) => {}
            }
        }
        let helper = self.present_helper();
        match self.try_anew(&helper, spec, &order).await {
            Ok(running) => return Ok(running),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::NoSupervisor) => {}
        }
        let helper = self.helper_after(&helper)?;
        match self.try_anew(&helper, spec, &order).await {
            Ok(running) => Ok(running),
            Err(Missed::Failed(error)) => Err(error),
            Err(Missed::NoSupervisor) => Err(ExecError::HelperGone {
                program: spec.program.label(),
            }),
        }
    }

    /// Tries with a new supervisor.
    async fn try_anew(
        &self,
        helper: &Helper,
        spec: &Spec,
        order: &[u8],
    ) -> Result<Running, Missed> {
        let (ours, theirs) = StdUnixStream::pair().map_err(ExecError::Pipe)?;
        ours.set_nonblocking(true).map_err(ExecError::Pipe)?;
        let supervisor = UnixStream::from_std(ours).map_err(ExecError::Pipe)?;
        helper
            .fork_supervisor(theirs)
            .await
            .map_err(|error| gone_or(error, false))?;
        self.try_spawn(supervisor, spec, order).await
    }

    async fn try_spawn(
        &self,
        supervisor: UnixStream,
        spec: &Spec,
        order: &[u8],
    ) -> Result<Running, Missed> {
        let (stdout, child_stdout) = receiver().map_err(ExecError::Pipe)?;
        let (stderr, child_stderr) = receiver().map_err(ExecError::Pipe)?;
        let mut pipes = vec![child_stdout, child_stderr];
        let stdin = match spec.stdin {
            Stdin::Null => None,
            Stdin::Piped => {
                let (child_stdin, stdin) = sender().map_err(ExecError::Pipe)?;
                pipes.push(child_stdin);
                Some(stdin)
            }
        };
        let borrowed: Vec<_> = pipes.iter().map(AsFd::as_fd).collect();
        // Without its whole order a supervisor runs nothing.
        let sent = send_order(&supervisor, order, &borrowed).await;
        sent.map_err(|error| gone_or(error, false))?;
        // Only the command may hold these now, or their closing would go unnoticed.
        drop(pipes);
        let mut control = Control::new(supervisor, Arc::downgrade(&self.idle));
        let program = || spec.program.label();
        match control.reply().await {
            Ok(Some(Reply::Started { pid })) => Ok(Running {
                pid,
                stdin,
                stdout,
                stderr,
                control,
            }),
            Ok(Some(Reply::Failed { step, errno })) => {
                control.release();
                Err(ExecError::SpawnFailed {
                    step,
                    errno,
                    program: program(),
                }
                .into())
            }
            Ok(Some(reply @ Reply::Ended(_))) => Err(ExecError::Protocol {
                kind: reply.encode()[0],
            }
            .into()),
            // The order was read and no answer came: what happened is not known.
            Ok(None) => Err(ExecError::HelperGone { program: program() }.into()),
            Err(ExecError::Pipe(error)) => Err(gone_or(error, true)),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the number of the helper's process.
    pub fn helper_pid(&self) -> u32 {
        self.present_helper().process.as_ref().map_or(0, Child::id)
    }

    fn present_helper(&self) -> Arc<Helper> {
        Arc::clone(&self.helper.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the helper that was found dead, unless someone else already has.
    fn helper_after(&self, dead: &Arc<Helper>) -> Result<Arc<Helper>, ExecError> {
        let mut present = self.helper.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&present, dead) {
            *present = Arc::new(Helper::start(&self.command)?);
        }
        Ok(Arc::clone(&present))
    }
}

impl Helper {
    fn start(command: &HelperCommand) -> Result<Self, ExecError> {
        let failed = |source| ExecError::HelperStart {
            program: command.program.display().to_string(),
            source,
        };
        let (ours, theirs) = StdUnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let requests = UnixStream::from_std(ours).map_err(failed)?;
        let process = Command::new(&command.program)
            .args(&command.args)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            // Ctrl-C in the agent's terminal is not for the helper.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            requests,
            process: Some(process),
        })
    }

    /// Asks for a supervisor at the other end of `control`, waiting while the queue is full.
    async fn fork_supervisor(&self, control: StdUnixStream) -> io::Result<()> {
        let ask = || fds::send(self.requests.as_fd(), &[1], &[control.as_fd()]);
        self.requests
            .async_io(Interest::WRITABLE, ask)
            .await
            .map(drop)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // It ends when the connection closes, which is when this function returns; someone must
        // wait for it then, and a runtime's thread must not.
        let waits = std::thread::Builder::new().name("hailer-helper-end".to_owned());
        let _ = waits.spawn(move || process.wait());
    }
}

/// Tells a dead helper or supervisor from other failures of a socket.
///
/// A connection that is reset rather than closed had the order still in it, unread: then too
/// nothing ran.
fn gone_or(error: io::Error, is_reading: bool) -> Missed {
    let kind = error.kind();
    let nothing_ran = kind == io::ErrorKind::ConnectionReset
        || !is_reading
            && matches!(
                kind,
                io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected
            );
    if nothing_ran {
        Missed::NoSupervisor
    } else {
        Missed::Failed(ExecError::Pipe(error))
    }
}

/// Returns a pipe whose reading end is ours and whose writing end is the command's. Only ours
/// is non-blocking: commands do not expect that of theirs.
fn receiver() -> io::Result<(pipe::Receiver, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    ioctl_fionbio(&reader, true)?;
    Ok((pipe::Receiver::from_owned_fd_unchecked(reader)?, writer))
}

/// Returns a pipe whose reading end is the command's and whose writing end is ours.
fn sender() -> io::Result<(OwnedFd, pipe::Sender)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    ioctl_fionbio(&writer, true)?;
    Ok((reader, pipe::Sender::from_owned_fd_unchecked(writer)?))
}
