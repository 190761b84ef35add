//! The system calls with which a process gives up what it has: users, capabilities, Landlock,
//! seccomp. All of them concern the calling thread alone and allocate nothing.
//!
//! The C library's own `setuid` and its kin are not used: they change every thread of the
//! process and for that take locks, which the child of a `vfork` must not.

use std::ffi::{CStr, c_int, c_long, c_ulong, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::last_errno;

/// A user to become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: &'a [u32],
}

/// Turns the result of a call into its error number.
fn done(result: c_long) -> Result<(), c_int> {
    if result == -1 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// Becomes another user, for good.
pub(super) fn become_user(user: Identity<'_>) -> Result<(), c_int> {
    // SAFETY: the list is valid for as many reads as its length says.
    done(unsafe { libc::syscall(libc::SYS_setgroups, user.groups.len(), user.groups.as_ptr()) })?;
    // SAFETY: integers only.
    done(unsafe { libc::syscall(libc::SYS_setresgid, user.gid, user.gid, user.gid) })?;
    // SAFETY: integers only.
    done(unsafe { libc::syscall(libc::SYS_setresuid, user.uid, user.uid, user.uid) })
}

/// Makes sure that no program executed from here on brings privileges along.
pub(super) fn no_new_privs() -> Result<(), c_int> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
}

/// Empties the bounding set.
pub(super) fn drop_bounding_set() -> Result<(), c_int> {
    for capability in 0..64 {
        match prctl(libc::PR_CAPBSET_DROP, capability, 0) {
            Ok(()) => {}
            // There are no more.
            Err(libc::EINVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Empties the sets of permitted, effective, inheritable and ambient capabilities.
pub(super) fn drop_capabilities() -> Result<(), c_int> {
    // A kernel without ambient capabilities has none to clear.
    let clear_all = libc::PR_CAP_AMBIENT_CLEAR_ALL as c_ulong;
    match prctl(libc::PR_CAP_AMBIENT, clear_all, 0) {
        Ok(()) | Err(libc::EINVAL) => {}
        Err(errno) => return Err(errno),
    }
    const VERSION_3: u32 = 0x2008_0522;
    let (header, none) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: a header of two numbers (version, this thread) and two times three sets, as
    // version 3 has them.
    done(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) })
}

/// Shuts this thread and all that come from it behind a Landlock ruleset.
pub(super) fn restrict(ruleset: BorrowedFd<'_>) -> Result<(), c_int> {
    let nr = libc::SYS_landlock_restrict_self;
    // SAFETY: integers only.
    done(unsafe { libc::syscall(nr, ruleset.as_raw_fd(), 0) })
}

/// Has the kernel judge every further system call by `program`.
pub(super) fn filter(program: &[libc::sock_filter]) -> Result<(), c_int> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| libc::E2BIG)?,
        filter: program.as_ptr().cast_mut(),
    };
    const SET_MODE_FILTER: c_int = 1;
    // SAFETY: the kernel only reads the program, which is valid for `len` instructions.
    done(unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, 0, &raw const program) })
}

fn prctl(option: c_int, one: c_ulong, two: c_ulong) -> Result<(), c_int> {
    const NONE: c_ulong = 0;
    // SAFETY: integers only.
    done(c_long::from(unsafe {
        libc::prctl(option, one, two, NONE, NONE)
    }))
}

/// What a Landlock ruleset decides; the kernel's `struct landlock_ruleset_attr`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RulesetAttr {
    pub(crate) handled_fs: u64,
    pub(crate) handled_net: u64,
    pub(crate) scoped: u64,
}

/// What is allowed below a path; the kernel's `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: i32,
}

/// Returns the version of Landlock that this kernel has.
pub(crate) fn landlock_version() -> io::Result<u32> {
    const VERSION: u32 = 1;
    let none = ptr::null::<c_void>();
    let nr = libc::SYS_landlock_create_ruleset;
    // SAFETY: with this flag the kernel looks at no memory.
    let version = unsafe { libc::syscall(nr, none, 0_usize, VERSION) };
    u32::try_from(version).map_err(|_| io::Error::last_os_error())
}

/// Makes a ruleset; of `attr` the kernel sees the first `size` bytes, as many as its version knows.
pub(crate) fn landlock_ruleset(attr: &RulesetAttr, size: usize) -> io::Result<OwnedFd> {
    debug_assert!(size <= size_of::<RulesetAttr>());
    let nr = libc::SYS_landlock_create_ruleset;
    // SAFETY: `attr` is valid for `size` reads; the descriptor is new and nobody else's.
    unsafe {
        let fd = libc::syscall(nr, ptr::from_ref(attr), size, 0);
        match RawFd::try_from(fd) {
            Ok(fd) if fd >= 0 => Ok(OwnedFd::from_raw_fd(fd)),
            Ok(_) | Err(_) => Err(io::Error::last_os_error()),
        }
    }
}

/// Allows something below a path.
pub(crate) fn landlock_allow(
    ruleset: BorrowedFd<'_>,
    path: BorrowedFd<'_>,
    allowed: u64,
) -> io::Result<()> {
    const PATH_BENEATH: c_int = 1;
    let rule = PathBeneath {
        allowed,
        parent: path.as_raw_fd(),
    };
    let nr = libc::SYS_landlock_add_rule;
    // SAFETY: `rule` is laid out as the kernel has it and valid for reads.
    let added = unsafe { libc::syscall(nr, ruleset.as_raw_fd(), PATH_BENEATH, &raw const rule, 0) };
    done(added).map_err(io::Error::from_raw_os_error)
}

/// What the system's user database has on a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passwd {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: Vec<u8>,
}

/// The longest entry of the user database that is read.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

/// Looks a user up, in whatever database the system is set up to ask.
pub(crate) fn user_by_name(name: &CStr) -> io::Result<Option<Passwd>> {
    let mut space = vec![0; 1024];
    loop {
        // SAFETY: all zeros is a valid `passwd` (null pointers and numbers).
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: all pointers are valid for their lengths and live until the end of this turn.
        let errno = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                &raw mut entry,
                space.as_mut_ptr(),
                space.len(),
                &raw mut found,
            )
        };
        match errno {
            0 if found.is_null() => return Ok(None),
            0 => {
                let home = if entry.pw_dir.is_null() {
                    Vec::new()
                } else {
                    // SAFETY: the entry was found, so this points to a string within `space`.
                    unsafe { CStr::from_ptr(entry.pw_dir) }.to_bytes().to_vec()
                };
                return Ok(Some(Passwd {
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    home,
                }));
            }
            libc::ERANGE if space.len() < MAX_ENTRY_BYTES => space.resize(space.len() * 2, 0),
            libc::ENOENT | libc::ESRCH => return Ok(None),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// The most groups that a user may have; the kernel's own bound.
const MAX_GROUPS: usize = 65_536;

/// Lists the groups of a user, `gid` among them.
pub(crate) fn groups_of(name: &CStr, gid: u32) -> io::Result<Vec<u32>> {
    let mut groups = vec![0; 64];
    loop {
        let mut n = c_int::try_from(groups.len()).unwrap_or(c_int::MAX);
        // SAFETY: `groups` is valid for `n` writes, and `n` for one.
        let all =
            unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut n) };
        let n = usize::try_from(n).unwrap_or(0);
        if all >= 0 {
            groups.truncate(n);
            return Ok(groups);
        }
        if groups.len() >= MAX_GROUPS {
            return Err(io::Error::from_raw_os_error(libc::E2BIG));
        }
        groups.resize(n.max(groups.len() * 2), 0);
    }
}
