//! Secrets taken out of texts that people wrote: command lines, reasons, explanations.
//!
//! [`redact`] stands before every sink that keeps or shows such a text: the journal on a node's
//! disk, the audit, its export, syslog, the agent's own log. What it takes out is gone there, and
//! `[redacted]` stands in its place.
//!
//! # What is caught
//!
//! Everything that has a shape of its own (tokens of known issuers, private keys in PEM, JSON web
//! tokens, URLs with a password, webhooks), everything that is named a secret (`password=…`,
//! `"api_key": "…"`, `DB_PASSWORD=…`, `--token …`, `Authorization: …`, `Cookie: …`), and the flags
//! of programs that take a password as a word (`mysql -p…`, `sshpass -p …`, `curl -u user:…`,
//! `redis-cli -a …`, and more). The [table of rules](RULES) is the whole list.
//!
//! # What is not
//!
//! A secret without a shape or a name: the third word of a program that is not in the table, a
//! password in a file or on standard input, text that is encoded (base64, hex) or put together on
//! the node out of variables. A name that says nothing (`X=hunter2`) hides nothing. Whoever has such
//! a secret puts it into a file that the command reads.
//!
//! Too much is taken out rather than too little: `token=main` is redacted, too.

mod rules;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

pub use rules::{RULES, Rule};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// The rules, compiled once.
struct Compiled {
    set: RegexSet,
    each: Vec<Regex>,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| Compiled {
    set: RegexSet::new(RULES.iter().map(|rule| rule.pattern)).expect("the table is tested"),
    each: RULES
        .iter()
        .map(|rule| Regex::new(rule.pattern).expect("the table is tested"))
        .collect(),
});

/// Returns the text without the secrets that [`RULES`] know. Doing it twice changes nothing more.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let compiled = &*COMPILED;
    let found = compiled.set.matches(text);
    let mut text = Cow::Borrowed(text);
    for at in found {
        // Only the `secret` of a match goes: what names it stays, so that a person can still read
        // what was done.
        let taken_out = compiled.each[at].replace_all(&text, |captures: &Captures<'_>| {
            let whole = &captures[0];
            let start = captures.get(0).map_or(0, |m| m.start());
            let Some(secret) = captures.name("secret") else {
                return REDACTED.to_owned();
            };
            let (from, to) = (secret.start() - start, secret.end() - start);
            format!("{}{REDACTED}{}", &whole[..from], &whole[to..])
        });
        if let Cow::Owned(owned) = taken_out {
            text = Cow::Owned(owned);
        }
    }
    text
}

/// As [`redact`], of a text that is at hand and not needed any more.
#[must_use]
pub fn redacted(text: String) -> String {
    match redact(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean,
    }
}

#[cfg(test)]
mod tests;
