//! Who may speak to whom, over real handshakes.

use std::sync::Arc;

use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use hailer_protocol::version::ALPN;
use rustls::{HandshakeKind, NamedGroup};

use super::{
    FixedClock, NOW, World, identity, name, rogue_client, rogue_server, shake, today, trust_in,
};
use crate::tls::Side;
use crate::{
    ClientSide, ConfigError, Credentials, PeerRefused, Profile, ServerSide, Trust, client_config,
    identity_of, server_config, server_name,
};

/// Every role on either side, against every role accepted and every role expected.
#[test]
fn a_handshake_completes_only_if_both_roles_are_exactly_the_expected_ones() {
    let world = World::new("demo");
    let all = Role::ALL.map(|role| world.credentials(role, "peer"));
    let servers = || Role::ALL.into_iter().filter(|r| Profile::of(*r).is_server);
    for dialling in &all {
        for answering in &all {
            for accepted in Role::ALL {
                for expected in servers() {
                    let client =
                        client_config(dialling, &world.trust, &[expected]).expect("client");
                    let side = ServerSide::new(&world.trust, &[accepted]).expect("side");
                    let server = side.config(answering).unwrap_or_else(|_| {
                        rogue_server(&world.trust, Arc::clone(&answering.resolver))
                    });
                    let done = shake(client, server, &server_name(answering.identity()));
                    let right = dialling.identity().role == accepted
                        && answering.identity().role == expected;
                    assert_eq!(
                        done.is_ok(),
                        right,
                        "{} dials {}; {accepted} accepted, {expected} expected",
                        dialling.identity(),
                        answering.identity()
                    );
                }
            }
        }
    }
}

#[test]
fn several_roles_may_be_accepted_at_once() {
    let world = World::new("demo");
    let node = world.credentials(Role::Node, "web001");
    for (role, right) in [
        (Role::Operator, true),
        (Role::Keeper, true),
        (Role::Relay, false),
        (Role::Node, false),
    ] {
        let peer = world.credentials(role, "peer");
        let client = client_config(&peer, &world.trust, &[Role::Node]).expect("client");
        let server =
            server_config(&node, &world.trust, &[Role::Operator, Role::Keeper]).expect("server");
        let done = shake(client, server, &server_name(node.identity()));
        assert_eq!(done.is_ok(), right, "{role}");
    }
}

#[test]
fn both_sides_learn_whom_they_speak_to() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let shaken = meet(&world, &ada, &node, node.identity()).expect("a handshake");
    let peer = |certs: Option<&[rustls_pki_types::CertificateDer<'_>]>| {
        identity_of(&certs.expect("certificates")[0]).expect("an identity")
    };
    assert_eq!(peer(shaken.client.peer_certificates()), *node.identity());
    assert_eq!(peer(shaken.server.peer_certificates()), *ada.identity());
}

#[test]
fn the_post_quantum_exchange_and_our_protocol_are_negotiated() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let shaken = meet(&world, &ada, &node, node.identity()).expect("a handshake");
    let group = shaken
        .client
        .negotiated_key_exchange_group()
        .expect("group");
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
    assert_eq!(shaken.client.alpn_protocol(), Some(ALPN));
    assert_eq!(
        shaken.client.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_3)
    );
}

#[test]
fn a_node_that_answers_in_anothers_place_is_refused() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    for other in [
        identity("demo", Role::Node, "web002"),
        identity("demo", Role::Node, "WEB001"),
        identity("demo", Role::Keeper, "web001"),
        identity("demo2", Role::Node, "web001"),
    ] {
        let refusal = meet(&world, &ada, &node, &other).expect_err("refused");
        assert_eq!(refusal.by, Side::Client);
        let refused = PeerRefused::of(&refusal.error).expect("our own refusal");
        assert_eq!(
            refused.to_string(),
            "the peer is `spiffe://demo/node/web001`, which is not who was dialled"
        );
    }
}

#[test]
fn a_plain_host_name_or_address_is_nobody() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    for dialled in ["web001", "localhost", "127.0.0.1", "::1"] {
        let client = client_config(&ada, &world.trust, &[Role::Node]).expect("client");
        let server = server_config(&node, &world.trust, &[Role::Operator]).expect("server");
        let refusal = shake(client, server, dialled).expect_err("refused");
        assert_eq!(refusal.by, Side::Client, "{dialled}");
    }
}

