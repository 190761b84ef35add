//! A client that says what it is told to and checks that answers are well formed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hailer_identity::{ClientSide, Credentials, Signer, Trust, server_name};
use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{LeaseId, RunId};
use hailer_protocol::message::{
    Batch, Caps, Done, Failed, Kind, Life, Message, Open, Output, OutputMode, Probe, Refused, Run,
    Sandboxed, Started, StreamKind,
};
use hailer_protocol::role::Role;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::table::Row;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, VarInt};

use super::{identity, sealed, soon};

/// The lease of every run that these tests make.
pub(crate) const LEASE: LeaseId = LeaseId([7; 16]);

pub(crate) struct Client {
    endpoint: Endpoint,
    pub(crate) connection: Connection,
    /// An operator's key, and the node that it signs for.
    signer: Option<(Signer, String)>,
}

/// One request stream.
pub(crate) struct Asked {
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    decoder: Decoder,
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done(Done),
    Failed(Failed),
    Refused(Refused),
    /// Without a word, or by a reset.
    Silent,
}

/// Everything that came on a request stream.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) started: Option<Started>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) sandboxed: Option<Sandboxed>,
    pub(crate) end: End,
}

impl Answer {
    pub(crate) fn done(&self) -> &Done {
        match &self.end {
            End::Done(done) => done,
            End::Failed(_) | End::Refused(_) | End::Silent => panic!("not done: {self:?}"),
        }
    }

    pub(crate) fn failed(&self) -> &Failed {
        match &self.end {
            End::Failed(failed) => failed,
            End::Done(_) | End::Refused(_) | End::Silent => panic!("not failed: {self:?}"),
        }
    }

    pub(crate) fn refused(&self) -> &Refused {
        match &self.end {
            End::Refused(refused) => refused,
            End::Done(_) | End::Failed(_) | End::Silent => panic!("not refused: {self:?}"),
        }
    }

    pub(crate) fn out_text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let rows = self.batches.iter().flat_map(|b| b.table.rows.clone());
        rows.collect()
    }
}

impl Client {
    pub(crate) async fn connect(
        own: &Credentials,
        trust: &Trust,
        address: SocketAddr,
        node: &str,
    ) -> Result<Self, quinn::ConnectionError> {
        let tls = ClientSide::new(trust, &[Role::Node])
            .and_then(|side| side.config(own))
            .expect("a TLS configuration");
        let dialled = identity(trust.fleet().as_str(), Role::Node, node);
        let mut client = Self::with(tls, address, &server_name(&dialled)).await?;
        client.signer = Signer::new(own).ok().map(|s| (s, node.to_owned()));
        Ok(client)
    }

    pub(crate) async fn with(
        tls: rustls::ClientConfig,
        address: SocketAddr,
        name: &str,
    ) -> Result<Self, quinn::ConnectionError> {
        let endpoint =
            Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("loopback");
        let crypto = QuicClientConfig::try_from(tls).expect("TLS 1.3");
        let config = ClientConfig::new(Arc::new(crypto));
        let connecting = endpoint
            .connect_with(config, address, name)
            .expect("a valid address");
        let connection = soon("a handshake", connecting).await?;
        Ok(Self {
            endpoint,
            connection,
            signer: None,
        })
    }

    /// Opens a stream and sends `bytes` on it.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Asked {
        let (mut send, recv) = soon("a stream", self.connection.open_bi())
            .await
            .expect("the connection lives");
        // A stream that is refused may be stopped before it has taken all.
        let _ = soon("sending", send.write_all(bytes)).await;
        Asked {
            send,
            recv,
            decoder: Decoder::new(),
        }
    }

    /// Opens a stream for `stream` and sends `message` on it.
    pub(crate) async fn say<M: Message>(&self, stream: StreamKind, message: &M) -> Asked {
        let bytes = [bytes_of(&Open { stream }), bytes_of(message)].concat();
        self.send(&bytes).await
    }

    /// Asks for a run, signed where it wants that and there is a key to sign with.
    pub(crate) async fn ask(&self, run: &Run) -> Asked {
        self.send(&self.request(run)).await
    }

    /// Asks for a run that nobody has signed.
    pub(crate) async fn ask_unsigned(&self, run: &Run) -> Asked {
        self.say(StreamKind::Request, run).await
    }

    /// Opens a request and sends an envelope as it is.
    pub(crate) async fn hand_in(&self, envelope: &Envelope) -> Asked {
        let open = bytes_of(&Open {
            stream: StreamKind::Request,
        });
        self.send(&[open, envelope.to_bytes()].concat()).await
    }

    /// The bytes of a request's stream.
    pub(crate) fn request(&self, run: &Run) -> Vec<u8> {
        let open = bytes_of(&Open {
            stream: StreamKind::Request,
        });
        let envelope = match &self.signer {
            Some((signer, node)) if !Grant::Probe.fits(&run.probe) => sealed(signer, node, run),
            Some(_) | None => run.to_envelope().expect("small"),
        };
        [open, envelope.to_bytes()].concat()
    }

    /// The operator's key.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer.as_ref().expect("an operator's connection").0
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, run: &Run) -> Answer {
        self.ask(run).await.answer().await
    }

    /// Runs a line to its end, as a check that the agent is there.
    pub(crate) async fn out_of(&self, line: &str) -> String {
        let answer = self.run(&shell(line)).await;
        answer.done();
        answer.out_text()
    }

    /// Goes away at once, and tells the agent.
    pub(crate) async fn leave(self) {
        self.connection.close(VarInt::from_u32(0), b"gone");
        soon("the close", self.endpoint.wait_idle()).await;
    }
}

