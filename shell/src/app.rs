//! What the program does: from its arguments to its exit code.

mod begin;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _};
use hailer_lang::danger::AskBar;

use crate::authority;
use crate::automation;
use crate::batch::{self, Output};
use crate::cli::{Cli, Command, FleetArgs, OutArgs, RunArgs};
use crate::config::{self, LinesFile, Rc};
use crate::demo::{self, Demo, DemoOptions};
use crate::ends::Ends;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::generate;
use crate::help;
use crate::keeper;
use crate::login;
use crate::output::Format;
use crate::process;
use crate::repl;
use crate::revoke;
use crate::script;
use crate::session::Session;
use crate::show;
use crate::targets;
use crate::trust;
use crate::trust::request_file::RequestFile;
use crate::view::style::{Look, Theme, is_ascii_only};
use crate::view::terminal::{stderr_size, stdout_size};
use begin::{Memory, approved_is_as_it_is, session};

/// How text for people is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// Colour on standard output.
    pub color: bool,
    /// Colour on standard error.
    pub color_err: bool,
    /// ASCII only: the terminal's locale knows no other characters.
    pub ascii: bool,
    /// In which colours.
    pub theme: Theme,
}

impl Looks {
    /// How text is drawn on standard output.
    #[must_use]
    pub fn on_stdout(self) -> Look {
        Look {
            width: stdout_size().map(|s| s.columns),
            color: self.color,
            ascii: self.ascii,
            theme: self.theme,
        }
    }

    /// How text is drawn on standard error.
    #[must_use]
    pub fn on_stderr(self) -> Look {
        Look {
            width: stderr_size().map(|s| s.columns),
            color: self.color_err,
            ascii: self.ascii,
            theme: self.theme,
        }
    }
}

/// Parses the process's arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match parsed() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            let exit = if e.use_stderr() {
                Exit::USAGE
            } else {
                Exit::OK
            };
            return exit.into();
        }
    };
    if let Some(what) = cli.generate {
        return generate::print(what, Cli::command()).into();
    }
    let is_keeper = matches!(cli.command, Some(Command::Serve(_)));
    match cli.command {
        Some(Command::ExecHelper) => return demo::exec_helper(),
        Some(Command::DemoFleet(args)) => return demo::serve(&args),
        Some(Command::Help { word }) => return help::on_program(word.as_deref()).into(),
        Some(Command::Can(args)) => return told(trust::can::answer(&args, &cli.run)),
        Some(Command::Approve { signed }) => {
            return told(trust::approve::carry_out(&signed, &cli.fleet, cli.run.yes));
        }
        Some(Command::Policy { command }) => return told(trust::policy::carry_out(&command)),
        Some(Command::Ca(ref args)) if !args.needs_links() => {
            return ended(authority::command(args));
        }
        Some(Command::Login(args)) => {
            return told(login::command(&args, cli.fleet.file.as_deref()));
        }
        Some(Command::Automation { command }) => return told(automation::carry_out(&command)),
        Some(Command::Keeper(args)) => return ended(keeper::command(&args)),
        Some(
            Command::Run { .. }
            | Command::Ca(_)
            | Command::RunApproved { .. }
            | Command::Demo { .. }
            | Command::Serve(_)
            | Command::Revoke(_),
        )
        | None => {}
    }
    process::prepare(if is_keeper {
        "warn,hailer=info"
    } else {
        "error"
    });
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| ShellError::own(format!("start the runtime: {e}")))
        .and_then(|runtime| {
            let result = runtime.block_on(dispatch(cli));
            // A thread that waits for the terminal must not keep the process.
            runtime.shutdown_background();
            result
        });
    told(result)
}

/// Says what went wrong, and returns what the process ends with.
fn told(result: Result<Exit, ShellError>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            show::complain(&error);
            error.exit().into()
        }
    }
}

