//! What stood beside a result's rows: the other results that its verbs read, and how whole they were.
//!
//! A deed acts where rows are left, and which rows are left may hang on the other side as much as on
//! their own: `join left $2 |> where version is null` keeps the nodes that $2 says nothing of, and
//! those that never answered it.

use hailer_lang::ast::ResultRef;
use hailer_lang::fleet_plan::{Beside, FleetStep};
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::{Query, Source};

use super::Session;
use crate::deed::share;
use crate::fleet::Finished;

/// One result beside another's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its number.
    pub number: u32,
    /// Which share of its nodes has answered; `None` where all have.
    pub share: Option<String>,
    /// How many of its answers were cut.
    pub cut: usize,
    /// The nodes whose answers in it had not ended or were cut, where rows are compared node by
    /// node: what such a row says of its node is not known to be so.
    pub unfit: NodeSet,
}

impl Side {
    fn of(number: u32, run: &Finished, is_by_node: bool) -> Self {
        let answers = run.gather.answers();
        let unfit = answers
            .iter()
            .filter(|answer| is_by_node && (!answer.state.is_answer() || answer.is_truncated()))
            .map(|answer| answer.node);
        Self {
            number,
            share: share(run),
            cut: answers
                .iter()
                .filter(|answer| answer.is_truncated())
                .count(),
            unfit: unfit.collect(),
        }
    }

    /// Says what of it is not whole; `None` where all of it is.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.share.as_ref().map(|share| format!("of only {share}")));
        match self.cut {
            0 => {}
            1 => parts.push("with 1 answer cut".to_owned()),
            n => parts.push(format!("with {n} answers cut")),
        }
        (!parts.is_empty()).then(|| format!("beside ${}, {}", self.number, parts.join(", ")))
    }
}

impl Session {
    /// Looks at what stands beside the rows of a query, and stood beside those that it goes on from.
    pub(super) fn sides_of(&self, query: &Query) -> Vec<Side> {
        let mut sides: Vec<Side> = Vec::new();
        if let Source::Result(result) = &query.source
            && let Ok(kept) = self.results.find(*result)
        {
            sides.clone_from(&kept.sides);
        }
        for step in &query.fleet {
            let is_by_node = match step {
                FleetStep::Join { with, by, .. } => {
                    matches!(with, Beside::Result(_))
                        && (by.is_empty() || by.iter().any(|column| column == "node"))
                }
                FleetStep::Diff { .. } => true,
                FleetStep::Row(_)
                | FleetStep::Sql { .. }
                | FleetStep::Why { .. }
                | FleetStep::Group { .. }
                | FleetStep::Count { .. }
                | FleetStep::Sort { .. }
                | FleetStep::Top { .. }
                | FleetStep::Agg { .. }
                | FleetStep::Uniq { .. }
                | FleetStep::Take(_) => false,
            };
            for number in step.other_results() {
                let Ok(kept) = self.results.find(ResultRef::Number(number)) else {
                    continue;
                };
                sides.extend(kept.sides.iter().cloned());
                if let Some(run) = &kept.run {
                    sides.push(Side::of(number, run, is_by_node));
                }
            }
        }
        sides.sort_by_key(|side| side.number);
        sides.dedup();
        sides
    }
}
