//! `hailer can`: explains what a policy says to a request, without asking a node.
//!
//! The decision is the one that a node makes: the same code reads the same file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::policy::{Ask, Decision, NodeFacts, Wants, Words, decide};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use hailer_protocol::units::moment::parse_time;

use super::policy;
use crate::cli::RunArgs;
use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// The fleet of whoever is asked about: a policy knows one fleet, and does not name it.
const FLEET: &str = "fleet";

/// Who wants what.
#[derive(Debug, Clone, Args)]
#[command(after_help = "With --reason and --run-as as a run has them.\n\
                  Example: hailer can alice run 'systemctl restart nginx' --policy db.policy \
                  --label role=db --group oncall --reason 'disk full'")]
pub struct CanArgs {
    /// The operator, as the certificate names them
    #[arg(value_name = "WHO", value_parser = name)]
    who: Name,
    /// What is wanted
    #[arg(value_enum, value_name = "GRANT")]
    grant: GrantWord,
    /// One word is a line, as it is typed at the prompt; several are a program and its arguments
    /// (put `--` before them if one begins with `-`)
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// The policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A group that the operator's certificate names; may be given several times
    #[arg(long = "group", value_name = "GROUP", value_parser = name)]
    groups: Vec<Name>,
    /// A label of the node, as its own configuration says; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// The node's name
    #[arg(long, value_name = "NAME", default_value = "node", value_parser = node)]
    node: NodeName,
    /// The node was started to be read only
    #[arg(long)]
    node_is_read_only: bool,
    /// For how many nodes it is
    #[arg(long, value_name = "N")]
    targets: Option<u32>,
    /// How many nodes the fleet has
    #[arg(long, value_name = "N")]
    fleet_size: Option<u32>,
    /// Another operator who approved, with the groups of their certificate; may be given several
    /// times
    #[arg(long, value_name = "NAME[=GROUP,…]", value_parser = approver)]
    approved_by: Vec<Approver>,
    /// At which time (2026-05-01T09:00:00+02:00), instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Wall>,
}

/// The grants, as policies write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GrantWord {
    /// Metrics and facts
    Probe,
    /// A command out of the policy's list, in the node's sandbox
    Read,
    /// Any command
    Run,
    /// An automation
    Automate,
}

/// Somebody who approved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Approver {
    name: Name,
    groups: Vec<Name>,
}

/// Prints the decision and what it rests on.
///
/// # Errors
/// When the policy cannot be read or has mistakes, and when the request is none.
pub fn answer(args: &CanArgs, run: &RunArgs) -> Result<Exit, ShellError> {
    let policy = policy::read(&args.policy)?;
    let who = holder(&args.who, &args.groups)?;
    let approvals: Vec<Holder> = args
        .approved_by
        .iter()
        .map(|by| holder(&by.name, &by.groups))
        .collect::<Result<_, _>>()?;
    let labels = labels(&args.labels)?;
    let line = args.command.join(" ");
    let ask = Ask {
        who: &who,
        approvals: &approvals,
        wants: wants(args, run, &line)?,
        run_as: run.run_as.as_deref(),
        node: NodeFacts {
            name: &args.node,
            labels: &labels,
            is_read_only: args.node_is_read_only,
        },
        n_targets: args.targets,
        n_fleet: args.fleet_size,
        reason: run.reason.as_deref(),
    };
    let decision = decide(&policy, args.at.unwrap_or_else(clock::wall), &ask);
    show::write(&decision.explain(&policy, &ask))
        .map_err(|e| ShellError::own(format!("write the answer: {e}")))?;
    Ok(match decision {
        Decision::Allow(_) => Exit::OK,
        Decision::Deny(_) => Exit::DENIED,
    })
}

fn wants<'a>(args: &'a CanArgs, run: &RunArgs, line: &'a str) -> Result<Wants<'a>, ShellError> {
    if run.read_only && args.grant != GrantWord::Read {
        return Err(ShellError::usage("--read-only is the grant `read` here"));
    }
    let is_empty = args.command.iter().all(|word| word.trim().is_empty());
    match args.grant {
        GrantWord::Probe if is_empty => return Ok(Wants::Probe),
        GrantWord::Probe => {
            return Err(ShellError::usage(
                "a policy allows probes or does not, whatever they are of",
            )
            .hint("leave the command out"));
        }
        GrantWord::Read | GrantWord::Run | GrantWord::Automate => {}
    }
    if is_empty {
        return Err(ShellError::usage("which command?").hint("give it behind the grant"));
    }
    Ok(match args.grant {
        GrantWord::Read => Wants::Read(match args.command.as_slice() {
            [line] => Words::Line(line),
            argv => Words::Argv(argv),
        }),
        GrantWord::Automate => Wants::Automate(line),
        GrantWord::Run | GrantWord::Probe => Wants::Run(line),
    })
}

fn holder(name: &Name, groups: &[Name]) -> Result<Holder, ShellError> {
    Ok(Holder {
        identity: Identity {
            fleet: FLEET.parse().expect("it is a name"),
            role: Role::Operator,
            name: name.clone(),
        },
        groups: Groups::new(groups.iter().cloned())
            .map_err(|e| ShellError::usage(format!("the certificate of `{name}`: {e}")))?,
    })
}

fn labels(given: &[(String, String)]) -> Result<BTreeMap<String, String>, ShellError> {
    let mut labels = BTreeMap::new();
    for (key, value) in given {
        if labels.insert(key.clone(), value.clone()).is_some() {
            return Err(ShellError::usage(format!(
                "the label `{key}` is given twice"
            )));
        }
    }
    Ok(labels)
}

fn name(text: &str) -> Result<Name, String> {
    text.parse().map_err(|e| format!("{e}"))
}

fn node(text: &str) -> Result<NodeName, String> {
    text.parse().map_err(|e| format!("{e}"))
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| "write KEY=VALUE".to_owned())?;
    Ok((key.to_owned(), value.to_owned()))
}

fn approver(text: &str) -> Result<Approver, String> {
    let (who, groups) = text.split_once('=').unwrap_or((text, ""));
    let groups = groups.split(',').filter(|group| !group.is_empty());
    Ok(Approver {
        name: name(who)?,
        groups: groups.map(name).collect::<Result<_, _>>()?,
    })
}

fn time(text: &str) -> Result<Wall, String> {
    let ms = parse_time(text).map(Wall);
    ms.ok_or_else(|| format!("`{text}` is no time; write 2026-05-01T09:00:00+02:00"))
}
