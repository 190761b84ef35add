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
mod directory;
mod files;
mod init;
mod issue;
mod token;

pub use args::{CaArgs, CaCommand};
pub(crate) use directory::Directory;

use crate::error::ShellError;
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
        CaCommand::Token(args) => token::make(now, args)?,
        CaCommand::Forget(args) => token::forget(now, args)?,
    };
    show::write(&said).map_err(|e| ShellError::own(format!("write to standard output: {e}")))
}
