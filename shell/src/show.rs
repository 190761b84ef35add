//! What the prompt prints: results, words, complaints.

use std::io::{self, Write as _};
use std::sync::Arc;

use hailer_lang::inventory::Inventory;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::RunId;
use hailer_protocol::units::size_text;
use hailer_table::{Note, View, render_table};

use crate::app::Looks;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::files::SavedFile;
use crate::rows::Names;
use crate::rows::detached::short_id;
use crate::session::Shown;
use crate::view::complaint::{self, complaint};
use crate::view::diff::{DiffView, render_diff};
use crate::view::footer::render_footer;
use crate::view::groups::{GroupsView, draw_groups};
use crate::view::terminal::{stderr_size, stdout_size};

/// Rows of a table that are drawn at the prompt; `take N` shows more.
const ROWS_MAX: usize = 200;

/// Prints words of hailer's own, or text that was cleaned.
pub fn say(text: &str) {
    // A terminal that is gone ends the next reading of a line.
    let _ = write(text);
}

/// Lays words of hailer's own out for standard output: where that is a terminal, they break between
/// words.
#[must_use]
pub fn prose(text: &str) -> String {
    complaint::prose(text, stdout_size().map(|size| size.columns))
}

/// Writes words of hailer's own, or text that was cleaned.
///
/// # Errors
/// When standard output cannot be written.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints what an operator must know beside a result.
pub fn remark(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints why something could not be done.
pub fn complain(error: &ShellError) {
    let width = stderr_size().map(|size| size.columns);
    let text = complaint(&error.to_string(), width);
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints what a person should know of a result that goes to a program.
pub fn notes(notes: &[Note]) {
    let mut err = io::stderr().lock();
    for note in notes {
        let _ = writeln!(err, "{note}");
    }
}

/// How much of a result is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// What the eye takes in; what is left out is counted.
    Short,
    /// Everything that is kept.
    Whole,
}

/// Draws a result.
#[must_use]
pub fn result(shown: &Shown, inventory: &Arc<Inventory>, looks: Looks, length: Length) -> String {
    let is_whole = shown.is_limited || length == Length::Whole;
    let look = looks.on_stdout();
    let names = Names(inventory);
    let (mut text, mut is_short) = (String::new(), false);
    match (&shown.frame, &shown.origin) {
        (Some(_), run) if shown.saved.is_some() => {
            text.extend(shown.saved.iter().map(saved_line));
            for note in &shown.notes {
                text.push_str(&complaint::prose(note.as_str(), look.width));
                text.push('\n');
            }
            if let Some(run) = run {
                text.push_str(&render_footer(&run.gather, &run.summary, &names, look));
            }
        }
        (Some(frame), _) => {
            let view = View {
                width: look.width,
                color: look.color,
                max_rows: (!is_whole).then_some(ROWS_MAX),
                ascii: look.ascii,
            };
            if let Some(report) = frame.diff() {
                let view = if is_whole {
                    DiffView::whole(look)
                } else {
                    DiffView::short(look)
                };
                text.push_str(&render_diff(report, &names, &view));
            } else if frame.is_empty() {
                text.push_str("(no rows)\n");
            } else {
                text.push_str(&render_table(frame, &view));
            }
            for note in &shown.notes {
                text.push_str(&complaint::prose(note.as_str(), look.width));
                text.push('\n');
            }
            if let Some(run) = &shown.origin {
                text.push_str(&render_footer(&run.gather, &run.summary, &names, look));
            }
        }
        (None, Some(run)) => {
            // A result that is shown again has its run from before.
            let view = if is_whole {
                GroupsView::whole(look)
            } else {
                GroupsView::short(look)
            };
            let (drawn, is_cut) = draw_groups(&run.gather, &run.summary, &names, &view);
            is_short |= is_cut;
            text.push_str(&drawn);
        }
        (None, None) => {}
    }
    let mut text = numbered(text, shown);
    if is_short {
        text.pop();
        text.push_str(" shows what is left out\n");
    }
    text
}

/// Returns what a result ends with: who did not answer, the sums, and its number.
#[must_use]
pub fn end_of(shown: &Shown, inventory: &Arc<Inventory>, looks: Looks) -> String {
    let mut text: String = shown.notes.iter().map(|note| format!("{note}\n")).collect();
    if let Some(run) = &shown.origin {
        let look = looks.on_stdout();
        text.push_str(&render_footer(
            &run.gather,
            &run.summary,
            &Names(inventory),
            look,
        ));
    }
    if text.is_empty() {
        text.push_str("shown in the pager\n");
    }
    numbered(text, shown)
}

/// Puts a result's number on the last line, where the eye is.
fn numbered(mut text: String, shown: &Shown) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text.push_str(&format!(" · ${}\n", shown.number));
    text
}

/// Returns what is said of a detached run that was started.
#[must_use]
pub fn detached(run: RunId) -> String {
    let id = run.to_string();
    let id = short_id(&id);
    format!(
        "it runs detached as {id}: `jobs all` lists it, `jobs attach {id}` waits for what came of it, `cancel {id}` ends it\n"
    )
}

/// Returns what is said of a run in the background that has ended: how, and where its result is.
#[must_use]
pub fn ended(shown: &Shown, line: &str) -> String {
    let number = shown.number;
    let Some(run) = &shown.origin else {
        return format!("[{number}] ended: {line}\n`${number}` shows it\n");
    };
    let states = run.summary.nodes.iter();
    let counts: Vec<String> = states
        .map(|(state, nodes)| format!("{} {state}", nodes.len()))
        .collect();
    let total = run.summary.total();
    let noun = if total == 1 { "node" } else { "nodes" };
    let deed = if shown.deed.is_some() {
        format!(
            "its `run` was run nowhere: nobody was there to agree; `${number} |> run …` goes on\n"
        )
    } else {
        String::new()
    };
    format!(
        "[{number}] ended: {line}\n{total} {noun}: {} · `${number}` shows it\n{deed}",
        counts.join(", ")
    )
}

/// Says what was written where.
fn saved_line(saved: &SavedFile) -> String {
    let rows = if saved.rows == 1 { "row" } else { "rows" };
    format!(
        "saved {} {rows} ({}) to {}\n",
        saved.rows,
        size_text(i64::try_from(saved.bytes).unwrap_or(i64::MAX)),
        Clean::line(&saved.path.display().to_string())
    )
}

/// Runs a command on the operator's own machine, with the terminal as it is.
///
/// # Errors
/// When it cannot be started.
pub async fn run_local(command: &str) -> Result<Exit, ShellError> {
    let status = tokio::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .status()
        .await
        .map_err(|e| ShellError::own(format!("run `{command}` here: {e}")))?;
    Ok(if status.success() {
        Exit::OK
    } else {
        Exit::FAILED
    })
}

/// How many nodes ended in which state: `45 ok, 3 failed`.
pub fn states(shown: &Shown) -> String {
    let run = shown.origin.iter();
    let counts = run.flat_map(|run| &run.summary.nodes);
    let counts = counts.map(|(state, nodes)| format!("{} {}", nodes.len(), state.as_str()));
    counts.collect::<Vec<_>>().join(", ")
}
