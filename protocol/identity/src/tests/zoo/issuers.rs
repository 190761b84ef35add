//! Kinds of issuers that must not stand behind anybody, each behind an honest certificate.

use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose as Eku, IsCa, Issuer,
    KeyPair, KeyUsagePurpose as Ku,
};
use rustls_pki_types::CertificateDer;

use super::{
    Animal, DNS, Keeper, NOW, Names, URI, der, extension, issuer_of, leaf, names_extension,
    other_roles,
};
use crate::tests::hierarchy::a_year;
use crate::tests::{identity, today};
use crate::{Authority, Validity, template};

/// An issuer that nobody made by the rules, with its key.
struct Middle {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Keeper {
    pub(super) fn wrong_issuers(&self, root: &Authority, honest: &Identity) -> Vec<Animal> {
        let mut all = wrong_scopes(root, honest);
        all.extend(wrong_forms(root, honest));
        all.extend(wrong_damage(root, honest));
        all.extend(self.wrong_links(root, honest));
        all
    }

    /// Honest certificates in chains that are not theirs.
    fn wrong_links(&self, root: &Authority, honest: &Identity) -> Vec<Animal> {
        let role = honest.role;
        let der_of = |authority: &Authority| CertificateDer::from(authority.cert_der().to_vec());
        let chained = |kind: &str, change: &dyn Fn(&mut Vec<CertificateDer<'static>>)| {
            let mut animal = self.signed(kind, honest, |_| ());
            change(&mut animal.chain);
            animal
        };
        let next = root.issuer(role, a_year()).expect("an issuer");
        let another = other_roles(role).next().expect("four roles");
        let wrong = root.issuer(another, a_year()).expect("an issuer");
        let stranger = super::root();
        let strangers = stranger.issuer(role, a_year()).expect("an issuer");
        let mut all = vec![
            chained("without its issuer", &|c| c.truncate(1)),
            chained("behind its issuer", &|c| c.reverse()),
            chained("with its issuer twice", &|c| c.push(c[1].clone())),
            chained("with the next issuer of its role", &|c| {
                c[1] = der_of(&next)
            }),
            chained("with both issuers of its role", &|c| c.push(der_of(&next))),
            chained("with another role's issuer", &|c| c[1] = der_of(&wrong)),
            chained("with another role's issuer behind its own", &|c| {
                c.push(der_of(&wrong))
            }),
            chained("with another role's issuer before its own", &|c| {
                c.insert(1, der_of(&wrong))
            }),
            chained("with the root in place of its issuer", &|c| {
                c[1] = self.ca()
            }),
            chained("with a stranger's issuer of its role", &|c| {
                c[1] = der_of(&strangers)
            }),
            chained("with itself in place of its issuer", &|c| {
                c[1] = c[0].clone()
            }),
        ];
        all.push(behind("a stranger's", honest, &middle_of(&strangers)));
        let mut with_root = behind(
            "a stranger's, with the root",
            honest,
            &middle_of(&strangers),
        );
        with_root.chain.push(der_of(&stranger));
        all.push(with_root);
        // The issuers of two roles with one key between them: the chain says which one signed.
        let shared = KeyPair::from_pem(&self.signer.key_pem()).expect("a key");
        let twin = made(root, another, shared, |_| ());
        let mut twins = behind("another role's issuer with the same key", honest, &twin);
        all.push(Animal {
            kind: twins.kind.clone(),
            chain: twins.chain.clone(),
            key: copy(&twins.key),
        });
        twins.kind = "the right issuer for what its twin signed".to_owned();
        twins.chain[1] = der_of(&self.signer);
        all.push(twins);
        all.extend(deeper(&self.signer, honest));
        all
    }
}

/// Issuers that were signed by an issuer, or by a member.
fn deeper(signer: &Authority, honest: &Identity) -> Vec<Animal> {
    let signed = |params: CertificateParams| {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &issuer_of(signer)).expect("signed");
        Middle {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    };
    let issuer = || template::issuer(&honest.fleet, honest.role, today()).expect("parameters");
    let ours = CertificateDer::from(signer.cert_der().to_vec());
    let mut renamed = issuer();
    renamed
        .distinguished_name
        .push(DnType::CommonName, "another issuer");
    let mut all = Vec::new();
    for (kind, params) in [
        ("an issuer's issuer", issuer()),
        ("an issuer's issuer of another name", renamed),
        (
            "a member's member",
            leaf(honest, today()).expect("parameters"),
        ),
    ] {
        let middle = signed(params);
        all.push(behind(&format!("{kind}, alone"), honest, &middle));
        let mut whole = behind(&format!("{kind}, with the issuer"), honest, &middle);
        whole.chain.push(ours.clone());
        all.push(whole);
        let mut swapped = behind(&format!("{kind}, with the issuer first"), honest, &middle);
        swapped.chain.insert(1, ours.clone());
        all.push(swapped);
    }
    all
}

/// Issuers that say another scope than the honest role's, or say it otherwise.
#[expect(clippy::too_many_lines, reason = "one flat list of kinds")]
fn wrong_scopes(root: &Authority, honest: &Identity) -> Vec<Animal> {
    let role = honest.role;
    let mut all: Vec<Animal> = other_roles(role)
        .map(|other| {
            let middle = made(root, other, fresh(), |_| ());
            behind(&format!("an issuer of the role {other}"), honest, &middle)
        })
        .collect();
    // The name of the right issuer over the scope of a wrong one.
    for other in other_roles(role) {
        let middle = made(root, role, fresh(), |p| {
            let wrong = template::issuer(&honest.fleet, other, a_year()).expect("parameters");
            p.subject_alt_names = wrong.subject_alt_names;
        });
        all.push(behind(
            &format!("an issuer called so, of the role {other}"),
            honest,
            &middle,
        ));
    }
    let scopes = [
        String::new(),
        "spiffe://demo".to_owned(),
        "spiffe://demo/".to_owned(),
        "spiffe://demo/*".to_owned(),
        "spiffe://demo/all".to_owned(),
        format!("spiffe://demo/{role}/"),
        format!("spiffe://demo/{role}/*"),
        format!("spiffe://demo/{role}/x"),
        honest.to_string(),
        format!("spiffe://demo/{role},node,operator"),
        format!("spiffe://demo/{role} "),
        format!("spiffe://demo/{role}\n"),
        format!("spiffe://demo/{role}\0"),
        format!(" spiffe://demo/{role}"),
        format!("spiffe://demo//{role}"),
        format!("spiffe://demo/x/../{role}"),
        format!("spiffe://demo/{}", role.as_str().to_uppercase()),
        format!("SPIFFE://demo/{role}"),
        format!("spiffe://Demo/{role}"),
        format!("spiffe://other/{role}"),
        format!("spiffe://*/{role}"),
        format!("spiffe://demo/{role}?x"),
        format!("spiffe://demo/{role}#x"),
        format!("spiffe://demo:443/{role}"),
        format!("https://demo/{role}"),
        format!("demo/{role}"),
    ];
    for scope in &scopes {
        let kind = format!("an issuer for {}", scope.escape_debug());
        all.push(named(&kind, root, honest, &[(URI, scope.as_bytes())]));
    }
    let right = format!("spiffe://demo/{role}").into_bytes();
    let other = b"spiffe://demo/relay/x".as_slice();
    for (kind, names) in [
        ("an issuer with an empty list of scopes", &[][..]),
        (
            "an issuer for its role twice",
            &[(URI, &right[..]), (URI, &right)],
        ),
        (
            "an issuer for its role and more",
            &[(URI, &right), (URI, other)],
        ),
        (
            "an issuer for more and its role",
            &[(URI, other), (URI, &right)],
        ),
        (
            "an issuer for its role and a host",
            &[(URI, &right), (DNS, b"demo")],
        ),
        ("an issuer for its role as a host name", &[(DNS, &right)]),
    ] {
        all.push(named(kind, root, honest, names));
    }
    let nameless = made(root, role, fresh(), |p| p.subject_alt_names.clear());
    all.push(behind("an issuer for nobody by name", honest, &nameless));
    all
}

/// Issuers of the right scope in another form.
#[expect(clippy::too_many_lines, reason = "one flat list of kinds")]
fn wrong_forms(root: &Authority, honest: &Identity) -> Vec<Animal> {
    let role = honest.role;
    let right = template::issuer(&honest.fleet, role, a_year()).expect("parameters");
    let mut all = Vec::new();
    let mut add = |kind: &str, change: &dyn Fn(&mut CertificateParams)| {
        all.push(behind(kind, honest, &made(root, role, fresh(), change)));
    };
    let limited = |n| IsCa::Ca(BasicConstraints::Constrained(n));
    for (kind, is_ca) in [
        ("an issuer that does not say so", IsCa::NoCa),
        ("an issuer that says it is none", IsCa::ExplicitNoCa),
        (
            "an issuer of any depth",
            IsCa::Ca(BasicConstraints::Unconstrained),
        ),
        ("an issuer of issuers", limited(1)),
        ("an issuer of issuers of issuers", limited(2)),
    ] {
        add(kind, &|p| p.is_ca = is_ca);
    }
    for set in [
        &[][..],
        &[Ku::DigitalSignature],
        &[Ku::KeyCertSign],
        &[Ku::CrlSign],
        &[Ku::DigitalSignature, Ku::KeyCertSign, Ku::CrlSign],
        &[Ku::KeyEncipherment, Ku::KeyCertSign, Ku::CrlSign],
    ] {
        add(&format!("an issuer with usage {set:?}"), &|p| {
            p.key_usages = set.to_vec()
        });
    }
    for set in [
        &[][..],
        &[Eku::ServerAuth],
        &[Eku::ClientAuth],
        &[Eku::ServerAuth, Eku::ClientAuth],
        &[Eku::Any],
        &[Eku::CodeSigning],
        &[Eku::ServerAuth, Eku::ClientAuth, Eku::Any],
        &[Eku::ServerAuth, Eku::ClientAuth, Eku::OcspSigning],
    ] {
        if set != right.extended_key_usages {
            let kind = format!("an issuer with extended usage {set:?}");
            add(&kind, &|p| p.extended_key_usages = set.to_vec());
        }
    }
    let (past, ahead) = (NOW.0 - 10_000_000_000, NOW.0 + 10_000_000_000);
    for (kind, from, to) in [
        ("an issuer that expired by a second", past, NOW.0 - 1_000),
        ("an issuer that expired long ago", past, past + 1_000),
        ("an issuer in another second", NOW.0 + 1_000, ahead),
        ("an issuer from its end to its beginning", ahead, past),
    ] {
        let span = Validity {
            not_before: Wall(from),
            not_after: Wall(to),
        };
        let dated = template::issuer(&honest.fleet, role, span).expect("parameters");
        add(kind, &|p| {
            (p.not_before, p.not_after) = (dated.not_before, dated.not_after)
        });
    }
    // What the library does not support it refuses, whether it would hold or not.
    let subtree = |tag: u8, base: &[u8]| der(0x30, &der(tag, &der(0x30, &der(URI, base))));
    for (kind, tag, base) in [
        (
            "an issuer for hosts elsewhere",
            0xa0,
            b"elsewhere".as_slice(),
        ),
        ("an issuer for hosts of the fleet", 0xa0, b"demo"),
        ("an issuer for all hosts but the fleet's", 0xa1, b"demo"),
        ("an issuer for all hosts but one", 0xa1, b"elsewhere"),
    ] {
        add(kind, &|p| {
            let mut constraints = extension(&[2, 5, 29, 30], &subtree(tag, base));
            constraints.set_criticality(true);
            p.custom_extensions = vec![constraints];
        });
    }
    add("an issuer with an unknown critical extension", &|p| {
        let mut unknown = extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], &[5, 0]);
        unknown.set_criticality(true);
        p.custom_extensions = vec![unknown];
    });
    for (kind, oid) in [
        ("an issuer with usage twice", &[2, 5, 29, 15][..]),
        ("an issuer with extended usage twice", &[2, 5, 29, 37]),
        ("an issuer with basic constraints twice", &[2, 5, 29, 19]),
        ("an issuer with names twice", &[2, 5, 29, 17]),
    ] {
        add(kind, &|p| {
            p.custom_extensions = vec![extension(oid, &[0x30, 0])]
        });
    }
    add("an issuer called like the root", &|p| {
        let root = template::authority(&honest.fleet, 1, a_year()).expect("parameters");
        p.distinguished_name = root.distinguished_name;
    });
    all
}

