//! One line under way: evaluation, events, the live view and Ctrl-C, brought together.

use std::sync::Arc;

use crate::app::Looks;
use crate::error::ShellError;
use crate::fleet::{Control, Event};
use crate::interrupt::Interrupts;
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
    /// Whoever hears of events prints them to the terminal that the live view is on.
    pub prints: bool,
}

/// What a session is asked to do.
#[derive(Debug)]
pub enum Task {
    /// A planned line.
    Plan(LinePlan),
    /// A program with its arguments as they are, on the scope.
    Argv(Vec<String>),
}

/// Carries a task out; `heard` is told of every event.
///
/// # Errors
/// When nothing of it could be carried out.
pub async fn carry_out(
    session: &mut Session,
    task: Task,
    interrupts: &mut Interrupts,
    showing: Showing,
    mut heard: impl FnMut(&Event),
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
    let ended = loop {
        tokio::select! {
            told = running.heard() => match told {
                Heard::Event(event) => {
                    watch.event(&event);
                    if showing.prints {
                        watch.clear();
                    }
                    heard(&event);
                }
                Heard::Ended(ended) => break ended,
            },
            _ = ticks.tick() => watch.draw(),
            () = interrupts.next() => {
                watch.told(wish);
                running.wish(wish);
                wish = Control::Cancel;
            }
        }
    };
    let shown = match ended {
        Ok(finished) => session.finish(&running, finished).await,
        Err(error) => Err(error),
    };
    watch.clear();
    shown.map(|shown| Answered::Result(Box::new(shown)))
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
