//! Revocation lists under real keys: whose word counts, and for whom.

use hailer_protocol::revocation::{
    ListSigner, REVOCATION_VERSION, RevocationError, RevocationList, Revocations, Revoked,
    SignedRevocations,
};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use super::hierarchy::{a_year, root};
use super::{DAY, NOW, World, identity, name, today, trust_in};
use crate::{
    Authority, Credentials, ListRefused, is_revoked, serial_of, sign_list, validity_of, verify_list,
};

fn list(number: u64, revoked: Vec<Revoked>) -> RevocationList {
    RevocationList {
        version: REVOCATION_VERSION,
        fleet: name("demo"),
        number,
        issued_at: NOW,
        next_update: Wall(NOW.0 + DAY),
        revoked,
    }
}

fn member(issuer: &Authority, role: Role, own_name: &str) -> Credentials {
    let issued = issuer
        .issue(&identity("demo", role, own_name), today())
        .expect("issued");
    Credentials::from_issued(&issued).expect("credentials")
}

#[test]
fn an_issuer_revokes_members_and_the_root_revokes_issuers() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let nodes = root.issuer(Role::Node, a_year()).expect("an issuer");
    let (one, two) = (
        member(&nodes, Role::Node, "one"),
        member(&nodes, Role::Node, "two"),
    );
    let mut lists = Revocations::default();
    let mut take = |signed: &SignedRevocations| {
        let (signer, list) = verify_list(&trust, NOW, signed).expect("believed");
        lists.take(NOW, signer, list).expect("newer");
        [&one, &two].map(|who| is_revoked(&lists, &who.chain()).expect("a chain"))
    };
    let serial = serial_of(&one.chain()[0]).expect("a number");
    let only_one = vec![Revoked::Certificate {
        identity: one.identity().clone(),
        serial,
    }];
    assert_eq!(
        take(&sign_list(&nodes, &list(1, only_one)).expect("signed")),
        [true, false]
    );
    let begins = validity_of(&two.chain()[0]).expect("a span").not_before;
    let before = |moment| {
        vec![Revoked::Before {
            identity: two.identity().clone(),
            moment,
        }]
    };
    let signed = sign_list(&nodes, &list(2, before(begins))).expect("signed");
    assert_eq!(take(&signed), [false, false]);
    let signed = sign_list(&nodes, &list(3, before(Wall(begins.0 + 1)))).expect("signed");
    assert_eq!(take(&signed), [false, true]);
    let serial = serial_of(nodes.cert_der()).expect("a number");
    let issuer = vec![Revoked::Issuer {
        role: Role::Node,
        serial,
    }];
    assert_eq!(
        take(&sign_list(&root, &list(1, issuer)).expect("signed")),
        [true, true]
    );
}

#[test]
fn nobody_else_revokes_anything() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let nodes = root.issuer(Role::Node, a_year()).expect("an issuer");
    let honest = sign_list(&nodes, &list(1, Vec::new())).expect("signed");
    let (signer, _) = verify_list(&trust, NOW, &honest).expect("the control");
    assert!(matches!(
        signer,
        ListSigner::Issuer {
            role: Role::Node,
            ..
        }
    ));
    let refused = |signed: &SignedRevocations| verify_list(&trust, NOW, signed).err();

    let stranger = super::hierarchy::root();
    let strangers = stranger.issuer(Role::Node, a_year()).expect("an issuer");
    for authority in [&stranger, &strangers, &World::new("demo").authority] {
        let signed = sign_list(authority, &list(1, Vec::new())).expect("signed");
        assert!(matches!(refused(&signed), Some(ListRefused::Stranger)));
    }
    // A member signs no lists, and an issuer of one role none for another.
    let web = member(&nodes, Role::Node, "web");
    let mut by_member = honest.clone();
    by_member.issuer = Some(web.chain()[0].clone());
    assert!(matches!(refused(&by_member), Some(ListRefused::Issuer(_))));
    let ada = vec![Revoked::Before {
        identity: identity("demo", Role::Operator, "ada"),
        moment: NOW,
    }];
    let signed = sign_list(&nodes, &list(2, ada)).expect("signed");
    let (signer, beyond) = verify_list(&trust, NOW, &signed).expect("signed by the issuer");
    let taken = Revocations::default().take(NOW, signer, beyond);
    assert!(matches!(taken, Err(RevocationError::Scope { .. })));
    // The issuer's word in the authority's place, and the other way round.
    let mut promoted = honest.clone();
    promoted.issuer = None;
    assert!(matches!(refused(&promoted), Some(ListRefused::Stranger)));
    let mut demoted = sign_list(&root, &list(1, Vec::new())).expect("signed");
    assert!(verify_list(&trust, NOW, &demoted).is_ok());
    demoted.issuer = Some(nodes.cert_der().to_vec());
    assert!(matches!(refused(&demoted), Some(ListRefused::Signature(_))));
    // An issuer's word ends with its time.
    let late = Wall(a_year().not_after.0 + 1_000);
    let signed = verify_list(&trust, late, &honest);
    assert!(matches!(signed, Err(ListRefused::IssuerTime)));
    // Another fleet's list is neither signed nor believed.
    let mut elsewhere = list(1, Vec::new());
    elsewhere.fleet = name("other");
    assert!(sign_list(&nodes, &elsewhere).is_err());
}

#[test]
fn a_signed_list_is_refused_after_any_change_of_any_byte() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    let nodes = root.issuer(Role::Node, a_year()).expect("an issuer");
    let entries = vec![Revoked::Before {
        identity: identity("demo", Role::Node, "a"),
        moment: NOW,
    }];
    for authority in [&root, &nodes] {
        let bytes = sign_list(authority, &list(1, entries.clone()))
            .expect("signed")
            .encode()
            .expect("small");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let is_believed = SignedRevocations::decode(&changed)
                .is_ok_and(|signed| verify_list(&trust, NOW, &signed).is_ok());
            assert!(!is_believed, "byte {at}");
        }
    }
}
