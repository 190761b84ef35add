//! Explains a decision to a person, in a few lines.

use std::fmt::Write as _;

use crate::clean::Clean;
use crate::grant::Grant;

use super::decide::{Allowed, Ask, Decision, Denied, Met, Missing, Wants, Why, Words};
use super::rule::Effect;
use super::write::{head, people};
use super::{Placed, Policy};

/// What a decision says where a reason is missing; whoever reads it may offer to give one.
pub const NEEDS_REASON: &str = "it needs a reason";

/// What a decision says where another person's approval is missing.
pub const NEEDS_APPROVAL: &str = "it needs the approval of another person";

impl Decision {
    /// Returns the decision as `can` prints it: what it is, by which line, and what is missing.
    /// `policy` and `ask` must be those that were decided upon.
    #[must_use]
    pub fn explain(&self, policy: &Policy, ask: &Ask<'_>) -> String {
        let may = match self {
            Self::Allow(_) => "may",
            Self::Deny(_) => "may not",
        };
        let mut out = format!(
            "{} {may} {} on {}",
            ask.who.identity.name,
            wanted(ask),
            ask.node.name
        );
        match self {
            Self::Allow(allowed) => allow(&mut out, allowed, policy),
            Self::Deny(denied) => deny(&mut out, denied, policy, ask),
        }
        out
    }
}

/// Characters of a command that are shown.
const SHOWN_MAX: usize = 200;

fn wanted(ask: &Ask<'_>) -> String {
    let text = match ask.wants {
        Wants::Probe => return "probe".to_owned(),
        Wants::Read(Words::Line(text)) | Wants::Run(text) | Wants::Automate(text) => {
            text.to_owned()
        }
        Wants::Read(Words::Argv(argv)) => argv.join(" "),
    };
    let text = match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    };
    let mut out = format!("{} `{}`", ask.wants.grant(), Clean::line(&text));
    if let Some(user) = ask.run_as {
        let _ = write!(out, " as {}", Clean::line(user));
    }
    out
}

fn allow(out: &mut String, allowed: &Allowed, policy: &Policy) {
    if let (Some(user), grant) = (&allowed.run_as, allowed.grant) {
        let sandbox = if allowed.is_sandboxed {
            ", in the sandbox and without a shell"
        } else {
            ""
        };
        let whose = if grant == Grant::Automate {
            "its commands run as"
        } else {
            "it runs as"
        };
        let _ = write!(out, "\n  {whose} {user}{sandbox}");
    }
    let _ = write!(out, "\n  allowed by {}", rule(policy, allowed.line));
    for met in &allowed.met {
        let text = match met {
            Met::Reason => "a reason is given".to_owned(),
            Met::Approval(name) => format!("approved by {name}"),
            Met::Narrower(share) => format!("narrower than {share} of the fleet"),
            Met::AtMost(n) => format!("at most {n} nodes"),
        };
        let _ = write!(out, "\n  {text}");
    }
    out.push('\n');
}

fn deny(out: &mut String, denied: &Denied, policy: &Policy, ask: &Ask<'_>) {
    let line = denied.line.map(|line| rule(policy, line));
    let line = line.unwrap_or_default();
    let grant = denied.grant;
    let why = match &denied.why {
        Why::NoPolicy => "this node has no policy, and so allows nothing".to_owned(),
        Why::Faulty { mistakes: 1, line } => {
            format!("the policy has a mistake in line {line}, and so allows nothing")
        }
        Why::Faulty { mistakes, line } => format!(
            "the policy has {mistakes} mistakes, the first in line {line}, and so allows nothing"
        ),
        Why::Role(role) => format!("only operators are granted anything, and this is a {role}"),
        Why::ReadOnly => "this node is read only until it is started otherwise".to_owned(),
        Why::NotSimple(why) => format!("a read is one simple command: {why}"),
        Why::Forbidden => format!("denied by {line}"),
        Why::NotGranted => format!("no line of the policy allows anybody to {grant}"),
        Why::Missing(missing) => {
            let _ = write!(out, "\n  {line} would allow it, but:");
            for one in missing {
                let _ = write!(out, "\n    {}", lack(one, policy, denied, ask));
            }
            out.push('\n');
            return;
        }
    };
    let _ = writeln!(out, "\n  {why}");
}

fn rule(policy: &Policy, line: usize) -> String {
    match placed(policy, line) {
        Some(placed) => format!("line {line}: {}", head(&placed.rule)),
        None => format!("line {line}"),
    }
}

fn placed(policy: &Policy, line: usize) -> Option<&Placed> {
    policy.rules.iter().find(|p| p.line == line)
}

fn lack(missing: &Missing, policy: &Policy, denied: &Denied, ask: &Ask<'_>) -> String {
    let rule = denied
        .line
        .and_then(|line| placed(policy, line))
        .map(|p| &p.rule);
    let list = |items: Vec<String>, by: &str| items.join(by);
    match missing {
        Missing::Who => {
            let to = rule.map(|r| people(&r.to)).unwrap_or_default();
            format!("it is for {to}")
        }
        Missing::Node => {
            let terms = rule.map(|r| r.on.iter().map(ToString::to_string).collect());
            format!("it holds on {}", list(terms.unwrap_or_default(), " & "))
        }
        Missing::Time => {
            let times = rule.map(|r| r.at.iter().map(ToString::to_string).collect());
            format!("it holds at {}", list(times.unwrap_or_default(), ", "))
        }
        Missing::Command => {
            let n = rule.map_or(0, |r| r.commands.len());
            let commands = if n == 1 { "command is" } else { "commands are" };
            format!("none of its {n} {commands} this one")
        }
        Missing::User(user) => {
            let users = rule.map(|r| match &r.effect {
                Effect::Allow(granted) => granted.users().iter().map(ToString::to_string).collect(),
                Effect::Deny { .. } => Vec::new(),
            });
            let users = users.filter(|u: &Vec<String>| !u.is_empty());
            let users = users.map_or_else(|| "nobody".to_owned(), |u| u.join(", "));
            format!("it is as {users}, not as {}", Clean::line(user))
        }
        Missing::Reason => NEEDS_REASON.to_owned(),
        Missing::Approval(by) => {
            let own = ask
                .approvals
                .iter()
                .any(|a| a.identity.name == ask.who.identity.name);
            let own = if own {
                "; one's own does not count"
            } else {
                ""
            };
            format!("{NEEDS_APPROVAL}: {}{own}", people(by))
        }
        Missing::Narrower(share) => {
            let counts = match (ask.n_targets, ask.n_fleet) {
                (Some(targets), Some(fleet)) => format!("this is for {targets} of {fleet} nodes"),
                (Some(_) | None, None) | (None, Some(_)) => {
                    "the request does not say which share it is for".to_owned()
                }
            };
            format!("it needs less than {share} of the fleet; {counts}")
        }
        Missing::AtMost(n) => match ask.n_targets {
            Some(targets) => format!("it needs at most {n} nodes; this is for {targets}"),
            None => format!("it needs at most {n} nodes; the request does not say how many"),
        },
    }
}
