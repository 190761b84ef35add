//! Descendants of this process, and signals to them that cannot hit a stranger.
//!
//! Direct children cannot be mistaken: their number stays theirs until this process reaps them.
//! Deeper ones could end and their number be given away between the listing and the signal, so
//! those are signalled through a pidfd that is checked against the listing once it is open.

use std::collections::HashSet;
use std::fs;

use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, kill_process, pidfd_open, pidfd_send_signal,
};

/// A process below this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Descendant {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
}

/// Lists every descendant of this process, parents before children, zombies included.
///
/// A process that forks or ends meanwhile may be missed; who must have all of them stops what
/// is found and asks again until nothing new appears.
pub(crate) fn descendants() -> Vec<Descendant> {
    let this = getpid().as_raw_pid();
    if fs::exists(format!("/proc/{this}/task/{this}/children")).unwrap_or(false) {
        below(this, children_by_list)
    } else {
        // The kernel was built without CONFIG_PROC_CHILDREN.
        let table = process_table();
        below(this, |parent| {
            table
                .iter()
                .filter(|entry| entry.parent == parent)
                .map(|entry| entry.pid)
                .collect()
        })
    }
}

/// Counts the descendants that are not zombies.
pub(crate) fn count_alive() -> u32 {
    let alive = descendants()
        .into_iter()
        .filter(|found| stat(found.pid).is_some_and(|stat| !matches!(stat.state, b'Z' | b'X')));
    u32::try_from(alive.count()).unwrap_or(u32::MAX)
}

/// Sends `signal` to a listed process, if it still is the one that was listed.
pub(crate) fn signal(target: Descendant, signal: Signal) -> bool {
    let Some(pid) = Pid::from_raw(target.pid) else {
        return false;
    };
    let this = getpid().as_raw_pid();
    if target.parent == this {
        return kill_process(pid, signal).is_ok();
    }
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => {
            // An orphan has moved to this process meanwhile.
            let same = stat(target.pid)
                .is_some_and(|stat| stat.parent == target.parent || stat.parent == this);
            same && pidfd_send_signal(&pidfd, signal).is_ok()
        }
        // Kernels before 5.3 have no pidfd; the window is then as small as it can be.
        Err(rustix::io::Errno::NOSYS) => {
            stat(target.pid).is_some_and(|stat| stat.parent == target.parent)
                && kill_process(pid, signal).is_ok()
        }
        Err(_) => false,
    }
}

fn below(root: i32, children: impl Fn(i32) -> Vec<i32>) -> Vec<Descendant> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([root]);
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for pid in children(parent) {
            // A process that moved while the lists were read appears twice.
            if seen.insert(pid) {
                found.push(Descendant { pid, parent });
                parents.push(pid);
            }
        }
    }
    found
}

/// Reads the children of every thread of `parent`.
fn children_by_list(parent: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| parse_children(&list))
        .collect()
}

fn parse_children(list: &str) -> Vec<i32> {
    list.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

fn process_table() -> Vec<Descendant> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| {
            Some(Descendant {
                pid,
                parent: stat(pid)?.parent,
            })
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    parent: i32,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads state and parent from a line such as `12 (a ) name) S 1 …`: the name may hold anything,
/// so what counts is the last parenthesis.
fn parse_stat(text: &[u8]) -> Option<Stat> {
    let name_end = text.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(text.get(name_end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some(Stat {
        state,
        parent: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let stat = parse_stat(b"12 (a) S 9 (b) Z 77 12 12 0").unwrap();
        assert_eq!(
            stat,
            Stat {
                state: b'Z',
                parent: 77
            }
        );
        assert_eq!(parse_stat(b""), None);
        assert_eq!(parse_stat(b"1 (x)"), None);
        assert_eq!(parse_stat(b"1 (x) S"), None);
    }

    #[test]
    fn lists_of_children_are_blank_separated_numbers() {
        assert_eq!(parse_children("1 22 333 "), [1, 22, 333]);
        assert_eq!(parse_children(""), Vec::<i32>::new());
    }

    #[test]
    fn the_walk_finds_each_process_once_with_its_parent() {
        let children = |pid| match pid {
            1 => vec![2, 3],
            2 => vec![4],
            4 => vec![3, 1],
            _ => Vec::new(),
        };
        let mut found = below(1, children);
        found.sort();
        let expected = [(2, 1), (3, 1), (4, 2)];
        assert_eq!(
            found,
            expected.map(|(pid, parent)| Descendant { pid, parent })
        );
    }

    #[test]
    fn a_process_that_is_not_where_it_was_listed_is_left_alone() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "sleep 1000 & echo; wait; exit 5"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let parent = i32::try_from(child.id()).unwrap();
        let sleep = descendants()
            .into_iter()
            .find(|found| found.parent == parent)
            .unwrap();
        assert!(!signal(Descendant { parent: 1, ..sleep }, Signal::KILL));
        assert!(signal(sleep, Signal::KILL));
        // The shell went on when its sleep had ended, and not before.
        assert_eq!(child.wait().unwrap().code(), Some(5));
    }
}
