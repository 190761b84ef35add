//! Patterns of commands: which words a policy lets somebody read with.
//!
//! A pattern stands for commands of exactly as many words. `*` is one or more characters within one
//! word and never a `/`; `**` may be a `/`, too. A word that begins with `-` fits only where the
//! pattern begins with `-`, so an argument never becomes an option; `..` fits no wildcard.

use std::fmt;
use std::ops::Range;

use crate::limits::{POLICY_WILDCARDS_MAX, POLICY_WORD_MAX};
use crate::mistake::Mistake;

use super::words::{Lexed, NotSimple, Part, Wildcards, lex};

/// A command that may be run, with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPattern {
    program: String,
    arguments: Vec<WordPattern>,
}

/// One word of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WordPattern(Vec<Part>);

impl CommandPattern {
    /// Reads a pattern that stands at byte `base` of a policy, in a rule that allows or one that
    /// denies.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn parse(text: &str, base: usize, is_allowed: bool) -> Result<Self, Mistake> {
        let words = lex(text, Wildcards::Taken).map_err(|(why, at)| not_simple(&why, base + at))?;
        let mut words = words.into_iter();
        let Some(first) = words.next() else {
            return Err(Mistake::new(
                base..base + text.len(),
                "a command is missing",
            ));
        };
        let span = base + first.start..base + first.end;
        let program = program(first, span.clone())?;
        let arguments = words
            .map(|w| WordPattern::new(w, base))
            .collect::<Result<Vec<_>, _>>()?;
        let name = program.rsplit('/').next().unwrap_or_default();
        if is_allowed && arguments.iter().any(WordPattern::has_wildcard) && runs_others(name) {
            return Err(Mistake::new(
                span,
                format!("`{name}` can run other commands, so a `*` behind it allows any"),
            )
            .help("write its arguments out, or grant `run`"));
        }
        Ok(Self { program, arguments })
    }

    /// Whether these are words that the pattern allows.
    #[must_use]
    pub fn matches(&self, argv: &[String]) -> bool {
        self.fits(argv, WordPattern::matches)
    }

    /// Whether these are words that the pattern denies: here a wildcard stands for any text, since
    /// what keeps an `allow` narrow would make a `deny` leak.
    #[must_use]
    pub fn covers(&self, argv: &[String]) -> bool {
        self.fits(argv, WordPattern::covers)
    }

    fn fits(&self, argv: &[String], fits: fn(&WordPattern, &str) -> bool) -> bool {
        let Some((program, arguments)) = argv.split_first() else {
            return false;
        };
        *program == self.program
            && arguments.len() == self.arguments.len()
            && self
                .arguments
                .iter()
                .zip(arguments)
                .all(|(p, a)| fits(p, a))
    }

    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }
}

impl WordPattern {
    fn new(word: Lexed, base: usize) -> Result<Self, Mistake> {
        let span = base + word.start..base + word.end;
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        if word.parts.windows(2).any(|p| !p.iter().any(is_text)) {
            return Err(Mistake::new(span, "wildcards stand side by side")
                .help("`*` is one or more characters without `/`, `**` is any"));
        }
        let n_wildcards = word.parts.iter().filter(|p| !is_text(p)).count();
        if n_wildcards > POLICY_WILDCARDS_MAX {
            let message =
                format!("{n_wildcards} wildcards in one word, at most {POLICY_WILDCARDS_MAX}");
            return Err(Mistake::new(span, message));
        }
        Ok(Self(word.parts))
    }

    fn has_wildcard(&self) -> bool {
        self.0.iter().any(|p| !matches!(p, Part::Text(_)))
    }

    fn matches(&self, word: &str) -> bool {
        if !self.has_wildcard() {
            return match self.0.as_slice() {
                [] => word.is_empty(),
                [Part::Text(text)] => text == word,
                _ => false,
            };
        }
        let says_option = matches!(self.0.first(), Some(Part::Text(t)) if t.starts_with('-'));
        let climbs = word.split(['/', '=', ':', ',']).any(|piece| piece == "..");
        if word.len() > POLICY_WORD_MAX || climbs || (word.starts_with('-') && !says_option) {
            return false;
        }
        self.reaches_end(word, false)
    }

    fn covers(&self, word: &str) -> bool {
        self.reaches_end(word, true)
    }

    fn reaches_end(&self, word: &str, takes_slash: bool) -> bool {
        // Which byte positions the parts so far can have come to.
        let mut reached = vec![false; word.len() + 1];
        reached[0] = true;
        for part in &self.0 {
            reached = match part {
                Part::Text(text) => after_text(&reached, word.as_bytes(), text.as_bytes()),
                Part::Star => after_wildcard(&reached, word.as_bytes(), takes_slash),
                Part::Stars => after_wildcard(&reached, word.as_bytes(), true),
            };
        }
        reached[word.len()]
    }
}

