//! Where the answers of each line go, with `--out-dir` and several lines that ask nodes: `DIR/1`,
//! `DIR/2` and so on, so that no line takes the place of another. One line alone has `DIR` itself.

use hailer_lang::ast::Line;
use hailer_lang::parse::{KnownNames, parse};

use super::told::no_out_dir;
use crate::error::ShellError;
use crate::output::out_dir::OutDir;
use crate::script::Statement;
use crate::session::Session;
use crate::settings::OutDirWish;

/// The directories of a session's lines.
pub(super) struct Places {
    /// The directory that was asked for, where each line gets one of its own in it.
    within: Option<OutDirWish>,
    /// How many lines have had one.
    n: u32,
}

impl Places {
    /// Finds out which lines need a directory.
    ///
    /// # Errors
    /// When one of them holds what an earlier run left, or cannot be one: before any line runs.
    pub(super) fn of(session: &Session, statements: &[Statement]) -> Result<Self, ShellError> {
        let names = session.known_names();
        let asking = statements.iter();
        let asking = asking.filter(|s| asks(&s.text, &names)).count();
        // What a file of lines holds is known when it is read.
        let reads_more = statements.iter().any(|s| reads_lines(&s.text, &names));
        let within = session.settings.out_dir.clone();
        let within = within.filter(|_| asking > 1 || reads_more);
        if let Some(wish) = &within {
            for n in 1..=asking {
                let dir = wish.dir.join(n.to_string());
                OutDir::check(&dir, wish.force).map_err(no_out_dir)?;
            }
        }
        Ok(Self { within, n: 0 })
    }

    /// Gives the line that is next its directory, if it needs one.
    pub(super) fn next(&mut self, session: &mut Session, text: &str) {
        if let Some(wish) = &self.within
            && asks(text, &session.known_names())
        {
            self.n += 1;
            session.settings.out_dir = Some(OutDirWish {
                dir: wish.dir.join(self.n.to_string()),
                force: wish.force,
            });
        }
    }
}

/// Whether a line may ask nodes, as far as its text tells.
fn asks(text: &str, names: &KnownNames) -> bool {
    match parse(text, names).line {
        Some(Line::Query(_)) => true,
        Some(Line::Shell(shell)) => shell.word.name == "retry",
        Some(Line::Nothing | Line::Local(_) | Line::Scope(_)) | None => false,
    }
}

fn reads_lines(text: &str, names: &KnownNames) -> bool {
    match parse(text, names).line {
        Some(Line::Shell(shell)) => shell.word.name == "source",
        Some(Line::Query(_) | Line::Nothing | Line::Local(_) | Line::Scope(_)) | None => false,
    }
}
