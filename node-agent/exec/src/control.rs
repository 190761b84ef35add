//! A running command, seen from the agent.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use rustix::net::{SendFlags, send};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

use crate::end::End;
use crate::error::ExecError;
use crate::order::{KILL, KILL_NOW, REPLY_BYTES, Reply};

/// A command that runs. Dropping it kills the command and all its descendants, unless its spec
/// said `detached`.
#[derive(Debug)]
pub struct Running {
    /// The number of the command's process, which leads its own session and group.
    pub pid: u32,
    /// Where the command reads from, if its spec said [`crate::Stdin::Piped`].
    pub stdin: Option<pipe::Sender>,
    /// What it writes. Who does not read slows it down; descendants that were left behind may
    /// hold it open after the command's end.
    pub stdout: pipe::Receiver,
    /// What it writes to standard error.
    pub stderr: pipe::Receiver,
    /// Its end, by itself or on request.
    pub control: Control,
}

/// The connection to a command's supervisor.
#[derive(Debug)]
pub struct Control {
    shared: Arc<Shared>,
    /// Bytes of a reply that has not arrived as a whole.
    partial: [u8; REPLY_BYTES],
    n_partial: usize,
    end: Option<End>,
}

#[derive(Debug)]
struct Shared {
    stream: UnixStream,
    is_kill_sent: AtomicBool,
}

impl Shared {
    fn send(&self, word: u8) {
        // The supervisor reads these at once and there are two at most, so the buffer has room;
        // one that is gone needs no request.
        let _ = send(
            self.stream.as_fd(),
            &[word],
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        );
    }

    fn kill(&self) {
        if !self.is_kill_sent.swap(true, Ordering::Relaxed) {
            self.send(KILL);
        }
    }
}

/// Kills a run from elsewhere than where its end is awaited; does not keep the run alive.
#[derive(Debug, Clone)]
pub struct Killer(Weak<Shared>);

impl Killer {
    /// See [`Control::kill`].
    pub fn kill(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.kill();
        }
    }
}

impl Control {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            shared: Arc::new(Shared {
                stream,
                is_kill_sent: AtomicBool::new(false),
            }),
            partial: [0; REPLY_BYTES],
            n_partial: 0,
            end: None,
        }
    }

    /// Asks for the end of the whole tree: SIGTERM, and after the spec's grace SIGKILL, until
    /// nothing is left. Returns at once; [`Self::wait`] tells when it is done. A second call
    /// changes nothing.
    pub fn kill(&self) {
        self.shared.kill();
    }

    /// Asks for the end of the whole tree without any grace, also while one runs.
    pub fn kill_now(&self) {
        self.shared.send(KILL_NOW);
    }

    /// Returns a handle with which another task can kill this run.
    pub fn killer(&self) -> Killer {
        Killer(Arc::downgrade(&self.shared))
    }

    /// Waits for the end of the command, or after a kill for the end of its whole tree.
    ///
    /// Dropping the future loses nothing; asked again after the end, it returns the same.
    pub async fn wait(&mut self) -> Result<End, ExecError> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        match self.reply().await {
            Ok(Some(Reply::Ended(end))) => {
                self.end = Some(end);
                Ok(end)
            }
            Ok(Some(Reply::Started { .. } | Reply::Failed { .. })) => Err(ExecError::Protocol {
                kind: self.partial[0],
            }),
            Ok(None) => Err(ExecError::SupervisorGone),
            Err(error) => Err(error),
        }
    }

    /// Waits for the next reply; `None` when the supervisor is gone.
    pub(crate) async fn reply(&mut self) -> Result<Option<Reply>, ExecError> {
        let stream = &self.shared.stream;
        while self.n_partial < REPLY_BYTES {
            stream.readable().await.map_err(ExecError::Pipe)?;
            match stream.try_read(&mut self.partial[self.n_partial..]) {
                Ok(0) => return Ok(None),
                Ok(n) => self.n_partial += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(ExecError::Pipe(error)),
            }
        }
        self.n_partial = 0;
        let kind = self.partial[0];
        Reply::decode(&self.partial)
            .map(Some)
            .ok_or(ExecError::Protocol { kind })
    }

    /// Sends the order.
    pub(crate) async fn order(&self, bytes: &[u8]) -> io::Result<()> {
        let stream = &self.shared.stream;
        let mut rest = bytes;
        while !rest.is_empty() {
            stream.writable().await?;
            match stream.try_write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
