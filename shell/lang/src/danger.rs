//! Commands that are known to change things, so that the prompt asks before many nodes run them.
//!
//! The list is a help against slips, not a guard: a program that is not in it may do anything, and
//! a quoted word may hide one that is. What may not happen, the node's policy refuses.

use crate::lexer::shell_scan::{ShellTokenKind, scan, unquote};
use crate::span::Span;

/// Why a command is taken to change things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The word or redirect that does it.
    pub word: String,
    /// What it does, as in "`rm` removes files".
    pub does: &'static str,
    /// Where it stands in the command.
    pub span: Span,
}

impl Why {
    /// Returns the reason in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        format!("`{}` {}", self.word, self.does)
    }
}

/// Programs that change things whatever their arguments.
pub const PROGRAMS: &[(&str, &str)] = &[
    ("rm", REMOVES),
    ("rmdir", REMOVES),
    ("unlink", REMOVES),
    ("shred", REMOVES),
    ("truncate", WRITES),
    ("mv", WRITES),
    ("cp", WRITES),
    ("ln", WRITES),
    ("install", WRITES),
    ("rsync", WRITES),
    ("tee", WRITES),
    ("patch", WRITES),
    ("touch", WRITES),
    ("mkdir", WRITES),
    ("chmod", "changes who may do what"),
    ("chown", "changes who may do what"),
    ("chgrp", "changes who may do what"),
    ("setfacl", "changes who may do what"),
    ("chattr", "changes who may do what"),
    ("dd", "writes to files or disks"),
    ("mkfs", DISKS),
    ("mkswap", DISKS),
    ("wipefs", DISKS),
    ("parted", DISKS),
    ("fdisk", DISKS),
    ("sfdisk", DISKS),
    ("sgdisk", DISKS),
    ("blkdiscard", DISKS),
    ("fstrim", DISKS),
    ("umount", "takes a filesystem away"),
    ("swapoff", "takes swap away"),
    ("reboot", "takes the node down"),
    ("shutdown", "takes the node down"),
    ("poweroff", "takes the node down"),
    ("halt", "takes the node down"),
    ("kexec", "takes the node down"),
    ("init", "takes the node down"),
    ("telinit", "takes the node down"),
    ("kill", KILLS),
    ("pkill", KILLS),
    ("killall", KILLS),
    ("skill", KILLS),
    ("fuser", "may kill processes"),
    ("renice", "changes how processes run"),
    ("apt", PACKAGES),
    ("apt-get", PACKAGES),
    ("aptitude", PACKAGES),
    ("dpkg", PACKAGES),
    ("yum", PACKAGES),
    ("dnf", PACKAGES),
    ("rpm", PACKAGES),
    ("zypper", PACKAGES),
    ("pacman", PACKAGES),
    ("apk", PACKAGES),
    ("snap", PACKAGES),
    ("flatpak", PACKAGES),
    ("pip", PACKAGES),
    ("pip3", PACKAGES),
    ("npm", PACKAGES),
    ("useradd", ACCOUNTS),
    ("userdel", ACCOUNTS),
    ("usermod", ACCOUNTS),
    ("groupadd", ACCOUNTS),
    ("groupdel", ACCOUNTS),
    ("passwd", ACCOUNTS),
    ("chpasswd", ACCOUNTS),
    ("visudo", ACCOUNTS),
    ("iptables", NETWORK),
    ("ip6tables", NETWORK),
    ("nft", NETWORK),
    ("ufw", NETWORK),
    ("firewall-cmd", NETWORK),
    ("ifdown", NETWORK),
    ("ifup", NETWORK),
    ("nmcli", NETWORK),
    ("netplan", NETWORK),
    ("hostnamectl", "may change the node's name"),
    ("timedatectl", "may change the node's clock"),
    ("modprobe", "changes the kernel"),
    ("rmmod", "changes the kernel"),
    ("insmod", "changes the kernel"),
    ("ansible-playbook", "changes what it is told to"),
    ("puppet", "changes what it is told to"),
    ("chef-client", "changes what it is told to"),
    ("terraform", "changes what it is told to"),
];

