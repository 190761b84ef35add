//! The lines behind one: pasted, sourced, or typed ahead while it ran. They go on after a line whose
//! nodes merely failed or could not be reached, which on a fleet is a day like any other; behind a
//! line that came to nothing they may be meant for a scope that was not set, and do not run.

use hailer_protocol::clean::Clean;

use super::Repl;
use crate::clock;
use crate::exit::Exit;
use crate::history::Outcome;

/// Lines that were not run which are shown; the up arrow brings all of them back.
const SHOWN_MAX: usize = 5;

/// Why the lines behind a line do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The line was a mistake.
    Mistake,
    /// Its selector stands for no node.
    NoTargets,
    /// It was halted before all nodes had their turn.
    Halted,
    /// hailer itself failed.
    OwnFailure,
    /// Ctrl-C.
    Interrupted,
    /// The operator did not agree to it.
    Declined,
    /// It could not be carried out.
    Failed,
}

impl Stop {
    /// Returns why nothing goes on behind a line that was carried out, or `None` if it does: what its
    /// nodes came to is data.
    pub(super) fn after(exit: Exit) -> Option<Self> {
        match exit {
            Exit::USAGE => Some(Self::Mistake),
            Exit::NO_TARGETS => Some(Self::NoTargets),
            Exit::HALTED => Some(Self::Halted),
            Exit::OWN_FAILURE => Some(Self::OwnFailure),
            Exit::INTERRUPTED => Some(Self::Interrupted),
            Exit(_) => None,
        }
    }

    /// Returns why nothing goes on behind a line that could not be carried out.
    pub(super) fn after_error(exit: Exit) -> Self {
        Self::after(exit).unwrap_or(Self::Failed)
    }

    const fn why(self) -> &'static str {
        match self {
            Self::Mistake => "this line is a mistake",
            Self::NoTargets => "its scope is no scope",
            Self::Halted => "it was halted",
            Self::OwnFailure => "hailer itself failed",
            Self::Interrupted => "Ctrl-C was pressed",
            Self::Declined => "it was not agreed to",
            Self::Failed => "it could not be carried out",
        }
    }
}

/// A line that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Its text.
    pub(super) text: String,
    /// It goes into the history if it is not run: it was typed or pasted, and not with a blank first.
    pub(super) is_kept: bool,
}

impl Repl {
    /// Drops the lines behind one; those that somebody typed stay in the history. Returns what is said
    /// of them.
    pub(super) async fn drop_what_follows(&mut self, stop: Stop) -> String {
        let mut dropped: Vec<Waiting> = self.waiting.drain(..).collect();
        let ahead = self.editor.forget_typed_ahead().await.into_iter();
        dropped.extend(ahead.filter(|text| !text.trim().is_empty()).map(|text| {
            let is_kept = !text.starts_with(' ');
            Waiting { text, is_kept }
        }));
        for line in dropped.iter().filter(|line| line.is_kept) {
            // One that is too long for the history is shown all the same.
            if let Ok(id) = self.history.add(&line.text, clock::wall()) {
                self.history.ended(id, &Outcome::not_run());
            }
        }
        let lines: Vec<String> = dropped.into_iter().map(|line| line.text).collect();
        not_run(&lines, stop)
    }
}

/// What is said of lines that were not run; nothing if there are none.
fn not_run(lines: &[String], stop: Stop) -> String {
    let why = stop.why();
    let mut said = match lines.len() {
        0 => return String::new(),
        1 => format!("{why}: the line behind it was not run (the up arrow brings it back)\n"),
        n => {
            format!("{why}: the {n} lines behind it were not run (the up arrow brings them back)\n")
        }
    };
    for line in lines.iter().take(SHOWN_MAX) {
        said.push_str(&format!("  {}\n", Clean::line(line)));
    }
    if lines.len() > SHOWN_MAX {
        said.push_str("  …\n");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nodes_come_to_is_data_and_lines_go_on_behind_it() {
        for exit in [Exit::OK, Exit::FAILED, Exit::INCOMPLETE, Exit(5), Exit(7)] {
            assert_eq!(Stop::after(exit), None, "{exit:?}");
        }
        for (exit, stop) in [
            (Exit::USAGE, Stop::Mistake),
            (Exit::NO_TARGETS, Stop::NoTargets),
            (Exit::HALTED, Stop::Halted),
            (Exit::OWN_FAILURE, Stop::OwnFailure),
            (Exit::INTERRUPTED, Stop::Interrupted),
        ] {
            assert_eq!(Stop::after(exit), Some(stop));
        }
        assert_eq!(Stop::after_error(Exit::INCOMPLETE), Stop::Failed);
    }

    #[test]
    fn lines_that_were_not_run_are_shown_with_why_and_cannot_command_the_terminal() {
        let lines = ["touch \x1b[2Jharm".to_owned()];
        assert_eq!(
            not_run(&lines, Stop::Declined),
            "it was not agreed to: the line behind it was not run (the up arrow brings it back)\n  \
             touch \\e[2Jharm\n"
        );
        let lines: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        let said = not_run(&lines, Stop::Interrupted);
        assert!(
            said.starts_with("Ctrl-C was pressed: the 7 lines"),
            "{said}"
        );
        assert!(said.ends_with("  4\n  …\n"), "{said}");
        assert_eq!(not_run(&[], Stop::Mistake), "");
    }
}
