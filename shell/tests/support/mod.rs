//! A fleet of scripted nodes on loopback: real QUIC, real certificates, made-up behaviour.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hailer_identity::{Authority, Credentials, ServerSide, Trust, Validity};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::ids::Name;
use hailer_protocol::message::{
    Caps, Done, Held, Hello, Kind, Life, Message, Open, Output, OutputMode, Probe, Run,
    RunLeaseHeld, RunLeaseRenew, Started, StreamKind, Usage,
};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;
use hailer_protocol::version::{Feature, Version};
use hailer_shell::fleet::{Fleet, Timing, random};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, RecvStream, SendStream, ServerConfig, VarInt};
use rustls::time_provider::DefaultTimeProvider;
use tokio::sync::Notify;

/// What a node does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Answers `hello`, with 0.
    Good,
    /// Answers with its own name and 3.
    Odd,
    /// Sends these bytes and finishes.
    Raw(fn() -> Vec<u8>),
    /// Begins, writes `half`, and closes the connection when told to.
    Dies,
    /// Begins, and ends only when it is cancelled.
    Lasts,
    /// Begins, and ignores cancels.
    Ignores,
    /// Offers [`FLOOD_BYTES`].
    Floods,
    /// Is somebody else.
    Impostor,
    /// Is not there.
    Down,
}

/// What happened at the nodes.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: AtomicUsize,
    pub(crate) resets: AtomicUsize,
    pub(crate) renewals: AtomicUsize,
    /// Tells a [`Manner::Dies`] that it is time.
    pub(crate) die: Notify,
}

/// A fleet of scripted nodes, and the shell's side of it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) fleet: Fleet,
    pub(crate) seen: Arc<Seen>,
    _endpoints: Vec<Endpoint>,
    _silent: Vec<UdpSocket>,
}

struct Pki {
    authority: Authority,
    trust: Trust,
    validity: Validity,
}

impl Pki {
    fn new() -> Self {
        let name = Name::new("stage").expect("valid");
        let (not_before, not_after) = (Wall(1_600_000_000_000), Wall(4_000_000_000_000));
        let authority =
            Authority::generate(name.clone(), not_before, not_after).expect("generated");
        let clock = Arc::new(DefaultTimeProvider);
        let trust = Trust::from_pem(name, authority.cert_pem(), clock).expect("ours");
        let validity = Validity {
            not_before,
            not_after,
        };
        Self {
            authority,
            trust,
            validity,
        }
    }

    fn identity(&self, role: Role, name: &str) -> Identity {
        Identity {
            fleet: self.trust.fleet().clone(),
            role,
            name: Name::new(name).expect("valid"),
        }
    }

    fn credentials(&self, identity: &Identity) -> Credentials {
        let issued = self.authority.issue(identity, self.validity);
        Credentials::from_issued(&issued.expect("issued")).expect("its own")
    }
}

impl Stage {
    pub(crate) fn new(manners: &[Manner]) -> Self {
        // Handshakes of unoptimised builds on busy machines take their time.
        Self::with_connect_timeout(manners, Duration::from_secs(20))
    }

    pub(crate) fn with_connect_timeout(manners: &[Manner], connect_timeout: Duration) -> Self {
        let timing = Timing {
            connect_timeout,
            renew_every: Duration::from_millis(200),
        };
        let pki = Pki::new();
        let side = ServerSide::new(&pki.trust, &[Role::Operator]).expect("a role");
        let seen = Arc::new(Seen::default());
        let mut endpoints = Vec::new();
        let mut addresses = Vec::new();
        let mut silent = Vec::new();
        for (i, manner) in manners.iter().enumerate() {
            let identity = pki.identity(Role::Node, &format!("n{i}"));
            let shown = if matches!(manner, Manner::Impostor) {
                pki.identity(Role::Node, "somebody-else")
            } else {
                identity
            };
            let tls = side.config(&pki.credentials(&shown)).expect("valid");
            let crypto = QuicServerConfig::try_from(tls).expect("TLS 1.3");
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let config = ServerConfig::with_crypto(Arc::new(crypto));
            let endpoint = Endpoint::server(config, any).expect("loopback");
            if matches!(manner, Manner::Down) {
                // Bound and unread: packets go there and nothing comes back.
                let socket = UdpSocket::bind(any).expect("loopback");
                addresses.push(socket.local_addr().expect("bound").to_string());
                silent.push(socket);
                continue;
            }
            addresses.push(endpoint.local_addr().expect("bound").to_string());
            tokio::spawn(accept(endpoint.clone(), *manner, i, Arc::clone(&seen)));
            endpoints.push(endpoint);
        }
        let operator = pki.credentials(&pki.identity(Role::Operator, "op"));
        let fleet =
            Fleet::open(inventory(&addresses), &operator, &pki.trust, timing).expect("opens");
        Self {
            fleet,
            seen,
            _endpoints: endpoints,
            _silent: silent,
        }
    }

    /// Makes an attached run of nothing in particular.
    pub(crate) fn a_run(&self) -> Run {
        Run {
            run: random::run_id().expect("random"),
            probe: Probe::Shell("true".to_owned()),
            row_plan: RowPlan::default(),
            timeout_ms: None,
            life: Life::Attached(self.fleet.lease()),
            output: OutputMode::Stream,
            caps: Caps {
                output_bytes: u64::MAX,
                rows: u64::MAX,
                memory_bytes: None,
                cpu_seconds: None,
            },
            env: Vec::new(),
        }
    }
}

