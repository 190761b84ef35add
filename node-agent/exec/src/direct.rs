//! Lines that need no shell.
//!
//! A shell that must itself start a program costs two and a half times a direct exec, and most
//! lines of an operator are plain words. This file decides, from the text alone and on the
//! careful side, that a line means to every shell just what its words say.

/// Returns the words of `line` if it can be executed without a shell.
///
/// That is so when it consists of plain words only (letters, digits, `_ - . / : @ % + , =` and
/// blanks), and its first word is neither a builtin or reserved word of any common shell, nor
/// an assignment, nor a job (`%1`), nor an option. `None` means that the shell must read it,
/// and is always a safe answer. Whether the program exists is not looked at.
///
/// ```
/// # use hailer_exec::direct_argv;
/// assert_eq!(direct_argv("df -h /var"), Some(vec!["df".into(), "-h".into(), "/var".into()]));
/// assert_eq!(direct_argv("df -h | sort"), None);
/// assert_eq!(direct_argv("cd /var"), None);
/// ```
pub fn direct_argv(line: &str) -> Option<Vec<String>> {
    if !line.bytes().all(|b| is_plain(b) || is_blank(b)) {
        return None;
    }
    let words: Vec<String> = line
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let first = words.first()?;
    let to_the_shell = first.contains('=')
        || first.starts_with(['%', '-', '+'])
        || SHELL_WORDS.binary_search(&first.as_str()).is_ok();
    (!to_the_shell).then_some(words)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'-' | b'.' | b'/' | b':' | b'@' | b'%' | b'+' | b',' | b'='
        )
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Builtins and reserved words of dash, bash, busybox ash, mksh, ksh93, yash and zsh (which any
/// of them may be behind `/bin/sh`), sorted. A word too many costs a shell; a word too few would
/// change what a line means. Left out are programs that mksh also carries inside for speed and
/// that do there what they do elsewhere (`cat`, `sleep`, `realpath`).
const SHELL_WORDS: &[&str] = &[
    ".",
    ":",
    "alias",
    "array",
    "autoload",
    "bg",
    "bind",
    "bindkey",
    "break",
    "builtin",
    "bye",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compctl",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disable",
    "disown",
    "do",
    "done",
    "echo",
    "echotc",
    "echoti",
    "elif",
    "else",
    "emulate",
    "enable",
    "end",
    "enum",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "float",
    "for",
    "foreach",
    "function",
    "functions",
    "getln",
    "getopts",
    "global",
    "hash",
    "help",
    "hist",
    "history",
    "if",
    "in",
    "integer",
    "jobs",
    "kill",
    "let",
    "limit",
    "local",
    "logout",
    "mapfile",
    "nameref",
    "namespace",
    "nocorrect",
    "noglob",
    "popd",
    "print",
    "printf",
    "private",
    "pushd",
    "pushln",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "rehash",
    "repeat",
    "return",
    "sched",
    "select",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "stop",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "ttyctl",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unfunction",
    "unhash",
    "unlimit",
    "unset",
    "unsetopt",
    "until",
    "vared",
    "wait",
    "whence",
    "where",
    "which",
    "while",
    "zle",
    "zmodload",
    "zparseopts",
    "zstyle",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&[&str]>) {
        let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
        assert_eq!(direct_argv(line), expected, "{line:?}");
    }

    #[test]
    fn plain_words_go_directly() {
        check("hostname", Some(&["hostname"]));
        check("  df\t -h   /var ", Some(&["df", "-h", "/var"]));
        check("/usr/bin/env printf", Some(&["/usr/bin/env", "printf"]));
        check(
            "dd if=/dev/zero of=/x bs=1",
            Some(&["dd", "if=/dev/zero", "of=/x", "bs=1"]),
        );
        check("date +%s", Some(&["date", "+%s"]));
        check("ps -o pid,comm", Some(&["ps", "-o", "pid,comm"]));
        check(
            "ssh root@web-1.example:22",
            Some(&["ssh", "root@web-1.example:22"]),
        );
    }

    #[test]
    fn anything_a_shell_could_read_differently_goes_to_the_shell() {
        for line in [
            "",
            "  ",
            "a | b",
            "a;b",
            "a&",
            "a > b",
            "a < b",
            "echo $x",
            "`a`",
            "a 'b'",
            "a \"b\"",
            "a \\b",
            "ls *",
            "ls ?",
            "ls [a]",
            "ls ~",
            "ls ~root/x",
            "a {b,c}",
            "a (b)",
            "! a",
            "a # b",
            "a\nb",
            "a\rb",
            "X=1 env",
            "X=1",
            "%1",
            "-v x",
            "+x",
            "a ^b",
            "caf\u{e9}",
            "a\u{a0}b",
            "a\0b",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn builtins_and_reserved_words_go_to_the_shell() {
        for line in [
            "cd /",
            "export A",
            "true",
            "false",
            "echo a",
            "kill 1",
            "if",
            "time ls",
            "exit 3",
            "command ls",
            "type ls",
            "exec ls",
            ". /etc/profile",
            ": a",
            "ulimit -n",
            "umask",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn the_words_of_shells_are_sorted() {
        assert!(SHELL_WORDS.is_sorted());
    }
}
