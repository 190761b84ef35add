//! The floor: the same request and the same reply over bare quinn, and nothing else.
//!
//! As many sockets as there are nodes, mutual TLS with a certificate each, the transport of the
//! shell and of the agent, one stream a request. A command is started and waited for by tokio.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use hailer_identity::{ClientSide, Credentials, ServerSide};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::message::{Batch, Done, Held, Message as _, Output, Started, Usage};
use hailer_protocol::role::Role;
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connection, Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig,
    VarInt,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::pki::{self, Pki};
use crate::{Result, ours, report};

/// Handshakes at a time, as many as the shell has.
const HANDSHAKES: usize = 64;

/// Requests at a time, as many as the shell has.
const IN_FLIGHT: usize = 1_000;

const SOCKET_BUFFER: usize = 4 << 20;

/// How long farewells take to leave, for all and for each, as in the shell.
const LEAVE_WAIT: Duration = Duration::from_millis(10);
const LEAVE_WAIT_EACH: Duration = Duration::from_micros(50);

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 << 10;

/// What is asked, of both contenders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asked {
    /// `metric load1`
    Metric,
    /// `hostname`
    Command,
}

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    #[arg(long)]
    nodes: usize,
    #[arg(long)]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ColdArgs {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    asked: Asked,
}

/// A bare client with its connections.
#[derive(Debug)]
pub(crate) struct Floor {
    endpoint: Endpoint,
    connections: Vec<Connection>,
}

impl Floor {
    /// Connects to everybody that a server's directory names.
    pub(crate) async fn connect(dir: &Path) -> Result<Self> {
        let (operator, trust) = pki::read_operator(dir)?;
        let tls = ClientSide::new(&trust, &[Role::Node])?.config(&operator)?;
        let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        let mut transport = transport(0, 512 << 10);
        transport.keep_alive_interval(Some(Duration::from_secs(10)));
        config.transport_config(Arc::new(transport));
        let mut endpoint = Endpoint::new(
            EndpointConfig::default(),
            None,
            bind()?,
            Arc::new(quinn::TokioRuntime),
        )?;
        endpoint.set_default_client_config(config);
        let turns = Arc::new(Semaphore::new(HANDSHAKES));
        let mut dialled = JoinSet::new();
        for (at, line) in fs::read_to_string(dir.join("addresses"))?
            .lines()
            .enumerate()
        {
            let address: SocketAddr = line.parse()?;
            let name = hailer_identity::server_name(&pki::identity(Role::Node, &node(at))?);
            let (endpoint, turns) = (endpoint.clone(), Arc::clone(&turns));
            dialled.spawn(async move {
                let _turn = turns.acquire_owned().await?;
                Result::Ok(endpoint.connect(address, &name)?.await?)
            });
        }
        let connections = dialled
            .join_all()
            .await
            .into_iter()
            .collect::<Result<_>>()?;
        Ok(Self {
            endpoint,
            connections,
        })
    }

    /// Asks everybody once, and waits for all the answers.
    pub(crate) async fn ask(&self, asked: Asked) -> Result<()> {
        let request = Bytes::from(request(asked)?);
        let turns = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut asking = JoinSet::new();
        for connection in &self.connections {
            let (connection, request) = (connection.clone(), request.clone());
            let turns = Arc::clone(&turns);
            asking.spawn(async move {
                let _turn = turns.acquire_owned().await?;
                let (mut send, mut recv) = connection.open_bi().await?;
                send.write_chunk(request).await?;
                send.finish()?;
                Result::Ok(recv.read_to_end(ANSWER_MAX).await?.len())
            });
        }
        while let Some(answered) = asking.join_next().await {
            if answered?? == 0 {
                return Err("an answer of the floor is empty".into());
            }
        }
        Ok(())
    }

    /// Leaves as the shell does: the farewells go out, and nobody waits for what comes of them.
    pub(crate) async fn close(self) {
        self.endpoint.close(VarInt::from_u32(0), b"");
        let n = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let wait = LEAVE_WAIT + LEAVE_WAIT_EACH.saturating_mul(n);
        let _ = tokio::time::timeout(wait, self.endpoint.wait_idle()).await;
    }
}

