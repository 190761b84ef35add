//! What signed runs cost: once a run for the operator, once a run and node for everybody.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hailer_identity::{Authority, Credentials, SignatureJudge, Signer, Trust, Validity};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{Name, RunId};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::{
    Action, Command, Nonce, Own, STATEMENT_VERSION, SignedBlock, Statement, Targets, Tree, check,
};
use hailer_protocol::time::Wall;
use rustls::time_provider::DefaultTimeProvider;
use rustls_pki_types::CertificateDer;

const NOW: Wall = Wall(1_800_000_000_000);
const DAY: i64 = 86_400_000;

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn span(days: i64) -> Validity {
    Validity {
        not_before: Wall(NOW.0 - DAY),
        not_after: Wall(NOW.0 + days * DAY),
    }
}

/// Targets, and the request that all of them get.
fn targets(count: usize) -> (Vec<Name>, Vec<u8>) {
    let names = (0..count).map(|n| name(&format!("web{n:06}"))).collect();
    (names, vec![b'x'; 100])
}

fn tree_over(names: &[Name], body: &[u8]) -> Tree {
    Tree::of(names.iter().map(|n| (n, body))).expect("a tree")
}

fn statement(tree: &Tree) -> Statement {
    Statement {
        version: STATEMENT_VERSION,
        fleet: name("demo"),
        operator: name("ada"),
        run: RunId([0x11; 16]),
        nonce: Nonce([0x77; 16]),
        action: Action {
            grant: Grant::Run,
            command: Command::new("systemctl restart nginx".to_owned()),
            run_as: None,
        },
        targets: Targets::of(tree, 10_000),
        issued_at: NOW,
        not_after: Wall(NOW.0 + 60_000),
        reason: None,
        policy: None,
    }
}

fn trees(c: &mut Criterion) {
    let mut group = c.benchmark_group("the tree over targets");
    group.sample_size(10);
    for count in [1_000, 10_000, 100_000] {
        let (names, body) = targets(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("build {count}"), |b| {
            b.iter(|| tree_over(&names, &body).root());
        });
        let tree = tree_over(&names, &body);
        group.bench_function(format!("all proofs of {count}"), |b| {
            b.iter(|| tree.proofs().map(|p| p.siblings.len()).sum::<usize>());
        });
    }
    group.finish();
}

fn signatures(c: &mut Criterion) {
    let root = Authority::generate_root(name("demo"), Wall(0), span(3_650).not_after);
    let root = root.expect("a root");
    let clock = Arc::new(DefaultTimeProvider);
    let trust = Trust::from_pem(name("demo"), root.cert_pem(), clock).expect("trust");
    let judge = SignatureJudge::new(&trust).expect("a judge");
    let operators = root.issuer(Role::Operator, span(365)).expect("an issuer");
    let ada = Identity {
        fleet: name("demo"),
        role: Role::Operator,
        name: name("ada"),
    };
    let ada = operators.issue(&ada, span(1)).expect("issued");
    let signer = Signer::new(&Credentials::from_issued(&ada).expect("credentials"));
    let signer = signer.expect("a signer");

    let (names, body) = targets(10_000);
    let tree = tree_over(&names, &body);
    let statement = statement(&tree);
    let signed = signer.sign(&statement).expect("signed");
    let proof = tree.proof(4_711).expect("a proof");
    let auth = signed.block(proof.clone()).expect("a block");
    let block = SignedBlock::decode(&auth).expect("a block");
    let known: Vec<_> = block
        .chain
        .iter()
        .map(|d| CertificateDer::from(d.as_slice()))
        .collect();
    let fleet = name("demo");
    let own = Own {
        fleet: &fleet,
        node: &names[4_711],
    };
    let whole = |known: Option<&[CertificateDer<'_>]>| {
        let block = SignedBlock::decode(black_box(&auth)).expect("a block");
        let signers = judge.signers(NOW, &block, known).expect("hers");
        check(NOW, own, &body, &block, signers).expect("for this node")
    };

    let mut group = c.benchmark_group(format!("signed runs, blocks of {} bytes", auth.len()));
    group.bench_function("sign, once a run", |b| {
        b.iter(|| signer.sign(black_box(&statement)).expect("signed"));
    });
    group.bench_function("a node's block", |b| {
        b.iter(|| {
            signed
                .block(tree.proof(4_711).expect("a proof"))
                .expect("a block")
        });
    });
    group.bench_function("a node's whole check, chain known", |b| {
        b.iter(|| whole(Some(&known)));
    });
    group.bench_function("a node's whole check, chain unknown", |b| {
        b.iter(|| whole(None))
    });
    group.bench_function("the check without signatures", |b| {
        let signers = judge.signers(NOW, &block, None).expect("hers");
        b.iter(|| check(NOW, own, &body, &block, signers.clone()).expect("for this node"));
    });
    group.finish();
}

criterion_group!(benches, trees, signatures);
criterion_main!(benches);
