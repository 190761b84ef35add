//! An offline root with an issuer a role: what each may sign, in real handshakes; requests for
//! certificates; and the change from one root to the next.

use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{
    CertificateParams, CustomExtension, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};

use super::{DAY, NOW, World, identity, name, shake, today, trust_in};
use crate::request::proven_key_of;
use crate::{
    Authority, AuthorityError, Certified, Credentials, CredentialsError, KeyRequest, RequestError,
    Tier, Trust, TrustError, Validity, client_config, holder_of, identity_of, server_config,
    server_name,
};

pub(super) fn whole_life() -> Validity {
    Validity {
        not_before: Wall(0),
        not_after: Wall(NOW.0 + 3_650 * DAY),
    }
}

pub(super) fn a_year() -> Validity {
    Validity {
        not_before: Wall(NOW.0 - DAY),
        not_after: Wall(NOW.0 + 365 * DAY),
    }
}

pub(super) fn root() -> Authority {
    let life = whole_life();
    Authority::generate_root(name("demo"), life.not_before, life.not_after).expect("a root")
}

fn issued(issuer: &Authority, wanted: &Identity) -> Credentials {
    let issued = issuer.issue(wanted, today()).expect("issued");
    let read = Credentials::from_pem(&issued.cert_pem, &issued.key_pem).expect("credentials");
    let taken = Credentials::from_issued(&issued).expect("credentials");
    assert_eq!(read.chain(), taken.chain());
    read
}

pub(super) fn operator(own_name: &str, groups: &[&str]) -> Holder {
    Holder {
        identity: identity("demo", Role::Operator, own_name),
        groups: Groups::new(groups.iter().map(|g| name(g))).expect("groups"),
    }
}

/// Whether `ada` reaches `web001`, each with their own trust.
fn reaches(ada: &Credentials, hers: &Trust, web: &Credentials, its: &Trust) -> bool {
    let client = client_config(ada, hers, &[Role::Node]).expect("client");
    let server = server_config(web, its, &[Role::Operator]).expect("server");
    shake(client, server, &server_name(web.identity())).is_ok()
}

#[test]
fn members_signed_by_their_roles_issuers_meet_in_every_pair_of_roles() {
    let root = root();
    let trust = trust_in("demo", root.cert_pem(), NOW);
    for dialling in Role::ALL {
        for dialled in [Role::Node, Role::Keeper, Role::Relay] {
            let one = root.issuer(dialling, a_year()).expect("an issuer");
            let two = root.issuer(dialled, a_year()).expect("an issuer");
            let one = issued(&one, &identity("demo", dialling, "one"));
            let two = issued(&two, &identity("demo", dialled, "two"));
            let client = client_config(&one, &trust, &[dialled]).expect("client");
            let server = server_config(&two, &trust, &[dialling]).expect("server");
            shake(client, server, &server_name(two.identity()))
                .unwrap_or_else(|e| panic!("{dialling} to {dialled}: {e:?}"));
        }
    }
}

#[test]
fn an_authority_signs_what_its_tier_is_for_and_nothing_else() {
    let root = root();
    let single = World::new("demo").authority;
    for role in Role::ALL {
        let member = identity("demo", role, "x");
        let from_root = root.issue(&member, today());
        assert!(
            matches!(from_root, Err(AuthorityError::Role { .. })),
            "{role}"
        );
        assert!(single.issue(&member, today()).is_ok());
        let from_single = single.issuer(role, a_year());
        assert!(
            matches!(from_single, Err(AuthorityError::NotRoot { .. })),
            "{role}"
        );
        let issuer = root.issuer(role, a_year()).expect("an issuer");
        assert_eq!(issuer.tier(), Tier::Issuer(role));
        assert!(matches!(
            issuer.issuer(role, today()),
            Err(AuthorityError::NotRoot { .. })
        ));
        for other in Role::ALL {
            let result = issuer.issue(&identity("demo", other, "x"), today());
            assert_eq!(result.is_ok(), other == role, "{role} signs {other}");
        }
        let foreign = issuer.issue(&identity("other", role, "x"), today());
        assert!(matches!(foreign, Err(AuthorityError::Fleet { .. })));
        let longer = Validity {
            not_after: Wall(a_year().not_after.0 + 1_000),
            ..today()
        };
        let refused = issuer.issue(&member, longer);
        assert!(matches!(refused, Err(AuthorityError::Validity { .. })));
    }
    let beyond = Validity {
        not_after: Wall(whole_life().not_after.0 + 1_000),
        ..a_year()
    };
    assert!(matches!(
        root.issuer(Role::Node, beyond),
        Err(AuthorityError::Validity { .. })
    ));
}

