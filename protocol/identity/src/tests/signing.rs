//! Signed runs from end to end: who signed is found out, and whatever anybody between operator and
//! node changes is refused.

use std::collections::BTreeMap;

use hailer_protocol::grant::Grant;
use hailer_protocol::holder::Holder;
use hailer_protocol::ids::{Digest, Name, RunId};
use hailer_protocol::role::Role;
use hailer_protocol::signing::{
    Action, Checked, Command, Nonce, Own, STATEMENT_VERSION, SignedBlock, Statement, Targets, Tree,
    check,
};
use hailer_protocol::time::Wall;
use rustls_pki_types::CertificateDer;

use super::hierarchy::{a_year, operator, root};
use super::{DAY, NOW, World, identity, name, today, trust_in};
use crate::{Authority, Credentials, SignError, SignatureJudge, Signer, SignerRefused};

/// A fleet with an issuer of operators, and a run of theirs.
struct Scene {
    judge: SignatureJudge,
    operators: Authority,
    nodes: Vec<Name>,
    tree: Tree,
}

/// One thing that is put in another's place.
type Change<'a> = &'a dyn Fn(&mut SignedBlock);

const TARGETS: u32 = 13;

impl Scene {
    fn new() -> Self {
        let root = root();
        let trust = trust_in("demo", root.cert_pem(), NOW);
        let nodes: Vec<Name> = (0..TARGETS).map(|n| name(&format!("web{n:03}"))).collect();
        let tree = Tree::of(nodes.iter().map(|n| (n, body_of(n)))).expect("a tree");
        Self {
            judge: SignatureJudge::new(&trust).expect("a judge"),
            operators: root.issuer(Role::Operator, a_year()).expect("an issuer"),
            nodes,
            tree,
        }
    }

    fn credentials(&self, who: &Holder) -> Credentials {
        let issued = self.operators.issue_to(who, today()).expect("issued");
        Credentials::from_issued(&issued).expect("credentials")
    }

    fn signer(&self, own_name: &str) -> Signer {
        Signer::new(&self.credentials(&operator(own_name, &["oncall"]))).expect("a signer")
    }

    fn statement(&self) -> Statement {
        Statement {
            version: STATEMENT_VERSION,
            fleet: name("demo"),
            operator: name("ada"),
            run: RunId([0x11; 16]),
            nonce: Nonce([0x77; 16]),
            action: Action {
                grant: Grant::Run,
                command: Command::new("reboot".to_owned()),
                run_as: Some("root".to_owned()),
            },
            targets: Targets::of(&self.tree, 100),
            issued_at: NOW,
            not_after: Wall(NOW.0 + 60_000),
            reason: Some("INC-7".to_owned()),
            policy: Some(Digest([0x33; 32])),
        }
    }

    /// What a node does with what it was sent.
    fn judged(&self, node: &Name, body: &[u8], auth: &[u8]) -> Result<Checked, String> {
        let block = SignedBlock::decode(auth).map_err(|e| e.kind().to_owned())?;
        let signers = self
            .judge
            .signers(NOW, &block, None)
            .map_err(|e| e.to_string())?;
        let fleet = name("demo");
        let own = Own {
            fleet: &fleet,
            node,
        };
        check(NOW, own, body, &block, signers).map_err(|e| e.kind().to_owned())
    }

    /// The block for one target, approved by grace.
    fn block(&self, target: u32) -> Vec<u8> {
        let mut signed = self.signer("ada").sign(&self.statement()).expect("signed");
        let approval = self
            .signer("grace")
            .approve(&signed.statement)
            .expect("approved");
        signed.approved_by(approval);
        signed
            .block(self.tree.proof(target).expect("a proof"))
            .expect("a block")
    }
}

fn body_of(node: &Name) -> Vec<u8> {
    format!("the request to {node}").into_bytes()
}

/// A small generator whose seed is printed, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(below).expect("small")).expect("small")
    }
}

#[test]
fn every_target_finds_out_who_signed_and_who_approved() {
    let scene = Scene::new();
    for (n, node) in (0..).zip(&scene.nodes) {
        let checked = scene
            .judged(node, &body_of(node), &scene.block(n))
            .expect("accepted");
        assert_eq!(checked.statement, scene.statement());
        assert_eq!(checked.signers.operator, operator("ada", &["oncall"]));
        assert_eq!(checked.signers.approvers, [operator("grace", &["oncall"])]);
    }
}

