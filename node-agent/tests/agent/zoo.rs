//! The request zoo: every message, from every role, wherever a stream may stand, unsigned, signed and
//! signed with garbage. What the agent makes of each stands in `tests/data/requests.txt`.
//!
//! The cells are made of the protocol's own list of messages: a new one has no line in the table, and
//! the test says so until it has been decided upon (`UPDATE_EXPECTED=1` writes the table anew; read
//! what it writes). The pure core decides every cell; an agent with real certificates, over QUIC,
//! must then decide all that a peer can bring about in the same way.

mod messages;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hailer_agent::clock;
use hailer_agent::core::{Agent, Bounds, Effect, Gate, Input, Now, Peer, StreamRef};
use hailer_identity::{SignatureJudge, Signer, Standing};
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::ids::Name;
use hailer_protocol::message::{Failed, Kind, Message as _, Open, Probe, Refused, Run, StreamKind};
use hailer_protocol::role::Role;
use hailer_protocol::time::Mono;

use crate::support::{Client, Node, Pki, a_run, bytes_of, rules, sealed, shell};
use messages::{enveloped, messages, one};

const NODE: &str = "web1";

/// Where a stream may stand when a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    First,
    Hello,
    Request,
    Running,
    Lease,
    Revocation,
    Trust,
    Audit,
    Over,
}

impl Place {
    const ALL: [Self; 9] = [
        Self::First,
        Self::Hello,
        Self::Request,
        Self::Running,
        Self::Lease,
        Self::Revocation,
        Self::Trust,
        Self::Audit,
        Self::Over,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Hello => "hello",
            Self::Request => "request",
            Self::Running => "running",
            Self::Lease => "lease",
            Self::Revocation => "revoke",
            Self::Trust => "trust",
            Self::Audit => "audit",
            Self::Over => "over",
        }
    }

    /// How a stream is opened to get there.
    const fn stream(self) -> Option<StreamKind> {
        match self {
            Self::First => None,
            Self::Hello | Self::Over => Some(StreamKind::Hello),
            Self::Request | Self::Running => Some(StreamKind::Request),
            Self::Lease => Some(StreamKind::RunLease),
            Self::Revocation => Some(StreamKind::Revocation),
            Self::Trust => Some(StreamKind::Trust),
            Self::Audit => Some(StreamKind::Audit),
        }
    }
}

/// What vouches for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seal {
    None,
    Garbage,
    /// An operator's own, over these very bytes; of what is never signed, over a run.
    Good,
    /// An operator's own, over another run.
    Foreign,
}

impl Seal {
    const ALL: [Self; 4] = [Self::None, Self::Garbage, Self::Good, Self::Foreign];

    const fn name(self) -> &'static str {
        match self {
            Self::None => "unsigned",
            Self::Garbage => "garbage",
            Self::Good => "signed",
            Self::Foreign => "foreign",
        }
    }
}

/// Puts a seal on a message.
fn with_seal(envelope: &Envelope, seal: Seal, signer: &Signer) -> Envelope {
    let run = Run::from_envelope(envelope);
    let auth = match (seal, run) {
        (Seal::None, _) => Auth::None,
        (Seal::Garbage, _) => Auth::Signed(vec![0x5a; 700]),
        (Seal::Good, Ok(run)) => sealed(signer, NODE, &run).auth,
        (Seal::Good, Err(_)) | (Seal::Foreign, _) => sealed(signer, NODE, &shell("uptime")).auth,
    };
    Envelope {
        auth,
        ..envelope.clone()
    }
}

/// What the agent makes of a message, in one word.
fn word(effects: &[Effect]) -> String {
    for effect in effects {
        match effect {
            Effect::Begin { .. } => return "begins".to_owned(),
            Effect::Answer { .. } => return "answers".to_owned(),
            Effect::Send { envelope, .. } => return said(envelope),
            Effect::Kill { .. } => return "kills".to_owned(),
            Effect::Adopt { .. } => return "adopts".to_owned(),
            Effect::Close { .. } => return "closes".to_owned(),
            Effect::TellHead { .. } => return "audit_stands".to_owned(),
            Effect::Countersign { .. } => return "audit_countersigned".to_owned(),
            Effect::Forget { .. }
            | Effect::EndOrphan { .. }
            | Effect::Finish { .. }
            | Effect::Record(_)
            | Effect::Note(_) => {}
        }
    }
    "-".to_owned()
}

