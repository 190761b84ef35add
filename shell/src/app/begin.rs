//! How a session begins: what the program's arguments make of its fleet, its scope and its settings.

use hailer_protocol::ids::LeaseId;

use super::ends;
use crate::cli::{FleetArgs, RunArgs};
use crate::error::ShellError;
use crate::exit::Exit;
use crate::interrupt::{Interrupts, no_scope};
use crate::open::{given, open_under};
use crate::session::{HOLDS_DEFAULT, RequestWish, Session};
use crate::settings::Settings;
use crate::targets;

/// Whether what is learned of nodes outlives the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Remembers,
    /// A demo's nodes are gone with it.
    Forgets,
}

pub(super) async fn session(
    fleet: &FleetArgs,
    run: &RunArgs,
    memory: Memory,
    lease: Option<LeaseId>,
) -> Result<Session, ShellError> {
    let file = given(fleet)?;
    let mut opened = open_under(file, run.connect_timeout, lease)?;
    if memory == Memory::Forgets {
        opened.sources.keep_nothing();
    }
    let targets = match &fleet.targets_from {
        Some(from) => {
            opened.default_scope = None;
            Some(targets::read(
                from,
                &fleet.targets_state,
                fleet.targets_partial,
                &opened.inventory,
            )?)
        }
        None => None,
    };
    let defaults = Settings::default();
    let settings = Settings {
        timeout: run.timeout,
        deadline: run.deadline,
        spread: run
            .spread()
            .map_err(|wrong| ShellError::usage(wrong.message).hint(wrong.help))?,
        max_in_flight: run
            .max_in_flight
            .map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        expect: run.expect,
        request: run.request.as_ref().map(|file| RequestWish {
            file: file.clone(),
            holds_for: run.holds.unwrap_or(HOLDS_DEFAULT),
        }),
        dry_run: run.dry_run,
        detach: run.detach,
        wish: run.wish(),
        fail_if_rows: run.fail_if_rows,
        ..defaults
    };
    // Nodes or a source of groups may have to be asked for the scope.
    let mut interrupts =
        Interrupts::take_over().map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))?;
    let (mut ends, begun) = (
        ends()?,
        Session::begin(opened, fleet.scope.as_deref(), settings),
    );
    let begun = tokio::select! {
        biased;
        () = interrupts.interrupted() => return Err(no_scope(Exit::INTERRUPTED)),
        exit = ends.next() => return Err(no_scope(exit)),
        begun = begun => begun,
    };
    let mut session = begun.map_err(|e| match &fleet.scope {
        Some(_) => e,
        None => e.at(&format!("{}: default_scope", file.display())),
    })?;
    if let Some(targets) = targets {
        session.start_on(targets);
    }
    Ok(session)
}

/// Nothing of what was signed can be changed any more.
pub(super) fn approved_is_as_it_is(fleet: &FleetArgs, run: &RunArgs) -> Result<(), ShellError> {
    let given = [
        ("--scope", fleet.scope.is_some()),
        ("--targets-from", fleet.targets_from.is_some()),
        ("--reason", run.reason.is_some()),
        ("--run-as", run.run_as.is_some()),
        ("--read-only", run.read_only),
        ("--timeout", run.timeout.is_some()),
        ("--pick", run.pick.is_some()),
        ("--detach", run.detach),
        ("--request", run.request.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => Err(ShellError::usage(format!(
            "{flag} does not go with `run-approved`: it runs what was approved"
        ))
        .hint("give it where the request is written")),
    }
}
