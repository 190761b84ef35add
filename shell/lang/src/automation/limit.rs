//! `limit 1/30m per node, 5% per dc, 3 at once`: how often and how widely an automation may act.

use std::time::Duration;

use hailer_protocol::automation::{AT_ONCE_MAX, AtOnce, Offline, Rate, RateScope, Share};
use hailer_protocol::limits::AUTOMATION_DURATION_MAX;

use super::keyword::Keyword;
use super::pieces::{Piece, Pieces};
use super::quantity::{count, duration, of_piece, percent, share, whole, written};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::did_you_mean;

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// `1/30m per node`.
    Rate(Rate),
    /// `2 attempts`.
    Attempts(u16),
    /// `5% per dc`.
    Share(Share),
    /// `3 at once`.
    AtOnce(AtOnce),
    /// `offline hold`.
    Offline(Offline),
}

const ATTEMPTS_MAX: u32 = 100;
const RATE_MAX: u32 = 10_000;
const SECOND: Duration = Duration::from_secs(1);

impl Limit {
    /// Where it stands in the canonical form.
    pub(super) const fn order(&self) -> u8 {
        match self {
            Self::Rate(_) => 0,
            Self::Attempts(_) => 1,
            Self::Share(_) => 2,
            Self::AtOnce(_) => 3,
            Self::Offline(_) => 4,
        }
    }

    /// Writes it.
    pub(super) fn text(&self) -> String {
        let per = |by: &Option<String>| {
            by.as_ref()
                .map_or_else(String::new, |by| format!(" per {by}"))
        };
        match self {
            Self::Rate(rate) => {
                let scope = match rate.scope {
                    RateScope::Key => "key",
                    RateScope::Node => "node",
                    RateScope::Fleet => "fleet",
                };
                format!("{}/{} per {scope}", rate.n, written(rate.per))
            }
            Self::Attempts(1) => "1 attempt".to_owned(),
            Self::Attempts(n) => format!("{n} attempts"),
            Self::Share(s) => format!("{}{}", percent(s.basis_points), per(&s.by)),
            Self::AtOnce(a) => format!("{} at once{}", a.n, per(&a.by)),
            Self::Offline(Offline::Hold) => "offline hold".to_owned(),
            Self::Offline(Offline::Lottery {
                basis_points,
                epoch,
            }) => format!(
                "offline lottery {} every {}",
                percent(*basis_points),
                written(*epoch)
            ),
        }
    }
}

