//! Flags of verbs, and what their values may be.

use hailer_lang::inventory::Inventory;
use hailer_lang::words::{self, RUN_FLAGS};

use super::Candidate;

/// Those flags of `run` that do not stand there already.
pub(super) fn of_run(before: &[String]) -> Vec<Candidate> {
    let is_there = |name: &str| {
        let mut names = before.iter().map(|b| b.trim_start_matches('-'));
        names.any(|b| b.split('=').next() == Some(name))
    };
    let left = RUN_FLAGS.iter().filter(|f| !is_there(f.name));
    left.map(|f| {
        let about = match f.usage.strip_prefix(f.name).map(str::trim) {
            Some("") | None => f.help.to_owned(),
            Some(value) => format!("{value} · {}", f.help),
        };
        Candidate::word(format!("--{}", f.name), about)
    })
    .collect()
}

/// Values that a flag of `run` may have.
pub(super) fn value(flag: &str, inventory: &Inventory) -> Vec<Candidate> {
    let about = words::find(RUN_FLAGS, flag).map_or("", |f| f.help);
    let values: &[&str] = match flag {
        "batch-by" => {
            let labels = inventory.labels().iter();
            let labels = labels.map(|(key, values)| {
                let n = values.len();
                let about = format!("{n} value{}", if n == 1 { "" } else { "s" });
                Candidate::word(key.clone(), about)
            });
            return labels.collect();
        }
        "canary" => &["1", "1,5%", "1,5%,25%"],
        "wait" => &["10s", "30s", "1m", "5m"],
        "max-failures" | "max-unreachable" => &["0", "1", "1%", "5%"],
        "pick" => &["1", "10", "100"],
        "max-in-flight" => &["1", "10", "100", "1000"],
        // A line in quotes, a seed, and what is no flag.
        _ => &[],
    };
    values.iter().map(|v| Candidate::word(*v, about)).collect()
}
