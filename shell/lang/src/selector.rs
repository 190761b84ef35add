//! Selectors to node sets.
//!
//! Names, keys and values that nothing in the fleet has are mistakes wherever they stand, also to
//! the right of `!`: a misspelt exclusion would otherwise run on the very nodes it was to spare. A
//! live state or a result's set may be empty, since that is an answer; only the whole must not be.
//!
//! What the nodes say of themselves may be unknown, and then it is neither true nor false: a node is
//! a target only if it would be whatever its unknown facts are.

mod labels;
mod names;
mod picked;
mod results;

use crate::ast::{ResultRef, Selector, SelectorKind, SetKind, SetOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::{FactsNow, as_label};
use crate::group_source::KnownGroups;
use crate::inventory::Inventory;
use crate::node_set::{NodeId, NodeSet};
use crate::pattern::regex;
use crate::span::Span;

use picked::Picked;

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

    /// Returns a result's columns, to judge names by; `None` where that is for whoever has the rows.
    fn columns(&self, _result: ResultRef) -> Option<Vec<String>> {
        None
    }
}

/// Why a result has no such set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResultSetError {
    /// There is no result of this number.
    #[error("no result has this number; {}", .last.map_or_else(|| "there is none yet".to_owned(), |n| format!("the last one is ${n}")))]
    Unknown {
        /// The last result's number.
        last: Option<u32>,
    },
    /// The result was dropped to make room.
    #[error("this result is not kept any more")]
    Dropped,
    /// Its run goes on in the background.
    #[error("the run ${number} has not ended; `jobs attach {number}` waits for it")]
    Running {
        /// The number that its result will have.
        number: u32,
    },
    /// Several groups of answers are equally large.
    #[error(
        "the largest groups of answers are equally large: there is no minority and no majority"
    )]
    Tie,
    /// The result did not ask nodes.
    #[error("this result did not come from nodes")]
    NoNodes,
    /// The result has a row of which nobody knows on which node it was observed.
    #[error("this result has rows that do not come from a node, and such rows select none")]
    NoProvenance,
}

/// Before the first result.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResults;

impl ResultSets for NoResults {
    fn set(&self, _: ResultRef, _: SetKind) -> Result<NodeSet, ResultSetError> {
        Err(ResultSetError::Unknown { last: None })
    }
}

/// What was learned of the nodes beside the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Learned<'a> {
    /// What they told of themselves.
    pub facts: FactsNow<'a>,
    /// What sources of groups said.
    pub groups: &'a KnownGroups,
}

impl Learned<'_> {
    /// Before anything was asked.
    #[must_use]
    pub const fn nothing() -> Self {
        static NO_GROUPS: KnownGroups = KnownGroups::new();
        Self {
            facts: FactsNow::nothing(),
            groups: &NO_GROUPS,
        }
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
    /// What was learned of the nodes beside the inventory.
    pub learned: Learned<'a>,
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("nodes", &self.inventory.len())
            .finish_non_exhaustive()
    }
}

/// The nodes of a selector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// Those that it selects whatever the unknown facts are.
    pub nodes: NodeSet,
    /// Those of which it cannot be told, since their facts are unknown.
    pub undecided: NodeSet,
}

/// Evaluates a selector to the nodes that it surely selects.
///
/// # Errors
/// Every mistake in it; or that it selects nothing.
pub fn evaluate(selector: &Selector, world: World<'_>) -> Result<NodeSet, Vec<Diagnostic>> {
    select(selector, world).map(|selected| selected.nodes)
}

/// Evaluates a selector.
///
/// # Errors
/// Every mistake in it; or that it selects nothing.
pub fn select(selector: &Selector, world: World<'_>) -> Result<Selected, Vec<Diagnostic>> {
    let mut evaluation = Evaluation::new(world);
    let picked = evaluation.pick(selector);
    if evaluation.errors.is_empty() && picked.sure.is_empty() {
        let why = evaluation.why_nothing(selector, &picked);
        evaluation.errors.push(why);
    }
    if evaluation.errors.is_empty() {
        Ok(Selected {
            undecided: picked.undecided(),
            nodes: picked.sure,
        })
    } else {
        Err(evaluation.errors)
    }
}

/// Returns the nodes whose facts would decide whether a selector selects them. Mistakes do not
/// matter here; they are told when it is evaluated.
#[must_use]
pub fn undecided(selector: &Selector, world: World<'_>) -> NodeSet {
    Evaluation::new(world).pick(selector).undecided()
}

/// Whether a selector names a result: its nodes are those of now, whatever comes later.
#[must_use]
pub fn is_frozen(selector: &Selector) -> bool {
    any(selector, &|kind| matches!(kind, SelectorKind::Result(..)))
}

/// Whether a selector asks who is connected.
#[must_use]
pub fn asks_live(selector: &Selector) -> bool {
    any(selector, &|kind| matches!(kind, SelectorKind::State { .. }))
}

