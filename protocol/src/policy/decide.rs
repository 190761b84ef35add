//! Decides what a policy says to a request.

use std::collections::BTreeMap;

use crate::grant::Grant;
use crate::holder::Holder;
use crate::ids::{Name, NodeName};
use crate::role::Role;
use crate::time::Wall;

use super::rule::{Effect, Granted, People, Rule, Share, User};
use super::words::{self, NotSimple};
use super::{Placed, Policy, State};

/// What is asked of a node, by whom. Everything in it was verified before: the certificate, the
/// signature, the approvals of this very statement.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks.
    pub who: &'a Holder,
    /// Who approved.
    pub approvals: &'a [Holder],
    /// What is wanted.
    pub wants: Wants<'a>,
    /// As which user; the policy chooses where nobody is named.
    pub run_as: Option<&'a str>,
    /// Of which node.
    pub node: NodeFacts<'a>,
    /// How many nodes the run is for, as signed.
    pub n_targets: Option<u32>,
    /// How many nodes the fleet has, as signed.
    pub n_fleet: Option<u32>,
    /// Why.
    pub reason: Option<&'a str>,
}

/// What a policy knows of its node.
#[derive(Debug, Clone, Copy)]
pub struct NodeFacts<'a> {
    /// Its name, as its certificate says.
    pub name: &'a NodeName,
    /// Its labels, as its own configuration says.
    pub labels: &'a BTreeMap<String, String>,
    /// Whether it was started to be read only: probes and reads, whatever the policy says.
    pub is_read_only: bool,
}

/// What is wanted, under which grant.
#[derive(Debug, Clone, Copy)]
pub enum Wants<'a> {
    /// A metric, facts.
    Probe,
    /// A command out of the list.
    Read(Words<'a>),
    /// Any command; the text is for people.
    Run(&'a str),
    /// An automation; the text is for people.
    Automate(&'a str),
}

/// The command of a read.
#[derive(Debug, Clone, Copy)]
pub enum Words<'a> {
    /// As a person typed it.
    Line(&'a str),
    /// Words from the start.
    Argv(&'a [String]),
}

impl Wants<'_> {
    /// Returns the grant it needs.
    #[must_use]
    pub const fn grant(&self) -> Grant {
        match self {
            Self::Probe => Grant::Probe,
            Self::Read(_) => Grant::Read,
            Self::Run(_) => Grant::Run,
            Self::Automate(_) => Grant::Automate,
        }
    }
}

/// What a policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be done, in this way and in no other.
    Allow(Allowed),
    /// It must not be done.
    Deny(Denied),
}

/// How something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Under which grant.
    pub grant: Grant,
    /// The line of the rule that allows it.
    pub line: usize,
    /// As which user; nobody for a probe.
    pub run_as: Option<User>,
    /// Whether it must run in the sandbox.
    pub is_sandboxed: bool,
    /// For a read: the very words to execute, with no shell.
    pub argv: Option<Vec<String>>,
    /// Which demands of the rule were met.
    pub met: Vec<Met>,
}

/// A demand that was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// A reason was given.
    Reason,
    /// This person approved.
    Approval(Name),
    /// It is for less than this share of the fleet.
    Narrower(Share),
    /// It is for at most so many nodes.
    AtMost(u32),
}

/// Why something must not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The grant that was wanted.
    pub grant: Grant,
    /// Why.
    pub why: Why,
    /// The line of the rule that denies it, or that would have allowed it but for what is missing.
    pub line: Option<usize>,
}

/// Reasons for a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The node has no policy.
    NoPolicy,
    /// The policy has mistakes, the first of them in this line.
    Faulty {
        /// How many.
        mistakes: usize,
        /// The line, from 1.
        line: usize,
    },
    /// Only operators are granted anything.
    Role(Role),
    /// The node was started to be read only.
    ReadOnly,
    /// The command of a read is not one simple command.
    NotSimple(NotSimple),
    /// A rule denies it.
    Forbidden,
    /// No rule grants this to anybody.
    NotGranted,
    /// This is missing for the nearest rule; at least one thing.
    Missing(Vec<Missing>),
}

/// What is missing for a rule to allow something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The rule is for others.
    Who,
    /// The rule is for other nodes.
    Node,
    /// The rule holds at other times.
    Time,
    /// The rule has other commands.
    Command,
    /// The rule is for other users than the one that is wanted.
    User(String),
    /// A reason.
    Reason,
    /// The approval of another person out of these.
    Approval(People),
    /// Fewer targets, measured by the fleet; the share is of a fleet that must be known.
    Narrower(Share),
    /// Fewer targets.
    AtMost(u32),
}