/// An answer in one word: why not, or what it is.
fn said(envelope: &Envelope) -> String {
    let failed = Failed::from_envelope(envelope).map(|f| f.code);
    match failed.or_else(|_| Refused::from_envelope(envelope).map(|r| r.code)) {
        Ok(code) => code.to_string(),
        Err(_) => Kind::from_number(envelope.kind)
            .map_or("?", Kind::name)
            .to_owned(),
    }
}

/// One fleet's papers for all cells: keys take time.
struct Stage {
    pki: Pki,
    judge: Arc<SignatureJudge>,
    signer: Signer,
    peers: BTreeMap<Role, Peer>,
}

impl Stage {
    fn new() -> Self {
        let pki = Pki::new("demo");
        let peer = |role| {
            let own = pki.credentials(role, "ann");
            let holder = own.holder().clone();
            let chain = Vec::new();
            let standing = Arc::new(Standing::of(&own.chain()).expect("its own"));
            (
                role,
                Peer {
                    holder,
                    chain,
                    standing,
                },
            )
        };
        let peers = Role::ALL.into_iter().map(peer).collect();
        Self {
            judge: Arc::new(SignatureJudge::new(&pki.trust).expect("a judge")),
            signer: Signer::new(&pki.credentials(Role::Operator, "ann")).expect("an operator"),
            peers,
            pki,
        }
    }

    /// Returns what the core makes of a message from that role at that place.
    fn decide(&self, role: Role, place: Place, envelope: &Envelope) -> String {
        let name = |text: &str| Name::new(text).expect("valid");
        let gate = Gate {
            fleet: name("demo"),
            node: name(NODE),
            judge: Arc::clone(&self.judge),
            labels: BTreeMap::new(),
            revoked: Arc::default(),
            rules: rules("allow probe\n  to anyone\nallow run as app\n  to anyone\n"),
        };
        let mut agent = Agent::new("hailerd test".to_owned(), Bounds::default(), gate);
        let at = StreamRef { conn: 1, stream: 0 };
        let moment = Now {
            wall: clock::wall(),
            mono: Mono(Duration::ZERO),
        };
        let peer = self.peers[&role].clone();
        agent.handle(moment, Input::Connected { conn: 1, peer });
        let mut hand_in =
            |envelope: Envelope| agent.handle(moment, Input::Envelope { at, envelope });
        if let Some(stream) = place.stream()
            && !hand_in(enveloped(&Open { stream })).is_empty()
        {
            // This role gets no such stream; whatever follows on it is heard by nobody.
            assert_eq!(word(&hand_in(envelope.clone())), "-", "{role} {place:?}");
            return "closed".to_owned();
        }
        match place {
            Place::First
            | Place::Hello
            | Place::Request
            | Place::Lease
            | Place::Revocation
            | Place::Trust
            | Place::Audit => {}
            Place::Running => {
                assert_eq!(word(&hand_in(enveloped(&a_run(Probe::Runs)))), "begins");
            }
            Place::Over => assert_eq!(word(&hand_in(one(Kind::Hello))), "hello"),
        }
        let made = word(&hand_in(envelope.clone()));
        if made == "-" && place == Place::First {
            return "opens".to_owned();
        }
        made
    }
}

/// Every cell: place, message, seal; then the decision for each role.
fn cells(stage: &Stage) -> BTreeMap<(Place, usize, Seal), [String; 4]> {
    let mut cells = BTreeMap::new();
    for place in Place::ALL {
        for (number, (_, envelope)) in messages().iter().enumerate() {
            for seal in Seal::ALL {
                let envelope = with_seal(envelope, seal, &stage.signer);
                let decided = Role::ALL.map(|role| stage.decide(role, place, &envelope));
                cells.insert((place, number, seal), decided);
            }
        }
    }
    cells
}

fn table(cells: &BTreeMap<(Place, usize, Seal), [String; 4]>) -> String {
    let names: Vec<String> = messages().into_iter().map(|(name, _)| name).collect();
    let mut text = String::from(
        "# What an agent makes of every message, by where its stream stands, what vouches for it and who\n\
         # sends it. `-` is nothing at all, `closed` a stream that this role does not get.\n",
    );
    let roles = Role::ALL.map(Role::as_str);
    let line = |head: [&str; 3], of: [&str; 4]| {
        let [place, message, seal] = head;
        let [a, b, c, d] = of;
        format!("{place:<8} {message:<20} {seal:<9} {a:<12} {b:<12} {c:<12} {d}\n")
    };
    text.push_str(&line(["stream", "message", "vouched"], roles));
    for ((place, number, seal), decided) in cells {
        let head = [place.name(), &names[*number], seal.name()];
        let _ = text.write_str(&line(head, decided.each_ref().map(String::as_str)));
    }
    text
}

