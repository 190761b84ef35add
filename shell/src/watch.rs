//! Watching a run on a terminal: a few lines at its end that follow what is known so far.

use std::io::Stderr;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::inventory::Inventory;

use crate::app::Looks;
use crate::clock;
use crate::fleet::Control;
use crate::rows::Names;
use crate::tally::Tally;
use crate::view::live::Live;
use crate::view::refresh::preview;
use crate::view::style::{Line, Paint};
use crate::view::terminal::{LiveArea, stderr_live_area, stderr_size};

/// How often the lines are drawn anew.
pub const EVERY: Duration = Duration::from_millis(100);

/// A run that is over this soon is not watched: its result is already there.
const NOT_BEFORE: Duration = Duration::from_millis(150);

/// Where a run under way is drawn.
#[derive(Debug)]
pub struct Watch {
    area: Option<LiveArea<Stderr>>,
    inventory: Arc<Inventory>,
    looks: Looks,
}

impl Watch {
    /// Begins to watch; draws only if standard error is a terminal.
    #[must_use]
    pub fn begin(inventory: Arc<Inventory>, looks: Looks, is_quiet: bool) -> Self {
        Self {
            area: if is_quiet { None } else { stderr_live_area() },
            inventory,
            looks,
        }
    }

    /// Draws what is known.
    pub fn draw(&mut self, tally: &Tally) {
        let elapsed = clock::mono().since(tally.begun);
        let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) else {
            return;
        };
        if elapsed < NOT_BEFORE {
            return;
        }
        let live = Live {
            done: tally.done(),
            total: tally.total,
            not_ok: tally.not_ok,
            groups: tally.groups.len(),
            bytes: tally.received(),
            open: Some(&tally.open),
            elapsed,
        };
        let look = self.looks.on_stderr();
        let height = usize::from(size.rows.saturating_sub(2));
        let mut lines = preview(&tally.groups, &live, &Names(&self.inventory), look, height);
        if let Some(wish) = tally.wish {
            let words = match wish {
                Control::Halt => {
                    "no more nodes are asked; Ctrl-C again ends the command on those that were"
                }
                Control::Cancel => "ending the command on every node that runs it",
            };
            lines.push(
                Line::new(look)
                    .own(Paint::Strong, words)
                    .cut(usize::from(size.columns)),
            );
        }
        // A terminal that is gone is noticed by whoever writes the result.
        let _ = area.draw(&lines, size.columns);
    }

    /// Erases what was drawn: the result takes its place.
    pub fn clear(&mut self) {
        if let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) {
            let _ = area.clear(size.columns);
        }
    }
}
