//! What trust costs a node, step by step, in microseconds.
//!
//! ```text
//! cargo run --profile measure -p hailer-agent --example trust_cost -- DIR
//! ```
//!
//! `DIR` is on the disk that would hold the node's state; what waits for a disk is measured there. A
//! probe pays for the decision and for its note; a command for the signature, the proof, the decision,
//! and for what must be on the disk before it starts. Medians, one after the other on one thread.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures reads the clock and prints"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hailer_agent::core::{Agent, Bounds, Gate, Input, Now, Peer, Rules, RunEnd, StreamRef};
use hailer_agent::state::{State, StateConfig, Sync};
use hailer_identity::{Authority, Credentials, SignatureJudge, Signer, Trust, Validity};
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{LeaseId, Name, RunId};
use hailer_protocol::limits;
use hailer_protocol::message::{
    Caps, Life, Message as _, Open, OutputMode, Probe, Run, StreamKind,
};
use hailer_protocol::policy::{Ask, NodeFacts, Policy, Wants, decide};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::signing::{
    Action, Command, Nonce, Own, STATEMENT_VERSION, SignedBlock, Statement, Targets, Tree, check,
};
use hailer_protocol::time::{Mono, Wall};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const NODE: &str = "web0500";
const PROBES: u64 = 20_000;
const COMMANDS: u64 = 300;
const AT: Wall = Wall(1_800_000_000_000);
const POLICY: &str = "group oncall = ann, bob\n\nallow probe\n  to anyone\n\n\
    allow read as nobody\n  to group oncall\n  command df -h\n\n\
    allow run as root\n  to group oncall\n  on role=web\n  at mon-sun 00:00-24:00 +00:00\n\n\
    deny run as root\n  on frozen=yes\n";

/// An operator, a node, and what each has of the other.
struct Stage {
    signer: Signer,
    peer: Peer,
    judge: Arc<SignatureJudge>,
    policy: Arc<Policy>,
    labels: BTreeMap<String, String>,
    names: Vec<Name>,
}

fn main() -> Result<()> {
    let dir = std::env::args().nth(1).ok_or("name a directory")?;
    let stage = stage()?;
    println!("a probe");
    println!("  {:<44}{:>9}", "", "us");
    decisions(&stage)?;
    probes(&stage)?;
    println!("a command, signed for 1,000 nodes");
    commands(&stage, Path::new(&dir))
}

fn stage() -> Result<Stage> {
    let fleet = Name::new("demo")?;
    let (not_before, not_after) = (Wall(0), Wall(4_000_000_000_000));
    let authority = Authority::generate(fleet.clone(), not_before, not_after)?;
    let clock = Arc::new(rustls::time_provider::DefaultTimeProvider);
    let trust = Trust::from_pem(fleet.clone(), authority.cert_pem(), clock)?;
    let identity = Identity {
        fleet,
        role: Role::Operator,
        name: Name::new("ann")?,
    };
    let validity = Validity {
        not_before,
        not_after,
    };
    let own = Credentials::from_issued(&authority.issue(&identity, validity)?)?;
    let (policy, mistakes) = Policy::parse(POLICY);
    if let Some(mistake) = mistakes.first() {
        return Err(mistake.render(POLICY).into());
    }
    let names = (0..1_000).map(|n| Name::new(format!("web{n:04}")));
    Ok(Stage {
        peer: Peer::of(own.chain().into_iter().map(Into::into).collect()).ok_or("no operator")?,
        judge: Arc::new(SignatureJudge::new(&trust)?),
        signer: Signer::new(&own)?,
        policy: Arc::new(policy),
        labels: BTreeMap::from([("role".to_owned(), "web".to_owned())]),
        names: names.collect::<std::result::Result<_, _>>()?,
    })
}

/// The policy alone.
fn decisions(stage: &Stage) -> Result<()> {
    let node = Name::new(NODE)?;
    for (title, wants) in [
        ("the policy's decision on a probe", Wants::Probe),
        ("the policy's decision on a command", Wants::Run("hostname")),
    ] {
        let ask = Ask {
            who: &stage.peer.holder,
            approvals: &[],
            wants,
            run_as: None,
            node: NodeFacts {
                name: &node,
                labels: &stage.labels,
                is_read_only: false,
            },
            n_targets: Some(1_000),
            n_fleet: Some(1_000),
            reason: None,
        };
        let begun = Instant::now();
        for _ in 0..PROBES {
            black_box(decide(&stage.policy, AT, black_box(&ask)));
        }
        row(title, begun.elapsed() / u32::try_from(PROBES)?);
    }
    Ok(())
}

