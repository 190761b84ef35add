//! Kinds beside names and usages: times, damaged bytes, groups in odd forms.

use hailer_protocol::role::Identity;
use hailer_protocol::time::Wall;
use rustls_pki_types::CertificateDer;

use super::{Animal, Keeper, NOW, der, extension, leaf};
use crate::groups;

impl Keeper {
    pub(super) fn wrong_times(&self, honest: &Identity) -> Vec<Animal> {
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

    /// Honest certificates, damaged.
    pub(super) fn wrong_bytes(&self, honest: &Identity) -> Vec<Animal> {
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

    /// The extension that puts operators into groups, in every other form than the right one. For
    /// anybody else even the right one is wrong.
    pub(super) fn wrong_groups(&self, honest: &Identity) -> Vec<Animal> {
        const TEXT: u8 = 0x0c;
        let list = |tag: u8, texts: &[&[u8]]| {
            let content: Vec<u8> = texts.iter().flat_map(|text| der(tag, text)).collect();
            der(0x30, &content)
        };
        let long = [b'x'; 65];
        let names: Vec<String> = (0..33).map(|n| format!("{n:02}")).collect();
        let many: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        let good = list(TEXT, &[b"dba", b"oncall"]);
        let forms = [
            ("no groups in the list", list(TEXT, &[])),
            ("groups in another order", list(TEXT, &[b"oncall", b"dba"])),
            ("a group twice", list(TEXT, &[b"dba", b"dba"])),
            ("an empty group", list(TEXT, &[b""])),
            ("two groups in one text", list(TEXT, &[b"dba,oncall"])),
            ("a group with a blank", list(TEXT, &[b"dba "])),
            ("a group with a star", list(TEXT, &[b"*"])),
            ("a group with a zero byte", list(TEXT, &[b"dba\0x"])),
            ("a group with a line feed", list(TEXT, &[b"dba\n"])),
            ("a group with an escape", list(TEXT, &[b"\x1b[2J"])),
            ("a group that is not UTF-8", list(TEXT, &[b"\xff"])),
            (
                "a group outside ASCII",
                list(TEXT, &["db\u{430}".as_bytes()]),
            ),
            ("a group that is too long", list(TEXT, &[&long])),
            ("too many groups", list(TEXT, &many)),
            ("groups as printable strings", list(0x13, &[b"dba"])),
            ("groups as bytes", list(0x04, &[b"dba"])),
            ("a set of groups", der(0x31, &der(TEXT, b"dba"))),
            ("one group and no list", der(TEXT, b"dba")),
            ("a list in a list", der(0x30, &good)),
            ("bytes behind the groups", [good.clone(), vec![0]].concat()),
            ("groups cut short", good[..good.len() - 1].to_vec()),
            (
                "a length that is too long",
                [&[0x30, 0x81, 13], &good[2..]].concat(),
            ),
            (
                "an endless list",
                [&[0x30, 0x80], &good[2..], &[0, 0]].concat(),
            ),
            ("no bytes for groups", Vec::new()),
        ];
        let mut all: Vec<Animal> = forms
            .iter()
            .map(|(kind, form)| {
                self.signed(kind, honest, |p| {
                    p.custom_extensions = vec![extension(groups::OID, form)];
                })
            })
            .collect();
        all.push(self.signed("groups twice", honest, |p| {
            p.custom_extensions = vec![extension(groups::OID, &good); 2];
        }));
        all.push(
            self.signed("groups that other tools must understand", honest, |p| {
                let mut critical = extension(groups::OID, &good);
                critical.set_criticality(true);
                p.custom_extensions = vec![critical];
            }),
        );
        all
    }
}
