//! `hailer policy`: policies checked and laid out, without a node.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use hailer_protocol::clean::Clean;
use hailer_protocol::limits::POLICY_MAX;
use hailer_protocol::policy::{Policy, laid_out};

use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// What is done with policies.
#[derive(Debug, Clone, Subcommand)]
pub enum PolicyCommand {
    /// Say every mistake in policies; exit code 2 if there is one
    Check {
        /// The policies
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Lay policies out, in their files; comments and the order of lines stay
    Fmt {
        /// The policies
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write nothing; exit code 1 if a file would change
        #[arg(long, conflicts_with = "canonical")]
        check: bool,
        /// Print the form that a policy's version is made of instead: groups first and in their
        /// order, without comments
        #[arg(long)]
        canonical: bool,
    },
}

/// Carries one of them out.
///
/// # Errors
/// When a file cannot be read or written, and when a policy that is to be laid out has mistakes.
pub fn carry_out(command: &PolicyCommand) -> Result<Exit, ShellError> {
    match command {
        PolicyCommand::Check { files } => Ok(check(files)),
        PolicyCommand::Fmt {
            files,
            check,
            canonical,
        } => {
            // All are read first: a mistake in one leaves every file as it is.
            let texts = files
                .iter()
                .map(|file| {
                    let text = text(file)?;
                    sound(file, &text).map(|policy| (file, text, policy))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let mut exit = Exit::OK;
            for (file, text, policy) in texts {
                let new = if *canonical {
                    say(&policy.canonical())?;
                    continue;
                } else {
                    laid_out(&text)
                };
                if new == text {
                    continue;
                }
                if *check {
                    let name = file.display().to_string();
                    say(&format!("{} would change\n", Clean::line(&name)))?;
                    exit = Exit::FAILED;
                    continue;
                }
                // Into the same file, so that owner and mode stay; one that was cut off by a crash
                // allows nothing.
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
        if let Err(error) = read(file) {
            show::complain(&error);
            exit = exit.worst(error.exit());
        }
    }
    exit
}

/// Reads a policy without mistakes.
///
/// # Errors
/// When the file cannot be read; with every mistake in it.
pub(super) fn read(file: &Path) -> Result<Policy, ShellError> {
    sound(file, &text(file)?)
}

fn sound(file: &Path, text: &str) -> Result<Policy, ShellError> {
    let (policy, mistakes) = Policy::parse(text);
    if mistakes.is_empty() {
        return Ok(policy);
    }
    let name = file.display().to_string();
    let name = Clean::line(&name);
    let what = match mistakes.len() {
        1 => "a mistake: a node with this policy allows nothing".to_owned(),
        n => format!("{n} mistakes: a node with this policy allows nothing"),
    };
    let all: Vec<String> = mistakes.iter().map(|m| m.render(text)).collect();
    let all = all.join("\n");
    Err(ShellError::usage(format!(
        "{name} has {what}\n{}",
        all.trim_end()
    )))
}

fn text(file: &Path) -> Result<String, ShellError> {
    let failed =
        |e: io::Error| ShellError::usage(format!("read the policy {}: {e}", file.display()));
    let mut text = String::new();
    // One byte more than is allowed is enough to be told so.
    let bound = u64::try_from(POLICY_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let file = fs::File::open(file).map_err(failed)?;
    file.take(bound).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn say(text: &str) -> Result<(), ShellError> {
    show::write(text).map_err(|e| ShellError::own(format!("write the answer: {e}")))
}