/// The whole of what the core does for a probe, the decision and the notes within.
fn probes(stage: &Stage) -> Result<()> {
    let mut agent = agent(stage)?;
    let open = Open {
        stream: StreamKind::Request,
    };
    let open = open.to_envelope()?;
    let mut times = Vec::new();
    for n in 0..PROBES {
        let at = StreamRef { conn: 1, stream: n };
        // Seldom enough for each to be written down.
        let now = now(n * 60);
        let run = run(n, Probe::Metric("system.cpu.load_average.1m".to_owned()));
        let (open, ask, id) = (open.clone(), run.to_envelope()?, run.run);
        let begun = Instant::now();
        black_box(agent.handle(now, Input::Envelope { at, envelope: open }));
        black_box(agent.handle(now, Input::Envelope { at, envelope: ask }));
        let end = RunEnd {
            state: None,
            rc: None,
            wall: Duration::ZERO,
            bytes: None,
            digests: None,
            failure: None,
        };
        black_box(agent.handle(now, Input::Ended { run: id, end }));
        black_box(agent.handle(now, Input::Closed { at }));
        times.push(begun.elapsed());
    }
    row("everything that is decided for it", median(times));
    let mut state = State::ephemeral(StateConfig::default())?;
    let times = (0..PROBES).map(|_| {
        let begun = Instant::now();
        let done = state.log_mut().append(AT, 1, &[7; 160], Sync::No);
        done.map(|_| begun.elapsed())
    });
    row(
        "its note in the chain, in memory",
        median(times.collect::<std::result::Result<_, _>>()?),
    );
    Ok(())
}

fn commands(stage: &Stage, dir: &Path) -> Result<()> {
    let dir = tempfile::tempdir_in(dir)?;
    let mut state = State::open(&dir.path().join("state"), StateConfig::default(), AT)?;
    let node = Name::new(NODE)?;
    let own = Own {
        fleet: &stage.peer.holder.identity.fleet,
        node: &node,
    };
    let mut columns: [Vec<Duration>; 6] = Default::default();
    for n in 0..COMMANDS {
        let envelope = sealed(stage, n)?;
        let Auth::Signed(bytes) = &envelope.auth else {
            return Err("it is not signed".into());
        };
        let mut lap = Lap::begin();
        let block = SignedBlock::decode(bytes)?;
        columns[0].push(lap.next());
        let known = Some(stage.peer.chain.as_slice());
        let signers = stage.judge.signers(AT, &block, known)?;
        columns[1].push(lap.next());
        let checked = check(AT, own, &envelope.body, &block, signers)?;
        columns[2].push(lap.next());
        let statement = &checked.statement;
        let until = statement.forget_after();
        state
            .store_mut()
            .admit_nonce(statement.nonce.0, until, AT)?;
        columns[3].push(lap.next());
        state.log_mut().append(AT, 2, &[7; 300], Sync::No)?;
        columns[4].push(lap.next());
        state.log_mut().append(AT, 3, &[7; 160], Sync::Yes)?;
        columns[5].push(lap.next());
    }
    let titles = [
        "the block is decoded",
        "the signature is verified",
        "the proof and the statement are checked",
        "the nonce is spent, on the disk",
        "the authorisation is handed to the kernel",
        "the intent is on the disk",
    ];
    for (title, times) in titles.into_iter().zip(columns) {
        row(title, median(times));
    }
    Ok(())
}

fn agent(stage: &Stage) -> Result<Agent> {
    let gate = Gate {
        fleet: stage.peer.holder.identity.fleet.clone(),
        node: Name::new(NODE)?,
        judge: Arc::clone(&stage.judge),
        labels: stage.labels.clone(),
        rules: Rules::new(Arc::clone(&stage.policy), false),
        revoked: Arc::default(),
    };
    let mut agent = Agent::new("hailerd".to_owned(), Bounds::default(), gate);
    let peer = stage.peer.clone();
    agent.handle(now(0), Input::Connected { conn: 1, peer });
    Ok(agent)
}

const fn now(secs: u64) -> Now {
    Now {
        wall: AT,
        mono: Mono(Duration::from_secs(secs)),
    }
}

fn run(n: u64, probe: Probe) -> Run {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_le_bytes());
    Run {
        run: RunId(id),
        probe,
        row_plan: RowPlan::default(),
        timeout_ms: None,
        life: Life::Attached(LeaseId([9; 16])),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: limits::OUTPUT_KEPT_DEFAULT,
            rows: 10,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env: Vec::new(),
    }
}

/// What one of a thousand nodes is sent.
fn sealed(stage: &Stage, n: u64) -> Result<Envelope> {
    let run = run(n, Probe::Shell("hostname".to_owned()));
    let mut envelope = run.to_envelope()?;
    let leaves = stage.names.iter().map(|name| (name, &envelope.body));
    let tree = Tree::of(leaves)?;
    let statement = Statement {
        version: STATEMENT_VERSION,
        fleet: stage.peer.holder.identity.fleet.clone(),
        operator: stage.peer.holder.identity.name.clone(),
        run: run.run,
        nonce: Nonce(run.run.0),
        action: Action {
            grant: Grant::Run,
            command: Command::of(&run.probe),
            run_as: None,
        },
        targets: Targets::of(&tree, 1_000),
        issued_at: AT,
        not_after: AT + Duration::from_secs(60),
        reason: None,
        policy: None,
    };
    let place = stage.names.iter().position(|name| name.as_str() == NODE);
    let place = u32::try_from(place.ok_or("the node is not in the run")?)?;
    let proof = tree.proof(place);
    let block = stage
        .signer
        .sign(&statement)?
        .block(proof.ok_or("no proof")?)?;
    envelope.auth = Auth::Signed(block);
    Ok(envelope)
}

/// Time from step to step.
struct Lap(Instant);

impl Lap {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn next(&mut self) -> Duration {
        let now = Instant::now();
        let took = now.duration_since(self.0);
        self.0 = now;
        took
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn row(title: &str, took: Duration) {
    println!("  {title:<44}{:>9.2}", took.as_secs_f64() * 1e6);
}
