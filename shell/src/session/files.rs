//! `save` and `open`: rows to a file on the operator's machine, and from one.

use std::path::PathBuf;

use hailer_lang::file_format::FileFormat;
use hailer_lang::fleet_plan::{FleetStep, TableFile};
use hailer_lang::plan::{Query, QueryEnd, SaveTo};
use hailer_protocol::clean::Clean;
use hailer_table::{Frame, Note, file};

use super::Shown;
use crate::around::Around;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::files::{self, FileError, SavedFile};
use crate::session::query::{apply, engine_error};

/// Says before any node is asked that what a line ends with cannot be done.
pub(super) fn check(query: &Query) -> Result<(), ShellError> {
    match &query.end {
        QueryEnd::Show | QueryEnd::Detach | QueryEnd::Follow | QueryEnd::Watch(_) => Ok(()),
        QueryEnd::Save(to) => {
            files::check(&path_of(&to.file), to.force).map_err(|e| error_of(&e, Exit::USAGE))
        }
    }
}

/// Does with a result that is kept what its line ends with.
pub(super) async fn end(end: QueryEnd, shown: Shown) -> Result<Shown, ShellError> {
    let to = match end {
        QueryEnd::Show | QueryEnd::Detach | QueryEnd::Follow | QueryEnd::Watch(_) => {
            return Ok(shown);
        }
        QueryEnd::Save(to) => to,
    };
    let (number, exit) = (shown.number, shown.exit);
    let saved = match shown.frame.clone() {
        Some(frame) => save(move || save_frame(&frame, &to)).await,
        None => Err(ShellError::own("the result has no rows to save")),
    };
    match saved {
        Ok(saved) => Ok(Shown {
            saved: Some(saved),
            ..shown
        }),
        Err(error) => Err(
            ShellError::new(error.exit().worst(exit), error.to_string()).hint(format!(
                "the rows are kept as ${number}: `${number} |> save FILE` writes them elsewhere"
            )),
        ),
    }
}

async fn save(
    work: impl FnOnce() -> Result<SavedFile, ShellError> + Send + 'static,
) -> Result<SavedFile, ShellError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(ShellError::own(format!("saving broke off: {e}"))))
}

fn save_frame(frame: &Frame, to: &SaveTo) -> Result<SavedFile, ShellError> {
    let bytes = file::write(frame, to.format).map_err(|e| engine_error(&e))?;
    let path = path_of(&to.file);
    files::write(&path, &bytes, to.force).map_err(|e| error_of(&e, Exit::OWN_FAILURE))?;
    Ok(SavedFile {
        path: std::path::absolute(&path).unwrap_or(path),
        rows: frame.len() as u64,
        bytes: bytes.len() as u64,
    })
}

/// Makes rows of a file, and carries out the verbs behind it.
pub(super) async fn open(
    named: String,
    format: FileFormat,
    query: &Query,
    around: Around,
) -> Result<(Frame, Vec<Note>), ShellError> {
    let steps = query.fleet.clone();
    let work = move || {
        let file = TableFile {
            file: named,
            format,
        };
        let (frame, notes) = read_table(&file)?;
        apply(frame, notes, &steps, &around).map_err(|e| engine_error(&e))
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(ShellError::own(format!("opening broke off: {e}"))))
}

/// Reads the rows of a file.
///
/// # Errors
/// When it cannot be read, or is not what its name says.
pub(crate) fn read_table(named: &TableFile) -> Result<(Frame, Vec<Note>), ShellError> {
    let TableFile { file, format } = named;
    let bytes = files::read(&path_of(file)).map_err(|e| error_of(&e, Exit::USAGE))?;
    file::read(bytes, *format).map_err(|e| {
        let error = engine_error(&e);
        ShellError::new(
            error.exit(),
            format!("open `{}`: {error}", Clean::line(file)),
        )
    })
}

/// Says before any node is asked that a file cannot stand beside the rows of a line. It is read
/// again when they are there, since nobody knows how long that takes.
pub(super) fn check_beside(steps: &[FleetStep]) -> Result<(), ShellError> {
    for step in steps {
        if let FleetStep::Join { with, by, .. } = step
            && let Some(file) = step.file()
        {
            let (frame, _) = read_table(file)?;
            hailer_table::check_keys(&frame, with, by).map_err(|e| engine_error(&e))?;
        }
    }
    Ok(())
}

pub(super) fn path_of(named: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    files::path_of(named, home.as_deref())
}

fn error_of(error: &FileError, exit: Exit) -> ShellError {
    let told = ShellError::new(exit, error.to_string());
    match &error.hint {
        Some(hint) => told.hint(hint.clone()),
        None => told,
    }
}