/// Decides a request at a moment.
#[must_use]
pub fn decide(policy: &Policy, now: Wall, ask: &Ask<'_>) -> Decision {
    let grant = ask.wants.grant();
    let denied = |why, line| Decision::Deny(Denied { grant, why, line });
    match policy.state {
        State::Absent => return denied(Why::NoPolicy, None),
        State::Faulty { mistakes, line } => {
            return denied(Why::Faulty { mistakes, line }, Some(line));
        }
        State::Sound => {}
    }
    let role = ask.who.identity.role;
    if role != Role::Operator {
        return denied(Why::Role(role), None);
    }
    if ask.node.is_read_only && matches!(grant, Grant::Run | Grant::Automate) {
        return denied(Why::ReadOnly, None);
    }
    let argv = match argv(ask.wants) {
        Ok(argv) => argv,
        Err(why) => return denied(Why::NotSimple(why), None),
    };
    Case {
        policy,
        now,
        ask,
        argv,
    }
    .decide()
}

/// Whether a policy grants anything at all to somebody on a node at a moment, by whatever demands.
#[must_use]
pub fn grants_any(policy: &Policy, now: Wall, who: &Holder, node: NodeFacts<'_>) -> bool {
    if policy.state != State::Sound || who.identity.role != Role::Operator {
        return false;
    }
    policy.rules.iter().any(|Placed { rule, .. }| {
        let Effect::Allow(granted) = &rule.effect else {
            return false;
        };
        let wants = match granted.grant() {
            Grant::Probe => Wants::Probe,
            Grant::Read => Wants::Read(Words::Argv(&[])),
            Grant::Run => Wants::Run(""),
            Grant::Automate => Wants::Automate(""),
        };
        let ask = Ask {
            who,
            approvals: &[],
            wants,
            run_as: None,
            node,
            n_targets: None,
            n_fleet: None,
            reason: None,
        };
        let case = Case {
            policy,
            now,
            ask: &ask,
            argv: None,
        };
        let is_for_them =
            rule.to.include(who, &policy.groups) && case.is_on(rule) && case.is_now(rule);
        is_for_them && case.denial(None).is_none()
    })
}

fn argv(wants: Wants<'_>) -> Result<Option<Vec<String>>, NotSimple> {
    match wants {
        Wants::Read(Words::Line(line)) => words::split(line).map(Some),
        Wants::Read(Words::Argv(argv)) => words::check(argv).map(|()| Some(argv.to_vec())),
        Wants::Probe | Wants::Run(_) | Wants::Automate(_) => Ok(None),
    }
}

/// One request before one policy.
struct Case<'a> {
    policy: &'a Policy,
    now: Wall,
    ask: &'a Ask<'a>,
    argv: Option<Vec<String>>,
}

