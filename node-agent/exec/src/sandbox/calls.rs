//! The system calls that a sandboxed command may not make, as a filter program for the kernel.
//!
//! [Which they are](rules) is another file's; here they become a program. Refused calls fail with
//! EPERM, those for which programs have another way with ENOSYS; a call of another architecture
//! (32-bit code on a 64-bit kernel) kills, since its numbers mean something else.

mod rules;

use libc::sock_filter;

use self::rules::{Rule, Sockets, rules};
use super::Protections;

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
/// `stands_in` is what it refuses in Landlock's place.
///
/// Arguments are compared by their lower half: all those that are looked at are `int` to the
/// kernel, or have no meaning in the upper half.
pub(crate) fn filter(stands_in: Protections, may_connect: bool) -> Option<Vec<sock_filter>> {
    let mut program = vec![
        op(LOAD, ARCHITECTURE_AT),
        jump(JUMP_IF_EQUAL, ARCHITECTURE?, 1, 0),
        op(RETURN, RET_KILL),
        op(LOAD, NUMBER_AT),
        jump(JUMP_IF_AT_LEAST, X32, 0, 1),
        op(RETURN, refuse(libc::ENOSYS)),
    ];
    for (number, rule) in rules(stands_in, may_connect) {
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
        Rule::Unless(at, values) => chain(vec![argument(at)], values, allowed, refused),
        Rule::When(at, values) => chain(vec![argument(at)], values, refused, allowed),
        Rule::Masked(at, mask, values) => {
            chain(vec![argument(at), op(AND, mask)], values, refused, allowed)
        }
        Rule::Socket(sockets) => socket(sockets, refused, allowed),
    }
}

/// Answers with `hit` if what was `loaded` is one of `values` and with `miss` otherwise.
fn chain(
    loaded: Vec<sock_filter>,
    values: &[u32],
    hit: sock_filter,
    miss: sock_filter,
) -> Vec<sock_filter> {
    let mut out = loaded;
    for &value in values {
        out.extend([jump(JUMP_IF_EQUAL, value, 0, 1), hit]);
    }
    out.push(miss);
    out
}

