//! `help`: the language on one screen, and each word of it in a few lines.

mod compare;
mod functions;
mod pages;
mod program;

use std::fmt::Write as _;

use hailer_lang::nearest::nearest;
use hailer_lang::words::{self, Word};
use hailer_protocol::audit::{AUDIT_COLUMNS, AuditEvent};
use hailer_protocol::automation::{AUTOMATION_COLUMNS, Described, EVENT_COLUMNS};
use hailer_protocol::expr::Function;
use hailer_protocol::metrics;

use crate::error::ShellError;
use crate::session::ROWS_DEFAULT;
use pages::PAGES;
pub use program::on_program;

/// Returns help on a word, or on the whole language.
///
/// # Errors
/// When there is no such word.
pub fn help(word: Option<&str>) -> Result<String, ShellError> {
    match word {
        None => Ok(PAGES[0].text.to_owned()),
        Some("metric" | "metrics") => Ok(metric_list()),
        Some("facts") => Ok(fact_list()),
        Some("audit") => Ok(audit_page()),
        Some("automations") => Ok(described_page(
            "automations: the automations on the nodes and where they stand\n\n\
             \x20 automations |> where state = firing |> group by name\n\
             \x20 @web : automations |> where held is not null |> select node, name, key, held\n\n",
            AUTOMATION_COLUMNS,
        )),
        Some("events") => Ok(described_page(
            "events [since DURATION]: what automations saw and did\n\n\
             \x20 events since 7d |> group by automation |> sort count desc\n\
             \x20 @web01 : events since 1h |> where event = outcome\n\n",
            EVENT_COLUMNS,
        )),
        Some("where" | "derive" | "expressions") => Ok(expressions()),
        Some("functions") => Ok(functions::list()),
        Some("set" | "settings") => Ok(format!(
            "set [NAME [VALUE]]: shows or changes how lines are run; the defaults are\n\n{}",
            crate::settings::Settings::default().describe()
        )),
        Some("help") => Ok(page_list()),
        Some(name) => PAGES
            .iter()
            .find(|page| page.name == name)
            .map(|page| page.text.to_owned())
            .or_else(|| compare::of(name).map(str::to_owned))
            .or_else(|| lists().find(|w| w.name == name).map(|w| describe(&w)))
            .or_else(|| of_setting(name))
            .or_else(|| of_state(name))
            .or_else(|| Function::by_name(name).map(functions::one))
            .ok_or_else(|| unknown(name)),
    }
}

fn audit_page() -> String {
    let mut out = format!(
        "audit [since DURATION]: who asked for what, and what came of it\n\n\
         \x20 audit since 1h |> where event = refused\n\
         \x20 @web : audit |> where who = alice |> select node, time, command, run_rc\n\n\
         Each node writes down every request, decision, start, end and refusal, each\n\
         record chained to the one before. It verifies all of it whenever it is asked:\n\
         one whose chain is broken says where, and has failed. The newest {ROWS_DEFAULT} records\n\
         of each node are shown. Passwords and tokens are taken out. This shell keeps the\n\
         head of each node's chain, and says when one no longer contains it.\n\n"
    );
    for column in AUDIT_COLUMNS {
        let _ = writeln!(
            out,
            "  {:<12} {:<9} {}",
            column.name,
            column.data_type.name(),
            column.description
        );
    }
    let _ = writeln!(out, "\nThe events are:\n");
    for event in AuditEvent::ALL {
        let _ = writeln!(out, "  {:<14} {}", event.as_str(), event.describe());
    }
    out
}

/// A page of a source whose columns are described.
fn described_page(head: &str, columns: &[Described]) -> String {
    let mut out = head.to_owned();
    for (name, data_type, description) in columns {
        let _ = writeln!(out, "  {name:<12} {:<9} {description}", data_type.name());
    }
    out
}

fn lists() -> impl Iterator<Item = Word> {
    words::PROBES
        .iter()
        .chain(words::VERBS)
        .chain(words::SHELL_WORDS)
        .chain(words::RESERVED_COLUMNS)
        .copied()
}

fn describe(word: &Word) -> String {
    let later = if word.available {
        ""
    } else {
        "\n  not available yet in this version"
    };
    format!("{}\n  {}{later}\n", word.usage, word.help)
}

fn page_list() -> String {
    let mut out = "help [PAGE or WORD]\n\n".to_owned();
    for page in PAGES {
        let _ = writeln!(out, "  {:<12}{}", page.name, page.about);
    }
    out.push_str("  functions   what expressions can call\n");
    out.push_str("  set         how lines are run\n");
    out.push_str("  metric      what `metric` knows; facts  what `facts` knows\n\n");
    out.push_str("A word is a verb, a function, a column, a metric, a setting or a state.\n");
    out
}

fn of_setting(name: &str) -> Option<String> {
    crate::settings::Settings::default().describe_one(name).ok()
}

/// A state's line of its page.
fn of_state(name: &str) -> Option<String> {
    hailer_protocol::state::State::by_name(name)?;
    let page = PAGES.iter().find(|page| page.name == "states")?;
    let line = page
        .text
        .lines()
        .find(|l| l.trim_start().starts_with(name))?;
    Some(format!(
        "{}\n`help states` shows them all\n",
        line.trim_start()
    ))
}

fn unknown(name: &str) -> ShellError {
    let error = ShellError::usage(format!("there is no help on `{name}`"));
    let pages = PAGES.iter().map(|page| page.name);
    let known = lists()
        .map(|w| w.name)
        .chain(pages)
        .chain(["functions", "metric"]);
    match nearest(name, known) {
        Some(near) => error.hint(format!("did you mean `help {near}`?")),
        None => error.hint("`help` shows the language; a Linux command has its own `man` page"),
    }
}

fn metric_list() -> String {
    let mut out =
        "metric NAME: the latest value on every node; `system.` may be left out\n\n".to_owned();
    for metric in metrics::catalog() {
        let short = metric.short.first().copied().unwrap_or_default();
        let name = metric
            .name
            .strip_prefix(metrics::PREFIX)
            .unwrap_or(metric.name);
        let _ = writeln!(out, "{short:<14} {name:<32} {}", metric.description);
    }
    out
}

fn fact_list() -> String {
    let mut out = "facts [COLUMN, …]: what the nodes are\n\n".to_owned();
    for fact in metrics::FACTS {
        let _ = writeln!(
            out,
            "{:<16} {:<9} {}",
            fact.name,
            fact.data_type.name(),
            fact.description
        );
    }
    out
}

fn expressions() -> String {
    format!(
        "where EXPR, derive NAME = EXPR\n\
         \x20 =  !=  <  <=  >  >=     + - * / %      and  or  not\n\
         \x20 x in (a, b)    x ~ 'regex'    x !~ 'regex'    x is null\n\
         \x20 units: 95%  10GiB  30s  2h30m; a bare number compared with a percentage means points\n\
         \x20 functions: `help functions` lists them, `help split` explains one\n\
         \x20 columns of a command: {}; labels are columns too\n",
        words::names(words::RESERVED_COLUMNS)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_language_has_help() {
        for word in lists() {
            assert!(help(Some(word.name)).is_ok(), "{}", word.name);
        }
    }

    #[test]
    fn a_misspelt_word_is_answered_with_the_nearest() {
        let error = help(Some("gruop")).expect_err("no such word");
        assert!(error.to_string().contains("help group"), "{error}");
    }
}
