//! `hailer ca spread`: hands the fleet's next authorities to its nodes.

use std::path::Path;

use super::args::SpreadArgs;
use super::{bundles, rotate};
use crate::error::ShellError;
use crate::exit::Exit;
use crate::{open, revoke};

/// Hands them out; says who has not got them.
///
/// # Errors
/// When the bundles or the fleet cannot be read.
pub(super) async fn spread(args: &SpreadArgs, fleet: Option<&Path>) -> Result<Exit, ShellError> {
    let file = fleet.ok_or_else(|| {
        ShellError::usage("to which nodes?").hint("give their fleet with --fleet FILE")
    })?;
    let all = bundles::read(&args.bundle)?;
    if all.is_empty() {
        return Err(
            ShellError::usage(format!("{} holds no bundle", args.bundle.display()))
                .hint("`hailer ca rotate begin` makes one, as DIR/trust.bundle"),
        );
    }
    let known = open::papers(file)?.trust;
    let last = rotate::trust_of(&all, &known)?.filter(|_| !args.anyway);
    let number = bundles::last_number(&all)?;
    let opened = open::open(file, None)?;
    let delivered = opened.fleet.spread(all, last).await;
    opened.fleet.close().await;
    let said = revoke::summary(&opened.inventory, &delivered, "run this again");
    revoke::told(
        &format!("bundle {number}: {said}"),
        revoke::exit_of(&delivered),
    )
}
