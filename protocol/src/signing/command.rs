//! The command of a run as the operator signed it: for people and for policies to read.

use serde::{Deserialize, Serialize};

use crate::ids::Digest;
use crate::limits::SIGNED_COMMAND_MAX;
use crate::message::Probe;
use crate::time::Wall;
use crate::units::display_value;
use crate::value::Value;

/// A command's text. One that is too long for every node's signature block is signed by its
/// beginning, its length and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The text, or its beginning: at most [`SIGNED_COMMAND_MAX`] bytes.
    pub text: String,
    /// What stands for the whole where `text` is only its beginning.
    pub cut: Option<Cut>,
}

/// What stands for a text that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Bytes of the whole text.
    pub bytes: u32,
    /// Its digest.
    pub digest: Digest,
}

impl Command {
    /// Returns the command that asks for `probe`. Operator and node both make it, and compare.
    #[must_use]
    pub fn of(probe: &Probe) -> Self {
        Self::new(match probe {
            Probe::Shell(text) => text.clone(),
            Probe::Each { command, .. } => command.clone(),
            Probe::Argv(words) => words
                .iter()
                .map(|w| quoted(w))
                .collect::<Vec<_>>()
                .join(" "),
            Probe::Metric(name) => format!("metric {name}"),
            Probe::Facts(names) => format!("facts {}", names.join(", ")).trim_end().to_owned(),
            Probe::Runs => "jobs".to_owned(),
            Probe::Attach(run) => format!("attach {run}"),
            Probe::Cancel(run) => format!("cancel {run}"),
            Probe::Audit { since, until, .. } => {
                format!("audit{}{}", moment("since", since), moment("until", until))
            }
            Probe::AuditHead(_) => "audit head".to_owned(),
            // Each node has its own set, which the signature covers as it covers the rows of a deed.
            Probe::Apply(set) => format!("apply {}", set.generation),
            Probe::Stow(specs) => format!("stow {} automations", specs.len()),
            Probe::Automations => "automations".to_owned(),
            Probe::Events { since, until, .. } => {
                format!("events{}{}", moment("since", since), moment("until", until))
            }
            Probe::Control(control) => control.to_string(),
            Probe::Replay { .. } => "rehearse".to_owned(),
        })
    }

    /// Makes the command of a text, cut between characters where it is too long.
    #[must_use]
    pub fn new(mut text: String) -> Self {
        if text.len() <= SIGNED_COMMAND_MAX {
            return Self { text, cut: None };
        }
        let cut = Cut {
            // Far below: a command fits into an envelope.
            bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
            digest: Digest::of(text.as_bytes()),
        };
        text.truncate(text.floor_char_boundary(SIGNED_COMMAND_MAX));
        Self {
            text,
            cut: Some(cut),
        }
    }
}

impl std::fmt::Display for Command {
    /// Prints the text as it is: whoever shows it cleans it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        match &self.cut {
            None => Ok(()),
            Some(cut) => write!(f, "… ({} bytes, BLAKE3 {})", cut.bytes, cut.digest),
        }
    }
}

/// One bound of a time.
fn moment(word: &str, at: &Option<Wall>) -> String {
    at.map_or_else(String::new, |at| {
        format!(" {word} {}", display_value(&Value::Time(at.0)))
    })
}

/// As a shell would want the word: what a person reads must not mean two lists of words.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
