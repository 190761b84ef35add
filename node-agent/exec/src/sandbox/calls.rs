//! The system calls that a sandboxed command may not make, as a filter program for the kernel.
//!
//! The list names what is refused: an ordinary tool must work inside whatever calls its C
//! library makes, and the other protections stand behind this one. Refused calls fail with EPERM,
//! those for which programs have another way with ENOSYS; a call of another architecture (32-bit
//! code on a 64-bit kernel) kills, since its numbers mean something else.

use libc::{c_long, sock_filter};

/// How a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
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
    /// Sockets: by family, and the protocol within it.
    Socket,
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
    (libc::SYS_socket, Rule::Socket),
    (libc::SYS_socketpair, Rule::Unless(0, &[1])),
];

/// Protocols of `AF_INET` and `AF_INET6` by number: any, ICMP, TCP, UDP, ICMPv6. Multipath TCP
/// and SCTP would go round the rules for TCP.
const INET_PROTOCOLS: &[u32] = &[0, 1, 6, 17, 58];
/// `NETLINK_ROUTE` and `NETLINK_SOCK_DIAG`: what `ip` and `ss` ask.
const NETLINK_PROTOCOLS: &[u32] = &[0, 4];

/// What the kernel calls this architecture; `None` where there is no filter.
const ARCHITECTURE: Option<u32> = if cfg!(all(target_arch = "x86_64", target_pointer_width = "64"))
{
    Some(0xc000_003e)
} else if cfg!(all(
    target_arch = "aarch64",
    target_pointer_width = "64",
    target_endian = "little"
)) {
    Some(0xc000_00b7)
} else {
    None
};

/// From this number on calls are of the x32 kind, the same once more.
const X32: u32 = 0x4000_0000;

const RET_KILL: u32 = 0x8000_0000;
const RET_ERRNO: u32 = 0x0005_0000;
const RET_ALLOW: u32 = 0x7fff_0000;
const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const JUMP_IF_BITS: u16 = 0x45;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;
/// Offsets in what the filter looks at: the call's number, the architecture, six arguments.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// Returns the filter program, or `None` on an architecture whose calls are not known here.
///
/// Arguments are compared by their lower half: all those that are looked at are `int` to the
/// kernel, or have no meaning in the upper half.
pub(crate) fn filter() -> Option<Vec<sock_filter>> {
    let mut program = vec![
        op(LOAD, ARCHITECTURE_AT),
        jump(JUMP_IF_EQUAL, ARCHITECTURE?, 1, 0),
        op(RETURN, RET_KILL),
        op(LOAD, NUMBER_AT),
        jump(JUMP_IF_AT_LEAST, X32, 0, 1),
        op(RETURN, refuse(libc::ENOSYS)),
    ];
    for &(number, rule) in RULES {
        let body = body(rule);
        let number = u32::try_from(number).ok()?;
        let length = u8::try_from(body.len()).ok()?;
        program.push(jump(JUMP_IF_EQUAL, number, 0, length));
        program.extend(body);
    }
    program.push(op(RETURN, RET_ALLOW));
    Some(program)
}

/// Returns what decides one call; each way through ends in a return.
fn body(rule: Rule) -> Vec<sock_filter> {
    let refused = op(RETURN, refuse(libc::EPERM));
    let allowed = op(RETURN, RET_ALLOW);
    match rule {
        Rule::Never => vec![refused],
        Rule::Unknown => vec![op(RETURN, refuse(libc::ENOSYS))],
        Rule::Bits(at, bits) => vec![
            argument(at),
            jump(JUMP_IF_BITS, bits, 0, 1),
            refused,
            allowed,
        ],
        Rule::Unless(at, values) => chain(at, values, allowed, refused),
        Rule::When(at, values) => chain(at, values, refused, allowed),
        Rule::Socket => socket(refused, allowed),
    }
}

/// Loads an argument; answers with `hit` if it is one of `values` and with `miss` otherwise.
fn chain(at: u8, values: &[u32], hit: sock_filter, miss: sock_filter) -> Vec<sock_filter> {
    let mut out = vec![argument(at)];
    for &value in values {
        out.extend([jump(JUMP_IF_EQUAL, value, 0, 1), hit]);
    }
    out.push(miss);
    out
}

/// Local sockets; datagrams and streams of IP, no raw ones; what `ip` and `ss` ask the kernel.
fn socket(refused: sock_filter, allowed: sock_filter) -> Vec<sock_filter> {
    const SOCK_TYPE_MASK: u32 = 0xf;
    let mut inet = vec![
        argument(1),
        op(AND, SOCK_TYPE_MASK),
        jump(JUMP_IF_EQUAL, 1, 2, 0),
        jump(JUMP_IF_EQUAL, 2, 1, 0),
        refused,
    ];
    inet.extend(chain(2, INET_PROTOCOLS, allowed, refused));
    let netlink = chain(2, NETLINK_PROTOCOLS, allowed, refused);
    let mut out = vec![argument(0), jump(JUMP_IF_EQUAL, 1, 0, 1), allowed];
    // Families 2 and 10 share what follows them; both lists are far shorter than a jump reaches.
    let n_inet = u8::try_from(inet.len()).unwrap_or(u8::MAX);
    let n_netlink = u8::try_from(netlink.len()).unwrap_or(u8::MAX);
    out.push(jump(JUMP_IF_EQUAL, 2, 1, 0));
    out.push(jump(JUMP_IF_EQUAL, 10, 0, n_inet));
    out.extend(inet);
    out.push(jump(JUMP_IF_EQUAL, 16, 0, n_netlink));
    out.extend(netlink);
    out.push(refused);
    out
}

