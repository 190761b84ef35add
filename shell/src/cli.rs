//! `hailer`'s arguments as they are typed. What they come to is decided in [`crate::settings`].

use std::path::PathBuf;

use hailer_protocol::state::State;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hailer_lang::spread::{FlagError, Spread};

use crate::fleet::Wish;
use crate::output::Format;
use crate::settings::OutDirWish;
use crate::view::style::ColorChoice;

/// An interactive debugging shell for fleets of Linux machines
///
/// Without a command, a line or a script, hailer opens its prompt; with lines on standard input
/// it carries them out and ends.
#[derive(Debug, Parser)]
#[command(
    name = "hailer",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 all ok · 1 some commands failed · 2 usage · 3 no or too few targets · \
                  4 some unreachable or lost · 5 some timed out · 6 halted · 7 denied · \
                  8 hailer failed · 130 interrupted"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Carry out this line, then end; may be given several times
    #[arg(short = 'c', value_name = "LINE", allow_hyphen_values = true)]
    pub lines: Vec<String>,

    /// A file of lines to carry out; stops at the first line that fails
    #[arg(value_name = "SCRIPT", conflicts_with = "lines")]
    pub script: Option<PathBuf>,

    /// Go on with the next line after one that failed
    #[arg(long, global = true)]
    pub keep_going: bool,

    /// Read these lines before the prompt, instead of `~/.config/hailer/rc.hail`
    #[arg(long, value_name = "FILE", global = true)]
    pub rc: Option<PathBuf>,

    /// Read no lines before the prompt, and no saved ones
    #[arg(long, conflicts_with = "rc", global = true)]
    pub no_rc: bool,

    /// Print the man page or a shell's completions
    #[arg(long, value_enum, value_name = "WHAT")]
    pub generate: Option<Generate>,

    #[command(flatten)]
    pub fleet: FleetArgs,

    #[command(flatten)]
    pub run: RunArgs,

    #[command(flatten)]
    pub out: OutArgs,
}

/// What is made of the arguments themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// The man page
    Man,
    /// Completions for bash
    CompleteBash,
    /// Completions for zsh
    CompleteZsh,
    /// Completions for fish
    CompleteFish,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program with its arguments as they are, without a shell, on the selected nodes
    #[command(
        after_help = "Example: hailer run --fleet fleet.toml -w web[01-20] -- ls -l /var/log"
    )]
    Run {
        /// The nodes
        #[arg(short = 'w', long = "on", value_name = "SELECTOR")]
        on: Option<String>,
        /// The program and its arguments
        #[arg(last = true, required = true, value_name = "PROGRAM")]
        argv: Vec<String>,
    },
    /// Look at a run that another operator has signed with --request, and approve it
    #[command(
        after_help = "It is shown and asked for; --yes approves without asking. You are whom the \
                      fleet file names."
    )]
    Approve {
        /// The request
        #[arg(value_name = "FILE")]
        signed: PathBuf,
    },
    /// Run what was signed with --request and approved by another operator, exactly as it is
    RunApproved {
        /// The request
        #[arg(value_name = "FILE")]
        signed: PathBuf,
    },
    /// Explain what a policy says to a request; exit code 0 if it may, 7 if it may not
    Can(crate::trust::can::CanArgs),
    /// Check and lay out the files in which the owners of nodes say who may do what
    Policy {
        #[command(subcommand)]
        command: crate::trust::policy::PolicyCommand,
    },
    /// Check and lay out the files of automations: what nodes watch, and what they do about it
    Automation {
        #[command(subcommand)]
        command: crate::automation::AutomationCommand,
    },
    /// Try hailer on a simulated fleet on this machine; nothing is left behind
    Demo {
        /// How many nodes
        #[arg(long, default_value_t = 48)]
        nodes: usize,
        /// How many nodes are down
        #[arg(long, default_value_t = 1, value_name = "N")]
        fail: usize,
        /// How many nodes answer late
        #[arg(long, default_value_t = 1, value_name = "N")]
        slow: usize,
        /// Carry out this line, then end; may be given several times
        #[arg(short = 'c', value_name = "LINE", allow_hyphen_values = true)]
        lines: Vec<String>,
    },
    /// Serve as the fleet's keeper: enrol nodes, renew their certificates, watch their audits
    ///
    /// With --fleet it also stays connected to every node of that file, hands on lists of
    /// revocations, and countersigns the audits.
    Serve(crate::keeper::ServeArgs),
    /// Look into what the keeper has found, and accept it
    Keeper(crate::keeper::KeeperArgs),
    /// Make a fleet's own authority, and what it signs
    Ca(crate::authority::CaArgs),
    /// Explain a command of the program, or a word of the language
    ///
    /// `hailer help language` is the language on one screen, `hailer help help` lists the pages.
    Help {
        /// `run`, `demo`, or what `help` takes at the prompt: a page, a verb, a function, a setting
        #[arg(value_name = "WORD")]
        word: Option<String>,
    },
    /// Take back certificates before their time is over, and tell the nodes
    #[command(
        after_help = "Example: hailer revoke --ca ca --fleet fleet.toml operator/ann\n\n\
                      All certificates of that name from before now are revoked. Nodes that obey \
                      end its connections and runs at once. Exit code 4: some nodes have not got \
                      the list."
    )]
    Revoke(crate::revoke::RevokeArgs),
    /// Get an operator's certificate, for 8 hours at most
    ///
    /// It is signed by the authority's issuer of operators, for the key that the fleet file names,
    /// which is made if it is not there, and never leaves. Run it again to renew; a shell that is open
    /// takes the next certificate up by itself. Where somebody else signs (step-ca, SPIRE), put the
    /// PEM files where the fleet file says; `--status` shows what is there.
    Login(crate::login::LoginArgs),
    /// Start commands for a demo's agents; only the demo starts this
    #[command(hide = true, name = crate::demo::HELPER_COMMAND)]
    ExecHelper,
    /// Serve a demo's fleet; only the demo starts this
    #[command(hide = true, name = crate::demo::FLEET_COMMAND)]
    DemoFleet(crate::demo::ServeArgs),
}

