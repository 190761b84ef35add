//! One request to one node, on one stream: sent in one write, collected where it is read.
//!
//! The request's half stays open until the end. Resetting it asks the node to stop, and that is
//! also what happens if this future is dropped: a node never goes on for somebody who is gone,
//! unless the run is a detached one, whose half is then finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::Decoder;
use hailer_protocol::farewell::code;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use quinn::{ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::sync::{Notify, mpsc};

use super::collect::{Breach, Collector, Passing, Step};
use super::fanout::{Attempt, Target};
use super::session::{Attached, READ_MAX, Session};

/// Code of a half that is reset to ask the node to stop.
const RESET_CANCEL: VarInt = VarInt::from_u32(1);

/// What the driver wants of an exchange that is under way.
#[derive(Debug, Default)]
pub(super) struct Stop {
    wish: AtomicU8,
    changed: Notify,
}

const WISH_CANCEL: u8 = 1;
const WISH_ABANDON: u8 = 2;

impl Stop {
    /// Asks the node to stop; the exchange goes on until it answers.
    pub(super) fn cancel(&self) {
        self.wish.fetch_max(WISH_CANCEL, Ordering::Release);
        self.changed.notify_one();
    }

    /// Ends the exchange with what there is.
    pub(super) fn abandon(&self) {
        self.wish.fetch_max(WISH_ABANDON, Ordering::Release);
        self.changed.notify_one();
    }

    fn wish(&self) -> u8 {
        self.wish.load(Ordering::Acquire)
    }

    async fn changed(&self) -> u8 {
        self.changed.notified().await;
        self.wish()
    }
}

/// What is told of an exchange before it is over.
#[derive(Debug)]
pub(super) enum Report {
    /// The node has begun and has not ended yet.
    Started(Target),
    /// Output, where it is wanted as it comes.
    Piece {
        target: Target,
        is_stderr: bool,
        bytes: NodeBytes,
    },
    /// Rows, where they are wanted as they come.
    Rows { target: Target, table: Table },
}

/// How an exchange ended.
#[derive(Debug)]
pub(super) enum How {
    /// Not one byte left.
    Unsent(Arc<str>),
    /// As the node says.
    Ended(State),
    /// Sent, and the node had not let us in: it has taken nothing.
    TurnedAway(State, Arc<str>),
    /// Sent, and then the connection ended or the answer made no sense.
    Lost(Arc<str>),
    /// The driver no longer waited.
    Abandoned,
}

/// An exchange that is over, with what was collected.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) target: Target,
    pub(super) attempt: Attempt,
    pub(super) collector: Box<Collector>,
    pub(super) how: How,
}

/// An exchange to be carried out.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) target: Target,
    pub(super) attempt: Attempt,
    pub(super) session: Arc<Session>,
    /// The opening of the stream and the request, as they go onto the wire.
    pub(super) request: Bytes,
    pub(super) collector: Box<Collector>,
    pub(super) stop: Arc<Stop>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) is_live: bool,
    /// The run goes on when nobody listens any more.
    pub(super) is_detached: bool,
    /// Keeps the lease alive as long as the exchange lasts, if the run hangs on it.
    pub(super) attached: Option<Attached>,
}

/// The request's half of the stream.
struct Asking {
    send: SendStream,
    is_over: bool,
    is_detached: bool,
}

impl Asking {
    fn cancel(&mut self) {
        // An error means that the half is over already, one way or the other.
        let _ = self.send.reset(RESET_CANCEL);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        match (self.is_over, self.is_detached) {
            (true, _) => {}
            (false, true) => {
                let _ = self.send.finish();
            }
            (false, false) => self.cancel(),
        }
    }
}

impl Exchange {
    /// Carries the exchange out. Never fails: how it went is in the result.
    pub(super) async fn carry_out(mut self) -> Over {
        let how = self.talk().await;
        drop(self.attached);
        Over {
            target: self.target,
            attempt: self.attempt,
            collector: self.collector,
            how,
        }
    }

    async fn talk(&mut self) -> How {
        let opened = tokio::select! {
            biased;
            opened = self.session.connection.open_bi() => opened,
            _ = self.stop.changed() => return How::Unsent("stopped before it was sent".into()),
        };
        let (send, mut recv) = match opened {
            Ok(halves) => halves,
            Err(error) => return How::Unsent(error.to_string().into()),
        };
        let mut asking = Asking {
            send,
            is_over: false,
            is_detached: self.is_detached,
        };
        if let Some(how) = self.ask(&mut asking).await {
            return how;
        }
        let how = self.listen(&mut asking, &mut recv).await;
        asking.is_over = matches!(how, How::Ended(_));
        how
    }

