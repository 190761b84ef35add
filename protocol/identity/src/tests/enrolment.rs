//! Who may enrol whom: handshakes in which one side has no certificate yet.

use std::sync::Arc;

use hailer_protocol::role::Role;
use hailer_protocol::version::ENROL_ALPN;
use rustls_pki_types::CertificateDer;

use super::hierarchy::{a_year, root};
use super::{DAY, FixedClock, NOW, Shaken, World, identity, rogue_server, shake, today, trust_in};
use crate::{
    Authority, ConfigError, Credentials, Fingerprint, JoinTrust, Joined, Trust, enrolment_config,
    renewal_config,
};

/// Joins `keeper` with what is known beforehand.
fn joins(known: JoinTrust, keeper: rustls::ServerConfig) -> Option<(Shaken, Joined)> {
    let (client, met) = known.config().expect("a configuration");
    let shaken = shake(client, keeper, "enrol.hailer").ok()?;
    let met = met().expect("whoever was let through was met");
    Some((shaken, met))
}

fn pinned(authority: &Authority) -> JoinTrust {
    let fingerprint = Fingerprint::of(authority.cert_der());
    JoinTrust::pinned(fingerprint, Arc::new(FixedClock(NOW)))
}

/// A keeper under a root and an issuer.
fn tiered(root: &Authority) -> (Credentials, Trust) {
    let issuer = root.issuer(Role::Keeper, a_year()).expect("an issuer");
    let issued = issuer.issue(&identity("demo", Role::Keeper, "k1"), today());
    let own = Credentials::from_issued(&issued.expect("issued")).expect("credentials");
    (own, trust_in("demo", root.cert_pem(), NOW))
}

#[test]
fn a_joining_node_meets_its_fleets_keeper_by_the_authorities_or_by_a_fingerprint() {
    let (root, world) = (root(), World::new("demo"));
    let single = world.credentials(Role::Keeper, "k1");
    for (authority, (own, trust)) in [
        (&root, tiered(&root)),
        (&world.authority, (single, world.trust.clone())),
    ] {
        for known in [JoinTrust::of(&trust), pinned(authority)] {
            let keeper = enrolment_config(&own, &trust).expect("a keeper's");
            let (shaken, met) = joins(known, keeper).expect("a handshake");
            assert_eq!(met.keeper, *own.identity());
            assert_eq!(met.trust.fleet(), trust.fleet());
            assert_eq!(
                met.trust.authorities().collect::<Vec<_>>(),
                [authority.cert_der()]
            );
            assert_eq!(shaken.server.alpn_protocol(), Some(ENROL_ALPN));
            assert!(shaken.server.peer_certificates().is_none());
        }
    }
}

#[test]
fn nobody_is_trusted_for_being_the_first_to_answer() {
    let (ours, theirs) = (root(), root());
    let (own, trust) = tiered(&theirs);
    for known in [
        JoinTrust::of(&trust_in("demo", ours.cert_pem(), NOW)),
        pinned(&ours),
    ] {
        let keeper = enrolment_config(&own, &trust).expect("a keeper's");
        assert!(joins(known, keeper).is_none());
    }
    // One who shows our authority's certificate behind their own, without its signature.
    let both = format!("{}{}", theirs.cert_pem(), ours.cert_pem());
    let keeper = enrolment_config(&own, &trust_in("demo", &both, NOW)).expect("a keeper's");
    assert!(joins(pinned(&ours), keeper).is_none());
}

#[test]
fn a_member_that_is_no_keeper_enrols_nobody() {
    let world = World::new("demo");
    for role in Role::ALL {
        let own = world.credentials(role, "k1");
        let made = enrolment_config(&own, &world.trust);
        if role == Role::Keeper {
            assert!(made.is_ok());
            continue;
        }
        assert!(matches!(made, Err(ConfigError::NotKeeper(_))), "{role}");
        let mut rogue = rogue_server(&world.trust, Arc::clone(&own.resolver));
        rogue.alpn_protocols = vec![ENROL_ALPN.to_vec()];
        assert!(
            joins(JoinTrust::of(&world.trust), rogue).is_none(),
            "{role}"
        );
    }
}

#[test]
fn a_fingerprint_names_an_authority_and_neither_an_issuer_nor_a_member() {
    let root = root();
    let (own, trust) = tiered(&root);
    for der in own.chain() {
        let known = JoinTrust::pinned(Fingerprint::of(&der), Arc::new(FixedClock(NOW)));
        let keeper = enrolment_config(&own, &trust).expect("a keeper's");
        assert!(joins(known, keeper).is_none());
    }
}

#[test]
fn a_keeper_whose_certificate_has_ended_is_not_met() {
    let root = root();
    let (own, trust) = tiered(&root);
    let later = trust_in("demo", root.cert_pem(), super::Wall(NOW.0 + DAY));
    let keeper = || enrolment_config(&own, &trust).expect("a keeper's");
    assert!(joins(JoinTrust::of(&later), keeper()).is_none());
    assert!(joins(JoinTrust::of(&trust), keeper()).is_some());
}

#[test]
fn whoever_renews_shows_a_nodes_certificate_that_holds() {
    let world = World::new("demo");
    let keeper = world.credentials(Role::Keeper, "k1");
    for role in Role::ALL {
        let own = world.credentials(role, "web1");
        let client = renewal_config(&own, &world.trust).expect("a configuration");
        let server = enrolment_config(&keeper, &world.trust).expect("a keeper's");
        match shake(client, server, "enrol.hailer") {
            Ok(shaken) => {
                assert_eq!(role, Role::Node);
                let shown = shaken.server.peer_certificates().expect("it showed one");
                assert_eq!(shown, [CertificateDer::from(own.chain().remove(0))]);
            }
            Err(_) => assert_ne!(role, Role::Node),
        }
    }
    let node = world.credentials(Role::Node, "web1");
    let late = trust_in("demo", world.authority.cert_pem(), super::Wall(NOW.0 + DAY));
    let client = renewal_config(&node, &world.trust).expect("a configuration");
    let server = enrolment_config(&keeper, &late).expect("a keeper's");
    assert!(
        shake(client, server, "enrol.hailer").is_err(),
        "it has ended"
    );
}
