//! Where nodes knock: one question and its answer a connection, over QUIC.
//!
//! Whoever asks here may have no certificate yet, so everything is bounded before it is looked at:
//! sources must prove their address, each has its rate, connections are counted and short, and one
//! message of bounded length is read from each.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::limits::ENROL_MESSAGE_MAX;
use hailer_protocol::message::{
    EnrolAsk, Enrolled, Kind, Message as _, Open, Refused, RenewAsk, StreamKind,
};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, IdleTimeout, Incoming, ServerConfig, TransportConfig, VarInt};
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;

use super::office::{Office, Refusal};
use super::rate::{Rate, RateConfig};
use crate::clock;
use crate::error::ShellError;

/// Connections at once, from the handshake to the answer.
const CONNECTIONS_MAX: usize = 512;

/// How long one may take, from the handshake to the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A keeper that enrols until it is closed or dropped.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    address: SocketAddr,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    office: Mutex<Office>,
    rate: Mutex<Rate>,
    places: Arc<Semaphore>,
}

/// Binds `address` and serves it with a configuration that
/// [`hailer_identity::enrolment_config`] made.
///
/// # Errors
/// When the address cannot be had, or the configuration cannot carry QUIC.
pub fn listen(
    office: Office,
    rate: RateConfig,
    address: SocketAddr,
    tls: rustls::ServerConfig,
) -> Result<Listener, ShellError> {
    let bind = |e: std::io::Error| ShellError::own(format!("listen on {address}: {e}"));
    let endpoint = Endpoint::server(server_config(tls)?, address).map_err(bind)?;
    let address = endpoint.local_addr().map_err(bind)?;
    let desk = Arc::new(Desk {
        office: Mutex::new(office),
        rate: Mutex::new(Rate::new(rate)),
        places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
    });
    tokio::spawn(accept(Arc::clone(&desk), endpoint.clone()));
    Ok(Listener {
        endpoint,
        address,
        desk,
    })
}

impl Listener {
    /// Returns the address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the office goes by; answers that are being decided come before or after it.
    pub fn with_office<T>(&self, change: impl FnOnce(&mut Office) -> T) -> T {
        let office = &self.desk.office;
        change(&mut office.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers with another certificate from the next handshake on.
    ///
    /// # Errors
    /// When the configuration cannot carry QUIC.
    pub fn reconfigure(&self, tls: rustls::ServerConfig) -> Result<(), ShellError> {
        self.endpoint.set_server_config(Some(server_config(tls)?));
        Ok(())
    }

    /// Stops, and lets the farewells leave.
    pub async fn close(self) {
        self.endpoint
            .close(VarInt::from_u32(0), b"the keeper stops");
        let farewell = Duration::from_millis(200);
        let _ = tokio::time::timeout(farewell, self.endpoint.wait_idle()).await;
    }
}

fn server_config(tls: rustls::ServerConfig) -> Result<ServerConfig, ShellError> {
    let crypto = QuicServerConfig::try_from(tls)
        .map_err(|e| ShellError::own(format!("the TLS configuration cannot carry QUIC: {e}")))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    let window = VarInt::from_u32(u32::try_from(ENROL_MESSAGE_MAX).unwrap_or(u32::MAX));
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(window)
        .receive_window(window)
        .send_window(1 << 20)
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .crypto_buffer_size(32 << 10)
        .max_idle_timeout(IdleTimeout::try_from(PATIENCE).ok());
    config
        .transport_config(Arc::new(transport))
        .max_incoming(1024)
        .incoming_buffer_size_total(4 << 20);
    Ok(config)
}

async fn accept(desk: Arc<Desk>, endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // One more round trip, once in a node's life: what is counted is nobody else's address.
            let _ = incoming.retry();
            continue;
        }
        let source = incoming.remote_address();
        let may = {
            let mut rate = desk.rate.lock().unwrap_or_else(PoisonError::into_inner);
            rate.admit(clock::mono(), source.ip())
        };
        let place = Arc::clone(&desk.places).try_acquire_owned();
        let (true, Ok(place)) = (may, place) else {
            tracing::warn!(%source, "a connection is refused: there are too many");
            incoming.refuse();
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let served = tokio::time::timeout(PATIENCE, serve(&desk, incoming, source)).await;
            if served.is_err() {
                tracing::debug!(%source, "a connection took too long");
            }
            drop(place);
        });
    }
}

