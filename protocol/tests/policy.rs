//! Policies: what they allow, what they deny, and what they make of mistakes.

use std::collections::BTreeMap;

use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::Name;
use hailer_protocol::policy::*;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

#[path = "policy/decisions.rs"]
mod decisions;
#[path = "policy/hostile.rs"]
mod hostile;
#[path = "policy/mistakes.rs"]
mod mistakes;
#[path = "policy/properties.rs"]
mod properties;
#[path = "policy/times.rs"]
mod times;

/// 2026-11-23T12:00:00Z, a Monday.
const MONDAY_NOON: Wall = Wall(1_795_435_200_000);

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// An operator, `alice` or `carol+leads+sre` with groups of the certificate.
fn operator(text: &str) -> Holder {
    let mut parts = text.split('+');
    let identity = Identity {
        fleet: name("demo"),
        role: Role::Operator,
        name: name(parts.next().expect("a name")),
    };
    let groups = Groups::new(parts.map(name)).expect("few groups");
    Holder { identity, groups }
}

/// A policy without mistakes.
fn sound(text: &str) -> Policy {
    let (policy, mistakes) = Policy::parse(text);
    let rendered: String = mistakes.iter().map(|m| m.render(text)).collect();
    assert!(policy.is_sound(), "{rendered}");
    policy
}

/// A request that owns its parts, to be changed one by one.
#[derive(Debug, Clone)]
struct Request {
    who: Holder,
    approvals: Vec<Holder>,
    want: Want,
    run_as: Option<String>,
    labels: BTreeMap<String, String>,
    is_read_only: bool,
    n_targets: Option<u32>,
    n_fleet: Option<u32>,
    reason: Option<String>,
    now: Wall,
}

#[derive(Debug, Clone)]
enum Want {
    Probe,
    Read(String),
    Argv(Vec<String>),
    Run,
    Automate,
}

impl Request {
    fn new(who: &str, want: Want) -> Self {
        Self {
            who: operator(who),
            approvals: Vec::new(),
            want,
            run_as: None,
            labels: BTreeMap::new(),
            is_read_only: false,
            n_targets: None,
            n_fleet: None,
            reason: None,
            now: MONDAY_NOON,
        }
    }

    fn read(line: &str) -> Self {
        Self::new("alice", Want::Read(line.to_owned()))
    }

    fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    fn run_as(mut self, user: &str) -> Self {
        self.run_as = Some(user.to_owned());
        self
    }

    fn approved_by(mut self, who: &str) -> Self {
        self.approvals.push(operator(who));
        self
    }

    fn reason(mut self, text: &str) -> Self {
        self.reason = Some(text.to_owned());
        self
    }

    fn targets(mut self, n: u32, fleet: u32) -> Self {
        self.n_targets = Some(n);
        self.n_fleet = Some(fleet);
        self
    }

    fn decided(&self, policy: &Policy) -> (Decision, String) {
        let node = name("web001");
        let ask = Ask {
            who: &self.who,
            approvals: &self.approvals,
            wants: match &self.want {
                Want::Probe => Wants::Probe,
                Want::Read(line) => Wants::Read(Words::Line(line)),
                Want::Argv(words) => Wants::Read(Words::Argv(words)),
                Want::Run => Wants::Run("systemctl restart nginx"),
                Want::Automate => Wants::Automate("disk-full"),
            },
            run_as: self.run_as.as_deref(),
            node: NodeFacts {
                name: &node,
                labels: &self.labels,
                is_read_only: self.is_read_only,
            },
            n_targets: self.n_targets,
            n_fleet: self.n_fleet,
            reason: self.reason.as_deref(),
        };
        let decision = decide(policy, self.now, &ask);
        let explained = decision.explain(policy, &ask);
        (decision, explained)
    }

    fn is_allowed(&self, policy: &Policy) -> bool {
        matches!(self.decided(policy).0, Decision::Allow(_))
    }

    /// `LINE USER`, or why not.
    fn outcome(&self, policy: &Policy) -> String {
        match self.decided(policy).0 {
            Decision::Allow(allowed) => {
                let user = allowed
                    .run_as
                    .map_or_else(|| "-".to_owned(), |u| u.to_string());
                format!("{} {user}", allowed.line)
            }
            Decision::Deny(denied) => match denied.line {
                Some(line) => format!("no: line {line} {:?}", denied.why),
                None => format!("no: {:?}", denied.why),
            },
        }
    }
}
