//! Leases of fleet-wide limits: how many nodes may act at once, agreed on without a node ever
//! having to trust a clock that is not its own.
//!
//! A node that wants to act [asks](crate::message::FleetLeaseAsk) the keeper, acts while the
//! [`HeldLease`] that it got holds, [renews](crate::message::FleetLeaseRenew) it meanwhile, and
//! [releases](crate::message::FleetLeaseRelease) it. The keeper decides by an [`Authority`]. What makes
//! this safe:
//!
//! - The node counts from the moment when it **sent** its ask, not from the answer's arrival, so that
//!   an answer that took a minute is void and harms nobody.
//! - A node that let go of a share takes no older one for it, which the keeper may have replaced by
//!   that ([`LetGo`]).
//! - The node gives up after two thirds of the time after which the keeper gives the share to the next
//!   one ([`TTL`], 30 s; the node 20 s). Both count by their own monotonic clocks, which may differ in
//!   speed by far more than clocks do; neither looks at the wall's.
//! - A grant is durable before it is told, and a keeper that starts anew honours what it finds.
//! - Whatever a keeper grants or renews, it writes under the [`Generation`] that it took from the
//!   store. A second keeper takes the next one, and from then on the store refuses the first: it cannot
//!   grant, however late it learns of it.
//!
//! A node that cannot reach the keeper stops acting by itself within 20 s.

mod audience;
mod authority;
mod grant;
mod held;
mod judge;
mod ledger;

pub use audience::Audience;
pub use authority::{Answer, Applied, Authority, Decision};
pub use grant::{Generation, Grant, Served, Stored, Write};
pub use held::{HeldLease, LetGo};
pub use judge::{Obstacle, Place, Why};

use std::time::Duration;

/// How long a share is kept for a node from when the keeper decided, unless it is renewed.
pub const TTL: Duration = Duration::from_secs(30);