fn inventory(addresses: &[String]) -> Arc<Inventory> {
    let last = addresses.len() - 1;
    let text = format!(
        "fleet = \"stage\"\n[[nodes]]\nnames = \"n[0-{last}]\"\naddresses = {addresses:?}\n"
    );
    let file = FleetFile::parse(&text).expect("valid TOML");
    Arc::new(Inventory::from_fleet_file(&file).expect("a valid fleet file"))
}

pub(crate) fn bytes_of<M: Message>(message: &M) -> Vec<u8> {
    message.to_envelope().expect("small").to_bytes()
}

pub(crate) fn started() -> Started {
    Started {
        pid: None,
        again: false,
    }
}

pub(crate) fn output(offset: u64, bytes: &[u8]) -> Output {
    Output {
        is_stderr: false,
        offset,
        bytes: NodeBytes(bytes.to_vec()),
    }
}

pub(crate) fn done(state: State, rc: i32, out_bytes: usize) -> Done {
    Done {
        state,
        rc: Some(rc),
        wall_us: 1_000,
        usage: Usage::default(),
        out_bytes: out_bytes as u64,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: Vec::new(),
    }
}

async fn accept(endpoint: Endpoint, manner: Manner, index: usize, seen: Arc<Seen>) {
    while let Some(incoming) = endpoint.accept().await {
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else {
                return;
            };
            while let Ok((send, recv)) = connection.accept_bi().await {
                let stream = Stream {
                    connection: connection.clone(),
                    send,
                    recv,
                    decoder: Decoder::new(),
                    manner,
                    index,
                    seen: Arc::clone(&seen),
                };
                tokio::spawn(stream.serve());
            }
        });
    }
}

struct Stream {
    connection: Connection,
    send: SendStream,
    recv: RecvStream,
    decoder: Decoder,
    manner: Manner,
    index: usize,
    seen: Arc<Seen>,
}

impl Stream {
    async fn next(&mut self) -> Option<Envelope> {
        loop {
            if let Some(envelope) = self.decoder.next_envelope().expect("well formed") {
                return Some(envelope);
            }
            let chunk = self.recv.read_chunk(1 << 16, true).await.ok()??;
            self.decoder.feed(&chunk.bytes);
        }
    }

    async fn say<M: Message>(&mut self, message: &M) {
        let _ = self.send.write_all(&bytes_of(message)).await;
    }

    async fn serve(mut self) {
        let Some(first) = self.next().await else {
            return;
        };
        match Open::from_envelope(&first).expect("opens").stream {
            StreamKind::Hello => {
                assert!(
                    self.next()
                        .await
                        .is_some_and(|e| e.kind == Kind::Hello as u16)
                );
                let hello = Hello {
                    version: Version::OURS,
                    features: vec![Feature::COMMANDS],
                    software: "scripted".to_owned(),
                };
                self.say(&hello).await;
            }
            StreamKind::RunLease => {
                while let Some(envelope) = self.next().await {
                    let renew = RunLeaseRenew::from_envelope(&envelope).expect("a renewal");
                    self.seen.renewals.fetch_add(1, Ordering::Relaxed);
                    let held = RunLeaseHeld {
                        lease: renew.lease,
                        runs: 1,
                    };
                    self.say(&held).await;
                }
            }
            StreamKind::Request => {
                let run = self.next().await.expect("a request");
                Run::from_envelope(&run).expect("a run");
                self.seen.requests.fetch_add(1, Ordering::Relaxed);
                self.answer().await;
            }
            other @ (StreamKind::Events
            | StreamKind::FleetLease
            | StreamKind::Trigger
            | StreamKind::Enrol
            | StreamKind::Revocation
            | StreamKind::Trust
            | StreamKind::Audit) => panic!("a shell opened {other:?}"),
        }
    }

    async fn answer(mut self) {
        match self.manner {
            Manner::Good => self.end(b"hello", 0).await,
            Manner::Odd => {
                let name = format!("n{}", self.index);
                self.end(name.as_bytes(), 3).await;
            }
            Manner::Raw(bytes) => {
                let _ = self.send.write_all(&bytes()).await;
            }
            Manner::Dies => {
                self.say(&started()).await;
                self.say(&output(0, b"half")).await;
                self.seen.die.notified().await;
                self.connection.close(VarInt::from_u32(9), b"died");
            }
            Manner::Lasts => {
                self.say(&started()).await;
                self.wait_for_reset().await;
                self.say(&done(State::Cancelled, 143, 0)).await;
            }
            Manner::Ignores => {
                self.say(&started()).await;
                self.wait_for_reset().await;
                let _ = self.connection.closed().await;
            }
            Manner::Floods => self.flood().await,
            Manner::Impostor | Manner::Down => panic!("was reached"),
        }
    }

    async fn end(&mut self, text: &[u8], rc: i32) {
        let state = if rc == 0 { State::Ok } else { State::Failed };
        let mut bytes = bytes_of(&started());
        bytes.extend(bytes_of(&output(0, text)));
        bytes.extend(bytes_of(&done(state, rc, text.len())));
        let _ = self.send.write_all(&bytes).await;
    }

    async fn wait_for_reset(&mut self) {
        if self.recv.read_chunk(1, true).await.is_err() {
            self.seen.resets.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn flood(&mut self) {
        const PIECE: usize = 32 << 10;
        self.say(&started()).await;
        let mut sent = 0;
        while sent < FLOOD_BYTES {
            let piece = bytes_of(&output(sent as u64, &[b'x'; PIECE]));
            if self.send.write_all(&piece).await.is_err() {
                return;
            }
            sent += PIECE;
        }
        self.say(&done(State::Ok, 0, sent)).await;
    }
}

/// What a flooding node offers: far more than any window and any bound of these tests.
pub(crate) const FLOOD_BYTES: usize = 24 << 20;