/// Reads the arguments. A fleet that is given on the command line, and not by the environment, does
/// not go with a demo, which has its own.
fn parsed() -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    let is_given = matches.value_source("file") == Some(clap::parser::ValueSource::CommandLine);
    if is_given && matches!(cli.command, Some(Command::Demo { .. })) {
        return Err(Cli::command().error(
            clap::error::ErrorKind::ArgumentConflict,
            "--fleet does not go with `demo`, which brings its own fleet",
        ));
    }
    Ok(cli)
}

/// Says which arguments do not go with the command that they stand before or behind.
fn check_places(cli: &Cli) -> Result<(), ShellError> {
    let is_run = matches!(cli.command, Some(Command::Run { .. }));
    if is_run && cli.keep_going {
        return Err(ShellError::usage(
            "--keep-going is for lines, and `run` has one program",
        ));
    }
    if cli.command.is_some() && (!cli.lines.is_empty() || cli.script.is_some()) {
        return Err(
            ShellError::usage("lines and a script do not stand before a command")
                .hint("`hailer demo -c LINE` carries out a line in a demo"),
        );
    }
    Ok(())
}

async fn dispatch(cli: Cli) -> Result<Exit, ShellError> {
    check_places(&cli)?;
    match cli.command {
        Some(Command::Run { on, argv }) => {
            let fleet = targets_of_run(on, cli.fleet)?;
            lines_are_given(&fleet, true)?;
            let output = output(&cli.out)?;
            let mut session = session(&fleet, &cli.run, Memory::Remembers, None).await?;
            session.settings.out_dir = cli.out.wish();
            let exit = if cli.run.dry_run {
                show::say(&format!(
                    "{}\n  {argv:?}\n",
                    session.describe_scope().trim_end()
                ));
                Ok(Exit::OK)
            } else {
                let (mut ends, fleet) = (ends()?, Arc::clone(session.fleet()));
                let run = batch::run_argv(&mut session, argv, output);
                ends.or_done(&fleet, run).await
            };
            session.close().await;
            exit
        }
        Some(Command::Demo {
            nodes,
            fail,
            slow,
            lines,
        }) => {
            demo_adds_up(nodes, fail, slow)?;
            let mut demo = Demo::start(DemoOptions { nodes, fail, slow })
                .await
                .map_err(|e| ShellError::own(e.to_string()))?;
            let first = FirstLines::of(cli.rc, cli.no_rc);
            let keep_going = cli.keep_going;
            let input = (lines, keep_going);
            let exit = with_demo(&demo, input, cli.fleet, &cli.run, &cli.out, first).await;
            demo.stop().await;
            exit
        }
        Some(Command::Ca(args)) => authority::over_links(&args, cli.fleet.file.as_deref()).await,
        Some(Command::Revoke(args)) => revoke::command(&args, cli.fleet.file.as_deref()).await,
        Some(Command::RunApproved { signed }) => {
            run_approved(&signed, &cli.fleet, &cli.run, &cli.out).await
        }
        Some(Command::Serve(args)) => keeper::serve(&args, cli.fleet.file.as_deref())
            .await
            .map(|()| Exit::OK),
        // What needs no fleet was done before.
        Some(
            Command::Keeper(_)
            | Command::Help { .. }
            | Command::Can(_)
            | Command::Policy { .. }
            | Command::Automation { .. }
            | Command::Approve { .. }
            | Command::Login(_)
            | Command::ExecHelper
            | Command::DemoFleet(_),
        ) => Ok(Exit::OK),
        None => {
            lines_are_given(&cli.fleet, !cli.lines.is_empty() || cli.script.is_some())?;
            // Ctrl-C is the session's from its beginning on: what may take long to read comes before.
            let input = input(cli.lines, cli.script)?;
            let session = session(&cli.fleet, &cli.run, Memory::Remembers, None).await?;
            let first = FirstLines::of(cli.rc, cli.no_rc);
            carry_out(session, input, cli.keep_going, &cli.out, first).await
        }
    }
}

fn demo_adds_up(nodes: usize, fail: usize, slow: usize) -> Result<(), ShellError> {
    if nodes == 0 || fail + slow > nodes {
        return Err(ShellError::usage(format!(
            "a demo of {nodes} nodes cannot have {fail} down and {slow} slow ones"
        ))
        .hint("give at least one node, and --fail and --slow that fit"));
    }
    Ok(())
}

