//! The closed lists of words: probes, shell words, fleet verbs, reserved columns.
//!
//! No word that operators run on Linux is taken as a first word (`kill`, `top`, `watch`, `file`,
//! `log`, `ps` stay Linux commands). Words that this version cannot carry out are in the lists too:
//! they are parsed, completed and explained, and planning says that they are not available yet.

/// One word of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// How it is used.
    pub usage: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Whether this version carries it out.
    pub available: bool,
}

const fn now(name: &'static str, usage: &'static str, help: &'static str) -> Word {
    Word {
        name,
        usage,
        help,
        available: true,
    }
}

const fn later(name: &'static str, usage: &'static str, help: &'static str) -> Word {
    Word {
        name,
        usage,
        help,
        available: false,
    }
}

/// First words that start a table source.
pub const PROBES: &[Word] = &[
    now(
        "metric",
        "metric NAME",
        "the latest value of a metric on every node in scope",
    ),
    now(
        "facts",
        "facts [COLUMN, …]",
        "what the nodes are: kernel, processors, memory, uptime",
    ),
    now(
        "nodes",
        "nodes",
        "the nodes in scope with their labels and live state",
    ),
    now(
        "events",
        "events [since DURATION]",
        "what automations saw and did",
    ),
    now(
        "automations",
        "automations",
        "the automations on the nodes and their states",
    ),
    now(
        "audit",
        "audit [since DURATION]",
        "who asked for what, and what came of it, as each node wrote it down",
    ),
    now(
        "open",
        "open FILE",
        "rows of a .parquet, .csv, .tsv, .ndjson or .json file on this machine",
    ),
];

/// First words that are for the shell itself.
pub const SHELL_WORDS: &[Word] = &[
    now("help", "help [WORD]", "explains a word, or lists them"),
    now(
        "?",
        "? [WORD|@SELECTOR|LINE]",
        "explains a word; shows whom a selector or a line is for, and runs nothing",
    ),
    now("scope", "scope", "shows the nodes in scope"),
    now(
        "jobs",
        "jobs [all|attach [N|RUN]]",
        "lists the runs in the background, or all detached ones; `attach` waits for one",
    ),
    now(
        "cancel",
        "cancel [N|RUN]",
        "ends a run on every node: one in the background, the last without a number, or a detached one",
    ),
    now(
        "results",
        "results",
        "lists the results that are kept: number, nodes by state, rows, age, scope, line",
    ),
    now(
        "retry",
        "retry $N[.SET]",
        "asks the targets of a result that were not ok, or one of its sets, once more: $N gets their answers",
    ),
    now(
        "request",
        "request FILE",
        "signs what the last line was denied, for those nodes; another operator approves the file",
    ),
    now(
        "detached",
        "detached LINE",
        "starts a command that outlives this shell; `jobs all` finds it again",
    ),
    now(
        "history",
        "history [N] [--failed] [--here] [TEXT]",
        "lists the lines that were run, with what came of them",
    ),
    now(
        "explain",
        "explain LINE",
        "shows where each part of a line would run, and runs nothing",
    ),
    now("set", "set [NAME [VALUE]]", "shows or changes a setting"),
    now("quit", "quit", "ends the shell"),
    now("exit", "exit", "ends the shell"),
    now(
        "let",
        "let [NAME [= LINE]]",
        "gives a line or a selector a name, shows one, or lists them",
    ),
    now("unlet", "unlet NAME", "takes a name away again"),
    now(
        "source",
        "source FILE",
        "carries out the lines of a file, as if they were typed",
    ),
    now(
        "promote",
        "promote NAME [--every|--for|--key|--limit|--verify|--else|--mode … VALUE] [--dir DIR]",
        "writes the last line as an automation's file, to be looked at, planned and applied",
    ),
    now(
        "plan",
        "plan DIR|FILE …",
        "shows what `apply` would change, and where; exit code 2 if anything",
    ),
    now(
        "apply",
        "apply DIR|FILE … [--yes] [--canary N|%,…] [--wait DURATION]",
        "makes these the automations of the fleet, and no others, in stages",
    ),
    now(
        "mute",
        "mute NAME [DURATION]",
        "keeps an automation from acting and paging on the nodes in scope",
    ),
    now("unmute", "unmute NAME", "lets a muted automation act again"),
    now(
        "pause",
        "pause --all [DURATION]",
        "stops every deed of every automation on the whole fleet",
    ),
    now("resume", "resume --all", "lets deeds be done again"),
    now(
        "approve",
        "approve NAME [KEY]",
        "lets an automation that asks act this once",
    ),
    now(
        "reject",
        "reject NAME [KEY]",
        "tells an automation that asks not to act",
    ),
    now(
        "settle",
        "settle NAME [KEY]",
        "says that somebody has looked: what was escalated starts anew",
    ),
];

