//! The certificate zoo: everything that must not pass for a peer, presented in real handshakes on
//! both sides. What differs from an honest certificate is one thing at a time, and the honest one
//! is tried as well, so that a refusal means that very thing.

mod issuers;
mod names;
mod odd;

use std::collections::BTreeSet;
use std::sync::Arc;

use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::{Proof, SignedBlock, Statement};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose as Eku, IsCa,
    Issuer, KeyPair, KeyUsagePurpose as Ku, SigningKey,
};
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::hierarchy::{a_year, root};
use super::{NOW, World, identity, presenting, rogue_client, rogue_server, shake, today, trust_in};
use crate::template::leaf;
use crate::tls::Side;
use crate::{
    Authority, Credentials, SignatureJudge, Trust, client_config, server_config, server_name,
};

/// What a peer presents.
struct Animal {
    kind: String,
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// Who keeps the zoo: the very key that signs honest members, since most kinds are signed by it in
/// earnest, and what stands behind it.
struct Keeper {
    trust: Trust,
    /// A fleet's one authority, or the honest role's issuer.
    signer: Authority,
    /// The issuer's certificate, if there is one.
    behind: Vec<CertificateDer<'static>>,
    /// The root, if there is one.
    root: Option<Authority>,
    judge: Credentials,
}

#[test]
fn nothing_in_the_zoo_passes_for_an_operator_or_a_node() {
    let mut kinds = BTreeSet::new();
    for (role, own_name) in [(Role::Operator, "ada"), (Role::Node, "web001")] {
        let honest = identity("demo", role, own_name);
        for keeper in [Keeper::of_one_level(role), Keeper::of_two_levels(role)] {
            let control = keeper.signed("honest", &honest, |_| ());
            assert_eq!(present(&keeper, &honest, &control), None, "the control");
            let animals = keeper.animals(&honest);
            let here: BTreeSet<_> = animals.iter().map(|a| a.kind.clone()).collect();
            assert_eq!(here.len(), animals.len(), "every kind once");
            for animal in &animals {
                let refused = present(&keeper, &honest, animal);
                assert!(refused.is_some(), "{role}: `{}` was accepted", animal.kind);
            }
            if role == Role::Operator {
                let judge = SignatureJudge::new(&keeper.trust).expect("a judge");
                assert!(has_signed(&judge, &control), "the control");
                for animal in &animals {
                    assert!(!has_signed(&judge, animal), "`{}` signed", animal.kind);
                }
            }
            // Kinds that are named by role are not counted twice.
            if role == Role::Operator {
                kinds.extend(here);
            }
        }
    }
    assert!(kinds.len() >= 200, "{} kinds", kinds.len());
}

/// Whether an animal passes for an operator who signed something.
fn has_signed(judge: &SignatureJudge, animal: &Animal) -> bool {
    let statement = b"a statement".to_vec();
    let block = SignedBlock {
        signature: SigningKey::sign(&animal.key, &Statement::signed_bytes(&statement))
            .expect("signed"),
        statement,
        chain: animal.chain.iter().map(|der| der.to_vec()).collect(),
        proof: Proof {
            index: 0,
            siblings: Vec::new(),
        },
        approvals: Vec::new(),
    };
    judge.signers(NOW, &block, None).is_ok()
}

/// Presents an animal to the honest other side and returns the refusal, which must be that side's.
fn present(keeper: &Keeper, honest: &Identity, animal: &Animal) -> Option<String> {
    let trust = &keeper.trust;
    let presents = presenting(animal.chain.clone(), &animal.key);
    let (done, judge) = if honest.role == Role::Operator {
        let node = &keeper.judge;
        let server = server_config(node, trust, &[Role::Operator]).expect("server");
        let dialled = server_name(node.identity());
        let client = rogue_client(trust, presents);
        (shake(client, server, &dialled), Side::Server)
    } else {
        let client = client_config(&keeper.judge, trust, &[honest.role]).expect("client");
        let server = rogue_server(trust, presents);
        (shake(client, server, &server_name(honest)), Side::Client)
    };
    let refusal = done.err()?;
    assert_eq!(refusal.by, judge, "{}: {}", animal.kind, refusal.error);
    Some(refusal.error.to_string())
}

/// Signs for an identity that the authority itself would refuse.
pub(super) fn signed_for(authority: &Authority, identity: &Identity) -> Arc<SingleCertAndKey> {
    let key = KeyPair::generate().expect("a key");
    let certificate = leaf(identity, today())
        .expect("parameters")
        .signed_by(&key, &issuer_of(authority))
        .expect("signed");
    presenting(vec![certificate.der().clone()], &key)
}

fn issuer_of(authority: &Authority) -> Issuer<'static, KeyPair> {
    let key = KeyPair::from_pem(&authority.key_pem()).expect("a key");
    Issuer::from_ca_cert_pem(authority.cert_pem(), key).expect("an issuer")
}

