//! One line under way: evaluation, events, the live view and Ctrl-C, brought together.

use std::sync::Arc;

use crate::app::Looks;
use crate::error::ShellError;
use crate::fleet::{Control, Event};
use crate::interrupt::Interrupts;
use crate::pen::Pen;
use crate::running::Heard;
use crate::session::{Answered, Begun, Session};
use crate::watch::{EVERY, Watch};
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::LinePlan;

/// How a line is shown while it runs.
#[derive(Debug, Clone, Copy)]
pub struct Showing {
    /// How text is drawn.
    pub looks: Looks,
    /// No live view.
    pub is_quiet: bool,
    /// The pen writes to the terminal that the live view is on.
    pub prints: bool,
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
#[derive(Debug)]
pub enum Task {
    /// A planned line.
    Plan(LinePlan),
    /// A program with its arguments as they are, on the scope.
    Argv(Vec<String>),
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
    mut pen: Option<&mut Pen<T>>,
) -> Result<Answered, ShellError> {
    interrupts
        .forget()
        .map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))?;
    let targets = targets(session, &task);
    let inventory = Arc::clone(session.inventory());
    let mut watch = Watch::begin(inventory, targets, showing.looks, showing.is_quiet);
    let begun = match task {
        Task::Plan(plan) => session.begin_plan(plan).await?,
        Task::Argv(argv) => session.begin_argv(argv)?,
    };
    let mut running = match begun {
        Begun::Answered(answered) => return Ok(answered),
        Begun::Running(running) => running,
    };
    let mut ticks = tokio::time::interval(EVERY);
    let mut wish = Control::Halt;
    let mut is_cancelled = false;
    let mut waiting = Vec::new();
    let ended = loop {
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
        let has_room = waiting.len() < WAITING_MAX || is_cancelled;
        tokio::select! {
            told = running.heard(), if has_room => match told {
                Heard::Event(event) => {
                    watch.event(&event);
                    if pen.is_some() {
                        waiting.push(event);
                    }
                }
                Heard::Ended(ended) => break ended,
            },
            () = rests(&mut pen), if is_writing => {}
            _ = ticks.tick() => {
                if !(is_writing && showing.prints) {
                    watch.draw();
                }
            }
            () = interrupts.next() => {
                watch.told(wish);
                running.wish(wish);
                is_cancelled = wish == Control::Cancel;
                wish = Control::Cancel;
            }
        }
    };
    if let Some(pen) = pen {
        if showing.prints {
            watch.clear();
        }
        write(pen, waiting);
    }
    let shown = match ended {
        Ok(finished) => session.finish(&running, finished).await,
        Err(error) => Err(error),
    };
    watch.clear();
    shown.map(|shown| Answered::Result(Box::new(shown)))
}

fn write<T: Hears>(pen: &mut Pen<T>, events: Vec<Event>) {
    pen.write(move |to| events.iter().for_each(|event| to.hear(event)));
}

async fn rests<T: Send + 'static>(pen: &mut Option<&mut Pen<T>>) {
    if let Some(pen) = pen {
        pen.rests().await;
    }
}

fn targets(session: &Session, task: &Task) -> NodeSet {
    let scope = match task {
        Task::Plan(LinePlan::Query(query)) if query.source.asks_nodes() => Some(&query.scope),
        Task::Plan(
            LinePlan::Query(_)
            | LinePlan::Nothing
            | LinePlan::Local(_)
            | LinePlan::SetScope(_)
            | LinePlan::Shell(_),
        ) => None,
        Task::Argv(_) => session.scope(),
    };
    scope.map_or_else(NodeSet::default, |s| s.nodes.clone())
}