#[test]
fn every_request_has_a_decision_and_it_is_the_one_in_the_table() {
    let stage = Stage::new();
    let cells = cells(&stage);
    let found = table(&cells);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/requests.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert_eq!(differs.map(|(a, _)| a), differs.map(|(_, b)| b));
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[test]
fn what_may_never_be_allowed_is_not_whatever_the_table_says() {
    let stage = Stage::new();
    let names: Vec<String> = messages().into_iter().map(|(name, _)| name).collect();
    let mut allowed = 0;
    for ((place, number, seal), decided) in cells(&stage) {
        for (role, made) in Role::ALL.into_iter().zip(decided) {
            let cell = format!(
                "{} {} {} {role}: {made}",
                place.name(),
                names[number],
                seal.name()
            );
            let acts = [
                "begins",
                "answers",
                "kills",
                "closes",
                "revocation_taken",
                "run_lease_held",
                "audit_countersigned",
            ]
            .contains(&made.as_str());
            let message = names[number].as_str();
            if acts {
                allowed += 1;
                assert_eq!(role, Role::Operator, "{cell}");
                assert!(matches!(place, Place::Request | Place::Lease), "{cell}");
                let is_probe = [
                    "run metric",
                    "run facts",
                    "run runs",
                    "run audit",
                    "run audit head",
                    "run automations",
                    "run events",
                ]
                .contains(&message);
                let is_right = match seal {
                    Seal::None => is_probe || message == "run_lease_renew",
                    Seal::Good => message.starts_with("run "),
                    Seal::Garbage | Seal::Foreign => false,
                };
                assert!(is_right, "{cell}");
            }
            if ["hello", "opens"].contains(&made.as_str()) {
                assert_eq!(seal, Seal::None, "{cell}");
            }
        }
    }
    assert!(
        allowed >= 7,
        "{allowed}: nothing is allowed, and so nothing is shown"
    );
}

/// Sends a message to a real agent at that place and returns its answer in one word.
async fn answered(client: &Client, place: Place, envelope: &Envelope) -> String {
    let mut bytes = place
        .stream()
        .map(|stream| bytes_of(&Open { stream }))
        .unwrap_or_default();
    envelope.write_to(&mut bytes);
    let mut asked = client.send(&bytes).await;
    let _ = asked.send.finish();
    asked
        .next()
        .await
        .as_ref()
        .map_or_else(|| "-".to_owned(), said)
}

#[tokio::test]
async fn an_agent_with_real_certificates_decides_as_the_table_says() {
    let stage = Stage::new();
    let node = Node::start();
    let names: Vec<String> = messages().into_iter().map(|(name, _)| name).collect();
    let mut tried = 0;
    for (at, role) in Role::ALL.into_iter().enumerate() {
        let own = node.pki.credentials(role, "ann");
        let connected =
            Client::connect(&own, &node.pki.trust, node.listening.address(), NODE).await;
        if role == Role::Node {
            // It gets no further than the handshake; see `strangers_do_not_connect`.
            if let Ok(client) = connected {
                client.connection.closed().await;
            }
            continue;
        }
        let client = connected.expect("it may connect");
        let signer = Signer::new(&node.pki.credentials(Role::Operator, "ann")).expect("hers");
        for place in [
            Place::First,
            Place::Hello,
            Place::Request,
            Place::Lease,
            Place::Revocation,
            Place::Trust,
            Place::Audit,
        ] {
            for (number, (_, envelope)) in messages().iter().enumerate() {
                for seal in Seal::ALL {
                    let of_core = with_seal(envelope, seal, &stage.signer);
                    let expected = stage.decide(Role::ALL[at], place, &of_core);
                    let sent = with_seal(envelope, seal, &signer);
                    let found = answered(&client, place, &sent).await;
                    let cell = format!("{} {} {} {role}", place.name(), names[number], seal.name());
                    let is_as_told = match expected.as_str() {
                        // What was asked is another matter: it was carried out.
                        "begins" => ["started", "batch", "done", "probe"].contains(&found.as_str()),
                        "opens" => found == "-",
                        // The refusal of the stream itself is what is heard.
                        "closed" => ["denied", "unsupported"].contains(&found.as_str()),
                        expected => found == expected,
                    };
                    assert!(is_as_told, "{cell}: {found}, the core says {expected}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1000, "{tried} cells");
    assert!(!stage.pki.trust.fleet().as_str().is_empty());
}
