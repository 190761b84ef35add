//! Selectors to node sets.
//!
//! Names, keys and values that nothing in the fleet has are mistakes wherever they stand, also to
//! the right of `!`: a misspelt exclusion would otherwise run on the very nodes it was to spare. A
//! live state or a result's set may be empty, since that is an answer; only the whole must not be.

use crate::ast::{Ident, LabelTest, ResultRef, Selector, SelectorKind, SetKind, SetOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::node_set::unfold::{NAMES_MAX, Pattern};
use crate::node_set::{NodeId, NodeSet, fold::fold_limited};
use crate::pattern::{glob_matches, regex};
use crate::span::Span;

/// Which nodes are connected now. A node in neither set is `unknown`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// Connected.
    pub up: NodeSet,
    /// Tried, and not connected.
    pub down: NodeSet,
}

/// The live states, as `state=…` names them.
pub const LIVE_STATES: [&str; 3] = ["up", "down", "unknown"];

/// The node sets of kept results.
pub trait ResultSets {
    /// Returns one set of one result.
    ///
    /// # Errors
    /// Says why there is no such set.
    fn set(&self, result: ResultRef, kind: SetKind) -> Result<NodeSet, ResultSetError>;
}

/// Why a result has no such set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResultSetError {
    /// There is no result of this number.
    #[error("no result has this number; the last one is {}", .last.map_or_else(|| "none yet".to_owned(), |n| format!("${n}")))]
    Unknown {
        /// The last result's number.
        last: Option<u32>,
    },
    /// The result was dropped to make room.
    #[error("this result is not kept any more")]
    Dropped,
    /// Several groups of answers are equally large.
    #[error(
        "the largest groups of answers are equally large: there is no minority and no majority"
    )]
    Tie,
    /// The result did not ask nodes.
    #[error("this result did not come from nodes")]
    NoNodes,
}

/// Before the first result.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResults;

impl ResultSets for NoResults {
    fn set(&self, _: ResultRef, _: SetKind) -> Result<NodeSet, ResultSetError> {
        Err(ResultSetError::Unknown { last: None })
    }
}

/// What selectors are evaluated against.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The nodes.
    pub inventory: &'a Inventory,
    /// Which of them are connected.
    pub live: &'a Live,
    /// The kept results.
    pub results: &'a dyn ResultSets,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("nodes", &self.inventory.len())
            .finish_non_exhaustive()
    }
}

/// Evaluates a selector.
///
/// # Errors
/// Every mistake in it; or that it selects nothing.
pub fn evaluate(selector: &Selector, world: World<'_>) -> Result<NodeSet, Vec<Diagnostic>> {
    let mut evaluation = Evaluation {
        world,
        errors: Vec::new(),
    };
    let nodes = evaluation.set(selector);
    if evaluation.errors.is_empty() && nodes.is_empty() {
        evaluation.errors.push(
            Diagnostic::new(
                Code::NothingSelected,
                selector.span,
                "the selector matches no node",
            )
            .label("none")
            .help("`nodes` lists the nodes in scope, with their labels"),
        );
    }
    if evaluation.errors.is_empty() {
        Ok(nodes)
    } else {
        Err(evaluation.errors)
    }
}

/// Whether a selector names a result: its nodes are those of now, whatever comes later.
#[must_use]
pub fn is_frozen(selector: &Selector) -> bool {
    match &selector.kind {
        SelectorKind::Result(..) => true,
        SelectorKind::Chain(first, rest) => {
            is_frozen(first) || rest.iter().any(|(_, s)| is_frozen(s))
        }
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Label(..)
        | SelectorKind::State { .. }
        | SelectorKind::Error => false,
    }
}

/// Whether a selector asks who is connected: it stands for other nodes from moment to moment.
#[must_use]
pub fn asks_live(selector: &Selector) -> bool {
    match &selector.kind {
        SelectorKind::State { .. } => true,
        SelectorKind::Chain(first, rest) => {
            asks_live(first) || rest.iter().any(|(_, s)| asks_live(s))
        }
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Label(..)
        | SelectorKind::Result(..)
        | SelectorKind::Error => false,
    }
}

struct Evaluation<'a> {
    world: World<'a>,
    errors: Vec<Diagnostic>,
}

