//! Certificates for the core's own tests, and what is signed with them.

use std::sync::{Arc, OnceLock};

use hailer_identity::{
    Authority as Issuer, Credentials, SignatureJudge, Signer, Standing, Trust, Validity,
};
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::Name;
use hailer_protocol::message::{Message as _, Run};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::{
    Action, Command, Nonce, STATEMENT_VERSION, Statement, Targets, Tree,
};
use hailer_protocol::time::Wall;

use super::gate::Peer;

/// The node for which runs are signed.
pub(super) const NODE: &str = "web1";

/// What a run is sent as: signed, where it starts or ends something.
pub(super) fn sealed(run: &Run) -> Envelope {
    let mut envelope = run.to_envelope().expect("small");
    if Grant::Probe.fits(&run.probe) {
        return envelope;
    }
    let tree = Tree::of([(&name(NODE), &envelope.body)]).expect("one target");
    let statement = Statement {
        version: STATEMENT_VERSION,
        fleet: name("demo"),
        operator: name("ann"),
        run: run.run,
        nonce: Nonce(run.run.0),
        action: Action {
            grant: Grant::Run,
            command: Command::of(&run.probe),
            run_as: None,
        },
        targets: Targets::of(&tree, 1),
        issued_at: Wall(0),
        not_after: Wall(60_000),
        reason: None,
        policy: None,
    };
    let signed = papers().signer.sign(&statement).expect("her own");
    let block = signed.block(tree.proof(0).expect("the only one"));
    envelope.auth = Auth::Signed(block.expect("small"));
    envelope
}

/// Certificates of all roles, made once: keys take time.
pub(super) struct Papers {
    pub(super) authority: Issuer,
    pub(super) judge: Arc<SignatureJudge>,
    signer: Signer,
    credentials: Vec<Credentials>,
}

pub(super) fn papers() -> &'static Papers {
    static PAPERS: OnceLock<Papers> = OnceLock::new();
    PAPERS.get_or_init(|| {
        let (not_before, not_after) = (Wall(0), Wall(4_000_000_000_000));
        let authority = Issuer::generate(name("demo"), not_before, not_after).expect("generated");
        let clock = Arc::new(rustls::time_provider::DefaultTimeProvider);
        let trust = Trust::from_pem(name("demo"), authority.cert_pem(), clock).expect("ours");
        let validity = Validity {
            not_before,
            not_after,
        };
        let issue = |role| {
            let identity = Identity {
                fleet: name("demo"),
                role,
                name: name("ann"),
            };
            let issued = authority.issue(&identity, validity).expect("issued");
            Credentials::from_issued(&issued).expect("its own")
        };
        let credentials: Vec<_> = Role::ALL.into_iter().map(issue).collect();
        let operator = credentials
            .iter()
            .find(|c| c.identity().role == Role::Operator);
        Papers {
            authority,
            judge: Arc::new(SignatureJudge::new(&trust).expect("a judge")),
            signer: Signer::new(operator.expect("one of all roles")).expect("an operator"),
            credentials,
        }
    })
}

impl Papers {
    /// A relay whose certificate ends then.
    pub(super) fn until(&self, not_after: Wall) -> Peer {
        let identity = Identity {
            fleet: name("demo"),
            role: Role::Relay,
            name: name("short"),
        };
        let validity = Validity {
            not_before: Wall(0),
            not_after,
        };
        let issued = self.authority.issue(&identity, validity).expect("issued");
        Peer::of(vec![issued.cert_der.into()]).expect("its own")
    }

    pub(super) fn peer(&self, role: Role) -> Peer {
        let own = self
            .credentials
            .iter()
            .find(|c| c.identity().role == role)
            .expect("one of all roles");
        Peer {
            holder: own.holder().clone(),
            chain: own.chain().into_iter().map(Into::into).collect(),
            standing: Arc::new(Standing::of(&own.chain()).expect("its own")),
        }
    }
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).expect("valid")
}
