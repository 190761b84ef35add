//! The end of a run that was followed: its last lines become a result.

use std::sync::Arc;

use super::query::in_engine;
use super::{Session, Shown};
use crate::error::ShellError;
use crate::fleet::Finished;
use crate::follow::tail::Tail;
use crate::rows;
use crate::running::Running;

impl Session {
    /// Takes in a followed run that is over: its last lines are kept as the result.
    ///
    /// # Errors
    /// When no table can be made of them; how the nodes ended is kept all the same.
    pub async fn finish_followed(
        &mut self,
        running: &Running,
        finished: Finished,
        tail: Tail,
    ) -> Result<(Shown, Arc<Finished>), ShellError> {
        let (number, text) = (running.number, running.query.text.clone());
        let run = Arc::new(finished);
        let tables = tail.into_tables(running.query.returns_rows());
        let made = {
            let (run, inventory) = (Arc::clone(&run), Arc::clone(&self.inventory));
            in_engine(move || rows::of_lines(&run, tables, &inventory)).await
        };
        match made {
            Ok(made) => {
                let origin = Some(Arc::clone(&run));
                let shown = self.keep(number, text, Some(Arc::clone(&run)), origin, Some(made));
                Ok((shown, run))
            }
            Err(e) => Err(self.keep_unmade(number, text, run, &e)),
        }
    }
}