/// Words behind `|>`.
pub const VERBS: &[Word] = &[
    now(
        "parse",
        "parse [columns|json|kv|csv|lines|regex 'PATTERN']",
        "turns the text of column `out` into rows and columns",
    ),
    now(
        "where",
        "where EXPR",
        "keeps the rows for which the expression is true",
    ),
    now(
        "select",
        "select COLUMN|NAME = EXPR, …",
        "keeps these columns, in this order",
    ),
    now("derive", "derive NAME = EXPR, …", "adds columns"),
    now(
        "take",
        "take N [per node]",
        "keeps the first N rows, of the fleet or of each node",
    ),
    now(
        "group",
        "group [by COLUMN, …]",
        "puts equal rows together, with the nodes that share them",
    ),
    now("count", "count [by COLUMN, …]", "counts rows"),
    now("sort", "sort EXPR [asc|desc], …", "orders rows"),
    now(
        "top",
        "top N by EXPR",
        "keeps the N rows with the highest value, highest first",
    ),
    now(
        "agg",
        "agg [NAME =] FUNCTION(EXPR), … [by COLUMN, …]",
        "computes over rows: count sum mean min max median stddev p99 distinct first last list",
    ),
    now(
        "uniq",
        "uniq [by COLUMN, …]",
        "keeps the first of equal rows; their nodes are not compared",
    ),
    now(
        "join",
        "join [left] $N|FILE [by COLUMN, …]",
        "puts rows beside those of another result or a file; left keeps rows without a match",
    ),
    now(
        "diff",
        "diff [$N] [by COLUMN, …]",
        "shows how odd answers differ from most, or what changed since result N",
    ),
    now(
        "why",
        "why [by COLUMN, …]",
        "finds the labels, facts or columns that tell odd nodes from the rest",
    ),
    now(
        "sql",
        "sql 'SELECT … FROM self'",
        "runs SQL over the rows (`self`) and other results (`$3`)",
    ),
    now(
        "run",
        "run [each] [--FLAG …] COMMAND",
        "runs a command on each node that still has a row; `each`: once a row",
    ),
    now(
        "save",
        "save [--force] FILE",
        "writes the rows to a .parquet, .csv, .ndjson or .json file here",
    ),
    later("plot", "plot COLUMN [by COLUMN]", "draws a column"),
    now(
        "follow",
        "follow",
        "shows lines of all nodes as they come, until Ctrl-C",
    ),
    now(
        "watch",
        "watch DURATION",
        "asks again and again, and marks what changed, until Ctrl-C",
    ),
];

/// Flags of `run`, without their `--`; one whose usage is its name takes no value.
pub const RUN_FLAGS: &[Word] = &[
    now(
        "canary",
        "canary N|%,…",
        "ask so many nodes first, in stages",
    ),
    now(
        "batch-by",
        "batch-by LABEL",
        "one value of a label after the other",
    ),
    now("wait", "wait DURATION", "wait so long between stages"),
    now(
        "gate",
        "gate 'LINE'",
        "ask this between stages, not behind the last; rows or failures halt",
    ),
    now("max-failures", "max-failures N|%", "halt when more fail"),
    now(
        "max-unreachable",
        "max-unreachable N|%",
        "halt when more cannot be reached",
    ),
    now("fail-fast", "fail-fast", "halt at the first failure"),
    now(
        "pick",
        "pick N",
        "only so many of the nodes, drawn by chance",
    ),
    now(
        "seed",
        "seed N",
        "draw the same nodes as with this seed before",
    ),
    now(
        "max-in-flight",
        "max-in-flight N",
        "ask so many at the same time",
    ),
    now("yes", "yes", "do not ask whether it may run"),
];

/// Columns that every command result has, in their order.
pub const RESERVED_COLUMNS: &[Word] = &[
    now("node", "string", "the node's name"),
    now("state", "string", "how the node's part of the run ended"),
    now("rc", "int", "the command's exit code"),
    now("ms", "int", "how long the command took, in milliseconds"),
    now("bytes", "size", "how much the command wrote"),
    now("truncated", "bool", "whether output was cut off"),
    now(
        "out",
        "string",
        "what the command wrote to standard output; expressions read it without its last newline",
    ),
    now(
        "err",
        "string",
        "what the command wrote to standard error; expressions read it without its last newline",
    ),
];

/// The reserved columns that a row plan finds on the node; the others are the shell's.
pub const NODE_SIDE_COLUMNS: [&str; 5] = ["rc", "ms", "bytes", "truncated", "out"];

/// What `agg` can compute, with those percentiles that are asked for most; any other `pNN` is one
/// too.
pub const AGGREGATES: &[&str] = &[
    "count", "sum", "mean", "min", "max", "median", "stddev", "p50", "p90", "p95", "p99",
    "distinct", "first", "last", "list",
];

/// Words that have a meaning of their own in expressions and selectors.
pub const KEYWORDS: &[&str] = &[
    "and", "or", "not", "in", "is", "null", "true", "false", "by", "per", "as", "asc", "desc",
    "all",
];

/// Words that a label cannot be called: reserved columns, keywords, and what columns are called.
#[must_use]
pub fn is_reserved_label(key: &str) -> bool {
    RESERVED_COLUMNS.iter().any(|w| w.name == key)
        || KEYWORDS.contains(&key)
        || matches!(
            key,
            "label" | "group" | "name" | "address" | "count" | "nodes"
        )
}

/// Whether a word of the shell is about automations on nodes.
#[must_use]
pub fn is_of_automations(word: &str) -> bool {
    matches!(
        word,
        "plan" | "apply" | "mute" | "unmute" | "pause" | "resume" | "approve" | "reject" | "settle"
    )
}

/// Finds a word in one of the lists.
#[must_use]
pub fn find(list: &'static [Word], name: &str) -> Option<&'static Word> {
    list.iter().find(|w| w.name == name)
}

/// Returns the names in one of the lists.
pub fn names(list: &'static [Word]) -> impl Iterator<Item = &'static str> {
    list.iter().map(|w| w.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_first_word_of_ours_is_a_linux_command() {
        for linux in [
            "kill", "top", "watch", "file", "log", "ps", "sort", "join", "diff",
        ] {
            assert!(
                find(PROBES, linux).is_none() && find(SHELL_WORDS, linux).is_none(),
                "{linux}"
            );
        }
    }

    #[test]
    fn every_word_says_how_it_is_used() {
        for w in [PROBES, SHELL_WORDS, VERBS].concat() {
            assert!(
                w.usage.starts_with(w.name) && !w.help.is_empty(),
                "{}",
                w.name
            );
        }
    }
}
