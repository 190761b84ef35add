//! Papers of a throw-away authority: fleet files and credentials as a test wants them.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use hailer_identity::{Authority, Validity};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use tempfile::TempDir;

/// A directory with an authority's certificate in `ca.pem` and what it issued.
pub(crate) struct Papers {
    authority: Authority,
    dir: TempDir,
}

impl Papers {
    /// Makes an authority for a fleet of that name.
    pub(crate) fn new(fleet: &str) -> Self {
        let fleet: Name = fleet.parse().expect("a name");
        let (from, to) = (Wall(900_000_000_000), Wall(4_000_000_000_000));
        let authority = Authority::generate(fleet, from, to).expect("an authority");
        let dir = TempDir::with_prefix("hailer-papers-").expect("a temporary directory");
        let papers = Self { authority, dir };
        papers.write("ca.pem", papers.authority.cert_pem());
        papers
    }

    /// Returns a span that has begun and is not soon over.
    pub(crate) fn valid() -> Validity {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970");
        let now = i64::try_from(since.as_millis()).expect("it is before the year 292 million");
        Validity {
            not_before: Wall(now - 3_600_000),
            not_after: Wall(now + 3_600_000),
        }
    }

    /// Writes `NAME.pem` and `NAME.key` of somebody of that name and role.
    pub(crate) fn issue(&self, name: &str, role: Role, validity: Validity) {
        let identity = Identity {
            fleet: self.authority.fleet().clone(),
            role,
            name: name.parse().expect("a name"),
        };
        let issued = self
            .authority
            .issue(&identity, validity)
            .expect("it is issued");
        self.write(&format!("{name}.pem"), &issued.cert_pem);
        self.write(&format!("{name}.key"), &issued.key_pem);
    }

    /// Returns where everything lies.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns where a file lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::io::Write as _;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.path(name)).expect("it can be made");
        file.write_all(text.as_bytes()).expect("it can be written");
    }
}
