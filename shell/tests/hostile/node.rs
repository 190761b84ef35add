//! Malicious nodes: what each answers is asked for by the first word of the command.
//!
//! | word | answer |
//! |---|---|
//! | `out` | every terminal sequence on both streams, and in the notes |
//! | `shifted` | the same, from another place on the last node |
//! | `single` | the first of them in pieces of one byte |
//! | `cells` | those that are text, as rows, under a hostile heading |
//! | `eval`, `evalrows` | every text to be evaluated: as output, as rows |
//! | `failed`, `refused` | they are why nothing was done |
//! | `gone` | the connection ends, for a hostile reason |
//! | `lie N` | answers that break the protocol; see [`crate::lies`] |
//!
//! Facts, metrics and lists of detached runs are hostile rows, too.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use hailer_identity::{Credentials, ServerSide, Trust};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::Name;
use hailer_protocol::limits::{BATCH_ROWS_MAX, OUTPUT_CHUNK_MAX};
use hailer_protocol::message::{
    Batch, Done, Failed, Held, Hello, Kind, Message, Open, Output, Probe, Refused, Run,
    RunLeaseHeld, RunLeaseRenew, Started, StreamKind, Usage,
};
use hailer_protocol::role::Role;
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::value::{DataType, Value};
use hailer_protocol::version::{Feature, Version};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, RecvStream, SendStream, ServerConfig, VarInt};
use rustls::time_provider::DefaultTimeProvider;
use tokio::runtime::Runtime;

use crate::payloads::{self, EVALUATED, TERMINAL};
use crate::support::hailer::Hailer;
use crate::support::papers::Papers;

/// How many nodes there are.
pub(crate) const NODES: usize = 3;

/// Malicious nodes `n[0-2]`, and the papers of somebody who asks them.
pub(crate) struct Nodes {
    papers: Papers,
    /// What the nodes were asked, in the order in which it came.
    asked: Arc<Mutex<Vec<Run>>>,
    _runtime: Runtime,
}

impl Nodes {
    pub(crate) fn start() -> Self {
        Self::of(NODES)
    }

    /// Starts so many of them, `n0` and on.
    pub(crate) fn of(count: usize) -> Self {
        let papers = Papers::new("demo");
        papers.issue("operator", Role::Operator, Papers::valid());
        let runtime = Runtime::new().expect("a runtime");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut addresses = Vec::new();
        for index in 0..count {
            let name = format!("n{index}");
            papers.issue(&name, Role::Node, Papers::valid());
            let _entered = runtime.enter();
            let endpoint = endpoint(&papers, &name);
            addresses.push(endpoint.local_addr().expect("bound").to_string());
            runtime.spawn(accept(endpoint, index, Arc::clone(&asked)));
        }
        papers.write(
            "fleet.toml",
            &format!(
                "fleet = \"demo\"\nca = \"ca.pem\"\ndefault_scope = \"@all\"\n\
                 operator = {{ cert = \"operator.pem\", key = \"operator.key\" }}\n\
                 [[nodes]]\nnames = \"n[0-{}]\"\naddresses = {addresses:?}\n",
                count - 1
            ),
        );
        Self {
            papers,
            asked,
            _runtime: runtime,
        }
    }

    /// Returns a directory for everything that a run of `hailer` leaves.
    pub(crate) fn dir(&self) -> &Path {
        self.papers.dir()
    }

    /// Returns the path of the fleet file.
    pub(crate) fn file(&self) -> String {
        self.papers.path("fleet.toml").display().to_string()
    }

    /// Returns a run of `hailer` with these nodes.
    pub(crate) fn hailer(&self) -> Hailer {
        Hailer::new(self.dir()).env("HAILER_FLEET", &self.file())
    }

    /// Returns the path of the file that no payload may make.
    pub(crate) fn canary(&self) -> String {
        self.papers.path("canary").display().to_string()
    }

    /// Returns what the nodes were asked so far.
    pub(crate) fn asked(&self) -> Vec<Run> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

fn endpoint(papers: &Papers, name: &str) -> Endpoint {
    let read = |file: String| std::fs::read_to_string(papers.path(&file)).expect("it is there");
    let fleet = Name::new("demo").expect("valid");
    let clock = Arc::new(DefaultTimeProvider);
    let trust = Trust::from_pem(fleet, &read("ca.pem".to_owned()), clock).expect("ours");
    let own = Credentials::from_pem(&read(format!("{name}.pem")), &read(format!("{name}.key")));
    let tls = ServerSide::new(&trust, &[Role::Operator])
        .and_then(|side| side.config(&own.expect("its own")))
        .expect("a configuration");
    let crypto = QuicServerConfig::try_from(tls).expect("TLS 1.3");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Endpoint::server(ServerConfig::with_crypto(Arc::new(crypto)), any).expect("loopback")
}

async fn accept(endpoint: Endpoint, index: usize, asked: Arc<Mutex<Vec<Run>>>) {
    while let Some(incoming) = endpoint.accept().await {
        let asked = Arc::clone(&asked);
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
                    index,
                    asked: Arc::clone(&asked),
                };
                tokio::spawn(stream.serve());
            }
        });
    }
}

