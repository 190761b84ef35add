//! Tab: what could stand here, by the place it stands in.
//!
//! Behind `@`: nodes, groups, labels and their values. Behind `|>`: verbs. Within a verb: columns
//! of the last result. First on a line: probes and shell words. Behind `metric`: metrics.

use std::sync::{Arc, Mutex, PoisonError};

use hailer_lang::ast::SetKind;
use hailer_lang::inventory::Inventory;
use hailer_lang::selector::LIVE_STATES;
use hailer_lang::words::{PROBES, SHELL_WORDS, VERBS, Word};
use hailer_protocol::expr::Function;
use hailer_protocol::metrics;
use reedline::{Completer, CompletionResult, Span, Suggestion};

/// Suggestions of one Tab; with more there is more to type first.
const SUGGESTIONS_MAX: usize = 200;

/// One thing that could stand here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    value: String,
    about: String,
    /// Whether a blank follows.
    is_word: bool,
}

impl Candidate {
    fn word(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            about: about.into(),
            is_word: true,
        }
    }

    fn part(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            is_word: false,
            ..Self::word(value, about)
        }
    }
}

/// The columns of the last result with their types.
pub(super) type Columns = Vec<(String, &'static str)>;

/// Completes lines for reedline.
pub(super) struct LineCompleter {
    inventory: Arc<Inventory>,
    columns: Arc<Mutex<Columns>>,
}

impl LineCompleter {
    pub(super) const fn new(inventory: Arc<Inventory>, columns: Arc<Mutex<Columns>>) -> Self {
        Self { inventory, columns }
    }
}

impl Completer for LineCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let columns = self
            .columns
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let before = line.get(..pos).unwrap_or(line);
        let (start, found) = candidates(before, &self.inventory, &columns);
        let suggestion = |c: Candidate| Suggestion {
            value: c.value,
            description: Some(c.about).filter(|a| !a.is_empty()),
            span: Span::new(start, before.len()),
            append_whitespace: c.is_word,
            ..Suggestion::default()
        };
        let all: Vec<Suggestion> = found
            .into_iter()
            .take(SUGGESTIONS_MAX)
            .map(suggestion)
            .collect();
        CompletionResult::fresh(all)
    }
}

/// Returns what could stand at the end of `before`, and where the word that it replaces begins.
fn candidates(before: &str, inventory: &Inventory, columns: &Columns) -> (usize, Vec<Candidate>) {
    let stage = before.rfind("|>").map_or(0, |at| at + 2);
    let is_first_stage = stage == 0;
    let text = &before[stage..];
    if is_first_stage && let Some(at) = selector_start(text) {
        return in_selector(before, stage + at, inventory);
    }
    let delimiters = |c: char| c.is_whitespace() || "(),=<>!~+*/".contains(c);
    let start = stage
        + text.rfind(delimiters).map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    let typed = &before[start..];
    let mut words = text[..start - stage].split_whitespace();
    let found = match (is_first_stage, words.next()) {
        (true, None) => first_words(),
        (true, Some(":")) => Vec::new(),
        (true, Some("metric")) => metric_names(),
        (true, Some("facts")) => facts(),
        (true, Some("help")) => lists(&[PROBES, VERBS, SHELL_WORDS]),
        (true, Some("set")) => settings(),
        (true, Some(_)) => Vec::new(),
        (false, None) => lists(&[VERBS]),
        (false, Some("parse")) => parse_kinds(),
        (false, Some(_)) => in_verb(columns, inventory),
    };
    (start, matching(found, typed))
}

/// Where the selector begins whose text reaches to the end, if one does.
fn selector_start(text: &str) -> Option<usize> {
    let at = text.len() - text.trim_start().len();
    let selector = text[at..].strip_prefix('@')?;
    let is_over = selector.contains(" : ");
    (!is_over).then_some(at + 1)
}

fn in_selector(before: &str, from: usize, inventory: &Inventory) -> (usize, Vec<Candidate>) {
    let text = &before[from..];
    let start = from
        + text
            .rfind(|c: char| " ,!&^()@".contains(c))
            .map_or(0, |at| at + 1);
    let typed = &before[start..];
    if let Some((_, set)) = typed.strip_prefix('$').and_then(|r| r.split_once('.')) {
        let sets = SetKind::names().map(|s| Candidate::word(s, "")).collect();
        return (start + typed.len() - set.len(), matching(sets, set));
    }
    if let Some((key, value)) = typed.split_once('=') {
        let key = key.trim_end_matches('!');
        if key == "state" {
            let states = LIVE_STATES.map(|s| Candidate::word(s, ""));
            return (
                start + typed.len() - value.len(),
                matching(states.to_vec(), value),
            );
        }
        let values = inventory.labels().get(key).into_iter().flatten();
        let found = values.map(|(v, nodes)| Candidate::word(v.clone(), count(nodes.len())));
        return (
            start + typed.len() - value.len(),
            matching(found.collect(), value),
        );
    }
    let mut found = vec![Candidate::word("all", count(inventory.len()))];
    let groups = inventory.groups().iter();
    found.extend(groups.map(|(name, nodes)| Candidate::word(name.clone(), count(nodes.len()))));
    let keys = inventory.labels().iter();
    found.extend(keys.map(|(key, values)| {
        Candidate::part(format!("{key}="), format!("{} values", values.len()))
    }));
    found.push(Candidate::part("state=", "up, down, unknown"));
    let nodes = inventory.nodes().iter();
    found.extend(nodes.map(|n| Candidate::word(n.name.as_str(), "")));
    (start, matching(found, typed))
}

