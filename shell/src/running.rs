//! A run under way, apart from the session that began it: the session stays free for other lines,
//! and takes the answers in when the run is over.

use hailer_lang::plan::Query;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::ShellError;
use crate::fleet::{Control, Event, Finished, FleetError};

/// One run under way. Dropping it asks all its nodes to stop.
#[derive(Debug)]
pub struct Running {
    /// The number that its result will have.
    pub number: u32,
    /// What was asked, and what becomes of the answers.
    pub query: Query,
    events: mpsc::Receiver<Event>,
    is_hearing: bool,
    control: mpsc::Sender<Control>,
    task: JoinHandle<Result<Finished, FleetError>>,
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
    pub(crate) const fn new(
        number: u32,
        query: Query,
        events: mpsc::Receiver<Event>,
        control: mpsc::Sender<Control>,
        task: JoinHandle<Result<Finished, FleetError>>,
    ) -> Self {
        Self {
            number,
            query,
            events,
            is_hearing: true,
            control,
            task,
        }
    }

    /// Waits for the next thing that is heard; all events come before the end. A listener that does
    /// not call this holds the run up, as a slow terminal would. May be dropped and called again.
    pub async fn heard(&mut self) -> Heard {
        if self.is_hearing {
            if let Some(event) = self.events.recv().await {
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

    /// Tells the run what is wanted of it. One that is just ending no longer listens; then there is
    /// nothing to stop.
    pub fn wish(&self, wish: Control) {
        let _ = self.control.try_send(wish);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
