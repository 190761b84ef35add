//! A session: our state on one connection, from the handshake to its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::ids::LeaseId;
use hailer_protocol::limits::FEATURES_MAX;
use hailer_protocol::message::{
    Hello, Message, Open, Refused, RevocationOffer, RevocationTaken, RunLeaseHeld, RunLeaseRenew,
    StreamKind, TrustOffer, TrustTaken,
};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::time::Mono;
use hailer_protocol::version::{Feature, Version};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use rustls::pki_types::CertificateDer;
use tokio::sync::Mutex;

/// How long a lease lasts from each renewal.
pub(super) const LEASE_TTL: Duration = Duration::from_secs(30);

/// How much is taken from the transport at once.
pub(super) const READ_MAX: usize = 64 << 10;

/// Code of a connection that is closed because the node's hello was refused or makes no sense.
const CLOSE_HELLO: VarInt = VarInt::from_u32(3);

/// How long a node may take to answer a hello or a renewal, before it is no longer waited for.
pub(super) const REPLY_WAIT: Duration = Duration::from_secs(10);

/// One connection that is up.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) since: Mono,
    hello: OnceLock<Hello>,
    attached: AtomicUsize,
    lease: Mutex<Option<Talk>>,
}

/// Why a talk with a node came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum TalkError {
    #[error("{0}")]
    Connection(#[from] quinn::ConnectionError),
    #[error("{0}")]
    Write(#[from] quinn::WriteError),
    #[error("{0}")]
    Read(#[from] quinn::ReadError),
    #[error("{0}")]
    Envelope(#[from] hailer_protocol::envelope::EnvelopeError),
    #[error("{0}")]
    Body(#[from] CodecError),
    #[error("the stream ended")]
    Ended,
    #[error("the node refuses: {0}")]
    Refused(String),
    #[error("the node speaks version {0}, this shell {ours}", ours = Version::OURS)]
    Version(Version),
    #[error("the node names {0} features, at most {FEATURES_MAX} are allowed")]
    Features(usize),
}

impl Session {
    pub(super) fn new(connection: Connection, since: Mono) -> Self {
        Self {
            connection,
            since,
            hello: OnceLock::new(),
            attached: AtomicUsize::new(0),
            lease: Mutex::new(None),
        }
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.connection.close_reason().is_some()
    }

    /// Returns what the node said of itself; `None` until it has, which no request waits for.
    pub(super) fn hello(&self) -> Option<&Hello> {
        self.hello.get()
    }

    /// Exchanges hellos, then waits for the connection's end and returns the reason.
    pub(super) async fn live(&self) -> String {
        match tokio::time::timeout(REPLY_WAIT, self.say_hello()).await {
            Ok(Ok(hello)) => {
                let _ = self.hello.set(hello);
            }
            // The connection's own end says it better.
            Ok(Err(
                TalkError::Connection(_)
                | TalkError::Write(_)
                | TalkError::Read(_)
                | TalkError::Ended,
            )) => {}
            Ok(Err(error)) => {
                self.connection
                    .close(CLOSE_HELLO, b"the hello was not understood");
                return format!("the hello failed: {error}");
            }
            Err(_) => tracing::debug!("no answer to the hello"),
        }
        self.connection.closed().await.to_string()
    }

    async fn say_hello(&self) -> Result<Hello, TalkError> {
        let ours = Hello {
            version: Version::OURS,
            features: Feature::OFFERED.to_vec(),
            software: concat!("hailer ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let mut talk = Talk::open(&self.connection, StreamKind::Hello, &ours).await?;
        let _ = talk.send.finish();
        let hello: Hello = talk.hear().await?;
        if !Version::OURS.speaks_with(hello.version) {
            return Err(TalkError::Version(hello.version));
        }
        if hello.features.len() > FEATURES_MAX {
            return Err(TalkError::Features(hello.features.len()));
        }
        Ok(hello)
    }

    /// Whether attached runs are in flight here.
    pub(super) fn has_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed) > 0
    }

    /// Tells the node that our attached runs shall live on. A renewal that is still under way is
    /// not doubled; one that fails is tried again on a new stream the next time.
    pub(super) async fn renew(&self, lease: LeaseId) {
        let Ok(mut slot) = self.lease.try_lock() else {
            return;
        };
        let renewed = tokio::time::timeout(REPLY_WAIT, self.renew_on(slot.take(), lease)).await;
        match renewed {
            Ok(Ok(talk)) => *slot = Some(talk),
            Ok(Err(error)) => tracing::debug!(%error, "lease not renewed"),
            Err(_) => tracing::debug!("lease not renewed: no answer"),
        }
    }

    /// Hands in a revocation list.
    pub(super) async fn offer(
        &self,
        signed: &SignedRevocations,
    ) -> Result<RevocationTaken, String> {
        let offer = RevocationOffer {
            signed: signed.clone(),
        };
        self.hand_in(StreamKind::Revocation, &offer).await
    }

    /// Hands in a trust bundle.
    pub(super) async fn offer_trust(&self, signed: &SignedBundle) -> Result<TrustTaken, String> {
        let offer = TrustOffer {
            signed: signed.clone(),
        };
        self.hand_in(StreamKind::Trust, &offer).await
    }

    async fn hand_in<M: Message, A: Message>(
        &self,
        stream: StreamKind,
        offer: &M,
    ) -> Result<A, String> {
        let talk = Talk::open(&self.connection, stream, offer).await;
        let mut talk = talk.map_err(|e| e.to_string())?;
        let _ = talk.send.finish();
        talk.hear().await.map_err(|e: TalkError| e.to_string())
    }

    /// Returns the chain that the node has shown, leaf first.
    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        let identity = self.connection.peer_identity();
        let chain = identity.and_then(|i| i.downcast::<Vec<CertificateDer<'static>>>().ok());
        chain.map(|chain| *chain).unwrap_or_default()
    }

    async fn renew_on(&self, talk: Option<Talk>, lease: LeaseId) -> Result<Talk, TalkError> {
        let renew = RunLeaseRenew {
            lease,
            ttl_ms: u64::try_from(LEASE_TTL.as_millis()).unwrap_or(u64::MAX),
        };
        let mut talk = match talk {
            None => Talk::open(&self.connection, StreamKind::RunLease, &renew).await?,
            Some(mut talk) => {
                talk.say(&renew).await?;
                talk
            }
        };
        talk.hear::<RunLeaseHeld>().await?;
        Ok(talk)
    }
}

/// Counts an attached run as long as it lives; while any is counted the lease is renewed.
#[derive(Debug)]
pub(super) struct Attached(std::sync::Arc<Session>);

impl Attached {
    pub(super) fn to(session: &std::sync::Arc<Session>) -> Self {
        session.attached.fetch_add(1, Ordering::Relaxed);
        Self(std::sync::Arc::clone(session))
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.attached.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream on which one message is answered by one.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) send: SendStream,
    recv: RecvStream,
    decoder: Decoder,
}

impl Talk {
    pub(super) async fn open<M: Message>(
        connection: &Connection,
        stream: StreamKind,
        first: &M,
    ) -> Result<Self, TalkError> {
        let (mut send, recv) = connection.open_bi().await?;
        let mut bytes = Open { stream }.to_envelope()?.to_bytes();
        first.to_envelope()?.write_to(&mut bytes);
        send.write_all(&bytes).await?;
        Ok(Self {
            send,
            recv,
            decoder: Decoder::new(),
        })
    }

    /// Says one thing more.
    pub(super) async fn say<M: Message>(&mut self, message: &M) -> Result<(), TalkError> {
        let bytes = message.to_envelope()?.to_bytes();
        Ok(self.send.write_all(&bytes).await?)
    }

    /// Reads up to the next message of that type; unknown kinds are skipped.
    pub(super) async fn hear<M: Message>(&mut self) -> Result<M, TalkError> {
        loop {
            while let Some(envelope) = self.decoder.next_envelope()? {
                if let Some(message) = heard(&envelope)? {
                    return Ok(message);
                }
            }
            match self.recv.read_chunk(READ_MAX, true).await? {
                Some(chunk) => self.decoder.feed(&chunk.bytes),
                None => return Err(TalkError::Ended),
            }
        }
    }
}

fn heard<M: Message>(envelope: &Envelope) -> Result<Option<M>, TalkError> {
    if envelope.kind == Refused::KIND as u16 {
        let refused = Refused::from_envelope(envelope)?;
        return Err(TalkError::Refused(refused.text));
    }
    if envelope.kind != M::KIND as u16 {
        return Ok(None);
    }
    Ok(Some(M::from_envelope(envelope)?))
}
