//! Who may connect, and who may ask for what.

use std::sync::Arc;

use hailer_identity::{ClientSide, server_name};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::Digest;
use hailer_protocol::message::{Hello, Kind, Message, Open, RunLeaseRenew, StreamKind, Trigger};
use hailer_protocol::role::Role;
use hailer_protocol::table::Table;
use hailer_protocol::version::{Feature, Version};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use crate::support::{Client, LEASE, Node, Pki, bytes_of, identity, shell, soon};

/// A client whose certificate is refused learns it after its own side of the handshake is done.
async fn assert_shut_out(who: &str, connected: Result<Client, quinn::ConnectionError>) {
    let reason = match connected {
        Err(error) => error,
        Ok(client) => soon(who, client.connection.closed()).await,
    };
    let text = format!("{reason:?}");
    assert!(
        text.contains("TransportError") || text.contains("ConnectionClosed"),
        "{who}: {text}"
    );
}

#[tokio::test]
async fn strangers_do_not_connect() {
    let node = Node::start();
    let address = node.listening.address();
    let trust = &node.pki.trust;

    let own = node.pki.credentials(Role::Node, "web2");
    let connected = Client::connect(&own, trust, address, "web1").await;
    assert_shut_out("another node", connected).await;

    // Same fleet name, same operator name, another authority.
    let forger = Pki::new("demo");
    let own = forger.credentials(Role::Operator, "ann");
    let connected = Client::connect(&own, trust, address, "web1").await;
    assert_shut_out("an operator of another authority", connected).await;

    let own = node.pki.credentials(Role::Operator, "ann");
    let side = ClientSide::new(trust, &[Role::Node]).expect("a role");
    let mut tls = side.config(&own).expect("a configuration");
    tls.client_auth_cert_resolver = Arc::new(Nobody);
    let name = server_name(&identity("demo", Role::Node, "web1"));
    assert_shut_out("nobody", Client::with(tls, address, &name).await).await;

    let mut tls = side.config(&own).expect("a configuration");
    tls.alpn_protocols = vec![b"hailer/2".to_vec()];
    assert_shut_out(
        "the next major version",
        Client::with(tls, address, &name).await,
    )
    .await;

    assert_eq!(node.operator().await.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn a_client_that_wants_to_speak_early_is_never_let() {
    let node = Node::start();
    let own = node.pki.credentials(Role::Operator, "ann");
    let side = ClientSide::new(&node.pki.trust, &[Role::Node]).expect("a role");
    let mut tls = side.config(&own).expect("a configuration");
    assert!(!tls.enable_early_data, "ours never asks for it");
    tls.enable_early_data = true;
    tls.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).expect("TLS 1.3");
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let any = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let endpoint = quinn::Endpoint::client(any).expect("loopback");
    let name = server_name(&identity("demo", Role::Node, "web1"));
    for _ in 0..3 {
        let connecting = endpoint.connect_with(config.clone(), node.listening.address(), &name);
        let Err(connecting) = connecting.expect("an address").into_0rtt() else {
            panic!("it may speak before it is known")
        };
        let connection = soon("a handshake", connecting).await.expect("an operator");
        // Whatever would let it speak early the next time has arrived by the end of an answer.
        let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
        let open = bytes_of(&Open {
            stream: StreamKind::Enrol,
        });
        send.write_all(&open).await.expect("sent");
        assert!(soon("an answer", recv.read_to_end(1 << 16)).await.is_ok());
        connection.close(0_u32.into(), b"again");
    }
}

/// Has no certificate to show.
#[derive(Debug)]
struct Nobody;

impl ResolvesClientCert for Nobody {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn the_dialled_node_must_be_the_one_that_answers() {
    let node = Node::start();
    let own = node.pki.credentials(Role::Operator, "ann");
    let address = node.listening.address();
    let connected = Client::connect(&own, &node.pki.trust, address, "web2").await;
    assert!(connected.is_err());
}

#[tokio::test]
async fn a_keeper_and_a_relay_can_run_nothing() {
    let node = Node::start();
    for role in [Role::Keeper, Role::Relay] {
        let own = node.pki.credentials(role, "central");
        let address = node.listening.address();
        let connected = Client::connect(&own, &node.pki.trust, address, "web1").await;
        let client = connected.expect("it may connect");
        let answer = client.run(&shell("touch ran")).await;
        assert_eq!(answer.refused().code, ErrorCode::DENIED, "{role}");
        let renew = RunLeaseRenew {
            lease: LEASE,
            ttl_ms: 1,
        };
        let asked = client.say(StreamKind::RunLease, &renew).await;
        assert_eq!(
            asked.answer().await.refused().code,
            ErrorCode::DENIED,
            "{role}"
        );
        assert_eq!(
            greet(&client, Version::OURS).await.map(|h| h.version),
            Ok(Version::OURS)
        );
    }
    assert!(!node.path("ran").exists());
}

/// Says hello and returns the agent's, or the code of its refusal.
async fn greet(client: &Client, version: Version) -> Result<Hello, ErrorCode> {
    let hello = Hello {
        version,
        features: vec![Feature::COMMANDS, Feature(60_000)],
        software: "a test".to_owned(),
    };
    let mut asked = client.say(StreamKind::Hello, &hello).await;
    let envelope = asked.next().await.expect("an answer");
    if envelope.kind == Kind::Hello as u16 {
        return Ok(Hello::from_envelope(&envelope).expect("a hello"));
    }
    let refused = hailer_protocol::message::Refused::from_envelope(&envelope);
    Err(refused.expect("a refusal").code)
}

#[tokio::test]
async fn the_agent_says_who_it_is_and_what_it_offers() {
    let node = Node::start();
    let hello = greet(&node.operator().await, Version::OURS)
        .await
        .expect("a hello");
    assert_eq!(hello.features, Feature::OFFERED);
    assert!(hello.software.starts_with("hailerd "));
}

#[tokio::test]
async fn a_hello_of_another_major_version_is_refused_and_the_connection_lives_on() {
    let node = Node::start();
    let client = node.operator().await;
    let next = Version { major: 2, minor: 0 };
    assert_eq!(greet(&client, next).await, Err(ErrorCode::VERSION));
    let newer = Version { major: 1, minor: 9 };
    assert!(greet(&client, newer).await.is_ok());
}

#[tokio::test]
async fn streams_for_what_is_not_served_are_refused_and_the_connection_lives_on() {
    let node = Node::start();
    let client = node.operator().await;
    for stream in [
        StreamKind::Events,
        StreamKind::FleetLease,
        StreamKind::Trigger,
        StreamKind::Enrol,
    ] {
        let asked = client.send(&bytes_of(&Open { stream })).await;
        let answer = asked.answer().await;
        assert_eq!(answer.refused().code, ErrorCode::UNSUPPORTED, "{stream:?}");
    }
    let trigger = Trigger {
        automation: Digest::of(b""),
        key: String::new(),
        rows: Table::default(),
        fencing_token: 1,
        ttl_ms: 1,
    };
    let answer = client
        .say(StreamKind::Request, &trigger)
        .await
        .answer()
        .await;
    assert_eq!(answer.failed().code, ErrorCode::MALFORMED);
    assert_eq!(client.out_of("echo here").await, "here\n");
}
