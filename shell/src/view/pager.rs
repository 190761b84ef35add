//! A pager for texts that are longer than the screen: the operator's own, on a terminal only.

use std::fmt;
use std::io::{self, IsTerminal as _};

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

/// Returns the command that a text is shown by, if it is longer than the screen and the screen is one
/// that can be paged on.
#[must_use]
pub fn command_for(text: &str, pager: &Pager) -> Option<String> {
    let is_long = stdout_size().is_some_and(|size| rows_of(text, size.columns) >= size.rows.into());
    let both = io::stdout().is_terminal() && io::stdin().is_terminal();
    if !is_long || !both || is_dumb() {
        return None;
    }
    pager.command(|name| std::env::var(name).ok())
}

/// Whether the terminal can do no more than print.
#[must_use]
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
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

/// Returns what `/bin/sh -c` is given, so that keys which are meant for the pager leave it in its place:
/// Ctrl-Z stops nothing that nobody could continue, and Ctrl-C does not end the shell around a pager
/// that takes it for itself.
#[must_use]
pub fn script(command: &str) -> String {
    format!("trap '' TSTP; trap : INT\n{command}")
}

/// Returns the variables that a pager gets; `env` returns a variable's value. `less` is kept from
/// running programs and from writing files: what an operator types ahead, or pastes, may reach it.
#[must_use]
pub fn variables(env: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let mut variables = vec![("LESSSECURE", "1".to_owned())];
    if env("LESS").is_none() {
        variables.push(("LESS", LESS.to_owned()));
    }
    variables
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
    fn less_is_always_kept_from_running_programs() {
        let found = variables(|name| (name == "LESS").then(|| "R".to_owned()));
        assert_eq!(found, [("LESSSECURE", "1".to_owned())]);
        let found = variables(|_| None);
        assert!(found.contains(&("LESSSECURE", "1".to_owned())));
        assert!(found.contains(&("LESS", LESS.to_owned())));
    }

    #[test]
    fn a_long_line_takes_the_rows_that_it_wraps_to() {
        assert_eq!(rows_of("a\n\nbb\n", 80), 3);
        assert_eq!(rows_of(&"x".repeat(161), 80), 3);
        assert_eq!(rows_of("\x1b[31mfailed\x1b[0m 12", 9), 1);
    }
}