/// Programs that change things with some of their arguments: what decides is the first operand, or
/// any word where the list begins with `-`.
pub const SUBCOMMANDS: &[(&str, &[&str], &str)] = &[
    (
        "systemctl",
        &[
            "start",
            "stop",
            "restart",
            "try-restart",
            "reload",
            "reload-or-restart",
            "kill",
            "enable",
            "disable",
            "mask",
            "unmask",
            "isolate",
            "daemon-reload",
            "daemon-reexec",
            "reset-failed",
            "edit",
            "set-property",
            "set-default",
            "reboot",
            "poweroff",
            "halt",
            "suspend",
            "hibernate",
            "revert",
        ],
        "changes services",
    ),
    ("service", &["*"], "changes services"),
    ("rc-service", &["*"], "changes services"),
    (
        "initctl",
        &["start", "stop", "restart", "reload"],
        "changes services",
    ),
    (
        "supervisorctl",
        &["start", "stop", "restart", "reload", "update"],
        "changes services",
    ),
    (
        "journalctl",
        &[
            "--vacuum-size",
            "--vacuum-time",
            "--vacuum-files",
            "--rotate",
            "--flush",
        ],
        REMOVES,
    ),
    (
        "find",
        &[
            "-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fls",
        ],
        "may remove or change files",
    ),
    ("sed", &["-i", "--in-place"], WRITES),
    ("perl", &["-i", "-pi"], WRITES),
    ("sort", &["-o", "--output"], WRITES),
    ("wget", &["*"], "writes files"),
    (
        "curl",
        &[
            "-o",
            "-O",
            "-X",
            "-d",
            "--data",
            "--request",
            "--output",
            "-T",
        ],
        "may change something",
    ),
    ("crontab", &["-r", "-e", "-"], "changes what runs when"),
    (
        "sysctl",
        &["-w", "--write", "-p", "--system", "--load"],
        "changes the kernel",
    ),
    (
        "mount",
        &["-o", "-a", "--all", "--bind"],
        "changes filesystems",
    ),
    (
        "ip",
        &["add", "del", "delete", "set", "flush", "replace", "change"],
        NETWORK,
    ),
    ("docker", CONTAINERS, "changes containers"),
    ("podman", CONTAINERS, "changes containers"),
    ("nerdctl", CONTAINERS, "changes containers"),
    (
        "kubectl",
        &[
            "apply", "create", "delete", "edit", "patch", "replace", "scale", "rollout", "drain",
            "cordon", "uncordon", "taint", "label", "annotate", "set", "exec", "cp",
        ],
        "changes the cluster",
    ),
    (
        "helm",
        &["install", "upgrade", "uninstall", "rollback", "delete"],
        "changes the cluster",
    ),
    (
        "git",
        &[
            "pull", "checkout", "reset", "clean", "push", "merge", "rebase", "stash", "commit",
        ],
        WRITES,
    ),
    (
        "tar",
        &[
            "-x",
            "x",
            "-c",
            "c",
            "--extract",
            "--create",
            "xf",
            "xzf",
            "czf",
            "cf",
            "xvf",
            "xvzf",
            "-xf",
            "-xzf",
            "-czf",
        ],
        WRITES,
    ),
    (
        "zfs",
        &["destroy", "create", "set", "rollback", "rename"],
        DISKS,
    ),
    (
        "zpool",
        &["destroy", "create", "add", "remove", "replace", "offline"],
        DISKS,
    ),
    ("lvremove", &["*"], DISKS),
    ("vgremove", &["*"], DISKS),
    ("pvremove", &["*"], DISKS),
    ("lvresize", &["*"], DISKS),
    (
        "mdadm",
        &[
            "--stop",
            "--fail",
            "--remove",
            "--create",
            "--zero-superblock",
        ],
        DISKS,
    ),
];

const CONTAINERS: &[&str] = &[
    "rm", "rmi", "stop", "kill", "restart", "start", "run", "exec", "prune", "pause", "unpause",
    "update", "compose", "build", "pull", "push", "cp", "rename",
];
const REMOVES: &str = "removes things";
const WRITES: &str = "writes files";
const DISKS: &str = "changes disks";
const KILLS: &str = "ends processes";
const PACKAGES: &str = "changes packages";
const ACCOUNTS: &str = "changes accounts";
const NETWORK: &str = "changes the network";

