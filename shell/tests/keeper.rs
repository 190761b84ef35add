//! The keeper's door: what knocks there without manners, over real QUIC.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hailer_identity::{
    Authority, Credentials, JoinTrust, Trust, client_config, enrolment_config, renewal_config,
};
use hailer_protocol::envelope::Decoder;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::Name;
use hailer_protocol::message::{EnrolAsk, Enrolled, Message, Open, Refused, RenewAsk, StreamKind};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use hailer_protocol::token::Token;
use hailer_protocol::version::ALPN;
use hailer_shell::keeper::{Listener, NewToken, Office, RateConfig, Store, listen};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use rustls::time_provider::DefaultTimeProvider;
use tempfile::TempDir;

const BEGIN: Wall = Wall(900_000_000_000);
const END: Wall = Wall(4_000_000_000_000);

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

struct Keeper {
    authority: Authority,
    trust: Trust,
    listener: Listener,
    dir: TempDir,
}

impl Keeper {
    fn start(rate: RateConfig) -> Self {
        let authority = Authority::generate(name("demo"), BEGIN, END).expect("an authority");
        let trust = Trust::from_pem(
            name("demo"),
            authority.cert_pem(),
            Arc::new(DefaultTimeProvider),
        )
        .expect("its own");
        let dir = TempDir::new().expect("a temporary directory");
        let store = Store::open(&dir.path().join("keeper.db")).expect("a store");
        let signer = Authority::from_pem(authority.cert_pem(), &authority.key_pem());
        let office = Office::open(store, signer.expect("its own"), Vec::new()).expect("an office");
        let own = member(&authority, Role::Keeper);
        let tls = enrolment_config(&own, &trust).expect("a configuration");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = listen(office, rate, any, tls).expect("loopback");
        Self {
            authority,
            trust,
            listener,
            dir,
        }
    }

    fn joining(&self) -> rustls::ClientConfig {
        JoinTrust::of(&self.trust)
            .config()
            .expect("a configuration")
            .0
    }

    /// Sends these bytes; returns the answer, if there is one.
    async fn ask(&self, tls: rustls::ClientConfig, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = Endpoint::client(any).expect("a socket");
        let crypto = QuicClientConfig::try_from(tls).expect("it carries QUIC");
        let config = ClientConfig::new(Arc::new(crypto));
        let connecting = endpoint.connect_with(config, self.listener.address(), "x.hailer");
        let asked = async {
            let connection = connecting
                .expect("an address")
                .await
                .map_err(|e| e.to_string())?;
            let streams = connection.open_bi().await.map_err(|e| e.to_string())?;
            let (mut send, mut recv) = streams;
            // What is too long may be broken off; the answer says so.
            let _ = send.write_all(bytes).await;
            let _ = send.finish();
            recv.read_to_end(1 << 20).await.map_err(|e| e.to_string())
        };
        let answer = tokio::time::timeout(Duration::from_secs(60), asked).await;
        answer.expect("it ends by itself")
    }

    async fn refuses(&self, tls: rustls::ClientConfig, bytes: &[u8]) -> ErrorCode {
        let answer = self.ask(tls, bytes).await.expect("an answer");
        only::<Refused>(&answer).code
    }

    /// Enrols somebody: whatever happened before, the keeper serves.
    async fn still_serves(&self) {
        let token = Token::from_random([9; 32]);
        let row = NewToken {
            hash: token.hash(),
            node: name("web1"),
            not_after: END,
        };
        let mut store = Store::open(&self.dir.path().join("keeper.db")).expect("a store");
        store.add_tokens(BEGIN, &[row]).expect("kept");
        let ask = EnrolAsk {
            name: name("web1"),
            token,
            request: hailer_identity::KeyRequest::generate()
                .expect("random")
                .request_der,
        };
        let answer = self
            .ask(self.joining(), &question(&ask))
            .await
            .expect("an answer");
        assert_eq!(only::<Enrolled>(&answer).chain.len(), 1);
    }
}

