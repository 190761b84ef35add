//! `hailerd`'s arguments, and what each of its commands does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::audit::{self, AuditOptions};
use crate::clock;
use crate::config::Config;
use crate::damage::{self, JournalArgs};
use crate::error::AgentError;
use crate::fleet::{self, FleetOptions};
use crate::join::JoinArgs;
use crate::logging;

/// The agent of hailer
#[derive(Debug, Parser)]
#[command(name = "hailerd", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve as the agent of this machine
    ///
    /// What must be known after a loss of power is forced to the disk before a command starts: the
    /// nonce of its signature, in the store, and its intent, with every earlier record of the audit.
    /// If that fails the command is refused. Outcomes, refusals and probes are handed to the kernel:
    /// the agent's death loses none of them, a loss of power those since the last command. They
    /// reach the disk with the next intent. Probes wait for no disk at all.
    Run(RunArgs),
    /// Make this machine a node: get its first certificate with a one-time token
    Join(JoinArgs),
    /// Serve a simulated fleet in one process, to try things out
    Fleet(FleetArgs),
    /// Show what was asked of this machine, and what came of it
    Audit(AuditOptions),
    /// Look at a damaged log, and let the node go on
    Journal(JournalArgs),
    /// Start commands for an agent; only an agent starts this
    #[command(hide = true)]
    ExecHelper,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "/etc/hailer/agent.toml")]
    config: PathBuf,
}

/// What `fleet` takes, in `hailerd` and, hidden, in `hailer`.
#[derive(Debug, Clone, Args)]
pub struct FleetArgs {
    /// How many nodes
    #[arg(long, default_value_t = 48)]
    pub nodes: usize,
    /// Where the fleet file, the operator's credentials and the nodes' directories go
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// How many nodes are down
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub fail: usize,
    /// How many nodes answer late
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub slow: usize,
    /// How late slow nodes answer, in milliseconds
    #[arg(long, default_value_t = 2000, value_name = "MS")]
    pub slow_ms: u64,
    /// Stop when standard input ends, and remove the directory
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

/// Parses the process's arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::ExecHelper => exec_helper(),
        Command::Run(args) => report(run(&args)),
        Command::Join(args) => report(run_join(&args)),
        Command::Audit(options) => {
            logging::to_stderr();
            let mut out = std::io::stdout().lock();
            report(audit::export(&options, clock::wall(), &mut out))
        }
        Command::Journal(args) => {
            let mut out = std::io::stdout().lock();
            report(damage::journal(&args, &who_asks(), &mut out))
        }
        Command::Fleet(args) => fleet_main(&args, vec!["exec-helper".to_owned()]),
    }
}

/// Serves as the spawning helper of an agent.
#[must_use]
pub fn exec_helper() -> ExitCode {
    report(hailer_exec::helper::main().map_err(|e| AgentError::Helper(e.to_string())))
}

/// Serves a simulated fleet; `helper` is how this executable is asked to be the spawning helper.
#[must_use]
pub fn fleet_main(args: &FleetArgs, helper: Vec<String>) -> ExitCode {
    report(run_fleet(args, helper))
}

fn run(args: &RunArgs) -> Result<(), AgentError> {
    logging::to_stderr();
    let config = Config::read(&args.config)?;
    let _ = hailer_exec::raise_nofile_limit();
    block_on(runtime(1)?, async {
        let ends = Ends::new()?;
        let (listening, renewal) = crate::serve::start_renewing(&config)?;
        tracing::info!(node = %config.name, address = %listening.address(), "the agent listens");
        let renewed = async {
            match renewal {
                Some(renewal) => renewal.keep(&listening).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ends.wait(false) => {}
            () = renewed => {}
        }
        tracing::info!("the agent stops");
        listening.close().await;
        Ok(())
    })
}

/// Who says something on this machine: its user, and whoever became that by `sudo`.
fn who_asks() -> String {
    let user = crate::run::own_user();
    match std::env::var("SUDO_USER") {
        Ok(by) if !by.is_empty() && by != user => format!("{user} (sudo by {by})"),
        Ok(_) | Err(_) => user.to_owned(),
    }
}

fn run_join(args: &JoinArgs) -> Result<(), AgentError> {
    logging::to_stderr();
    block_on(runtime(1)?, crate::join::join(args))
}

/// Runs `main` to its end. What still blocks then, a reading of a dead disk or of a terminal,
/// cannot keep the process from ending.
fn block_on<T>(runtime: tokio::runtime::Runtime, main: impl Future<Output = T>) -> T {
    let result = runtime.block_on(main);
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

fn run_fleet(args: &FleetArgs, helper: Vec<String>) -> Result<(), AgentError> {
    logging::to_stderr();
    let _ = hailer_exec::raise_nofile_limit();
    let program = std::env::current_exe()
        .map_err(|e| AgentError::Helper(format!("find this executable: {e}")))?;
    let options = FleetOptions {
        nodes: args.nodes,
        down: args.fail,
        slow: args.slow,
        slow_by: Duration::from_millis(args.slow_ms),
        dir: args.dir.clone(),
        helper: std::iter::once(program.display().to_string())
            .chain(helper)
            .collect(),
    };
    let result = block_on(runtime(2)?, async {
        let ends = Ends::new()?;
        let served = fleet::serve(&options)?;
        say_ready(served.n_listening());
        ends.wait(args.until_stdin_closes).await;
        served.close().await;
        Ok(())
    });
    if args.until_stdin_closes {
        let _ = std::fs::remove_dir_all(&args.dir);
    }
    result
}

/// The one line that tests, scripts and the demo wait for.
#[expect(
    clippy::print_stdout,
    reason = "standard output is this command's interface"
)]
fn say_ready(n: usize) {
    use std::io::Write as _;
    println!("ready {n}");
    let _ = std::io::stdout().flush();
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, AgentError> {
    let mut builder = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(threads);
        builder
    };
    builder
        .enable_all()
        .build()
        .map_err(|e| AgentError::Helper(format!("start the runtime: {e}")))
}

/// What ends a serving process. Made before it says that it is ready, so that no signal after
/// that ends it the hard way.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> Result<Self, AgentError> {
        let listen = |kind| signal(kind).map_err(AgentError::Signals);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Returns on SIGTERM or SIGINT, or when standard input ends if that is asked for.
    async fn wait(mut self, until_stdin_closes: bool) {
        let stdin_ends = async {
            if !until_stdin_closes {
                std::future::pending::<()>().await;
            }
            let mut sink = [0; 64];
            let mut stdin = tokio::io::stdin();
            while let Ok(1..) = stdin.read(&mut sink).await {}
        };
        tokio::select! {
            () = stdin_ends => {}
            _ = self.terminate.recv() => {}
            // A terminal's Ctrl-C goes to the whole group; who watches standard input decides
            // alone.
            _ = self.interrupt.recv(), if !until_stdin_closes => {}
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "this is where a failed program says why"
)]
fn report(result: Result<(), AgentError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("hailerd: {e}");
            ExitCode::FAILURE
        }
    }
}
