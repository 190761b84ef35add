//! A run under way, apart from the session that began it: the session stays free for other lines,
//! and takes the answers in when the run is over.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_lang::node_set::NodeId;
use hailer_lang::plan::Query;
use hailer_protocol::ids::RunId;
use hailer_table::Frame;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::asked::Asked;
use crate::clock;
use crate::error::ShellError;
use crate::fleet::{Control, Event, Finished, FleetError};
use crate::tally::Tally;

/// The rows for each of which a run's command runs.
#[derive(Debug)]
pub struct EachFrame {
    /// The rows.
    pub frame: Arc<Frame>,
    /// Which of them each node was handed, in this order.
    pub rows: BTreeMap<NodeId, Vec<usize>>,
}

/// What a run has to do with runs that outlive their shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// Nothing: it lives as long as the shell does.
    Attached,
    /// It starts the detached run of that id.
    Launches(RunId),
    /// It waits for the detached run of that id.
    Follows(RunId),
    /// It ends the detached run of that id, and waits for that.
    Ends(RunId),
}

impl Bond {
    /// Returns the detached run that it starts.
    #[must_use]
    pub const fn launched(self) -> Option<RunId> {
        match self {
            Self::Launches(run) => Some(run),
            Self::Attached | Self::Follows(_) | Self::Ends(_) => None,
        }
    }
}

/// One run under way. Dropping it asks all its nodes to stop.
#[derive(Debug)]
pub struct Running {
    /// The number that its result will have.
    pub number: u32,
    /// What was asked, and what becomes of the answers.
    pub query: Query,
    /// What is known of it so far.
    pub tally: Tally,
    /// What it has to do with runs that outlive their shell.
    pub bond: Bond,
    /// It went on while other lines were typed: `$` stays with what was typed last.
    pub is_aside: bool,
    /// The rows behind it, where it runs once a row.
    pub each: Option<Arc<EachFrame>>,
    /// What it asks, where that can be asked again.
    pub asked: Option<Arc<Asked>>,
    /// The run that its answers go into: it asks some of its targets once more.
    pub earlier: Option<Arc<Finished>>,
    events: mpsc::Receiver<Event>,
    is_hearing: bool,
    control: mpsc::Sender<Control>,
    task: JoinHandle<Result<Finished, FleetError>>,
    ended: Option<Result<Finished, ShellError>>,
}

/// What is heard of a run.
#[derive(Debug)]
pub enum Heard {
    /// Something happened.
    Event(Event),
    /// It is over; nothing follows.
    Ended(Result<Finished, ShellError>),
}

impl Running {
    pub(crate) fn new(
        number: u32,
        query: Query,
        events: mpsc::Receiver<Event>,
        control: mpsc::Sender<Control>,
        task: JoinHandle<Result<Finished, FleetError>>,
    ) -> Self {
        Self {
            number,
            tally: Tally::new(query.scope.nodes.clone(), clock::mono()),
            query,
            bond: Bond::Attached,
            is_aside: false,
            each: None,
            asked: None,
            earlier: None,
            events,
            is_hearing: true,
            control,
            task,
            ended: None,
        }
    }

    pub(crate) fn with_each(mut self, each: Option<Arc<EachFrame>>) -> Self {
        self.each = each;
        self
    }

    /// Waits for the next thing that is heard; all events come before the end. A listener that does
    /// not call this holds the run up, as a slow terminal would. May be dropped and called again.
    pub async fn heard(&mut self) -> Heard {
        if let Some(ended) = self.ended.take() {
            return Heard::Ended(ended);
        }
        if self.is_hearing {
            if let Some(event) = self.events.recv().await {
                self.tally.event(&event);
                return Heard::Event(event);
            }
            self.is_hearing = false;
        }
        Heard::Ended(match (&mut self.task).await {
            Ok(Ok(finished)) => Ok(finished),
            Ok(Err(error)) => Err(ShellError::own(error.to_string())),
            Err(error) => Err(ShellError::own(format!("the run broke off: {error}"))),
        })
    }

    /// Takes the end back, for whoever listens next.
    pub(crate) fn put_back(&mut self, ended: Result<Finished, ShellError>) {
        self.ended = Some(ended);
    }

    /// Tells the run what is wanted of it. One that is just ending no longer listens; then there is
    /// nothing to stop.
    pub fn wish(&mut self, wish: Control) {
        self.tally.wish = Some(wish);
        let _ = self.control.try_send(wish);
    }

    /// Tells the run that the operator wants it to end: at first that nobody else is asked, and
    /// with the next call that those who were asked stop.
    pub fn interrupt(&mut self) {
        self.wish(match self.tally.wish {
            None => Control::Halt,
            Some(Control::Halt | Control::Cancel) => Control::Cancel,
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
