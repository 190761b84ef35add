//! The lines that were run, over sessions.

use std::io;
use std::path::{Path, PathBuf};

use reedline::{History, SearchDirection, SearchQuery};

/// Lines that are kept; the oldest goes first.
pub(super) const LINES_MAX: usize = 10_000;

/// Returns where the history is kept: `$XDG_STATE_HOME/hailer/history`, or below
/// `~/.local/state`. Without either it is kept in memory alone.
#[must_use]
pub fn history_file() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|h| h.join(".local/state")))?;
    Some(state.join("hailer").join("history"))
}

/// Makes the history's file, if it is not there, so that nobody else reads it: lines hold secrets.
pub(super) fn make_private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if let Some(parent) = file.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(file).map(drop)
}

/// Returns the last `n` lines, oldest first, with a line for each.
pub(super) fn list(history: &dyn History, n: usize) -> String {
    let mut query = SearchQuery::everything(SearchDirection::Backward, None);
    query.limit = i64::try_from(n).ok();
    let Ok(mut found) = history.search(query) else {
        return "the history cannot be read\n".to_owned();
    };
    found.truncate(n);
    found.reverse();
    let line = |text: &str| format!("{}\n", hailer_protocol::clean::Clean::line(text));
    found.iter().map(|item| line(&item.command_line)).collect()
}
