//! Load: hailer beside bare QUIC, on this machine, in one run.
//!
//! Build it and the program it measures, then let it run on a machine that does nothing else:
//!
//! ```text
//! cargo build --profile measure -p hailer-shell --bin hailer --example load
//! cargo build --profile measure -p hailer-agent --bin hailerd
//! target/measure/examples/load                 # everything
//! target/measure/examples/load warm-metric --reps 40
//! ```
//!
//! The profile `measure` optimises all that takes part in a request like `release` does, and leaves
//! the table engine alone, which would take most of the build.
//!
//! Two children serve: one a simulated fleet, one a bare quinn server with as many sockets, the same
//! certificates and the same transport. Floor and hailer take turns, so that whatever else the
//! machine does hurts both; what counts is the ratio of their medians. Processor time is each side's
//! own: commands are on the nodes' side, but for those of supervisors that have ended since.
//!
//! Datagrams are all that the machine sent meanwhile, keep-alives and late acknowledgements included.
//!
//! It compares nothing across machines and judges nothing: it prints.

#![expect(
    clippy::disallowed_methods,
    reason = "a program that measures reads the clock and waits for machines to settle"
)]

mod cold;
mod floor;
mod grouped;
mod memory;
mod ours;
mod pki;
mod processes;
mod prompt;
mod pushdown;
mod report;
mod startup;
mod warm;

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hailer_agent::cli::FleetArgs;

/// What can go wrong is told and ends the program.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
#[command(about = "Measures hailer beside bare QUIC on this machine")]
struct Cli {
    #[command(subcommand)]
    child: Option<Child>,
    /// What to measure; everything if nothing is named
    scenarios: Vec<Scenario>,
    #[command(flatten)]
    size: Size,
}

/// How much is measured.
#[derive(Debug, Clone, Copy, Args)]
struct Size {
    /// How many nodes
    #[arg(long, default_value_t = 1_000)]
    nodes: usize,
    /// How often each side has its turn
    #[arg(long, default_value_t = 15)]
    reps: usize,
    /// How much each of the bombs offers, in MiB
    #[arg(long, default_value_t = 1_024)]
    bomb_mib: u64,
    /// How many nodes offer it
    #[arg(long, default_value_t = 50)]
    bombers: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// A metric over connections that are up
    WarmMetric,
    /// A command over connections that are up
    WarmCommand,
    /// A whole process that connects and asks for a metric
    Cold,
    /// A whole process that connects and runs a command
    ColdCommand,
    /// A condition on the nodes against everything shipped
    Pushdown,
    /// Equal answers of 10,000 nodes folded, beside tools that fold text
    Grouped,
    /// What connections and an agent take while nothing happens
    Memory,
    /// What the shell takes while nodes flood it
    Bombs,
    /// How long the program takes to start, and how large it is
    Startup,
    /// How long the prompt takes for a key, a completion and its own start
    Prompt,
}

/// What this executable is in the processes that it starts.
#[derive(Debug, Subcommand)]
enum Child {
    /// The simulated fleet
    #[command(hide = true)]
    Fleet(FleetArgs),
    /// The helper that starts the fleet's commands
    #[command(hide = true)]
    ExecHelper,
    /// The bare server
    #[command(hide = true)]
    FloorServer(floor::ServerArgs),
    /// The bare client that connects, asks and ends
    #[command(hide = true)]
    FloorCold(floor::ColdArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.child {
        Some(Child::Fleet(args)) => {
            return hailer_agent::cli::fleet_main(&args, vec!["exec-helper".to_owned()]);
        }
        Some(Child::ExecHelper) => return hailer_agent::cli::exec_helper(),
        Some(Child::FloorServer(args)) => floor::serve_until_stdin_ends(&args),
        Some(Child::FloorCold(args)) => floor::ask_once(&args),
        None => measure(&cli.scenarios, cli.size),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn measure(scenarios: &[Scenario], size: Size) -> Result<()> {
    let is_wanted = |s: Scenario| scenarios.is_empty() || scenarios.contains(&s);
    if is_wanted(Scenario::Startup) {
        startup::measure(size)?;
    }
    if is_wanted(Scenario::Prompt) {
        prompt::measure(size)?;
    }
    if is_wanted(Scenario::Grouped) {
        grouped::measure(size)?;
    }
    if is_wanted(Scenario::Memory) {
        memory::idle(size)?;
    }
    if is_wanted(Scenario::WarmMetric) {
        warm::measure(size, floor::Asked::Metric)?;
    }
    if is_wanted(Scenario::WarmCommand) {
        warm::measure(size, floor::Asked::Command)?;
    }
    if is_wanted(Scenario::Cold) {
        cold::measure(size, floor::Asked::Metric)?;
    }
    if is_wanted(Scenario::ColdCommand) {
        cold::measure(size, floor::Asked::Command)?;
    }
    if is_wanted(Scenario::Pushdown) {
        pushdown::measure(size)?;
    }
    if is_wanted(Scenario::Bombs) {
        memory::bombs(size)?;
    }
    Ok(())
}

/// The runtime that the shell has, for both sides.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build()
}
