//! An authority's directory, as it is read.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hailer_identity::{Authority, Tier, Trust};
use hailer_protocol::ids::Name;
use hailer_protocol::revocation::Revocations;
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;
use rustls::time_provider::DefaultTimeProvider;

use super::files;
use crate::error::ShellError;
use crate::revoke::{LISTS, lists_of};

/// An authority's directory.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Takes up a directory that is closed to others.
    pub(crate) fn open(path: &Path) -> Result<Self, ShellError> {
        let here = Self {
            path: path.to_owned(),
        };
        if !here.bundle_path().exists() {
            return Err(
                ShellError::usage(format!("{} holds no authority", path.display()))
                    .hint("`hailer ca init DIR` makes one"),
            );
        }
        files::check_closed(path, "directory", "700")?;
        Ok(here)
    }

    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bundle_path(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    /// The stem of the files of the authority at the top.
    pub(super) fn top(&self, is_single: bool) -> PathBuf {
        self.path.join(if is_single { "single" } else { "root" })
    }

    pub(super) fn issuers(&self) -> PathBuf {
        self.path.join("issuers")
    }

    /// Whether one authority signs everybody.
    pub(super) fn is_single(&self) -> bool {
        self.top(true).with_extension("pem").exists()
    }

    /// Returns what every member trusts, as PEM text.
    pub(crate) fn bundle(&self) -> Result<String, ShellError> {
        files::read(&self.bundle_path())
    }

    /// Returns what signs members of a role: its issuer, or the one authority there is.
    pub(crate) fn signer(&self, role: Role) -> Result<Authority, ShellError> {
        let single = self.top(true);
        let stem = if single.with_extension("pem").exists() {
            single
        } else {
            self.issuers().join(role.as_str())
        };
        let authority = read_authority(&stem)?;
        match authority.tier() {
            Tier::Single => Ok(authority),
            Tier::Issuer(of) if of == role => Ok(authority),
            Tier::Issuer(_) | Tier::Root => Err(ShellError::own(format!(
                "{} does not sign members of the role `{role}`",
                stem.with_extension("pem").display()
            ))),
        }
    }

    /// Returns what tells whether a file that a keeper goes by has changed. To be taken before they are
    /// read: a change in between is seen as one.
    pub(crate) fn stamps(&self) -> Stamps {
        let stems = [
            self.top(true),
            self.issuers().join(Role::Node.as_str()),
            self.issuers().join(Role::Keeper.as_str()),
        ];
        let pairs = stems
            .iter()
            .flat_map(|stem| ["pem", "key"].map(|e| stem.with_extension(e)));
        let others = [self.bundle_path(), self.path.join(LISTS)];
        let stamp = |path: PathBuf| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
        };
        Stamps(pairs.chain(others).map(stamp).collect())
    }

    /// Returns what the directory's lists revoke, if there are any.
    pub(crate) fn lists(&self, trust: &Trust, now: Wall) -> Result<Revocations, ShellError> {
        lists_of(&self.path, trust, now)
    }

    /// Returns whom to trust, for the fleet of one of the directory's authorities.
    pub(crate) fn trust(&self, fleet: &Name) -> Result<Trust, ShellError> {
        let clock = Arc::new(DefaultTimeProvider);
        Trust::from_pem(fleet.clone(), &self.bundle()?, clock)
            .map_err(|e| ShellError::own(format!("{}: {e}", self.bundle_path().display())))
    }
}

/// What of a directory's files changes when one of them is written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps(Vec<Option<(u64, u64, i64, i64)>>);

pub(super) fn read_authority(stem: &Path) -> Result<Authority, ShellError> {
    read_parts(&stem.with_extension("pem"), &stem.with_extension("key"))
}

/// Reads an authority whose key may be kept elsewhere.
pub(super) fn read_parts(cert: &Path, key: &Path) -> Result<Authority, ShellError> {
    Authority::from_pem(&files::read(cert)?, &files::read_secret(key)?)
        .map_err(|e| ShellError::own(format!("{}: {e}", cert.display())))
}
