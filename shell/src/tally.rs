//! The tally of a run: what is known of it so far, whether anybody watches or not.

use hailer_lang::node_set::NodeSet;
use hailer_protocol::state::State;
use hailer_protocol::time::Mono;

use crate::fleet::groups::Groups;
use crate::fleet::{Control, Event};

/// What is known of a run.
#[derive(Debug)]
pub struct Tally {
    /// When it began.
    pub begun: Mono,
    /// The answers so far, equal ones together.
    pub groups: Groups,
    /// Targets that have not ended.
    pub open: NodeSet,
    /// Targets of the run.
    pub total: usize,
    /// Targets that ended, and not with `ok`.
    pub not_ok: usize,
    /// Bytes that nodes wrote so far.
    pub bytes: u64,
    /// What the operator wants of it.
    pub wish: Option<Control>,
}

impl Tally {
    /// Makes the tally of a run over these targets, of which nothing is known yet.
    #[must_use]
    pub fn new(targets: NodeSet, now: Mono) -> Self {
        Self {
            begun: now,
            groups: Groups::default(),
            total: targets.len(),
            open: targets,
            not_ok: 0,
            bytes: 0,
            wish: None,
        }
    }

    /// Takes in what is heard of the run.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Answer(answer) => {
                self.open.remove(answer.node);
                self.not_ok += usize::from(answer.state != State::Ok);
                self.bytes += answer.bytes();
                self.groups.add(answer);
            }
            Event::Started(_)
            | Event::Waits { .. }
            | Event::Progress(_)
            | Event::Stage(_)
            | Event::Piece { .. }
            | Event::Rows { .. }
            | Event::Ended(_) => {}
        }
    }

    /// Returns how many targets have ended.
    #[must_use]
    pub fn done(&self) -> usize {
        self.total - self.open.len()
    }
}
