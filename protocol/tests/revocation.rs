//! Revocation lists: their one encoding, and which list counts.

use std::fmt::Write as _;

use hailer_protocol::ids::Name;
use hailer_protocol::limits::{REVOKED_MAX, SERIAL_MAX};
use hailer_protocol::revocation::{
    ListSigner, REVOCATION_VERSION, RevocationError, RevocationList, Revocations, Revoked,
    SignedRevocations,
};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use proptest::prelude::*;

const NOW: Wall = Wall(1_800_000_000_000);
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/revocation.txt");

fn identity(role: Role, own_name: &str) -> Identity {
    Identity {
        fleet: Name::new("demo").expect("a name"),
        role,
        name: Name::new(own_name).expect("a name"),
    }
}

fn certificate(role: Role, own_name: &str, serial: &[u8]) -> Revoked {
    Revoked::Certificate {
        identity: identity(role, own_name),
        serial: serial.to_vec(),
    }
}

fn before(role: Role, own_name: &str, moment: i64) -> Revoked {
    Revoked::Before {
        identity: identity(role, own_name),
        moment: Wall(moment),
    }
}

fn issuer(role: Role) -> Revoked {
    Revoked::Issuer {
        role,
        serial: vec![9],
    }
}

fn list(number: u64, revoked: Vec<Revoked>) -> RevocationList {
    RevocationList {
        version: REVOCATION_VERSION,
        fleet: Name::new("demo").expect("a name"),
        number,
        issued_at: NOW,
        next_update: Wall(NOW.0 + 3_600_000),
        revoked,
    }
}

fn by_issuer(role: Role) -> ListSigner {
    ListSigner::Issuer {
        role,
        serial: vec![9],
    }
}

#[test]
fn a_list_has_one_encoding_and_the_bytes_it_always_had() {
    let entries = vec![
        certificate(Role::Operator, "ada", &[1, 2, 3]),
        before(Role::Node, "web001", 1_700_000_000_000),
        issuer(Role::Keeper),
    ];
    let mut reversed = entries.clone();
    reversed.reverse();
    reversed.push(entries[1].clone());
    let (one, two) = (list(7, entries), list(7, reversed));
    let encoded = one.encode().expect("well formed");
    assert_eq!(two.encode(), Ok(encoded.clone()), "sorted, each once");
    assert_eq!(RevocationList::decode(&encoded), Ok(one));
    let raw = hailer_protocol::codec::encode(&two).expect("small");
    assert_eq!(
        RevocationList::decode(&raw),
        Err(RevocationError::NotCanonical)
    );
    for at in 0..encoded.len() {
        assert!(
            RevocationList::decode(&encoded[..at]).is_err(),
            "cut at {at}"
        );
    }
    let longer = [&encoded[..], &[0]].concat();
    assert!(RevocationList::decode(&longer).is_err());
    let signed = SignedRevocations {
        list: encoded.clone(),
        issuer: Some(vec![0xc1; 3]),
        signature: vec![0x51; 4],
    };
    let signed_bytes = signed.encode().expect("small");
    assert_eq!(SignedRevocations::decode(&signed_bytes), Ok(signed));

    let mut now = String::new();
    for (name, bytes) in [
        ("list", &encoded),
        ("what is signed", &RevocationList::signed_bytes(&encoded)),
        ("signed list", &signed_bytes),
    ] {
        let _ = write!(now, "{name}: ");
        for byte in bytes {
            let _ = write!(now, "{byte:02x}");
        }
        now.push('\n');
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(FILE, &now).expect("the file can be written");
    }
    assert_eq!(
        std::fs::read_to_string(FILE).expect("the file is there"),
        now
    );
}

#[test]
fn what_is_over_a_bound_or_about_another_fleet_is_neither_written_nor_read() {
    let other = Revoked::Before {
        identity: Identity {
            fleet: Name::new("other").expect("a name"),
            ..identity(Role::Node, "a")
        },
        moment: NOW,
    };
    let many = (0..=REVOKED_MAX)
        .map(|n| before(Role::Node, &format!("n{n}"), 1))
        .collect();
    let wide = (0..5_000)
        .map(|n| before(Role::Node, &format!("{n:0250}"), 1))
        .collect();
    let mut version = list(1, Vec::new());
    version.version = 2;
    let mut order = list(1, Vec::new());
    order.next_update = order.issued_at;
    for bad in [
        list(1, vec![certificate(Role::Node, "a", &[])]),
        list(1, vec![certificate(Role::Node, "a", &[1; SERIAL_MAX + 1])]),
        list(1, vec![other]),
        list(1, many),
        list(1, wide),
        version,
        order,
    ] {
        assert!(bad.encode().is_err());
        if let Ok(raw) = hailer_protocol::codec::encode(&bad) {
            assert!(RevocationList::decode(&raw).is_err());
        }
    }
}

