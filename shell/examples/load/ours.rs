//! hailer's side: a session with a simulated fleet, as the shell has it.

use std::path::Path;

use hailer_protocol::ids::{LeaseId, RunId};
use hailer_protocol::limits;
use hailer_protocol::message::{
    Caps, Life, Message as _, Open, OutputMode, Probe, Run, StreamKind,
};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_shell::fleet::{self, Job};
use hailer_shell::open::open;
use hailer_shell::session::{Answered, Session, Shown};
use hailer_shell::settings::Settings;
use tokio::sync::mpsc;

use crate::Result;
use crate::floor::Asked;

/// Events that may wait for the view, as in the shell.
const EVENTS: usize = 1_024;

/// A session with a simulated fleet.
#[derive(Debug)]
pub(crate) struct Ours {
    session: Session,
}

impl Ours {
    /// Opens the fleet of which this directory holds the files, and connects nobody yet.
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let opened = open(&dir.join("fleet.toml"), None)?;
        let session = Session::begin(opened, None, Settings::default()).await?;
        Ok(Self { session })
    }

    /// Connects everybody and waits for the last.
    pub(crate) async fn connect(&self) {
        let fleet = self.session.fleet();
        fleet.connect_all_in_background();
        while fleet.up_count() < fleet.inventory().len() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Asks everybody once; all answers are in when it returns.
    pub(crate) async fn ask(&self, asked: Asked) -> Result<()> {
        let fleet = self.session.fleet();
        let run = run(asked, fleet::random::run_id()?, fleet.lease());
        let job = Job::new(&fleet.inventory().all(), run);
        let (events, mut heard) = mpsc::channel(EVENTS);
        let (_control, wishes) = mpsc::channel(1);
        let listening = async { while heard.recv().await.is_some() {} };
        let (finished, ()) = tokio::join!(fleet::run(fleet, job, events, wishes), listening);
        let ok = finished?.summary.count(State::Ok);
        all(ok, fleet.inventory().len())
    }

    /// Carries a whole line out: from its text to the rows of its result.
    pub(crate) async fn line(&mut self, asked: Asked) -> Result<()> {
        let n = self.session.inventory().len();
        let shown = shown(self.session.evaluate(text(asked)).await?)?;
        let run = shown.origin.ok_or("the line ran nothing")?;
        all(run.summary.count(State::Ok), n)
    }

    /// Carries a line out, and returns how many rows its result has.
    pub(crate) async fn rows(&mut self, line: &str) -> Result<usize> {
        let shown = shown(self.session.evaluate(line).await?)?;
        Ok(shown.frame.map_or(0, |frame| frame.len()))
    }

    pub(crate) async fn close(self) {
        self.session.close().await;
    }
}

/// What an operator types.
pub(crate) const fn text(asked: Asked) -> &'static str {
    match asked {
        Asked::Metric => "metric load1",
        Asked::Command => "hostname",
    }
}

/// The bytes of a request as they go onto the wire.
pub(crate) fn request_bytes(asked: Asked) -> Result<Vec<u8>> {
    let open = Open {
        stream: StreamKind::Request,
    };
    let mut bytes = open.to_envelope()?.to_bytes();
    let run = run(asked, RunId([0; 16]), LeaseId([0; 16]));
    run.to_envelope()?.write_to(&mut bytes);
    Ok(bytes)
}

fn run(asked: Asked, id: RunId, lease: LeaseId) -> Run {
    Run {
        run: id,
        probe: match asked {
            Asked::Metric => Probe::Metric("system.cpu.load_average.1m".to_owned()),
            Asked::Command => Probe::Shell(text(asked).to_owned()),
        },
        row_plan: RowPlan::default(),
        timeout_ms: None,
        life: Life::Attached(lease),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: limits::OUTPUT_KEPT_DEFAULT,
            rows: limits::ROWS_PER_NODE_MAX as u64,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env: Vec::new(),
    }
}

fn shown(answered: Answered) -> Result<Shown> {
    match answered {
        Answered::Result(shown) => Ok(*shown),
        Answered::Nothing
        | Answered::Said(_)
        | Answered::Judged(..)
        | Answered::Done(_)
        | Answered::Lines(_)
        | Answered::History(_)
        | Answered::Local(_)
        | Answered::Ended { .. }
        | Answered::Quit => Err("the line has no result".into()),
    }
}

fn all(ok: usize, n: usize) -> Result<()> {
    if ok == n {
        return Ok(());
    }
    Err(format!("{ok} of {n} nodes answered").into())
}