/// Programs that run the command behind them, and those of their options that take a value.
const WRAPPERS: &[(&str, &str)] = &[
    ("sudo", "-u -g -h -p -C -r -t -T -U -D -R"),
    ("doas", "-u -C"),
    ("env", "-u -C -S"),
    ("nice", "-n"),
    ("ionice", "-c -n -p"),
    ("chrt", ""),
    ("taskset", ""),
    ("nohup", ""),
    ("setsid", ""),
    ("timeout", "-s -k"),
    ("time", "-f -o"),
    ("command", ""),
    ("exec", ""),
    ("busybox", ""),
    ("stdbuf", "-i -o -e"),
    ("xargs", "-I -n -P -d -L -s -a -E"),
    ("parallel", "-j"),
    ("watch", "-n"),
    ("flock", "-w -E"),
    ("strace", "-e -o -p"),
    ("chroot", ""),
    ("nsenter", "-t"),
    ("unshare", ""),
    ("systemd-run", "-p -u"),
];

/// Shells, whose `-c` is a command of its own.
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "su", "ssh", "eval"];

/// How deep `sh -c 'sh -c …'` is followed.
const NESTING_MAX: usize = 8;

/// Says why a command is known to change things, or `None` where nothing in it is.
#[must_use]
pub fn changes_things(command: &str) -> Option<Why> {
    look(command, 0)
}

fn look(command: &str, nesting: usize) -> Option<Why> {
    let scan = scan(command, 0);
    let tokens = &scan.tokens;
    for (i, token) in tokens.iter().enumerate() {
        let text = token.span.of(command);
        if token.kind == ShellTokenKind::Redirect && text.contains('>') {
            let target = tokens
                .get(i + 1)
                .filter(|t| t.kind == ShellTokenKind::Target);
            let target = target
                .map(|t| unquote(t.span.of(command)))
                .unwrap_or_default();
            if is_file(text, &target) {
                return Some(Why {
                    word: format!("{text} {target}"),
                    does: "writes a file",
                    span: token.span,
                });
            }
        }
        if token.kind != ShellTokenKind::Command {
            continue;
        }
        // Words inside a substitution belong to another command.
        let own = tokens[i..].iter().take_while(|t| {
            t.depth > token.depth
                || !matches!(t.kind, ShellTokenKind::Operator | ShellTokenKind::Keyword)
        });
        let words: Vec<String> = own
            .filter(|t| t.depth == token.depth)
            .filter(|t| matches!(t.kind, ShellTokenKind::Command | ShellTokenKind::Argument))
            .map(|t| unquote(t.span.of(command)))
            .collect();
        if let Some((word, does)) = words_change(&words, nesting) {
            return Some(Why {
                word,
                does,
                span: token.span,
            });
        }
    }
    None
}

/// Whether a redirect writes to a file rather than to another stream or to nowhere.
fn is_file(op: &str, target: &str) -> bool {
    let stream = op == ">&" && (target == "-" || target.bytes().all(|b| b.is_ascii_digit()));
    let nowhere = matches!(
        target,
        "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty"
    );
    !stream && !nowhere && !target.starts_with("/dev/fd/")
}

fn words_change(words: &[String], nesting: usize) -> Option<(String, &'static str)> {
    let mut words = words;
    // Each turn drops a word, so that this ends.
    loop {
        let (first, rest) = words.split_first()?;
        let name = first.rsplit('/').next().unwrap_or(first);
        if let Some((_, with_value)) = WRAPPERS.iter().find(|(w, _)| *w == name) {
            words = behind_options(rest, name, with_value);
            continue;
        }
        return program_changes(name, rest, nesting);
    }
}

fn program_changes(name: &str, args: &[String], nesting: usize) -> Option<(String, &'static str)> {
    let program = name
        .split_once('.')
        .filter(|(p, _)| *p == "mkfs")
        .map_or(name, |(p, _)| p);
    // `kill -0` and `kill -l` ask.
    let asks = matches!(program, "kill" | "pkill" | "killall")
        && args.iter().any(|a| matches!(a.as_str(), "-0" | "-l"))
        || matches!(program, "dpkg" | "rpm") && args.first().is_some_and(|a| is_query(program, a))
        || matches!(program, "iptables" | "ip6tables")
            && args
                .iter()
                .any(|a| matches!(a.as_str(), "-L" | "-S" | "-nL" | "-vnL"))
        || args.first().is_some_and(|a| READING.contains(&a.as_str()));
    if let Some((_, does)) = PROGRAMS
        .iter()
        .find(|(p, _)| *p == program)
        .filter(|_| !asks)
    {
        return Some((name.to_owned(), does));
    }
    if let Some((_, subs, does)) = SUBCOMMANDS.iter().find(|(p, _, _)| *p == program) {
        let status = args.get(1).is_some_and(|a| a == "status");
        let hit = args.iter().find(|a| {
            let word = a.split('=').next().unwrap_or(a);
            subs.contains(&word) || subs.contains(&"*") && !status
        });
        if let Some(hit) = hit {
            return Some((format!("{name} {hit}"), does));
        }
        // `find -exec rm` and `find … | …` are looked at by their own words.
    }
    if SHELLS.contains(&program) && nesting < NESTING_MAX {
        return args
            .iter()
            .find_map(|a| look(a, nesting + 1))
            .map(|why| (why.word, why.does));
    }
    None
}

