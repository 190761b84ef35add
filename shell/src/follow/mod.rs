//! Following: lines of endless commands on all nodes, as they come, until the operator has enough.
//!
//! What is shown is decided by pure machines that take the time as an argument: [`lines`] cuts bytes
//! into lines, [`merge`] folds and bounds them, [`told`] says what happens to nodes, [`tail`] keeps
//! the last lines as the result. Here is the loop around them. Whoever reads slowly holds up the
//! commands on the nodes, and Ctrl-C is heard all the same; it ends every process of the line.

pub mod lines;
pub mod merge;
pub mod stream;
pub mod tail;
pub mod told;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::LinePlan;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{Control, Finished};
use crate::interrupt::{Interrupts, Key};
use crate::line::Showing;
use crate::output::follow::{FollowLooks, FollowWriter, Form};
use crate::output::{End, Flow, Names};
use crate::pen::Pen;
use crate::rows::OwnedNames;
use crate::running::{Heard, Running};
use crate::session::{Answered, Begun, Session};
use stream::Stream;

/// How often lines are shown: what comes within this time counts as said at the same moment.
const TURN: Duration = Duration::from_millis(100);

/// What a line comes to whose lines nobody takes any more.
const GIVEN_UP: Answered = Answered::Ended {
    exit: Exit::INTERRUPTED,
    number: None,
};

/// Carries out a line that ends in `follow`.
///
/// # Errors
/// When nothing could be asked, the format cannot hold lines without end, or they could not be
/// written.
pub async fn carry_out(
    session: &mut Session,
    plan: LinePlan,
    interrupts: &mut Interrupts,
    showing: Showing,
) -> Result<Answered, ShellError> {
    let form = Form::of(showing.format, io::stdout().is_terminal()).map_err(|e| {
        let error = ShellError::usage(e.to_string());
        match e.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    let mut running = match session.begin_plan(plan).await? {
        Begun::Answered(answered) => return Ok(answered),
        Begun::Running(running) => running,
    };
    let targets = running.query.scope.nodes.clone();
    let mut pen = pen(session, form, &targets, showing)?;
    // A terminal shows what a person can read; a pipe is never cut, and holds the nodes up instead.
    let rate = session
        .settings
        .follow_rate
        .filter(|_| form == Form::Terminal);
    let mut stream = Stream::new(targets, rate, running.query.returns_rows(), clock::mono());
    let Some(finished) = hear(&mut running, &mut stream, &mut pen, interrupts).await else {
        return Ok(GIVEN_UP);
    };
    let items = stream.end(clock::mono(), clock::wall());
    let dropped = stream.dropped();
    let (shown, finished) = session
        .finish_followed(&running, finished?, stream.into_tail())
        .await?;
    let number = shown.number;
    let exit = shown.exit;
    let end = pen.ask(move |writer| {
        let _: Flow = writer.items(&items);
        let end = End {
            gather: &finished.gather,
            summary: &finished.summary,
            exit_code: exit.0,
        };
        writer.end(end, number, dropped)
    });
    tokio::select! {
        written = end => match written {
            Some(Ok(())) => Ok(Answered::Ended {
                exit,
                number: Some(number),
            }),
            Some(Err(e)) => Err(ShellError::own(e.to_string())),
            None => Err(ShellError::own("the lines could not be written")),
        },
        // Nobody reads what is written, and whoever waits for it has had enough.
        _ = interrupts.next() => Ok(GIVEN_UP),
    }
}

fn pen(
    session: &Session,
    form: Form,
    targets: &NodeSet,
    showing: Showing,
) -> Result<Pen<FollowWriter>, ShellError> {
    let names: Names = Arc::new(OwnedNames(Arc::clone(session.inventory())));
    let looks = FollowLooks {
        out: showing.looks.on_stdout(),
        talk: showing.looks.on_stderr(),
        is_quiet: showing.is_quiet,
    };
    Pen::new(FollowWriter::new(form, targets, names, looks))
        .map_err(|e| ShellError::own(format!("start a thread to write: {e}")))
}

/// Shows lines until the run is over; `None` if it is given up before.
async fn hear(
    running: &mut Running,
    stream: &mut Stream,
    pen: &mut Pen<FollowWriter>,
    interrupts: &mut Interrupts,
) -> Option<Result<Finished, ShellError>> {
    let is_closed = Arc::new(AtomicBool::new(false));
    let mut ticks = tokio::time::interval(TURN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_due = false;
    loop {
        if !pen.is_busy() && (is_due || stream.is_full()) {
            is_due = false;
            let items = stream.turn(clock::mono(), clock::wall());
            let (standing, is_closed) = (stream.standing(clock::mono()), Arc::clone(&is_closed));
            pen.write(move |writer| {
                if writer.items(&items) == Flow::Closed {
                    is_closed.store(true, Ordering::Release);
                }
                writer.standing(&standing);
            });
        }
        let is_writing = pen.is_busy();
        // A reader who does not read holds the commands up; one who has had enough does not.
        let has_room = !(is_writing && stream.is_full()) || stream.ends();
        tokio::select! {
            heard = running.heard(), if has_room => match heard {
                Heard::Event(event) => stream.event(&event, clock::mono()),
                Heard::Ended(ended) => return Some(ended),
            },
            () = pen.rests(), if is_writing => {
                if is_closed.load(Ordering::Acquire) && !stream.ends() {
                    stream.set_ends();
                    running.wish(Control::Cancel);
                }
            }
            _ = ticks.tick() => is_due = true,
            key = interrupts.next() => match key {
                Key::Interrupt if stream.ends() && is_writing => return None,
                Key::Interrupt => {
                    stream.set_ends();
                    running.wish(Control::Cancel);
                }
                Key::Suspend => stream.refuse_background(),
            },
        }
    }
}
