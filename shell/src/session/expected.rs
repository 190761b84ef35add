//! How many nodes a line is expected to be for, where its operator said so.

use hailer_lang::plan::LinePlan;

use super::Session;
use crate::error::ShellError;
use crate::exit::Exit;

impl Session {
    pub(super) fn check_expected(&self, plan: &LinePlan) -> Result<(), ShellError> {
        let (LinePlan::Query(query), Some(expected)) = (plan, self.settings.expect) else {
            return Ok(());
        };
        let n = query.scope.nodes.len() as u64;
        if n < expected && query.source.asks_nodes() {
            return Err(ShellError::new(
                Exit::NO_TARGETS,
                format!(
                    "{} stands for {n} nodes, at least {expected} are expected",
                    query.scope.text
                ),
            )
            .hint("nothing was run"));
        }
        Ok(())
    }
}