const fn refuse(errno: i32) -> u32 {
    RET_ERRNO | errno.unsigned_abs()
}

const fn op(code: u16, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Loads the lower half of an argument (little-endian: see [`ARCHITECTURE`]).
const fn argument(at: u8) -> sock_filter {
    op(LOAD, ARGUMENTS_AT + 8 * at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel would.
    fn judge(architecture: u32, number: u32, arguments: &[u64]) -> u32 {
        let program = filter().unwrap();
        let look = |at: u32| match at {
            NUMBER_AT => number,
            ARCHITECTURE_AT => architecture,
            at => {
                let value = arguments
                    .get(usize::try_from((at - ARGUMENTS_AT) / 8).unwrap())
                    .copied()
                    .unwrap_or(0);
                u32::try_from(value & 0xffff_ffff).unwrap()
            }
        };
        let (mut at, mut a) = (0, 0);
        loop {
            let op = &program[at];
            at += 1;
            let branch = |yes| usize::from(if yes { op.jt } else { op.jf });
            match op.code {
                LOAD => a = look(op.k),
                AND => a &= op.k,
                JUMP_IF_EQUAL => at += branch(a == op.k),
                JUMP_IF_AT_LEAST => at += branch(a >= op.k),
                JUMP_IF_BITS => at += branch(a & op.k != 0),
                RETURN => return op.k,
                code => panic!("{code:#x} is no instruction of ours"),
            }
        }
    }

    const EPERM: u32 = refuse(libc::EPERM);
    const ENOSYS: u32 = refuse(libc::ENOSYS);

    fn check(number: c_long, arguments: &[u64], expected: u32) {
        let number = u32::try_from(number).unwrap();
        assert_eq!(
            judge(ARCHITECTURE.unwrap(), number, arguments),
            expected,
            "call {number} with {arguments:x?}"
        );
    }

    #[test]
    fn calls_are_refused_by_number_and_by_argument() {
        check(libc::SYS_ptrace, &[], EPERM);
        check(libc::SYS_mount, &[], EPERM);
        check(libc::SYS_clone3, &[], ENOSYS);
        check(libc::SYS_io_uring_setup, &[], ENOSYS);
        check(libc::SYS_read, &[], RET_ALLOW);
        check(libc::SYS_execve, &[], RET_ALLOW);
        check(libc::SYS_clone, &[0x0120_0011], RET_ALLOW);
        check(libc::SYS_clone, &[0x1000_0011], EPERM);
        check(libc::SYS_unshare, &[0x400], RET_ALLOW);
        check(libc::SYS_unshare, &[0x80], EPERM);
        check(libc::SYS_prlimit64, &[0, 7], RET_ALLOW);
        check(libc::SYS_prlimit64, &[1, 7], EPERM);
        check(libc::SYS_personality, &[0xffff_ffff], RET_ALLOW);
        check(libc::SYS_personality, &[0x0040_0000], EPERM);
        check(libc::SYS_ioctl, &[0, 0x5413], RET_ALLOW);
        check(libc::SYS_ioctl, &[0, 0x5412], EPERM);
        // The kernel drops the upper half of such an argument, and so does the filter.
        check(libc::SYS_ioctl, &[0, 0xffff_ffff_0000_5412], EPERM);
    }

    #[test]
    fn sockets_are_judged_by_family_kind_and_protocol() {
        let socket = |family, kind, protocol, expected| {
            check(libc::SYS_socket, &[family, kind, protocol], expected);
        };
        for flags in [0, 0x8_0800] {
            socket(1, 1 | flags, 0, RET_ALLOW);
            for family in [2, 10] {
                socket(family, 1 | flags, 0, RET_ALLOW);
                socket(family, 1 | flags, 6, RET_ALLOW);
                socket(family, 2 | flags, 17, RET_ALLOW);
                socket(family, 3 | flags, 1, EPERM);
                socket(family, 3 | flags, 255, EPERM);
                socket(family, 1 | flags, 262, EPERM);
                socket(family, 5 | flags, 132, EPERM);
            }
            socket(16, 3 | flags, 0, RET_ALLOW);
            socket(16, 3 | flags, 4, RET_ALLOW);
            socket(16, 3 | flags, 9, EPERM);
            for family in [0, 3, 17, 29, 31, 38, 40, 43, 44] {
                socket(family, 2 | flags, 0, EPERM);
            }
        }
    }

    #[test]
    fn calls_of_another_architecture_kill_and_x32_is_unknown() {
        assert_eq!(judge(0x4000_0003, 20, &[]), RET_KILL);
        assert_eq!(judge(ARCHITECTURE.unwrap(), X32 | 1, &[]), ENOSYS);
        assert_eq!(judge(ARCHITECTURE.unwrap(), u32::MAX, &[]), ENOSYS);
    }

    #[test]
    fn no_call_is_listed_twice_and_the_program_fits_the_kernel() {
        let mut numbers: Vec<_> = RULES.iter().map(|(number, _)| number).collect();
        let n = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), n);
        assert!(filter().unwrap().len() <= 4096);
    }
}
