//! What lines are run with: the flags of the command line, and what `set` changes.

use std::time::Duration;

use hailer_lang::danger::{AskBar, changes_things};
use hailer_lang::facts::AGE_MAX_DEFAULT;
use hailer_lang::plan::Source;
use hailer_lang::spread::Spread;

use crate::error::ShellError;
use crate::fleet::Wish;
use crate::fleet::policy::MAX_IN_FLIGHT_DEFAULT;
use crate::session::RequestWish;
use crate::view::pager::Pager;
use crate::view::style::Theme;

/// Which shell carries commands out on the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeShell {
    /// `/bin/sh`, which every node has.
    #[default]
    Sh,
    /// `bash`, where the nodes have it; what only bash understands is no mistake then.
    Bash,
}

/// Lines a second that `follow` shows on a terminal: more than anybody reads, and little enough for
/// Ctrl-C to stop what is seen at once.
const FOLLOW_RATE_DEFAULT: u32 = 1_000;

/// After how long a node kills the command of a gate that has no timeout: a gate that waits for ever
/// holds the run up for ever, and nobody may be there to see it.
const GATE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

/// A directory that the answers of one line go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutDirWish {
    /// The directory.
    pub dir: std::path::PathBuf,
    /// What an earlier run left there is removed.
    pub force: bool,
}

/// How lines are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// After how long a node kills a command.
    pub timeout: Option<Duration>,
    /// After how long a whole run ends.
    pub deadline: Option<Duration>,
    /// How runs are spread by the program's flags; a line's deed, where it has one, and its command
    /// otherwise.
    pub spread: Spread,
    /// How what changes things is spread where neither the line nor a flag says so.
    pub care: Spread,
    /// A folder in which each result's answers get one of their own.
    pub answers_in: Option<String>,
    /// Where a line's answers go beside the result.
    pub out_dir: Option<OutDirWish>,
    /// How many nodes are asked at the same time, whatever they do; by default a thousand, and a
    /// node that shows no sign of life gives its place to the next.
    pub max_in_flight: Option<usize>,
    /// Fail before anything runs if fewer nodes are selected.
    pub expect: Option<u64>,
    /// Runs are signed, written there, and sent to nobody.
    pub request: Option<RequestWish>,
    /// Show what would run, and run nothing.
    pub dry_run: bool,
    /// Commands outlive this shell; nobody waits for their answers.
    pub detach: bool,
    /// A result with rows is a failure.
    pub fail_if_rows: bool,
    /// How many lines a second `follow` shows on a terminal; `None` for all.
    pub follow_rate: Option<u32>,
    /// What is signed beside a request: why, as whom, and whether only as a reading.
    pub wish: Wish,
    /// From how many nodes on the prompt asks before a line that changes things; `None` for never.
    pub ask: Option<AskBar>,
    /// How old a node's facts may be for a selector to go by them.
    pub facts_age: Duration,
    /// Which shell carries commands out.
    pub shell: NodeShell,
    /// In which colours text is drawn.
    pub theme: Theme,
    /// What shows a text that is longer than the screen.
    pub pager: Pager,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: None,
            deadline: None,
            spread: Spread::default(),
            care: Spread::default(),
            answers_in: None,
            out_dir: None,
            max_in_flight: None,
            expect: None,
            request: None,
            dry_run: false,
            detach: false,
            fail_if_rows: false,
            follow_rate: Some(FOLLOW_RATE_DEFAULT),
            wish: Wish::default(),
            ask: Some(AskBar::default()),
            facts_age: AGE_MAX_DEFAULT,
            shell: NodeShell::default(),
            theme: Theme::default(),
            pager: Pager::default(),
        }
    }
}

