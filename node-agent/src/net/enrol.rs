//! Asking a keeper for a certificate: one connection, one question, one answer.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::limits::ENROL_MESSAGE_MAX;
use hailer_protocol::message::{Enrolled, Kind, Message, Open, Refused, StreamKind};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, IdleTimeout, TransportConfig, VarInt};

/// How long the whole exchange may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What stands in the handshake as the name that is dialled. It resolves nowhere and nothing is
/// decided by it: the keeper is known by its certificate.
const SERVER_NAME: &str = "enrol.hailer";

/// Why there is no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// No socket.
    #[error("open a socket: {0}")]
    Socket(std::io::Error),
    /// The configuration cannot carry QUIC.
    #[error("TLS: {0}")]
    Tls(String),
    /// Nobody there, or not whom we trust.
    #[error("{0}")]
    Connect(String),
    /// It took too long.
    #[error("no answer within {}s", PATIENCE.as_secs())]
    Patience,
    /// The keeper said no.
    #[error("the keeper refuses ({code}): {text}", code = .0.code, text = .0.text.escape_debug())]
    Refused(Refused),
    /// The answer is none.
    #[error("the keeper's answer cannot be read: {0}")]
    Answer(String),
}

/// Sends a question to the keeper at `address` and returns its answer.
pub(crate) async fn ask<M: Message>(
    address: SocketAddr,
    tls: rustls::ClientConfig,
    question: &M,
) -> Result<Enrolled, AskError> {
    let any = if address.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    let endpoint = Endpoint::client(any).map_err(AskError::Socket)?;
    let asked = tokio::time::timeout(PATIENCE, exchange(&endpoint, address, tls, question)).await;
    endpoint.close(VarInt::from_u32(0), b"done");
    // So that the keeper need not wait for a timeout.
    let _ = tokio::time::timeout(Duration::from_millis(200), endpoint.wait_idle()).await;
    asked.unwrap_or(Err(AskError::Patience))
}

async fn exchange<M: Message>(
    endpoint: &Endpoint,
    address: SocketAddr,
    tls: rustls::ClientConfig,
    question: &M,
) -> Result<Enrolled, AskError> {
    let unasked = |e: &dyn std::fmt::Display| AskError::Connect(e.to_string());
    let open = Open {
        stream: StreamKind::Enrol,
    };
    let encode = |e: hailer_protocol::codec::CodecError| AskError::Answer(e.to_string());
    let mut bytes = open.to_envelope().map_err(encode)?.to_bytes();
    question.to_envelope().map_err(encode)?.write_to(&mut bytes);
    let connection = endpoint
        .connect_with(config(tls)?, address, SERVER_NAME)
        .map_err(|e| unasked(&e))?
        .await
        .map_err(|e| unasked(&e))?;
    let (mut send, mut recv) = connection.open_bi().await.map_err(|e| unasked(&e))?;
    send.write_all(&bytes).await.map_err(|e| unasked(&e))?;
    let _ = send.finish();
    let answer = recv
        .read_to_end(ENROL_MESSAGE_MAX)
        .await
        .map_err(|e| AskError::Answer(e.to_string()))?;
    read(&answer)
}

fn config(tls: rustls::ClientConfig) -> Result<ClientConfig, AskError> {
    let crypto = QuicClientConfig::try_from(tls).map_err(|e| AskError::Tls(e.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .crypto_buffer_size(32 << 10)
        .max_idle_timeout(IdleTimeout::try_from(PATIENCE).ok());
    config.transport_config(Arc::new(transport));
    Ok(config)
}

fn read(bytes: &[u8]) -> Result<Enrolled, AskError> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let wrong = |e: &dyn std::fmt::Display| AskError::Answer(e.to_string());
    let answer: Envelope = decoder
        .next_envelope()
        .map_err(|e| wrong(&e))?
        .ok_or_else(|| wrong(&"it is cut short"))?;
    if answer.kind == Kind::Refused as u16 {
        return Err(AskError::Refused(
            Refused::from_envelope(&answer).map_err(|e| wrong(&e))?,
        ));
    }
    Enrolled::from_envelope(&answer).map_err(|e| wrong(&e))
}