impl Asked {
    /// Waits for the next envelope; `None` when the stream is over.
    pub(crate) async fn next(&mut self) -> Option<Envelope> {
        loop {
            let next = self.decoder.next_envelope();
            if let Some(envelope) = next.expect("agents send well formed envelopes") {
                return Some(envelope);
            }
            let read = soon("an answer", self.recv.read_chunk(1 << 16, true)).await;
            match read {
                Ok(Some(chunk)) => self.decoder.feed(&chunk.bytes),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Waits for a message of that type.
    pub(crate) async fn expect<M: Message>(&mut self) -> M {
        let envelope = self.next().await.expect("the stream goes on");
        M::from_envelope(&envelope).expect("what was expected")
    }

    /// Reads on until standard output has had `text`.
    pub(crate) async fn hears(&mut self, text: &str) {
        let mut heard = Vec::new();
        while !heard.windows(text.len()).any(|w| w == text.as_bytes()) {
            let envelope = self.next().await.expect("the stream goes on");
            if envelope.kind == Kind::Output as u16 {
                let output = Output::from_envelope(&envelope).expect("output");
                heard.extend(output.bytes.0);
            }
        }
    }

    /// Cancels what was asked.
    pub(crate) fn cancel(&mut self) {
        let _ = self.send.reset(VarInt::from_u32(0));
    }

    /// Reads the rest, and checks its order: started, output or batches, one end, nothing.
    #[expect(clippy::too_many_lines, reason = "one arm for each message")]
    pub(crate) async fn answer(mut self) -> Answer {
        let mut answer = Answer {
            started: None,
            out: Vec::new(),
            err: Vec::new(),
            batches: Vec::new(),
            sandboxed: None,
            end: End::Silent,
        };
        let mut offsets = [None::<u64>; 2];
        while let Some(envelope) = self.next().await {
            assert_eq!(answer.end, End::Silent, "something follows the end");
            let kind = Kind::from_number(envelope.kind).expect("a known kind");
            match kind {
                Kind::Started => {
                    assert!(answer.started.is_none() && offsets == [None, None]);
                    answer.started = Started::from_envelope(&envelope).ok();
                }
                Kind::Output => {
                    let output = Output::from_envelope(&envelope).expect("output");
                    let at = &mut offsets[usize::from(output.is_stderr)];
                    assert_eq!(at.unwrap_or(output.offset), output.offset, "no gap");
                    *at = Some(output.offset + output.bytes.0.len() as u64);
                    if output.is_stderr {
                        answer.err.extend(output.bytes.0);
                    } else {
                        answer.out.extend(output.bytes.0);
                    }
                }
                Kind::Batch => {
                    let batch = Batch::from_envelope(&envelope).expect("a batch");
                    assert!(batch.table.is_rectangular());
                    answer.batches.push(batch);
                }
                Kind::Sandboxed => {
                    let told = Sandboxed::from_envelope(&envelope).expect("sandboxed");
                    answer.sandboxed = Some(told);
                }
                Kind::Done => {
                    answer.end = End::Done(Done::from_envelope(&envelope).expect("done"));
                }
                Kind::Failed => {
                    answer.end = End::Failed(Failed::from_envelope(&envelope).expect("failed"));
                }
                Kind::Refused => {
                    answer.end = End::Refused(Refused::from_envelope(&envelope).expect("refused"));
                }
                Kind::Open
                | Kind::Hello
                | Kind::Run
                | Kind::OutputDigest
                | Kind::Fetch
                | Kind::RunLeaseRenew
                | Kind::RunLeaseHeld
                | Kind::EventBatch
                | Kind::EventAck
                | Kind::FleetLeaseAsk
                | Kind::FleetLeaseGranted
                | Kind::FleetLeaseDenied
                | Kind::FleetLeaseRelease
                | Kind::FleetLeaseRenew
                | Kind::Trigger
                | Kind::EnrolAsk
                | Kind::RenewAsk
                | Kind::Enrolled
                | Kind::RevocationOffer
                | Kind::TrustOffer
                | Kind::TrustTaken
                | Kind::AuditAsk
                | Kind::AuditStands
                | Kind::AuditCountersign
                | Kind::AuditCountersigned
                | Kind::RevocationTaken => panic!("an agent sent {}", kind.name()),
            }
        }
        answer
    }
}

pub(crate) fn bytes_of<M: Message>(message: &M) -> Vec<u8> {
    message.to_envelope().expect("small").to_bytes()
}

/// Returns an id that no other test on this machine has.
pub(crate) fn new_run_id() -> RunId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    RunId(bytes)
}

pub(crate) fn a_run(probe: Probe) -> Run {
    Run {
        run: new_run_id(),
        probe,
        row_plan: RowPlan::default(),
        timeout_ms: Some(50_000),
        life: Life::Attached(LEASE),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: 1 << 20,
            rows: 10_000,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env: Vec::new(),
    }
}

pub(crate) fn shell(line: &str) -> Run {
    a_run(Probe::Shell(line.to_owned()))
}
