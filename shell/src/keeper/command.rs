//! `hailer keeper`: what the keeper has found, and accepting it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hailer_lang::node_set::fold::fold;
use hailer_lang::node_set::unfold::unfold;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::NodeName;
use hailer_protocol::time::Wall;
use hailer_protocol::units::display_value;
use hailer_protocol::value::Value;

use super::store::{Finding, Store};
use crate::clock;
use crate::error::ShellError;
use crate::show;

/// Bytes of a reason: it is for people to read.
const REASON_MAX: usize = 512;

/// What `hailer keeper` takes.
#[derive(Debug, Args)]
pub struct KeeperArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeeperCommand,
}

/// What can be asked of the keeper's memory.
#[derive(Debug, Subcommand)]
pub enum KeeperCommand {
    /// List what was found wrong with nodes' audits, the newest last
    Findings {
        /// The keeper's store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
    },
    /// Accept what was found at nodes: their audits are countersigned again from where they stand
    ///
    /// Look into it first: an audit that was rewritten or cut off says that somebody had the run of
    /// that machine.
    AcceptAudit {
        /// The keeper's store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
        /// Why it is accepted; it is kept with the finding
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The nodes: `web1`, `web[1-9]`
        #[arg(value_name = "NODE", required = true)]
        nodes: Vec<String>,
    },
}

/// Carries it out.
///
/// # Errors
/// When the store cannot be had, or nothing was found at any of the nodes.
pub fn command(args: &KeeperArgs) -> Result<(), ShellError> {
    let said = match &args.command {
        KeeperCommand::Findings { store } => {
            let found = open(store)?.findings();
            list(&found.map_err(|e| ShellError::own(e.to_string()))?)
        }
        KeeperCommand::AcceptAudit {
            store,
            reason,
            nodes,
        } => accept(clock::wall(), &mut open(store)?, reason, nodes)?,
    };
    show::write(&said).map_err(|e| ShellError::own(format!("write to standard output: {e}")))
}

/// Opens a store that is there: a mistyped path makes none.
fn open(path: &Path) -> Result<Store, ShellError> {
    if !path.exists() {
        return Err(
            ShellError::usage(format!("there is no keeper's store {}", path.display()))
                .hint("give the one that `hailer serve --store` has"),
        );
    }
    Store::open(path).map_err(|e| ShellError::own(e.to_string()))
}

fn list(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "nothing was found\n".to_owned();
    }
    let mut said = String::new();
    for finding in findings {
        let at = |at: Wall| display_value(&Value::Time(at.0));
        let what = Clean::line(&finding.what);
        let _ = writeln!(said, "{} {}: {what}", at(finding.at), finding.node);
        let _ = match &finding.accepted {
            Some((when, why)) => {
                writeln!(said, "  accepted {}: {}", at(*when), Clean::line(why))
            }
            None => writeln!(
                said,
                "  OPEN: it is not countersigned until this is accepted"
            ),
        };
    }
    said
}

fn accept(
    now: Wall,
    store: &mut Store,
    reason: &str,
    patterns: &[String],
) -> Result<String, ShellError> {
    if reason.trim().is_empty() || reason.len() > REASON_MAX || reason.chars().any(char::is_control)
    {
        return Err(ShellError::usage(format!(
            "a reason is one line of at most {REASON_MAX} bytes, and says something"
        )));
    }
    let mut names = Vec::new();
    for pattern in patterns {
        let wrong = |e: String| ShellError::usage(format!("`{}`: {e}", pattern.escape_debug()));
        for name in unfold(pattern).map_err(|e| wrong(e.to_string()))? {
            names.push(NodeName::new(name).map_err(|e| wrong(e.to_string()))?);
        }
    }
    let accepted = store.accept_findings(now, &names, reason);
    let accepted = accepted.map_err(|e| ShellError::own(e.to_string()))?;
    if accepted.is_empty() {
        let names = fold(names.iter().map(NodeName::as_str));
        return Err(ShellError::usage(format!("nothing waits at {names}"))
            .hint("`hailer keeper findings` lists what does"));
    }
    let (n, names) = (accepted.len(), fold(accepted.iter().map(NodeName::as_str)));
    Ok(format!("accepted at {n} nodes: {names}\n"))
}
