//! `hailer ca issuer`: the next issuer of a role, out of the root that is kept offline.
//!
//! Members bring their issuer's certificate with them, so those of the last issuer stay good until
//! their own end. What takes the issuer up again by itself is a keeper that serves.

use std::path::Path;

use hailer_identity::{Authority, Tier};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use super::args::IssuerArgs;
use super::directory::{Directory, read_parts};
use super::files::{self, PUBLIC, SECRET};
use super::{init, issue, lists};
use crate::error::ShellError;

/// Makes the next issuer; returns what was done.
pub(super) fn renew(now: Wall, args: &IssuerArgs) -> Result<String, ShellError> {
    let dir = Directory::open(&args.ca)?;
    if dir.is_single() {
        return Err(ShellError::usage(format!(
            "{} holds a single authority, which has no issuers",
            args.ca.display()
        ))
        .hint("`hailer ca rotate` replaces it"));
    }
    let root = root(&dir, args.root.as_deref())?;
    let role = Role::from(args.role);
    let mut span = issue::from(now, args.ttl.unwrap_or(init::ISSUER_LIFE));
    span.not_before = span.not_before.max(root.validity().not_before);
    let issuer = root
        .issuer(role, span)
        .map_err(|e| ShellError::usage(e.to_string()))?;
    put(&dir.issuers().join(role.as_str()), &issuer)?;
    lists::sign_again(&dir, &issuer, now)?;
    let place = dir.issuers().join(role.as_str());
    Ok(format!(
        "a new issuer of the role `{role}` is in {}.pem and .key; what the last one signed is good until its own end\n",
        place.display()
    ))
}

/// Returns the root of a directory; its key may be anywhere.
pub(super) fn root(dir: &Directory, key: Option<&Path>) -> Result<Authority, ShellError> {
    let stem = dir.top(dir.is_single());
    let (cert, beside) = (stem.with_extension("pem"), stem.with_extension("key"));
    let key = key.unwrap_or(&beside);
    if !key.exists() {
        return Err(
            ShellError::usage(format!("the root's key is not in {}", key.display()))
                .hint("it is kept offline: say where it is with --root FILE"),
        );
    }
    let root = read_parts(&cert, key)?;
    match root.tier() {
        Tier::Root | Tier::Single => Ok(root),
        Tier::Issuer(_) => Err(ShellError::own(format!(
            "{} is an issuer's, not a root's",
            cert.display()
        ))),
    }
}

/// Puts an authority in the place of whatever is there: readers that find a key and a certificate
/// which do not fit have come in between, and look again.
pub(super) fn put(stem: &Path, authority: &Authority) -> Result<(), ShellError> {
    files::replace(&stem.with_extension("key"), &authority.key_pem(), SECRET)?;
    files::replace(&stem.with_extension("pem"), authority.cert_pem(), PUBLIC)
}