#[test]
fn every_tier_survives_its_pem() {
    let root = root();
    let issuer = root.issuer(Role::Node, a_year()).expect("an issuer");
    for made in [&root, &issuer, &World::new("demo").authority] {
        let read = Authority::from_pem(made.cert_pem(), &made.key_pem()).expect("read");
        assert_eq!(
            (read.fleet(), read.tier(), read.validity(), read.cert_der()),
            (made.fleet(), made.tier(), made.validity(), made.cert_der())
        );
    }
    let read = Authority::from_pem(issuer.cert_pem(), &issuer.key_pem()).expect("read");
    let web = issued(&read, &identity("demo", Role::Node, "web001"));
    assert_eq!(web.chain()[1], issuer.cert_der());
}

#[test]
fn an_issuer_is_never_trusted_by_itself() {
    let issuer = root().issuer(Role::Node, a_year()).expect("an issuer");
    let clock = World::new("demo").trust.clock;
    let refused = Trust::from_pem(name("demo"), issuer.cert_pem(), clock);
    assert!(
        matches!(refused, Err(TrustError::Certificate(_))),
        "{refused:?}"
    );
}

#[test]
fn a_file_holds_a_certificate_and_at_most_its_issuers() {
    let root = root();
    let issuer = root.issuer(Role::Node, a_year()).expect("an issuer");
    let other = root.issuer(Role::Keeper, a_year()).expect("an issuer");
    let web = issuer
        .issue(&identity("demo", Role::Node, "a"), today())
        .expect("issued");
    let with_root = format!("{}{}", web.cert_pem, root.cert_pem());
    let refused = Credentials::from_pem(&with_root, &web.key_pem);
    assert!(matches!(refused, Err(CredentialsError::Count(3))));
    let alone = &web.cert_pem[..web.cert_pem.len() - issuer.cert_pem().len()];
    let beside = format!("{alone}{}", other.cert_pem());
    let refused = Credentials::from_pem(&beside, &web.key_pem);
    assert!(matches!(refused, Err(CredentialsError::Issuer(_))));
}

#[test]
fn a_member_holds_no_longer_than_its_issuer() {
    let root = root();
    let issuer = root.issuer(Role::Node, a_year()).expect("an issuer");
    let web = issued(&issuer, &identity("demo", Role::Node, "a"));
    assert_eq!(web.validity(), today());
    let ada = root.issuer(Role::Operator, a_year()).expect("an issuer");
    let ada = issued(&ada, &identity("demo", Role::Operator, "ada"));
    let now = trust_in("demo", root.cert_pem(), NOW);
    assert!(reaches(&ada, &now, &web, &now));
    let later = trust_in("demo", root.cert_pem(), Wall(NOW.0 + 366 * DAY));
    assert!(!reaches(&ada, &now, &web, &later));
}

#[test]
fn one_root_is_replaced_by_the_next_without_anybody_being_cut_off() {
    let (old, new) = (root(), root());
    let both = format!("{}{}", old.cert_pem(), new.cert_pem());
    let (trust_old, trust_both, trust_new) = (
        trust_in("demo", old.cert_pem(), NOW),
        trust_in("demo", &both, NOW),
        trust_in("demo", new.cert_pem(), NOW),
    );
    let member = |root: &Authority, role| {
        let issuer = root.issuer(role, a_year()).expect("an issuer");
        issued(&issuer, &identity("demo", role, "x"))
    };
    let (ada_old, ada_new) = (member(&old, Role::Operator), member(&new, Role::Operator));
    let (web_old, web_new) = (member(&old, Role::Node), member(&new, Role::Node));
    // First everybody learns the new root, then everybody gets a new certificate, then the old
    // root is forgotten; in each step those who are ahead meet those who are behind.
    for (ada, hers, web, its) in [
        (&ada_old, &trust_both, &web_old, &trust_old),
        (&ada_old, &trust_old, &web_old, &trust_both),
        (&ada_new, &trust_both, &web_old, &trust_both),
        (&ada_old, &trust_both, &web_new, &trust_both),
        (&ada_new, &trust_new, &web_new, &trust_both),
        (&ada_new, &trust_both, &web_new, &trust_new),
    ] {
        assert!(reaches(ada, hers, web, its));
    }
    assert!(
        !reaches(&ada_old, &trust_new, &web_new, &trust_new),
        "the end of the old root"
    );
    // And a fleet of one level grows into one of two in the same way.
    let single = World::new("demo");
    let both = trust_in(
        "demo",
        &format!("{}{}", single.authority.cert_pem(), new.cert_pem()),
        NOW,
    );
    assert!(reaches(
        &single.credentials(Role::Operator, "ada"),
        &both,
        &web_new,
        &both
    ));
}

