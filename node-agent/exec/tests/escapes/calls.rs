//! Attempts by system call. A call that gets through is harmless: its arguments are null, or it
//! asks for nothing, and only the filter or the kernel's own check tells how it was refused.

/// Returns the line that makes a call and prints how it was refused, by the error's name.
pub(super) fn perl(call: &str) -> String {
    format!(
        "export S=$PPID; perl -MErrno -MSocket -e 'my $r = do {{ {call} }}; \
         if (defined $r && $r ne \"-1\") {{ print \"GOT THROUGH\" }} \
         else {{ for (keys %!) {{ print \"$_ \" if $!{{$_}} }} }}'"
    )
}

const REFUSED: &str = "EPERM";

/// What is tried, the call in Perl, and the error expected.
pub(super) const ATTEMPTS: &[(&str, &str, &str)] = &[
    (
        "ptrace the agent",
        "syscall(101, 16, {agent}, 0, 0)",
        REFUSED,
    ),
    (
        "ptrace the helper",
        "syscall(101, 0x4206, {helper}, 0, 0)",
        REFUSED,
    ),
    (
        "read the agent's memory",
        "syscall(310, {agent}, 0, 0, 0, 0, 0)",
        REFUSED,
    ),
    (
        "write the agent's memory",
        "syscall(311, {agent}, 0, 0, 0, 0, 0)",
        REFUSED,
    ),
    (
        "compare with the agent",
        "syscall(312, $$, {agent}, 0, 0, 0)",
        REFUSED,
    ),
    (
        "take a descriptor of the agent",
        "syscall(438, -1, 0, 0)",
        REFUSED,
    ),
    (
        "advise on the agent's memory",
        "syscall(440, -1, 0, 0, 0, 0)",
        REFUSED,
    ),
    ("limit the agent", "syscall(302, {agent}, 7, 0, 0)", REFUSED),
    (
        "limit the supervisor",
        "syscall(302, 0 + $ENV{S}, 7, 0, 0)",
        REFUSED,
    ),
    ("renice the agent", "syscall(141, 0, {agent}, 19)", REFUSED),
    ("pin the agent", "syscall(203, {agent}, 0, 0)", REFUSED),
    ("signal the agent", "syscall(62, {agent}, 0)", REFUSED),
    ("signal the helper", "syscall(62, {helper}, 0)", REFUSED),
    (
        "signal the supervisor",
        "syscall(62, 0 + $ENV{S}, 0)",
        REFUSED,
    ),
    ("signal init", "syscall(62, 1, 0)", REFUSED),
    (
        "signal a thread of the agent",
        "syscall(234, {agent}, {agent}, 0)",
        REFUSED,
    ),
    ("mount", "syscall(165, 0, 0, 0, 0, 0)", REFUSED),
    ("unmount", "syscall(166, 0, 0)", REFUSED),
    ("open a file system", "syscall(430, 0, 0)", REFUSED),
    ("open a tree of mounts", "syscall(428, -1, 0, 0)", REFUSED),
    ("move a mount", "syscall(429, -1, 0, -1, 0, 0)", REFUSED),
    ("change a mount", "syscall(442, -1, 0, 0, 0, 0)", REFUSED),
    ("change the root by chroot", "syscall(161, 0)", REFUSED),
    (
        "change the root by pivot_root",
        "syscall(155, 0, 0)",
        REFUSED,
    ),
    (
        "a user namespace by unshare",
        "syscall(272, 0x10000000)",
        REFUSED,
    ),
    (
        "a mount namespace by unshare",
        "syscall(272, 0x00020000)",
        REFUSED,
    ),
    (
        "a network namespace by unshare",
        "syscall(272, 0x40000000)",
        REFUSED,
    ),
    ("a time namespace by unshare", "syscall(272, 0x80)", REFUSED),
    (
        "a user namespace by clone",
        "syscall(56, 0x10000011, 0, 0, 0, 0)",
        REFUSED,
    ),
    ("a namespace by clone3", "syscall(435, 0, 0)", "ENOSYS"),
    ("another's namespace", "syscall(308, -1, 0)", REFUSED),
    ("a module", "syscall(175, 0, 0, 0)", REFUSED),
    ("a module from a file", "syscall(313, -1, 0, 0)", REFUSED),
    ("remove a module", "syscall(176, 0, 0)", REFUSED),
    ("another kernel", "syscall(246, 0, 0, 0, -1)", REFUSED),
    (
        "another kernel from a file",
        "syscall(320, -1, -1, 0, 0, -1)",
        REFUSED,
    ),
    (
        "reboot with a wrong magic",
        "syscall(169, 0, 0, 0, 0)",
        REFUSED,
    ),
    ("swap on", "syscall(167, 0, 0)", REFUSED),
    ("swap off", "syscall(168, 0)", REFUSED),
    ("process accounting", "syscall(163, 1)", REFUSED),
    ("quotas", "syscall(179, -1, 0, 0, 0)", REFUSED),
    ("set the time", "syscall(227, -1, 0)", REFUSED),
    ("set the time of day", "syscall(164, 1, 1)", REFUSED),
    ("set the host's name", "syscall(170, 0, -1)", REFUSED),
    ("set the domain's name", "syscall(171, 0, -1)", REFUSED),
    ("load a BPF program", "syscall(321, -1, 0, 0)", REFUSED),
    (
        "count the kernel's events",
        "syscall(298, 0, 0, -1, -1, 0)",
        REFUSED,
    ),
    ("handle page faults", "syscall(323, 0)", REFUSED),
    ("an io_uring", "syscall(425, 0, 0)", "ENOSYS"),
    ("read the kernel's log", "syscall(103, 3, 0, 0)", REFUSED),
    ("search the keyring", "syscall(250, 0, -3, 0)", REFUSED),
    ("add a key", "syscall(248, 0, 0, 0, 0, 0)", REFUSED),
    ("request a key", "syscall(249, 0, 0, 0, 0)", REFUSED),
    (
        "open a file by its handle",
        "syscall(304, -1, 0, 0)",
        REFUSED,
    ),
    ("watch a file system", "syscall(300, 0, 0)", REFUSED),
    ("another personality", "syscall(135, 0x0040000)", REFUSED),
    ("ports of the machine", "syscall(172, 3)", REFUSED),
    (
        "shared memory that stays",
        "syscall(29, 0, 4096, 0x3b6)",
        REFUSED,
    ),
    (
        "a message queue that stays",
        "syscall(68, 0, 0x3b6)",
        REFUSED,
    ),
    ("become root", "syscall(117, 0, 0, 0)", REFUSED),
    ("another group", "syscall(119, 0, 0, 0)", REFUSED),
    (
        "take all capabilities",
        "my $h = pack(\"L2\", 0x20080522, 0); my $d = pack(\"L6\", -1, -1, 0, -1, -1, 0); syscall(126, $h, $d)",
        REFUSED,
    ),
    (
        "a raw socket",
        "socket(my $s, 2, 3, 1) ? 1 : undef",
        REFUSED,
    ),
    (
        "a packet socket",
        "socket(my $s, 17, 3, 768) ? 1 : undef",
        REFUSED,
    ),
    (
        "multipath TCP round the rules",
        "socket(my $s, 2, 1, 262) ? 1 : undef",
        REFUSED,
    ),
    (
        "a socket to virtual machines",
        "socket(my $s, 40, 1, 0) ? 1 : undef",
        REFUSED,
    ),
    (
        "a socket for the kernel's crypto",
        "socket(my $s, 38, 5, 0) ? 1 : undef",
        REFUSED,
    ),
    (
        "netlink for audit",
        "socket(my $s, 16, 3, 9) ? 1 : undef",
        REFUSED,
    ),
    (
        "connect over TCP",
        "my $s; socket($s, 2, 1, 0) && connect($s, pack_sockaddr_in(9, inet_aton(\"127.0.0.1\"))) ? 1 : undef",
        "EPERM|EACCES",
    ),
    (
        "listen on TCP",
        "my $s; socket($s, 2, 1, 0) && bind($s, pack_sockaddr_in(0, inet_aton(\"127.0.0.1\"))) ? 1 : undef",
        "EPERM|EACCES",
    ),
    (
        "listen on TCP at whatever port",
        "my $s; socket($s, 2, 1, 0) && listen($s, 1) ? 1 : undef",
        REFUSED,
    ),
    (
        "connect over TCP by sending",
        "my $s; socket($s, 2, 1, 0) && send($s, \"x\", 0x20000000, pack_sockaddr_in(9, inet_aton(\"127.0.0.1\"))) ? 1 : undef",
        REFUSED,
    ),
    (
        "truncate by opening to read",
        "my $p = \"{dir}/open/file\"; syscall(2, $p, 0x200, 0)",
        "EPERM|EACCES",
    ),
    (
        "signal a group of another run",
        "syscall(62, -{helper}, 0)",
        "EPERM|ESRCH",
    ),
    (
        "queue a signal to the agent",
        "my $i = \"\\0\" x 128; syscall(129, {agent}, 0, $i)",
        REFUSED,
    ),
    (
        "have a file signal the agent",
        "my $s = {agent}; syscall(72, 0, 8, $s) == 0 && kill(0, {agent}) ? 1 : undef",
        REFUSED,
    ),
    (
        "the agent's abstract socket",
        "my $s; socket($s, 1, 1, 0) && connect($s, pack(\"Sa*\", 1, \"\\0hailer-escape-{dir}\")) ? 1 : undef",
        REFUSED,
    ),
    (
        "a device node",
        "my $p = \"{dir}/scratch/node\"; syscall(133, $p, 0x21b6, 0x101)",
        "EPERM|EACCES",
    ),
    (
        "change the mode of an own file",
        "my $p = \"{dir}/open/own\"; syscall(90, $p, 0x1ff)",
        REFUSED,
    ),
    (
        "change the time of an own file",
        "my $p = \"{dir}/open/own\"; syscall(280, -100, $p, 0, 0)",
        REFUSED,
    ),
    (
        "truncate a file anybody may",
        "my $p = \"{dir}/open/file\"; syscall(76, $p, 0)",
        "EPERM|EACCES",
    ),
];
