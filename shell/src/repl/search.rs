//! Ctrl-R: the history below the line, with when, what came of it and in which scope, filtered by what
//! is typed. Ctrl-R again shows the lines of this scope alone, and once more those of all. Enter takes a
//! line to the prompt and runs nothing.

use hailer_protocol::clean::Clean;
use reedline::{
    Completer, Editor, Menu, MenuEvent, MenuSettings, OutputMode, Painter, Span, Suggestion,
    menu_functions,
};

use crate::clock;
use crate::history::{Entry, History, cells};
use crate::view::style::{Line, Look, Paint};

/// The name of the menu.
pub(super) const SEARCH: &str = "history";

/// Lines that are found at most; with more there is more to type first.
const FOUND_MAX: usize = 200;

/// Rows that are shown at once.
const ROWS: usize = 10;

/// Columns of what came of a line, and of its scope; more is cut and ends in `…`.
const OUTCOME_WIDTH: usize = 16;
const SCOPE_WIDTH: usize = 12;

/// The menu.
pub(super) struct Search {
    history: History,
    settings: MenuSettings,
    look: Look,
    is_active: bool,
    event: Option<MenuEvent>,
    /// Only lines of this scope.
    here: bool,
    found: Vec<Entry>,
    /// What Enter takes: the found lines, or what is typed if there are none, so that Enter never
    /// runs what was only searched for.
    values: Vec<Suggestion>,
    selected: usize,
    columns: u16,
}

impl Search {
    pub(super) fn new(history: History, color: bool) -> Self {
        Self {
            history,
            settings: MenuSettings::default().with_name(SEARCH).with_marker(""),
            look: Look {
                color,
                ..Look::default()
            },
            is_active: false,
            event: None,
            here: false,
            found: Vec::new(),
            values: Vec::new(),
            selected: 0,
            columns: 80,
        }
    }

    fn find(&mut self, text: &str) {
        let here = self.here;
        self.found = self.history.read(|book| {
            let found = book.search(text, here, FOUND_MAX);
            found.into_iter().cloned().collect()
        });
        let value = |value: &str| Suggestion {
            value: value.to_owned(),
            span: Span::new(0, text.len()),
            ..Suggestion::default()
        };
        self.values = self.found.iter().map(|e| value(&e.line)).collect();
        if self.values.is_empty() {
            self.values.push(value(text));
        }
        self.selected = 0;
    }

    /// Returns what is shown: what is searched, and the lines around the selected one.
    fn lines(&self, rows: usize) -> Vec<Line> {
        let scope = self.history.read(|book| book.scope().map(str::to_owned));
        let scope = Clean::line(scope.as_deref().unwrap_or("no scope"));
        let head = Line::new(self.look);
        let head = if self.here {
            head.own(Paint::Dim, "history of ")
                .clean(Paint::Strong, &scope)
                .own(Paint::Dim, " · Ctrl-R: of every scope")
        } else {
            head.own(Paint::Dim, "history of every scope · Ctrl-R: of ")
                .clean(Paint::Dim, &scope)
        };
        let mut lines = vec![head];
        if self.found.is_empty() {
            lines.push(Line::new(self.look).own(Paint::Plain, "  (nothing found)"));
        }
        let from = (self.selected + 1).saturating_sub(rows);
        let now = clock::wall();
        let shown = self.found.iter().enumerate().skip(from).take(rows);
        lines.extend(shown.map(|(at, entry)| self.row(entry, cells(entry, now), at)));
        let columns = usize::from(self.columns);
        lines.into_iter().map(|line| line.cut(columns)).collect()
    }

    fn row(&self, entry: &Entry, cells: [String; 4], at: usize) -> Line {
        let is_selected = at == self.selected;
        let [when, _, outcome, scope] = cells;
        let outcome = shortened(&outcome, OUTCOME_WIDTH);
        let scope = shortened(&scope, SCOPE_WIDTH);
        let paint = match &entry.outcome {
            Some(outcome) if outcome.is_ok() => Paint::Good,
            Some(_) => Paint::Bad,
            None => Paint::Dim,
        };
        let text = if is_selected {
            Paint::Strong
        } else {
            Paint::Plain
        };
        // On a narrow terminal the line itself is what counts.
        let is_narrow = self.columns < 60;
        let mut line = Line::new(self.look).own(text, if is_selected { "> " } else { "  " });
        if !is_narrow {
            line = line.clean(Paint::Dim, &Clean::line(&format!("{when:<8} ")));
        }
        line = line
            .clean(paint, &Clean::line(&format!("{outcome:<OUTCOME_WIDTH$} ")))
            .clean(Paint::Dim, &Clean::line(&format!("{scope:<SCOPE_WIDTH$} ")));
        if is_narrow {
            let own = Line::new(self.look).own(text, if is_selected { "> " } else { "  " });
            return own.clean(text, &Clean::line(&entry.line));
        }
        line.clean(text, &Clean::line(&entry.line))
    }
}

impl Menu for Search {
    fn settings(&self) -> &MenuSettings {
        &self.settings
    }

