//! The Landlock ruleset of a sandboxed command: built in the supervisor, entered by the child.
//! What it decides is the [plan](super::plan)'s.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::plan::{IOCTL_DEV, Plan, TRUNCATE};
use super::view::{Grant, view};
use crate::sys;

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
/// Devices that hold nothing, and what one may do with them.
const DEVICES: &[(&str, u64)] = &[
    ("/dev/null", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/zero", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/full", READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV),
    ("/dev/random", READ_FILE),
    ("/dev/urandom", READ_FILE),
];

/// Builds the ruleset that hides `hidden` and lets nothing be written outside of `scratch`.
pub(crate) fn build(
    plan: &Plan,
    hidden: &[PathBuf],
    scratch: Option<&Path>,
) -> io::Result<OwnedFd> {
    let attr = &plan.attr;
    let fd = sys::landlock_ruleset(attr, plan.attr_bytes)?;
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
    Ok(fd)
}