/// Reads all limits of a clause; what is wrong with one is told, and it is left out.
pub(super) fn limits(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Vec<Limit> {
    let mut out = Vec::new();
    loop {
        match one(pieces, errors) {
            Some(limit) => out.push(limit),
            None => {
                pieces.skip_item();
                if pieces.peek().is_none() {
                    return out;
                }
                continue;
            }
        }
        if pieces.peek().is_none() {
            return out;
        }
        if !pieces.word(",") {
            let wrong = pieces.wrong("`,` and another limit, or the end");
            errors.push(wrong.help(format!("it is written `{}`", Keyword::Limit.usage())));
            pieces.skip_item();
            if pieces.peek().is_none() {
                return out;
            }
        }
    }
}

fn one(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Limit> {
    let Some(first) = pieces.peek().filter(|p| p.is_quoted || p.text != ",") else {
        let wrong = pieces.wrong("a limit");
        errors.push(wrong.help(format!("it is written `{}`", Keyword::Limit.usage())));
        return None;
    };
    pieces.take();
    if first.text == "offline" {
        return offline(pieces, errors).map(Limit::Offline);
    }
    if first.text.ends_with('%') {
        let basis_points = share(first, errors)?;
        let by = per_label(pieces, errors)?;
        return Some(Limit::Share(Share { basis_points, by }));
    }
    if let Some((n, per)) = first.text.split_once('/') {
        return rate(first, n, per, pieces, errors).map(Limit::Rate);
    }
    if !first.text.starts_with(|c: char| c.is_ascii_digit()) {
        let known = ["offline"];
        errors.push(
            Diagnostic::new(
                Code::Unexpected,
                first.span,
                format!("`{}` is no limit", first.text),
            )
            .label("expected a limit")
            .help(
                did_you_mean(first.text, known)
                    .unwrap_or_else(|| format!("it is written `{}`", Keyword::Limit.usage())),
            ),
        );
        return None;
    }
    if pieces.word("attempts") || pieces.word("attempt") {
        let n = whole(
            first,
            first.text,
            "a number of attempts",
            (1, ATTEMPTS_MAX),
            errors,
        )?;
        return u16::try_from(n).ok().map(Limit::Attempts);
    }
    if pieces.word("at") {
        pieces.expect("once", errors)?;
        let n = whole(
            first,
            first.text,
            "a number of keys",
            (1, AT_ONCE_MAX),
            errors,
        )?;
        let by = per_label(pieces, errors)?;
        return Some(Limit::AtOnce(AtOnce { n, by }));
    }
    let wrong = pieces.wrong("`attempts` or `at once` behind a number");
    errors.push(wrong.help(format!(
        "a rate is written `{0}/30m per node`, a share `{0}%`",
        first.text
    )));
    None
}

fn rate(
    first: Piece<'_>,
    n: &str,
    per: &str,
    pieces: &mut Pieces<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Rate> {
    let n = whole(first, n, "a number of attempts", (1, RATE_MAX), errors);
    let per = of_piece(first, per, SECOND, AUTOMATION_DURATION_MAX, errors);
    let scope = if pieces.word("per") {
        scope(pieces, errors)
    } else {
        Some(RateScope::Key)
    };
    Some(Rate {
        n: n?,
        per: per?,
        scope: scope?,
    })
}

fn scope(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<RateScope> {
    let names = ["key", "node", "fleet"];
    let scopes = [RateScope::Key, RateScope::Node, RateScope::Fleet];
    let found = names.iter().position(|name| pieces.word(name));
    if let Some(at) = found {
        return Some(scopes[at]);
    }
    let near = pieces.peek().and_then(|p| did_you_mean(p.text, names));
    let help = near.unwrap_or_else(|| {
        "shares and numbers go by label: `5% per dc`, `3 at once per dc`".to_owned()
    });
    errors.push(pieces.wrong("`key`, `node` or `fleet`").help(help));
    None
}

/// `[per LABEL]`; `None` where something else stands behind `per`.
#[expect(
    clippy::option_option,
    reason = "a mistake is told, and no label is none"
)]
fn per_label(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Option<String>> {
    if !pieces.word("per") {
        return Some(None);
    }
    let fits = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let is_label = |p: &Piece<'_>| !p.is_quoted && p.text.chars().all(fits);
    let Some(label) = pieces.peek().filter(is_label) else {
        errors.push(pieces.wrong("a label"));
        return None;
    };
    if matches!(label.text, "node" | "key") {
        let message = format!("a share or a number per {} says nothing", label.text);
        errors.push(
            Diagnostic::new(Code::Unexpected, label.span, message)
                .label("expected a label")
                .help("write a label such as `dc`, or leave it out for the whole fleet"),
        );
        pieces.take();
        return None;
    }
    pieces.take();
    Some(Some(label.text.to_owned()).filter(|by| by != "fleet"))
}

fn offline(pieces: &mut Pieces<'_>, errors: &mut Vec<Diagnostic>) -> Option<Offline> {
    if pieces.word("hold") {
        return Some(Offline::Hold);
    }
    if !pieces.word("lottery") {
        let near = pieces
            .peek()
            .and_then(|p| did_you_mean(p.text, ["hold", "lottery"]));
        errors.push(pieces.wrong("`hold` or `lottery`").help_opt(near));
        return None;
    }
    let Some(piece) = pieces.take() else {
        errors.push(pieces.wrong("a share, such as `1%`"));
        return None;
    };
    let basis_points = share(piece, errors);
    pieces.expect("every", errors)?;
    let epoch = duration(pieces, SECOND, AUTOMATION_DURATION_MAX, errors)?;
    Some(Offline::Lottery {
        basis_points: basis_points?,
        epoch,
    })
}

/// `storm off` and `storm 50% in 1m [of 4]`.
pub(super) fn storm(
    pieces: &mut Pieces<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<hailer_protocol::automation::Storm> {
    if pieces.word("off") {
        return Some(hailer_protocol::automation::Storm {
            basis_points: 0,
            ..STORM
        });
    }
    let Some(piece) = pieces.take() else {
        errors.push(pieces.wrong("a share, such as `50%`, or `off`"));
        return None;
    };
    let basis_points = share(piece, errors);
    pieces.expect("in", errors)?;
    let within = duration(pieces, SECOND, AUTOMATION_DURATION_MAX, errors);
    let at_least = if pieces.word("of") {
        count(pieces, "a number of keys", (1, AT_ONCE_MAX), errors)
    } else {
        Some(STORM.at_least)
    };
    Some(hailer_protocol::automation::Storm {
        basis_points: basis_points?,
        within: within?,
        at_least: at_least?,
    })
}

/// Writes when too much fires at once.
pub(super) fn storm_text(storm: hailer_protocol::automation::Storm) -> String {
    if storm.basis_points == 0 {
        return "off".to_owned();
    }
    format!(
        "{} in {} of {}",
        percent(storm.basis_points),
        written(storm.within),
        storm.at_least
    )
}

/// What holds where nothing is said: half of the keys within a minute, and at least four.
pub(super) const STORM: hailer_protocol::automation::Storm = hailer_protocol::automation::Storm {
    basis_points: 5_000,
    within: Duration::from_secs(60),
    at_least: 4,
};