/// An honest issuer whose bytes are not what the root signed, and one that the root did not sign.
fn wrong_damage(root: &Authority, honest: &Identity) -> Vec<Animal> {
    let damaged = |kind: &str, damage: &dyn Fn(&mut Vec<u8>)| {
        let mut animal = behind(kind, honest, &made(root, honest.role, fresh(), |_| ()));
        let mut bytes = animal.chain[1].to_vec();
        damage(&mut bytes);
        animal.chain[1] = CertificateDer::from(bytes);
        animal
    };
    let scope = format!("spiffe://demo/{}", honest.role).into_bytes();
    let mut all = vec![
        damaged("an issuer of no bytes", &Vec::clear),
        damaged("an issuer with a byte too many", &|der| der.push(0)),
        damaged("an issuer cut in half", &|der| der.truncate(der.len() / 2)),
        damaged("an issuer with a damaged signature", &|der| {
            *der.last_mut().expect("bytes") ^= 1;
        }),
        damaged(
            "an issuer with another scope under the old signature",
            &|der| {
                let at = der
                    .windows(scope.len())
                    .position(|w| w == scope)
                    .expect("the scope");
                der[at + scope.len() - 1] ^= 1;
            },
        ),
    ];
    let key = fresh();
    let params = template::issuer(&honest.fleet, honest.role, a_year()).expect("parameters");
    let alone = params.self_signed(&key).expect("signed");
    let middle = Middle {
        certificate: alone.der().clone(),
        issuer: Issuer::new(params, key),
    };
    all.push(behind("an issuer signed by itself", honest, &middle));
    let elsewhere = Authority::generate_root(
        identity("other", Role::Node, "x").fleet,
        Wall(0),
        a_year().not_after,
    )
    .expect("a root");
    let foreign = elsewhere.issuer(honest.role, a_year()).expect("an issuer");
    all.push(behind(
        "another fleet's issuer",
        honest,
        &middle_of(&foreign),
    ));
    all
}

