//! Detaching: which lines can run without anybody who waits for their answers.

use crate::plan::{Query, QueryEnd, Source};
use crate::write::fleet_step;

impl Query {
    /// Makes it a command whose answers nobody waits for.
    ///
    /// # Errors
    /// Says why it cannot be one, and what to do about it.
    pub fn detach(self) -> Result<Self, (String, &'static str)> {
        if self.retries.is_some() {
            return Err((
                "what is asked once more is waited for: it cannot run detached".to_owned(),
                "leave `detached` out; Ctrl-Z lets it go on in the background",
            ));
        }
        if !matches!(self.source, Source::Command(_)) {
            return Err((
                "only a command can run detached".to_owned(),
                "metrics, facts and results are there at once: leave `detached` out",
            ));
        }
        if self.deed.is_some() || self.end != QueryEnd::Show {
            return Err((
                "what a detached run answers comes later, and nothing can be done with it yet"
                    .to_owned(),
                "leave the last verb out, and go on with it from what `jobs attach` brings",
            ));
        }
        if let Some(step) = self.fleet.first() {
            return Err((
                format!(
                    "`{}` needs the answers of a detached run, and they come later",
                    fleet_step(step)
                ),
                "leave it out, and go on with it from what `jobs attach` brings",
            ));
        }
        Ok(Self {
            end: QueryEnd::Detach,
            ..self
        })
    }
}
