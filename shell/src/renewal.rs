//! The operator's papers while a shell is open: certificate, key, authorities and revocation lists are
//! read again when their files change. New connections and new signatures use the new ones;
//! connections that are there stay.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Weak;
use std::time::Duration;

use hailer_identity::Trust;
use hailer_protocol::clean::Clean;
use hailer_protocol::revocation::Revocations;
use hailer_protocol::time::Wall;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::error::ShellError;
use crate::fleet::{Fleet, PapersNews};
use crate::open::PaperFiles;
use crate::revoke;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What of a file changes when it is written or replaced: which it is, when it last was, its length.
type Stamp = Option<(u64, i64, i64, u64)>;

/// What of the files changes when one of them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps([Stamp; 4]);

impl Stamps {
    /// To be taken before the files are read: a change in between is seen as one.
    pub(crate) fn of(files: &PaperFiles) -> Self {
        let lists: PathBuf = files.base.join(revoke::LISTS);
        Self([&files.ca, &files.cert, &files.key, &lists].map(|path| {
            let m = std::fs::metadata(path).ok()?;
            Some((m.ino(), m.mtime(), m.mtime_nsec(), m.len()))
        }))
    }
}

/// The files, and what was last read from them.
#[derive(Debug)]
pub(crate) struct Renewal {
    files: PaperFiles,
    known: Stamps,
    lists: Revocations,
    /// Why they could not be taken up. It is told at the next look, if they are as they were: between
    /// two files that are replaced one after the other they do not fit, and nobody is to blame.
    refused: Option<String>,
}

impl Renewal {
    /// Begins with what has been read: `known` was taken before that.
    pub(crate) const fn new(files: PaperFiles, known: Stamps, lists: Revocations) -> Self {
        Self {
            files,
            known,
            lists,
            refused: None,
        }
    }

    /// Takes up what has changed; returns what there is to tell.
    pub(crate) fn look(&mut self, fleet: &Fleet, now: Wall) -> Option<PapersNews> {
        let stamps = Stamps::of(&self.files);
        if stamps == self.known {
            return self.refused.take().map(PapersNews::Refused);
        }
        self.known = stamps;
        self.refused = None;
        match self.take_up(fleet, now) {
            Ok(renewed) => renewed.map(PapersNews::Renewed),
            Err(error) => {
                self.refused = Some(Clean::line(&error.to_string()).into_string());
                None
            }
        }
    }

    /// Returns until when the certificate holds, if it is another.
    fn take_up(&mut self, fleet: &Fleet, now: Wall) -> Result<Option<Wall>, ShellError> {
        let read = self.files.read()?;
        let is_other = fleet
            .succeed(&read.credentials, &read.trust)
            .map_err(|e| ShellError::own(e.to_string()))?;
        self.obey(fleet, &read.trust, now)?;
        Ok(is_other.then(|| read.credentials.validity().not_after))
    }

    /// An older list in the file never undoes a newer one.
    fn obey(&mut self, fleet: &Fleet, trust: &Trust, now: Wall) -> Result<(), ShellError> {
        let mut lists = self.lists.clone();
        revoke::add_lists(&mut lists, &self.files.base, trust, now)?;
        fleet.links().obey(lists.clone());
        self.lists = lists;
        Ok(())
    }
}

/// Looks again and again, for as long as the fleet is open.
pub(crate) fn watch(fleet: Weak<Fleet>, mut renewal: Renewal) {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // They have just been read.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let Some(fleet) = fleet.upgrade() else { return };
            // A file may be on a disk that does not answer.
            let looked = tokio::task::spawn_blocking(move || {
                if let Some(news) = renewal.look(&fleet, clock::wall()) {
                    fleet.tell(news);
                }
                renewal
            });
            match looked.await {
                Ok(looked) => renewal = looked,
                Err(_) => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hailer_identity::{Authority, Issued, Validity};
    use hailer_protocol::ids::Name;
    use hailer_protocol::role::{Identity, Role};

    use super::*;
    use crate::authority::files::{PUBLIC, SECRET, replace};
    use crate::fleet::Timing;
    use crate::open::papers;

    fn issued(authority: &Authority, name: &str, not_after: Wall) -> Issued {
        let identity = Identity {
            fleet: authority.fleet().clone(),
            role: Role::Operator,
            name: Name::new(name).expect("a name"),
        };
        let not_before = Wall(0);
        let validity = Validity {
            not_before,
            not_after,
        };
        authority.issue(&identity, validity).expect("issued")
    }

    #[tokio::test]
    async fn papers_that_do_not_fit_are_told_at_the_second_look_and_taken_up_once_they_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str, mode| {
            replace(&dir.path().join(name), text, mode).expect("written");
        };
        let (start, end) = (Wall(0), Wall(4_100_000_000_000));
        let authority = Authority::generate(Name::new("demo").expect("a name"), start, end);
        let authority = authority.expect("generated");
        let [first, second] = [3_900_000_000_000, 4_000_000_000_000].map(Wall);
        let ann = issued(&authority, "ann", first);
        write("ca.pem", authority.cert_pem(), PUBLIC);
        write("operator.pem", &ann.cert_pem, PUBLIC);
        write("operator.key", &ann.key_pem, SECRET);
        let text = "fleet = \"demo\"\nca = \"ca.pem\"\n\
                    operator = { cert = \"operator.pem\", key = \"operator.key\" }\n\
                    [[nodes]]\nnames = \"web1\"\naddress = \"127.0.0.1:1\"\n";
        write("fleet.toml", text, PUBLIC);
        let read = papers(&dir.path().join("fleet.toml")).expect("papers");
        let nodes = Arc::clone(&read.inventory);
        let fleet = Fleet::open(nodes, &read.credentials, &read.trust, Timing::default());
        let fleet = fleet.expect("a fleet");
        let mut renewal = Renewal::new(read.files, read.stamps, Revocations::default());
        let now = clock::wall();
        assert_eq!(renewal.look(&fleet, now), None);

        let next = issued(&authority, "ann", second);
        write("operator.pem", &next.cert_pem, PUBLIC);
        assert_eq!(renewal.look(&fleet, now), None);
        let told = renewal.look(&fleet, now);
        assert!(
            matches!(&told, Some(PapersNews::Refused(why)) if why.contains("load the private key")),
            "{told:?}"
        );
        assert_eq!((renewal.look(&fleet, now), fleet.ends_at()), (None, first));

        write("operator.key", &next.key_pem, SECRET);
        let renewed = Some(PapersNews::Renewed(second));
        assert_eq!(renewal.look(&fleet, now), renewed);
        assert_eq!((renewal.look(&fleet, now), fleet.ends_at()), (None, second));

        // Another operator's are never taken up, nor a key that others can read.
        let bob = issued(&authority, "bob", end);
        write("operator.pem", &bob.cert_pem, PUBLIC);
        write("operator.key", &bob.key_pem, PUBLIC);
        for why in ["can be read by others", "`spiffe://demo/operator/bob`"] {
            assert_eq!(renewal.look(&fleet, now), None);
            let told = renewal.look(&fleet, now);
            assert!(
                matches!(&told, Some(PapersNews::Refused(reason)) if reason.contains(why)),
                "{told:?}"
            );
            write("operator.key", &bob.key_pem, SECRET);
        }
        assert_eq!(fleet.operator().identity.name.as_str(), "ann");
    }
}
