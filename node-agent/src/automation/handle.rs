//! How the rest of the agent reaches the automations: messages to the driver.

use hailer_protocol::automation::{AutomationSet, Control};
use hailer_protocol::engine::{Begin, ControlError, Evidence, LeaseAnswer, LeaseRef, Look};
use hailer_protocol::table::Table;
use tokio::sync::{mpsc, oneshot};

use super::book::BookError;
use super::deed::Went;
use crate::core::Vouch;

/// Messages that wait for the driver before whoever sends one waits, too.
pub(super) const INBOX: usize = 1024;

/// How the rest of the agent reaches the automations.
#[derive(Debug, Clone)]
pub(crate) struct Automations(mpsc::Sender<Message>);

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The set is none that can be put in force.
    #[error(transparent)]
    Book(#[from] BookError),
    /// There was nothing to do.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The node's policy does not let it be done.
    #[error("{0}")]
    Denied(String),
    /// It could not be written down, and was therefore not done.
    #[error("not done, since it could not be written down: {0}")]
    Record(String),
    /// The driver is gone.
    #[error("the agent stops")]
    Over,
}

pub(super) type Answer<T> = oneshot::Sender<Result<T, Refused>>;

/// What the driver is told.
pub(super) enum Message {
    Apply(Box<(AutomationSet, Vouch)>, Answer<Table>),
    Stow(Vec<Vec<u8>>, Answer<()>),
    Control(Control, String, Answer<()>),
    Rows(oneshot::Sender<Table>),
    Probed(Vec<Look>, Result<Table, String>),
    Went(Box<Begin>, Box<Went>),
    Collected(Box<Evidence>, String),
    Lease(LeaseRef, LeaseAnswer),
}

impl Automations {
    /// Makes it of the driver's inbox.
    pub(super) const fn new(inbox: mpsc::Sender<Message>) -> Self {
        Self(inbox)
    }

    /// Puts a set in force in place of the one before; returns what changed.
    pub(crate) async fn apply(&self, set: AutomationSet, vouch: Vouch) -> Result<Table, Refused> {
        let set = Box::new((set, vouch));
        self.ask(|answer| Message::Apply(set, answer)).await
    }

    /// Keeps texts for a set to come.
    pub(crate) async fn stow(&self, texts: Vec<Vec<u8>>) -> Result<(), Refused> {
        self.ask(|answer| Message::Stow(texts, answer)).await
    }

    /// Follows an order.
    pub(crate) async fn control(&self, control: Control, reason: String) -> Result<(), Refused> {
        self.ask(|answer| Message::Control(control, reason, answer))
            .await
    }

    /// Returns where everything stands.
    pub(crate) async fn rows(&self) -> Result<Table, Refused> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Message::Rows(answer)).await;
        sent.map_err(|_| Refused::Over)?;
        answered.await.map_err(|_| Refused::Over)
    }

    async fn ask<T>(&self, make: impl FnOnce(Answer<T>) -> Message) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(make(answer)).await;
        sent.map_err(|_| Refused::Over)?;
        answered.await.unwrap_or(Err(Refused::Over))
    }
}
