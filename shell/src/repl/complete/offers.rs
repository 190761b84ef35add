//! What there is of each kind: words, columns, functions, metrics, settings, files.

use std::sync::Arc;

use hailer_lang::words::{AGGREGATES, PROBES, RESERVED_COLUMNS, SHELL_WORDS, VERBS, Word};
use hailer_protocol::audit::AUDIT_COLUMNS;
use hailer_protocol::automation::{AUTOMATION_COLUMNS, EVENT_COLUMNS};
use hailer_protocol::expr::Function;
use hailer_protocol::metrics;

use super::place::Place;
use super::{Candidate, World};
use crate::session::{Columns, Known};

fn lists(lists: &[&[Word]]) -> Vec<Candidate> {
    let words = lists.iter().flat_map(|l| l.iter()).filter(|w| w.available);
    words.map(|w| Candidate::word(w.name, w.help)).collect()
}

/// Probes, shell words and saved lines.
pub(super) fn first_words(known: &Known) -> Vec<Candidate> {
    let mut found = lists(&[PROBES, SHELL_WORDS]);
    found.extend(results(known));
    let saved = known.saved.iter();
    found.extend(saved.map(|(name, line)| Candidate::word(name.clone(), line.clone())));
    found
}

/// Fleet verbs.
pub(super) fn verbs() -> Vec<Candidate> {
    lists(&[VERBS])
}

