//! A file to the [`AutomationSpec`] that is signed: names are looked up, defaults are filled in, and
//! what could never work is refused.

mod keys;

use std::time::Duration;

use hailer_protocol::automation::{
    AutomationSpec, Clear, Condition, Escalation, Hold, Limits, Mode, NodeCondition, Offline, Rate,
    RateScope, Storm,
};
use hailer_protocol::limits::AUTOMATION_COMMANDS_MAX;

use super::command::Command;
use super::file::{AutomationFile, Body, Clause};
use super::keyword::Keyword;
use super::limit::{Limit, STORM};
use super::quantity::written;
use super::watched::{Watched, clear_expr, watched};
use crate::ast::{Selector, SelectorKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::span::Span;

/// The time between two looks where nothing is said: a metric costs no process.
const EVERY_METRIC: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(10);
const EVERY_FLEET: Duration = Duration::from_secs(30);

/// The shortest time between two looks that start a process on every node.
const EVERY_COMMAND_MIN: Duration = Duration::from_secs(5);

/// The longest time that one look waits for its command.
const WHEN_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// How long a deed has to show that it helped where nothing is said.
const VERIFY: Duration = Duration::from_secs(60);

/// Within which time the deeds of an automation without a rate are tried once.
const RATE_PER: Duration = Duration::from_secs(60 * 60);

/// Lowers a file; every mistake ends up in `errors`. The source is left to the caller.
pub(super) fn lower(
    file: &AutomationFile,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<AutomationSpec> {
    let before = errors.len();
    let at = file.name.as_ref().map_or(Span::at(0), |(_, span)| *span);
    for keyword in [Keyword::On, Keyword::When] {
        if !file.has(keyword) {
            let message = format!("`{}` is missing", keyword.as_str());
            errors.push(
                Diagnostic::new(Code::Missing, at, message)
                    .label("this automation")
                    .help(format!("write `{}`: {}", keyword.usage(), keyword.help())),
            );
        }
    }
    let on = on(file, errors);
    let when = when(file, inventory, errors);
    let version = version(file, inventory, errors);
    let deeds = commands(file, Keyword::Do, errors);
    let collect = commands(file, Keyword::Collect, errors);
    without_deeds(file, &deeds, errors);
    let limits = limits(file, deeds.len(), errors);
    let every = every(file, when.as_ref(), errors);
    let key = match &when {
        Some(when) => keys::keys(file, when, &deeds, &collect, inventory, errors),
        None => Vec::new(),
    };
    let fire = match file.clause(Keyword::For).map(|c| &c.body) {
        Some(Body::For(hold)) => *hold,
        Some(_) | None => Hold::ONCE,
    };
    too_short(file, Keyword::For, fire, every, errors);
    let clear = clear(file, fire, every, when.as_ref(), inventory, errors);
    if errors.len() > before {
        return None;
    }
    let (when, when_clause) = (when?, file.clause(Keyword::When)?);
    let timeout = every.min(WHEN_TIMEOUT_MAX);
    let condition = if when.is_fleets {
        Condition::Fleet(when_clause.text.clone())
    } else {
        Condition::Node(when.condition(timeout)?)
    };
    Some(AutomationSpec {
        name: file.name.clone()?.0,
        source: String::new(),
        on: on?,
        version,
        every,
        when: condition,
        key,
        fire,
        clear,
        collect: collect.iter().map(|c| c.collect()).collect(),
        verify: verify(file, &deeds),
        deeds: deeds.iter().map(|c| c.deed()).collect(),
        limits,
        storm: storm(file),
        escalate: escalations(file),
        mode: match file.clause(Keyword::Mode).map(|c| &c.body) {
            Some(Body::Mode(mode)) => *mode,
            Some(_) | None => Mode::Observe,
        },
        owner: words(file, Keyword::Owner),
        runbook: words(file, Keyword::Runbook),
        note: note(file),
    })
}

/// The selector, with its `@`. Its names are looked up by whoever applies it.
fn on(file: &AutomationFile, errors: &mut Vec<Diagnostic>) -> Option<String> {
    let clause = file.clause(Keyword::On)?;
    let Body::On(selector) = &clause.body else {
        return None;
    };
    changing(selector, errors);
    Some(clause.text.clone())
}

/// Refuses what stands for other nodes at every moment, or for those of one moment.
fn changing(selector: &Selector, errors: &mut Vec<Diagnostic>) {
    let (message, help) = match &selector.kind {
        SelectorKind::Result(..) => (
            "a result is of one moment, and selects no nodes for an automation",
            "select them by what they are: a label, a group or their names",
        ),
        SelectorKind::State { .. } => (
            "who is connected changes from moment to moment",
            "leave it out: a node watches by itself, connected or not",
        ),
        SelectorKind::Chain(first, rest) => {
            changing(first, errors);
            rest.iter().for_each(|(_, s)| changing(s, errors));
            return;
        }
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Source(..)
        | SelectorKind::Label(..)
        | SelectorKind::Error => return,
    };
    errors.push(
        Diagnostic::new(Code::DoesNotFit, selector.span, message)
            .label("not here")
            .help(help),
    );
}

fn when(
    file: &AutomationFile,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<Watched> {
    let Body::When(line) = &file.clause(Keyword::When)?.body else {
        return None;
    };
    watched(Keyword::When, line, inventory, errors)
}

fn version(
    file: &AutomationFile,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<NodeCondition> {
    let Body::Version(line) = &file.clause(Keyword::Version)?.body else {
        return None;
    };
    watched(Keyword::Version, line, inventory, errors)?.condition(WHEN_TIMEOUT_MAX)
}

fn commands<'a>(
    file: &'a AutomationFile,
    keyword: Keyword,
    errors: &mut Vec<Diagnostic>,
) -> Vec<&'a Command> {
    let mut out = Vec::new();
    for clause in file.clauses.iter().filter(|c| c.keyword == keyword) {
        if let Body::Do(command) | Body::Collect(command) = &clause.body {
            if out.len() == AUTOMATION_COMMANDS_MAX {
                let message = format!(
                    "an automation has at most {AUTOMATION_COMMANDS_MAX} `{}`",
                    keyword.as_str()
                );
                errors.push(
                    Diagnostic::new(Code::TooMany, clause.span, message).label("one too many"),
                );
                break;
            }
            out.push(command);
        }
    }
    out
}

/// What only makes sense beside a deed.
fn without_deeds(file: &AutomationFile, deeds: &[&Command], errors: &mut Vec<Diagnostic>) {
    if !deeds.is_empty() || file.has(Keyword::Do) {
        return;
    }
    let of_deeds = |c: &&Clause| matches!(c.keyword, Keyword::Verify | Keyword::Limit);
    for clause in file.clauses.iter().filter(of_deeds) {
        let message = format!(
            "`{}` is about deeds, and there is no `do`",
            clause.keyword.as_str()
        );
        errors.push(
            Diagnostic::new(Code::Missing, clause.span, message)
                .label("for what?")
                .help("write `do COMMAND`, or leave it out"),
        );
    }
}

fn limits(file: &AutomationFile, n_deeds: usize, errors: &mut Vec<Diagnostic>) -> Limits {
    let mut out = Limits {
        rates: Vec::new(),
        attempts: 1,
        shares: Vec::new(),
        at_once: Vec::new(),
        offline: Offline::Hold,
    };
    let (mut attempts, mut offline) = (None, None);
    for clause in &file.clauses {
        let Body::Limit(list) = &clause.body else {
            continue;
        };
        for limit in list {
            let twice = match limit {
                Limit::Rate(rate) => {
                    out.rates.push(*rate);
                    None
                }
                Limit::Share(share) => {
                    out.shares.push(share.clone());
                    None
                }
                Limit::AtOnce(at_once) => {
                    out.at_once.push(at_once.clone());
                    None
                }
                Limit::Attempts(n) => attempts.replace(*n).map(|_| "attempts"),
                Limit::Offline(how) => offline.replace(*how).map(|_| "offline"),
            };
            if let Some(twice) = twice {
                let message = format!("`{twice}` is limited twice");
                errors.push(
                    Diagnostic::new(Code::Twice, clause.span, message).label("in this clause"),
                );
            }
        }
    }
    out.attempts = attempts.unwrap_or(1);
    out.offline = offline.unwrap_or_default();
    if out.rates.is_empty() && n_deeds > 0 {
        // Once through all deeds in an hour: what does not help must not go on by itself.
        let n = u32::try_from(n_deeds).unwrap_or(u32::MAX);
        out.rates.push(Rate {
            n: n.saturating_mul(u32::from(out.attempts)),
            per: RATE_PER,
            scope: RateScope::Key,
        });
    }
    out
}

fn every(file: &AutomationFile, when: Option<&Watched>, errors: &mut Vec<Diagnostic>) -> Duration {
    let default = match when {
        Some(when) if when.is_fleets => EVERY_FLEET,
        Some(when) if matches!(when.source, crate::plan::Source::Metric { .. }) => EVERY_METRIC,
        Some(_) | None => EVERY,
    };
    let Some(clause) = file.clause(Keyword::Every) else {
        return default;
    };
    let Body::Every(every) = clause.body else {
        return default;
    };
    let is_costly = when.is_some_and(|w| w.is_command() || w.is_fleets);
    if is_costly && every < EVERY_COMMAND_MIN {
        let message = format!(
            "a condition that is a command is looked at at most every {}",
            written(EVERY_COMMAND_MIN)
        );
        errors.push(
            Diagnostic::new(Code::BadNumber, clause.span, message)
                .label("this often")
                .help("every look starts a process on every node; a metric costs none, and may be looked at every 1s"),
        );
    }
    every
}

/// A time within which there is no second look holds nothing.
fn too_short(
    file: &AutomationFile,
    keyword: Keyword,
    hold: Hold,
    every: Duration,
    errors: &mut Vec<Diagnostic>,
) {
    let (Hold::For(time), Some(clause)) = (hold, file.clause(keyword)) else {
        return;
    };
    if !time.is_zero() && time < every {
        let message = format!(
            "within {} there is no second look: it is looked at every {}",
            written(time),
            written(every)
        );
        errors.push(
            Diagnostic::new(Code::BadNumber, clause.span, message)
                .label("too short")
                .help(format!(
                    "write `for {}` or longer, or look more often",
                    written(every)
                )),
        );
    }
}

fn clear(
    file: &AutomationFile,
    fire: Hold,
    every: Duration,
    when: Option<&Watched>,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Clear {
    let clause = file.clause(Keyword::Clear);
    let Some(Body::Clear(expr, hold)) = clause.map(|c| &c.body) else {
        return Clear {
            expr: None,
            hold: fire,
        };
    };
    if let Some(hold) = hold {
        too_short(file, Keyword::Clear, *hold, every, errors);
    }
    let line = file.clause(Keyword::When).map(|c| &c.body);
    let lowered = match (expr, when, line) {
        (Some(expr), Some(when), Some(Body::When(_))) if when.is_fleets => {
            errors.push(
                Diagnostic::new(
                    Code::DoesNotFit,
                    expr.span,
                    "a condition of the fleet clears when it has no row any more",
                )
                .label("not here")
                .help("leave the expression out, and write `clear for 1m`"),
            );
            None
        }
        (Some(expr), Some(_), Some(Body::When(line))) => clear_expr(line, expr, inventory, errors),
        (Some(_) | None, _, _) => None,
    };
    Clear {
        expr: lowered,
        hold: hold.unwrap_or(fire),
    }
}

fn verify(file: &AutomationFile, deeds: &[&Command]) -> Duration {
    match file.clause(Keyword::Verify).map(|c| &c.body) {
        Some(Body::Verify(time)) => *time,
        Some(_) | None if deeds.is_empty() => Duration::ZERO,
        Some(_) | None => VERIFY,
    }
}

fn words(file: &AutomationFile, keyword: Keyword) -> Option<String> {
    if let Body::Owner(text) | Body::Runbook(text) = &file.clause(keyword)?.body {
        return Some(text.clone());
    }
    None
}

fn note(file: &AutomationFile) -> String {
    let mut notes = Vec::new();
    for clause in &file.clauses {
        if let Body::Note(text) = &clause.body {
            notes.push(text.as_str());
        }
    }
    notes.join("\n")
}

fn escalations(file: &AutomationFile) -> Vec<Escalation> {
    let mut out = Vec::new();
    for clause in &file.clauses {
        if let Body::Else(escalation) = &clause.body {
            out.push(escalation.clone());
        }
    }
    out
}

fn storm(file: &AutomationFile) -> Storm {
    match file.clause(Keyword::Storm).map(|c| &c.body) {
        Some(Body::Storm(storm)) => *storm,
        Some(_) | None => STORM,
    }
}
