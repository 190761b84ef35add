//! Commands that are known to change things, so that the prompt asks before many nodes run them.
//!
//! The list is a help against slips, not a guard: a program that is not in it may do anything, and
//! a quoted word may hide one that is. What may not happen, the node's policy refuses.

use crate::lexer::shell_scan::{ShellTokenKind, scan, unquote};
use crate::span::Span;
use programs::WRAPPERS;
pub use programs::{PROGRAMS, SUBCOMMANDS};

mod ask;
mod programs;

pub use ask::AskBar;

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
        || args
            .first()
            .is_some_and(|a| matches!(a.as_str(), "--help" | "--version"));
    let reads = || args.first().is_some_and(|a| READING.contains(&a.as_str()));
    if let Some((_, does)) = PROGRAMS.iter().find(|(p, _)| *p == program) {
        // To what works on files every operand is a file: `rm status` removes one.
        let takes_files = [programs::REMOVES, programs::WRITES].contains(does);
        if !asks && (takes_files || !reads()) {
            return Some((name.to_owned(), does));
        }
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
const READING: [&str; 12] = [
    "list",
    "show",
    "info",
    "status",
    "search",
    "policy",
    "query",
    "freeze",
    "ls",
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
