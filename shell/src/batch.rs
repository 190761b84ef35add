//! Batch: lines from `-c`, a script or standard input, one after the other, for programs.
//!
//! Standard output is data, standard error is talk. The first line that fails is the last one,
//! unless asked otherwise; the exit code is the worst of all lines.

mod places;
mod told;

use std::collections::VecDeque;
use std::io;

use hailer_lang::plan::LinePlan;
use hailer_protocol::clean::Clean;

use crate::app::Looks;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::line::{self, Showing, Task};
use crate::output::Format;
use crate::pen::Pen;
use crate::script::Statement;
use crate::session::{Answered, Session};
use crate::show;
use crate::trust::request_file::RequestFile;
use places::Places;
use told::Told;

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// The form of results; by default groups, and tables for lines with verbs.
    pub format: Option<Format>,
    /// The nodes' bytes as they are.
    pub is_raw: bool,
    /// No talk beyond errors.
    pub is_quiet: bool,
    /// Colour on standard output, and on standard error.
    pub looks: Looks,
}

/// Carries statements out and returns the worst exit code. `source` is what a script is called:
/// its mistakes are told with their line in it.
///
/// # Errors
/// When the signals cannot be had. A line that fails is told and counted.
pub async fn run(
    session: &mut Session,
    source: Option<&str>,
    statements: Vec<Statement>,
    keep_going: bool,
    output: Output,
) -> Result<Exit, ShellError> {
    let mut interrupts =
        Interrupts::take_over().map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))?;
    let mut worst = Exit::OK;
    let mut places = Places::of(session, &statements)?;
    let mut waiting = VecDeque::from(statements);
    while let Some(statement) = waiting.pop_front() {
        places.next(session, &statement.text);
        let exit = match one(session, &statement.text, &mut interrupts, output).await {
            Ok(Next::Line(exit)) => exit,
            Ok(Next::Lines(lines)) => {
                lines.into_iter().rev().for_each(|l| waiting.push_front(l));
                continue;
            }
            Ok(Next::End) => break,
            Err(error) => {
                let error = match statement.file.as_deref().or(source) {
                    Some(source) => error.at(&format!("{source}:{}", statement.line)),
                    None => error,
                };
                show::complain(&error);
                error.exit()
            }
        };
        worst = worst.worst(exit);
        if exit == Exit::INTERRUPTED || (exit != Exit::OK && !keep_going) {
            let place = statement.file.as_deref().or(source);
            let place = place.map(|file| format!("{file}:{}", statement.line));
            if let Some(said) = stopped(exit, place.as_deref(), waiting.len()) {
                show::remark(&said);
            }
            break;
        }
    }
    Ok(worst)
}

/// What is said of lines that have no turn since the one before them did not end with 0: where it
/// stopped, how many they are, and how to run them all the same.
fn stopped(exit: Exit, place: Option<&str>, waiting: usize) -> Option<String> {
    let lines = match waiting {
        0 => return None,
        1 => "1 line behind it was not run".to_owned(),
        n => format!("{n} lines behind it were not run"),
    };
    let place = place.map_or_else(
        || "stopped".to_owned(),
        |place| format!("stopped at {place}"),
    );
    let place = Clean::line(&place);
    Some(if exit == Exit::INTERRUPTED {
        format!("{place}, interrupted: {lines}\n")
    } else {
        format!(
            "{place}, exit code {}: {lines}; --keep-going runs every line\n",
            exit.0
        )
    })
}

/// Runs a program with its arguments as they are on the session's scope.
///
/// # Errors
/// When nothing could be asked.
pub async fn run_argv(
    session: &mut Session,
    argv: Vec<String>,
    output: Output,
) -> Result<Exit, ShellError> {
    alone(session, Task::Argv(argv), output).await
}

/// Sends a run that was signed before.
///
/// # Errors
/// When nothing could be asked.
pub async fn run_approved(
    session: &mut Session,
    request: RequestFile,
    output: Output,
) -> Result<Exit, ShellError> {
    alone(session, Task::Approved(Box::new(request)), output).await
}

/// Carries out a task that is no line.
async fn alone(session: &mut Session, task: Task, output: Output) -> Result<Exit, ShellError> {
    let mut interrupts =
        Interrupts::take_over().map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))?;
    match carry_out(session, task, &mut interrupts, output).await? {
        Next::Line(exit) => Ok(exit),
        Next::Lines(_) | Next::End => Ok(Exit::OK),
    }
}

/// What comes after a line.
enum Next {
    /// The next line; this one led to that exit code.
    Line(Exit),
    /// Other lines in its place.
    Lines(Vec<Statement>),
    /// Nothing: the operator leaves.
    End,
}

