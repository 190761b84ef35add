//! A pager for texts that are longer than the screen: the operator's own, on a terminal only.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use super::measure::width_of;
use super::terminal::stdout_size;

/// What `less` is told unless the operator has told it something: colours pass, a text that fits
/// is printed and left, and searching ignores case.
const LESS: &str = "FIRX";

/// What shows a text that is longer than the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Pager {
    /// `$HAILER_PAGER`, `$PAGER`, or `less`.
    #[default]
    Auto,
    /// Nothing: the text is printed.
    Off,
    /// This command.
    Command(String),
}

impl Pager {
    /// Reads a setting.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "auto" => Self::Auto,
            "off" => Self::Off,
            command => Self::Command(command.to_owned()),
        }
    }

    /// Returns the command; `env` returns a variable's value. `None` for no pager.
    fn command(&self, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        let is_none = |command: &String| matches!(command.trim(), "" | "cat" | "off");
        match self {
            Self::Off => None,
            Self::Command(command) => Some(command.clone()).filter(|c| !is_none(c)),
            Self::Auto => {
                // A variable that is set and empty asks for none.
                let found = ["HAILER_PAGER", "PAGER"].into_iter().find_map(env);
                Some(found.unwrap_or_else(|| "less".to_owned())).filter(|c| !is_none(c))
            }
        }
    }
}

impl fmt::Display for Pager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::Command(command) => f.write_str(command),
        }
    }
}

/// Prints a text that was cleaned, through the pager if it is longer than the screen and the screen
/// is one. A pager that cannot be had is done without.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(text: &str, pager: &Pager) -> io::Result<()> {
    if let Some(command) = command_for(text, pager)
        && page(text, &command)?
    {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether [`print()`] lets a pager have the terminal.
#[must_use]
pub fn is_wanted(text: &str, pager: &Pager) -> bool {
    command_for(text, pager).is_some()
}

fn command_for(text: &str, pager: &Pager) -> Option<String> {
    let is_long = stdout_size().is_some_and(|size| rows_of(text, size.columns) >= size.rows.into());
    let both = io::stdout().is_terminal() && io::stdin().is_terminal();
    if !is_long || !both {
        return None;
    }
    pager.command(|name| std::env::var(name).ok())
}

/// Rows that a text takes on a screen; our own colours take none.
fn rows_of(text: &str, columns: u16) -> usize {
    let columns = usize::from(columns.max(1));
    let width = |line: &str| {
        let mut pieces = line.split('\x1b');
        let first = pieces.next().map_or(0, width_of);
        let behind =
            pieces.map(|piece| piece.split_once('m').map_or(0, |(_, text)| width_of(text)));
        first + behind.sum::<usize>()
    };
    text.lines()
        .map(|line| width(line).div_ceil(columns).max(1))
        .sum()
}

/// Shows a text in a pager; returns whether there was one.
fn page(text: &str, command: &str) -> io::Result<bool> {
    let mut pager = Command::new("/bin/sh");
    pager.arg("-c").arg(command).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        pager.env("LESS", LESS);
    }
    let Ok(mut child) = pager.spawn() else {
        return Ok(false);
    };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever leaves the pager before the end has seen enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    // 126 and 127: the shell found no such program.
    let status = child.wait()?;
    Ok(!matches!(status.code(), Some(126 | 127)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_goes_before_the_environment_and_nothing_means_none() {
        for (setting, env, expected) in [
            ("auto", &[][..], Some("less")),
            ("auto", &[("PAGER", "more")], Some("more")),
            (
                "auto",
                &[("HAILER_PAGER", "most"), ("PAGER", "more")],
                Some("most"),
            ),
            ("auto", &[("HAILER_PAGER", ""), ("PAGER", "more")], None),
            ("auto", &[("PAGER", "cat")], None),
            ("off", &[("PAGER", "more")], None),
            ("less -S", &[("PAGER", "more")], Some("less -S")),
        ] {
            let lookup = |name: &str| {
                let found = env.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let found = Pager::of(setting).command(lookup);
            assert_eq!(found.as_deref(), expected, "{setting} {env:?}");
        }
    }

    #[test]
    fn a_long_line_takes_the_rows_that_it_wraps_to() {
        assert_eq!(rows_of("a\n\nbb\n", 80), 3);
        assert_eq!(rows_of(&"x".repeat(161), 80), 3);
        assert_eq!(rows_of("\x1b[31mfailed\x1b[0m 12", 9), 1);
    }
}