#[test]
fn two_fleets_with_one_authority_key_do_not_mix() {
    let demo = World::new("demo");
    // The same key signs for the fleet `other`; only the fleet's name differs.
    let ca = demo.authority.cert_pem();
    let lenient = crate::Authority::from_pem(ca, &demo.authority.key_pem()).expect("read");
    let foreign = super::zoo::signed_for(&lenient, &identity("other", Role::Node, "web001"));
    let (ada, _) = pair(&demo);
    let client = client_config(&ada, &demo.trust, &[Role::Node]).expect("client");
    let server = rogue_server(&demo.trust, foreign.clone());
    let dialled = server_name(&identity("other", Role::Node, "web001"));
    let refusal = shake(client, server, &dialled).expect_err("refused");
    assert!(matches!(
        PeerRefused::of(&refusal.error),
        Some(PeerRefused::Fleet { .. })
    ));

    let node = demo.credentials(Role::Node, "web001");
    let server = server_config(&node, &demo.trust, &[Role::Node]).expect("server");
    let client = rogue_client(&demo.trust, foreign);
    let refusal = shake(client, server, &server_name(node.identity())).expect_err("refused");
    assert_eq!(refusal.by, Side::Server);
    assert!(matches!(
        PeerRefused::of(&refusal.error),
        Some(PeerRefused::Fleet { .. })
    ));
}

#[test]
fn another_authority_of_the_same_fleet_name_is_a_stranger() {
    let (ours, theirs) = (World::new("demo"), World::new("demo"));
    let (ada, _) = pair(&ours);
    let (_, impostor) = pair(&theirs);
    let client = client_config(&ada, &ours.trust, &[Role::Node]).expect("client");
    let server = server_config(&impostor, &theirs.trust, &[Role::Operator]).expect("server");
    let refusal = shake(client, server, &server_name(impostor.identity())).expect_err("refused");
    assert_eq!(refusal.by, Side::Client);
}

#[test]
fn while_an_authority_is_replaced_both_are_trusted() {
    let (old, new) = (World::new("demo"), World::new("demo"));
    let both = format!("{}{}", old.authority.cert_pem(), new.authority.cert_pem());
    let trust = trust_in("demo", &both, NOW);
    let (ada, _) = pair(&old);
    let (_, node) = pair(&new);
    let client = client_config(&ada, &trust, &[Role::Node]).expect("client");
    let server = server_config(&node, &trust, &[Role::Operator]).expect("server");
    shake(client, server, &server_name(node.identity())).expect("a handshake");
}

#[test]
fn a_certificate_holds_to_its_last_second_and_not_one_longer() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let span = today();
    for (now, right) in [
        (span.not_before.0 - 1_000, false),
        (span.not_before.0, true),
        (span.not_after.0, true),
        (span.not_after.0 + 1_000, false),
    ] {
        let trust = trust_in("demo", world.authority.cert_pem(), Wall(now));
        let client = client_config(&ada, &trust, &[Role::Node]).expect("client");
        let server = server_config(&node, &world.trust, &[Role::Operator]).expect("server");
        let dialled = server_name(node.identity());
        assert_eq!(shake(client, server, &dialled).is_ok(), right, "{now}");

        let client = client_config(&ada, &world.trust, &[Role::Node]).expect("client");
        let server = server_config(&node, &trust, &[Role::Operator]).expect("server");
        assert_eq!(shake(client, server, &dialled).is_ok(), right, "{now}");
    }
}

#[test]
fn no_early_data_and_no_resumption_whatever_the_client_wants() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let server = server_config(&node, &world.trust, &[Role::Operator]).expect("server");
    assert_eq!(server.max_early_data_size, 0);
    assert_eq!(server.send_tls13_tickets, 0);
    assert!(!server.send_half_rtt_data);
    let honest = client_config(&ada, &world.trust, &[Role::Node]).expect("client");
    assert!(!honest.enable_early_data);

    // The rogue client remembers sessions and wants early data, which our server never grants.
    let mut rogue = rogue_client(&world.trust, Arc::clone(&ada.resolver));
    rogue.enable_early_data = true;
    rogue.resumption = rustls::client::Resumption::in_memory_sessions(8);
    for _ in 0..2 {
        let mut shaken = shake(rogue.clone(), server.clone(), &server_name(node.identity()))
            .expect("a handshake");
        assert_eq!(shaken.server.handshake_kind(), Some(HandshakeKind::Full));
        assert!(!shaken.client.is_early_data_accepted());
        assert!(shaken.server.early_data().is_none());
    }
}

