//! The certificate zoo: everything that must not pass for a peer, presented in real handshakes on
//! both sides. What differs from an honest certificate is one thing at a time, and the honest one
//! is tried as well, so that a refusal means that very thing.

use std::sync::Arc;

use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Eku, IsCa, Issuer, KeyPair, KeyUsagePurpose as Ku,
};
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{NOW, World, identity, presenting, rogue_client, rogue_server, shake, today};
use crate::template::leaf;
use crate::tls::Side;
use crate::{Authority, client_config, server_config, server_name};

/// What a peer presents.
struct Animal {
    kind: String,
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// Who keeps the zoo: the authority's own key, since most kinds are signed by it in earnest.
struct Keeper {
    world: World,
    ca: CertificateDer<'static>,
}

#[test]
fn nothing_in_the_zoo_passes_for_an_operator_or_a_node() {
    let keeper = Keeper::new();
    for (role, own_name) in [(Role::Operator, "ada"), (Role::Node, "web001")] {
        let honest = identity("demo", role, own_name);
        let control = keeper.signed("honest", &honest, |_| ());
        assert_eq!(present(&keeper, &honest, &control), None, "the control");
        let animals = keeper.animals(&honest);
        let kinds: std::collections::BTreeSet<_> = animals.iter().map(|a| &a.kind).collect();
        assert_eq!(kinds.len(), animals.len(), "every kind once");
        assert!(kinds.len() >= 100, "{} kinds", kinds.len());
        for animal in &animals {
            let refused = present(&keeper, &honest, animal);
            assert!(refused.is_some(), "{role}: `{}` was accepted", animal.kind);
        }
    }
}

/// Presents an animal to the honest other side and returns the refusal, which must be that side's.
fn present(keeper: &Keeper, honest: &Identity, animal: &Animal) -> Option<String> {
    let trust = &keeper.world.trust;
    let presents = presenting(animal.chain.clone(), &animal.key);
    let (done, judge) = if honest.role == Role::Operator {
        let node = keeper.world.credentials(Role::Node, "judge");
        let server = server_config(&node, trust, &[Role::Operator]).expect("server");
        let dialled = server_name(node.identity());
        let client = rogue_client(trust, presents);
        (shake(client, server, &dialled), Side::Server)
    } else {
        let ada = keeper.world.credentials(Role::Operator, "judge");
        let client = client_config(&ada, trust, &[honest.role]).expect("client");
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
    fn new() -> Self {
        let world = World::new("demo");
        let ca = CertificateDer::from_pem_slice(world.authority.cert_pem().as_bytes())
            .expect("a certificate");
        Self { world, ca }
    }

    fn animals(&self, honest: &Identity) -> Vec<Animal> {
        let mut all = Vec::new();
        all.extend(self.wrong_texts(honest));
        all.extend(self.wrong_names(honest));
        all.extend(self.wrong_usages(honest));
        all.extend(self.wrong_times(honest));
        all.extend(self.wrong_chains(honest));
        all.extend(self.wrong_bytes(honest));
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
            .signed_by(&key, &issuer_of(&self.world.authority))
            .unwrap_or_else(|e| panic!("{kind}: {e}"));
        Animal {
            kind: kind.to_owned(),
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// One URI name, but not the right text.
    #[expect(clippy::too_many_lines, reason = "one flat list of texts")]
    fn wrong_texts(&self, honest: &Identity) -> Vec<Animal> {
        let (role, name) = (honest.role, &honest.name);
        let mut texts: Vec<Vec<u8>> = [
            String::new(),
            format!("spiffe://demo/{}/{name}", role.as_str().to_uppercase()),
            format!("SPIFFE://demo/{role}/{name}"),
            format!("spiffe://DEMO/{role}/{name}"),
            format!("spiffe://demo2/{role}/{name}"),
            format!("spiffe://demo.evil/{role}/{name}"),
            format!("spiffe://other/{role}/{name}"),
            format!("spiffe://*/{role}/{name}"),
            format!("spiffe://demo/*/{name}"),
            format!("spiffe://demo/{role}/*"),
            format!("spiffe://demo/{role}/*.{name}"),
            format!("spiffe://demo/{role}/{name},mallory"),
            format!("spiffe://demo/{role},node/{name}"),
            format!("spiffe://demo/{role}/{name}, spiffe://demo/{role}/x"),
            format!("spiffe://demo/{role}/{name}\0"),
            format!("spiffe://demo/{role}/{name}\0.evil"),
            format!("\0spiffe://demo/{role}/{name}"),
            format!("spiffe://demo/{role}/{name}\n"),
            format!("spiffe://demo/{role}/{name}\r\n"),
            format!("spiffe://demo/{role}/x\n{name}"),
            format!(" spiffe://demo/{role}/{name}"),
            format!("spiffe://demo/{role}/{name} "),
            format!("spiffe://demo/{role}/{name}\t"),
            format!("spiffe://demo/{role}/{name}/"),
            format!("spiffe://demo/{role}//{name}"),
            format!("spiffe:///demo/{role}/{name}"),
            format!("spiffe://demo/{role}/{name}/x"),
            format!("spiffe://demo/x/{role}/{name}"),
            format!("spiffe://demo/{role}"),
            format!("spiffe://demo/{role}/"),
            format!("spiffe://demo/{name}"),
            "spiffe://demo".to_owned(),
            format!("spiffe://demo/root/{name}"),
            format!("spiffe://demo/enroller/{name}"),
            format!("spiffe://demo/{role}/%77eb001"),
            format!("spiffe://demo/{role}/{name}?x"),
            format!("spiffe://demo/{role}/{name}#x"),
            format!("spiffe://demo:443/{role}/{name}"),
            format!("spiffe://u@demo/{role}/{name}"),
            format!("https://demo/{role}/{name}"),
            format!("demo/{role}/{name}"),
            format!("spiffe://demo\\{role}\\{name}"),
            format!("spiffe://demo/{role}/../{role}/{name}"),
            format!("spiffe://demo/{role}/..{name}"),
            format!("spiffe://demo/{role}/-{name}"),
            format!("spiffe://demo/{role}/{}", "n".repeat(254)),
            format!("spiffe://demo/{role}/{}", "n".repeat(5_000)),
            format!("spiffe://demo/{role}/wéb001"),
            format!("spiffe://demo/{role}/w\u{435}b001"),
            format!("spiffe://demo/{role}/{name}\u{200b}"),
            format!("\u{feff}spiffe://demo/{role}/{name}"),
            format!("spiffe://demo/{role}/\u{1b}[2J{name}"),
            format!("spiffe://demo/{role}/${{{name}}}"),
        ]
        .into_iter()
        .map(String::into_bytes)
        .collect();
        texts.push([b"spiffe://demo/".as_slice(), b"\xff\xfe"].concat());
        texts.push(
            format!("spiffe://demo/{role}/{name}")
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect(),
        );
        texts
            .into_iter()
            .map(|text| {
                let kind = format!("the text {}", text.escape_ascii());
                self.named(&kind, honest, &[(URI, &text)])
            })
            .chain(other_roles(honest.role).map(|role| {
                let wrong = identity("demo", role, honest.name.as_str());
                self.signed(&format!("an honest {role}"), &wrong, |_| ())
            }))
            .collect()
    }

    /// Names of other kinds, or several.
    fn wrong_names(&self, honest: &Identity) -> Vec<Animal> {
        let own = honest.to_string().into_bytes();
        let other = b"spiffe://demo/node/other".as_slice();
        let dns = honest.name.as_str().as_bytes();
        let dialled = server_name(honest);
        let kinds: &[(&str, &Names<'_>)] = &[
            ("no name in the extension", &[]),
            ("the same URI twice", &[(URI, &own), (URI, &own)]),
            ("two URIs", &[(URI, &own), (URI, other)]),
            ("two URIs, the other first", &[(URI, other), (URI, &own)]),
            ("a URI and a host name", &[(URI, &own), (DNS, dns)]),
            ("a host name and a URI", &[(DNS, dns), (URI, &own)]),
            (
                "a URI and an address",
                &[(URI, &own), (IP, &[127, 0, 0, 1])],
            ),
            ("a URI and a mail address", &[(URI, &own), (MAIL, b"a@b")]),
            (
                "a URI and a registered id",
                &[(URI, &own), (0x88, &[0x2a, 3])],
            ),
            ("a URI and an unknown kind", &[(URI, &own), (0x8c, b"x")]),
            ("a host name only", &[(DNS, dns)]),
            ("the identity as a host name", &[(DNS, &own)]),
            ("the identity as a mail address", &[(MAIL, &own)]),
            ("the identity as an address", &[(IP, &own)]),
            (
                "the server name as a host name",
                &[(DNS, dialled.as_bytes())],
            ),
        ];
        let mut all: Vec<_> = kinds
            .iter()
            .map(|(kind, names)| self.named(kind, honest, names))
            .collect();
        all.push(self.signed("no name at all", honest, |p| p.subject_alt_names.clear()));
        all.push(self.signed("the identity as common name", honest, |p| {
            p.subject_alt_names.clear();
            p.distinguished_name = DistinguishedName::new();
            p.distinguished_name
                .push(DnType::CommonName, honest.to_string());
        }));
        all.push(self.signed("the names twice", honest, |p| {
            p.custom_extensions = vec![names_extension(&[(URI, &own)])];
        }));
        all.push(self.signed("names that end too early", honest, |p| {
            p.subject_alt_names.clear();
            p.custom_extensions = vec![extension(&[2, 5, 29, 17], &[0x30, 0x10, URI, 0x20, b's'])];
        }));
        all
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

    fn wrong_times(&self, honest: &Identity) -> Vec<Animal> {
        let (long_ago, ahead) = (NOW.0 - 10_000_000_000, NOW.0 + 10_000_000_000);
        [
            ("expired by a second", long_ago, NOW.0 - 1_000),
            ("expired long ago", long_ago, long_ago + 1_000),
            ("not valid for another second", NOW.0 + 1_000, ahead),
            ("not valid for long", ahead, ahead + 1_000),
            ("valid from its end to its beginning", ahead, long_ago),
        ]
        .map(|(kind, from, to)| {
            let span = crate::Validity {
                not_before: Wall(from),
                not_after: Wall(to),
            };
            self.signed(kind, honest, |p| {
                let dated = leaf(honest, span).expect("parameters");
                (p.not_before, p.not_after) = (dated.not_before, dated.not_after);
            })
        })
        .into()
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

        let ca_key = KeyPair::from_pem(&self.world.authority.key_pem()).expect("a key");
        all.push(animal(
            "the authority itself",
            vec![self.ca.clone()],
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
        extra.chain.push(self.ca.clone());
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

    /// Honest certificates, damaged.
    fn wrong_bytes(&self, honest: &Identity) -> Vec<Animal> {
        let damaged = |kind: &str, damage: &dyn Fn(&mut Vec<u8>)| {
            let mut animal = self.signed(kind, honest, |_| ());
            let mut der = animal.chain[0].to_vec();
            damage(&mut der);
            animal.chain = vec![CertificateDer::from(der)];
            animal
        };
        let name = honest.name.as_str().as_bytes();
        vec![
            damaged("empty bytes", &Vec::clear),
            damaged("a byte too many", &|der| der.push(0)),
            damaged("cut in half", &|der| der.truncate(der.len() / 2)),
            damaged("a damaged signature", &|der| {
                *der.last_mut().expect("bytes") ^= 1;
            }),
            damaged("another name under the old signature", &|der| {
                let at = der
                    .windows(name.len())
                    .position(|w| w == name)
                    .expect("the name");
                der[at] ^= 1;
            }),
            damaged("text", &|der| {
                *der = b"-----BEGIN CERTIFICATE-----".to_vec()
            }),
        ]
    }

    fn named(&self, kind: &str, honest: &Identity, names: &Names<'_>) -> Animal {
        self.signed(kind, honest, |p| {
            p.subject_alt_names.clear();
            p.custom_extensions = vec![names_extension(names)];
        })
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