#[test]
fn a_certificate_is_revoked_by_its_number_or_by_when_it_begins() {
    let list = list(
        1,
        vec![
            certificate(Role::Operator, "ada", &[1, 2]),
            before(Role::Operator, "bob", 500),
            Revoked::Issuer {
                role: Role::Node,
                serial: vec![1, 2],
            },
        ],
    );
    for (role, who, serial, begins, expected) in [
        (Role::Operator, "ada", &[1, 2][..], 0, true),
        (Role::Operator, "ada", &[1, 3], 0, false),
        (Role::Operator, "ada", &[1, 2, 0], 0, false),
        (Role::Operator, "Ada", &[1, 2], 0, false),
        (Role::Node, "ada", &[1, 2], 0, false),
        (Role::Operator, "bob", &[7], 499, true),
        (Role::Operator, "bob", &[7], 500, false),
        (Role::Operator, "bobby", &[7], 0, false),
    ] {
        let is_revoked = list.is_revoked(&identity(role, who), serial, Wall(begins));
        assert_eq!(is_revoked, expected, "{role} {who} {serial:?} {begins}");
    }
    assert!(list.is_issuer_revoked(Role::Node, &[1, 2]));
    assert!(!list.is_issuer_revoked(Role::Keeper, &[1, 2]));
    assert!(!list.is_issuer_revoked(Role::Node, &[1]));
}

#[test]
fn an_old_list_never_undoes_a_new_one() {
    let mut lists = Revocations::default();
    let ada = identity(Role::Operator, "ada");
    let revoking = list(5, vec![certificate(Role::Operator, "ada", &[1])]);
    assert_eq!(
        lists.take(NOW, ListSigner::Authority, revoking.clone()),
        Ok(())
    );
    assert!(lists.is_revoked(&ada, &[1], NOW));
    for number in [0, 4, 5] {
        let refused = lists.take(NOW, ListSigner::Authority, list(number, Vec::new()));
        assert_eq!(
            refused,
            Err(RevocationError::NotNewer {
                theirs: number,
                ours: 5
            })
        );
    }
    assert!(lists.is_revoked(&ada, &[1], NOW));
    // Each signer counts on its own, and takes back only what it said itself.
    assert_eq!(
        lists.take(NOW, by_issuer(Role::Operator), list(1, Vec::new())),
        Ok(())
    );
    assert!(lists.is_revoked(&ada, &[1], NOW));
    assert_eq!(
        lists.take(NOW, ListSigner::Authority, list(6, Vec::new())),
        Ok(())
    );
    assert!(!lists.is_revoked(&ada, &[1], NOW));
}

#[test]
fn an_issuer_speaks_of_its_own_role_alone_and_a_revoked_one_of_nothing() {
    let mut lists = Revocations::default();
    for entry in [
        certificate(Role::Operator, "ada", &[1]),
        before(Role::Keeper, "k", 1),
        issuer(Role::Node),
        issuer(Role::Operator),
    ] {
        let refused = lists.take(NOW, by_issuer(Role::Node), list(1, vec![entry]));
        assert!(
            matches!(refused, Err(RevocationError::Scope { .. })),
            "{refused:?}"
        );
    }
    let web = identity(Role::Node, "web001");
    let own = list(u64::MAX, vec![certificate(Role::Node, "web001", &[1])]);
    assert_eq!(lists.take(NOW, by_issuer(Role::Node), own), Ok(()));
    assert!(lists.is_revoked(&web, &[1], NOW));
    // The issuer was stolen: its word and its number go with it, and its successor begins anew.
    assert_eq!(
        lists.take(
            NOW,
            ListSigner::Authority,
            list(1, vec![issuer(Role::Node)])
        ),
        Ok(())
    );
    assert!(!lists.is_revoked(&web, &[1], NOW));
    let again = lists.take(NOW, by_issuer(Role::Node), list(1, Vec::new()));
    assert_eq!(again, Err(RevocationError::IssuerRevoked(Role::Node)));
    let next = ListSigner::Issuer {
        role: Role::Node,
        serial: vec![10],
    };
    assert_eq!(lists.take(NOW, next, list(1, Vec::new())), Ok(()));
}

#[test]
fn a_list_from_the_future_is_refused_and_an_overdue_one_is_stale_and_holds() {
    let mut lists = Revocations::default();
    let early = Wall(NOW.0 - 30_001);
    let entries = vec![before(Role::Node, "a", NOW.0)];
    let refused = lists.take(early, ListSigner::Authority, list(1, entries.clone()));
    assert!(matches!(refused, Err(RevocationError::Ahead { .. })));
    let later = Wall(NOW.0 - 30_000);
    assert_eq!(
        lists.take(later, ListSigner::Authority, list(1, entries)),
        Ok(())
    );
    let due = Wall(NOW.0 + 3_600_000 + 30_000);
    assert_eq!(lists.stale(due).count(), 0);
    let overdue = Wall(due.0 + 1);
    assert_eq!(lists.stale(overdue).collect::<Vec<_>>(), [None]);
    assert!(lists.is_revoked(&identity(Role::Node, "a"), &[1], Wall(0)));
}

proptest! {
    #[test]
    fn random_bytes_decode_to_nothing_but_themselves(
        tail in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
    ) {
        let good = list(7, vec![certificate(Role::Node, "a", &[1]), issuer(Role::Node)]);
        let good = good.encode().expect("well formed");
        let bytes = [&good[..at.index(good.len())], &tail].concat();
        if let Ok(read) = RevocationList::decode(&bytes) {
            prop_assert_eq!(read.encode(), Ok(bytes));
        }
    }
}
