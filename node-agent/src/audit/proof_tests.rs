//! Countersigned logs, whole and tampered with.

use std::path::PathBuf;
use std::time::Duration;

use hailer_identity::{Authority, Countersigner, Credentials, Validity};
use hailer_protocol::role::{Identity, Role};

use super::*;
use crate::core::Entry;
use crate::journal::Journal;
use crate::state::{State, StateConfig};

struct Log {
    dir: tempfile::TempDir,
    signer: Countersigner,
    keeper: Identity,
}

const BEGIN: Wall = Wall(900_000_000_000);
/// Long ago: the keeper's certificate has ended since.
const THEN: Wall = Wall(1_000_000_000_000);

impl Log {
    fn new() -> Self {
        let fleet = NodeName::new("demo").expect("a name");
        let end = Wall(4_000_000_000_000);
        let authority = Authority::generate(fleet.clone(), BEGIN, end).expect("an authority");
        let keeper = Identity {
            fleet,
            role: Role::Keeper,
            name: NodeName::new("k1").expect("a name"),
        };
        let span = Validity {
            not_before: BEGIN,
            not_after: THEN + Duration::from_secs(3600),
        };
        let issued = authority.issue(&keeper, span).expect("issued");
        let own = Credentials::from_issued(&issued).expect("its own");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("ca.pem"), authority.cert_pem()).expect("written");
        let signer = Countersigner::new(&own).expect("a keeper");
        Self {
            dir,
            signer,
            keeper,
        }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Writes a log of so many records, each second one a signature for `node`.
    fn write(&self, n: usize, node: &str, text: &str) {
        let _ = std::fs::remove_dir_all(self.state());
        let state = State::open(&self.state(), StateConfig::default(), THEN).expect("open");
        let mut journal = Journal::open(state).expect("a journal");
        let node = NodeName::new(node).expect("a name");
        for at in 0..n {
            let started = Entry::AgentStarted {
                software: format!("{text} {at}"),
                config: None,
                torn_bytes: 0,
            };
            journal.append(THEN, &started).expect("written");
            let head = journal.head();
            let signed = self.signer.sign(THEN, &node, head).expect("ours");
            let entry = Entry::Countersigned {
                keeper: self.keeper.clone(),
                head,
                signed: Box::new(signed),
            };
            journal.append(THEN, &entry).expect("written");
        }
    }

    fn verify(&self) -> (String, Result<(), AgentError>) {
        let mut out = Vec::new();
        let node = NodeName::new("web1").expect("a name");
        let ca = self.dir.path().join("ca.pem");
        let verified = verify(&self.state(), &node, &ca, &mut out);
        (String::from_utf8(out).expect("text"), verified)
    }
}

#[test]
fn a_log_is_vouched_for_up_to_its_last_countersignature() {
    let log = Log::new();
    log.write(3, "web1", "hailerd");
    let (told, verified) = log.verify();
    verified.expect("sound");
    assert!(told.contains("records 1 to 6 hang together"), "{told}");
    assert!(
        told.contains("3 countersignatures hold; the last is over record 5"),
        "{told}"
    );
    log.write(0, "web1", "");
    assert_eq!(log.verify().0, "the log is empty\n");
}

#[test]
fn a_log_with_another_nodes_signatures_is_no_proof() {
    let log = Log::new();
    log.write(1, "web2", "hailerd");
    let (told, verified) = log.verify();
    assert!(
        verified.is_err() && told.contains("WRONG: record 2"),
        "{told}"
    );
}

/// Whoever owns the machine writes the log anew with every checksum right, and can only put the old
/// signatures back into it.
#[test]
fn a_log_that_was_written_anew_is_told_by_the_signatures_in_it() {
    let log = Log::new();
    log.write(2, "web1", "what was done");
    let mut records = Vec::new();
    let snapshot = Snapshot::of_dir(&log.state(), 0).expect("readable");
    snapshot.read(|record| records.push(record));
    let _ = std::fs::remove_dir_all(log.state());
    let mut state = State::open(&log.state(), StateConfig::default(), THEN).expect("open");
    for record in records {
        let body = match Body::read(record.kind, &record.body) {
            Some(Body::AgentStarted(mut started)) if record.seq == 1 => {
                started.software = "nothing".to_owned();
                Body::AgentStarted(started).encode().expect("small")
            }
            _ => record.body,
        };
        let sync = crate::state::Sync::No;
        let appended = state
            .log_mut()
            .append(record.wall, record.kind, &body, sync);
        appended.expect("written");
    }
    drop(state);
    let (told, verified) = log.verify();
    assert!(told.contains("records 1 to 4 hang together"), "{told}");
    let error = verified.expect_err("it is another log").to_string();
    assert!(
        error.contains("record 2: `spiffe://demo/keeper/k1` saw record 1"),
        "{error}"
    );
}
