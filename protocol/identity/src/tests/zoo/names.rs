//! Kinds of names that are nobody's: one URI that is not the right text, and other names beside it.

use hailer_protocol::role::Identity;
use rcgen::{DistinguishedName, DnType};

use super::{Animal, DNS, IP, Keeper, MAIL, Names, URI, extension, names_extension, other_roles};
use crate::server_name;
use crate::tests::identity;

impl Keeper {
    /// One URI name, but not the right text.
    #[expect(clippy::too_many_lines, reason = "one flat list of texts")]
    pub(super) fn wrong_texts(&self, honest: &Identity) -> Vec<Animal> {
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
            format!("spiffe://demo/{role}/{name};x"),
            format!("spiffe://demo/{role}/{name}:443"),
            format!("spiffe://demo/{role}/{name}@demo"),
            format!("spiffe://demo/{role}/$(id)"),
            format!("spiffe://demo/{role}/`id`"),
            format!("spiffe://demo/{role}/\"{name}\""),
            format!("spiffe://demo/{role}/'{name}'"),
            format!("spiffe://demo/{role}/{name}|x"),
            format!("spiffe://demo/{role}/[{name}]"),
            format!("spiffe://demo/{role}/{name}\u{7f}"),
            format!("spiffe://demo/{role}/{name}\u{202e}"),
            format!("spiffe://demo/{role}/{name}\u{ff0f}x"),
            format!("spiffe://demo/{role}/\u{3000}{name}"),
            format!("spiffe://demo%2f{role}/{name}"),
            format!("spiffe://demo/{role}%2f{name}"),
            format!("spiffe://demo/{role}s/{name}"),
            format!("spiffe://demo/ {role}/{name}"),
            format!("spiffe:demo/{role}/{name}"),
            format!("spiffe//demo/{role}/{name}"),
            format!("spiffe:////demo/{role}/{name}"),
            format!("spiffe://demo./{role}/{name}"),
            format!("spiffe://.demo/{role}/{name}"),
            format!("xspiffe://demo/{role}/{name}"),
            format!("spiffe://demo/any/{name}"),
            format!("spiffe://demo/operator+{role}/{name}"),
            format!("spiffe://demo/{role}/\u{feff}"),
            format!("spiffe://demo/{role}/."),
            format!("spiffe://demo/{role}/_"),
            format!("{}spiffe://demo/{role}/{name}", " ".repeat(1_000)),
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
    pub(super) fn wrong_names(&self, honest: &Identity) -> Vec<Animal> {
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
}
