//! What is around the rows of a line: names, labels, who answered, and the other results that its
//! verbs name.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_lang::ast::ResultRef;
use hailer_lang::fleet_plan::{FleetStep, TableFile};
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::Clean;
use hailer_table::{Frame, NodeNames, Note, Surroundings, TableError};

use crate::error::ShellError;
use crate::fleet::Finished;
use crate::results::{Kept, Results};
use crate::rows::{self, Names};
use crate::session::read_table;

/// The surroundings of one line's rows, apart from the session they were taken from.
#[derive(Debug, Clone)]
pub struct Around {
    inventory: Arc<Inventory>,
    others: BTreeMap<u32, Kept>,
    answered: Vec<u32>,
    scope: NodeSet,
}

impl Around {
    /// Takes what these steps may ask for.
    ///
    /// # Errors
    /// When a step names a result that is not kept any more.
    pub fn of(
        steps: &[FleetStep],
        results: &Results,
        inventory: Arc<Inventory>,
        scope: NodeSet,
    ) -> Result<Self, ShellError> {
        let mut others = BTreeMap::new();
        for number in steps.iter().flat_map(FleetStep::other_results) {
            let kept = results
                .find(ResultRef::Number(number))
                .map_err(|e| ShellError::usage(format!("${number}: {e}")))?;
            others.insert(number, kept.clone());
        }
        Ok(Self {
            inventory,
            others,
            answered: scope.iter().map(|node| node.0).collect(),
            scope,
        })
    }

    /// Tells of the run that the rows come from; without one, the line's nodes are who could answer.
    #[must_use]
    pub fn with_run(mut self, run: Option<&Finished>) -> Self {
        let Some(run) = run else {
            return self;
        };
        let answers = run.gather.answers().iter();
        self.answered = answers
            .filter(|answer| answer.state.is_answer())
            .map(|answer| answer.node.0)
            .collect();
        self.answered.sort_unstable();
        self
    }

    /// Returns the inventory.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }
}

impl NodeNames for Around {
    fn fold(&self, nodes: &[u32]) -> String {
        Names(&self.inventory).fold(nodes)
    }

    fn name(&self, node: u32) -> &str {
        self.inventory
            .node(NodeId(node))
            .map_or("?", |n| n.name.as_str())
    }
}

impl Surroundings for Around {
    fn result(&self, number: u32) -> Result<Frame, TableError> {
        let kept = self.others.get(&number);
        match kept.map(|kept| (&kept.frame, &kept.run)) {
            Some((Some(frame), _)) => Ok((**frame).clone()),
            Some((None, Some(run))) => Ok(rows::of_run(run, false, &self.inventory)?.0),
            Some((None, None)) | None => Err(TableError::OtherResult {
                number,
                reason: Clean::line("it has no rows"),
            }),
        }
    }

    fn file(&self, file: &TableFile) -> Result<(Frame, Vec<Note>), TableError> {
        read_table(file).map_err(|e| TableError::OtherFile {
            reason: Clean::line(e.message()),
            hint: e.next().map(str::to_owned),
        })
    }

    fn answered(&self) -> &[u32] {
        &self.answered
    }

    fn is_in_scope(&self, node: u32) -> bool {
        self.scope.contains(NodeId(node))
    }

    fn label_keys(&self) -> Vec<&str> {
        self.inventory.labels().keys().map(String::as_str).collect()
    }

    fn label(&self, node: u32, key: &str) -> Option<&str> {
        self.inventory.label(NodeId(node), key)
    }
}