/// Metrics by all their names, with their types.
pub(super) fn metrics() -> Vec<Candidate> {
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

/// Facts with their types.
pub(super) fn facts() -> Vec<Candidate> {
    let facts = metrics::FACTS.iter();
    facts
        .map(|f| Candidate::part(f.name, format!("{} · {}", f.data_type, f.description)))
        .collect()
}

/// What may stand behind a word for the shell.
pub(super) fn shell_arguments(word: &str, before: &[String], known: &Known) -> Vec<Candidate> {
    let first = before.first().map(String::as_str);
    let flags = |flags: &[(&str, &str)]| -> Vec<Candidate> {
        let left = flags.iter().filter(|(f, _)| !before.iter().any(|b| b == f));
        left.map(|(flag, about)| Candidate::word(*flag, *about))
            .collect()
    };
    match (word, first) {
        ("help", None) => {
            let mut found = lists(&[PROBES, VERBS, SHELL_WORDS]);
            found.push(Candidate::word("language", "the language on one screen"));
            found.push(Candidate::word("functions", "the functions of expressions"));
            found
        }
        ("set", None) => {
            let names = crate::settings::NAMES.iter();
            names
                .map(|(n, about)| Candidate::word(*n, *about))
                .collect()
        }
        ("set", Some(name)) if before.len() == 1 => setting_values(name),
        ("history", _) => flags(&[
            ("--failed", "only lines that did not end with 0"),
            ("--here", "only lines of the current scope"),
        ]),
        ("jobs", None) => vec![
            Candidate::word("attach", "watches a run in the background"),
            Candidate::word("all", "lists the detached runs on the nodes in scope"),
        ],
        ("retry", None) => retried(known),
        ("let" | "unlet", None) => {
            let saved = known.saved.iter();
            saved
                .map(|(name, line)| Candidate::word(name.clone(), line.clone()))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn setting_values(name: &str) -> Vec<Candidate> {
    let values: &[(&str, &str)] = match name {
        "timeout" | "deadline" => &[("30s", ""), ("5m", ""), ("off", "no bound")],
        "max_in_flight" => &[("10", "nodes"), ("100", "nodes"), ("1000", "nodes")],
        "follow_rate" => &[("20", "lines a second"), ("off", "all of them")],
        "facts_age" => &[("30s", ""), ("10m", ""), ("1h", "")],
        "ask" => &[
            ("auto", "above 50 nodes and a tenth; for most of any fleet"),
            ("50", "nodes"),
            ("off", "never ask"),
        ],
        "shell" => &[("sh", "/bin/sh"), ("bash", "where the nodes have it")],
        "theme" => &[
            ("auto", "as the terminal is"),
            ("dark", "for a dark ground"),
            ("light", "for a light ground"),
            ("mono", "without colour"),
        ],
        "pager" => &[("auto", "$PAGER, or less"), ("off", "no pager")],
        _ => &[],
    };
    let values = values.iter();
    values
        .map(|(v, about)| Candidate::word(*v, *about))
        .collect()
}

/// What may stand within a verb.
pub(super) fn in_verb(
    verb: &str,
    before: &[String],
    typed: &str,
    place: &Place,
    world: &World,
    known: &Known,
) -> Vec<Candidate> {
    let words = |list: &[(&str, &str)]| -> Vec<Candidate> {
        let list = list.iter();
        list.map(|(w, about)| Candidate::word(*w, *about)).collect()
    };
    let last = before.last().map_or("", String::as_str);
    let has_by = before.iter().any(|w| w == "by");
    let by = || words(&[("by", "for each of these columns")]);
    let columns = || columns_here(place, world, known);
    match verb {
        "parse" if before.is_empty() => words(&[
            ("columns", "headed columns, as `df` and `ps` print them"),
            ("json", "JSON, or a JSON value a line"),
            ("kv", "key=value, or `key: value`"),
            ("csv", "comma-separated values under a header"),
            ("lines", "a row a line"),
            ("regex", "named groups of a regular expression"),
        ]),
        "join" | "diff" if before.is_empty() || last == "left" => {
            let mut found = results(known);
            if verb == "join" && before.is_empty() {
                found.extend(words(&[("left", "keeps rows without a match")]));
            }
            found
        }
        "take" => words(&[("per node", "of each node rather than of the fleet")]),
        "group" | "count" | "uniq" | "join" | "why" | "plot" if has_by => columns(),
        "plot" if before.is_empty() => columns(),
        "group" | "count" | "uniq" | "join" | "why" | "plot" => by(),
        "agg" if has_by => columns(),
        "agg" => {
            let functions = AGGREGATES.iter();
            let mut found: Vec<Candidate> = functions
                .map(|f| Candidate::part(format!("{f}("), about_aggregate(f)))
                .collect();
            found.extend(columns());
            found.extend(by());
            found
        }
        "top" if !has_by => by(),
        "save" => words(&[("--force", "replaces a file that is there")]),
        "watch" if before.is_empty() => words(&[
            ("2s", "every two seconds"),
            ("10s", "every ten seconds"),
            ("1m", "every minute"),
        ]),
        "where" | "derive" if is_number(typed) => with_units(number_of(typed)),
        "select" | "derive" | "where" | "sort" | "top" => {
            let mut found = columns();
            found.extend(Function::ALL.iter().map(|f| {
                let doc = f.0.doc();
                Candidate::part(format!("{}(", f.1), format!("{} · {}", doc.usage, doc.help))
            }));
            found.extend(match verb {
                "sort" => words(&[("asc", "lowest first"), ("desc", "highest first")]),
                "where" | "derive" => words(&[
                    ("and", "both"),
                    ("or", "one of both"),
                    ("not", "the opposite"),
                    ("in", "one of a list: x in (a, b)"),
                    ("is null", "there is no value"),
                ]),
                _ => Vec::new(),
            });
            found
        }
        _ => Vec::new(),
    }
}

/// What an aggregate is called with, and what it is.
fn about_aggregate(name: &str) -> &'static str {
    match name {
        "count" => "count() · how many rows",
        "sum" => "sum(x) · all values together",
        "mean" => "mean(x) · the average",
        "min" => "min(x) · the least",
        "max" => "max(x) · the greatest",
        "median" => "median(x) · half of the values are below",
        "stddev" => "stddev(x) · how far values lie apart",
        "p50" => "p50(x) · half of the values are below",
        "p90" => "p90(x) · 90% of the values are below",
        "p95" => "p95(x) · 95% of the values are below",
        "p99" => "p99(x) · 99% of the values are below",
        "distinct" => "distinct(x) · how many different values",
        "first" => "first(x) · the value of the first row",
        "last" => "last(x) · the value of the last row",
        "list" => "list(x) · the values one by one",
        _ => "of the rows",
    }
}

/// A number with the units that there are.
fn with_units(number: &str) -> Vec<Candidate> {
    let units = [
        ("%", "percent: 90% is 90 points"),
        ("KiB", "size"),
        ("MiB", "size"),
        ("GiB", "size"),
        ("TiB", "size"),
        ("ms", "duration: milliseconds"),
        ("s", "duration: seconds"),
        ("m", "duration: minutes"),
        ("h", "duration: hours"),
        ("d", "duration: days"),
    ];
    let units = units.into_iter();
    let with = units.map(|(unit, about)| Candidate::word(format!("{number}{unit}"), about));
    with.collect()
}

fn results(known: &Known) -> Vec<Candidate> {
    let results = known.results.iter();
    results
        .map(|r| Candidate::word(format!("${}", r.number), r.text.clone()))
        .collect()
}

/// Whether a text begins as a number does, with nothing but a unit behind it.
fn is_number(text: &str) -> bool {
    let unit = &text[number_of(text).len()..];
    text.starts_with(|c: char| c.is_ascii_digit())
        && unit.chars().all(|c| c.is_alphabetic() || c == '%')
}

fn number_of(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_ascii_digit())
}

/// Results, and their sets with how many nodes are in each.
fn retried(known: &Known) -> Vec<Candidate> {
    let mut found = results(known);
    for result in &known.results {
        let sets = result.sets.iter().map(|(set, n)| {
            let about = crate::deed::count(*n);
            Candidate::word(format!("${}.{set}", result.number), about)
        });
        found.extend(sets);
    }
    found
}

/// The columns at this place: those of the source, of the verbs before, and the labels.
fn columns_here(place: &Place, world: &World, known: &Known) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for stage in &place.stages {
        if let Some(list) = stage
            .strip_prefix("derive ")
            .or_else(|| stage.strip_prefix("select "))
        {
            let names = list.split(',').filter_map(|item| item.split_once('='));
            let names = names.map(|(name, _)| name.trim());
            let names = names.filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_'));
            found.extend(names.map(|n| Candidate::word(n, "of this line")));
        }
        let counts = ["count", "group"].iter().any(|v| stage.starts_with(v));
        if counts {
            found.push(Candidate::word("count", "int"));
        }
    }
    let columns = source_columns(place, known).into_iter();
    found.extend(columns.map(|(name, kind)| Candidate::word(name, kind)));
    found.push(Candidate::word("node", "string · the node's name"));
    let labels = world.inventory.labels().keys();
    found.extend(labels.map(|key| Candidate::word(key.clone(), "label")));
    let mut seen = std::collections::HashSet::new();
    found.retain(|c| seen.insert(c.value.clone()));
    found
}

/// The columns of a source: of a kept result, of a metric, of facts, or of a command; behind `parse`
/// those that the same command had last.
fn source_columns(place: &Place, known: &Known) -> Columns {
    let source = place.source.as_str();
    if source.is_empty() || source == "$" {
        return known
            .results
            .first()
            .map_or_else(Vec::new, |r| r.columns.clone());
    }
    if let Some(number) = source.strip_prefix('$') {
        let found = known
            .results
            .iter()
            .find(|r| r.number.to_string() == number);
        return found.map_or_else(Vec::new, |r| r.columns.clone());
    }
    if let Some(name) = source.strip_prefix("metric ") {
        let found = metrics::find(name.trim());
        let columns = found.map(metrics::Metric::columns).unwrap_or_default();
        let named = columns.into_iter().map(|c| (c.name, c.data_type.name()));
        return named.collect();
    }
    if source == "audit" || source.starts_with("audit ") {
        let columns = AUDIT_COLUMNS.iter();
        return columns
            .map(|c| (c.name.to_owned(), c.data_type.name()))
            .collect();
    }
    let described = match source.split_whitespace().next() {
        Some("automations") => Some(AUTOMATION_COLUMNS),
        Some("events") => Some(EVENT_COLUMNS),
        Some(_) | None => None,
    };
    if let Some(described) = described {
        let columns = described.iter();
        return columns.map(|c| (c.0.to_owned(), c.1.name())).collect();
    }
    if source == "facts" || source.starts_with("facts ") {
        let facts = metrics::FACTS.iter();
        return facts
            .map(|f| (f.name.to_owned(), f.data_type.name()))
            .collect();
    }
    let is_parsed = place
        .stages
        .iter()
        .any(|s| s.split(' ').next() == Some("parse"));
    let same = known.results.iter().find(|r| {
        let (command, stages) = r.text.split_once("|>").unwrap_or((&r.text, ""));
        let command = command.rsplit_once(" : ").map_or(command, |(_, c)| c);
        command.trim() == source && stages.contains("parse")
    });
    if let Some(same) = same.filter(|_| is_parsed) {
        return same.columns.clone();
    }
    let reserved = RESERVED_COLUMNS.iter();
    reserved.map(|c| (c.name.to_owned(), c.usage)).collect()
}

/// Programs of a node.
pub(super) fn programs(names: Arc<Vec<String>>) -> Vec<Candidate> {
    let names = names.iter();
    names
        .map(|n| Candidate::word(quoted(n), "program"))
        .collect()
}

/// Files of a folder; a name that ends in `/` is a folder.
pub(super) fn files(names: &[String]) -> Vec<Candidate> {
    let file = |name: &String| {
        if name.ends_with('/') {
            Candidate::part(name.clone(), "folder")
        } else {
            Candidate::word(name.clone(), "")
        }
    };
    names.iter().map(file).collect()
}

/// A word as the shell on the node reads it as this very text. `~/` at its beginning keeps its
/// meaning.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    let (home, rest) = match text.strip_prefix("~/") {
        Some(rest) => ("~/", rest),
        None => ("", text),
    };
    if !rest.is_empty() && rest.chars().all(is_plain) && !rest.starts_with('=') {
        return text.to_owned();
    }
    format!("{home}'{}'", rest.replace('\'', r"'\''"))
}