    fn is_active(&self) -> bool {
        self.is_active
    }

    fn set_active(&mut self, active: bool) {
        self.is_active = active;
    }

    fn clear_input(&mut self) {
        self.here = false;
    }

    fn menu_event(&mut self, event: MenuEvent) {
        self.handle_menu_event(&event);
        self.event = Some(event);
    }

    fn can_quick_complete(&self) -> bool {
        false
    }

    fn can_partially_complete(
        &mut self,
        _values_updated: bool,
        _editor: &mut Editor,
        _completer: &mut dyn Completer,
    ) -> bool {
        false
    }

    fn update_values(&mut self, editor: &mut Editor, _completer: &mut dyn Completer) {
        let text = editor.get_buffer().to_owned();
        self.find(&text);
    }

    fn reset_position(&mut self) {
        self.selected = 0;
    }

    fn update_working_details(
        &mut self,
        editor: &mut Editor,
        completer: &mut dyn Completer,
        painter: &Painter,
    ) {
        self.columns = painter.screen_width();
        match self.event.take() {
            Some(MenuEvent::Activate(_) | MenuEvent::Edit(_)) => {
                self.update_values(editor, completer);
            }
            Some(MenuEvent::NextPage) => {
                self.here = !self.here;
                self.update_values(editor, completer);
            }
            Some(MenuEvent::NextElement | MenuEvent::MoveDown) => {
                self.selected = (self.selected + 1).min(self.values.len() - 1);
            }
            Some(MenuEvent::PreviousElement | MenuEvent::MoveUp) => {
                self.selected = self.selected.saturating_sub(1);
            }
            Some(
                MenuEvent::Deactivate
                | MenuEvent::MoveLeft
                | MenuEvent::MoveRight
                | MenuEvent::PreviousPage,
            )
            | None => {}
        }
    }

    fn replace_in_buffer(&self, editor: &mut Editor) {
        let value = self.values.get(self.selected).cloned();
        menu_functions::replace_in_buffer(value, editor, Some(OutputMode::FullBuffer));
    }

    fn menu_required_lines(&self, _terminal_columns: u16) -> u16 {
        let rows = self.found.len().clamp(1, ROWS) + 1;
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    fn menu_string(&self, available_lines: u16, _use_ansi_coloring: bool) -> String {
        let rows = usize::from(available_lines)
            .saturating_sub(1)
            .clamp(1, ROWS);
        let lines = self.lines(rows);
        let lines = lines.iter().take(usize::from(available_lines));
        lines.map(|l| l.text()).collect::<Vec<_>>().join("\r\n")
    }

    fn min_rows(&self) -> u16 {
        3
    }

    fn get_values(&self) -> &[Suggestion] {
        &self.values
    }
}

/// Cuts a cell, so that those behind it stand below one another.
fn shortened(cell: &str, most: usize) -> String {
    let cell = Clean::line(cell).into_string();
    if cell.chars().count() <= most {
        return cell;
    }
    cell.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::history::Outcome;

    fn search() -> Search {
        let history = History::open(None, "demo", 1);
        for (scope, line, exit, states) in [
            ("@all", "uptime", 0, "8 ok"),
            (
                "@role=db & dc=fra",
                "systemctl status db",
                1,
                "2 ok, 1 failed, 13 unreachable",
            ),
            ("@all", "echo \x1b[2J", 0, "8 ok"),
        ] {
            history.set_scope(Some(scope.to_owned()));
            let id = history.add(line, clock::wall()).expect("it is kept");
            let outcome = Outcome {
                exit,
                took: Duration::ZERO,
                states: states.to_owned(),
                result: None,
            };
            history.ended(id, &outcome);
        }
        Search::new(history, false)
    }

    fn shown(search: &Search) -> Vec<String> {
        search.lines(ROWS).iter().map(Line::text).collect()
    }

    #[test]
    fn lines_are_found_with_their_outcome_and_scope_and_nothing_commands_the_terminal() {
        let mut search = search();
        search.find("");
        assert_eq!(
            shown(&search),
            [
                "history of every scope · Ctrl-R: of @all",
                "> now      8 ok             @all         echo \\e[2J",
                "  now      2 ok, 1 failed,… @role=db & … systemctl status db",
                "  now      8 ok             @all         uptime",
            ]
        );
        search.find("status");
        assert_eq!(search.values[0].value, "systemctl status db");
        search.here = true;
        search.find("status");
        assert_eq!(
            shown(&search),
            [
                "history of @all · Ctrl-R: of every scope",
                "  (nothing found)"
            ]
        );
        assert_eq!(
            search.values[0].value, "status",
            "Enter keeps what is typed"
        );
    }

    #[test]
    fn a_narrow_terminal_shows_the_lines_alone() {
        let mut search = search();
        search.columns = 20;
        search.find("");
        let lines = shown(&search);
        assert_eq!(lines[3], "  uptime");
        assert!(lines.iter().all(|l| l.chars().count() <= 20), "{lines:?}");
    }
}
