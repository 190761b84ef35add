//! `hailer ca rotate`: the fleet's next root, step by step, without an outage.
//!
//! ```text
//! begin    DIR/next/ gets a root and its issuers; ca.pem trusts both; bundle: both, signed by the old
//!          … `hailer ca spread`, and wait until every node has it
//! switch   the issuers of the next root sign from now on
//!          … wait until nodes and operators have renewed their certificates
//! finish   ca.pem trusts the next root alone; bundle: it alone, signed by itself
//!          … `hailer ca spread`
//! ```
//!
//! `DIR/trust.bundle` keeps every bundle, one behind the other: a node that was away takes them in
//! their order. Nothing but a root's key makes one.

use std::fs;
use std::path::{Path, PathBuf};

use hailer_identity::{Authority, Trust, bundle_of, sign_bundle};
use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use super::args::{RotateArgs, Step};
use super::directory::{Directory, read_authority, read_parts};
use super::files::{self, PUBLIC};
use super::{bundles, init, issue, issuer, lists};
use crate::error::ShellError;

/// Takes one step; returns what to do next.
pub(super) fn rotate(now: Wall, args: &RotateArgs) -> Result<String, ShellError> {
    let dir = Directory::open(&args.ca)?;
    let next = Next {
        dir: dir.path().join("next"),
        is_single: dir.is_single(),
    };
    match args.step {
        Step::Begin => begin(now, &dir, &next, args),
        Step::Switch => switch(now, &dir, &next),
        Step::Finish => finish(now, &dir, &next, args),
    }
}

/// Where the next root waits.
struct Next {
    dir: PathBuf,
    is_single: bool,
}

impl Next {
    fn top(&self) -> PathBuf {
        self.dir
            .join(if self.is_single { "single" } else { "root" })
    }

    fn issuers(&self) -> PathBuf {
        self.dir.join("issuers")
    }

    fn check_there(&self) -> Result<(), ShellError> {
        if self.top().with_extension("pem").exists() {
            return Ok(());
        }
        Err(ShellError::usage("no rotation is under way")
            .hint("`hailer ca rotate begin` starts one"))
    }
}

fn begin(now: Wall, dir: &Directory, next: &Next, args: &RotateArgs) -> Result<String, ShellError> {
    if next.dir.exists() {
        return Err(ShellError::usage(format!(
            "a rotation is under way: {} is there",
            next.dir.display()
        ))
        .hint(
            "go on with `switch` and `finish`; remove the directory if its bundle was never spread",
        ));
    }
    let old = issuer::root(dir, args.root.as_deref())?;
    let fleet = old.fleet().clone();
    let trust = dir.trust(&fleet)?;
    let span = issue::from(now, init::TOP_LIFE);
    let top = if next.is_single {
        Authority::generate(fleet, span.not_before, span.not_after)
    } else {
        Authority::generate_root(fleet, span.not_before, span.not_after)
    }
    .map_err(own)?;
    // Whole or not there: a rotation that broke off here is begun again.
    let half = dir.path().join("next.half");
    let _ = fs::remove_dir_all(&half);
    files::make_dir(&half)?;
    let place = Next {
        dir: half,
        is_single: next.is_single,
    };
    issuer::put(&place.top(), &top)?;
    if !next.is_single {
        files::make_dir(&place.issuers())?;
        for role in Role::ALL {
            let made = top.issuer(role, issue::from(now, init::ISSUER_LIFE));
            issuer::put(&place.issuers().join(role.as_str()), &made.map_err(own)?)?;
        }
    }
    let both = trust.authorities().chain(std::iter::once(top.cert_der()));
    let signed = sign(dir, &old, now, both)?;
    move_to(&place.dir, &next.dir)?;
    files::replace(
        &dir.bundle_path(),
        &format!("{}{}", dir.bundle()?, top.cert_pem()),
        PUBLIC,
    )?;
    Ok(format!(
        "the next root is in {}; bundle {signed} trusts it beside the old one\n{}Then: `hailer ca rotate switch`.\n",
        next.dir.display(),
        spread_hint(dir),
    ))
}

