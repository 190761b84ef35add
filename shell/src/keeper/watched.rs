//! Files that the keeper goes by while it serves: the fleet file, and the lists of who is revoked.
//!
//! They are looked at every so often. One that cannot be read, or says something wrong, changes nothing:
//! what held before holds on, and the keeper says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hailer_identity::Trust;
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::revocation::{Revocations, SignedRevocations};

use crate::error::ShellError;
use crate::{clock, open, revoke};

/// How often files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a file looks like from outside: where this is the same, nobody has written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Look {
    fn at(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
            inode: metadata.ino(),
        })
    }
}

/// A file, and what it looked like when it was last read.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    seen: Option<Look>,
    is_new: bool,
}

impl Watched {
    const fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: None,
            is_new: true,
        }
    }

    /// Whether somebody has written it since the last time.
    fn has_changed(&mut self) -> bool {
        let look = Look::at(&self.path);
        let changed = self.is_new || look != self.seen;
        (self.seen, self.is_new) = (look, false);
        changed
    }
}

/// The fleet file.
#[derive(Debug)]
pub(super) struct FleetWatch {
    file: Watched,
    fleet: Name,
}

impl FleetWatch {
    pub(super) const fn new(path: PathBuf, fleet: Name) -> Self {
        Self {
            file: Watched::new(path),
            fleet,
        }
    }

    /// Returns every node with its address, if the file has been written since the last time.
    ///
    /// # Errors
    /// When it cannot be read, says something wrong, or is another fleet's.
    pub(super) fn next(&mut self) -> Option<Result<BTreeMap<NodeName, String>, ShellError>> {
        self.file.has_changed().then(|| self.read())
    }

    fn read(&self) -> Result<BTreeMap<NodeName, String>, ShellError> {
        let (_, inventory) = open::inventory(&self.file.path)?;
        if *inventory.fleet() != self.fleet {
            return Err(ShellError::usage(format!(
                "{}: it is of the fleet `{}`, and the authority is of `{}`",
                self.file.path.display(),
                inventory.fleet(),
                self.fleet
            )));
        }
        let nodes = inventory.nodes().iter();
        Ok(nodes
            .map(|node| (node.name.clone(), node.address.clone()))
            .collect())
    }
}

/// Who is revoked, as the authority's directory says it.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The lists as they are handed on.
    pub(super) signed: Vec<SignedRevocations>,
    /// The same, to be asked.
    pub(super) revoked: Revocations,
}

/// The file of the lists.
#[derive(Debug)]
pub(super) struct ListsWatch {
    file: Watched,
    dir: PathBuf,
    trust: Trust,
}

impl ListsWatch {
    pub(super) fn new(dir: &Path, trust: Trust) -> Self {
        Self {
            file: Watched::new(dir.join(revoke::LISTS)),
            dir: dir.to_owned(),
            trust,
        }
    }

    /// Believes these authorities from now on, and reads the lists once more under them.
    pub(super) fn believe(&mut self, trust: Trust) {
        self.trust = trust;
        self.file = Watched::new(self.dir.join(revoke::LISTS));
    }

    /// Returns all lists, if their file has been written since the last time.
    ///
    /// # Errors
    /// When it cannot be read, or the fleet's authority has not signed it.
    pub(super) fn next(&mut self) -> Option<Result<Lists, ShellError>> {
        self.file.has_changed().then(|| {
            Ok(Lists {
                revoked: revoke::lists_of(&self.dir, &self.trust, clock::wall())?,
                signed: revoke::read_lists(&self.file.path)?,
            })
        })
    }
}