    /// Sends the request; returns how the exchange ended if it did.
    async fn ask(&mut self, asking: &mut Asking) -> Option<How> {
        let written = tokio::select! {
            biased;
            written = asking.send.write_chunk(std::mem::take(&mut self.request)) => written,
            wish = self.stop.changed() => {
                // Some of it may have left, and the node cannot have understood it.
                asking.cancel();
                return (wish == WISH_ABANDON).then_some(How::Abandoned);
            }
        };
        match written {
            // A node that reads no further may still say why.
            Ok(()) | Err(WriteError::Stopped(_)) => None,
            // The wrapper's own text is `connection lost`; the reason is what a person needs.
            Err(WriteError::ConnectionLost(error)) => Some(cut_off(&error)),
            Err(error @ (WriteError::ClosedStream | WriteError::ZeroRttRejected)) => {
                Some(How::Lost(error.to_string().into()))
            }
        }
    }

    async fn listen(&mut self, asking: &mut Asking, recv: &mut RecvStream) -> How {
        let mut decoder = Decoder::new();
        let mut has_told = false;
        loop {
            let chunk = tokio::select! {
                biased;
                chunk = recv.read_chunk(READ_MAX, true) => chunk,
                wish = self.stop.changed() => {
                    if wish == WISH_ABANDON {
                        return How::Abandoned;
                    }
                    asking.cancel();
                    continue;
                }
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk.bytes,
                Ok(None) => return How::Lost(Breach::NoEnd.to_string().into()),
                Err(ReadError::Reset(_)) => {
                    return How::Lost("the node broke its answer off".into());
                }
                // Who has begun had let us in, whatever is said now.
                Err(ReadError::ConnectionLost(error)) if has_told => {
                    return How::Lost(error.to_string().into());
                }
                Err(ReadError::ConnectionLost(error)) => return cut_off(&error),
                Err(
                    error @ (ReadError::ClosedStream
                    | ReadError::IllegalOrderedRead
                    | ReadError::ZeroRttRejected),
                ) => return How::Lost(error.to_string().into()),
            };
            decoder.feed(&chunk);
            match self.take_all(&mut decoder, asking).await {
                Ok(Some(state)) => return How::Ended(state),
                Ok(None) => {}
                Err(breach) => return How::Lost(breach.to_string().into()),
            }
            if self.collector.has_started() && !std::mem::replace(&mut has_told, true) {
                self.report(Report::Started(self.target), asking).await;
            }
            if self.stop.wish() == WISH_ABANDON {
                return How::Abandoned;
            }
        }
    }

    /// Takes in all envelopes that are complete; returns the end if it was among them.
    async fn take_all(
        &mut self,
        decoder: &mut Decoder,
        asking: &mut Asking,
    ) -> Result<Option<State>, Breach> {
        let mut end = None;
        while let Some(envelope) = decoder.next_envelope()? {
            let (target, is_live) = (self.target, self.is_live);
            let mut piece = None;
            let step = self.collector.take(&envelope, |passing| {
                piece = is_live.then(|| match passing {
                    Passing::Output(output) => Report::Piece {
                        target,
                        is_stderr: output.is_stderr,
                        bytes: output.bytes.clone(),
                    },
                    Passing::Rows(table) => Report::Rows {
                        target,
                        table: table.clone(),
                    },
                });
            })?;
            if let Step::Ended(state) = step {
                end = Some(state);
            }
            if let Some(piece) = piece {
                self.report(piece, asking).await;
            }
        }
        if end.is_some() && decoder.is_mid_envelope() {
            return Err(Breach::AfterEnd);
        }
        Ok(end)
    }

    /// Waits while the driver has no room, which in the end is back-pressure for the node's
    /// command. The driver's wishes are heard all the same; a driver that is gone is nobody to tell.
    async fn report(&self, report: Report, asking: &mut Asking) {
        let mut sent = std::pin::pin!(self.reports.send(report));
        loop {
            tokio::select! {
                biased;
                _ = &mut sent => return,
                wish = self.stop.changed() => {
                    if wish == WISH_ABANDON {
                        return;
                    }
                    asking.cancel();
                }
            }
        }
    }
}

/// What the end of a connection says of a request that was sent over it, and of which nothing has come back.
fn cut_off(error: &ConnectionError) -> How {
    if let ConnectionError::ApplicationClosed(close) = error {
        let text = String::from_utf8_lossy(&close.reason);
        // The state says so already.
        let reason = || text.strip_prefix("denied: ").unwrap_or(&text).into();
        match u32::try_from(close.error_code.into_inner()) {
            Ok(code::REVOKED_BEFORE | code::EXPIRED_BEFORE) => {
                return How::TurnedAway(State::Denied, reason());
            }
            Ok(code::CROWDED) => return How::TurnedAway(State::Unreachable, reason()),
            Ok(_) | Err(_) => {}
        }
    }
    How::Lost(error.to_string().into())
}
