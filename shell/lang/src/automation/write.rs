//! The canonical form of an automation's file.

use super::file::AutomationFile;
use super::keyword::Keyword;
use super::split::VALUE_INDENT;

/// Writes a file: its clauses in the order of [`Keyword`], several of one kind in theirs.
pub(super) fn canonical(file: &AutomationFile) -> String {
    let mut out = String::new();
    for comment in &file.head {
        out.push_str(comment);
        out.push('\n');
    }
    if let Some((name, _)) = &file.name {
        out.push_str(&format!("automation {name}\n"));
    }
    for keyword in Keyword::ALL {
        for clause in file.clauses.iter().filter(|c| c.keyword == keyword) {
            for comment in &clause.comments {
                out.push_str(&format!("  {comment}\n"));
            }
            let width = VALUE_INDENT - 2;
            out.push_str(&format!("  {:<width$}{}\n", keyword.as_str(), clause.text));
        }
    }
    for comment in &file.tail {
        out.push_str(&format!("  {comment}\n"));
    }
    out
}
