//! Which system calls a sandboxed command may not make.
//!
//! The list names what is refused: an ordinary tool must work inside whatever calls its C library
//! makes, and the other protections stand behind this one. On a kernel whose Landlock is old the
//! filter refuses more, in its place: see [`plan`](crate::sandbox::plan).

use std::collections::BTreeMap;

use libc::c_long;

use crate::sandbox::{Protection, Protections};

/// Returns the rules of a sandbox in which the filter stands in for these protections.
pub(super) fn rules(stands_in: Protections, may_connect: bool) -> BTreeMap<c_long, Rule> {
    let mut rules: BTreeMap<c_long, Rule> = RULES.iter().copied().collect();
    let sockets = Sockets {
        local: !stands_in.contains(Protection::Sockets),
        tcp: may_connect || !stands_in.contains(Protection::Network),
    };
    rules.insert(libc::SYS_socket, Rule::Socket(sockets));
    // Where two of them have a rule for one call the later one refuses more.
    for (is_added, more) in [
        (!may_connect, NO_FAST_OPEN),
        (stands_in.contains(Protection::Truncation), NO_TRUNCATION),
        (stands_in.contains(Protection::Signals), NO_SIGNALS),
        (stands_in.contains(Protection::Devices), NO_DEVICES),
    ] {
        if is_added {
            rules.extend(more.iter().copied());
        }
    }
    rules
}

