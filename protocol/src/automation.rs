//! Automations: what a node watches, what it does about it, within which limits, and whom it calls.
//!
//! A file is written in the language and lowered by the shell to an [`AutomationSpec`], which is what
//! is signed, travels, and is kept on the node; its hash is its version ([`AutomationSpec::version`]).
//! The spec holds the file's text beside the lowered form, so that a node can show what it runs.

mod control;
mod limit;
mod rows;
mod rule;
mod set;
mod spec;
mod watch;

pub use control::{CONTROL_REASON_MAX, Control, Muted};
pub use limit::{AT_ONCE_MAX, AtOnce, Offline, Rate, RateScope, Share};
pub use rows::{AUTOMATION_COLUMNS, Described, EVENT_COLUMNS, columns};
pub use rule::{Hold, HoldError};
pub use set::{AutomationSet, SetEntry};
pub use spec::{
    AutomationName, AutomationSpec, Clear, Collect, Condition, Deed, Escalation, Limits, Mode,
    NodeCondition, SpecError, Storm,
};
pub use watch::{Found, Patient, Sign, Watch};
