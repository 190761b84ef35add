//! `hailer ca init`: the authority of a new fleet.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use hailer_identity::{Authority, AuthorityError, Fingerprint};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use super::args::InitArgs;
use super::directory::Directory;
use super::files::{self, PUBLIC, SECRET};
use super::issue::{self, Member};
use crate::error::ShellError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a root, or a single authority, holds.
pub(super) const TOP_LIFE: Duration = DAY.saturating_mul(3650);

/// How long an issuer holds.
pub(super) const ISSUER_LIFE: Duration = DAY.saturating_mul(365);

/// Makes the authority; returns what to do next.
pub(super) fn init(now: Wall, args: &InitArgs) -> Result<String, ShellError> {
    let dir = Directory::at(&args.dir);
    check_empty(dir.path())?;
    files::make_dir(dir.path())?;
    files::check_closed(dir.path(), "directory", "700")?;
    let fleet = args.fleet_name.clone();
    let span = issue::from(now, TOP_LIFE);
    let top = if args.single {
        Authority::generate(fleet, span.not_before, span.not_after)
    } else {
        Authority::generate_root(fleet, span.not_before, span.not_after)
    }
    .map_err(refused)?;
    write_authority(&dir.top(args.single), &top)?;
    if !args.single {
        files::make_dir(&dir.issuers())?;
        for role in Role::ALL {
            let issuer = top.issuer(role, issue::from(now, ISSUER_LIFE));
            let issuer = issuer.map_err(refused)?;
            write_authority(&dir.issuers().join(role.as_str()), &issuer)?;
        }
    }
    // Last of the authority: a directory with it is whole.
    files::write_new(&dir.bundle_path(), top.cert_pem(), PUBLIC)?;
    let member = Member {
        role: Role::Operator,
        name: args.operator.clone(),
        groups: args.groups.clone(),
        life: issue::OPERATOR_LIFE,
    };
    issue::write(now, &dir, &member, dir.path(), files::write_new)?;
    Ok(next_steps(args, &top))
}

fn next_steps(args: &InitArgs, top: &Authority) -> String {
    let dir = args.dir.display();
    let mut said = format!(
        "authority of the fleet `{}` in {dir}\n  trust        {dir}/ca.pem\n  fingerprint  {}\n  operator     {dir}/operator.pem and .key: `{}`, for 8 hours\n",
        args.fleet_name,
        Fingerprint::of(top.cert_der()),
        args.operator,
    );
    let next = if args.single {
        format!(
            "{dir}/single.key signs everybody: keep it, and this directory, where only those get who may name anybody.\n"
        )
    } else {
        format!(
            "Now take {dir}/root.key offline (move it to a disk that you lock away): it is needed again to make issuers, in less than a year, and for nothing else.\n"
        )
    };
    let _ = write!(said, "\n{next}");
    let keeper = if args.single {
        ""
    } else {
        "A keeper on a machine of its own needs ca.pem, issuers/node.* and issuers/keeper.* in such a directory, and must have nothing else of it.\n"
    };
    said.push_str(keeper);
    let _ = writeln!(
        said,
        "Then: `hailer serve --ca {dir} --store keeper.db --listen ADDRESS`, and `hailer ca token NODE --store keeper.db`."
    );
    said
}

fn write_authority(stem: &Path, authority: &Authority) -> Result<(), ShellError> {
    files::write_new(&stem.with_extension("key"), &authority.key_pem(), SECRET)?;
    files::write_new(&stem.with_extension("pem"), authority.cert_pem(), PUBLIC)
}

fn check_empty(path: &Path) -> Result<(), ShellError> {
    let Ok(mut entries) = std::fs::read_dir(path) else {
        return Ok(());
    };
    if entries.next().is_none() {
        return Ok(());
    }
    Err(ShellError::usage(format!(
        "{} is not empty, and nothing there is overwritten",
        path.display()
    ))
    .hint("give a directory that is not there yet"))
}

fn refused(error: AuthorityError) -> ShellError {
    ShellError::own(error.to_string())
}