/// How a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Always, with EPERM.
    Never,
    /// Always, as if the kernel did not know it.
    Unknown,
    /// When any of these bits is set in this argument.
    Bits(u8, u32),
    /// Unless this argument is one of these.
    Unless(u8, &'static [u32]),
    /// When this argument is one of these.
    When(u8, &'static [u32]),
    /// When these bits of this argument are one of these values.
    Masked(u8, u32, &'static [u32]),
    /// Sockets: by family, kind and protocol.
    Socket(Sockets),
}

/// Which sockets there are besides those that every sandbox has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sockets {
    /// Unix sockets.
    pub(super) local: bool,
    /// TCP.
    pub(super) tcp: bool,
}

/// Calls that the C library's header does not name yet; the same number everywhere.
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const FILE_SETATTR: c_long = 469;

/// `CLONE_NEW*` of all namespaces. `CLONE_NEWTIME` is left to `unshare`, the only call that
/// takes it besides `clone3`: in `clone` its bit belongs to the number of a signal.
const NAMESPACES: u32 = 0x7e02_0000;
const NEW_TIME: u32 = 0x80;
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;
const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
const FS_IOC_FSSETXATTR: u32 = 0x401c_5820;

const RULES: &[(c_long, Rule)] = &[
    // Other processes.
    (libc::SYS_ptrace, Rule::Never),
    (libc::SYS_process_vm_readv, Rule::Never),
    (libc::SYS_process_vm_writev, Rule::Never),
    (libc::SYS_process_madvise, Rule::Never),
    (libc::SYS_process_mrelease, Rule::Never),
    (libc::SYS_kcmp, Rule::Never),
    (libc::SYS_pidfd_getfd, Rule::Never),
    (libc::SYS_migrate_pages, Rule::Never),
    (libc::SYS_move_pages, Rule::Never),
    // Of the processes of its user, only itself: the agent may be one of them.
    (libc::SYS_prlimit64, Rule::Unless(0, &[0])),
    (libc::SYS_setpriority, Rule::Unless(1, &[0])),
    (libc::SYS_ioprio_set, Rule::Unless(1, &[0])),
    (libc::SYS_sched_setaffinity, Rule::Unless(0, &[0])),
    (libc::SYS_sched_setscheduler, Rule::Unless(0, &[0])),
    (libc::SYS_sched_setparam, Rule::Unless(0, &[0])),
    (libc::SYS_sched_setattr, Rule::Unless(0, &[0])),
    // Namespaces and mounts.
    (libc::SYS_clone, Rule::Bits(0, NAMESPACES)),
    // Its flags lie in memory, where no filter can look; C libraries then take `clone`.
    (libc::SYS_clone3, Rule::Unknown),
    (libc::SYS_unshare, Rule::Bits(0, NAMESPACES | NEW_TIME)),
    (libc::SYS_setns, Rule::Never),
    (libc::SYS_chroot, Rule::Never),
    (libc::SYS_pivot_root, Rule::Never),
    (libc::SYS_mount, Rule::Never),
    (libc::SYS_umount2, Rule::Never),
    (libc::SYS_mount_setattr, Rule::Never),
    (libc::SYS_move_mount, Rule::Never),
    (libc::SYS_open_tree, Rule::Never),
    (OPEN_TREE_ATTR, Rule::Never),
    (libc::SYS_fsopen, Rule::Never),
    (libc::SYS_fsconfig, Rule::Never),
    (libc::SYS_fsmount, Rule::Never),
    (libc::SYS_fspick, Rule::Never),
    // The kernel itself.
    (libc::SYS_reboot, Rule::Never),
    (libc::SYS_kexec_load, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_kexec_file_load, Rule::Never),
    #[cfg(target_arch = "aarch64")]
    (294, Rule::Never),
    (libc::SYS_init_module, Rule::Never),
    (libc::SYS_finit_module, Rule::Never),
    (libc::SYS_delete_module, Rule::Never),
    (libc::SYS_bpf, Rule::Never),
    (libc::SYS_perf_event_open, Rule::Never),
    (libc::SYS_userfaultfd, Rule::Never),
    (libc::SYS_io_uring_setup, Rule::Unknown),
    (libc::SYS_io_uring_enter, Rule::Unknown),
    (libc::SYS_io_uring_register, Rule::Unknown),
    (libc::SYS_syslog, Rule::Never),
    (libc::SYS_acct, Rule::Never),
    (libc::SYS_swapon, Rule::Never),
    (libc::SYS_swapoff, Rule::Never),
    (libc::SYS_quotactl, Rule::Never),
    (libc::SYS_quotactl_fd, Rule::Never),
    (libc::SYS_settimeofday, Rule::Never),
    (libc::SYS_clock_settime, Rule::Never),
    (libc::SYS_sethostname, Rule::Never),
    (libc::SYS_setdomainname, Rule::Never),
    (libc::SYS_vhangup, Rule::Never),
    (libc::SYS_open_by_handle_at, Rule::Never),
    (libc::SYS_fanotify_init, Rule::Never),
    (libc::SYS_personality, Rule::Unless(0, &[0, u32::MAX])),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_iopl, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_ioperm, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_modify_ldt, Rule::Never),
    // Keys of the agent's session.
    (libc::SYS_keyctl, Rule::Never),
    (libc::SYS_add_key, Rule::Never),
    (libc::SYS_request_key, Rule::Never),
    // What stays behind after the run, and changes of files that are no writes.
    (libc::SYS_shmget, Rule::Never),
    (libc::SYS_msgget, Rule::Never),
    (libc::SYS_semget, Rule::Never),
    (libc::SYS_mq_open, Rule::Never),
    (libc::SYS_mq_unlink, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, Rule::Never),
    (libc::SYS_fchmod, Rule::Never),
    (libc::SYS_fchmodat, Rule::Never),
    (libc::SYS_fchmodat2, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chown, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lchown, Rule::Never),
    (libc::SYS_fchown, Rule::Never),
    (libc::SYS_fchownat, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utime, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utimes, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_futimesat, Rule::Never),
    (libc::SYS_utimensat, Rule::Never),
    (libc::SYS_setxattr, Rule::Never),
    (libc::SYS_lsetxattr, Rule::Never),
    (libc::SYS_fsetxattr, Rule::Never),
    (SETXATTRAT, Rule::Never),
    (libc::SYS_removexattr, Rule::Never),
    (libc::SYS_lremovexattr, Rule::Never),
    (libc::SYS_fremovexattr, Rule::Never),
    (REMOVEXATTRAT, Rule::Never),
    (FILE_SETATTR, Rule::Never),
    (
        libc::SYS_ioctl,
        Rule::When(1, &[TIOCSTI, TIOCLINUX, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR]),
    ),
    // Landlock has no say in this one, and without a `bind` before it the kernel picks a port.
    (libc::SYS_listen, Rule::Never),
    (libc::SYS_socketpair, Rule::Unless(0, &[1])),
];

