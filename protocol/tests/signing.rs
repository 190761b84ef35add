//! Signed runs without their cryptography: the tree and its proofs, the one right encoding and its
//! golden bytes, and everything that a node checks.

use hailer_protocol::grant::Grant;
use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::{Digest, LeaseId, Name, RunId};
use hailer_protocol::message::{Caps, EachRow, Life, OutputMode, Probe, Run};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::signing::{
    Action, Approval, Command, Nonce, Own, Proof, STATEMENT_VERSION, SignedBlock, Signers,
    Statement, Targets, Tree, check,
};
use hailer_protocol::time::Wall;

#[path = "signing/checks.rs"]
mod checks;
#[path = "signing/encodings.rs"]
mod encodings;
#[path = "signing/trees.rs"]
mod trees;

/// One thing that is made wrong.
type Change<'a, T> = &'a dyn Fn(&mut T);

const NOW: Wall = Wall(1_800_000_000_000);

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn node(n: u32) -> Name {
    name(&format!("web{n:05}"))
}

fn body(n: u32) -> Vec<u8> {
    format!("request {n}").into_bytes()
}

fn tree(count: u32) -> Tree {
    let names: Vec<Name> = (0..count).map(node).collect();
    Tree::of((0..count).map(|n| (&names[n as usize], body(n)))).expect("a tree")
}

fn request(probe: Probe) -> Run {
    Run {
        run: RunId([0x11; 16]),
        probe,
        row_plan: RowPlan::default(),
        timeout_ms: None,
        life: Life::Attached(LeaseId([0x22; 16])),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: 1,
            rows: 1,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env: Vec::new(),
    }
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
            run_as: Some("deploy".to_owned()),
        },
        targets: Targets::of(tree, 100),
        issued_at: NOW,
        not_after: Wall(NOW.0 + 60_000),
        reason: Some("INC-7: nginx hangs".to_owned()),
        policy: Some(Digest([0x33; 32])),
    }
}

fn block(statement: &Statement, proof: Proof) -> SignedBlock {
    SignedBlock {
        statement: statement.encode().expect("well formed"),
        chain: vec![vec![0xc1; 3], vec![0xc2; 2]],
        signature: vec![0x51; 4],
        proof,
        approvals: vec![Approval {
            chain: vec![vec![0xc3; 2]],
            signature: vec![0x52; 2],
        }],
    }
}

fn holder(role: Role, own_name: &str) -> Holder {
    Holder {
        identity: Identity {
            fleet: name("demo"),
            role,
            name: name(own_name),
        },
        groups: Groups::default(),
    }
}

fn signers() -> Signers {
    Signers {
        operator: holder(Role::Operator, "ada"),
        approvers: vec![holder(Role::Operator, "grace")],
    }
}
