//! Runs against real agents: a simulated fleet in this process, real commands on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hailer_agent::fleet::{FleetOptions, Served, serve};
use hailer_identity::{Credentials, Trust};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_protocol::limits::OUTPUT_KEPT_DEFAULT;
use hailer_protocol::message::{Caps, Life, OutputMode, Probe, Run};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_shell::fleet::{self, Control, Event, Finished, Fleet, Job, Timing, random};
use rustls::time_provider::DefaultTimeProvider;
use tempfile::TempDir;
use tokio::sync::mpsc;

const NODES: usize = 6;

struct Loopback {
    fleet: Fleet,
    served: Served,
    _dir: TempDir,
}

impl Loopback {
    /// Starts a fleet of which `down` nodes are down.
    fn start(down: usize) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let options = FleetOptions {
            nodes: NODES,
            down,
            slow: 0,
            slow_by: Duration::ZERO,
            dir: dir.path().to_owned(),
            helper: vec![
                env!("CARGO_BIN_EXE_hailer").to_owned(),
                "exec-helper".to_owned(),
            ],
        };
        let served = serve(&options).expect("the fleet starts");
        Self {
            fleet: open(&served.fleet_file),
            served,
            _dir: dir,
        }
    }

    fn job(&self, command: &str) -> Job {
        let run = Run {
            run: random::run_id().expect("random"),
            probe: Probe::Shell(command.to_owned()),
            row_plan: RowPlan::default(),
            timeout_ms: Some(60_000),
            life: Life::Attached(self.fleet.lease()),
            output: OutputMode::Stream,
            caps: Caps {
                output_bytes: OUTPUT_KEPT_DEFAULT,
                rows: 1_000,
                memory_bytes: None,
                cpu_seconds: None,
            },
            env: Vec::new(),
        };
        Job::new(&self.fleet.inventory().all(), run)
    }

    async fn finish(&self, job: Job) -> Finished {
        let (events, _) = mpsc::channel(1);
        let (_control, wishes) = mpsc::channel(1);
        let run = fleet::run(&self.fleet, job, events, wishes);
        let patience = tokio::time::timeout(Duration::from_secs(60), run).await;
        patience.expect("the run ends").expect("a valid job")
    }

    async fn close(self) {
        self.fleet.close().await;
        self.served.close().await;
    }
}

fn open(fleet_file: &Path) -> Fleet {
    let dir = fleet_file.parent().expect("a file has a folder");
    let read = |name: &str| fs::read_to_string(dir.join(name)).expect("written");
    let file = FleetFile::parse(&read("fleet.toml")).expect("valid TOML");
    let inventory = Inventory::from_fleet_file(&file).expect("a valid fleet file");
    let operator = Credentials::from_pem(&read("operator.pem"), &read("operator.key"));
    let clock = Arc::new(DefaultTimeProvider);
    let trust = Trust::from_pem(inventory.fleet().clone(), &read("ca.pem"), clock);
    let timing = Timing {
        connect_timeout: Duration::from_secs(10),
        ..Timing::default()
    };
    let (operator, trust) = (operator.expect("a pair"), trust.expect("ours"));
    Fleet::open(Arc::new(inventory), &operator, &trust, timing).expect("opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_answer_from_every_node_and_who_is_down_is_unreachable() {
    let loopback = Loopback::start(1);
    let finished = loopback.finish(loopback.job("echo hello; exit 3")).await;
    assert_eq!(finished.summary.count(State::Failed), NODES - 1);
    assert_eq!(finished.summary.count(State::Unreachable), 1);
    assert_eq!(finished.summary.exit_code(), 4);
    let groups = finished.gather.groups().outliers_first();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (groups[1].rc, groups[1].out.0.as_slice()),
        (Some(3), &b"hello\n"[..])
    );
    loopback.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_beyond_the_cap_is_counted_to_the_byte() {
    let loopback = Loopback::start(0);
    let mut job = loopback.job("head -c 100000 /dev/zero; head -c 10 /dev/zero >&2");
    let fleet::Ask::Same(run) = &mut job.ask else {
        panic!("the same for all");
    };
    run.caps.output_bytes = 1_000;
    let finished = loopback.finish(job).await;
    assert_eq!(finished.summary.count(State::Ok), NODES);
    for answer in finished.gather.answers() {
        assert_eq!((answer.out_bytes, answer.err_bytes), (100_000, 10));
        assert_eq!((answer.out.0.len(), answer.cut_bytes), (1_000, 99_000));
    }
    loopback.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_request_of_the_same_run_runs_nothing_again() {
    let loopback = Loopback::start(0);
    let job = loopback.job("echo $$");
    let first = loopback.finish(job.clone()).await;
    let second = loopback.finish(job).await;
    for answer in first.gather.answers() {
        let again = second
            .gather
            .answers()
            .iter()
            .find(|a| a.node == answer.node);
        let again = again.expect("every target answers");
        assert!(again.again && !answer.again);
        assert_eq!(again.out, answer.out);
    }
    loopback.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_is_confirmed_by_every_node() {
    let loopback = Loopback::start(0);
    let (events, mut heard) = mpsc::channel(16);
    let (control, wishes) = mpsc::channel(1);
    let run = fleet::run(&loopback.fleet, loopback.job("sleep 1000"), events, wishes);
    let operator = async {
        let mut n_started = 0;
        while n_started < NODES {
            let event = heard.recv().await.expect("the run goes on");
            n_started += usize::from(matches!(event, Event::Started(_)));
        }
        control.send(Control::Cancel).await.expect("listens");
        while !matches!(heard.recv().await, Some(Event::Ended(_)) | None) {}
    };
    let both = async { tokio::join!(run, operator) };
    let both = tokio::time::timeout(Duration::from_secs(60), both).await;
    let finished = both.expect("in time").0.expect("a valid job");
    assert_eq!(finished.summary.count(State::Cancelled), NODES);
    assert_eq!(finished.summary.exit_code(), 130);
    loopback.close().await;
}
