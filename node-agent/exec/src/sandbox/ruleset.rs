//! The Landlock ruleset of a sandboxed command: built in the supervisor, entered by the child.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::view::{Grant, view};
use super::{Protection, Protections};
use crate::sys::{self, RulesetAttr};

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_DIR: u64 = 1 << 4;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_DIR: u64 = 1 << 7;
const MAKE_REG: u64 = 1 << 8;
const MAKE_SOCK: u64 = 1 << 9;
const MAKE_FIFO: u64 = 1 << 10;
const MAKE_SYM: u64 = 1 << 12;
/// Every right of the first version; the later ones follow.
const VERSION_1: u64 = (1 << 13) - 1;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;

const BIND_TCP: u64 = 1;
const CONNECT_TCP: u64 = 2;

const SCOPE_ABSTRACT_SOCKET: u64 = 1;
const SCOPE_SIGNAL: u64 = 2;

/// Devices that hold nothing, and what one may do with them.
const DEVICES: &[(&str, u64)] = &[
    ("/dev/null", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/zero", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/full", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/random", READ_FILE),
    ("/dev/urandom", READ_FILE),
];

/// A ruleset, and what it protects from.
#[derive(Debug)]
pub(crate) struct Ruleset {
    pub(crate) fd: OwnedFd,
    pub(crate) protections: Protections,
}

/// Builds the ruleset that hides `hidden` and lets nothing be written outside of `scratch`.
pub(crate) fn build(
    hidden: &[PathBuf],
    scratch: Option<&Path>,
    may_connect: bool,
) -> io::Result<Ruleset> {
    let version = sys::landlock_version()?;
    let (attr, size, protections) = handled(version, may_connect);
    let fd = sys::landlock_ruleset(&attr, size)?;
    let allow = |path: &Path, is_folder: bool, rights: u64| {
        let kind = if is_folder { libc::O_DIRECTORY } else { 0 };
        let place = File::options()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_NOFOLLOW | kind)
            .open(path)?;
        sys::landlock_allow(fd.as_fd(), place.as_fd(), rights & attr.handled_fs)
    };
    // Names are no secret; a right to list cannot be given for one folder without those below.
    allow(Path::new("/"), true, READ_DIR)?;
    // Grants add up, so the scratch folder, where nothing is executed, is no part of the view.
    let besides: Vec<_> = hidden
        .iter()
        .cloned()
        .chain(scratch.map(Path::to_owned))
        .collect();
    for grant in view(Path::new("/"), &besides) {
        // What has gone since, or may not be looked at, stays without a grant.
        let _ = match grant {
            Grant::Tree(path) => allow(&path, true, READ_DIR | READ_FILE | EXECUTE),
            Grant::File(path) => allow(&path, false, READ_FILE | EXECUTE),
        };
    }
    for (device, rights) in DEVICES {
        let _ = allow(Path::new(device), false, *rights);
    }
    if let Some(scratch) = scratch {
        let rights = READ_DIR
            | READ_FILE
            | WRITE_FILE
            | TRUNCATE
            | MAKE_REG
            | MAKE_DIR
            | MAKE_SYM
            | MAKE_FIFO
            | MAKE_SOCK
            | REMOVE_FILE
            | REMOVE_DIR;
        allow(scratch, true, rights)?;
    }
    Ok(Ruleset { fd, protections })
}

/// Returns what a kernel with this version of Landlock can be asked to decide, how long that
/// request is for it, and what it protects from.
fn handled(version: u32, may_connect: bool) -> (RulesetAttr, usize, Protections) {
    let mut attr = RulesetAttr {
        handled_fs: VERSION_1,
        handled_net: 0,
        scoped: 0,
    };
    let (mut size, mut held) = (8, Protections::none().with(Protection::Files));
    if version >= 2 {
        attr.handled_fs |= REFER;
    }
    if version >= 3 {
        attr.handled_fs |= TRUNCATE;
        held = held.with(Protection::Truncation);
    }
    if version >= 4 {
        attr.handled_net = if may_connect {
            BIND_TCP
        } else {
            BIND_TCP | CONNECT_TCP
        };
        size = 16;
        held = held.with(Protection::Network);
    }
    if version >= 5 {
        attr.handled_fs |= IOCTL_DEV;
        held = held.with(Protection::Devices);
    }
    if version >= 6 {
        attr.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
        size = 24;
        held = held.with(Protection::Signals);
    }
    (attr, size, held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_protects_from_more_and_claims_no_more() {
        let names = |version| handled(version, false).2.to_string();
        assert_eq!(names(1), "files");
        assert_eq!(names(2), "files");
        assert_eq!(names(3), "files, truncation");
        assert_eq!(names(4), "files, truncation, network");
        assert_eq!(names(5), "files, truncation, devices, network");
        assert_eq!(names(7), "files, truncation, devices, network, signals");
        assert_eq!(handled(3, false).0.handled_net, 0);
        assert_eq!(handled(4, true).0.handled_net, BIND_TCP);
        assert_eq!(handled(5, false).0.scoped, 0);
    }
}