async fn one(
    session: &mut Session,
    text: &str,
    interrupts: &mut Interrupts,
    output: Output,
) -> Result<Next, ShellError> {
    interrupts.unless_pressed(session.prepare(text)).await?;
    let plan = session.read(text)?;
    session.check_agreed(&plan)?;
    if let Some(remark) = session.remark(&plan) {
        show::remark(&remark);
    }
    if matches!(&plan, LinePlan::Query(query) if query.deed.is_some()) && !session.settings.dry_run
    {
        return deed(session, plan, interrupts, output).await;
    }
    carry_out(session, Task::Plan(plan), interrupts, output).await
}

/// Carries a line with a deed out: the result is the deed's. Of the rows before it only that they
/// are not complete goes into the exit code; a command that fails there may be why it is run.
async fn deed(
    session: &mut Session,
    plan: LinePlan,
    interrupts: &mut Interrupts,
    output: Output,
) -> Result<Next, ShellError> {
    let showing = Showing {
        looks: output.looks,
        is_quiet: output.is_quiet,
        prints: false,
        format: None,
    };
    let mut told = Told::new(session, &Task::Plan(plan.clone()), output)?;
    let task = Task::Plan(plan);
    let before = line::carry_out(session, task, interrupts, showing, None::<&mut Pen<()>>).await?;
    let Answered::Result(mut shown) = before else {
        return Err(ShellError::own("a line with a deed has rows"));
    };
    if shown.exit == Exit::INTERRUPTED {
        return Err(ShellError::new(
            Exit::INTERRUPTED,
            "interrupted before `run`: the command was run nowhere",
        ));
    }
    let of_rows = if shown.exit < Exit::INCOMPLETE {
        Exit::OK
    } else {
        shown.exit
    };
    let talk = |text: &str| {
        if !output.is_quiet {
            show::remark(&format!("{}\n", Clean::line(text)));
        }
    };
    let Some(prepared) = shown.deed.take() else {
        talk("no row is left: the command was run nowhere");
        shown.exit = of_rows;
        return told.end(&shown).map(Next::Line);
    };
    talk(prepared.about());
    let next = carry_out(session, Task::Deed(prepared), interrupts, output).await?;
    Ok(match next {
        Next::Line(exit) => Next::Line(exit.worst(of_rows)),
        Next::Lines(_) | Next::End => next,
    })
}

/// Carries a task out and writes its result.
async fn carry_out(
    session: &mut Session,
    task: Task,
    interrupts: &mut Interrupts,
    output: Output,
) -> Result<Next, ShellError> {
    if output.is_raw && task.is_live() {
        return Err(ShellError::usage("--raw goes with what ends by itself")
            .hint("lines of many nodes that come at once need their names: leave it out"));
    }
    if session.settings.out_dir.is_some() && task.is_live() {
        return Err(ShellError::usage("--out-dir goes with what ends by itself")
            .hint("leave it out, and send the output into a file"));
    }
    let told = Told::new(session, &task, output)?;
    if let (Some(_), Some(wish)) = (&told.out_dir, &mut session.settings.out_dir) {
        // The next line's answers must not take the place of this one's.
        wish.force = false;
    }
    let showing = Showing {
        looks: output.looks,
        is_quiet: output.is_quiet,
        prints: told.streams && std::io::IsTerminal::is_terminal(&io::stdout()),
        format: output.format,
    };
    let mut pen =
        Pen::new(told).map_err(|e| ShellError::own(format!("start a thread to write: {e}")))?;
    let answered = line::carry_out(session, task, interrupts, showing, Some(&mut pen)).await?;
    match answered {
        Answered::Nothing => Ok(Next::Line(Exit::OK)),
        Answered::Lines(lines) => Ok(Next::Lines(lines)),
        Answered::Said(text) => match show::write(&text) {
            // Whoever stopped reading wants no more.
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(ShellError::own(format!("write the answer: {e}")))
            }
            Ok(()) | Err(_) => Ok(Next::Line(Exit::OK)),
        },
        Answered::Judged(text, exit) => match show::write(&text) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(ShellError::own(format!("write the answer: {e}")))
            }
            Ok(()) | Err(_) => Ok(Next::Line(exit)),
        },
        Answered::Done(text) => {
            if !output.is_quiet {
                show::remark(&text);
            }
            Ok(Next::Line(Exit::OK))
        }
        Answered::History(_) => Err(ShellError::usage("the history is the prompt's")
            .hint("`: history` runs a Linux command of that name")),
        Answered::Local(command) => show::run_local(&command).await.map(Next::Line),
        Answered::Result(shown) => tokio::select! {
            written = pen.ask(move |told| told.end(&shown)) => match written {
                Some(written) => written.map(Next::Line),
                None => Err(ShellError::own("the result could not be written")),
            },
            // Nobody reads what is written, and whoever waits for it has had enough.
            _ = interrupts.next() => Ok(Next::Line(Exit::INTERRUPTED)),
        },
        Answered::Ended { exit, .. } => Ok(Next::Line(exit)),
        Answered::Quit => Ok(Next::End),
    }
}
