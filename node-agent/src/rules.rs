//! The policy's file: read at the start, and again whenever it changes.
//!
//! It belongs to the node's owner. One that others can write to is as good as none; so is one that
//! cannot be read, or has a mistake: nothing is allowed then, and the agent's log says why.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hailer_protocol::limits::POLICY_MAX;
use hailer_protocol::policy::Policy;
use tokio::time::MissedTickBehavior;

use crate::core::Rules;
use crate::host::Host;

/// How often the file is looked at: a change holds within this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What of a file changes when it is written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(Option<(u64, u64, u64, i64, i64, u32, u32)>);

impl Stamp {
    pub(crate) fn of(path: &Path) -> Self {
        Self(std::fs::metadata(path).ok().map(|m| {
            (
                m.dev(),
                m.ino(),
                m.len(),
                m.mtime(),
                m.mtime_nsec(),
                m.mode(),
                m.uid(),
            )
        }))
    }
}

/// Reads the policy, and says what it was read from.
pub(crate) fn read(path: &Path, is_read_only: bool) -> (Rules, Stamp) {
    // Before the reading: a change in between is seen as one.
    let stamp = Stamp::of(path);
    let policy = match read_policy(path) {
        Ok(policy) => policy,
        Err(why) => {
            tracing::error!(path = %path.display(), "the policy: {why}; nothing is allowed on this node");
            Policy::absent()
        }
    };
    (Rules::new(Arc::new(policy), is_read_only), stamp)
}

fn read_policy(path: &Path) -> Result<Policy, String> {
    let metadata = std::fs::metadata(path).map_err(|e| e.to_string())?;
    check_owner(metadata.uid(), rustix::process::geteuid().as_raw())?;
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(format!(
            "others than its owner can write to it (mode {:o}); run `chmod go-w {}`",
            mode & 0o777,
            path.display()
        ));
    }
    if metadata.len() > POLICY_MAX as u64 {
        return Err(format!(
            "it has {} bytes, at most {POLICY_MAX} are read",
            metadata.len()
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let (policy, mistakes) = Policy::parse(&text);
    for mistake in &mistakes {
        tracing::error!(path = %path.display(), line = mistake.line(&text), "{}", mistake.message);
    }
    Ok(policy)
}

/// Whoever owns a file can write to it, whatever its mode: in a folder that is not closed, anybody's
/// file can come to lie in the policy's place.
fn check_owner(owner: u32, own: u32) -> Result<(), String> {
    if owner == 0 || owner == own {
        return Ok(());
    }
    Err(format!(
        "it belongs to the user {owner}, and must be root's or that of the agent's own user {own}"
    ))
}

/// Lets agents take up the policy again whenever its file changes, as long as one of them lives.
pub(crate) fn watch(hosts: Vec<Weak<Host>>, path: PathBuf, is_read_only: bool, first: Stamp) {
    tokio::spawn(async move {
        let mut known = first;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let (at, before) = (path.clone(), known.clone());
            let looked = tokio::task::spawn_blocking(move || {
                (Stamp::of(&at) != before).then(|| read(&at, is_read_only))
            });
            if hosts.iter().all(|host| host.strong_count() == 0) {
                return;
            }
            if let Ok(Some((rules, stamp))) = looked.await {
                if rules.are_sound() {
                    tracing::info!(path = %path.display(), "the policy has changed, and holds from now on");
                } else {
                    tracing::error!(path = %path.display(), "the policy has changed, and nothing is allowed on this node until it is mended");
                }
                for host in hosts.iter().filter_map(Weak::upgrade) {
                    host.set_rules(rules.clone());
                }
                known = stamp;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn a_policy_that_others_can_write_to_is_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("policy");
        fs::write(&path, "allow probe\n  to anyone\n").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("mode");
        assert!(read_policy(&path).is_ok_and(|p| p.is_sound()));
        for mode in [0o664, 0o646, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("mode");
            let why = read_policy(&path).expect_err("others can write");
            assert!(why.contains("chmod go-w"), "{mode:o}: {why}");
        }
        assert!(read_policy(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_policy_of_another_users_is_none() {
        for (owner, own, is_taken) in [
            (0, 0, true),
            (0, 999, true),
            (999, 999, true),
            (1000, 0, false),
            (1000, 999, false),
        ] {
            assert_eq!(check_owner(owner, own).is_ok(), is_taken, "{owner} {own}");
        }
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("policy");
        fs::write(&path, "allow probe\n  to anyone\n").expect("written");
        // Only the superuser can give a file away.
        if std::os::unix::fs::chown(&path, Some(65534), None).is_ok() {
            let why = read_policy(&path).expect_err("another's");
            assert!(why.contains("belongs to the user 65534"), "{why}");
        }
    }

    #[test]
    fn a_file_that_is_replaced_or_changed_has_another_stamp() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("policy");
        let none = Stamp::of(&path);
        fs::write(&path, "a").expect("written");
        let one = Stamp::of(&path);
        fs::write(&path, "ab").expect("written");
        let two = Stamp::of(&path);
        let other = dir.path().join("other");
        fs::write(&other, "ab").expect("written");
        fs::rename(&other, &path).expect("replaced");
        let all = [none, one, two, Stamp::of(&path)];
        for (at, stamp) in all.iter().enumerate() {
            assert!(!all[..at].contains(stamp), "{at}");
        }
        assert_eq!(all[3], Stamp::of(&path));
    }
}
