//! The shell's one socket, and the bounds of every connection over it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{
    ClientConfig, Connecting, Endpoint, EndpointConfig, IdleTimeout, TransportConfig, VarInt,
};
use socket2::{Domain, Protocol, Socket, Type};

use super::error::FleetError;

/// Both kernel buffers. The kernel's small default overflows when a thousand nodes answer at once,
/// and QUIC then waits for its loss timers: 4 MiB made such a fan-out twelve times faster.
const SOCKET_BUFFER: usize = 4 << 20;

/// Without a packet for this long a connection is given up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Keep-alives go out this often, give or take a fifth: ten thousand connections that came up
/// together do not send together for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// In how many steps keep-alives are spread.
const KEEP_ALIVE_STEPS: u32 = 16;

/// How much one connection may hold in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    /// What one stream may send ahead of being read. A slow reader holds at most this, a stream.
    stream: u32,
    /// What one connection may send ahead of being read; quinn's own bound is none at all.
    connection: u32,
    /// What may wait to be sent to one node.
    send: u64,
}

impl Windows {
    /// For a shell: a few requests with long commands, and their answers.
    pub(super) const SHELL: Self = Self {
        stream: 256 << 10,
        connection: 512 << 10,
        send: 1 << 20,
    };

    /// For a keeper, which is connected to everybody all the time and says little: 10,000 nodes that
    /// all send as much as they may hold less than a gigabyte.
    pub(super) const KEEPER: Self = Self {
        stream: 32 << 10,
        connection: 64 << 10,
        send: 64 << 10,
    };
}

/// How long the farewells have to leave, for one connection and for each one more. Nobody waits
/// until connections have drained, which takes QUIC three timeouts: a node that misses its farewell
/// finds out by the idle timeout, and nothing depends on it before.
const CLOSE_WAIT: Duration = Duration::from_millis(10);
const CLOSE_WAIT_EACH: Duration = Duration::from_micros(50);

/// Code of a connection that the shell closes because it ends.
const CLOSE_BYE: VarInt = VarInt::from_u32(0);

/// The socket, and how connections over it are made.
#[derive(Debug)]
pub(super) struct Dialler {
    endpoint: Endpoint,
    /// One for each step of the keep-alive.
    configs: RwLock<Vec<ClientConfig>>,
    windows: Windows,
}

impl Dialler {
    /// Opens the socket. Must be called within a tokio runtime.
    pub(super) fn open(tls: rustls::ClientConfig, windows: Windows) -> Result<Self, FleetError> {
        let configs = configs(tls, windows)?;
        let socket = bind_any().map_err(FleetError::Socket)?;
        let endpoint = Endpoint::new(
            EndpointConfig::default(),
            None,
            socket,
            Arc::new(quinn::TokioRuntime),
        )
        .map_err(FleetError::Socket)?;
        Ok(Self {
            endpoint,
            configs: RwLock::new(configs),
            windows,
        })
    }

    /// Shows other credentials from the next handshake on.
    pub(super) fn reconfigure(&self, tls: rustls::ClientConfig) -> Result<(), FleetError> {
        let next = configs(tls, self.windows)?;
        self.succeed(next);
        Ok(())
    }

    /// Begins a handshake. `seat` decides when its keep-alives go out.
    pub(super) fn dial(
        &self,
        seat: usize,
        address: SocketAddr,
        server_name: &str,
    ) -> Result<Connecting, quinn::ConnectError> {
        let configs = self.configs.read();
        let configs = configs.unwrap_or_else(PoisonError::into_inner);
        let config = configs[seat % configs.len()].clone();
        drop(configs);
        self.endpoint.connect_with(config, address, server_name)
    }

    /// Begins handshakes with these from now on; connections that are there stay.
    pub(super) fn succeed(&self, configs: Vec<ClientConfig>) {
        *self.configs.write().unwrap_or_else(PoisonError::into_inner) = configs;
    }

    /// Closes all connections, and lets the farewells leave.
    pub(super) async fn close(&self) {
        let n = u32::try_from(self.endpoint.open_connections()).unwrap_or(u32::MAX);
        self.endpoint.close(CLOSE_BYE, b"the shell ends");
        let wait = CLOSE_WAIT + CLOSE_WAIT_EACH.saturating_mul(n);
        let _ = tokio::time::timeout(wait, self.endpoint.wait_idle()).await;
    }
}

pub(super) fn configs(
    tls: rustls::ClientConfig,
    windows: Windows,
) -> Result<Vec<ClientConfig>, FleetError> {
    let crypto = QuicClientConfig::try_from(tls).map_err(|e| FleetError::Tls(e.to_string()))?;
    let crypto = Arc::new(crypto);
    let one = |step| {
        let mut config = ClientConfig::new(Arc::clone(&crypto) as Arc<_>);
        config.transport_config(Arc::new(transport(step, windows)));
        config
    };
    Ok((0..KEEP_ALIVE_STEPS).map(one).collect())
}

/// Binds a socket that reaches both families, or IPv4 alone where the kernel has no IPv6.
fn bind_any() -> io::Result<UdpSocket> {
    let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let old = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    bind(both).or_else(|_| bind(old))
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // The kernel grants what its own bound allows; less is slower but not wrong.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Nodes open no streams to a shell, so they may not: nothing would ever read them.
fn transport(step: u32, windows: Windows) -> TransportConfig {
    let spread = KEEP_ALIVE * 2 / 5;
    let keep_alive = KEEP_ALIVE - spread / 2 + spread * step / KEEP_ALIVE_STEPS;
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(windows.stream))
        .receive_window(VarInt::from_u32(windows.connection))
        .send_window(windows.send)
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .crypto_buffer_size(32 << 10)
        .keep_alive_interval(Some(keep_alive))
        .max_idle_timeout(IdleTimeout::try_from(IDLE_TIMEOUT).ok());
    transport
}
