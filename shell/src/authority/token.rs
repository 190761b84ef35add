//! `hailer ca token` and `hailer ca forget`: who may enrol, and who is a node no more.

use std::fmt::Write as _;
use std::time::Duration;

use hailer_lang::node_set::fold::fold;
use hailer_lang::node_set::unfold::unfold;
use hailer_protocol::ids::NodeName;
use hailer_protocol::time::Wall;
use hailer_protocol::token::Token;

use super::args::{ForgetArgs, TokenArgs};
use crate::error::ShellError;
use crate::exit::Exit;
use crate::keeper::{NewToken, Store};

/// The longest that a token may be good.
const LIFE_MAX: Duration = Duration::from_secs(60 * 60);

/// Nodes that get tokens in one go: what is printed is to be handed out within the hour.
const NODES_MAX: usize = 10_000;

/// Makes tokens; returns them, each beside its node's name.
pub(super) fn make(now: Wall, args: &TokenArgs) -> Result<String, ShellError> {
    if args.ttl > LIFE_MAX {
        return Err(ShellError::usage("a token is good for one hour at most")
            .hint("make it when the node is ready to enrol"));
    }
    let not_after = now + args.ttl;
    let mut said = String::new();
    let mut rows = Vec::new();
    for node in names(&args.nodes)? {
        let token = draw()?;
        let _ = writeln!(said, "{node} {}", token.reveal());
        rows.push(NewToken {
            hash: token.hash(),
            node,
            not_after,
        });
    }
    let mut store = Store::open(&args.store).map_err(|e| ShellError::own(e.to_string()))?;
    store
        .add_tokens(now, &rows)
        .map_err(|e| ShellError::own(e.to_string()))?;
    Ok(said)
}

/// Forgets nodes; those of whom the store knows nothing are a mistake, said after the others are gone.
pub(super) fn forget(now: Wall, args: &ForgetArgs) -> Result<String, ShellError> {
    let names = names(&args.nodes)?;
    // Opening would make it, and a mistyped path would read as a fleet without these nodes.
    if !args.store.exists() {
        return Err(ShellError::usage(format!(
            "there is no store at {}: nobody was forgotten",
            args.store.display()
        ))
        .hint("give the store with which `hailer serve` was started"));
    }
    let mut store = Store::open(&args.store).map_err(|e| ShellError::own(e.to_string()))?;
    let unknown = store
        .forget(now, &names)
        .map_err(|e| ShellError::own(e.to_string()))?;
    let told = format!(
        "{} of {} forgotten; a certificate that is out is good until it ends",
        names.len() - unknown.len(),
        names.len()
    );
    if unknown.is_empty() {
        return Ok(told + "\n");
    }
    Err(ShellError::new(
        Exit::NO_TARGETS,
        format!(
            "{told}; {} has neither a certificate nor a token for {}",
            args.store.display(),
            fold(unknown.iter().map(NodeName::as_str))
        ),
    )
    .hint("look whether the names are right; who was forgotten before is not there either"))
}

fn names(patterns: &[String]) -> Result<Vec<NodeName>, ShellError> {
    let mut names = Vec::new();
    for pattern in patterns {
        let wrong = |e: String| ShellError::usage(format!("`{}`: {e}", pattern.escape_debug()));
        for name in unfold(pattern).map_err(|e| wrong(e.to_string()))? {
            names.push(NodeName::new(name).map_err(|e| wrong(e.to_string()))?);
        }
        if names.len() > NODES_MAX {
            return Err(ShellError::usage(format!(
                "more than {NODES_MAX} nodes in one go"
            )));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn draw() -> Result<Token, ShellError> {
    let mut bytes = [0; 32];
    hailer_identity::trust::provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| ShellError::own("draw a token: the system gives no randomness"))?;
    Ok(Token::from_random(bytes))
}
