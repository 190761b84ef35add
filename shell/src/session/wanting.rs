//! What a denied line wants next, where that is something its operator can give: a reason, or another
//! person's approval.
//!
//! What nodes say is looked through for two phrases, and none of it is repeated: a node that lies makes
//! its operator read a hint, and no more.

use hailer_protocol::policy::{NEEDS_APPROVAL, NEEDS_REASON};
use hailer_protocol::state::State;
use hailer_table::Note;

use super::{Session, Shown};

impl Session {
    /// Says what to type next, where nodes denied a line for want of it.
    pub(super) fn told_what_is_wanted(&self, mut shown: Shown) -> Shown {
        let Some(run) = &shown.origin else {
            return shown;
        };
        let groups = run.gather.groups();
        let denied = groups.outliers_first();
        let says = |phrase: &str| {
            denied.iter().any(|group| {
                let why = group.failure.as_ref();
                group.state == State::Denied && why.is_some_and(|why| why.as_str().contains(phrase))
            })
        };
        let wants_reason = says(NEEDS_REASON) && self.settings.wish.reason.is_none();
        let wants_approval = says(NEEDS_APPROVAL);
        shown.notes.extend(hint(wants_reason, wants_approval));
        shown
    }
}

fn hint(wants_reason: bool, wants_approval: bool) -> Option<Note> {
    let text = match (wants_reason, wants_approval) {
        (false, false) => return None,
        (true, false) => "say why with `set reason TEXT` (--reason TEXT), then run it again",
        (false, true) => {
            "`request FILE` (--request FILE) signs it for another operator, who approves it with \
             `hailer approve FILE`; `hailer run-approved FILE` runs it then"
        }
        (true, true) => {
            "say why with `set reason TEXT` (--reason TEXT); then `request FILE` (--request FILE) \
             signs it for another operator, who approves it with `hailer approve FILE`; \
             `hailer run-approved FILE` runs it then"
        }
    };
    Some(Note::new(text))
}
