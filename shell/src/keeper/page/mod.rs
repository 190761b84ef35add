//! Whom to call, about what, how often: pages, as the keeper decides about them.
//!
//! Pure: [`Book`] is the file of channels, [`Desk`] folds what nodes escalate into incidents and says
//! when a channel is to be told what, [`Outbox`] keeps what is to be sent until it is, one channel not holding up another, and
//! [`render`] writes it as each kind of channel wants it. Text from nodes is hostile: it becomes
//! printable and loses its secrets where it comes in ([`Patient::new`]), and each kind of channel
//! escapes what it would take for its own.

mod book;
mod desk;
mod incident;
mod outbox;
pub mod render;

pub use book::{Book, BookError, Channel, Page};
pub use desk::Desk;
pub use incident::{Incident, Notice, Patient, PatientId, Reported, Tried};
pub use outbox::{LetterId, Outbox};

#[cfg(test)]
mod tests;

/// What a channel is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The name that automations page.
    pub page: String,
    /// What is new.
    pub kind: MessageKind,
    /// About what.
    pub incident: Incident,
}

/// What is new about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// It is.
    Opened,
    /// It is different.
    Updated,
    /// It is over.
    Resolved,
}