fn after_text(reached: &[bool], word: &[u8], text: &[u8]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    for at in (0..reached.len()).filter(|&at| reached[at]) {
        if word[at..].starts_with(text) {
            next[at + text.len()] = true;
        }
    }
    next
}

fn after_wildcard(reached: &[bool], word: &[u8], takes_slash: bool) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    let mut is_open = false;
    for (at, &byte) in word.iter().enumerate() {
        is_open = (is_open || reached[at]) && (takes_slash || byte != b'/');
        next[at + 1] = is_open;
    }
    next
}

fn program(word: Lexed, span: Range<usize>) -> Result<String, Mistake> {
    match <[Part; 1]>::try_from(word.parts) {
        Ok([Part::Text(text)]) if text.contains('=') => Err(Mistake::new(
            span,
            format!("`{text}` sets a variable: the program must stand first"),
        )),
        Ok([Part::Text(text)]) => Ok(text),
        Err(parts) if parts.is_empty() => Err(Mistake::new(span, "the program is missing")),
        Ok(_) | Err(_) => Err(Mistake::new(span, "the program must be written out")
            .label("no wildcard here")
            .help("write one `command` line for each program")),
    }
}

fn not_simple(why: &NotSimple, at: usize) -> Mistake {
    let mistake = Mistake::new(at..at + 1, format!("this is not one simple command: {why}"));
    match why {
        NotSimple::Unquoted('#') => mistake.help("comments stand on lines of their own"),
        NotSimple::Unquoted(_) => mistake.help("put it in quotes"),
        NotSimple::Syntax(_) => {
            mistake.help("a read has no shell: name one program and its arguments, or grant `run`")
        }
        NotSimple::Empty
        | NotSimple::Unclosed(_)
        | NotSimple::Hidden(_)
        | NotSimple::Assignment(_)
        | NotSimple::TooLong => mistake,
    }
}

impl fmt::Display for CommandPattern {
    /// Prints the pattern so that it reads back as itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &self.program)?;
        for word in &self.arguments {
            f.write_str(" ")?;
            if word.0.is_empty() {
                f.write_str("''")?;
            }
            for part in &word.0 {
                match part {
                    Part::Text(text) => write_text(f, text)?,
                    Part::Star => f.write_str("*")?,
                    Part::Stars => f.write_str("**")?,
                }
            }
        }
        Ok(())
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+^".contains(c);
    if text.chars().all(is_plain) {
        return f.write_str(text);
    }
    for (n, piece) in text.split('\'').enumerate() {
        if n > 0 {
            f.write_str("\"'\"")?;
        }
        if !piece.is_empty() {
            write!(f, "'{piece}'")?;
        }
    }
    Ok(())
}

/// Whether a program runs what it is told to: shells, interpreters, pagers and editors with an
/// escape, and whatever starts another program.
fn runs_others(name: &str) -> bool {
    // `python3.12`, `perl5.36`, `lua5.4`.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    RUNS_OTHERS.contains(&name)
}

#[rustfmt::skip]
const RUNS_OTHERS: &[&str] = &[
    "ansible", "ash", "at", "awk", "bash", "batch", "busybox", "bwrap", "capsh", "chroot", "chrt",
    "crontab", "csh", "dash", "dbus-send", "docker", "doas", "ed", "emacs", "env", "ex", "expect",
    "fakeroot", "find", "fish", "flock", "gawk", "gdb", "git", "ionice", "julia", "kexec", "ksh",
    "kubectl", "less", "lua", "machinectl", "make", "man", "mawk", "more", "most", "nano", "nc",
    "ncat", "nerdctl", "nice", "node", "nohup", "nsenter", "parallel", "perl", "php", "pkexec",
    "podman", "pwsh", "python", "rpm", "rsync", "ruby", "run-parts", "runuser", "scp", "screen",
    "script", "sed", "setarch", "setpriv", "setsid", "sftp", "sg", "sh", "socat", "ssh", "sshpass",
    "start-stop-daemon", "stdbuf", "strace", "su", "sudo", "systemd-nspawn", "systemd-run", "tar",
    "taskset", "tcsh", "tclsh", "time", "timeout", "tmux", "unshare", "vi", "view", "vim", "nvim",
    "watch", "xargs", "zip", "zsh", "ltrace", "perf", "bpftrace", "sqlite", "mysql", "psql",
];
