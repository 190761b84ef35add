//! The prompt: the scope, and how many of its nodes are connected.

use std::borrow::Cow;
use std::sync::Arc;

use nu_ansi_term::{Color, Style};
use reedline::{Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

use super::screen::Screen;
use crate::session::Session;

/// Columns of the scope's text; a longer one is cut, so that the prompt stays one short line.
const SCOPE_MAX: usize = 40;

/// What the prompt shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PromptState {
    /// The scope as it was written; `None` after a selector that failed.
    scope: Option<String>,
    /// How many of its nodes are connected.
    up: usize,
    /// How many nodes it has.
    total: usize,
}

impl PromptState {
    /// Reads the session's state at this moment.
    pub(super) fn of(session: &Session) -> Self {
        let Some(scope) = session.scope() else {
            return Self::default();
        };
        Self {
            scope: Some(scope.text.clone()),
            up: session.live().up.and(&scope.nodes).len(),
            total: scope.nodes.len(),
        }
    }

    /// Returns the prompt without colour.
    pub(super) fn text(&self) -> String {
        let Some(scope) = &self.scope else {
            return "no scope> ".to_owned();
        };
        let mut scope: String = hailer_protocol::clean::Clean::line(scope).into_string();
        if scope.chars().count() > SCOPE_MAX {
            scope = scope.chars().take(SCOPE_MAX - 1).chain(['…']).collect();
        }
        if self.up == self.total {
            format!("{scope} {}> ", self.total)
        } else {
            format!("{scope} {}/{}> ", self.up, self.total)
        }
    }
}

/// The prompt as reedline asks for it.
pub(super) struct LinePrompt {
    screen: Arc<Screen>,
    color: bool,
}

impl LinePrompt {
    pub(super) const fn new(screen: Arc<Screen>, color: bool) -> Self {
        Self { screen, color }
    }
}

impl Prompt for LinePrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        if self.screen.end_painting() {
            return "".into();
        }
        let text = self.screen.prompt().text();
        if self.color {
            Style::new().bold().paint(text).to_string().into()
        } else {
            text.into()
        }
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        "… ".into()
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing found: ",
        };
        format!("({failing}search `{}`) ", search.term).into()
    }

    fn get_prompt_color(&self) -> reedline::Color {
        Color::Default
    }
}

/// A question, as reedline asks it.
pub(super) struct Question(pub(super) String);

impl Prompt for Question {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_history_search_indicator(&self, _search: PromptHistorySearch) -> Cow<'_, str> {
        "".into()
    }

    fn get_prompt_color(&self) -> reedline::Color {
        Color::Default
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(scope: Option<&str>, up: usize, total: usize) -> PromptState {
        PromptState {
            scope: scope.map(str::to_owned),
            up,
            total,
        }
    }

    #[test]
    fn the_prompt_says_scope_and_how_many_are_up() {
        for (state, expected) in [
            (state(Some("@all"), 47, 48), "@all 47/48> "),
            (state(Some("@role=db"), 12, 12), "@role=db 12> "),
            (state(None, 0, 0), "no scope> "),
        ] {
            assert_eq!(state.text(), expected);
        }
        let long = state(Some(&"@web1,".repeat(30)), 1, 1).text();
        assert!(long.chars().count() < 50, "{long}");
    }
}
