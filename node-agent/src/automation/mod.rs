//! Automations on a node: the driver around the engine.
//!
//! ```text
//!  signed sets, orders ─▶ driver ─▶ engine (pure) ─▶ effects ─▶ looks   (probes, commands)
//!       (runs)              ▲                              ├──▶ records (journal, durable)
//!                           └── readings, ends of deeds ◀──┴──▶ deeds   (process trees)
//! ```
//!
//! One task owns the engine. It waits for no probe, command or keeper: these come back as messages. It
//! does wait for the journal, since nothing may be done before it is written down.

mod book;
mod deed;
mod driver;
mod handle;
mod look;
mod notes;
mod rows;

pub(crate) use book::{Book, Kept, Planned};
pub(crate) use driver::start;
pub(crate) use handle::{Automations, Refused};
pub(crate) use rows::events;
