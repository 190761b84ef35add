//! Notices: what happened while a line is typed, said above it without tearing it.
//!
//! The line editor is broken off for a moment: twice, since it takes up again where it was, and
//! only an empty line is known to be no higher than its prompt. In between the notice is written
//! in the place of the empty prompt, and what was typed comes back below it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reedline::{EditCommand, Reedline, Signal};

use super::prompt::LinePrompt;
use crate::show;
use crate::view::measure::width_of;
use crate::view::terminal::stdout_size;

/// Notices that wait for the line editor.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    waiting: Arc<Mutex<String>>,
    /// Breaks the line editor off.
    pub(super) knock: Arc<AtomicBool>,
}

impl Notices {
    /// Lets a notice be said above the line that is being typed, or before the next one. It ends in
    /// a newline.
    pub(super) fn add(&self, notice: &str) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(notice);
        self.knock.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads a line; notices that come meanwhile are said above it.
    pub(super) fn read(
        &self,
        reedline: &mut Reedline,
        prompt: &LinePrompt,
    ) -> std::io::Result<Signal> {
        loop {
            match reedline.read_line(prompt) {
                Ok(Signal::ExternalBreak(typed)) => self.say_above(reedline, prompt, typed)?,
                other => return other.map_err(|e| std::io::Error::other(e.to_string())),
            }
        }
    }

    fn say_above(
        &self,
        reedline: &mut Reedline,
        prompt: &LinePrompt,
        typed: String,
    ) -> std::io::Result<()> {
        let position = reedline.current_insertion_point();
        reedline.run_edit_commands(&[EditCommand::Clear]);
        self.knock.store(true, Ordering::Relaxed);
        let drawn = reedline
            .read_line(prompt)
            .map_err(|e| std::io::Error::other(e.to_string()))?;
        if matches!(drawn, Signal::ExternalBreak(_)) {
            let columns = stdout_size().map_or(80, |size| usize::from(size.columns).max(1));
            let above = width_of(&prompt.text()) / columns;
            let up = match above {
                0 => String::new(),
                rows => format!("\x1b[{rows}A"),
            };
            let mut text = self.take();
            // The editor draws its prompt anew only below where it was.
            let rows = |text: &str| -> usize {
                let of = |line: &str| width_of(line).div_ceil(columns).max(1);
                text.lines().map(of).sum()
            };
            while rows(&text) < above + 2 {
                text.push('\n');
            }
            show::say(&format!("\r{up}\x1b[J{text}"));
        }
        reedline.run_edit_commands(&[
            EditCommand::InsertString(typed),
            EditCommand::MoveToPosition {
                position,
                select: false,
            },
        ]);
        Ok(())
    }
}