fn named(kind: &str, root: &Authority, honest: &Identity, names: &Names<'_>) -> Animal {
    let middle = made(root, honest.role, fresh(), |p| {
        p.subject_alt_names.clear();
        p.custom_extensions = vec![names_extension(names)];
    });
    behind(kind, honest, &middle)
}

/// Signs what an honest issuer of the role would be but for `change`.
fn made(
    root: &Authority,
    role: Role,
    key: KeyPair,
    change: impl FnOnce(&mut CertificateParams),
) -> Middle {
    let mut params = template::issuer(root.fleet(), role, a_year()).expect("parameters");
    change(&mut params);
    let certificate = params.signed_by(&key, &issuer_of(root)).expect("signed");
    Middle {
        certificate: certificate.der().clone(),
        issuer: Issuer::new(params, key),
    }
}

fn middle_of(authority: &Authority) -> Middle {
    Middle {
        certificate: CertificateDer::from(authority.cert_der().to_vec()),
        issuer: issuer_of(authority),
    }
}

/// An honest certificate, signed by `middle` and with it in the chain.
fn behind(kind: &str, honest: &Identity, middle: &Middle) -> Animal {
    let key = fresh();
    let certificate = leaf(honest, today())
        .expect("parameters")
        .signed_by(&key, &middle.issuer)
        .expect("signed");
    Animal {
        kind: kind.to_owned(),
        chain: vec![certificate.der().clone(), middle.certificate.clone()],
        key,
    }
}

fn fresh() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::from_pem(&key.serialize_pem()).expect("a key")
}
