//! Signing what tests ask, as an operator's shell does.

use std::time::Duration;

use hailer_agent::clock;
use hailer_identity::Signer;
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::Name;
use hailer_protocol::message::{Message as _, Run};
use hailer_protocol::signing::{
    Action, Command, Nonce, STATEMENT_VERSION, Statement, Targets, Tree,
};

use super::new_run_id;

/// What the operator vouches for if one node is asked.
pub(crate) fn statement(signer: &Signer, node: &str, run: &Run, body: &[u8]) -> (Statement, Tree) {
    let node = Name::new(node).expect("valid");
    let tree = Tree::of([(&node, body)]).expect("one target");
    let operator = &signer.holder().identity;
    let statement = Statement {
        version: STATEMENT_VERSION,
        fleet: operator.fleet.clone(),
        operator: operator.name.clone(),
        run: run.run,
        nonce: Nonce(new_run_id().0),
        action: Action {
            grant: Grant::Run,
            command: Command::of(&run.probe),
            run_as: None,
        },
        targets: Targets::of(&tree, 1),
        issued_at: clock::wall(),
        not_after: clock::wall() + Duration::from_secs(3600),
        reason: None,
        policy: None,
    };
    (statement, tree)
}

/// The signed request.
pub(crate) fn sealed(signer: &Signer, node: &str, run: &Run) -> Envelope {
    sealed_as(signer, node, run, |_| {})
}

/// The signed request, after `change` was made to what is signed.
pub(crate) fn sealed_as(
    signer: &Signer,
    node: &str,
    run: &Run,
    change: impl FnOnce(&mut Statement),
) -> Envelope {
    let mut envelope = run.to_envelope().expect("small");
    let (mut statement, tree) = statement(signer, node, run, &envelope.body);
    change(&mut statement);
    let signed = signer.sign(&statement).expect("an operator's own");
    let block = signed.block(tree.proof(0).expect("the only target"));
    envelope.auth = Auth::Signed(block.expect("small"));
    envelope
}
