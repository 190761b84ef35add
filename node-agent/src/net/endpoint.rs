//! The socket an agent listens on, and the transport's bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt};

use super::connection;
use crate::error::AgentError;
use crate::host::Host;

/// Both kernel buffers of the socket. The kernel's small default overflows when many answers leave
/// at once, and QUIC then waits for its loss timer.
const SOCKET_BUFFER: usize = 4 << 20;

/// Without a packet for this long a connection is given up. The shell sends keep-alives.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a handshake may take: keep-alives of somebody who never shows a certificate do not
/// stretch it.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many handshakes go on at once before an address has to be proven.
const HANDSHAKES_FREE: usize = 64;

/// So many go on at once; whoever comes then comes again.
const HANDSHAKES_MAX: usize = 512;

/// How long farewells have to leave. A peer that misses its one finds out by the idle timeout.
const FAREWELL: Duration = Duration::from_millis(200);

/// An agent that accepts connections until it is closed or dropped.
#[derive(Debug)]
pub struct Listening {
    host: Arc<Host>,
    endpoint: Endpoint,
    address: SocketAddr,
}

impl Listening {
    /// Returns the address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows another certificate from the next handshake on; connections that are there go on.
    ///
    /// # Errors
    /// When the configuration cannot carry QUIC.
    pub fn reconfigure(&self, tls: rustls::ServerConfig) -> Result<(), AgentError> {
        self.reconfigures()(tls)
    }

    /// Returns what makes a configuration that of the next handshakes; connections that are there go
    /// on.
    pub(crate) fn reconfigures(
        &self,
    ) -> impl Fn(rustls::ServerConfig) -> Result<(), AgentError> + Send + use<> {
        let endpoint = self.endpoint.clone();
        move |tls| {
            endpoint.set_server_config(Some(server_config(tls)?));
            Ok(())
        }
    }

    /// Closes every connection and waits, briefly, until the peers have heard of it.
    pub async fn close(self) {
        self.endpoint.close(VarInt::from_u32(0), b"the agent stops");
        let _ = tokio::time::timeout(FAREWELL, self.endpoint.wait_idle()).await;
        self.host.stop().await;
    }
}

/// Binds `address` and serves connections that present a certificate which `tls` accepts.
///
/// # Errors
/// When the address cannot be bound or the configuration cannot carry QUIC.
pub fn listen(
    host: Arc<Host>,
    address: SocketAddr,
    tls: rustls::ServerConfig,
) -> Result<Listening, AgentError> {
    let socket =
        bind(address, SOCKET_BUFFER).map_err(|source| AgentError::Bind { address, source })?;
    let endpoint = Endpoint::new(
        EndpointConfig::default(),
        Some(server_config(tls)?),
        socket,
        Arc::new(quinn::TokioRuntime),
    )
    .map_err(|source| AgentError::Bind { address, source })?;
    let address = endpoint
        .local_addr()
        .map_err(|source| AgentError::Bind { address, source })?;
    tokio::spawn(accept(Arc::clone(&host), endpoint.clone()));
    Ok(Listening {
        host,
        endpoint,
        address,
    })
}

fn server_config(tls: rustls::ServerConfig) -> Result<ServerConfig, AgentError> {
    let crypto = QuicServerConfig::try_from(tls)
        .map_err(|e| AgentError::Tls(format!("the TLS configuration cannot carry QUIC: {e}")))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport()))
        .max_incoming(4096)
        .incoming_buffer_size_total(16 << 20);
    Ok(config)
}

fn bind(address: SocketAddr, buffer: usize) -> std::io::Result<std::net::UdpSocket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    // The kernel grants what its own bound allows; less is slower but not wrong.
    let _ = socket.set_recv_buffer_size(buffer);
    let _ = socket.set_send_buffer_size(buffer);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Windows are bounded here because quinn's own receive window is not.
fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(256))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(256 << 10))
        .receive_window(VarInt::from_u32(2 << 20))
        .send_window(1 << 20)
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .crypto_buffer_size(32 << 10)
        .max_idle_timeout(IdleTimeout::try_from(IDLE_TIMEOUT).ok());
    transport
}

async fn accept(host: Arc<Host>, endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        match reception(host.handshakes(), incoming.remote_address_validated()) {
            Reception::Begin => {}
            Reception::Retry => {
                let _ = incoming.retry();
                continue;
            }
            Reception::Refuse => {
                tracing::warn!(source = %incoming.remote_address(), "a handshake is refused: there are too many");
                incoming.refuse();
                continue;
            }
        }
        let connecting = host.begin_handshake();
        let host = Arc::clone(&host);
        tokio::spawn(async move {
            let handshake = tokio::time::timeout(PATIENCE, incoming).await;
            drop(connecting);
            match handshake {
                Ok(Ok(connection)) => connection::serve(host, connection).await,
                Ok(Err(e)) => tracing::debug!(error = %e, "handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

/// What becomes of somebody who knocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reception {
    Begin,
    /// The address must first prove that it is its own.
    Retry,
    Refuse,
}

/// Nobody has shown a certificate yet: what a stranger can hold is bounded.
const fn reception(handshakes: usize, is_validated: bool) -> Reception {
    if !is_validated && handshakes > HANDSHAKES_FREE {
        Reception::Retry
    } else if handshakes >= HANDSHAKES_MAX {
        Reception::Refuse
    } else {
        Reception::Begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_bounded_and_many_of_them_want_an_address_that_is_proven() {
        for (handshakes, is_validated, expected) in [
            (0, false, Reception::Begin),
            (HANDSHAKES_FREE, false, Reception::Begin),
            (HANDSHAKES_FREE + 1, false, Reception::Retry),
            (HANDSHAKES_FREE + 1, true, Reception::Begin),
            (HANDSHAKES_MAX - 1, true, Reception::Begin),
            (HANDSHAKES_MAX, true, Reception::Refuse),
            (HANDSHAKES_MAX, false, Reception::Retry),
        ] {
            let found = reception(handshakes, is_validated);
            assert_eq!(found, expected, "{handshakes} {is_validated}");
        }
    }
}