/// Added where Landlock does not decide on truncation: `truncate`, and opening a file to read and
/// truncate it at once, in which Landlock sees a reading.
const NO_TRUNCATION: &[(c_long, Rule)] = &[
    (libc::SYS_truncate, Rule::Never),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, OPENS_1),
    (libc::SYS_openat, OPENS_2),
    (libc::SYS_openat2, Rule::Unknown),
];

/// Added where it does not decide on devices: opening for `ioctl` alone, in which it sees neither
/// reading nor writing, and `ioctl` itself.
const NO_DEVICES: &[(c_long, Rule)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, OPENS_1),
    (libc::SYS_openat, OPENS_2),
    (libc::SYS_openat2, Rule::Unknown),
    (libc::SYS_ioctl, Rule::Unless(1, PLAIN_IOCTLS)),
];

/// Added where it does not decide on signals: but for the own group (and a run is a group of its
/// own) the filter cannot tell who would get one. `fcntl` names who gets the signals of a file.
const NO_SIGNALS: &[(c_long, Rule)] = &[
    (libc::SYS_kill, Rule::Unless(0, &[0])),
    (libc::SYS_tkill, Rule::Never),
    (libc::SYS_tgkill, Rule::Never),
    (libc::SYS_rt_sigqueueinfo, Rule::Never),
    (libc::SYS_rt_tgsigqueueinfo, Rule::Never),
    (libc::SYS_pidfd_send_signal, Rule::Never),
    (libc::SYS_fcntl, Rule::When(1, &[F_SETOWN, F_SETOWN_EX])),
    (
        libc::SYS_ioctl,
        Rule::When(
            1,
            &[
                TIOCSTI,
                TIOCLINUX,
                FS_IOC_SETFLAGS,
                FS_IOC_FSSETXATTR,
                FIOSETOWN,
                SIOCSPGRP,
            ],
        ),
    ),
];

/// Added where nothing may be connected to over TCP: data sent with the first packet connects
/// without `connect`.
const NO_FAST_OPEN: &[(c_long, Rule)] = &[
    (libc::SYS_sendto, Rule::Bits(3, MSG_FASTOPEN)),
    (libc::SYS_sendmsg, Rule::Bits(2, MSG_FASTOPEN)),
    (libc::SYS_sendmmsg, Rule::Bits(3, MSG_FASTOPEN)),
];

/// Of the flags of `open` those that say for what: `O_ACCMODE` and `O_TRUNC`. Refused are truncating
/// without writing, and the access mode 3.
const OPENS_1: Rule = Rule::Masked(1, 0x203, &[0x200, 0x203, 0x003]);
const OPENS_2: Rule = Rule::Masked(2, 0x203, &[0x200, 0x203, 0x003]);

const F_SETOWN: u32 = 8;
const F_SETOWN_EX: u32 = 15;
const FIOSETOWN: u32 = 0x8901;
const SIOCSPGRP: u32 = 0x8902;
const MSG_FASTOPEN: u32 = 0x2000_0000;

/// What may be asked of any file: what terminal it is and how wide, how much can be read, whether
/// it blocks and is closed by `exec`, sizes, flags and extents of files, clones of own ones, what
/// namespace it is, and the state of network interfaces.
const PLAIN_IOCTLS: &[u32] = &[
    0x5401,
    0x5413,
    0x540f,
    0x541b,
    0x5421,
    0x5450,
    0x5451,
    0x0002,
    0x8008_6601,
    0x801c_581f,
    0xc020_660b,
    0x4004_9409,
    0x4020_940d,
    0xb701,
    0xb702,
    0xb703,
    0xb704,
    0x8910,
    0x8912,
    0x8913,
    0x8915,
    0x8917,
    0x8919,
    0x891b,
    0x891d,
    0x8921,
    0x8927,
    0x8933,
    0x8942,
    0x8946,
    0x8970,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_listed_twice() {
        for list in [RULES, NO_TRUNCATION, NO_DEVICES, NO_SIGNALS, NO_FAST_OPEN] {
            let numbers: BTreeMap<_, _> = list.iter().copied().collect();
            assert_eq!(numbers.len(), list.len());
        }
    }
}
