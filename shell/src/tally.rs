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
    /// Bytes that nodes wrote so far, of complete answers.
    pub bytes: u64,
    /// Bytes that have come from targets that have not ended.
    arriving: u64,
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
            arriving: 0,
            wish: None,
        }
    }

    /// Takes in what is heard of the run.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Answer(answer) => {
                self.open.remove(answer.node);
                self.not_ok += usize::from(answer.state != State::Ok);
                // A node may claim any number.
                self.bytes = self.bytes.saturating_add(answer.bytes());
                // It may have counted among what was arriving when that was told last; nothing shall
                // count twice until it is told anew.
                self.arriving = self.arriving.saturating_sub(answer.bytes());
                self.groups.add(answer);
            }
            Event::Arriving(bytes) => self.arriving = *bytes,
            Event::Started(_)
            | Event::Waits { .. }
            | Event::Progress(_)
            | Event::Stage(_)
            | Event::Piece { .. }
            | Event::Rows { .. }
            | Event::Ended(_) => {}
        }
    }

    /// Returns how many bytes have come so far, from whomever.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.bytes.saturating_add(self.arriving)
    }

    /// Returns how many targets have ended.
    #[must_use]
    pub fn done(&self) -> usize {
        self.total - self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use hailer_lang::node_set::NodeId;

    use super::*;
    use crate::fleet::Answer;

    #[test]
    fn what_a_node_claims_to_have_written_can_be_any_number() {
        let mut tally = Tally::new((0..2).map(NodeId).collect(), Mono(Duration::ZERO));
        for node in 0..2 {
            let mut answer = Answer::empty(NodeId(node), State::Ok);
            answer.out_bytes = u64::MAX;
            tally.event(&Event::Answer(Arc::new(answer)));
        }
        assert_eq!(tally.received(), u64::MAX);
    }

    #[test]
    fn bytes_grow_while_nobody_has_ended_and_count_once_when_somebody_has() {
        let mut tally = Tally::new((0..2).map(NodeId).collect(), Mono(Duration::ZERO));
        let answer = |node, bytes| {
            let mut answer = Answer::empty(NodeId(node), State::Ok);
            answer.out_bytes = bytes;
            Event::Answer(Arc::new(answer))
        };
        // (what is heard, what is shown then)
        for (event, expected) in [
            (Event::Arriving(30), 30),
            (Event::Arriving(100), 100),
            (answer(0, 80), 100),
            // Meanwhile the other one has sent more.
            (Event::Arriving(45), 125),
            (answer(1, 50), 130),
            (Event::Arriving(0), 130),
        ] {
            tally.event(&event);
            assert_eq!(tally.received(), expected, "{event:?}");
        }
    }
}
