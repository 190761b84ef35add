//! A running command, seen from the agent.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use rustix::net::{SendFlags, send};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

use crate::end::End;
use crate::error::ExecError;
use crate::fds;
use crate::order::{KILL, KILL_NOW};
use crate::pool::Pool;
use crate::reply::{REPLY_BYTES, Reply};

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
    /// `None` once the run has ended.
    shared: Option<Arc<Shared>>,
    /// Where the connection goes when it may carry another run.
    pool: Weak<Pool>,
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
    pub(crate) fn new(stream: UnixStream, pool: Weak<Pool>) -> Self {
        Self {
            shared: Some(Arc::new(Shared {
                stream,
                is_kill_sent: AtomicBool::new(false),
            })),
            pool,
            partial: [0; REPLY_BYTES],
            n_partial: 0,
            end: None,
        }
    }

    /// Asks for the end of the whole tree: SIGTERM, and after the spec's grace SIGKILL, until
    /// nothing is left. Returns at once; [`Self::wait`] tells when it is done. A second call
    /// changes nothing.
    pub fn kill(&self) {
        if let Some(shared) = &self.shared {
            shared.kill();
        }
    }

    /// Asks for the end of the whole tree without any grace, also while one runs.
    pub fn kill_now(&self) {
        if let Some(shared) = &self.shared {
            shared.is_kill_sent.store(true, Ordering::Relaxed);
            shared.send(KILL_NOW);
        }
    }

    /// Returns a handle with which another task can kill this run.
    pub fn killer(&self) -> Killer {
        Killer(self.shared.as_ref().map(Arc::downgrade).unwrap_or_default())
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
                if !end.killed && end.left_behind == 0 {
                    self.release();
                }
                Ok(end)
            }
            Ok(Some(Reply::Started { .. } | Reply::Failed { .. })) => Err(ExecError::Protocol {
                kind: self.partial[0],
            }),
            Ok(None) => Err(ExecError::SupervisorGone),
            Err(error) => Err(error),
        }
    }

    /// Gives the connection up for another run.
    ///
    /// From here on no [`Killer`] reaches it; one that has, or is just about to, spoils it.
    pub(crate) fn release(&mut self) {
        let Some(shared) = self.shared.take().and_then(Arc::into_inner) else {
            return;
        };
        if let (false, Some(pool)) = (shared.is_kill_sent.into_inner(), self.pool.upgrade()) {
            pool.put(shared.stream);
        }
    }

    /// Waits for the next reply; `None` when the supervisor is gone.
    pub(crate) async fn reply(&mut self) -> Result<Option<Reply>, ExecError> {
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        while self.n_partial < REPLY_BYTES {
            shared.stream.readable().await.map_err(ExecError::Pipe)?;
            match shared.stream.try_read(&mut self.partial[self.n_partial..]) {
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
}

/// Sends an order and the command's ends of its pipes.
pub(crate) async fn send_order(
    stream: &UnixStream,
    order: &[u8],
    pipes: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let send = |bytes, pipes| {
        stream.async_io(Interest::WRITABLE, move || {
            fds::send(stream.as_fd(), bytes, pipes)
        })
    };
    let mut sent = send(order, pipes).await?;
    while sent < order.len() {
        sent += send(&order[sent..], &[]).await?;
    }
    Ok(())
}
