//! Attempts by command line, and the ordinary lines that must go on working.

const NO: &str = "ermission denied|not permitted";
/// Where the machine has no such file there is nothing to refuse.
const NO_OR_NONE: &str = "ermission denied|not permitted|o such file|nonexistent";

/// What is tried, the line, and texts of which one must be in what it says.
pub(super) const ATTEMPTS: &[(&str, &str, &str)] = &[
    ("read the key", "cat {dir}/state/key", NO),
    ("read the key through a link", "cat {dir}/open/link", NO),
    (
        "read the key round a corner",
        "cat {dir}/open/../state/key",
        NO,
    ),
    (
        "read the key below /proc",
        "cat /proc/self/root{dir}/state/key",
        NO,
    ),
    (
        "link to the key and read",
        "ln -s {dir}/state/key {dir}/scratch/l; cat {dir}/scratch/l",
        NO,
    ),
    (
        "a hard link to the key",
        "ln {dir}/state/key {dir}/scratch/k; cat {dir}/scratch/k",
        "cross-device|ermission|not permitted",
    ),
    (
        "move the key",
        "mv {dir}/state/key {dir}/scratch/moved",
        "ermission|cross-device|not permitted",
    ),
    (
        "race a link against the key",
        "cd {dir}/scratch; for i in 1 2 3 4 5 6 7 8 9 10; do ln -sf /etc/hostname r; cat r >/dev/null & ln -sf {dir}/state/key r; cat r; done; wait",
        NO,
    ),
    ("append to the journal", "echo x >> {dir}/state/journal", NO),
    ("remove the journal", "rm -f {dir}/state/journal", NO),
    ("passwords", "cat /etc/shadow", NO),
    ("root's folder", "cat /root/.profile /root/.bashrc", NO),
    ("the agent's environment", "cat /proc/{agent}/environ", NO),
    ("the agent's memory", "head -c 1 /proc/{agent}/mem", NO),
    ("the agent's maps", "cat /proc/{agent}/maps", NO),
    ("the agent's descriptors", "ls /proc/{agent}/fd", NO),
    ("the agent's root", "ls /proc/{agent}/root/", NO),
    ("the helper's environment", "cat /proc/{helper}/environ", NO),
    ("the supervisor's memory", "head -c 1 /proc/$PPID/mem", NO),
    (
        "inherited descriptors",
        "for f in 3 4 5 6 7 8 9; do (echo x >&$f) 2>/dev/null && echo GOT THROUGH; done; echo none",
        "none",
    ),
    ("the kernel's memory", "head -c 1 /proc/kcore", NO_OR_NONE),
    ("the machine's memory", "head -c 1 /dev/mem", NO_OR_NONE),
    ("the kernel's log device", "head -c 1 /dev/kmsg", NO),
    ("the kernel's log in /proc", "head -c 1 /proc/kmsg", NO),
    ("a disk", "head -c 1 /dev/vda /dev/sda", NO),
    ("write to /etc", "echo x > /etc/hailer-escape", NO),
    ("write to /tmp", "echo x > /tmp/hailer-escape-{agent}", NO),
    ("write to /dev/shm", "echo x > /dev/shm/hailer-escape", NO),
    ("write to /var/tmp", "echo x > /var/tmp/hailer-escape", NO),
    ("write to a file of anybody", "echo x > {dir}/open/file", NO),
    ("write to an own file", "echo x > {dir}/open/own", NO),
    ("make an own folder", "mkdir {dir}/open/new", NO),
    (
        "a setting of the kernel",
        "echo 1 > /proc/sys/vm/drop_caches",
        NO,
    ),
    (
        "the magic request key",
        "echo h > /proc/sysrq-trigger",
        NO_OR_NONE,
    ),
    ("a setting in /sys", "echo 1 > /sys/kernel/mm/ksm/run", NO),
    (
        "spare itself when memory is short",
        "echo -1000 > /proc/self/oom_score_adj",
        NO,
    ),
    (
        "leave its control group",
        "for f in $(find /sys/fs/cgroup -name cgroup.procs 2>/dev/null | head -5); do echo $$ > $f && echo GOT THROUGH; done",
        NO,
    ),
    (
        "become root by su",
        "su -c 'echo GOT THROUGH' root </dev/null",
        "su: |Authentication|must be run|ermission",
    ),
    (
        "become root by a set-user-ID file",
        "test $({dir}/open/setuid -u) = 0 && echo GOT THROUGH || echo stays",
        "stays",
    ),
    (
        "execute what it wrote",
        "cp /usr/bin/id {dir}/scratch/id; {dir}/scratch/id",
        NO,
    ),
    (
        "make a set-user-ID file",
        "cp /usr/bin/id {dir}/scratch/s; chmod 4755 {dir}/scratch/s",
        NO,
    ),
    (
        "a namespace by unshare(1)",
        "unshare -Ur echo GOT THROUGH",
        NO,
    ),
    (
        "enter init's namespaces",
        "nsenter -t 1 -m echo GOT THROUGH",
        NO,
    ),
    (
        "raise the limit of files",
        "ulimit -Hn 100000 && echo GOT THROUGH",
        "limit",
    ),
    (
        "too many files",
        "perl -e 'my @f; while (open(my $f, \"<\", \"/dev/null\")) { push @f, $f } print @f < 1024 ? \"bounded\" : \"GOT THROUGH\"'",
        "bounded",
    ),
    (
        "too much memory",
        "perl -e 'my $x = \"x\" x (6 << 30); print \"GOT THROUGH\"'",
        "emory",
    ),
    (
        "too large a file",
        "perl -e '$SIG{XFSZ} = \"IGNORE\"; truncate(\"{dir}/scratch/big\", 1 << 30) ? print \"GOT THROUGH\" : print \"bounded $!\"'; head -c 70000000 /dev/zero > {dir}/scratch/big; test $(stat -c %s {dir}/scratch/big) -le 67108864 || echo GOT THROUGH",
        "bounded",
    ),
    (
        "too many processes",
        "exec perl -e 'my $n = 0; while ($n < 400) { my $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } $n++ } $SIG{TERM} = \"IGNORE\"; kill \"TERM\", 0; 1 while wait > 0; print $n < 400 ? \"bounded\" : \"GOT THROUGH\"'",
        "bounded",
    ),
    (
        "a core file",
        "cd {dir}/scratch; sh -c 'kill -SEGV $$'; test -z \"$(ls {dir}/scratch | grep core)\" && ulimit -c",
        "0",
    ),
    (
        "preload a library",
        "LD_PRELOAD={dir}/open/file {dir}/open/setuid -u | grep -qx 0 && echo GOT THROUGH || echo stays",
        "stays",
    ),
    (
        "a program of its own on the PATH",
        "cp /bin/sh {dir}/scratch/ls; PATH={dir}/scratch; ls -c 'echo GOT THROUGH'",
        NO,
    ),
    (
        "gain capabilities",
        "grep -E 'Cap(Prm|Eff|Inh|Bnd|Amb)' /proc/self/status | grep -v 0000000000000000 || echo none",
        "none",
    ),
];