/// First operands with which programs that otherwise change things only tell.
const READING: [&str; 14] = [
    "list",
    "show",
    "info",
    "status",
    "search",
    "policy",
    "query",
    "freeze",
    "ls",
    "--version",
    "--help",
    "repolist",
    "check-update",
    "outdated",
];

fn is_query(program: &str, arg: &str) -> bool {
    match program {
        "rpm" => arg.starts_with("-q") || arg == "--query" || arg.starts_with("-V"),
        _ => matches!(
            arg,
            "-l" | "-L" | "-s" | "-S" | "--list" | "--status" | "--listfiles" | "--search"
        ),
    }
}

/// Skips a wrapper's options, its assignments, and the operands that come before the command.
fn behind_options<'a>(words: &'a [String], wrapper: &str, with_value: &str) -> &'a [String] {
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        let value = with_value.split(' ').any(|o| o == word);
        if word == "--" {
            words = rest;
            break;
        } else if word.starts_with('-') {
            words = if value {
                rest.get(1..).unwrap_or_default()
            } else {
                rest
            };
        } else if word.contains('=') && matches!(wrapper, "env" | "sudo" | "doas") {
            words = rest;
        } else {
            break;
        }
    }
    // `timeout 5 CMD`, `flock FILE CMD`, `chroot DIR CMD`.
    if matches!(wrapper, "timeout" | "flock" | "chroot" | "taskset" | "chrt") {
        words = words.get(1..).unwrap_or_default();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_to_change_things_is_found() {
        for command in [
            "rm -rf /tmp/x",
            "/bin/rm x",
            "sudo -u root rm x",
            "cd /x && rm y",
            "for i in 1; do rm $i; done",
            "echo $(rm x)",
            "echo \"$(rm x)\"",
            "ls | xargs -n 1 rm",
            "env A=1 timeout 5 kill 1",
            "A=1 kill 1",
            "systemctl restart nginx",
            "sudo systemctl --no-block stop nginx",
            "mkfs.ext4 /dev/sda",
            "dd if=/dev/zero of=x",
            "apt-get install x",
            "yum -y update",
            "echo 1 > /proc/sys/vm/drop_caches",
            "echo x >> f",
            "echo x >| f",
            "find / -name x -delete",
            "sed -i s/a/b/ f",
            "sh -c 'rm x'",
            "sudo bash -c \"sh -c 'reboot'\"",
            "service nginx restart",
            "docker system prune -f",
            "journalctl --vacuum-size=200M",
            "r\\m x",
            "'rm' x",
            "ls; reboot",
            "if true; then reboot; fi",
        ] {
            assert!(changes_things(command).is_some(), "{command}");
        }
    }

    #[test]
    fn what_only_looks_is_left_alone() {
        for command in [
            "",
            "df -h",
            "echo rm",
            "ls > /dev/null",
            "ls 2>&1",
            "ls 2>/dev/null",
            "systemctl status nginx",
            "systemctl is-active nginx",
            "journalctl -u nginx -n 50",
            "find / -name rm",
            "grep -r reboot /var/log",
            "echo 'a > b'",
            "kill -0 1",
            "service nginx status",
            "docker ps",
            "rpm -qa",
            "dpkg -l",
            "apt list --installed",
            "ip addr show",
            "cat < f",
            "sh -c 'df -h'",
            "sudo df",
            "iptables -L",
        ] {
            assert_eq!(changes_things(command), None, "{command}");
        }
    }

    #[test]
    fn nested_shells_are_followed_to_a_bound() {
        let mut command = "rm x".to_owned();
        for _ in 0..3 {
            command = format!(
                "sh -c \"{}\"",
                command.replace('\\', "\\\\").replace('"', "\\\"")
            );
        }
        assert!(changes_things(&command).is_some());
    }
}