/// Local sockets; datagrams and streams of IP, no raw ones; what `ip` and `ss` ask the kernel.
fn socket(sockets: Sockets, refused: sock_filter, allowed: sock_filter) -> Vec<sock_filter> {
    const SOCK_TYPE_MASK: u32 = 0xf;
    let mut inet = vec![
        argument(1),
        op(AND, SOCK_TYPE_MASK),
        jump(JUMP_IF_EQUAL, 2, 2, 0),
        jump(JUMP_IF_EQUAL, 1, u8::from(sockets.tcp), 0),
        refused,
    ];
    inet.extend(chain(vec![argument(2)], INET_PROTOCOLS, allowed, refused));
    let netlink = chain(vec![argument(2)], NETLINK_PROTOCOLS, allowed, refused);
    let local = if sockets.local { allowed } else { refused };
    let mut out = vec![argument(0), jump(JUMP_IF_EQUAL, 1, 0, 1), local];
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
    use crate::sandbox::Protection;
    use libc::c_long;

    /// Runs the program as the kernel would.
    fn judge(stands_in: Protections, architecture: u32, number: u32, arguments: &[u64]) -> u32 {
        let program = filter(stands_in, false).unwrap();
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

    const NONE: Protections = Protections::none();
    const EPERM: u32 = refuse(libc::EPERM);
    const ENOSYS: u32 = refuse(libc::ENOSYS);

    fn check(number: c_long, arguments: &[u64], expected: u32) {
        let number = u32::try_from(number).unwrap();
        assert_eq!(
            judge(NONE, ARCHITECTURE.unwrap(), number, arguments),
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
        assert_eq!(judge(NONE, 0x4000_0003, 20, &[]), RET_KILL);
        assert_eq!(judge(NONE, ARCHITECTURE.unwrap(), X32 | 1, &[]), ENOSYS);
        assert_eq!(judge(NONE, ARCHITECTURE.unwrap(), u32::MAX, &[]), ENOSYS);
    }

    #[test]
    fn in_the_place_of_an_old_landlock_more_is_refused_and_no_more_than_that() {
        let cases: &[(Protection, c_long, &[u64], u32)] = &[
            (Protection::Truncation, libc::SYS_truncate, &[], EPERM),
            (
                Protection::Truncation,
                libc::SYS_openat,
                &[0, 0, 0x200],
                EPERM,
            ),
            (
                Protection::Truncation,
                libc::SYS_openat,
                &[0, 0, 0x203],
                EPERM,
            ),
            (
                Protection::Truncation,
                libc::SYS_openat,
                &[0, 0, 0x241],
                RET_ALLOW,
            ),
            (Protection::Truncation, libc::SYS_openat2, &[], ENOSYS),
            (Protection::Devices, libc::SYS_openat, &[0, 0, 3], EPERM),
            (
                Protection::Devices,
                libc::SYS_openat,
                &[0, 0, 0x8_0000],
                RET_ALLOW,
            ),
            (Protection::Devices, libc::SYS_ioctl, &[0, 0x1260], EPERM),
            (
                Protection::Devices,
                libc::SYS_ioctl,
                &[0, 0x5401],
                RET_ALLOW,
            ),
            (Protection::Network, libc::SYS_socket, &[2, 1, 6], EPERM),
            (Protection::Network, libc::SYS_socket, &[10, 1, 0], EPERM),
            (
                Protection::Network,
                libc::SYS_socket,
                &[2, 2, 17],
                RET_ALLOW,
            ),
            (Protection::Network, libc::SYS_socket, &[1, 1, 0], RET_ALLOW),
            (Protection::Signals, libc::SYS_kill, &[1, 0], EPERM),
            (Protection::Signals, libc::SYS_kill, &[0, 15], RET_ALLOW),
            (Protection::Signals, libc::SYS_tgkill, &[1, 1, 0], EPERM),
            (Protection::Signals, libc::SYS_fcntl, &[0, 8, 1], EPERM),
            (Protection::Signals, libc::SYS_fcntl, &[0, 3], RET_ALLOW),
            (Protection::Signals, libc::SYS_ioctl, &[0, 0x8901], EPERM),
            (Protection::Sockets, libc::SYS_socket, &[1, 1, 0], EPERM),
            (Protection::Sockets, libc::SYS_socket, &[2, 1, 6], RET_ALLOW),
            (
                Protection::Sockets,
                libc::SYS_socketpair,
                &[1, 1, 0],
                RET_ALLOW,
            ),
        ];
        for &(one, number, arguments, expected) in cases {
            let number = u32::try_from(number).unwrap();
            let (with, without) = (NONE.with(one), NONE);
            let judged = |set| judge(set, ARCHITECTURE.unwrap(), number, arguments);
            assert_eq!(
                judged(with),
                expected,
                "{one}: {number} with {arguments:x?}"
            );
            assert_eq!(judged(without), RET_ALLOW, "{number} with {arguments:x?}");
        }
    }

    #[test]
    fn where_nothing_may_be_connected_to_no_data_goes_with_a_first_packet() {
        let flag = 0x2000_0000;
        check(libc::SYS_sendto, &[0, 0, 0, flag], EPERM);
        check(libc::SYS_sendto, &[0, 0, 0, 0x4000], RET_ALLOW);
        check(libc::SYS_sendmsg, &[0, 0, flag], EPERM);
        check(libc::SYS_listen, &[0, 1], EPERM);
        let may = rules(NONE, true);
        assert!(!may.contains_key(&libc::SYS_sendto));
    }

    #[test]
    fn every_program_fits_the_kernel() {
        for bits in 0..1 << Protection::ALL.len() {
            assert!(filter(Protections::from_bits(bits), false).unwrap().len() <= 4096);
        }
    }
}
