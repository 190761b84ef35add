//! Keeping what a line came to: as a result with a number, and as files where `set out_dir` wants them.

use std::path::PathBuf;
use std::sync::Arc;

use hailer_lang::ast::ResultRef;
use hailer_lang::plan::QueryEnd;
use hailer_protocol::time::Wall;
use hailer_protocol::units::moment::moment_text;
use hailer_table::{Frame, Note};

use super::{Session, Shown, files};
use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::Finished;
use crate::output::Names;
use crate::output::out_dir::{OutDir, OutDirError};
use crate::results::Kept;
use crate::rows::OwnedNames;

impl Session {
    /// Shows a kept result again, under its own number.
    pub(super) fn show_again(&self, result: ResultRef) -> Result<Shown, ShellError> {
        let found = self.results.find(result);
        let kept = found.map_err(|e| ShellError::usage(e.to_string()))?;
        Ok(Shown {
            number: self.results.number_of(result),
            origin: kept.run.clone(),
            frame: kept.frame.clone(),
            // Whoever asks for it again wants what was left out.
            is_limited: true,
            notes: Vec::new(),
            saved: None,
            exit: Exit::OK,
            deed: None,
            detached: None,
        })
    }

    pub(super) fn keep(
        &mut self,
        number: u32,
        text: String,
        run: Option<Arc<Finished>>,
        origin: Option<Arc<Finished>>,
        frame: Option<(Frame, Vec<Note>)>,
    ) -> Shown {
        let (frame, notes) = frame.map_or((None, Vec::new()), |(f, n)| (Some(Arc::new(f)), n));
        let mut exit = run
            .as_ref()
            .map_or(Exit::OK, |r| Exit(r.summary.exit_code()));
        if self.settings.fail_if_rows {
            if frame.as_ref().is_some_and(|f| !f.is_empty()) {
                exit = exit.worst(Exit::FAILED);
            }
            // What was cut might have been a row.
            if origin.as_ref().is_some_and(|r| r.summary.truncated > 0) {
                exit = exit.worst(Exit::INCOMPLETE);
            }
        }
        let kept = Kept {
            text,
            at: clock::mono(),
            scope: self
                .scope
                .as_ref()
                .map_or_else(String::new, |s| s.text.clone()),
            run: origin.clone(),
            frame: frame.clone(),
            asked: None,
            sides: Vec::new(),
        };
        self.results.keep(number, kept);
        Shown {
            number,
            origin,
            frame,
            is_limited: false,
            notes,
            saved: None,
            exit,
            deed: None,
            detached: None,
        }
    }

    /// Keeps a run whose rows could not be made what the line asked for, and says so: it did run.
    pub(super) fn keep_unmade(
        &mut self,
        number: u32,
        text: String,
        run: Arc<Finished>,
        error: &ShellError,
    ) -> ShellError {
        let exit = error.exit().worst(Exit(run.summary.exit_code()));
        let shown = self.keep(number, text, Some(Arc::clone(&run)), Some(run), None);
        ShellError::new(exit, error.to_string()).hint(format!(
            "the nodes were asked, and their answers are kept as ${n}: go on with `${n} |> …`",
            n = shown.number
        ))
    }

    /// Writes a result's answers to a folder of their own, where `set out_dir` says so. What cannot
    /// be written is told, and is a failure; the result is there all the same.
    pub(super) async fn write_answers(&self, shown: Shown, end: &QueryEnd) -> Shown {
        let (Some(folder), Some(run)) = (&self.settings.answers_in, &shown.origin) else {
            return shown;
        };
        match end {
            QueryEnd::Show | QueryEnd::Save(_) => {}
            // They have no answer that is whole.
            QueryEnd::Detach | QueryEnd::Follow | QueryEnd::Watch(_) => return shown,
        }
        let dir = files::path_of(folder).join(folder_name(clock::wall(), shown.number));
        let names: Names = Arc::new(OwnedNames(Arc::clone(&self.inventory)));
        let (run, named) = (Arc::clone(run), dir.clone());
        let written = tokio::task::spawn_blocking(move || write_all(named, &run, names)).await;
        let failure = match written {
            Ok(Ok(())) => None,
            Ok(Err(e)) => Some(e.to_string()),
            Err(e) => Some(format!("writing broke off: {e}")),
        };
        let mut shown = shown;
        shown.notes.push(Note::new(&match &failure {
            None => format!("answers are in {}", dir.display()),
            Some(why) => format!("out_dir: {why}"),
        }));
        if failure.is_some() {
            shown.exit = shown.exit.worst(Exit::OWN_FAILURE);
        }
        shown
    }
}

/// Names the folder of a result, so that no other one has its name.
fn folder_name(now: Wall, number: u32) -> String {
    let second = now.0 - now.0.rem_euclid(1000);
    let moment: String = moment_text(second)
        .chars()
        .filter(|c| !matches!(c, ':' | '-'))
        .collect();
    format!("{moment}-{number}")
}

fn write_all(dir: PathBuf, run: &Finished, names: Names) -> Result<(), OutDirError> {
    let mut out = OutDir::begin(&dir, false, names)?;
    let answers = run.gather.answers();
    answers.iter().try_for_each(|answer| out.on_answer(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_results_folder_is_named_by_its_moment_and_its_number() {
        assert_eq!(
            folder_name(Wall(1_700_000_000_123), 3),
            "20231114T221320Z-3"
        );
    }
}