#[test]
fn ten_thousand_mutations_of_block_body_and_name_are_all_refused() {
    let seed = std::env::var("HAILER_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(20_261_123);
    let from = format!("seed {seed}, set by HAILER_SEED");
    let mut dice = Dice(seed);
    let scene = Scene::new();
    let honest = (
        scene.nodes[5].clone(),
        body_of(&scene.nodes[5]),
        scene.block(5),
    );
    scene
        .judged(&honest.0, &honest.1, &honest.2)
        .expect("the control");
    let mut refusals: BTreeMap<String, u32> = BTreeMap::new();
    let mut done = 0;
    while done < 10_000 {
        let (node, mut body, mut auth) = honest.clone();
        let mut node = String::from(node).into_bytes();
        match dice.roll(10) {
            0 => mutate(&mut dice, &mut node),
            1 => mutate(&mut dice, &mut body),
            _ => mutate(&mut dice, &mut auth),
        }
        let node = String::from_utf8(node).ok().and_then(|n| Name::new(n).ok());
        let Some(node) = node.filter(|n| (n, &body, &auth) != (&honest.0, &honest.1, &honest.2))
        else {
            continue;
        };
        done += 1;
        match scene.judged(&node, &body, &auth) {
            Err(cause) => *refusals.entry(cause).or_default() += 1,
            Ok(_) => panic!("mutation {done} was accepted: {from}"),
        }
    }
    assert!(
        refusals.len() >= 6,
        "refused for several reasons: {refusals:?}"
    );
}

/// Changes a byte, removes or inserts one, swaps two, or puts a piece somewhere else.
fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = dice.roll(bytes.len());
    match dice.roll(8) {
        0 => drop(bytes.remove(at)),
        1 => bytes.insert(at, u8::try_from(dice.roll(256)).expect("a byte")),
        2 => {
            let other = dice.roll(bytes.len());
            bytes.swap(at, other);
        }
        3 => bytes.truncate(at),
        4 => {
            let end = (at + 1 + dice.roll(40)).min(bytes.len());
            let piece: Vec<u8> = bytes.drain(at..end).collect();
            let to = dice.roll(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        _ => bytes[at] ^= u8::try_from(1 + dice.roll(255)).expect("a byte"),
    }
}

#[test]
fn what_is_put_together_from_honest_parts_is_refused() {
    let scene = Scene::new();
    let (node, body) = (&scene.nodes[5], body_of(&scene.nodes[5]));
    let honest = SignedBlock::decode(&scene.block(5)).expect("a block");
    let mallory = scene.signer("mallory");
    let mut other_run = scene.statement();
    other_run.run = RunId([0x12; 16]);
    let other_run = scene.signer("ada").sign(&other_run).expect("signed");
    let other_run = other_run.block(honest.proof.clone()).expect("a block");
    let other_run = SignedBlock::decode(&other_run).expect("a block");
    let mut mallorys = scene.statement();
    mallorys.operator = name("mallory");
    let mallorys = mallory.sign(&mallorys).expect("signed");
    let mallorys = mallorys.block(honest.proof.clone()).expect("a block");
    let mallorys = SignedBlock::decode(&mallorys).expect("a block");
    let grace = &honest.approvals[0];

    let cases: [(&str, Change<'_>); 10] = [
        ("another target's proof", &|b| {
            b.proof = scene.tree.proof(4).expect("a proof")
        }),
        ("another run's statement", &|b| {
            b.statement = other_run.statement.clone()
        }),
        ("another run's signature", &|b| {
            b.signature = other_run.signature.clone()
        }),
        ("mallory's chain", &|b| b.chain = mallorys.chain.clone()),
        ("mallory's chain and signature", &|b| {
            (b.chain, b.signature) = (mallorys.chain.clone(), mallorys.signature.clone());
        }),
        ("an approval as the signature", &|b| {
            (b.chain, b.signature) = (grace.chain.clone(), grace.signature.clone());
        }),
        ("the signature as an approval", &|b| {
            (b.approvals[0].chain, b.approvals[0].signature) =
                (b.chain.clone(), b.signature.clone());
        }),
        ("an approval under another statement", &|b| {
            (b.statement, b.chain, b.signature) = (
                mallorys.statement.clone(),
                mallorys.chain.clone(),
                mallorys.signature.clone(),
            );
        }),
        ("the same approval twice", &|b| {
            b.approvals.push(grace.clone())
        }),
        ("a chain without its issuer", &|b| b.chain.truncate(1)),
    ];
    for (what, change) in cases {
        let mut block = honest.clone();
        change(&mut block);
        let auth = block.encode().expect("well formed");
        assert!(scene.judged(node, &body, &auth).is_err(), "{what}");
    }
    // Mallory may sign a run of her own; without the approval it is one that nobody approved.
    let auth = mallorys.encode().expect("well formed");
    let checked = scene.judged(node, &body, &auth).expect("her own");
    assert!(checked.signers.approvers.is_empty());
}

#[test]
fn only_operators_sign_and_only_for_themselves() {
    let world = World::new("demo");
    for role in [Role::Node, Role::Keeper, Role::Relay] {
        let refused = Signer::new(&world.credentials(role, "x"));
        assert!(matches!(refused, Err(SignError::Role(_))), "{role}");
    }
    let scene = Scene::new();
    let refused = scene.signer("grace").sign(&scene.statement());
    assert!(matches!(refused, Err(SignError::NotOwn { .. })));
    let mut elsewhere = scene.statement();
    elsewhere.fleet = name("other");
    let refused = scene.signer("ada").sign(&elsewhere);
    assert!(matches!(refused, Err(SignError::NotOwn { .. })));
    let encoded = scene.statement().encode().expect("well formed");
    let refused = scene.signer("ada").approve(&encoded);
    assert!(matches!(refused, Err(SignError::OwnApproval(_))));
    assert!(scene.signer("grace").approve(b"no statement").is_err());
}

#[test]
fn a_chain_that_is_no_operators_of_this_fleet_signs_nothing() {
    let scene = Scene::new();
    let node_issuer = root().issuer(Role::Node, a_year()).expect("an issuer");
    let stranger = Scene::new();
    let other = World::new("other");
    let (node, body) = (&scene.nodes[5], body_of(&scene.nodes[5]));
    let honest = SignedBlock::decode(&scene.block(5)).expect("a block");
    let web = node_issuer
        .issue(&identity("demo", Role::Node, "ada"), today())
        .expect("issued");
    let chains = [
        stranger.credentials(&operator("ada", &[])).chain(),
        other.credentials(Role::Operator, "ada").chain(),
        Credentials::from_issued(&web).expect("credentials").chain(),
        vec![scene.operators.cert_der().to_vec()],
        vec![b"no certificate".to_vec()],
    ];
    for (at, chain) in chains.into_iter().enumerate() {
        let mut block = honest.clone();
        block.chain = chain;
        let auth = block.encode().expect("well formed");
        let refused = scene.judged(node, &body, &auth).expect_err("refused");
        assert!(refused.starts_with("verify who signed"), "{at}: {refused}");
    }
}

#[test]
fn a_chain_known_from_the_connection_is_judged_by_its_time_and_its_bytes() {
    let scene = Scene::new();
    let honest = SignedBlock::decode(&scene.block(5)).expect("a block");
    let known: Vec<CertificateDer<'_>> = honest
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let signers = |now, block: &SignedBlock, known: &[CertificateDer<'_>]| {
        scene.judge.signers(now, block, Some(known))
    };
    assert_eq!(
        signers(NOW, &honest, &known),
        scene.judge.signers(NOW, &honest, None)
    );
    for (now, expected) in [
        (today().not_before.0 - 1, false),
        (today().not_before.0, true),
        (today().not_after.0 + 999, true),
        (today().not_after.0 + 1_000, false),
        (NOW.0 + 400 * DAY, false),
        (i64::MIN, false),
        (i64::MAX, false),
    ] {
        for known in [Some(known.as_slice()), None] {
            let found = scene.judge.signers(Wall(now), &honest, known);
            assert_eq!(found.is_ok(), expected, "{now}, known: {}", known.is_some());
        }
    }
    // A connection of somebody else's makes nothing known, and a wrong signature stays wrong.
    let mut forged = honest.clone();
    *forged.signature.last_mut().expect("bytes") ^= 1;
    let refused = signers(NOW, &forged, &known);
    assert!(
        matches!(refused, Err(SignerRefused::Signature { .. })),
        "{refused:?}"
    );
    let other = World::new("demo")
        .credentials(Role::Operator, "ada")
        .chain();
    let other: Vec<CertificateDer<'_>> = other.into_iter().map(CertificateDer::from).collect();
    assert_eq!(
        signers(NOW, &honest, &other),
        scene.judge.signers(NOW, &honest, None)
    );
    // Nor does the connection of a node that signed as itself.
    let world = World::new("demo");
    let judge = SignatureJudge::new(&world.trust).expect("a judge");
    let mut block = honest;
    block.chain = world.credentials(Role::Node, "web001").chain();
    let known: Vec<CertificateDer<'_>> = block
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let refused = judge.signers(NOW, &block, Some(&known));
    assert!(
        matches!(refused, Err(SignerRefused::Chain { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_fleet_of_one_level_signs_its_runs_too() {
    let world = World::new("demo");
    let scene = Scene::new();
    let signer = Signer::new(&world.credentials(Role::Operator, "ada")).expect("a signer");
    let signed = signer.sign(&scene.statement()).expect("signed");
    let auth = signed
        .block(scene.tree.proof(0).expect("a proof"))
        .expect("a block");
    let block = SignedBlock::decode(&auth).expect("a block");
    let judge = SignatureJudge::new(&world.trust).expect("a judge");
    let signers = judge.signers(NOW, &block, None).expect("hers");
    assert_eq!(signers.operator, operator("ada", &[]));
    assert!(
        judge
            .signers(
                NOW,
                &SignedBlock::decode(&scene.block(0)).expect("a block"),
                None
            )
            .is_err()
    );
}
