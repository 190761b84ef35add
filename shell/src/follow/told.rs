//! What is told beside the lines: who cannot be reached, who joins and leaves, what is left out.

use std::collections::BTreeMap;
use std::fmt;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;

use crate::fleet::Answer;

/// What happened to a node that is followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// It cannot be reached and is waited for, for that reason.
    Waits(Clean),
    /// It could not be reached before, and is followed now.
    Joined,
    /// Its command ended, or it was lost; as a person reads it.
    Left(Clean),
    /// This many of its lines were left out.
    LeftOut(u64),
}

impl Happened {
    /// Returns how a node left.
    #[must_use]
    pub fn left(answer: &Answer) -> Self {
        // Its command may have done something already: nothing is started twice unasked.
        let again = if answer.state == State::Lost {
            "; the command is not started again there"
        } else {
            ""
        };
        let how = match (answer.rc, &answer.failure) {
            (_, Some(failure)) => format!("{}: {failure}", answer.state),
            (Some(rc), None) => format!("{} rc={rc}", answer.state),
            (None, None) => answer.state.to_string(),
        };
        Self::Left(Clean::line(&format!("{how}{again}")))
    }

    /// Returns the word that programs read.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waits(_) => "waits",
            Self::Joined => "joined",
            Self::Left(_) => "left",
            Self::LeftOut(_) => "left_out",
        }
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waits(reason) => write!(
                f,
                "cannot be reached ({reason}); followed as soon as it can be"
            ),
            Self::Joined => f.write_str("joined"),
            Self::Left(how) => write!(f, "left: {how}"),
            Self::LeftOut(1) => f.write_str("1 line left out"),
            Self::LeftOut(n) => write!(f, "{n} lines left out"),
        }
    }
}

/// What happened since it was told last; nodes to which the same happened are told together.
#[derive(Debug, Default)]
pub struct News {
    happened: BTreeMap<Happened, NodeSet>,
}

impl News {
    /// Takes note of something.
    pub fn add(&mut self, node: NodeId, happened: Happened) {
        self.happened.entry(happened).or_default().insert(node);
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.happened.is_empty()
    }

    /// Returns everything, and forgets it.
    pub fn take(&mut self) -> Vec<(Happened, NodeSet)> {
        std::mem::take(&mut self.happened).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_to_which_the_same_happened_are_told_together_and_once() {
        let mut news = News::default();
        for node in [3, 1] {
            news.add(NodeId(node), Happened::Joined);
        }
        news.add(NodeId(2), Happened::LeftOut(7));
        let told = news.take();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].0, Happened::Joined);
        assert_eq!(told[0].1.len(), 2);
        assert_eq!(told[1].0.to_string(), "7 lines left out");
        assert!(news.is_empty());
    }
}