/// One stream that a shell has opened.
pub(crate) struct Stream {
    connection: Connection,
    send: SendStream,
    recv: RecvStream,
    decoder: Decoder,
    index: usize,
    asked: Arc<Mutex<Vec<Run>>>,
}

impl Stream {
    async fn next(&mut self) -> Option<Envelope> {
        loop {
            if let Ok(Some(envelope)) = self.decoder.next_envelope() {
                return Some(envelope);
            }
            let chunk = self.recv.read_chunk(1 << 16, true).await.ok()??;
            self.decoder.feed(&chunk.bytes);
        }
    }

    pub(crate) async fn say<M: Message>(&mut self, message: &M) {
        self.bytes(&bytes_of(message)).await;
    }

    /// Sends bytes as they are. Who no longer listens is none of the node's business.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.send.write_all(bytes).await;
    }

    /// Whether the shell has gone away, or wants this to end.
    pub(crate) async fn is_over(&mut self) {
        while self
            .recv
            .read_chunk(1 << 16, true)
            .await
            .is_ok_and(|c| c.is_some())
        {}
    }

    async fn serve(mut self) {
        let Some(first) = self.next().await else {
            return;
        };
        match Open::from_envelope(&first).expect("opens").stream {
            StreamKind::Hello => {
                self.next().await;
                let hello = Hello {
                    version: Version::OURS,
                    features: Feature::OFFERED.to_vec(),
                    software: String::from_utf8_lossy(&payloads::all_marked()).into_owned(),
                };
                self.say(&hello).await;
            }
            StreamKind::RunLease => {
                while let Some(envelope) = self.next().await {
                    let Ok(renew) = RunLeaseRenew::from_envelope(&envelope) else {
                        return;
                    };
                    let held = RunLeaseHeld {
                        lease: renew.lease,
                        runs: u32::MAX,
                    };
                    self.say(&held).await;
                }
            }
            StreamKind::Request => {
                let Some(envelope) = self.next().await else {
                    return;
                };
                let run = Run::from_envelope(&envelope).expect("a run");
                let probe = run.probe.clone();
                self.asked.lock().expect("nobody panics with it").push(run);
                self.answer(&probe).await;
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

    async fn answer(&mut self, probe: &Probe) {
        match probe {
            Probe::Shell(line) => {
                let mut words = line.split_whitespace();
                let word = words.next().unwrap_or_default();
                self.act(word, words.next().unwrap_or_default()).await;
            }
            Probe::Argv(argv) => self.act(&argv.join(" "), "").await,
            Probe::Metric(_) => self.rows(&metrics()).await,
            Probe::Facts(_) => self.rows(&facts()).await,
            Probe::Runs
            | Probe::Audit { .. }
            | Probe::AuditHead(_)
            | Probe::Apply(_)
            | Probe::Stow(_)
            | Probe::Automations
            | Probe::Events { .. }
            | Probe::Control(_)
            | Probe::Replay { .. } => {
                self.rows(&detached()).await;
            }
            Probe::Attach(_) | Probe::Cancel(_) => self.act("out", "").await,
            Probe::Each { rows, .. } => self.rows(&each(rows.len())).await,
        }
    }

    async fn act(&mut self, word: &str, rest: &str) {
        match word {
            "out" => self.output(&payloads::all_marked(), OUTPUT_CHUNK_MAX).await,
            "shifted" => {
                let all = payloads::all_marked();
                let lines: Vec<&[u8]> = all.split_inclusive(|b| *b == b'\n').collect();
                let kept: Vec<&[u8]> = lines.into_iter().skip(self.index / 2 * 7).collect();
                self.output(&kept.concat(), 997).await;
            }
            "single" => self.output(&payloads::all_marked()[..6000], 1).await,
            "eval" => {
                let texts: Vec<&str> = EVALUATED.iter().map(|(_, text)| text.as_str()).collect();
                self.output(texts.join("\n").as_bytes(), OUTPUT_CHUNK_MAX)
                    .await;
            }
            "evalrows" => self.rows(&evaluated()).await,
            "cells" => self.rows(&cells()).await,
            "failed" => {
                let (code, text) = (ErrorCode::SPAWN, payloads::marked_texts().concat());
                self.say(&Failed { code, text }).await;
            }
            "refused" => {
                let (code, text) = (ErrorCode::DENIED, payloads::marked_texts().concat());
                self.say(&Refused { code, text }).await;
            }
            "gone" => {
                let reason: Vec<u8> = payloads::all_marked().into_iter().take(800).collect();
                self.connection.close(VarInt::from_u32(7), &reason);
            }
            "lie" => crate::lies::tell(self, rest.parse().unwrap_or_default()).await,
            _ => self.output(b"ok\n", OUTPUT_CHUNK_MAX).await,
        }
        let _ = self.send.finish();
    }

    /// Writes that to both streams in pieces of so many bytes, and fails with hostile notes.
    async fn output(&mut self, bytes: &[u8], piece: usize) {
        let mut all = bytes_of(&started());
        for is_stderr in [false, true] {
            let mut offset = 0;
            for chunk in bytes.chunks(piece) {
                let output = Output {
                    is_stderr,
                    offset,
                    bytes: NodeBytes(chunk.to_vec()),
                };
                offset += chunk.len() as u64;
                all.extend(bytes_of(&output));
            }
        }
        self.bytes(&all).await;
        let mut done = done(State::Failed);
        (done.rc, done.out_bytes) = (Some(3), bytes.len() as u64);
        done.err_bytes = done.out_bytes;
        done.notes = payloads::marked_texts()
            .chunks(80)
            .map(<[String]>::concat)
            .collect();
        self.say(&done).await;
    }

    async fn rows(&mut self, table: &Table) {
        self.say(&started()).await;
        for rows in table.rows.chunks(BATCH_ROWS_MAX) {
            let table = Table {
                columns: table.columns.clone(),
                rows: rows.to_vec(),
            };
            self.say(&Batch { table }).await;
        }
        self.say(&done(State::Ok)).await;
    }
}

pub(crate) fn bytes_of<M: Message>(message: &M) -> Vec<u8> {
    message.to_envelope().expect("it fits").to_bytes()
}

pub(crate) fn started() -> Started {
    Started {
        pid: Some(u32::MAX),
        again: false,
    }
}

pub(crate) fn done(state: State) -> Done {
    Done {
        state,
        rc: Some(0),
        wall_us: u64::MAX,
        usage: Usage::default(),
        out_bytes: 0,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: Vec::new(),
    }
}

/// A column of text whose heading is hostile.
pub(crate) fn column(name: &str) -> Column {
    let mut column = Column::new(name, DataType::Str);
    column.heading = Some("\x1b]0;owned\x07\u{9b}2J\u{202e}=1337*1331{{1337*1331}}".to_owned());
    column
}

fn table(columns: &[&str], rows: Vec<Row>) -> Table {
    Table {
        columns: columns.iter().map(|name| column(name)).collect(),
        rows,
    }
}

fn cells() -> Table {
    let texts = payloads::marked_texts().into_iter();
    table(&["line"], texts.map(|t| vec![Value::Str(t)]).collect())
}

fn evaluated() -> Table {
    let row = |(kind, text): &(String, String)| {
        vec![Value::from(kind.as_str()), Value::from(text.as_str())]
    };
    table(&["kind", "line"], EVALUATED.iter().map(row).collect())
}

/// Every fact is a hostile text; those with a known name are taken for what the node is.
fn facts() -> Table {
    let names = [
        "hostname",
        "kernel",
        "os",
        "distribution",
        "arch",
        "timezone",
    ];
    let texts = payloads::marked_texts();
    let row = (0..names.len()).map(|n| Value::Str(texts[n * 40..(n + 1) * 40].concat()));
    table(&names, vec![row.collect()])
}

fn metrics() -> Table {
    let texts = payloads::marked_texts();
    let row = |t: &String| vec![Value::from(t.as_str()), Value::Float(f64::NAN)];
    let mut table = table(&["key", "value"], texts.iter().take(300).map(row).collect());
    table.columns[1].data_type = DataType::Float;
    table
}

fn detached() -> Table {
    let row = |(number, text): (usize, String)| {
        vec![
            Value::Str(format!("{number:032x}")),
            Value::Str(text),
            Value::Time(i64::MAX),
            Value::from("running"),
        ]
    };
    let texts = payloads::marked_texts().into_iter().take(300).enumerate();
    let mut table = table(
        &["run", "line", "began", "run_state"],
        texts.map(row).collect(),
    );
    table.columns[2].data_type = DataType::Time;
    table
}

/// An answer for each row, as a command that runs once a row gives it.
fn each(rows: usize) -> Table {
    let texts = payloads::marked_texts();
    let names = ["row", "state", "rc", "ms", "truncated", "out", "err"];
    let row = |n: usize| {
        let text = texts[n % texts.len()].as_str();
        vec![
            Value::Int(i64::try_from(n).expect("few") + 1),
            Value::from("ok"),
            Value::Int(0),
            Value::Int(1),
            Value::Bool(false),
            Value::from(text),
            Value::from(text),
        ]
    };
    let mut table = table(&names, (0..rows).map(row).collect());
    for (column, data_type) in [
        (0, DataType::Int),
        (2, DataType::Int),
        (3, DataType::Int),
        (4, DataType::Bool),
    ] {
        table.columns[column].data_type = data_type;
    }
    table
}

#[test]
fn the_nodes_have_all_of_it_to_say() {
    assert!(TERMINAL.len() > payloads::marked_texts().len());
    assert!(payloads::marked_texts().len() >= 900);
    assert!(Kind::ALL.len() > 10);
}
