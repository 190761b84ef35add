//! The history as reedline asks for it: the way back with the arrows, and grey hints.

use std::sync::Arc;

use nu_ansi_term::Style;
use reedline::{
    CommandLineSearch, Hinter, HistoryItem, HistoryItemId, HistorySessionId, ReedlineError,
    ReedlineErrorVariants, Result, SearchDirection, SearchQuery,
};

use super::screen::Screen;
use crate::history::{Entry, History};

/// The lines of the history for the arrows. Whoever runs a line adds it, with what came of it.
pub(super) struct Past {
    history: History,
}

impl Past {
    pub(super) const fn new(history: History) -> Self {
        Self { history }
    }
}

fn item(entry: &Entry) -> HistoryItem {
    HistoryItem {
        id: Some(HistoryItemId::new(entry.id)),
        ..HistoryItem::from_command_line(entry.line.as_str())
    }
}

fn unsupported<T>(feature: &'static str) -> Result<T> {
    Err(ReedlineError(
        ReedlineErrorVariants::HistoryFeatureUnsupported {
            history: "hailer's",
            feature,
        },
    ))
}

impl reedline::History for Past {
    fn save(&mut self, mut item: HistoryItem) -> Result<HistoryItem> {
        item.id = Some(HistoryItemId::new(i64::MAX));
        Ok(item)
    }

    fn load(&self, id: HistoryItemId) -> Result<HistoryItem> {
        let found = self.history.read(|book| book.get(id.0).map(item));
        found.map_or_else(|| unsupported("lines that are not there"), Ok)
    }

    fn count(&self, query: SearchQuery) -> Result<i64> {
        let found = self.search(query)?.len();
        Ok(i64::try_from(found).unwrap_or(i64::MAX))
    }

    fn search(&self, query: SearchQuery) -> Result<Vec<HistoryItem>> {
        let limit = query
            .limit
            .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
        let from = query.start_id.map(|id| id.0);
        Ok(self.history.read(|book| {
            // A step never leads from a line to an equal one.
            let current = from.and_then(|id| book.get(id)).map(|e| e.line.as_str());
            let fits = |e: &&Entry| {
                let fits = match &query.filter.command_line {
                    None => true,
                    Some(CommandLineSearch::Prefix(text)) => e.line.starts_with(text),
                    Some(CommandLineSearch::Substring(text)) => e.line.contains(text),
                    Some(CommandLineSearch::Exact(text)) => e.line == *text,
                };
                fits && current != Some(e.line.as_str())
            };
            match query.direction {
                SearchDirection::Backward => {
                    let before = |e: &&Entry| from.is_none_or(|id| e.id < id);
                    let found = book.own().rev().filter(before).filter(fits);
                    found.take(limit).map(item).collect()
                }
                SearchDirection::Forward => {
                    let behind = |e: &&Entry| from.is_none_or(|id| e.id > id);
                    let found = book.own().filter(behind).filter(fits);
                    found.take(limit).map(item).collect()
                }
            }
        }))
    }

    fn update(
        &mut self,
        _id: HistoryItemId,
        _updater: &dyn Fn(HistoryItem) -> HistoryItem,
    ) -> Result<()> {
        unsupported("changes")
    }

    fn clear(&mut self) -> Result<()> {
        unsupported("clearing")
    }

    fn delete(&mut self, _id: HistoryItemId) -> Result<()> {
        unsupported("deleting")
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn session(&self) -> Option<HistorySessionId> {
        None
    }
}

/// Shows in grey how a line of the history goes on from what is typed.
pub(super) struct Hint {
    history: History,
    screen: Arc<Screen>,
    rest: String,
}

impl Hint {
    pub(super) const fn new(history: History, screen: Arc<Screen>) -> Self {
        Self {
            history,
            screen,
            rest: String::new(),
        }
    }
}

impl Hinter for Hint {
    fn handle(
        &mut self,
        line: &str,
        pos: usize,
        _history: &dyn reedline::History,
        use_ansi_coloring: bool,
        _cwd: &str,
    ) -> String {
        self.rest.clear();
        // What looks like typed text and is not would mislead: without colour there are no hints.
        if line.is_empty() || pos < line.len() || !use_ansi_coloring || self.screen.is_blank() {
            return String::new();
        }
        // Nor is the history waited for: the keys that are typed meanwhile go without.
        let rest = self.history.read_by_now(|book| {
            let whole = book.hint(line)?;
            whole.get(line.len()..).map(str::to_owned)
        });
        self.rest = rest.flatten().unwrap_or_default();
        let mut lines = self.rest.split('\n');
        let first = lines.next().unwrap_or_default();
        let more = if lines.next().is_some() { " …" } else { "" };
        if self.rest.is_empty() {
            return String::new();
        }
        let shown = hailer_protocol::clean::Clean::line(first);
        Style::new()
            .dimmed()
            .paint(format!("{shown}{more}"))
            .to_string()
    }

    fn complete_hint(&self) -> String {
        self.rest.clone()
    }

    fn next_hint_token(&self) -> String {
        let word = self.rest.trim_start();
        let blanks = self.rest.len() - word.len();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        self.rest[..blanks + end].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::time::Wall;
    use reedline::History as _;

    use super::*;

    fn history(lines: &[&str]) -> History {
        let history = History::open(None, "demo", 1);
        for line in lines {
            history.add(line, Wall(0)).expect("it is kept");
        }
        history
    }

    #[test]
    fn the_up_arrow_goes_back_and_skips_a_line_that_is_the_same() {
        let past = Past::new(history(&["uptime", "df", "df", "ls"]));
        let mut at = None;
        let mut seen = Vec::new();
        loop {
            let mut query = SearchQuery::everything(SearchDirection::Backward, None);
            query.start_id = at;
            query.limit = Some(1);
            let found = past.search(query).expect("it is in memory");
            let Some(found) = found.into_iter().next() else {
                break;
            };
            at = found.id;
            seen.push(found.command_line);
        }
        assert_eq!(seen, ["ls", "df", "uptime"]);
    }

    #[test]
    fn a_hint_is_taken_whole_or_word_by_word() {
        let mut hint = Hint::new(history(&["df -h /var"]), Arc::default());
        let past = Past::new(history(&[]));
        let shown = hint.handle("df", 2, &past, true, "");
        assert!(shown.contains(" -h /var"), "{shown:?}");
        assert_eq!(hint.complete_hint(), " -h /var");
        assert_eq!(hint.next_hint_token(), " -h");
        assert_eq!(hint.handle("df", 1, &past, true, ""), "", "not at the end");
        assert_eq!(hint.handle("df", 2, &past, false, ""), "", "no colour");
    }

    #[test]
    fn a_hint_of_several_lines_shows_the_first_and_cannot_command_the_terminal() {
        let mut hint = Hint::new(history(&["echo \x1b[2J\ndone"]), Arc::default());
        let past = Past::new(history(&[]));
        let shown = hint.handle("echo", 4, &past, true, "");
        assert!(shown.contains("\\e[2J …"), "{shown:?}");
        assert_eq!(hint.complete_hint(), " \x1b[2J\ndone");
    }
}
