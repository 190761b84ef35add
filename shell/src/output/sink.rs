//! Sinks: writing until nobody reads any more.

use std::io::{ErrorKind, Write};

use super::OutputError;

/// Whether anybody still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Open,
    /// The reader has gone (`| head`): what is written from here on goes nowhere.
    Closed,
}

/// Something to write to, whose reader may leave.
#[derive(Debug)]
pub(super) struct Sink<W> {
    out: W,
    flow: Flow,
}

impl<W: Write> Sink<W> {
    pub(super) const fn new(out: W) -> Self {
        Self {
            out,
            flow: Flow::Open,
        }
    }

    /// Writes one record and hands it on at once.
    pub(super) fn record(&mut self, bytes: &[u8]) -> Result<Flow, OutputError> {
        if self.flow == Flow::Closed {
            return Ok(Flow::Closed);
        }
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Ok(()) => Ok(Flow::Open),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.flow = Flow::Closed;
                Ok(Flow::Closed)
            }
            Err(error) => Err(OutputError::Write(error)),
        }
    }

    /// Returns whether the reader is still there, as far as is known.
    pub(super) const fn flow(&self) -> Flow {
        self.flow
    }
}