#[test]
fn groups_come_from_the_certificate_of_an_operator_alone() {
    let issuer = root().issuer(Role::Operator, a_year()).expect("an issuer");
    let ada = operator("ada", &["oncall", "dba"]);
    let issued = issuer.issue_to(&ada, today()).expect("issued");
    assert_eq!(holder_of(&issued.cert_der), Ok(ada.clone()));
    let own = Credentials::from_issued(&issued).expect("credentials");
    assert_eq!(own.groups(), &ada.groups);
    let single = World::new("demo").authority;
    for role in [Role::Node, Role::Keeper, Role::Relay] {
        let holder = Holder {
            identity: identity("demo", role, "x"),
            groups: ada.groups.clone(),
        };
        let refused = single.issue_to(&holder, today());
        assert!(matches!(refused, Err(AuthorityError::Groups(_))), "{role}");
    }
}

#[test]
fn a_request_brings_its_key_and_nothing_else() {
    let issuer = root().issuer(Role::Node, a_year()).expect("an issuer");
    let web = Holder {
        identity: identity("demo", Role::Node, "web001"),
        groups: Groups::default(),
    };
    let request = KeyRequest::generate().expect("a request");
    let from_pem = crate::request::request_from_pem(&request.request_pem).expect("a request");
    assert_eq!(from_pem, request.request_der);
    let Certified {
        cert_pem, cert_der, ..
    } = issuer.certify(&from_pem, &web, today()).expect("certified");
    assert_eq!(identity_of(&cert_der), Ok(web.identity.clone()));
    Credentials::from_pem(&cert_pem, &request.key_pem()).expect("they fit");

    // Every wish that a request can have, even one that no certificate here may hold.
    let key = KeyPair::generate().expect("a key");
    let mut greedy = CertificateParams::default();
    greedy.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    greedy.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    greedy.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Any];
    greedy.subject_alt_names = vec![SanType::URI(
        "spiffe://demo/operator/root".try_into().expect("ascii"),
    )];
    greedy.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 3], vec![5, 0])];
    let greedy = greedy.serialize_request(&key).expect("a request");
    let got = issuer
        .certify(greedy.der(), &web, today())
        .expect("certified");
    assert_eq!(holder_of(&got.cert_der), Ok(web));
}

#[test]
fn a_request_without_possession_or_form_is_refused() {
    let issuer = root().issuer(Role::Node, a_year()).expect("an issuer");
    let web = Holder {
        identity: identity("demo", Role::Node, "web001"),
        groups: Groups::default(),
    };
    let certify = |request: &[u8]| match issuer.certify(request, &web, today()) {
        Err(AuthorityError::Request(cause)) => Some(cause),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    };
    let good = KeyRequest::generate().expect("a request").request_der;
    assert_eq!(certify(&good), None);
    let own = proven_key_of(&good).expect("a key");
    for at in 0..good.len() {
        assert!(certify(&good[..at]).is_some(), "cut at {at}");
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        // How the signature was made is said outside of what is signed: there a damage may go
        // unnoticed, and changes nothing.
        if let Ok(key) = proven_key_of(&damaged) {
            assert_eq!(key.der_bytes(), own.der_bytes(), "damaged at {at}");
        }
    }
    assert!(matches!(
        certify(&[&good[..], &[0]].concat()),
        Some(RequestError::Der(_))
    ));
    assert!(matches!(
        certify(&vec![0x30; 100_000]),
        Some(RequestError::TooLong(_))
    ));
    // Another's key under one's own signature.
    let other = KeyRequest::generate().expect("a request").request_der;
    let at = good
        .windows(2)
        .position(|w| w == [0x03, 0x42])
        .expect("the key");
    let mut stolen = good.clone();
    let from = other
        .windows(2)
        .position(|w| w == [0x03, 0x42])
        .expect("the key");
    stolen[at..at + 68].copy_from_slice(&other[from..from + 68]);
    assert_eq!(certify(&stolen), Some(RequestError::Possession));
    assert!(crate::request::request_from_pem("nothing").is_err());
}
