//! Writing messages to a stream, several in one go.

use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::message::Message;
use quinn::SendStream;

/// The sending half of one stream, with what waits to be written.
///
/// Once the peer is gone, what is written is dropped: a run goes on without its reader until its
/// lease ends.
#[derive(Debug)]
pub(crate) struct Outbound {
    send: Option<SendStream>,
    buffer: Vec<u8>,
    /// How much of the buffer the transport has taken.
    written: usize,
}

impl Outbound {
    pub(super) const fn new(send: SendStream) -> Self {
        Self {
            send: Some(send),
            buffer: Vec::new(),
            written: 0,
        }
    }

    /// Makes one to which nothing is written: of a run whose asker does not listen.
    pub(crate) const fn to_nobody() -> Self {
        Self {
            send: None,
            buffer: Vec::new(),
            written: 0,
        }
    }

    /// Puts a message behind what waits.
    pub(crate) fn push<M: Message>(&mut self, message: &M) -> Result<(), CodecError> {
        self.push_envelope(&message.to_envelope()?);
        Ok(())
    }

    /// Puts an envelope behind what waits.
    pub(crate) fn push_envelope(&mut self, envelope: &Envelope) {
        if self.send.is_some() {
            envelope.write_to(&mut self.buffer);
        }
    }

    /// Returns how many bytes wait.
    pub(crate) const fn waiting(&self) -> usize {
        self.buffer.len() - self.written
    }

    /// Writes what waits; takes as long as the peer's flow control makes it. Dropping the future
    /// loses nothing and repeats nothing.
    pub(crate) async fn flush(&mut self) {
        while let Some(send) = self.send.as_mut()
            && self.written < self.buffer.len()
        {
            match send.write(&self.buffer[self.written..]).await {
                Ok(n) => self.written += n,
                Err(e) => {
                    tracing::debug!(error = %e, "the peer of a stream is gone");
                    self.send = None;
                }
            }
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.written = 0;
    }

    /// Writes what waits and ends the stream.
    pub(crate) async fn finish(&mut self) {
        self.flush().await;
        if let Some(mut send) = self.send.take() {
            let _ = send.finish();
        }
    }

    /// Drops what waits and breaks the stream off: the peer would not take it.
    pub(crate) fn abandon(&mut self) {
        self.clear();
        if let Some(mut send) = self.send.take() {
            let _ = send.reset(quinn::VarInt::from_u32(1));
        }
    }
}
