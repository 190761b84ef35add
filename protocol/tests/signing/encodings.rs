//! The one right encoding, its bounds, and its golden bytes in `tests/data/signing.txt`.

use std::fmt::Write as _;

use hailer_protocol::limits;
use hailer_protocol::signing::{SigningError, leaf};
use proptest::prelude::*;

use super::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/signing.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[test]
fn signed_bytes_are_what_they_always_were() {
    let tree = tree(3);
    let full = statement(&tree);
    let mut least = full.clone();
    least.action.grant = Grant::Read;
    least.action.run_as = None;
    (least.reason, least.policy) = (None, None);
    let mut long = full.clone();
    long.action.command = Command::new("é".repeat(1_500));
    let encoded = full.encode().expect("well formed");
    let block = block(&full, tree.proof(2).expect("there"));
    let samples = [
        ("leaf", leaf(&node(0), &body(0)).0.to_vec()),
        ("root of 3", tree.root().0.to_vec()),
        ("root of 1", super::tree(1).root().0.to_vec()),
        ("statement", encoded.clone()),
        ("statement, least", least.encode().expect("well formed")),
        (
            "statement, long command",
            long.encode().expect("well formed"),
        ),
        ("signed", Statement::signed_bytes(&encoded)),
        ("approved", Statement::approved_bytes(&encoded)),
        ("block", block.encode().expect("well formed")),
    ];
    let now: String = samples
        .iter()
        .map(|(name, bytes)| format!("{name}: {}\n", hex(bytes)))
        .collect();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(FILE, &now).expect("the file can be written");
    }
    assert_eq!(
        std::fs::read_to_string(FILE).expect("the file is there"),
        now
    );
    assert_eq!(SignedBlock::decode(&samples[8].1), Ok(block));
    assert_eq!(Statement::decode(&encoded), Ok(full));
}

#[test]
fn a_number_written_longer_than_needed_is_refused() {
    let encoded = statement(&tree(3)).encode().expect("well formed");
    // The fleet's length, 4, written in three bytes: the decoder would take it.
    let padded = [&encoded[..1], &[251, 4, 0], &encoded[2..]].concat();
    assert_eq!(encoded[1], 4);
    assert_eq!(
        Statement::decode(&padded),
        Err(SigningError::NotCanonical("statement"))
    );
    let bytes = block(&statement(&tree(3)), tree(3).proof(0).expect("there"))
        .encode()
        .expect("well formed");
    assert!(bytes[0] < 251, "a length in one byte");
    let padded = [&[251, bytes[0], 0][..], &bytes[1..]].concat();
    assert_eq!(
        SignedBlock::decode(&padded),
        Err(SigningError::NotCanonical("signature block"))
    );
}

#[test]
fn blocks_and_statements_cut_or_lengthened_anywhere_are_refused() {
    let statement = statement(&tree(3));
    let encoded = statement.encode().expect("well formed");
    let bytes = block(&statement, tree(3).proof(1).expect("there"))
        .encode()
        .expect("well formed");
    for at in 0..encoded.len() {
        assert!(Statement::decode(&encoded[..at]).is_err(), "cut at {at}");
    }
    for at in 0..bytes.len() {
        assert!(SignedBlock::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
    for rest in [&[0][..], &[0; 7]] {
        assert!(Statement::decode(&[&encoded, rest].concat()).is_err());
        assert!(SignedBlock::decode(&[&bytes, rest].concat()).is_err());
    }
}

#[test]
fn what_is_over_a_bound_is_neither_written_nor_read() {
    let tree = tree(3);
    let good = statement(&tree);
    let change: [(&str, Change<'_, Statement>); 7] = [
        ("too_large", &|s| {
            s.reason = Some("x".repeat(limits::SIGNED_REASON_MAX + 1))
        }),
        ("too_large", &|s| {
            s.action.run_as = Some("x".repeat(limits::SIGNED_USER_MAX + 1))
        }),
        ("too_large", &|s| {
            s.action.command.text = "x".repeat(limits::SIGNED_COMMAND_MAX + 1)
        }),
        ("text", &|s| s.reason = Some(String::new())),
        ("text", &|s| s.reason = Some("a\nb".to_owned())),
        ("text", &|s| s.reason = Some("\u{1b}[2J".to_owned())),
        ("text", &|s| s.action.run_as = Some("root\0".to_owned())),
    ];
    for (kind, change) in change {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(bad.encode().map_err(|e| e.kind()), Err(kind), "{bad:?}");
        let raw = hailer_protocol::codec::encode(&bad).expect("small");
        assert_eq!(Statement::decode(&raw).map_err(|e| e.kind()), Err(kind));
    }
    let good = block(&good, tree.proof(0).expect("there"));
    let change: [(&str, Change<'_, SignedBlock>); 9] = [
        ("unsigned", &|b| b.chain.clear()),
        ("unsigned", &|b| b.signature.clear()),
        ("unsigned", &|b| b.approvals[0].chain.clear()),
        ("unsigned", &|b| b.approvals[0].signature.clear()),
        ("too_large", &|b| {
            b.chain = vec![vec![1]; limits::CHAIN_MAX + 1]
        }),
        ("too_large", &|b| {
            b.signature = vec![1; limits::SIGNATURE_MAX + 1]
        }),
        ("too_large", &|b| {
            b.approvals = vec![b.approvals[0].clone(); limits::APPROVALS_MAX + 1]
        }),
        ("too_large", &|b| {
            b.proof.siblings = vec![Digest([0; 32]); limits::PROOF_DEPTH_MAX + 1]
        }),
        ("too_large", &|b| {
            b.chain = vec![vec![1; limits::ENVELOPE_AUTH_MAX]]
        }),
    ];
    for (kind, change) in change {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(bad.encode().map_err(|e| e.kind()), Err(kind));
        let raw = hailer_protocol::codec::encode(&bad).expect("small");
        assert_eq!(SignedBlock::decode(&raw).map_err(|e| e.kind()), Err(kind));
    }
}

#[test]
fn a_statement_of_another_version_is_called_so() {
    let mut encoded = statement(&tree(1)).encode().expect("well formed");
    encoded[0] = 2;
    assert_eq!(Statement::decode(&encoded), Err(SigningError::Version(2)));
}

#[test]
fn a_signature_never_passes_for_an_approval() {
    let encoded = statement(&tree(1)).encode().expect("well formed");
    let (signed, approved) = (
        Statement::signed_bytes(&encoded),
        Statement::approved_bytes(&encoded),
    );
    assert!(!signed.starts_with(&approved[..30]) && !approved.starts_with(&signed[..30]));
}

proptest! {
    #[test]
    fn random_bytes_decode_to_nothing_but_themselves(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        good in 0_usize..3,
        at in any::<prop::sample::Index>(),
    ) {
        // Random bytes on their own hardly get past the first length; grafted upon good ones they do.
        let whole = statement(&tree(3));
        let bytes = match good {
            0 => bytes,
            1 => {
                let own = whole.encode().expect("well formed");
                [&own[..at.index(own.len())], &bytes].concat()
            }
            _ => {
                let own = block(&whole, tree(3).proof(0).expect("there")).encode().expect("well formed");
                [&own[..at.index(own.len())], &bytes].concat()
            }
        };
        if let Ok(read) = Statement::decode(&bytes) {
            prop_assert_eq!(read.encode().expect("well formed"), bytes.clone());
        }
        if let Ok(read) = SignedBlock::decode(&bytes) {
            prop_assert_eq!(read.encode().expect("well formed"), bytes);
        }
    }
}