fn switch(now: Wall, dir: &Directory, next: &Next) -> Result<String, ShellError> {
    next.check_there()?;
    if next.is_single {
        let single = read_authority(&next.top())?;
        issuer::put(&dir.top(true), &single)?;
        lists::sign_again(dir, &single, now)?;
    } else {
        if !next.issuers().exists() {
            return Err(ShellError::usage("the next issuers sign already")
                .hint("go on with `hailer ca rotate finish`"));
        }
        for role in Role::ALL {
            let issuer = read_authority(&next.issuers().join(role.as_str()))?;
            issuer::put(&dir.issuers().join(role.as_str()), &issuer)?;
            lists::sign_again(dir, &issuer, now)?;
        }
        // Last: as long as it is there the step can be taken again.
        fs::remove_dir_all(next.issuers())
            .map_err(|e| ShellError::own(format!("remove {}: {e}", next.issuers().display())))?;
    }
    Ok(
        "the next root's issuers sign from now on; a keeper takes them up by itself\n\
        Wait until every node and operator has renewed, 24 hours at most, then: `hailer ca rotate finish`.\n"
            .to_owned(),
    )
}

fn finish(
    now: Wall,
    dir: &Directory,
    next: &Next,
    args: &RotateArgs,
) -> Result<String, ShellError> {
    next.check_there()?;
    if !next.is_single && next.issuers().exists() {
        return Err(ShellError::usage("the old root's issuers still sign")
            .hint("`hailer ca rotate switch` comes first"));
    }
    let (cert, beside) = (
        next.top().with_extension("pem"),
        next.top().with_extension("key"),
    );
    let key = args.root.as_deref().unwrap_or(&beside);
    let top = read_parts(&cert, key)?;
    let signed = sign(dir, &top, now, std::iter::once(top.cert_der()))?;
    files::replace(&dir.bundle_path(), top.cert_pem(), PUBLIC)?;
    let stem = dir.top(next.is_single);
    // The old key fits the next certificate no more; where it was kept is its owner's business.
    for (from, to) in [
        (&beside, stem.with_extension("key")),
        (&cert, stem.with_extension("pem")),
    ] {
        if from.exists() {
            move_to(from, &to)?;
        }
    }
    fs::remove_dir_all(&next.dir)
        .map_err(|e| ShellError::own(format!("remove {}: {e}", next.dir.display())))?;
    Ok(format!(
        "bundle {signed} trusts the next root alone\n{}The old root's key is of no use any more: destroy it.\n",
        spread_hint(dir)
    ))
}

/// Signs the next bundle and puts it behind the others; returns its number.
fn sign<'a>(
    dir: &Directory,
    root: &Authority,
    now: Wall,
    authorities: impl Iterator<Item = &'a [u8]>,
) -> Result<u64, ShellError> {
    let path = bundles::path_in(dir.path());
    let mut all: Vec<SignedBundle> = bundles::read(&path)?;
    let number = bundles::last_number(&all)? + 1;
    let bundle = bundle_of(root, number, now, authorities);
    all.push(sign_bundle(root, &bundle).map_err(|e| ShellError::own(e.to_string()))?);
    bundles::write(&path, &all)?;
    Ok(number)
}

fn spread_hint(dir: &Directory) -> String {
    let path = bundles::path_in(dir.path());
    format!(
        "Now hand it to the nodes: `hailer ca spread {} --fleet FILE`, until all have it; operators get ca.pem with `hailer login`.\n",
        path.display()
    )
}

fn move_to(from: &Path, to: &Path) -> Result<(), ShellError> {
    fs::rename(from, to)
        .map_err(|e| ShellError::own(format!("move {} to {}: {e}", from.display(), to.display())))
}

fn own(error: hailer_identity::AuthorityError) -> ShellError {
    ShellError::own(error.to_string())
}

/// Returns whom the last of some bundles trusts.
pub(super) fn trust_of(all: &[SignedBundle], known: &Trust) -> Result<Option<Trust>, ShellError> {
    let Some(last) = all.last() else {
        return Ok(None);
    };
    let bundle = hailer_protocol::bundle::TrustBundle::decode(&last.bundle)
        .map_err(|e| ShellError::usage(e.to_string()))?;
    let authorities = bundle.authorities.into_iter().map(Into::into);
    let trust = Trust::from_der(bundle.fleet, authorities, known.clock());
    trust
        .map(Some)
        .map_err(|e| ShellError::usage(e.to_string()))
}