/// Sends a run that was signed and approved before, as it was.
async fn run_approved(
    signed: &Path,
    fleet: &FleetArgs,
    run: &RunArgs,
    out: &OutArgs,
) -> Result<Exit, ShellError> {
    approved_is_as_it_is(fleet, run)?;
    let (output, request) = (output(out)?, RequestFile::read(signed)?);
    let mut session = session(fleet, run, Memory::Remembers, request.lease()).await?;
    session.settings.out_dir = out.wish();
    let (mut ends, fleet) = (ends()?, Arc::clone(session.fleet()));
    let run = batch::run_approved(&mut session, request, output);
    let exit = ends.or_done(&fleet, run).await;
    session.close().await;
    exit
}

/// Reads what is given: lines, a script, or whatever standard input is.
fn input(lines: Vec<String>, script: Option<PathBuf>) -> Result<Input, ShellError> {
    Ok(match (lines, script) {
        (lines, None) if !lines.is_empty() => Input::Lines(lines),
        (_, Some(script)) => Input::Script(script.display().to_string(), read_script(&script)?),
        (_, None) if io::stdin().is_terminal() => Input::Prompt(""),
        (_, None) => Input::Script("standard input".to_owned(), read_stdin()?),
    })
}

/// What whoever tries hailer must know: the nodes are simulated, what runs on them is not.
const DEMO_NOTICE: &str =
    "The nodes are simulated; commands are not: they run on this machine, as you.\n";

/// On a demo the prompt asks before a line that changes things on more nodes than this.
const DEMO_ASK: usize = 1;

async fn with_demo(
    demo: &Demo,
    (lines, keep_going): (Vec<String>, bool),
    fleet: FleetArgs,
    run: &RunArgs,
    out: &OutArgs,
    first: FirstLines,
) -> Result<Exit, ShellError> {
    lines_are_given(&fleet, !lines.is_empty())?;
    let fleet = FleetArgs {
        file: Some(demo.fleet_file()),
        ..fleet
    };
    let input = if !lines.is_empty() {
        Input::Lines(lines)
    } else if io::stdin().is_terminal() {
        Input::Prompt(DEMO_NOTICE)
    } else {
        Input::Script("standard input".to_owned(), read_stdin()?)
    };
    let mut session = session(&fleet, run, Memory::Forgets, None).await?;
    session.settings.ask = Some(AskBar::exactly(DEMO_ASK));
    carry_out(session, input, keep_going, out, first).await
}

/// `hailer run` has its nodes from one place.
fn targets_of_run(on: Option<String>, fleet: FleetArgs) -> Result<FleetArgs, ShellError> {
    match (on, &fleet.targets_from) {
        (Some(_), Some(_)) => Err(ShellError::usage("-w does not go with --targets-from")),
        (None, None) => Err(ShellError::usage("on which nodes?")
            .hint("give them with -w SELECTOR or --targets-from FILE")),
        (on, _) => Ok(FleetArgs { scope: on, ..fleet }),
    }
}

/// Standard input is either the targets or the lines.
fn lines_are_given(fleet: &FleetArgs, are_given: bool) -> Result<(), ShellError> {
    let is_taken = fleet.targets_from.as_deref().is_some_and(targets::is_stdin);
    if is_taken && !are_given {
        return Err(ShellError::usage(
            "standard input is the list of targets, and no line is given",
        )
        .hint("give one with -c LINE, or a script"));
    }
    if fleet.targets_from.is_none() && (!fleet.targets_state.is_empty() || fleet.targets_partial) {
        return Err(ShellError::usage(
            "--targets-state and --targets-partial go with --targets-from",
        ));
    }
    Ok(())
}

/// What the operator keeps, to begin a session with.
struct FirstLines {
    lines: Option<LinesFile>,
    rc: Rc,
}