/// Which fleet, and who asks.
#[derive(Debug, Clone, Default, Args)]
pub struct FleetArgs {
    /// The fleet file
    #[arg(
        long = "fleet",
        value_name = "FILE",
        env = "HAILER_FLEET",
        global = true
    )]
    pub file: Option<PathBuf>,

    /// The scope to start with, instead of the fleet file's default
    #[arg(long, value_name = "SELECTOR", global = true)]
    pub scope: Option<String>,

    /// The nodes to start with: names one a line or folded, or records of --format ndjson; `-` is
    /// standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "scope",
        allow_hyphen_values = true,
        global = true
    )]
    pub targets_from: Option<PathBuf>,

    /// With --targets-from: only nodes that ended in these states, such as failed,timed_out
    #[arg(
        long,
        value_name = "STATE",
        value_delimiter = ',',
        value_parser = state,
        global = true
    )]
    pub targets_state: Vec<State>,

    /// With --targets-from: records without their summary will do, though they are a part
    #[arg(long, global = true)]
    pub targets_partial: bool,
}

/// How lines are run.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Kill a command on its node after this long (30s, 5m)
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true, global = true)]
    pub timeout: Option<std::time::Duration>,

    /// End the whole run after this long
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true, global = true)]
    pub deadline: Option<std::time::Duration>,

    /// Why: signed with the run and written down on every node; some policies want it
    #[arg(long, value_name = "TEXT", global = true)]
    pub reason: Option<String>,

    /// As which user of the nodes commands run; their policies say who may
    #[arg(long, value_name = "USER", value_parser = user, global = true)]
    pub run_as: Option<String>,

    /// Run commands only as readings: what a node lists, in its sandbox
    #[arg(long, global = true)]
    pub read_only: bool,

    /// Sign the run, write it into this new file, and send it to no node: another operator looks at it
    /// with `hailer approve FILE`, then `hailer run-approved FILE` runs it. Rows in front of a `run`
    /// are asked for
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run", global = true)]
    pub request: Option<PathBuf>,

    /// With --request: for how long it may be begun, 24h at most [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = holds, requires = "request", global = true)]
    pub holds: Option<std::time::Duration>,

    /// How long to wait for a node's connection [default: 3s]
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true, global = true)]
    pub connect_timeout: Option<std::time::Duration>,

    /// How many nodes are asked at the same time [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000), global = true)]
    pub max_in_flight: Option<u64>,

    /// Ask so many nodes first, in stages that grow: 1,5%,25%; then the rest
    #[arg(long, value_name = "N|%,…", global = true, help_heading = SPREAD)]
    pub canary: Option<String>,

    /// One value of this label after the other, never two at once
    #[arg(long, value_name = "LABEL", global = true, help_heading = SPREAD)]
    pub batch_by: Option<String>,

    /// Ask nobody else for so long after each stage
    #[arg(long, value_name = "DURATION", global = true, help_heading = SPREAD)]
    pub wait: Option<String>,

    /// Ask this between stages; rows, failures or silence halt the run [a node has --timeout for
    /// it, or 60s]
    #[arg(long, value_name = "LINE", global = true, help_heading = SPREAD)]
    pub gate: Option<String>,

    /// Ask nobody else once more than this have failed [default with stages: 0]
    #[arg(long, value_name = "N|%", global = true, help_heading = SPREAD)]
    pub max_failures: Option<String>,

    /// Ask nobody else once more than this could not be reached
    #[arg(long, value_name = "N|%", global = true, help_heading = SPREAD)]
    pub max_unreachable: Option<String>,

    /// The same as --max-failures 0
    #[arg(long, global = true, conflicts_with = "max_failures", help_heading = SPREAD)]
    pub fail_fast: bool,

    /// Only so many of the nodes, drawn by chance
    #[arg(long, value_name = "N", global = true, help_heading = SPREAD)]
    pub pick: Option<String>,

    /// Draw the same nodes as with this seed before
    #[arg(long, value_name = "N", global = true, help_heading = SPREAD)]
    pub seed: Option<String>,

    /// Let `run` act without asking
    #[arg(long, global = true)]
    pub yes: bool,

    /// Fail, and run nothing, if fewer nodes than this are selected
    #[arg(long, value_name = "N", global = true)]
    pub expect: Option<u64>,

    /// Show what would run where, and run nothing
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// Start commands that outlive hailer, and print the id of each; `jobs all` finds them again
    #[arg(long, global = true)]
    pub detach: bool,

    /// Exit with 1 if the result has rows: for checks
    #[arg(long, global = true)]
    pub fail_if_rows: bool,
}