fn member(authority: &Authority, role: Role) -> Credentials {
    let identity = Identity {
        fleet: name("demo"),
        role,
        name: name("web1"),
    };
    let span = authority.validity();
    let issued = authority.issue(&identity, span).expect("issued");
    Credentials::from_issued(&issued).expect("its own")
}

fn question<M: Message>(message: &M) -> Vec<u8> {
    let open = Open {
        stream: StreamKind::Enrol,
    };
    let mut bytes = open.to_envelope().expect("small").to_bytes();
    message.to_envelope().expect("small").write_to(&mut bytes);
    bytes
}

fn only<M: Message>(bytes: &[u8]) -> M {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let envelope = decoder
        .next_envelope()
        .expect("an envelope")
        .expect("whole");
    M::from_envelope(&envelope).expect("the message")
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_the_keeper_goes_on() {
    let keeper = Keeper::start(RateConfig::default());
    let renew = RenewAsk {
        request: vec![0x30; 64],
    };
    let whole = question(&renew);
    let hello = Open {
        stream: StreamKind::Request,
    };
    let twice = [&whole[..], &renew.to_envelope().expect("small").to_bytes()].concat();
    let elsewhere = [
        hello.to_envelope().expect("small").to_bytes(),
        whole[9..].to_vec(),
    ]
    .concat();
    let cut = &whole[..whole.len() - 1];
    for bytes in [
        b"".as_slice(),
        b"GET / HTTP/1.1",
        &[0xff; 300],
        cut,
        &twice,
        &elsewhere,
    ] {
        let code = keeper.refuses(keeper.joining(), bytes).await;
        assert_eq!(code, ErrorCode::MALFORMED, "{bytes:?}");
    }
    let oversized = RenewAsk {
        request: vec![0; 100_000],
    };
    let code = keeper
        .refuses(keeper.joining(), &question(&oversized))
        .await;
    assert_eq!(code, ErrorCode::MALFORMED);
    keeper.still_serves().await;
}

#[tokio::test]
async fn whoever_shows_no_certificate_or_not_one_of_its_own_renews_nothing() {
    let keeper = Keeper::start(RateConfig::default());
    let request = hailer_identity::KeyRequest::generate()
        .expect("random")
        .request_der;
    let renew = question(&RenewAsk { request });
    let code = keeper.refuses(keeper.joining(), &renew).await;
    assert_eq!(code, ErrorCode::DENIED, "no certificate");
    let stranger = member(&keeper.authority, Role::Node);
    let tls = renewal_config(&stranger, &keeper.trust).expect("a configuration");
    let code = keeper.refuses(tls, &renew).await;
    assert_eq!(code, ErrorCode::DENIED, "not one that was given here");
    for role in [Role::Operator, Role::Keeper, Role::Relay] {
        let own = member(&keeper.authority, role);
        let tls = renewal_config(&own, &keeper.trust).expect("a configuration");
        assert!(keeper.ask(tls, &renew).await.is_err(), "{role}");
    }
    keeper.still_serves().await;
}

#[tokio::test]
async fn the_door_speaks_of_enrolment_alone() {
    let keeper = Keeper::start(RateConfig::default());
    let operator = member(&keeper.authority, Role::Operator);
    let tls = client_config(&operator, &keeper.trust, &[Role::Keeper]).expect("a configuration");
    assert_eq!(tls.alpn_protocols, [ALPN]);
    assert!(keeper.ask(tls, b"").await.is_err());
    keeper.still_serves().await;
}

#[tokio::test]
async fn a_source_that_knocks_too_often_is_turned_away() {
    let keeper = Keeper::start(RateConfig {
        burst: 3,
        every: Duration::from_secs(3_600),
        sources_max: 10,
    });
    for _ in 0..3 {
        keeper.ask(keeper.joining(), b"").await.expect("an answer");
    }
    keeper
        .ask(keeper.joining(), b"")
        .await
        .expect_err("turned away");
}