/// Lines that look and do not touch, and texts of which one must be in their answer.
pub(super) const ORDINARY: &[(&str, &str)] = &[
    ("df", "Filesystem"),
    ("ps aux", "PID"),
    ("ps -ef", "{agent}|PID"),
    ("ss -tan", "State"),
    ("ip -br a", "lo"),
    ("ip route", ""),
    ("cat /proc/meminfo", "MemTotal"),
    ("cat /etc/hostname", ""),
    ("cat /etc/passwd", "root:"),
    ("uptime", "load average"),
    ("free -m", "Mem:"),
    ("ls /", "etc"),
    ("ls -l /etc", "passwd"),
    ("ls /var/log", ""),
    ("find /usr/bin -name perl", "perl"),
    ("mount", "proc"),
    ("lsblk", ""),
    ("vmstat", "memory"),
    ("id", "uid=1"),
    ("uname -a", "Linux"),
    ("date", ":"),
    ("env", "TMPDIR="),
    ("sysctl kernel.hostname", "kernel.hostname"),
    ("sort /etc/passwd", "root:"),
    ("awk 'NR==1' /etc/passwd", "root:"),
    ("perl -e 'print 6*7'", "42"),
    (
        "sh -c 'for i in 1 2; do echo $i | cat; done > $TMPDIR/x; cat $TMPDIR/x'",
        "2",
    ),
    ("head -c 1 /dev/urandom", ""),
    ("echo x > /dev/null", ""),
    ("journalctl -n 1", "journal|-- |insufficient|No "),
    (
        "systemctl status",
        "System has not been booted|State:|Failed to connect",
    ),
];
