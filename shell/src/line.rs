//! One line under way: evaluation, events, the live view and Ctrl-C, brought together.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::Looks;
use crate::error::ShellError;
use crate::fleet::{Control, Event};
use crate::interrupt::Interrupts;
use crate::session::{Answered, Session, Wires};
use crate::watch::{EVERY, Watch};
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::LinePlan;

/// Events that wait for the view before nothing more is read from the nodes.
const EVENTS_MAX: usize = 1024;

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
    let (events, mut events_rx) = mpsc::channel(EVENTS_MAX);
    let (control, control_rx) = mpsc::channel(8);
    let wires = Wires {
        events,
        control: control_rx,
    };
    let targets = targets(session, &task);
    let inventory = Arc::clone(session.inventory());
    let mut watch = Watch::begin(inventory, targets, showing.looks, showing.is_quiet);
    let work = async {
        match task {
            Task::Plan(plan) => session.carry_out(plan, wires).await,
            Task::Argv(argv) => session
                .run_argv(argv, wires)
                .await
                .map(|shown| Answered::Result(Box::new(shown))),
        }
    };
    tokio::pin!(work);
    let mut ticks = tokio::time::interval(EVERY);
    let mut wish = Control::Halt;
    let mut is_hearing = true;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            event = events_rx.recv(), if is_hearing => match event {
                Some(event) => {
                    watch.event(&event);
                    if showing.prints {
                        watch.clear();
                    }
                    heard(&event);
                }
                None => is_hearing = false,
            },
            _ = ticks.tick() => watch.draw(),
            () = interrupts.next() => {
                watch.told(wish);
                // A run that is just ending no longer listens; then there is nothing to stop.
                let _ = control.try_send(wish);
                wish = Control::Cancel;
            }
        }
    };
    while let Ok(event) = events_rx.try_recv() {
        heard(&event);
    }
    watch.clear();
    result
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
