//! `hailerd journal`: what an operator on the node says to a damaged log.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::Config;
use crate::error::AgentError;
use crate::state::{Acceptance, damage};

/// What `journal` takes.
#[derive(Debug, Clone, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum JournalCommand {
    /// Say what is damaged in this node's log, if anything is
    Show(Where),
    /// Let this node run commands again although its log was damaged
    Accept {
        #[command(flatten)]
        at: Where,
        /// Why it may: it goes into the audit
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Clone, Args)]
struct Where {
    /// The agent's configuration file
    #[arg(long, value_name = "FILE", default_value = "/etc/hailer/agent.toml")]
    config: PathBuf,
}

/// Does what the arguments say; `who` is the user of the machine who says it.
///
/// # Errors
/// When the configuration or the state cannot be read or written, and when there is nothing to accept.
pub fn journal(args: &JournalArgs, who: &str, out: &mut impl Write) -> Result<(), AgentError> {
    let (at, reason) = match &args.command {
        JournalCommand::Show(at) => (at, None),
        JournalCommand::Accept { at, reason } => (at, Some(reason)),
    };
    let failed = |e: crate::state::StateError| AgentError::State(e.to_string());
    let dir = Config::read(&at.config)?.state_dir;
    let damage = damage::mark(&dir).map_err(failed)?;
    let said = match (damage, reason) {
        (None, None) => "nothing is known of any damage to this node's log".to_owned(),
        (None, Some(_)) => {
            return Err(AgentError::State(
                "nothing is known of any damage to this node's log, so there is nothing to accept"
                    .to_owned(),
            ));
        }
        (Some(damage), None) => damage,
        (Some(_), Some(reason)) if reason.trim().is_empty() => {
            return Err(AgentError::State(
                "accept the damage of the log: say why with `--reason`; it goes into the audit"
                    .to_owned(),
            ));
        }
        (Some(damage), Some(reason)) => {
            let acceptance = Acceptance {
                who: who.to_owned(),
                reason: reason.clone(),
            };
            damage::accept(&dir, &acceptance).map_err(failed)?;
            format!(
                "accepted: {damage}\na running agent goes on within a second, another when it starts"
            )
        }
    };
    writeln!(out, "{said}").map_err(AgentError::Output)
}
