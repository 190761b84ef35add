//! Trust bundles under real keys: a root that is believed now, and nobody else, says who is believed.

use hailer_protocol::bundle::{BUNDLE_VERSION, BundleError, SignedBundle, TrustBundle};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use rustls_pki_types::CertificateDer;

use super::hierarchy::{a_year, root};
use super::{DAY, NOW, World, name, trust_in};
use crate::{Authority, BundleRefused, Trust, bundle_of, sign_bundle, verify_bundle, vouches};

fn of(root: &Authority, number: u64, members: &[&Authority]) -> TrustBundle {
    bundle_of(root, number, NOW, members.iter().map(|a| a.cert_der()))
}

fn believed(trust: &Trust, signed: &SignedBundle) -> Trust {
    verify_bundle(trust, NOW, signed).expect("believed").trust
}

#[test]
fn a_root_puts_the_next_one_beside_itself_and_that_one_stays_alone() {
    let (old, new) = (root(), root());
    let trust = trust_in("demo", old.cert_pem(), NOW);
    let both = sign_bundle(&old, &of(&old, 1, &[&old, &new])).expect("signed");
    let alone = sign_bundle(&new, &of(&new, 2, &[&new])).expect("signed");
    // Whoever missed the first step cannot take the second before it.
    let early = verify_bundle(&trust, NOW, &alone).expect_err("signed by a stranger");
    assert!(matches!(early, BundleRefused::Stranger), "{early}");
    let trust = believed(&trust, &both);
    assert_eq!(trust.authorities().count(), 2);
    let trust = believed(&trust, &alone);
    assert_eq!(trust.authorities().collect::<Vec<_>>(), [new.cert_der()]);
    // The old one has no say any more.
    let back = verify_bundle(&trust, NOW, &both).expect_err("the old root is gone");
    assert!(matches!(back, BundleRefused::Stranger), "{back}");
}

#[test]
fn no_issuer_no_member_and_no_stranger_makes_a_root() {
    let (root, stranger) = (root(), root());
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let mine = of(&root, 1, &[&root, &stranger]);
    for role in Role::ALL {
        let issuer = root.issuer(role, a_year()).expect("an issuer");
        let error = sign_bundle(&issuer, &mine).expect_err("an issuer");
        assert!(matches!(error, BundleRefused::NotRoot(_)), "{error}");
        // With its key all the same: what a thief would do.
        let encoded = mine.encode().expect("small");
        let signature = issuer.sign_bytes(&TrustBundle::signed_bytes(&encoded));
        let signed = SignedBundle {
            bundle: encoded,
            signature: signature.expect("signed"),
        };
        let error = verify_bundle(&trust, NOW, &signed).expect_err("an issuer's");
        assert!(matches!(error, BundleRefused::Stranger), "{role}: {error}");
        // Nor is it put among the authorities.
        let lax = format!("{}{}", root.cert_pem(), issuer.cert_pem());
        assert!(Trust::from_pem(name("demo"), &lax, trust.clock()).is_err());
        let beside = sign_bundle(&root, &of(&root, 1, &[&root, &issuer])).expect("signed");
        assert!(verify_bundle(&trust, NOW, &beside).is_err(), "{role}");
    }
    let foreign = sign_bundle(&stranger, &mine).expect("signed");
    let error = verify_bundle(&trust, NOW, &foreign).expect_err("a stranger's");
    assert!(matches!(error, BundleRefused::Stranger), "{error}");
}

#[test]
fn a_bundle_whose_bytes_were_changed_is_nobodys() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let signed = sign_bundle(&root, &of(&root, 1, &[&root])).expect("signed");
    assert!(verify_bundle(&trust, NOW, &signed).is_ok());
    for at in 0..signed.bundle.len() {
        let mut other = signed.clone();
        other.bundle[at] ^= 1;
        assert!(verify_bundle(&trust, NOW, &other).is_err(), "byte {at}");
    }
    for at in 0..signed.signature.len() {
        let mut other = signed.clone();
        other.signature[at] ^= 1;
        assert!(
            verify_bundle(&trust, NOW, &other).is_err(),
            "signature {at}"
        );
    }
}

#[test]
fn other_fleets_other_times_and_what_is_no_authority_are_refused() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let refused = |trust: &Trust, now, signed: &SignedBundle| {
        verify_bundle(trust, now, signed)
            .expect_err("refused")
            .to_string()
    };
    let other = World::new("other");
    let foreign = of(&other.authority, 1, &[&other.authority]);
    let error = sign_bundle(&root, &foreign).expect_err("another fleet's");
    assert!(matches!(
        error,
        BundleRefused::Bundle(BundleError::Fleet { .. })
    ));
    let foreign = sign_bundle(&other.authority, &foreign).expect("signed");
    assert!(refused(&trust, NOW, &foreign).contains("fleet `other`"));
    // Under this fleet's name, and with the other's root in it.
    let smuggled = sign_bundle(&root, &of(&root, 1, &[&root, &other.authority])).expect("signed");
    assert!(refused(&trust, NOW, &smuggled).contains("`other`"));

    let signed = sign_bundle(&root, &of(&root, 1, &[&root])).expect("signed");
    let early = refused(&trust, Wall(NOW.0 - DAY), &signed);
    assert!(early.contains("was made at"), "{early}");
    let ended = Wall(root.validity().not_after.0 + DAY);
    assert!(refused(&trust, ended, &signed).contains("no root"));

    let leaf = other.credentials(Role::Node, "web1").chain();
    let junk = |der: Vec<u8>| TrustBundle {
        version: BUNDLE_VERSION,
        fleet: name("demo"),
        number: 1,
        issued_at: NOW,
        authorities: vec![der],
    };
    for der in [leaf[0].clone(), vec![1, 2, 3]] {
        let signed = sign_bundle(&root, &junk(der)).expect("signed");
        refused(&trust, NOW, &signed);
    }
}

#[test]
fn a_node_is_vouched_for_by_its_own_authority_alone() {
    let (old, new) = (World::new("demo"), World::new("demo"));
    let der = |world: &World, role| -> Vec<CertificateDer<'static>> {
        let chain = world.credentials(role, "web1").chain();
        chain.into_iter().map(CertificateDer::from).collect()
    };
    let node = der(&old, Role::Node);
    assert!(vouches(&old.trust, &node, NOW));
    assert!(!vouches(&new.trust, &node, NOW));
    assert!(!vouches(&old.trust, &node, Wall(NOW.0 + 400 * DAY)));
    assert!(!vouches(&old.trust, &der(&old, Role::Operator), NOW));
    assert!(!vouches(&old.trust, &[], NOW));
}