/// The settings that `set` knows, with what they mean.
pub const NAMES: &[(&str, &str)] = &[
    (
        "timeout",
        "kill a command on its node after this long (30s, 5m, off)",
    ),
    ("deadline", "end a whole run after this long (30s, 5m, off)"),
    ("max_in_flight", "how many nodes are asked at the same time"),
    (
        "canary",
        "what changes things goes to so many nodes first: run, and commands such as rm (1,5%,25%, or off)",
    ),
    (
        "max_failures",
        "what changes things halts when more nodes fail than this (a number, a share, or off)",
    ),
    (
        "max_unreachable",
        "what changes things halts when more nodes cannot be reached (a number, a share, or off)",
    ),
    (
        "out_dir",
        "each result's answers also go to a folder of their own in this one (a folder, or off)",
    ),
    (
        "facts_age",
        "how old facts may be for selectors such as kernel~'^5' to go by them (30s, 10m)",
    ),
    (
        "follow_rate",
        "how many lines a second `follow` shows on a terminal (a number, or off); a pipe gets all",
    ),
    (
        "ask",
        "ask before a line that changes things on more nodes than this, or than 10% of the fleet if that is more (a number; auto: 50, and most of any fleet; off)",
    ),
    (
        "reason",
        "why: signed with each run, written down on every node, wanted by some policies (a text, or off)",
    ),
    (
        "run_as",
        "as which user of the nodes commands run; their policies say who may (a name, or off)",
    ),
    (
        "read_only",
        "commands run only as readings: what a node lists, in its sandbox (on, or off)",
    ),
    (
        "shell",
        "what carries commands out on the nodes (sh, or bash where they have it)",
    ),
    ("theme", "colours (auto, dark, light, mono)"),
    (
        "pager",
        "what shows a text that is longer than the screen (auto, off, or a command)",
    ),
];

impl Settings {
    /// Whether the prompt asks before a line that changes things on `n` of `fleet` nodes.
    #[must_use]
    pub fn asks(&self, n: usize, fleet: usize) -> bool {
        self.ask.is_some_and(|bar| bar.asks(n, fleet))
    }

    /// Returns how a deed is spread: by its own flags, those of the program, and what `set` says.
    #[must_use]
    pub fn spread_of_deed(&self, own: &Spread) -> Spread {
        own.clone().or(&self.spread).or(&self.care)
    }

