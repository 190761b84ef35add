//! `hailer ca issue`: a certificate and its key, in files.

use std::path::Path;
use std::time::Duration;

use hailer_identity::{Authority, Issued, Validity};
use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

use super::args::IssueArgs;
use super::directory::Directory;
use super::files::{self, PUBLIC, SECRET};
use crate::error::ShellError;

/// How long an operator's certificate holds unless it is said.
pub(super) const OPERATOR_LIFE: Duration = Duration::from_secs(8 * 60 * 60);

/// How long any other certificate holds unless it is said.
const MEMBER_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How far back a certificate begins: the clock of whoever looks at it may be behind.
const BACK: Duration = Duration::from_secs(60);

/// Somebody who gets a certificate.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) role: Role,
    pub(super) name: Name,
    pub(super) groups: Vec<Name>,
    pub(super) life: Duration,
}

/// Returns the span that begins now, and a little before.
pub(crate) fn from(now: Wall, life: Duration) -> Validity {
    let back = i64::try_from(BACK.as_millis()).unwrap_or(i64::MAX);
    Validity {
        not_before: Wall(now.0.saturating_sub(back).max(0)),
        not_after: now + life,
    }
}

/// Issues what was asked for; returns what was written.
pub(super) fn issue(now: Wall, args: &IssueArgs) -> Result<String, ShellError> {
    let role = Role::from(args.role);
    let member = Member {
        role,
        name: args.name.clone(),
        groups: args.groups.clone(),
        life: args.ttl.unwrap_or(match role {
            Role::Operator => OPERATOR_LIFE,
            Role::Node | Role::Keeper | Role::Relay => MEMBER_LIFE,
        }),
    };
    let dir = Directory::open(&args.ca)?;
    files::make_dir(&args.out)?;
    let write = if args.replace {
        files::replace
    } else {
        files::write_new
    };
    let issued = self::write(now, &dir, &member, &args.out, write)?;
    let bundle = args.out.join("ca.pem");
    if !bundle.exists() || args.replace {
        files::replace(&bundle, &dir.bundle()?, PUBLIC)?;
    }
    let out = args.out.display();
    Ok(format!(
        "{}\n  {out}/{role}.pem, {out}/{role}.key, {out}/ca.pem\n",
        issued.identity
    ))
}

/// Issues a member's certificate with a fresh key, and writes both.
pub(super) fn write(
    now: Wall,
    dir: &Directory,
    member: &Member,
    out: &Path,
    write: fn(&Path, &str, u32) -> Result<(), ShellError>,
) -> Result<Issued, ShellError> {
    let signer = dir.signer(member.role)?;
    let issued = sign(now, &signer, member)?;
    let stem = out.join(member.role.as_str());
    write(&stem.with_extension("key"), &issued.key_pem, SECRET)?;
    write(&stem.with_extension("pem"), &issued.cert_pem, PUBLIC)?;
    Ok(issued)
}

fn sign(now: Wall, signer: &Authority, member: &Member) -> Result<Issued, ShellError> {
    let groups = Groups::new(member.groups.iter().cloned())
        .map_err(|e| ShellError::usage(format!("issue for `{}`: {e}", member.name)))?;
    let identity = Identity {
        fleet: signer.fleet().clone(),
        role: member.role,
        name: member.name.clone(),
    };
    // An authority that was just made began when this does.
    let mut validity = from(now, member.life);
    validity.not_before = validity.not_before.max(signer.validity().not_before);
    signer
        .issue_to(&Holder { identity, groups }, validity)
        .map_err(|e| ShellError::usage(e.to_string()))
}
