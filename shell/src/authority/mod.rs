//! `hailer ca`: a fleet's own authority, in files.
//!
//! ```text
//! DIR/ca.pem            what every member trusts
//! DIR/root.pem, .key    the root: signs issuers, and belongs offline
//! DIR/issuers/ROLE.pem, .key   one issuer a role: signs members of it, and nobody else
//! DIR/operator.pem, .key       the first operator
//! ```
//!
//! With `--single` there is one authority in place of root and issuers (`DIR/single.pem`, `.key`).
//! Nothing that is there is ever overwritten unless that is asked for, and a key that others can
//! read is refused.

mod args;
mod bundles;
mod directory;
pub(crate) mod files;
mod init;
mod issue;
mod issuer;
mod lists;
mod rotate;
mod spread;
mod token;

pub use args::{CaArgs, CaCommand};
pub(crate) use directory::{Directory, Stamps};
pub(crate) use issue::from as span_from;

use std::path::Path;

use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// Does what `hailer ca` was asked for.
///
/// # Errors
/// When a file cannot be had, or what was asked for is refused.
pub fn command(args: &CaArgs) -> Result<(), ShellError> {
    let now = crate::clock::wall();
    let said = match &args.command {
        CaCommand::Init(args) => init::init(now, args)?,
        CaCommand::Issue(args) => issue::issue(now, args)?,
        CaCommand::Issuer(args) => issuer::renew(now, args)?,
        CaCommand::Rotate(args) => rotate::rotate(now, args)?,
        // It needs links to nodes: `over_links`.
        CaCommand::Spread(_) => return Ok(()),
        CaCommand::Token(args) => token::make(now, args)?,
        CaCommand::Forget(args) => token::forget(now, args)?,
    };
    show::write(&said).map_err(|e| ShellError::own(format!("write to standard output: {e}")))
}

impl CaArgs {
    /// Whether nodes are connected for it.
    #[must_use]
    pub const fn needs_links(&self) -> bool {
        matches!(self.command, CaCommand::Spread(_))
    }
}

/// Does what `hailer ca` was asked for, where that is about the nodes of a fleet.
///
/// # Errors
/// As [`command`].
pub async fn over_links(args: &CaArgs, fleet: Option<&Path>) -> Result<Exit, ShellError> {
    match &args.command {
        CaCommand::Spread(args) => spread::spread(args, fleet).await,
        CaCommand::Init(_)
        | CaCommand::Issue(_)
        | CaCommand::Issuer(_)
        | CaCommand::Rotate(_)
        | CaCommand::Token(_)
        | CaCommand::Forget(_) => command(args).map(|()| Exit::OK),
    }
}