impl FirstLines {
    fn of(rc: Option<PathBuf>, no_rc: bool) -> Self {
        let directory = config::directory(config::variable).filter(|_| !no_rc);
        Self {
            lines: directory.as_deref().map(LinesFile::in_directory),
            rc: match (rc, directory) {
                (Some(file), _) => Rc::File(file),
                (None, Some(directory)) => Rc::In(directory),
                (None, None) => Rc::No,
            },
        }
    }

    /// What is wrong in them is told; the session begins all the same.
    fn begin(self, session: &mut Session) {
        if let Some(file) = self.lines {
            session.keep_lines_in(file).iter().for_each(show::complain);
        }
        for line in config::read_rc(&self.rc) {
            let done = line.and_then(|(place, line)| {
                let done = session.first_line(&line.text);
                done.map_err(|error| error.at(&place))
            });
            if let Err(error) = done {
                show::complain(&error);
            }
        }
    }
}

/// Where lines come from.
enum Input {
    Lines(Vec<String>),
    /// What it is called, and its text.
    Script(String, String),
    /// The prompt, with what is said before it.
    Prompt(&'static str),
}

async fn carry_out(
    mut session: Session,
    input: Input,
    keep_going: bool,
    out: &OutArgs,
    first: FirstLines,
) -> Result<Exit, ShellError> {
    let output = output(out)?;
    // A script means the same for everybody: it gets the operator's lines only if told to.
    if matches!(input, Input::Prompt(_)) || matches!(first.rc, Rc::File(_)) {
        first.begin(&mut session);
    }
    if matches!(input, Input::Prompt(_)) && out.out_dir.is_some() {
        return Err(
            ShellError::usage("--out-dir is for lines that are given, not for the prompt")
                .hint("give one with -c LINE"),
        );
    }
    if matches!(input, Input::Prompt(_)) && session.settings.request.is_some() {
        return Err(
            ShellError::usage("--request is for lines that are given, not for the prompt")
                .hint("give one with -c LINE; at the prompt, `request FILE` is for the last line"),
        );
    }
    session.settings.out_dir = out.wish();
    let (source, statements) = match input {
        Input::Prompt(notice) => return repl::run(session, output.looks, notice).await,
        Input::Lines(lines) => (None, script::given(&lines, &session.known_names())?),
        Input::Script(name, text) => {
            let statements = script::script(&name, &text, &session.known_names())?;
            (Some(name), statements)
        }
    };
    let (mut ends, fleet) = (ends()?, Arc::clone(session.fleet()));
    let run = batch::run(
        &mut session,
        source.as_deref(),
        statements,
        keep_going,
        output,
    );
    let exit = ends.or_done(&fleet, run).await;
    session.close().await;
    exit
}

fn ends() -> Result<Ends, ShellError> {
    Ends::take_over().map_err(|e| ShellError::own(format!("take over signals: {e}")))
}

fn output(out: &OutArgs) -> Result<Output, ShellError> {
    let variable = |name: &str| std::env::var(name).ok();
    let (format, choice) = (out.format, out.color);
    if out.raw && format != Some(Format::Text) {
        return Err(ShellError::usage("--raw goes with --format text"));
    }
    Ok(Output {
        format,
        is_raw: out.raw,
        is_quiet: out.quiet,
        looks: Looks {
            color: choice.is_on(io::stdout().is_terminal(), variable),
            color_err: choice.is_on(io::stderr().is_terminal(), variable),
            ascii: is_ascii_only(variable),
            theme: Theme::default(),
        },
    })
}

fn read_script(path: &Path) -> Result<String, ShellError> {
    let failed =
        |e: io::Error| ShellError::usage(format!("read the script {}: {e}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    script::read(file).map_err(failed)
}

fn read_stdin() -> Result<String, ShellError> {
    script::read(io::stdin().lock())
        .map_err(|e| ShellError::usage(format!("read lines from standard input: {e}")))
}

/// Returns the exit code of a command that runs nothing.
fn ended(result: Result<(), ShellError>) -> ExitCode {
    match result {
        Ok(()) => Exit::OK.into(),
        Err(error) => {
            show::complain(&error);
            error.exit().into()
        }
    }
}