/// Above the flags that say how a run is spread.
const SPREAD: &str =
    "How a run is spread: the line's `run` where it has one, its command otherwise";

impl OutArgs {
    /// Returns where a line's answers go beside the result.
    #[must_use]
    pub fn wish(&self) -> Option<OutDirWish> {
        self.out_dir.as_ref().map(|dir| OutDirWish {
            dir: dir.clone(),
            force: self.force,
        })
    }
}

impl RunArgs {
    /// Returns what is signed beside a request.
    #[must_use]
    pub fn wish(&self) -> Wish {
        Wish {
            reads_only: self.read_only,
            run_as: self.run_as.clone(),
            reason: self.reason.clone(),
        }
    }

    /// Reads the flags that say how a run is spread, by the language's own rules.
    pub(crate) fn spread(&self) -> Result<Spread, FlagError> {
        let mut spread = Spread::default();
        for (flag, value) in [
            ("canary", &self.canary),
            ("batch-by", &self.batch_by),
            ("wait", &self.wait),
            ("gate", &self.gate),
            ("max-failures", &self.max_failures),
            ("max-unreachable", &self.max_unreachable),
            ("pick", &self.pick),
            ("seed", &self.seed),
        ] {
            if let Some(value) = value {
                spread.set(flag, value)?;
            }
        }
        for (flag, is_set) in [("fail-fast", self.fail_fast), ("yes", self.yes)] {
            if is_set {
                spread.set(flag, "")?;
            }
        }
        spread.conflict().map_or(Ok(spread), Err)
    }
}

/// How results are written.
#[derive(Debug, Clone, Default, Args)]
pub struct OutArgs {
    /// The form of results on standard output
    #[arg(long, value_enum, global = true)]
    pub format: Option<Format>,

    /// With `--format text` into a pipe: the nodes' bytes as they are
    #[arg(long, global = true)]
    pub raw: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,

    /// In batch: also write one file a node into this directory, and lists of who ended how; of
    /// several lines each has a directory in it, `DIR/1`, `DIR/2` and so on
    #[arg(long, value_name = "DIR", global = true)]
    pub out_dir: Option<PathBuf>,

    /// With --out-dir: remove what an earlier run left there
    #[arg(long, requires = "out_dir", global = true)]
    pub force: bool,

    /// No progress and no summary on standard error
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Reads the name of a state.
fn state(text: &str) -> Result<State, String> {
    State::by_name(text).ok_or_else(|| {
        let names = State::ALL.map(State::as_str);
        let near = hailer_lang::nearest::did_you_mean(text, names);
        near.unwrap_or_else(|| format!("the states are {}", names.join(", ")))
    })
}

/// The name of a user of the nodes.
fn user(text: &str) -> Result<String, String> {
    let user = hailer_protocol::policy::User::new(text);
    user.map(|user| user.to_string())
        .ok_or_else(|| "not a user's name: lower-case letters, digits, `_` and `-`".to_owned())
}

/// Reads a duration as the language writes it.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    use hailer_protocol::value::Value;
    let wrong = || format!("`{text}` is no duration; write 500ms, 30s, 5m, 1h");
    match hailer_protocol::units::parse_quantity(text) {
        Some(Value::Duration(ns)) if ns > 0 => u64::try_from(ns)
            .map(std::time::Duration::from_nanos)
            .map_err(|_| wrong()),
        Some(_) | None => Err(wrong()),
    }
}

/// For how long a signature may hold.
fn holds(text: &str) -> Result<std::time::Duration, String> {
    let most = hailer_protocol::limits::SIGNED_LIFE_MAX;
    let holds = duration(text)?;
    if holds > most {
        return Err(format!(
            "a signature holds for {} h at most",
            most.as_secs() / 3600
        ));
    }
    Ok(holds)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_duration_wants_a_unit() {
        assert!(duration("30").is_err());
        assert!(duration("-3s").is_err());
        assert_eq!(duration("500ms"), Ok(std::time::Duration::from_millis(500)));
    }

    #[test]
    fn a_program_keeps_its_own_flags() {
        let cli =
            Cli::try_parse_from(["hailer", "run", "-w", "@all", "--", "ls", "-l", "--", "x y"]);
        let Ok(Cli {
            command: Some(Command::Run { argv, .. }),
            ..
        }) = cli
        else {
            panic!("{cli:?}")
        };
        assert_eq!(argv, ["ls", "-l", "--", "x y"]);
    }
}