#[test]
fn another_version_of_the_protocol_is_refused() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let mut client = client_config(&ada, &world.trust, &[Role::Node]).expect("client");
    client.alpn_protocols = vec![b"hailer/2".to_vec()];
    let server = server_config(&node, &world.trust, &[Role::Operator]).expect("server");
    let refusal = shake(client, server, &server_name(node.identity())).expect_err("refused");
    assert_eq!(refusal.error, rustls::Error::NoApplicationProtocol);
}

/// The first words of a client that knows TLS 1.2 and nothing newer.
fn hello_of_tls_1_2() -> Vec<u8> {
    let suites = [0, 4, 0xc0, 0x2b, 0xc0, 0x2f];
    let extensions = [
        // Groups, and signature schemes: what a client of those days has to name.
        &[0, 10, 0, 4, 0, 2, 0, 23][..],
        &[0, 13, 0, 4, 0, 2, 4, 3],
    ]
    .concat();
    let length = u8::try_from(extensions.len()).expect("short");
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &suites,
        &[1, 0, 0, length],
        &extensions,
    ]
    .concat();
    let length = u8::try_from(body.len()).expect("short");
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat()
}

#[test]
fn a_client_of_tls_1_2_is_refused() {
    let world = World::new("demo");
    let (_, node) = pair(&world);
    let config = server_config(&node, &world.trust, &[Role::Operator]).expect("server");
    let mut server = rustls::ServerConnection::new(Arc::new(config)).expect("a server");
    server
        .read_tls(&mut hello_of_tls_1_2().as_slice())
        .expect("it reads");
    let refusal = server.process_new_packets().expect_err("refused");
    assert!(
        matches!(refusal, rustls::Error::PeerIncompatible(_)),
        "{refusal}"
    );
}

#[test]
fn a_configuration_that_could_not_mean_what_it_says_is_refused() {
    let world = World::new("demo");
    let (ada, node) = pair(&world);
    let foreign = World::new("other").credentials(Role::Node, "web001");
    let trust = &world.trust;
    assert!(matches!(
        server_config(&ada, trust, &[Role::Node]),
        Err(ConfigError::OwnRole { .. })
    ));
    assert!(matches!(
        server_config(&foreign, trust, &[Role::Operator]),
        Err(ConfigError::OwnFleet { .. })
    ));
    assert!(matches!(
        client_config(&foreign, trust, &[Role::Node]),
        Err(ConfigError::OwnFleet { .. })
    ));
    assert!(matches!(
        client_config(&node, trust, &[Role::Operator]),
        Err(ConfigError::PeerRole { .. })
    ));
    assert!(matches!(
        server_config(&node, trust, &[]),
        Err(ConfigError::NobodyAccepted)
    ));
}

#[test]
fn a_thousand_simulated_nodes_share_one_verifier() {
    let world = World::new("demo");
    let trust = Trust::from_pem(
        name("demo"),
        world.authority.cert_pem(),
        Arc::new(FixedClock(NOW)),
    )
    .expect("trust");
    let side = ServerSide::new(&trust, &[Role::Operator]).expect("side");
    let node = world.credentials(Role::Node, "web001");
    let configs: Vec<_> = (0..1_000)
        .map(|_| side.config(&node).expect("config"))
        .collect();
    assert!(
        configs
            .iter()
            .all(|c| Arc::ptr_eq(c.crypto_provider(), configs[0].crypto_provider()))
    );
    let ada = world.credentials(Role::Operator, "ada");
    let client = ClientSide::new(&trust, &[Role::Node]).expect("side");
    for config in configs.into_iter().step_by(250) {
        let client = client.config(&ada).expect("client");
        shake(client, config, &server_name(node.identity())).expect("a handshake");
    }
}

#[test]
fn a_server_name_is_a_host_name_for_every_name() {
    let mut seen = std::collections::BTreeSet::new();
    for own_name in ["a", "A", "a_b", "a-", "a..b", "1", &"x".repeat(253)] {
        for role in Role::ALL {
            let text = server_name(&identity("demo", role, own_name));
            assert!(
                rustls_pki_types::DnsName::try_from(text.as_str()).is_ok(),
                "{text}"
            );
            assert!(seen.insert(text));
        }
    }
}

fn pair(world: &World) -> (Credentials, Credentials) {
    (
        world.credentials(Role::Operator, "ada"),
        world.credentials(Role::Node, "web001"),
    )
}

fn meet(
    world: &World,
    ada: &Credentials,
    node: &Credentials,
    dialled: &Identity,
) -> Result<super::Shaken, super::Refusal> {
    let client = client_config(ada, &world.trust, &[Role::Node]).expect("client");
    let server = server_config(node, &world.trust, &[Role::Operator]).expect("server");
    shake(client, server, &server_name(dialled))
}