impl<'a> Evaluation<'a> {
    fn set(&mut self, selector: &Selector) -> NodeSet {
        let inventory = self.world.inventory;
        let span = selector.span;
        match &selector.kind {
            SelectorKind::All => inventory.all(),
            SelectorKind::Names(pattern) => self.names(pattern, span),
            SelectorKind::Glob(pattern) => self.glob(pattern, span),
            SelectorKind::Regex(pattern) => match regex(pattern) {
                Ok(regex) => {
                    let set = self.nodes_where(|_, name| regex.is_match(name));
                    self.some(set, span, "no node's name matches this")
                }
                Err(e) => self.fail(Diagnostic::new(Code::BadRegex, span, e)),
            },
            SelectorKind::Group(name) => match inventory.groups().get(name) {
                Some(nodes) => nodes.clone(),
                None => {
                    let groups = inventory.groups().keys().map(String::as_str);
                    let help = did_you_mean(name, groups).or_else(|| {
                        inventory
                            .id(name)
                            .map(|_| format!("it is a node: write `{name}`"))
                    });
                    self.fail(
                        Diagnostic::new(
                            Code::UnknownGroup,
                            span,
                            format!("no group is called `{name}`"),
                        )
                        .label("unknown group")
                        .help_opt(help),
                    )
                }
            },
            SelectorKind::Label(key, test) => self.label(key, test),
            SelectorKind::State { states, negated } => self.state(states, *negated),
            SelectorKind::Result(result, kind) => self.result(*result, *kind, span),
            SelectorKind::Chain(first, rest) => {
                let first = self.set(first);
                rest.iter().fold(first, |left, (op, right)| {
                    let right = self.set(right);
                    match op {
                        SetOp::Union => left.or(&right),
                        SetOp::Difference => left.sub(&right),
                        SetOp::Intersection => left.and(&right),
                        SetOp::SymmetricDifference => left.xor(&right),
                    }
                })
            }
            // The parser has said why.
            SelectorKind::Error => NodeSet::default(),
        }
    }

    fn fail(&mut self, diagnostic: Diagnostic) -> NodeSet {
        self.errors.push(diagnostic);
        NodeSet::default()
    }

    fn nodes_where(&self, mut keep: impl FnMut(NodeId, &str) -> bool) -> NodeSet {
        let nodes = (0..).map(NodeId).zip(self.world.inventory.nodes());
        nodes
            .filter(|(id, node)| keep(*id, node.name.as_str()))
            .map(|(id, _)| id)
            .collect()
    }

    fn some(&mut self, set: NodeSet, span: Span, message: &str) -> NodeSet {
        if set.is_empty() {
            return self.fail(Diagnostic::new(Code::NoMatch, span, message).label("no match"));
        }
        set
    }

    fn too_many(&mut self, pattern: &Pattern, span: Span) -> bool {
        if pattern.count() > NAMES_MAX {
            self.errors.push(
                Diagnostic::new(
                    Code::TooMany,
                    span,
                    format!("this stands for more than {NAMES_MAX} names"),
                )
                .label("too many"),
            );
            return true;
        }
        false
    }

    fn names(&mut self, pattern: &Pattern, span: Span) -> NodeSet {
        let inventory = self.world.inventory;
        if let Some(name) = pattern.plain() {
            return match (inventory.id(name), inventory.groups().get(name)) {
                (Some(id), _) => std::iter::once(id).collect(),
                (None, Some(group)) => group.clone(),
                (None, None) => self.unknown_name(name, span),
            };
        }
        if self.too_many(pattern, span) {
            return NodeSet::default();
        }
        let mut set = NodeSet::default();
        let mut unknown = Vec::new();
        pattern.for_each(&mut |name| match inventory.id(name) {
            Some(id) => set.insert(id),
            None => unknown.push(name.to_owned()),
        });
        if !unknown.is_empty() {
            let of = pattern.count();
            let names = fold_limited(unknown.iter().map(String::as_str), 60);
            let message = format!(
                "{} of {of} names are not in the fleet: {names}",
                unknown.len()
            );
            let d = Diagnostic::new(Code::UnknownName, span, message).label("unknown nodes");
            let glob = pattern.text.split('[').next().unwrap_or_default();
            let known = self.nodes_where(|_, name| !glob.is_empty() && name.starts_with(glob));
            let help = if known.is_empty() {
                let names = inventory.nodes().iter().map(|n| n.name.as_str());
                unknown.first().and_then(|u| did_you_mean(u, names))
            } else {
                Some(format!(
                    "the fleet has {}",
                    inventory.fold_limited(&known, 60)
                ))
            };
            return self.fail(d.help_opt(help));
        }
        set
    }

    fn unknown_name(&mut self, name: &str, span: Span) -> NodeSet {
        let inventory = self.world.inventory;
        let groups = inventory.groups().keys().map(String::as_str);
        let names = groups.chain(inventory.nodes().iter().map(|n| n.name.as_str()));
        let label = inventory
            .labels()
            .iter()
            .find(|(_, values)| values.contains_key(name));
        let help = label
            .map(|(key, _)| format!("write `{key}={name}`"))
            .or_else(|| did_you_mean(name, names));
        self.fail(
            Diagnostic::new(
                Code::UnknownName,
                span,
                format!("no node and no group is called `{name}`"),
            )
            .label("unknown name")
            .help_opt(help),
        )
    }