    /// Returns how a line without a deed is spread. What `set` says is for commands that are known
    /// to change things: a question to all nodes is not asked in stages.
    #[must_use]
    pub fn spread_of(&self, source: &Source) -> Spread {
        match source {
            Source::Command(line) | Source::Each(line) if changes_things(line).is_some() => {
                self.spread.clone().or(&self.care)
            }
            Source::Command(_)
            | Source::Each(_)
            | Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. }
            | Source::Nodes
            | Source::File { .. }
            | Source::Result(_) => self.spread.clone(),
        }
    }

    /// Returns after how long a node kills the command of a gate.
    #[must_use]
    pub fn gate_timeout(&self) -> Duration {
        self.timeout.unwrap_or(GATE_TIMEOUT_DEFAULT)
    }

    /// Returns all settings as `set` prints them.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut out = String::new();
        for (name, meaning) in NAMES {
            out.push_str(&format!("{name:<16} {:<8} {meaning}\n", self.get(name)));
        }
        out
    }

    /// Returns one setting as `set NAME` prints it.
    ///
    /// # Errors
    /// When there is no such setting.
    pub fn describe_one(&self, name: &str) -> Result<String, ShellError> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        let (name, meaning) = found.ok_or_else(|| unknown(name))?;
        Ok(format!("{name} {}: {meaning}\n", self.get(name)))
    }

    fn get(&self, name: &str) -> String {
        let off = || "off".to_owned();
        let duration =
            |d: Option<Duration>| d.map_or_else(|| "off".to_owned(), |d| format!("{d:?}"));
        match name {
            "timeout" => duration(self.timeout),
            "deadline" => duration(self.deadline),
            "max_in_flight" => {
                let n = self.max_in_flight;
                n.map_or_else(|| format!("({MAX_IN_FLIGHT_DEFAULT})"), |n| n.to_string())
            }
            "facts_age" => format!("{:?}", self.facts_age),
            "follow_rate" => self
                .follow_rate
                .map_or_else(|| "off".to_owned(), |n| n.to_string()),
            "ask" => match self.ask {
                None => "off".to_owned(),
                Some(bar) if bar == AskBar::default() => "auto".to_owned(),
                Some(bar) => bar.nodes.to_string(),
            },
            "reason" => self.wish.reason.clone().unwrap_or_else(off),
            "run_as" => self.wish.run_as.clone().unwrap_or_else(off),
            "read_only" if self.wish.reads_only => "on".to_owned(),
            "read_only" => off(),
            "shell" => match self.shell {
                NodeShell::Sh => "sh".to_owned(),
                NodeShell::Bash => "bash".to_owned(),
            },
            "canary" => {
                let stages: Vec<String> =
                    self.care.canary.iter().map(ToString::to_string).collect();
                if stages.is_empty() {
                    off()
                } else {
                    stages.join(",")
                }
            }
            "max_failures" => self.care.max_failures.map_or_else(off, |n| n.to_string()),
            "max_unreachable" => self
                .care
                .max_unreachable
                .map_or_else(off, |n| n.to_string()),
            "out_dir" => self.answers_in.clone().unwrap_or_else(off),
            "theme" => self.theme.name().to_owned(),
            "pager" => self.pager.to_string(),
            _ => String::new(),
        }
    }

    /// Changes one setting.
    ///
    /// # Errors
    /// When there is no such setting, or it cannot have that value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ShellError> {
        let wrong = |wanted: &str| {
            ShellError::usage(format!("`{name}` cannot be `{value}`"))
                .hint(format!("give {wanted}"))
        };
        let duration = || match value {
            "off" => Ok(None),
            text => crate::cli::duration(text)
                .map(Some)
                .map_err(|_| wrong("a duration such as 30s or 5m, or `off`")),
        };
        match name {
            "timeout" => self.timeout = duration()?,
            "deadline" => self.deadline = duration()?,
            "max_in_flight" => {
                let n = value.parse().ok().filter(|n| *n > 0);
                self.max_in_flight = Some(n.ok_or_else(|| wrong("a number from 1"))?);
            }
            "facts_age" => {
                let age = crate::cli::duration(value);
                self.facts_age = age.map_err(|_| wrong("a duration such as 30s or 10m"))?;
            }
            "follow_rate" if value == "off" => self.follow_rate = None,
            "follow_rate" => {
                let n = value.parse().ok().filter(|n| *n > 0);
                self.follow_rate = Some(n.ok_or_else(|| wrong("a number from 1, or `off`"))?);
            }
            "ask" if value == "off" => self.ask = None,
            "ask" if value == "auto" => self.ask = Some(AskBar::default()),
            "ask" => {
                let nodes = value.parse();
                let nodes = nodes.map_err(|_| wrong("a number, `auto` or `off`"))?;
                self.ask = Some(AskBar::of(nodes));
            }
            "canary" if value == "off" => self.care.canary = Vec::new(),
            "max_failures" if value == "off" => self.care.max_failures = None,
            "max_unreachable" if value == "off" => self.care.max_unreachable = None,
            "canary" | "max_failures" | "max_unreachable" => {
                let flag = name.replace('_', "-");
                let set = self.care.set(&flag, value);
                set.map_err(|e| {
                    wrong(&format!(
                        "{}, or `off`",
                        e.help.trim_start_matches("write ")
                    ))
                })?;
            }
            "out_dir" => self.answers_in = (value != "off").then(|| value.to_owned()),
            "reason" | "run_as" | "read_only" => {
                if let Err(wanted) = self.wish.set(name, value) {
                    return Err(wrong(wanted));
                }
            }
            "shell" => {
                self.shell = match value {
                    "sh" => NodeShell::Sh,
                    "bash" => NodeShell::Bash,
                    _ => return Err(wrong("`sh` or `bash`")),
                };
            }
            "theme" => {
                let theme = Theme::by_name(value);
                self.theme = theme.ok_or_else(|| wrong("auto, dark, light or mono"))?;
            }
            "pager" => self.pager = Pager::of(value),
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

fn unknown(name: &str) -> ShellError {
    let known = NAMES.iter().map(|n| n.0);
    let near = hailer_lang::nearest::nearest(name, known.clone());
    let hint = near.map_or_else(
        || format!("the settings are {}", known.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    ShellError::usage(format!("there is no setting `{name}`")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_changes_things_is_asked_about_above_the_greater_of_both_bars() {
        let settings = Settings::default();
        assert!(!settings.asks(50, 100));
        assert!(settings.asks(51, 100));
        assert!(!settings.asks(900, 10_000));
        assert!(settings.asks(1_001, 10_000));
    }

    #[test]
    fn a_wrong_value_changes_nothing_and_says_what_would_do() {
        let mut settings = Settings::default();
        let error = settings.set("timeout", "soon").expect_err("no duration");
        assert!(error.to_string().contains("30s"), "{error}");
        assert!(
            settings
                .set("tiemout", "3s")
                .expect_err("typo")
                .to_string()
                .contains("`timeout`")
        );
        assert_eq!(settings, Settings::default());
        settings.set("timeout", "30s").expect("fine");
        assert_eq!(settings.timeout, Some(Duration::from_secs(30)));
    }
}
