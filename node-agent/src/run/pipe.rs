//! One of a command's output streams: read at most a chunk at a time, counted to the byte.

use hailer_protocol::limits::OUTPUT_CHUNK_MAX;
use tokio::net::unix::pipe::Receiver;

use super::capture::Capture;

/// The reading end of a pipe, and what has come out of it.
pub(super) struct Pipe {
    /// `None` once its end was read.
    receiver: Option<Receiver>,
    capture: Capture,
    /// Where the stream stood when the command ended: what it wrote itself lies before.
    owed: u64,
}

impl Pipe {
    /// Lets `max` bytes pass.
    pub(super) fn new(receiver: Receiver, max: u64) -> Self {
        Self {
            receiver: Some(receiver),
            capture: Capture::new(max),
            owed: 0,
        }
    }

    /// What came, and what of it did not pass.
    pub(super) const fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Waits until bytes or the end are there; for ever once the end was read.
    pub(super) async fn readable(&self) {
        match &self.receiver {
            Some(receiver) => {
                let _ = receiver.readable().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Takes what the pipe holds at this moment, at most one chunk, and returns the part that may
    /// pass with its offset; `None` if nothing passes.
    pub(super) fn take<'a>(
        &mut self,
        scratch: &'a mut [u8; OUTPUT_CHUNK_MAX],
    ) -> Option<(u64, &'a [u8])> {
        let n = match self.receiver.as_ref()?.try_read(scratch) {
            Ok(0) => {
                self.receiver = None;
                return None;
            }
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return None,
            Err(e) => {
                tracing::debug!(error = %e, "a pipe broke");
                self.receiver = None;
                return None;
            }
        };
        let (offset, passed) = self.capture.take(&scratch[..n]);
        (!passed.is_empty()).then_some((offset, passed))
    }

    /// Lets nothing more pass, and the last `bytes` that did count as cut.
    pub(super) const fn close(&mut self, bytes: u64) {
        self.capture.close(bytes);
    }

    /// Takes note that the command has ended: all that it wrote is in the pipe now.
    pub(super) fn note_end(&mut self) {
        let waiting = self
            .receiver
            .as_ref()
            .and_then(|receiver| rustix::io::ioctl_fionread(receiver).ok());
        self.owed = self.capture.total() + waiting.unwrap_or(0);
    }

    /// Whether somebody may still write.
    pub(super) const fn is_open(&self) -> bool {
        self.receiver.is_some()
    }

    /// Whether everything that the command itself wrote has been taken.
    pub(super) const fn is_paid(&self) -> bool {
        self.receiver.is_none() || self.capture.total() >= self.owed
    }
}