impl Case<'_> {
    fn decide(self) -> Decision {
        let grant = self.ask.wants.grant();
        let denied = |why, line| Decision::Deny(Denied { grant, why, line });
        if let Some(line) = self.denial(None) {
            return denied(Why::Forbidden, Some(line));
        }
        let mut forbidden = None;
        let mut nearest: Option<(usize, Vec<Missing>)> = None;
        for Placed { line, rule } in &self.policy.rules {
            let Effect::Allow(granted) = &rule.effect else {
                continue;
            };
            if granted.grant() != grant {
                continue;
            }
            let missing = self.missing(rule, granted);
            if !missing.is_empty() {
                if nearest
                    .as_ref()
                    .is_none_or(|(_, m)| distance(&missing) < distance(m))
                {
                    nearest = Some((*line, missing));
                }
                continue;
            }
            let user = self.user(granted);
            match user.and_then(|user| self.denial(Some(user))) {
                Some(denial) => forbidden = forbidden.or(Some(denial)),
                None => return Decision::Allow(self.allowed(*line, rule, user.cloned())),
            }
        }
        match (forbidden, nearest) {
            (Some(line), _) => denied(Why::Forbidden, Some(line)),
            (None, Some((line, missing))) => denied(Why::Missing(missing), Some(line)),
            (None, None) => denied(Why::NotGranted, None),
        }
    }

    /// The first rule that denies it: of those without users, or of those that name `user`.
    fn denial(&self, user: Option<&User>) -> Option<usize> {
        let denies = |rule: &Rule| match &rule.effect {
            Effect::Allow(_) => false,
            Effect::Deny { grants, users } => {
                let is_its_turn = match user {
                    None => users.is_empty(),
                    Some(user) => users.contains(user),
                };
                is_its_turn
                    && grants.contains(&self.ask.wants.grant())
                    && rule.to.include(self.ask.who, &self.policy.groups)
                    && self.is_on(rule)
                    && self.is_now(rule)
                    && (rule.commands.is_empty() || self.is_covered(rule))
            }
        };
        let denial = self.policy.rules.iter().find(|p| denies(&p.rule));
        denial.map(|p| p.line)
    }

    /// The user as whom a rule would have it done.
    fn user<'g>(&self, granted: &'g Granted) -> Option<&'g User> {
        let users = granted.users();
        match self.ask.run_as {
            None => users.first(),
            Some(wanted) => users.iter().find(|u| u.as_str() == wanted),
        }
    }

    fn missing(&self, rule: &Rule, granted: &Granted) -> Vec<Missing> {
        let ask = self.ask;
        let mut missing = Vec::new();
        let mut demand = |is_met: bool, otherwise: Missing| {
            if !is_met {
                missing.push(otherwise);
            }
        };
        demand(rule.to.include(ask.who, &self.policy.groups), Missing::Who);
        demand(self.is_on(rule), Missing::Node);
        demand(self.is_now(rule), Missing::Time);
        if matches!(granted, Granted::Read(_)) {
            demand(self.is_listed(rule), Missing::Command);
        }
        if let Some(wanted) = ask.run_as {
            demand(
                self.user(granted).is_some(),
                Missing::User(wanted.to_owned()),
            );
        }
        let needs = &rule.needs;
        demand(!needs.reason || self.has_reason(), Missing::Reason);
        if let Some(by) = &needs.approval {
            demand(self.approver(by).is_some(), Missing::Approval(by.clone()));
        }
        if let Some(share) = needs.narrower {
            let counts = ask.n_targets.zip(ask.n_fleet);
            let is_met = counts.is_some_and(|(part, whole)| share.is_more_than(part, whole));
            demand(is_met, Missing::Narrower(share));
        }
        if let Some(n) = needs.at_most {
            let is_met = ask.n_targets.is_some_and(|targets| targets <= n);
            demand(is_met, Missing::AtMost(n));
        }
        missing
    }

    fn is_on(&self, rule: &Rule) -> bool {
        let node = self.ask.node;
        rule.on
            .iter()
            .all(|term| term.holds(node.name, node.labels))
    }

    fn is_now(&self, rule: &Rule) -> bool {
        rule.at.is_empty() || rule.at.iter().any(|w| w.contains(self.now))
    }

    fn is_listed(&self, rule: &Rule) -> bool {
        let argv = self.argv.as_deref().unwrap_or_default();
        rule.commands.iter().any(|c| c.matches(argv))
    }

    fn is_covered(&self, rule: &Rule) -> bool {
        let argv = self.argv.as_deref().unwrap_or_default();
        rule.commands.iter().any(|c| c.covers(argv))
    }

    fn has_reason(&self) -> bool {
        self.ask.reason.is_some_and(|r| !r.trim().is_empty())
    }

    /// An operator of the same fleet who approved: never the one who asks.
    fn approver(&self, by: &People) -> Option<&Name> {
        let who = &self.ask.who.identity;
        let counts = |holder: &&Holder| {
            let other = &holder.identity;
            other.role == Role::Operator
                && other.fleet == who.fleet
                && other.name != who.name
                && by.include(holder, &self.policy.groups)
        };
        let approver = self.ask.approvals.iter().find(counts);
        approver.map(|holder| &holder.identity.name)
    }

    fn allowed(self, line: usize, rule: &Rule, run_as: Option<User>) -> Allowed {
        let needs = &rule.needs;
        let mut met = Vec::new();
        if needs.reason {
            met.push(Met::Reason);
        }
        let approver = needs.approval.as_ref().and_then(|by| self.approver(by));
        met.extend(approver.cloned().map(Met::Approval));
        met.extend(needs.narrower.map(Met::Narrower));
        met.extend(needs.at_most.map(Met::AtMost));
        let grant = self.ask.wants.grant();
        Allowed {
            grant,
            line,
            run_as,
            is_sandboxed: grant == Grant::Read,
            argv: self.argv,
            met,
        }
    }
}

/// How far a rule is from allowing it: what somebody cannot help weighs most.
fn distance(missing: &[Missing]) -> usize {
    let weight = |missing: &Missing| match missing {
        Missing::Who => 1000,
        Missing::Node => 100,
        Missing::Command | Missing::User(_) => 10,
        Missing::Time
        | Missing::Reason
        | Missing::Approval(_)
        | Missing::Narrower(_)
        | Missing::AtMost(_) => 1,
    };
    missing.iter().map(weight).sum()
}