/// Connects, asks once and ends: a whole process of it is the floor of a cold line.
pub(crate) fn ask_once(args: &ColdArgs) -> Result<()> {
    crate::runtime()?.block_on(async {
        let floor = Floor::connect(&args.dir).await?;
        floor.ask(args.asked).await?;
        floor.close().await;
        Ok(())
    })
}

/// Serves until standard input ends.
pub(crate) fn serve_until_stdin_ends(args: &ServerArgs) -> Result<()> {
    raise_nofile_limit();
    let pki = Pki::generate()?;
    pki.write(&args.dir)?;
    let tls = ServerSide::new(&pki.trust()?, &[Role::Operator])?;
    crate::runtime()?.block_on(async {
        let mut addresses = String::new();
        for at in 0..args.nodes {
            let own = Credentials::from_issued(&pki.node(&node(at))?)?;
            let crypto = QuicServerConfig::try_from(tls.config(&own)?)?;
            let mut config = ServerConfig::with_crypto(Arc::new(crypto));
            config.transport_config(Arc::new(transport(256, 2 << 20)));
            let runtime = Arc::new(quinn::TokioRuntime);
            let endpoint =
                Endpoint::new(EndpointConfig::default(), Some(config), bind()?, runtime)?;
            addresses.push_str(&format!("{}\n", endpoint.local_addr()?));
            tokio::spawn(accept(endpoint));
        }
        fs::write(args.dir.join("addresses"), addresses)?;
        report::say(&format!("ready {}", args.nodes));
        let gone = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        gone.await??;
        Ok(())
    })
}

async fn accept(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else {
                return;
            };
            while let Ok((send, recv)) = connection.accept_bi().await {
                tokio::spawn(answer(send, recv));
            }
        });
    }
}

/// The last byte of a request says what is asked; the rest is as long as hailer's.
async fn answer(mut send: quinn::SendStream, mut recv: quinn::RecvStream) -> Result<()> {
    let asked = recv.read_to_end(ANSWER_MAX).await?;
    let bytes = if asked.last() == Some(&1) {
        let ran = tokio::process::Command::new("hostname").output().await?;
        command_answer(ran.stdout)?
    } else {
        metric_answer()?
    };
    send.write_all(&bytes).await?;
    send.finish()?;
    Ok(())
}

/// The bytes that the shell sends, and one that tells this server what they mean.
fn request(asked: Asked) -> Result<Vec<u8>> {
    let mut bytes = ours::request_bytes(asked)?;
    bytes.push(u8::from(asked == Asked::Command));
    Ok(bytes)
}

/// As long as an agent's answer to `metric load1`.
fn metric_answer() -> Result<Vec<u8>> {
    let table = Table {
        columns: vec![Column::new("load1", DataType::Float)],
        rows: vec![vec![Value::Float(0.25)]],
    };
    let mut bytes = Batch { table }.to_envelope()?.to_bytes();
    done(None, 0).to_envelope()?.write_to(&mut bytes);
    Ok(bytes)
}

/// As long as an agent's answer to a command.
fn command_answer(stdout: Vec<u8>) -> Result<Vec<u8>> {
    let started = Started {
        pid: Some(1),
        again: false,
    };
    let mut bytes = started.to_envelope()?.to_bytes();
    let out_bytes = stdout.len() as u64;
    let output = Output {
        is_stderr: false,
        offset: 0,
        bytes: NodeBytes(stdout),
    };
    output.to_envelope()?.write_to(&mut bytes);
    done(Some(0), out_bytes).to_envelope()?.write_to(&mut bytes);
    Ok(bytes)
}

fn done(rc: Option<i32>, out_bytes: u64) -> Done {
    Done {
        state: State::Ok,
        rc,
        wall_us: 1_000,
        usage: Usage::default(),
        out_bytes,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: Vec::new(),
    }
}

/// A socket a node, and pipes a command.
fn raise_nofile_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
}

fn node(at: usize) -> String {
    format!("n{at}")
}

fn bind() -> Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket.into())
}

fn transport(streams: u32, receive_window: u32) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(256 << 10))
        .receive_window(VarInt::from_u32(receive_window))
        .send_window(1 << 20)
        .datagram_receive_buffer_size(None)
        .datagram_send_buffer_size(0)
        .crypto_buffer_size(32 << 10)
        .max_idle_timeout(IdleTimeout::try_from(Duration::from_secs(30)).ok());
    transport
}
