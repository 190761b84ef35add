//! The canonical form of a policy: one layout, so that what says the same has the same digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::grant::Grant;
use crate::ids::Name;

use super::Placed;
use super::rule::{Effect, Group, Needs, People, Person, Rule, User};

pub(super) fn canonical(groups: &BTreeMap<Name, Group>, rules: &[Placed]) -> String {
    let mut out = String::new();
    for (name, group) in groups {
        let line = match group {
            Group::Members(members) => format!("group {name} = {}", list(members)),
            Group::Certificate => format!("group {name} from certificate"),
        };
        let _ = writeln!(out, "{line}");
    }
    for placed in rules {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", head(&placed.rule));
        clauses(&mut out, &placed.rule);
    }
    out
}

/// Returns the first line of a rule.
pub(super) fn head(rule: &Rule) -> String {
    match &rule.effect {
        Effect::Allow(granted) => {
            format!("allow {}{}", granted.grant(), as_users(granted.users()))
        }
        Effect::Deny { grants, users } => {
            let what = if grants.len() == Grant::ALL.len() {
                "anything".to_owned()
            } else {
                list(grants)
            };
            format!("deny {what}{}", as_users(users))
        }
    }
}

fn as_users(users: &[User]) -> String {
    if users.is_empty() {
        return String::new();
    }
    format!(" as {}", list(users))
}

fn clauses(out: &mut String, rule: &Rule) {
    let mut clause = |keyword: &str, text: String| {
        let _ = writeln!(out, "  {keyword:<7} {text}");
    };
    // A denial of everybody needs no word about it.
    if rule.to != People::Anyone || matches!(rule.effect, Effect::Allow(_)) {
        clause("to", people(&rule.to));
    }
    if !rule.on.is_empty() {
        let terms: Vec<String> = rule.on.iter().map(ToString::to_string).collect();
        clause("on", terms.join(" & "));
    }
    for window in &rule.at {
        clause("at", window.to_string());
    }
    for need in needs(&rule.needs) {
        clause("needs", need);
    }
    for command in &rule.commands {
        clause("command", command.to_string());
    }
}

/// Returns people as a policy writes them.
pub(super) fn people(people: &People) -> String {
    match people {
        People::Anyone => "anyone".to_owned(),
        People::These(these) => {
            let one = |person: &Person| match person {
                Person::Operator(name) => name.to_string(),
                Person::Group(name) => format!("group {name}"),
            };
            these.iter().map(one).collect::<Vec<_>>().join(", ")
        }
    }
}

fn needs(needs: &Needs) -> Vec<String> {
    let mut out = Vec::new();
    if needs.reason {
        out.push("reason".to_owned());
    }
    if let Some(by) = &needs.approval {
        out.push(format!("approval by {}", people(by)));
    }
    if let Some(share) = needs.narrower {
        out.push(format!("narrower than {share}"));
    }
    if let Some(n) = needs.at_most {
        out.push(format!("at most {n} nodes"));
    }
    out
}

fn list<'a, T: ToString + 'a>(items: impl IntoIterator<Item = &'a T>) -> String {
    let items: Vec<String> = items.into_iter().map(ToString::to_string).collect();
    items.join(", ")
}
