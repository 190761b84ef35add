//! `hailer automation`: files of automations checked and laid out, without a node.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use hailer_lang::automation::{laid_out, read};
use hailer_lang::diagnostic::{Code, Diagnostic, render_all};
use hailer_lang::inventory::Inventory;
use hailer_lang::span::Span;
use hailer_protocol::automation::AutomationSpec;
use hailer_protocol::clean::Clean;
use hailer_protocol::limits::AUTOMATION_TEXT_MAX;

use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// How the name of an automation's file ends.
pub const EXTENSION: &str = "hail";

/// What is done with files of automations.
#[derive(Debug, Clone, Subcommand)]
pub enum AutomationCommand {
    /// Say every mistake in automations; exit code 2 if there is one
    Check {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Lay automations out, in their files: one order of clauses and one spelling; comments stay
    Fmt {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write nothing; exit code 1 if a file would change
        #[arg(long)]
        check: bool,
    },
}

/// Carries one of them out.
///
/// # Errors
/// When a file cannot be read or written, and when one that is to be laid out has mistakes.
pub fn carry_out(command: &AutomationCommand) -> Result<Exit, ShellError> {
    match command {
        AutomationCommand::Check { files } => Ok(check(files)),
        AutomationCommand::Fmt { files, check } => {
            // All are read first: a mistake in one leaves every file as it is.
            let texts = files
                .iter()
                .map(|file| {
                    let text = text(file)?;
                    sound(file, &text)?;
                    Ok((file, text))
                })
                .collect::<Result<Vec<_>, ShellError>>()?;
            let mut exit = Exit::OK;
            for (file, text) in texts {
                let new = laid_out(&text);
                if new == text {
                    continue;
                }
                if *check {
                    let name = file.display().to_string();
                    let line = format!("{} would change\n", Clean::line(&name));
                    show::write(&line)
                        .map_err(|e| ShellError::own(format!("write the answer: {e}")))?;
                    exit = Exit::FAILED;
                    continue;
                }
                fs::write(file, new)
                    .map_err(|e| ShellError::own(format!("write {}: {e}", file.display())))?;
            }
            Ok(exit)
        }
    }
}

fn check(files: &[PathBuf]) -> Exit {
    let mut exit = Exit::OK;
    for file in files {
        if let Err(error) = text(file).and_then(|text| sound(file, &text)) {
            show::complain(&error);
            exit = exit.worst(error.exit());
        }
    }
    exit
}

/// Reads automations that are to be in force together.
///
/// # Errors
/// Every mistake of the first file that has one.
pub(crate) fn all(
    files: &[PathBuf],
    inventory: &Inventory,
) -> Result<Vec<AutomationSpec>, ShellError> {
    let mut names = BTreeSet::new();
    let read = |file: &PathBuf| {
        let spec = sound_among(file, &text(file)?, inventory)?;
        if !names.insert(spec.name.clone()) {
            return Err(ShellError::usage(format!(
                "`{}` is named by two of the files",
                spec.name
            )));
        }
        Ok(spec)
    };
    files.iter().map(read).collect()
}

/// Reads an automation without mistakes, in a file that has its name.
fn sound(file: &Path, text: &str) -> Result<AutomationSpec, ShellError> {
    sound_among(file, text, &Inventory::none())
}

/// As [`sound`]; labels of the inventory are told from columns.
fn sound_among(
    file: &Path,
    text: &str,
    inventory: &Inventory,
) -> Result<AutomationSpec, ShellError> {
    let mistakes = match read(text, inventory) {
        Ok(spec) => match misnamed(file, &spec, text) {
            None => return Ok(spec),
            Some(mistake) => vec![mistake],
        },
        Err(mistakes) => mistakes,
    };
    let name = file.display().to_string();
    let name = Clean::line(&name);
    let what = match mistakes.len() {
        1 => "a mistake".to_owned(),
        n => format!("{n} mistakes"),
    };
    let all = render_all(&mistakes, text);
    Err(ShellError::usage(format!(
        "{name} has {what}\n{}",
        all.trim_end()
    )))
}

/// A file has the name of its automation, or two files could have one of the same name.
fn misnamed(file: &Path, spec: &AutomationSpec, text: &str) -> Option<Diagnostic> {
    let wanted = format!("{}.{EXTENSION}", spec.name);
    let found = file.file_name()?.to_string_lossy();
    if found == wanted {
        return None;
    }
    let at = text.find(spec.name.as_str()).unwrap_or(0);
    let message = format!("the file is called `{}`", Clean::line(&found));
    Some(
        Diagnostic::new(
            Code::DoesNotFit,
            Span::new(at, at + spec.name.as_str().len()),
            message,
        )
        .label("and its automation so")
        .help(format!(
            "call the file `{wanted}`, or the automation as the file"
        )),
    )
}

fn text(file: &Path) -> Result<String, ShellError> {
    let failed =
        |e: io::Error| ShellError::usage(format!("read the automation {}: {e}", file.display()));
    let mut text = String::new();
    // One byte more than is allowed is enough to be told so.
    let bound = u64::try_from(AUTOMATION_TEXT_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let file = fs::File::open(file).map_err(failed)?;
    file.take(bound).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