    fn glob(&mut self, pattern: &Pattern, span: Span) -> NodeSet {
        if self.too_many(pattern, span) {
            return NodeSet::default();
        }
        let mut set = NodeSet::default();
        let mut lost = None;
        for glob in pattern.names() {
            let matched = self.nodes_where(|_, name| glob_matches(&glob, name));
            if matched.is_empty() {
                lost.get_or_insert(glob);
            }
            set = set.or(&matched);
        }
        match lost {
            Some(glob) => self.some(
                NodeSet::default(),
                span,
                &format!("no node's name matches `{glob}`"),
            ),
            None => set,
        }
    }

    fn label(&mut self, key: &Ident, test: &LabelTest) -> NodeSet {
        let labels = self.world.inventory.labels();
        let Some(values) = labels.get(&key.name) else {
            let known: Vec<&str> = labels.keys().map(String::as_str).chain(["state"]).collect();
            let help = did_you_mean(&key.name, known.iter().copied())
                .unwrap_or_else(|| format!("the keys are {}", known.join(", ")));
            return self.fail(
                Diagnostic::new(
                    Code::UnknownKey,
                    key.span,
                    format!("no node has a label `{}`", key.name),
                )
                .label("unknown key")
                .help(help),
            );
        };
        match test {
            LabelTest::Is(wanted) => self.values(key, wanted),
            LabelTest::IsNot(unwanted) => {
                let have = self.world.inventory.with_label(&key.name);
                have.sub(&self.values(key, unwanted))
            }
            LabelTest::Matches(pattern) => match regex(&pattern.name) {
                Ok(regex) => {
                    let matching = values.iter().filter(|(value, _)| regex.is_match(value));
                    let set = matching.fold(NodeSet::default(), |all, (_, nodes)| all.or(nodes));
                    self.some(
                        set,
                        pattern.span,
                        &format!("no value of `{}` matches this", key.name),
                    )
                }
                Err(e) => self.fail(Diagnostic::new(Code::BadRegex, pattern.span, e)),
            },
        }
    }

    fn values(&mut self, key: &Ident, wanted: &[Ident]) -> NodeSet {
        let values = &self.world.inventory.labels()[&key.name];
        let mut set = NodeSet::default();
        for value in wanted {
            if let Some(nodes) = values.get(&value.name) {
                set = set.or(nodes);
                continue;
            }
            let help = if value.name.contains(['*', '?']) {
                let regex = value
                    .name
                    .replace('.', "\\.")
                    .replace('*', ".*")
                    .replace('?', ".");
                Some(format!(
                    "values know no globs: write `{}~'^{regex}$'`",
                    key.name
                ))
            } else {
                let few = || {
                    let mut names: Vec<&str> = values.keys().map(String::as_str).take(9).collect();
                    if values.len() > names.len() {
                        names.push("…");
                    }
                    format!("its values are {}", names.join(", "))
                };
                let near = did_you_mean(&value.name, values.keys().map(String::as_str));
                Some(near.unwrap_or_else(few))
            };
            self.errors.push(
                Diagnostic::new(
                    Code::UnknownValue,
                    value.span,
                    format!("no node has `{}={}`", key.name, value.name),
                )
                .label("unknown value")
                .help_opt(help),
            );
        }
        set
    }

    fn state(&mut self, states: &[Ident], negated: bool) -> NodeSet {
        let Live { up, down } = self.world.live;
        let all = self.world.inventory.all();
        let mut set = NodeSet::default();
        for state in states {
            set = match state.name.as_str() {
                "up" => set.or(up),
                "down" => set.or(down),
                "unknown" => set.or(&all.sub(up).sub(down)),
                other => {
                    let help = did_you_mean(other, LIVE_STATES).unwrap_or_else(|| {
                        format!(
                            "a node is {}; how a run ended is `$.{other}`",
                            LIVE_STATES.join(", ")
                        )
                    });
                    self.errors.push(
                        Diagnostic::new(
                            Code::UnknownValue,
                            state.span,
                            format!("no live state is called `{other}`"),
                        )
                        .label("unknown state")
                        .help(help),
                    );
                    set
                }
            };
        }
        if negated {
            all.sub(&set)
        } else {
            set.and(&all)
        }
    }

    fn result(&mut self, result: ResultRef, kind: SetKind, span: Span) -> NodeSet {
        let error = match self.world.results.set(result, kind) {
            Ok(set) => return set.and(&self.world.inventory.all()),
            Err(error) => error,
        };
        let (code, help) = match error {
            ResultSetError::Unknown { .. } | ResultSetError::Dropped | ResultSetError::NoNodes => {
                (Code::UnknownResult, None)
            }
            ResultSetError::Tie => (
                Code::Tie,
                Some(format!("look at the groups with `{result} |> group`")),
            ),
        };
        self.fail(
            Diagnostic::new(code, span, format!("{result}: {error}"))
                .label("here")
                .help_opt(help),
        )
    }
}
