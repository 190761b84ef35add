//! A small fleet and real handshakes in memory, for the tests of this crate.

mod bundle;
mod enrolment;
mod handshakes;
mod hierarchy;
mod issuing;
mod revocation;
mod signing;
mod zoo;

use std::sync::Arc;

use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use hailer_protocol::version::ALPN;
use rcgen::KeyPair;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};

use crate::tls::Side;
use crate::verify::{ClientJudge, ServerJudge};
use crate::{Authority, Credentials, Trust, Validity, trust};

/// The moment at which all handshakes of these tests happen.
const NOW: Wall = Wall(1_800_000_000_000);
const DAY: i64 = 86_400_000;

#[derive(Debug)]
struct FixedClock(Wall);

impl TimeProvider for FixedClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.0 / 1_000).expect("after 1970");
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// A fleet: its authority and those who trust it.
struct World {
    authority: Authority,
    trust: Trust,
}

impl World {
    fn new(fleet: &str) -> Self {
        let authority = Authority::generate(name(fleet), Wall(0), Wall(NOW.0 + 3_650 * DAY))
            .expect("an authority");
        let trust = trust_in(fleet, authority.cert_pem(), NOW);
        Self { authority, trust }
    }

    fn credentials(&self, role: Role, own_name: &str) -> Credentials {
        let identity = identity(self.authority.fleet().as_str(), role, own_name);
        let issued = self.authority.issue(&identity, today()).expect("issued");
        Credentials::from_issued(&issued).expect("credentials")
    }
}

fn trust_in(fleet: &str, ca_pem: &str, now: Wall) -> Trust {
    Trust::from_pem(name(fleet), ca_pem, Arc::new(FixedClock(now))).expect("trust")
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn identity(fleet: &str, role: Role, own_name: &str) -> Identity {
    Identity {
        fleet: name(fleet),
        role,
        name: name(own_name),
    }
}

fn today() -> Validity {
    Validity {
        not_before: Wall(NOW.0 - DAY / 2),
        not_after: Wall(NOW.0 + DAY / 2),
    }
}

/// What a peer that keeps to no rule presents.
fn presenting(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<SingleCertAndKey> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = trust::provider()
        .key_provider
        .load_private_key(key.into())
        .expect("a key");
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)))
}

/// A dialling peer that presents anything and expects any member of the fleet.
fn rogue_client(trust: &Trust, presents: Arc<SingleCertAndKey>) -> ClientConfig {
    let judge = ServerJudge::new(trust, &Role::ALL);
    let mut config =
        ClientConfig::builder_with_details(trust::provider(), Arc::clone(&trust.clock))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_client_cert_resolver(presents);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config
}

/// An answering peer that presents anything and accepts any member of the fleet.
fn rogue_server(trust: &Trust, presents: Arc<SingleCertAndKey>) -> ServerConfig {
    let judge = ClientJudge::new(trust, &Role::ALL).expect("a judge");
    let mut config =
        ServerConfig::builder_with_details(trust::provider(), Arc::clone(&trust.clock))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("versions")
            .with_client_cert_verifier(Arc::new(judge))
            .with_cert_resolver(presents);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config
}

/// Both ends of a completed handshake.
#[derive(Debug)]
struct Shaken {
    client: ClientConnection,
    server: ServerConnection,
}

/// Who ended a handshake, and why.
#[derive(Debug)]
struct Refusal {
    by: Side,
    error: rustls::Error,
}

fn shake(client: ClientConfig, server: ServerConfig, dialled: &str) -> Result<Shaken, Refusal> {
    let dialled = ServerName::try_from(dialled.to_owned()).expect("a server name");
    let mut client = ClientConnection::new(Arc::new(client), dialled).expect("a client");
    let mut server = ServerConnection::new(Arc::new(server)).expect("a server");
    loop {
        let mut moved = 0;
        let mut flight = Vec::new();
        while client.wants_write() {
            moved += client.write_tls(&mut flight).expect("memory");
        }
        feed(&flight, |bytes| server.read_tls(bytes), Side::Server)?;
        server.process_new_packets().map_err(|error| Refusal {
            by: Side::Server,
            error,
        })?;
        flight.clear();
        while server.wants_write() {
            moved += server.write_tls(&mut flight).expect("memory");
        }
        feed(&flight, |bytes| client.read_tls(bytes), Side::Client)?;
        client.process_new_packets().map_err(|error| Refusal {
            by: Side::Client,
            error,
        })?;
        if moved == 0 {
            break;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Shaken { client, server })
}

fn feed(
    mut flight: &[u8],
    mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>,
    by: Side,
) -> Result<(), Refusal> {
    while !flight.is_empty() {
        read(&mut flight).map_err(|e| Refusal {
            by,
            error: rustls::Error::General(e.to_string()),
        })?;
    }
    Ok(())
}
