//! The revocation list's file: read at the start, and again whenever it changes.
//!
//! It holds lists as they travel, one envelope behind the other: the authority's, and those of
//! issuers. Who may write it does not matter, since each list is signed and its number only grows; a
//! file that is not believed changes nothing, and the agent's log says why.

use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::Duration;

use hailer_protocol::envelope::{Decoder, HEADER_LEN};
use hailer_protocol::limits::ENVELOPE_BODY_MAX;
use hailer_protocol::message::{Message as _, RevocationOffer};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::role::Role;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::core::list_name;
use crate::host::Host;
use crate::rules::Stamp;

/// How often the file is looked at, and the clock: a change holds within this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One list of the authority's and one of each role's issuer.
const LISTS_MAX: usize = 1 + Role::ALL.len();

/// The longest file that can be right.
const FILE_MAX: usize = LISTS_MAX * (ENVELOPE_BODY_MAX + HEADER_LEN);

/// Reads the lists in a file, whose origin is still to be proven. A file that is not there has none.
fn read(path: &Path) -> Result<Vec<SignedRevocations>, String> {
    let bytes = match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e.to_string()),
        Ok(about) if about.len() > FILE_MAX as u64 => {
            return Err(format!(
                "it has {} bytes, at most {FILE_MAX} are read",
                about.len()
            ));
        }
        Ok(_) => std::fs::read(path).map_err(|e| e.to_string())?,
    };
    decode(&bytes)
}

fn decode(bytes: &[u8]) -> Result<Vec<SignedRevocations>, String> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let mut lists = Vec::new();
    while let Some(envelope) = decoder.next_envelope().map_err(|e| e.to_string())? {
        let offer = RevocationOffer::from_envelope(&envelope).map_err(|e| e.to_string())?;
        lists.push(offer.signed);
        if lists.len() > LISTS_MAX {
            return Err(format!("it holds more than {LISTS_MAX} lists"));
        }
    }
    if decoder.is_mid_envelope() {
        return Err("it ends within a list".to_owned());
    }
    Ok(lists)
}

/// Lets agents take up the lists of a file, now and whenever it changes, as long as one of them
/// lives; and lets them look whether the time of a certificate is over by a clock that was set.
pub(crate) fn watch(hosts: Vec<Weak<Host>>, path: PathBuf) {
    tokio::spawn(async move {
        let mut known = None;
        let mut stale = Vec::new();
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if hosts.iter().all(|host| host.strong_count() == 0) {
                return;
            }
            let (at, before) = (path.clone(), known.clone());
            let looked = tokio::task::spawn_blocking(move || {
                // Before the reading: a change in between is seen as one.
                let stamp = Stamp::of(&at);
                (before.as_ref() != Some(&stamp)).then(|| (read(&at), stamp))
            });
            if let Ok(Some((lists, stamp))) = looked.await {
                take(&hosts, &path, lists).await;
                known = Some(stamp);
            }
            for host in hosts.iter().filter_map(Weak::upgrade) {
                host.look_at_clock().await;
            }
            tell_stale(&hosts, &mut stale);
        }
    });
}

async fn take(hosts: &[Weak<Host>], path: &Path, lists: Result<Vec<SignedRevocations>, String>) {
    let path = path.display();
    let lists = match lists {
        Ok(lists) => lists,
        Err(why) => {
            tracing::error!(%path, "the revocation list: {why}; the last one that was good holds on");
            return;
        }
    };
    for list in &lists {
        for host in hosts.iter().filter_map(Weak::upgrade) {
            if let Err(why) = host.take_list(list).await {
                tracing::error!(%path, "the revocation list: {why}; the last one that was good holds on");
            }
        }
    }
}

/// Says once of each list that its successor is overdue.
fn tell_stale(hosts: &[Weak<Host>], told: &mut Vec<Option<Role>>) {
    let Some(host) = hosts.iter().find_map(Weak::upgrade) else {
        return;
    };
    let stale: Vec<_> = host.revocations().stale(clock::wall()).collect();
    for scope in stale.iter().filter(|scope| !told.contains(scope)) {
        tracing::warn!(
            "{} is out of date: the next one is overdue; it holds on",
            list_name(*scope)
        );
    }
    *told = stale;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(byte: u8) -> RevocationOffer {
        RevocationOffer {
            signed: SignedRevocations {
                list: vec![byte; 40],
                issuer: None,
                signature: vec![byte],
            },
        }
    }

    #[test]
    fn a_file_holds_lists_as_they_travel_and_nothing_else() {
        let bytes = |n: u8| -> Vec<u8> {
            let each = (0..n).map(|b| offer(b).to_envelope().expect("small").to_bytes());
            each.collect::<Vec<_>>().concat()
        };
        assert_eq!(decode(&[]), Ok(Vec::new()));
        assert_eq!(
            decode(&bytes(2)),
            Ok(vec![offer(0).signed, offer(1).signed])
        );
        let most = u8::try_from(LISTS_MAX).expect("few");
        assert!(decode(&bytes(most)).is_ok());
        assert!(decode(&bytes(most + 1)).is_err());
        let two = bytes(2);
        for end in 1..two.len() {
            assert_eq!(decode(&two[..end]).is_ok(), end == two.len() / 2, "{end}");
        }
        assert!(decode(b"-----BEGIN CERTIFICATE-----").is_err());
    }

    #[test]
    fn no_file_is_no_list_and_a_directory_is_a_mistake() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(&dir.path().join("none")), Ok(Vec::new()));
        assert!(read(dir.path()).is_err());
    }
}
