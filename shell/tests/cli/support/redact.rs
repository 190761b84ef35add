//! Transcripts without what differs from run to run: times, ports, directories, run ids.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What is replaced, in this order.
static FILTERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let filters = [
        // Spans of times, then single ones, behind a middle dot or "in".
        (r"· \d+–\d+ ms", "· T ms"),
        (r"· \d+ ms", "· T ms"),
        (r"· [\d.]+–[\d.]+ m?s", "· T ms"),
        (r" in \d+(\.\d+)? s", " in T s"),
        (r#""(ms|elapsed_ms)":\d+"#, "\"$1\":T"),
        (r"127\.0\.0\.1:\d{1,5}", "127.0.0.1:PORT"),
        (r"\b[0-9a-f]{32}\b", "RUN"),
    ];
    let compiled = |(pattern, with)| (Regex::new(pattern).expect("a pattern"), with);
    filters.into_iter().map(compiled).collect()
});

/// Returns the text with placeholders for what differs.
pub(crate) fn redacted(text: &str, dir: &Path) -> String {
    let mut text = text.replace(&dir.display().to_string(), "DIR");
    for (pattern, with) in FILTERS.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text
}
