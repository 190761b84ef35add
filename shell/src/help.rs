//! `help`: the language on one screen, and each word of it in a few lines.

mod functions;

use std::fmt::Write as _;

use hailer_lang::nearest::nearest;
use hailer_lang::words::{self, Word};
use hailer_protocol::expr::Function;
use hailer_protocol::metrics;

use crate::error::ShellError;

/// The language on one screen.
const LANGUAGE: &str = "\
A line is a Linux command. It runs on every node in scope; equal answers fold.

  uptime                             run it on the scope
  @role=db & dc=fra                  set the scope; it stays
  @(web[01-20],db07) : df -h         a scope for this line only
  : nodes --help                     a Linux command whatever its first word
  !ls                                on your own machine

|  stays on the node. |> is the fleet's pipe:

  df --output=pcent,target |> parse |> where use_pct > 90 |> top 10 by use_pct
  metric mem |> where value > 95% |> count by dc
  |> count by version                go on from the last result; nothing runs again
  $3 |> where rc != 0                go on from result 3; $3 alone shows it again
  @$3.failed : journalctl -n 50      a result's nodes as a scope

selectors  web[001-200]  web*  /regex/  group  key=value  key!=value  key~regex
           key in (a,b)  state=up  $3.failed  $3.minority  $3  all  kernel~'^5'
           A,B union   A ! B difference   A & B intersection   A ^ B either
probes     metric NAME   facts [COLUMN, …]   nodes
verbs      parse  where  select  derive  take  group  count  sort  top  agg  uniq
shell      help  ?  scope  explain LINE  jobs  cancel  history  set  quit
states     ok failed timed_out unreachable lost undeliverable cancelled
           not_started denied

help WORD explains a word; help metric lists the metrics. Ctrl-C once stops
asking more nodes, twice ends what runs on them; Ctrl-Z gives the prompt back.
";

/// Returns help on a word, or on the whole language.
///
/// # Errors
/// When there is no such word.
pub fn help(word: Option<&str>) -> Result<String, ShellError> {
    match word {
        None | Some("language") => Ok(LANGUAGE.to_owned()),
        Some("metric" | "metrics") => Ok(metric_list()),
        Some("facts") => Ok(fact_list()),
        Some("where" | "derive" | "expressions") => Ok(expressions()),
        Some("functions") => Ok(functions::list()),
        Some("set") => Ok(format!(
            "set [NAME VALUE]\n{}",
            crate::settings::Settings::default().describe()
        )),
        Some(name) => lists()
            .find(|w| w.name == name)
            .map(|w| describe(&w))
            .or_else(|| Function::by_name(name).map(functions::one))
            .ok_or_else(|| unknown(name)),
    }
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

fn unknown(name: &str) -> ShellError {
    let error = ShellError::usage(format!("there is no help on `{name}`"));
    match nearest(name, lists().map(|w| w.name)) {
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
    fn the_language_fits_one_screen() {
        assert!(
            LANGUAGE.lines().count() <= 32,
            "{}",
            LANGUAGE.lines().count()
        );
        let wide = LANGUAGE.lines().find(|l| l.chars().count() > 84);
        assert_eq!(wide, None);
    }

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