fn count(nodes: usize) -> String {
    format!("{nodes} node{}", if nodes == 1 { "" } else { "s" })
}

fn lists(lists: &[&[Word]]) -> Vec<Candidate> {
    let words = lists.iter().flat_map(|l| l.iter()).filter(|w| w.available);
    words.map(|w| Candidate::word(w.name, w.help)).collect()
}

fn first_words() -> Vec<Candidate> {
    lists(&[PROBES, SHELL_WORDS])
}

fn metric_names() -> Vec<Candidate> {
    let names = |m: &metrics::Metric| {
        let about = format!("{} · {}", m.data_type, m.description);
        let full = m.name.strip_prefix(metrics::PREFIX).unwrap_or(m.name);
        let short = m.short.iter().copied();
        short
            .chain([full])
            .map(move |n| Candidate::word(n, about.clone()))
            .collect::<Vec<_>>()
    };
    metrics::catalog().iter().flat_map(names).collect()
}

fn facts() -> Vec<Candidate> {
    let facts = metrics::FACTS.iter();
    facts
        .map(|f| Candidate::part(f.name, format!("{} · {}", f.data_type, f.description)))
        .collect()
}

fn settings() -> Vec<Candidate> {
    crate::settings::NAMES
        .iter()
        .map(|(n, about)| Candidate::word(*n, *about))
        .collect()
}

fn parse_kinds() -> Vec<Candidate> {
    ["columns", "json", "kv", "csv", "lines", "regex"]
        .map(|kind| Candidate::word(kind, ""))
        .to_vec()
}

fn in_verb(columns: &Columns, inventory: &Inventory) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = columns
        .iter()
        .map(|(name, kind)| Candidate::word(name.clone(), *kind))
        .collect();
    let labels = inventory.labels().keys();
    found.extend(labels.map(|key| Candidate::word(key.clone(), "label")));
    found.extend(
        ["by", "and", "or", "not", "in", "is null", "desc"].map(|w| Candidate::word(w, "")),
    );
    found.extend(
        Function::ALL
            .iter()
            .map(|f| Candidate::part(format!("{}(", f.1), "function")),
    );
    found
}

/// Those that begin with what was typed, or else those that contain it.
fn matching(found: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    let begins: Vec<Candidate> = found
        .iter()
        .filter(|c| c.value.starts_with(typed))
        .cloned()
        .collect();
    if !begins.is_empty() || typed.is_empty() {
        return begins;
    }
    found
        .into_iter()
        .filter(|c| c.value.contains(typed))
        .collect()
}

#[cfg(test)]
mod tests {
    use hailer_lang::inventory::file::FleetFile;

    use super::*;

    fn fleet() -> Inventory {
        let text = r#"
            fleet = "t"
            [[nodes]]
            names = "web[1-2]"
            address = "{name}:1"
            labels = { role = "web", dc = "fra" }
            groups = ["front"]
            [[nodes]]
            names = "db1"
            address = "{name}:1"
            labels = { role = "db" }
        "#;
        let file = FleetFile::parse(text).expect("parses");
        Inventory::from_fleet_file(&file).expect("is a fleet")
    }

    /// The completions at the end of a line, as they would read.
    fn check(line: &str, expected: &[&str]) {
        let columns = vec![
            ("use_pct".to_owned(), "percent"),
            ("mounted_on".to_owned(), "string"),
        ];
        let (start, found) = candidates(line, &fleet(), &columns);
        let lines: Vec<String> = found
            .iter()
            .map(|c| format!("{}{}", &line[..start], c.value))
            .collect();
        for one in expected {
            assert!(
                lines.iter().any(|l| l == one),
                "{line:?} offers {lines:?}, not {one:?}"
            );
        }
        if expected.is_empty() {
            assert!(lines.is_empty(), "{line:?} offers {lines:?}");
        }
    }

    #[test]
    fn selectors_complete_names_groups_labels_and_values() {
        check("@we", &["@web1", "@web2"]);
        check("@fr", &["@front"]);
        check("@ro", &["@role="]);
        check("@role=", &["@role=web", "@role=db"]);
        check("@web1,role=d", &["@web1,role=db"]);
        check("@all ! d", &["@all ! db1", "@all ! dc="]);
        check("@state=", &["@state=up", "@state=down"]);
        check("@$3.fa", &["@$3.failed"]);
    }

    #[test]
    fn verbs_complete_behind_the_fleets_pipe_only() {
        check("df |> wh", &["df |> where"]);
        check("df |> where use", &["df |> where use_pct"]);
        check("df | wh", &[]);
        check("@all : df |> count by ro", &["@all : df |> count by role"]);
    }

    #[test]
    fn probes_and_shell_words_complete_first_on_a_line() {
        check("met", &["metric"]);
        check("exp", &["explain"]);
        check("metric loa", &["metric load1"]);
        check("ls met", &[]);
    }

    #[test]
    fn characters_of_several_bytes_do_no_harm() {
        check("@ö", &[]);
        check("df |> where é", &[]);
        check("ö |> where x=ö", &[]);
    }
}
