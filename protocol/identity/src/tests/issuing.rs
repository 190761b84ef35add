//! What the authority signs, what it refuses to sign, and what reads back.

use hailer_protocol::role::{IdentityError, Role};
use hailer_protocol::time::Wall;

use super::{DAY, NOW, World, identity, name, today, trust_in};
use crate::{
    Authority, AuthorityError, Credentials, CredentialsError, IdentityReadError, Trust, TrustError,
    Validity, identity_of, validity_of,
};

#[test]
fn every_role_is_issued_and_read_back() {
    let world = World::new("demo");
    let long = "n".repeat(253);
    for role in Role::ALL {
        for own_name in ["web001", "a_b-.c", "0", long.as_str()] {
            let wanted = identity("demo", role, own_name);
            let issued = world.authority.issue(&wanted, today()).expect("issued");
            assert_eq!(identity_of(&issued.cert_der), Ok(wanted.clone()));
            assert_eq!(validity_of(&issued.cert_der), Ok(today()));
            let read =
                Credentials::from_pem(&issued.cert_pem, &issued.key_pem).expect("credentials");
            assert_eq!((read.identity(), read.validity()), (&wanted, today()));
        }
    }
}

#[test]
fn an_authority_survives_its_pem_and_signs_on() {
    let made = World::new("demo").authority;
    let read = Authority::from_pem(made.cert_pem(), &made.key_pem()).expect("read");
    assert_eq!(
        (read.fleet(), read.validity()),
        (made.fleet(), made.validity())
    );
    let issued = read
        .issue(&identity("demo", Role::Node, "a"), today())
        .expect("issued");
    let own = Credentials::from_issued(&issued).expect("credentials");
    let trust = trust_in("demo", made.cert_pem(), NOW);
    let client = crate::client_config(
        &World {
            authority: made,
            trust: trust.clone(),
        }
        .credentials(Role::Operator, "ada"),
        &trust,
        &[Role::Node],
    )
    .expect("client");
    let server = crate::server_config(&own, &trust, &[Role::Operator]).expect("server");
    super::shake(client, server, &crate::server_name(own.identity())).expect("a handshake");
}

#[test]
fn an_authority_signs_for_its_own_fleet_and_time_only() {
    let world = World::new("demo");
    let all = world.authority.validity();
    let foreign = world
        .authority
        .issue(&identity("other", Role::Node, "a"), today());
    assert!(matches!(foreign, Err(AuthorityError::Fleet { .. })));
    for (not_before, not_after) in [
        (all.not_before.0 - 1_000, NOW.0),
        (NOW.0, all.not_after.0 + 1_000),
        (NOW.0, NOW.0),
        (NOW.0, NOW.0 - 1_000),
        (NOW.0 + 1, NOW.0 + 999),
        (i64::MIN, i64::MAX),
    ] {
        let span = Validity {
            not_before: Wall(not_before),
            not_after: Wall(not_after),
        };
        let refused = world
            .authority
            .issue(&identity("demo", Role::Node, "a"), span);
        assert!(
            matches!(refused, Err(AuthorityError::Validity { .. })),
            "{span}"
        );
    }
}

#[test]
fn an_authority_cannot_outlive_the_calendar() {
    for (from, to) in [(-DAY, NOW.0), (NOW.0, NOW.0), (0, i64::MAX), (i64::MIN, 0)] {
        let made = Authority::generate(name("demo"), Wall(from), Wall(to));
        assert!(
            matches!(made, Err(AuthorityError::Validity { .. })),
            "{from} {to}"
        );
    }
}

#[test]
fn a_long_fleet_name_still_makes_an_authority() {
    let fleet = "f".repeat(253);
    let world = World::new(&fleet);
    assert_eq!(world.authority.fleet().as_str(), fleet);
    assert_eq!(world.trust.fleet().as_str(), fleet);
}

#[test]
fn certificate_and_key_must_belong_together() {
    let (one, two) = (World::new("demo"), World::new("demo"));
    let mixed = Authority::from_pem(one.authority.cert_pem(), &two.authority.key_pem());
    assert!(matches!(mixed, Err(AuthorityError::KeyMismatch)));

    let ada = identity("demo", Role::Operator, "ada");
    let (first, second) = (
        one.authority.issue(&ada, today()).expect("issued"),
        one.authority.issue(&ada, today()).expect("issued"),
    );
    let mixed = Credentials::from_pem(&first.cert_pem, &second.key_pem);
    assert!(matches!(mixed, Err(CredentialsError::Key { .. })));
}

#[test]
fn a_leaf_is_no_authority_and_an_authority_is_no_leaf() {
    let world = World::new("demo");
    let leaf = world
        .authority
        .issue(&identity("demo", Role::Node, "a"), today())
        .expect("issued");
    assert!(matches!(
        Authority::from_pem(&leaf.cert_pem, &leaf.key_pem),
        Err(AuthorityError::Certificate(_))
    ));
    assert!(matches!(
        Trust::from_pem(name("demo"), &leaf.cert_pem, world.trust.clock.clone()),
        Err(TrustError::Certificate(_))
    ));
    let ca = &world.authority;
    assert!(matches!(
        Credentials::from_pem(ca.cert_pem(), &ca.key_pem()),
        Err(CredentialsError::Certificate(
            IdentityReadError::IsAuthority
        ))
    ));
}

#[test]
fn an_authority_is_trusted_for_its_own_fleet_only() {
    let world = World::new("demo");
    let clock = world.trust.clock.clone();
    let pem = world.authority.cert_pem();
    assert!(matches!(
        Trust::from_pem(name("other"), pem, clock.clone()),
        Err(TrustError::Fleet { .. })
    ));
    assert!(matches!(
        Trust::from_pem(name("demo"), "", clock),
        Err(TrustError::Empty)
    ));
}

#[test]
fn what_is_printed_for_debugging_holds_no_key() {
    let world = World::new("demo");
    let issued = world
        .authority
        .issue(&identity("demo", Role::Node, "a"), today())
        .expect("issued");
    let own = Credentials::from_issued(&issued).expect("credentials");
    let printed = format!("{:?} {issued:?} {own:?}", world.authority);
    assert!(printed.contains("demo"), "{printed}");
    for secret in [world.authority.key_pem(), issued.key_pem.clone()] {
        for line in secret.lines() {
            assert!(!printed.contains(line), "{printed}");
        }
    }
    let bytes = format!("{:?}", issued.key_der);
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])));
}

#[test]
fn bytes_that_are_no_certificate_are_refused_at_every_cut() {
    let world = World::new("demo");
    let der = world
        .authority
        .issue(&identity("demo", Role::Node, "a"), today())
        .expect("issued")
        .cert_der;
    for cut in 0..der.len() {
        assert!(identity_of(&der[..cut]).is_err(), "cut at {cut}");
    }
    let mut longer = der;
    longer.push(0);
    assert_eq!(identity_of(&longer), Err(IdentityReadError::Trailing(1)));
}

#[test]
fn a_hostile_name_is_printed_escaped() {
    let cause = IdentityError::Form("\u{1b}[2J".escape_debug().to_string());
    let printed = IdentityReadError::from(cause).to_string();
    assert!(!printed.contains('\u{1b}'), "{printed:?}");
}
