//! How a machine becomes a node of a fleet, and stays one.
//!
//! - `command`: `hailerd join`, once: the key is made here and never leaves, a one-time token gets
//!   the first certificate.
//! - `schedule`: when the next certificate is asked for; pure.
//! - `renewal`: asking for it, while the agent serves.
//! - `given`: whether what a keeper gave is ours.

mod command;
mod given;
mod renewal;
mod schedule;

pub use command::{JoinArgs, join};
pub use renewal::{Renewal, renew_once};
pub use schedule::{Schedule, Step};
