//! Reading a stream as envelopes.

use hailer_protocol::envelope::{Decoder, Envelope, EnvelopeError};
use quinn::{ReadError, RecvStream};

/// How much is taken from the transport at once.
const READ_MAX: usize = 64 << 10;

/// What the peer did next on a stream.
#[derive(Debug)]
pub(super) enum Next {
    /// It sent an envelope.
    Envelope(Envelope),
    /// It finished its half, between two envelopes.
    Finished,
    /// It reset its half.
    Reset,
    /// The connection is gone, or the half ended within an envelope.
    Lost,
    /// What came is no envelope, and nothing after it can be read.
    Malformed(EnvelopeError),
}

/// The receiving half of one stream.
#[derive(Debug)]
pub(super) struct Inbound {
    recv: RecvStream,
    decoder: Decoder,
}

impl Inbound {
    pub(super) fn new(recv: RecvStream) -> Self {
        Self {
            recv,
            decoder: Decoder::new(),
        }
    }

    pub(super) fn stream(&self) -> u64 {
        self.recv.id().index()
    }

    /// Waits for what the peer does next. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            match self.decoder.next_envelope() {
                Ok(Some(envelope)) => return Next::Envelope(envelope),
                Ok(None) => {}
                Err(e) => return Next::Malformed(e),
            }
            match self.recv.read_chunk(READ_MAX, true).await {
                Ok(Some(chunk)) => self.decoder.feed(&chunk.bytes),
                Ok(None) if self.decoder.is_mid_envelope() => return Next::Lost,
                Ok(None) => return Next::Finished,
                Err(ReadError::Reset(_)) => return Next::Reset,
                Err(
                    ReadError::ConnectionLost(_)
                    | ReadError::ClosedStream
                    | ReadError::IllegalOrderedRead
                    | ReadError::ZeroRttRejected,
                ) => return Next::Lost,
            }
        }
    }
}