async fn serve(desk: &Arc<Desk>, incoming: Incoming, source: SocketAddr) {
    let connection = match incoming.await {
        Ok(connection) => connection,
        Err(e) => {
            tracing::debug!(%source, error = %e, "handshake failed");
            return;
        }
    };
    let Ok((mut send, mut recv)) = connection.accept_bi().await else {
        return;
    };
    let answer = match recv.read_to_end(ENROL_MESSAGE_MAX).await {
        Ok(bytes) => answer(desk, peer_of(&connection), &bytes, source).await,
        Err(e) => {
            tracing::debug!(%source, error = %e, "a question could not be read");
            malformed("the question is too long, or was broken off")
        }
    };
    if send.write_all(&answer.to_bytes()).await.is_ok() && send.finish().is_ok() {
        // Whoever has read the answer closes.
        let _ = connection.closed().await;
    }
}

/// Returns the verified chain of a node that showed one, leaf first.
fn peer_of(connection: &Connection) -> Option<Vec<CertificateDer<'static>>> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    Some(*chain)
}

async fn answer(
    desk: &Arc<Desk>,
    peer: Option<Vec<CertificateDer<'static>>>,
    bytes: &[u8],
    source: SocketAddr,
) -> Envelope {
    let Some(question) = read(bytes) else {
        return malformed("that is no question that a keeper answers here");
    };
    let is_renewal = matches!(question, Question::Renew(_));
    let office = Arc::clone(desk);
    // Signing and the disk take their time.
    let decided = tokio::task::spawn_blocking(move || {
        let mut office = office.office.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::wall();
        match (&question, peer) {
            (Question::Enrol(ask), _) => office.enrol(now, ask),
            (Question::Renew(ask), Some(peer)) => office.renew(now, &peer, ask),
            (Question::Renew(_), None) => Err(Refusal::Nobody),
        }
    });
    let answer = match decided.await {
        Ok(Ok(enrolled)) => {
            tracing::info!(%source, who = %who(&enrolled), is_renewal, "a certificate is given");
            enrolled.to_envelope()
        }
        Ok(Err(refusal)) => {
            tracing::warn!(%source, reason = %refusal, is_renewal, "a certificate is refused");
            refusal.told(is_renewal).to_envelope()
        }
        Err(e) => {
            tracing::error!(%source, error = %e, "a question could not be decided");
            Refused::new(ErrorCode::INTERNAL, "the keeper failed").to_envelope()
        }
    };
    answer.unwrap_or_else(|_| malformed("the answer is too long"))
}

enum Question {
    Enrol(EnrolAsk),
    Renew(RenewAsk),
}

/// Reads an open and exactly one question.
fn read(bytes: &[u8]) -> Option<Question> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let mut next = || decoder.next_envelope().ok().flatten();
    let open = Open::from_envelope(&next()?).ok()?;
    let question = next()?;
    if open.stream != StreamKind::Enrol || next().is_some() || decoder.is_mid_envelope() {
        return None;
    }
    if question.kind == Kind::EnrolAsk as u16 {
        EnrolAsk::from_envelope(&question).ok().map(Question::Enrol)
    } else {
        RenewAsk::from_envelope(&question).ok().map(Question::Renew)
    }
}

fn who(enrolled: &Enrolled) -> String {
    let own = enrolled.chain.first();
    let identity = own.and_then(|der| hailer_identity::identity_of(der).ok());
    identity.map_or_else(|| "nobody".to_owned(), |identity| identity.to_string())
}

fn malformed(text: &str) -> Envelope {
    let refused = Refused::new(ErrorCode::MALFORMED, text).to_envelope();
    refused.unwrap_or_else(|_| Envelope::new(Kind::Refused, Vec::new()))
}
