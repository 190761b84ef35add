//! One line under way: evaluation, events, the live view, Ctrl-C and Ctrl-Z, brought together.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use crate::app::Looks;
use crate::error::ShellError;
use crate::fleet::{Control, Event, Finished};
use crate::interrupt::{Interrupts, Key, nothing_run};
use crate::output::Format;
use crate::pen::Pen;
use crate::running::{Heard, Running};
use crate::session::{Answered, Begun, Prepared, Session, let_go, looked_for};
use crate::show;
use crate::trust::request_file::RequestFile;
use crate::watch::{EVERY, Watch};
use hailer_lang::plan::{LinePlan, QueryEnd};

/// How a line is shown while it runs.
#[derive(Debug, Clone, Copy)]
pub struct Showing {
    /// How text is drawn.
    pub looks: Looks,
    /// No live view.
    pub is_quiet: bool,
    /// The pen writes to the terminal that the live view is on.
    pub prints: bool,
    /// The format that was asked for, for lines that are shown as they come.
    pub format: Option<Format>,
}

/// Events that wait for the pen before nothing more is heard of the run.
const WAITING_MAX: usize = 256;

/// Who writes down what is heard of a run.
pub trait Hears: Send + 'static {
    /// Takes one event; may take as long as its reader makes it.
    fn hear(&mut self, event: &Event);
}

/// Nobody writes anything down.
impl Hears for () {
    fn hear(&mut self, _: &Event) {}
}

/// What a session is asked to do.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and nobody keeps it"
)]
#[derive(Debug)]
pub enum Task {
    /// A planned line.
    Plan(LinePlan),
    /// A program with its arguments as they are, on the scope.
    Argv(Vec<String>),
    /// A deed that somebody has agreed to.
    Deed(Box<Prepared>),
    /// A run that was signed before, and that another person has approved.
    Approved(Box<RequestFile>),
}

impl Task {
    /// Whether it is shown as it comes, and has no end of its own.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self {
            Self::Plan(LinePlan::Query(query)) => match query.end {
                QueryEnd::Follow | QueryEnd::Watch(_) => true,
                QueryEnd::Show | QueryEnd::Detach | QueryEnd::Save(_) => false,
            },
            Self::Plan(
                LinePlan::Nothing | LinePlan::Local(_) | LinePlan::SetScope(_) | LinePlan::Shell(_),
            )
            | Self::Argv(_)
            | Self::Deed(_)
            | Self::Approved(_) => false,
        }
    }
}

/// Carries a task out. The pen, where there is one, writes every event; a reader who does not read
/// holds the run up, and Ctrl-C is heard all the same.
///
/// # Errors
/// When nothing of it could be carried out.
pub async fn carry_out<T: Hears>(
    session: &mut Session,
    task: Task,
    interrupts: &mut Interrupts,
    showing: Showing,
    pen: Option<&mut Pen<T>>,
) -> Result<Answered, ShellError> {
    // Whoever pressed Ctrl-C while the line was got ready, or while the rows of a deed were made, does
    // not want it to run.
    if interrupts.was_interrupted().await {
        return Err(nothing_run());
    }
    if let Task::Plan(LinePlan::Query(query)) = &task
        && query.end == QueryEnd::Follow
    {
        let plan = LinePlan::Query(query.clone());
        return crate::follow::carry_out(session, plan, interrupts, showing).await;
    }
    if let Task::Plan(LinePlan::Query(query)) = &task
        && let QueryEnd::Watch(every) = query.end
    {
        let query = query.clone();
        return crate::watching::carry_out(session, query, every, interrupts, showing).await;
    }
    let inventory = Arc::clone(session.inventory());
    let mut watch = Watch::begin(inventory, showing.looks, showing.is_quiet);
    let begun = match task {
        Task::Plan(plan) => match looked_for(&plan) {
            // A node that cannot be reached is waited for; the operator need not.
            Some((asking, interrupted)) => {
                if !showing.is_quiet && io::stderr().is_terminal() {
                    show::remark(&asking);
                }
                tokio::select! {
                    biased;
                    () = interrupts.interrupted() => return Err(interrupted),
                    begun = session.begin_plan(plan) => begun?,
                }
            }
            None => session.begin_plan(plan).await?,
        },
        Task::Argv(argv) => session.begin_argv(argv)?,
        Task::Deed(prepared) => session.begin_deed(*prepared)?,
        Task::Approved(request) => session.begin_approved(&request)?,
    };
    let mut running = match begun {
        Begun::Answered(answered) => return Ok(answered),
        Begun::Running(running) => running,
    };
    let followed = follow(&mut running, interrupts, &mut watch, showing, pen).await;
    let ended = match followed {
        Followed::Ended(ended) => ended,
        Followed::LetGo(why) => {
            watch.clear();
            return Err(why);
        }
        Followed::Aside => {
            watch.clear();
            return Ok(Answered::Said(session.send_aside(running)));
        }
    };
    let shown = match ended {
        Ok(finished) => session.finish(&running, finished).await,
        Err(error) => Err(error),
    };
    watch.clear();
    shown.map(|shown| Answered::Result(Box::new(shown)))
}

/// What ends [`follow`].
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and nobody keeps it"
)]
enum Followed {
    /// The run is over.
    Ended(Result<Finished, ShellError>),
    /// The operator wants the prompt back, and the run to go on.
    Aside,
    /// The operator no longer waits for a run that outlives this shell anyway.
    LetGo(ShellError),
}

async fn follow<T: Hears>(
    running: &mut Running,
    interrupts: &mut Interrupts,
    watch: &mut Watch,
    showing: Showing,
    mut pen: Option<&mut Pen<T>>,
) -> Followed {
    let mut ticks = tokio::time::interval(EVERY);
    let mut waiting = Vec::new();
    let followed = loop {
        if let Some(pen) = &mut pen
            && !pen.is_busy()
            && !waiting.is_empty()
        {
            if showing.prints {
                watch.clear();
            }
            write(pen, std::mem::take(&mut waiting));
        }
        let is_writing = pen.as_ref().is_some_and(|pen| pen.is_busy());
        // Once all shall end, the end is waited for and not the reader.
        let has_room = waiting.len() < WAITING_MAX || running.tally.wish == Some(Control::Cancel);
        tokio::select! {
            told = running.heard(), if has_room => match told {
                Heard::Event(event) => {
                    if pen.is_some() {
                        waiting.push(event);
                    }
                }
                Heard::Ended(ended) => break Followed::Ended(ended),
            },
            () = rests(&mut pen), if is_writing => {}
            _ = ticks.tick() => {
                if !(is_writing && showing.prints) {
                    watch.draw(&running.tally);
                }
            }
            key = interrupts.next() => match key {
                Key::Interrupt => match let_go(running.bond) {
                    Some(why) => break Followed::LetGo(why),
                    None => running.interrupt(),
                },
                Key::Suspend => break Followed::Aside,
            },
        }
    };
    if let Some(pen) = pen {
        if showing.prints {
            watch.clear();
        }
        write(pen, waiting);
    }
    followed
}

fn write<T: Hears>(pen: &mut Pen<T>, events: Vec<Event>) {
    pen.write(move |to| events.iter().for_each(|event| to.hear(event)));
}

async fn rests<T: Send + 'static>(pen: &mut Option<&mut Pen<T>>) {
    if let Some(pen) = pen {
        pen.rests().await;
    }
}
