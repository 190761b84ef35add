//! Watching a run on a terminal: a few lines at its end that follow what is known so far.

use std::io::Stderr;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_protocol::state::State;
use hailer_protocol::time::Mono;

use crate::app::Looks;
use crate::clock;
use crate::fleet::groups::Groups;
use crate::fleet::{Control, Event};
use crate::rows::Names;
use crate::view::live::Live;
use crate::view::refresh::preview;
use crate::view::style::{Line, Paint};
use crate::view::terminal::{LiveArea, stderr_live_area, stderr_size};

/// How often the lines are drawn anew.
pub const EVERY: Duration = Duration::from_millis(100);

/// A run that is over this soon is not watched: its result is already there.
const NOT_BEFORE: Duration = Duration::from_millis(150);

/// What is known of a run under way, and where it is drawn.
#[derive(Debug)]
pub struct Watch {
    area: Option<LiveArea<Stderr>>,
    inventory: Arc<Inventory>,
    looks: Looks,
    begun: Mono,
    groups: Groups,
    open: NodeSet,
    total: usize,
    not_ok: usize,
    bytes: u64,
    wish: Option<Control>,
}

impl Watch {
    /// Begins to watch a run over these targets; draws only if standard error is a terminal.
    #[must_use]
    pub fn begin(
        inventory: Arc<Inventory>,
        targets: NodeSet,
        looks: Looks,
        is_quiet: bool,
    ) -> Self {
        Self {
            area: if is_quiet { None } else { stderr_live_area() },
            inventory,
            looks,
            begun: clock::mono(),
            groups: Groups::default(),
            total: targets.len(),
            open: targets,
            not_ok: 0,
            bytes: 0,
            wish: None,
        }
    }

    /// Takes in what is heard of the run.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Answer(answer) => {
                self.open.remove(answer.node);
                self.not_ok += usize::from(answer.state != State::Ok);
                self.bytes += answer.bytes();
                self.groups.add(answer);
            }
            Event::Started(_)
            | Event::Waits { .. }
            | Event::Progress(_)
            | Event::Stage(_)
            | Event::Piece { .. }
            | Event::Rows { .. }
            | Event::Ended(_) => {}
        }
    }

    /// Takes in what the operator wants of the run.
    pub fn told(&mut self, control: Control) {
        self.wish = Some(control);
    }

    /// Draws what is known.
    pub fn draw(&mut self) {
        let elapsed = clock::mono().since(self.begun);
        let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) else {
            return;
        };
        if elapsed < NOT_BEFORE {
            return;
        }
        let live = Live {
            done: self.total - self.open.len(),
            total: self.total,
            not_ok: self.not_ok,
            groups: self.groups.len(),
            bytes: self.bytes,
            open: Some(&self.open),
            elapsed,
        };
        let look = self.looks.on_stderr();
        let height = usize::from(size.rows.saturating_sub(2));
        let mut lines = preview(&self.groups, &live, &Names(&self.inventory), look, height);
        if let Some(wish) = self.wish {
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
