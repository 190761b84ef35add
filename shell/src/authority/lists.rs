//! Revocation lists when their signer changes: what is revoked stays so, under the next one's name.

use std::time::Duration;

use hailer_identity::{Authority, Tier, known_list, sign_list};
use hailer_protocol::revocation::RevocationList;
use hailer_protocol::time::Wall;

use super::directory::Directory;
use crate::error::ShellError;
use crate::revoke::{LISTS, read_lists, write_lists};

/// By when there will be the next list.
const NEXT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Signs the list of the last issuer of that role, or of the last authority, again with the next one's
/// key; without such a list there is nothing to do.
pub(super) fn sign_again(dir: &Directory, next: &Authority, now: Wall) -> Result<(), ShellError> {
    let path = dir.path().join(LISTS);
    let mut lists = read_lists(&path)?;
    let scope = match next.tier() {
        Tier::Issuer(role) => Some(role),
        Tier::Single | Tier::Root => None,
    };
    let failed = |e: &dyn std::fmt::Display| ShellError::own(format!("{}: {e}", path.display()));
    let mut has_changed = false;
    for signed in &mut lists {
        let (signer, list) = known_list(next.fleet(), signed).map_err(|e| failed(&e))?;
        if signer.scope() != scope {
            continue;
        }
        let list = RevocationList {
            number: list.number + 1,
            issued_at: now,
            next_update: now + NEXT,
            ..list
        };
        *signed = sign_list(next, &list).map_err(|e| failed(&e))?;
        has_changed = true;
    }
    if has_changed {
        write_lists(&path, lists)?;
    }
    Ok(())
}