impl Keeper {
    fn of_one_level(role: Role) -> Self {
        let world = World::new("demo");
        let judge = world.credentials(other_side(role), "judge");
        Self {
            trust: world.trust,
            signer: world.authority,
            behind: Vec::new(),
            root: None,
            judge,
        }
    }

    fn of_two_levels(role: Role) -> Self {
        let root = root();
        let signer = root.issuer(role, a_year()).expect("an issuer");
        let judges = root.issuer(other_side(role), a_year()).expect("an issuer");
        let judge = identity("demo", other_side(role), "judge");
        let judge = judges.issue(&judge, today()).expect("issued");
        Self {
            trust: trust_in("demo", root.cert_pem(), NOW),
            behind: vec![CertificateDer::from(signer.cert_der().to_vec())],
            signer,
            root: Some(root),
            judge: Credentials::from_issued(&judge).expect("credentials"),
        }
    }

    fn ca(&self) -> CertificateDer<'static> {
        let top = self.root.as_ref().unwrap_or(&self.signer);
        CertificateDer::from(top.cert_der().to_vec())
    }

    fn animals(&self, honest: &Identity) -> Vec<Animal> {
        let mut all = Vec::new();
        all.extend(self.wrong_texts(honest));
        all.extend(self.wrong_names(honest));
        all.extend(self.wrong_usages(honest));
        all.extend(self.wrong_times(honest));
        all.extend(self.wrong_chains(honest));
        all.extend(self.wrong_bytes(honest));
        all.extend(self.wrong_groups(honest));
        if let Some(root) = &self.root {
            all.extend(self.wrong_issuers(root, honest));
        }
        all
    }

    /// Signs what an honest certificate would be but for `change`.
    fn signed(
        &self,
        kind: &str,
        honest: &Identity,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Animal {
        let key = KeyPair::generate().expect("a key");
        let mut params = leaf(honest, today()).expect("parameters");
        change(&mut params);
        let certificate = params
            .signed_by(&key, &issuer_of(&self.signer))
            .unwrap_or_else(|e| panic!("{kind}: {e}"));
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.behind.iter().cloned());
        Animal {
            kind: kind.to_owned(),
            chain,
            key,
        }
    }

    fn wrong_usages(&self, honest: &Identity) -> Vec<Animal> {
        let right = leaf(honest, today())
            .expect("parameters")
            .extended_key_usages;
        let sets: &[&[Eku]] = &[
            &[],
            &[Eku::ServerAuth],
            &[Eku::ClientAuth],
            &[Eku::ServerAuth, Eku::ClientAuth],
            &[Eku::Any],
            &[Eku::Any, Eku::ServerAuth, Eku::ClientAuth],
            &[Eku::CodeSigning],
            &[Eku::ClientAuth, Eku::CodeSigning],
            &[Eku::ServerAuth, Eku::ClientAuth, Eku::OcspSigning],
            &[
                Eku::ServerAuth,
                Eku::ClientAuth,
                Eku::Other(vec![1, 3, 6, 1, 4, 1, 1]),
            ],
        ];
        let mut all: Vec<_> = sets
            .iter()
            .filter(|set| **set != right)
            .map(|set| {
                self.signed(&format!("extended usage {set:?}"), honest, |p| {
                    p.extended_key_usages = set.to_vec();
                })
            })
            .collect();
        for set in [
            &[][..],
            &[Ku::KeyEncipherment],
            &[Ku::DigitalSignature, Ku::KeyCertSign],
            &[Ku::DigitalSignature, Ku::CrlSign],
            &[Ku::KeyCertSign],
        ] {
            all.push(self.signed(&format!("usage {set:?}"), honest, |p| {
                p.key_usages = set.to_vec();
            }));
        }
        let unconstrained = IsCa::Ca(BasicConstraints::Unconstrained);
        all.push(self.signed("a peer that may sign", honest, |p| p.is_ca = unconstrained));
        let zero = IsCa::Ca(BasicConstraints::Constrained(0));
        all.push(self.signed("a peer that may sign leaves", honest, |p| p.is_ca = zero));
        for (kind, oid) in [
            ("usage twice", &[2, 5, 29, 15][..]),
            ("extended usage twice", &[2, 5, 29, 37]),
            ("basic constraints twice", &[2, 5, 29, 19]),
        ] {
            all.push(self.signed(kind, honest, |p| {
                p.custom_extensions = vec![extension(oid, &[0x30, 0])];
            }));
        }
        all.push(self.signed("an unknown critical extension", honest, |p| {
            let mut unknown = extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], &[5, 0]);
            unknown.set_criticality(true);
            p.custom_extensions = vec![unknown];
        }));
        all.push(self.signed("malformed basic constraints", honest, |p| {
            p.is_ca = IsCa::NoCa;
            p.custom_extensions = vec![extension(&[2, 5, 29, 19], &[0x02, 1, 1])];
        }));
        all
    }

    fn wrong_chains(&self, honest: &Identity) -> Vec<Animal> {
        let key = || KeyPair::generate().expect("a key");
        let params = || leaf(honest, today()).expect("parameters");
        let animal = |kind: &str, chain: Vec<CertificateDer<'static>>, key| Animal {
            kind: kind.to_owned(),
            chain,
            key,
        };
        let mut all = Vec::new();

        let own = key();
        let alone = params().self_signed(&own).expect("signed");
        all.push(animal("signed by itself", vec![alone.der().clone()], own));

        let stranger = World::new("demo");
        let own = key();
        let foreign = params()
            .signed_by(&own, &issuer_of(&stranger.authority))
            .expect("signed");
        let foreign_ca = CertificateDer::from_pem_slice(stranger.authority.cert_pem().as_bytes());
        let sent = [foreign.der().clone(), foreign_ca.expect("a certificate")];
        all.push(animal(
            "a stranger's of the same fleet name",
            sent[..1].to_vec(),
            own,
        ));
        let own = key();
        let again = params()
            .signed_by(&own, &issuer_of(&stranger.authority))
            .expect("signed");
        let with_ca = vec![again.der().clone(), sent[1].clone()];
        all.push(animal("a stranger's with its authority", with_ca, own));

        let ca_key = KeyPair::from_pem(&self.signer.key_pem()).expect("a key");
        all.push(animal(
            "whoever signs, itself",
            vec![CertificateDer::from(self.signer.cert_der().to_vec())],
            ca_key,
        ));

        for (kind, is_ca) in [
            ("signed by a peer", IsCa::ExplicitNoCa),
            (
                "signed by an intermediate",
                IsCa::Ca(BasicConstraints::Unconstrained),
            ),
            (
                "signed by a last intermediate",
                IsCa::Ca(BasicConstraints::Constrained(0)),
            ),
        ] {
            let middle = self.signed(kind, honest, |p| {
                p.is_ca = is_ca;
                p.key_usages = vec![Ku::DigitalSignature, Ku::KeyCertSign];
            });
            let issuer = Issuer::from_ca_cert_der(&middle.chain[0], middle.key).expect("issuer");
            let own = key();
            let last = params().signed_by(&own, &issuer).expect("signed");
            let chain = vec![last.der().clone(), middle.chain[0].clone()];
            all.push(animal(kind, chain, own));
        }

        let mut extra = self.signed("honest, with the authority behind it", honest, |_| ());
        extra.chain.push(self.ca());
        all.push(extra);
        let mut twice = self.signed("honest, twice", honest, |_| ());
        twice.chain.push(twice.chain[0].clone());
        all.push(twice);
        let mut stolen = self.signed("honest, with another key", honest, |_| ());
        stolen.key = key();
        all.push(stolen);
        all.push(animal("no certificate", Vec::new(), key()));
        all
    }

    fn named(&self, kind: &str, honest: &Identity, names: &Names<'_>) -> Animal {
        self.signed(kind, honest, |p| {
            p.subject_alt_names.clear();
            p.custom_extensions = vec![names_extension(names)];
        })
    }
}

/// The role on the judging side.
fn other_side(role: Role) -> Role {
    match role {
        Role::Operator => Role::Node,
        Role::Node | Role::Keeper | Role::Relay => Role::Operator,
    }
}

fn other_roles(role: Role) -> impl Iterator<Item = Role> {
    Role::ALL.into_iter().filter(move |&other| other != role)
}

fn names_extension(names: &Names<'_>) -> CustomExtension {
    let content: Vec<u8> = names
        .iter()
        .flat_map(|(tag, bytes)| der(*tag, bytes))
        .collect();
    extension(&[2, 5, 29, 17], &der(0x30, &content))
}

fn extension(oid: &[u64], content: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(oid, content.to_vec())
}

/// One DER value: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|b| **b == 0).count()..];
    let mut out = vec![tag];
    if content.len() < 0x80 {
        out.push(u8::try_from(content.len()).expect("short"));
    } else {
        out.push(0x80 | u8::try_from(digits.len()).expect("eight at most"));
        out.extend(digits);
    }
    out.extend(content);
    out
}

/// Alternative names as tag and content.
type Names<'a> = [(u8, &'a [u8])];

const MAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;