/// Whether a selector asks what nodes say of themselves.
#[must_use]
pub fn asks_facts(selector: &Selector, inventory: &Inventory) -> bool {
    any(selector, &|kind| match kind {
        SelectorKind::Label(key, _) => as_label(&key.name, inventory).is_some(),
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Source(..)
        | SelectorKind::State { .. }
        | SelectorKind::Result(..)
        | SelectorKind::Chain(..)
        | SelectorKind::Error => false,
    })
}

/// Whether a selector stands for other nodes from moment to moment: it asks who is connected, what
/// nodes say of themselves, or a source of groups.
#[must_use]
pub fn is_live(selector: &Selector, inventory: &Inventory) -> bool {
    let source = |kind: &SelectorKind| matches!(kind, SelectorKind::Source(..));
    asks_live(selector) || asks_facts(selector, inventory) || any(selector, &source)
}

/// Whether a part of a selector is of this kind.
fn any(selector: &Selector, is: &impl Fn(&SelectorKind) -> bool) -> bool {
    if is(&selector.kind) {
        return true;
    }
    match &selector.kind {
        SelectorKind::Chain(first, rest) => any(first, is) || rest.iter().any(|(_, s)| any(s, is)),
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Source(..)
        | SelectorKind::Label(..)
        | SelectorKind::State { .. }
        | SelectorKind::Result(..)
        | SelectorKind::Error => false,
    }
}

struct Evaluation<'a> {
    world: World<'a>,
    errors: Vec<Diagnostic>,
    /// Why the selector may turn out empty: the first set of a result that is, or the last operator
    /// that left nothing.
    empty: Option<Diagnostic>,
}

impl<'a> Evaluation<'a> {
    const fn new(world: World<'a>) -> Self {
        Self {
            world,
            errors: Vec::new(),
            empty: None,
        }
    }

    fn pick(&mut self, selector: &Selector) -> Picked {
        let inventory = self.world.inventory;
        let span = selector.span;
        Picked::sure(match &selector.kind {
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
            SelectorKind::Group(name) => self.group(name, span),
            SelectorKind::Source(source, groups) => self.source(source, groups, span),
            SelectorKind::Label(key, test) => return self.label(key, test),
            SelectorKind::State { states, negated } => self.state(states, *negated),
            SelectorKind::Result(result, kind) => self.result(*result, *kind, span),
            SelectorKind::Chain(first, rest) => return self.chain(first, rest),
            // The parser has said why.
            SelectorKind::Error => NodeSet::default(),
        })
    }

    fn chain(&mut self, first: &Selector, rest: &[(SetOp, Selector)]) -> Picked {
        let mut left = self.pick(first);
        for (op, selector) in rest {
            let right = self.pick(selector);
            let both = left.joined(*op, &right);
            if both.sure.is_empty() && !left.sure.is_empty() && !right.sure.is_empty() {
                self.emptied(*op, &left, &right, first.span.to(selector.span));
            }
            left = both;
        }
        left
    }

    /// Notes that an operator left nothing of two sets that both had nodes.
    fn emptied(&mut self, op: SetOp, left: &Picked, right: &Picked, span: Span) {
        let (n, m) = (left.sure.len(), right.sure.len());
        let why = match op {
            SetOp::Intersection => {
                format!("{n} before the `&` and {m} behind it, and no node is in both")
            }
            SetOp::Difference => "every node before the `!` is behind it too".to_owned(),
            SetOp::SymmetricDifference => "both sides of the `^` are the same nodes".to_owned(),
            SetOp::Union => return,
        };
        let diagnostic =
            Diagnostic::new(Code::NothingSelected, span, "the selector matches no node");
        self.empty = Some(
            diagnostic
                .label("none")
                .help(format!("{why}; `? @…` shows what a part of it stands for")),
        );
    }

    /// Says why nothing is selected where no part of the selector is wrong.
    fn why_nothing(&mut self, selector: &Selector, picked: &Picked) -> Diagnostic {
        let undecided = picked.undecided();
        if !undecided.is_empty() {
            let names = self.world.inventory.fold_limited(&undecided, 60);
            let n = undecided.len();
            let nodes = if n == 1 { "node" } else { "nodes" };
            return Diagnostic::new(
                Code::UnknownFacts,
                selector.span,
                format!("no node is known to match, and of {n} {nodes} the facts are not known: {names}"),
            )
            .label("none for certain")
            .help("a node whose facts are not known is never a target; `nodes |> where state != up` shows who is not connected");
        }
        if let Some(why) = self.empty.take() {
            return why;
        }
        Diagnostic::new(
            Code::NothingSelected,
            selector.span,
            "the selector matches no node",
        )
        .label("none")
        .help("`nodes` lists the nodes in scope, with their labels")
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
}
