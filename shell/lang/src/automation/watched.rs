//! The lines of `when` and `version`: the same way as a query takes, and what no condition can be.

use std::time::Duration;

use hailer_protocol::automation::NodeCondition;
use hailer_protocol::expr::Expr;
use hailer_protocol::message::Probe;
use hailer_protocol::metrics;
use hailer_protocol::row_plan::{RowPlan, RowStep};

use super::keyword::Keyword;
use super::truth::{self, Ranges};
use crate::ast::{ExprNode, QueryLine, Stage, Verb};
use crate::context::{Context, ResolvedScope};
use crate::diagnostic::{Code, Diagnostic};
use crate::fleet_plan::FleetStep;
use crate::inventory::Inventory;
use crate::plan::source::source;
use crate::plan::{Source, kind_of};
use crate::resolve::{Split, resolve};
use crate::schema::{Schema, is_shells};
use crate::selector::{Learned, Live, NoResults};
use crate::span::Span;

/// A line that was looked up.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) source: Source,
    /// What the nodes do; the whole line where they need nobody else.
    pub(super) plan: RowPlan,
    /// The fleet is needed.
    pub(super) is_fleets: bool,
    /// The columns at its end.
    pub(super) schema: Schema,
    /// A node has at most one row.
    pub(super) has_one_row: bool,
}

impl Watched {
    /// Whether it starts a process on the node.
    pub(super) const fn is_command(&self) -> bool {
        matches!(self.source, Source::Command(_))
    }

    /// Makes the condition of it that a node answers.
    pub(super) fn condition(&self, timeout: Duration) -> Option<NodeCondition> {
        Some(NodeCondition {
            probe: probe(&self.source)?,
            plan: self.plan.clone(),
            timeout,
        })
    }
}

fn probe(source: &Source) -> Option<Probe> {
    match source {
        Source::Command(command) => Some(Probe::Shell(command.clone())),
        Source::Metric { name } => Some(Probe::Metric(name.clone())),
        Source::Facts(columns) => Some(Probe::Facts(columns.clone())),
        Source::Each(_)
        | Source::Runs
        | Source::Audit { .. }
        | Source::Automations
        | Source::Events { .. }
        | Source::Nodes
        | Source::File { .. }
        | Source::Result(_) => None,
    }
}

/// Looks a line up; every mistake ends up in `errors`.
pub(super) fn watched(
    keyword: Keyword,
    line: &QueryLine,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<Watched> {
    let before = errors.len();
    if let Some(scope) = &line.scope {
        errors.push(
            Diagnostic::new(
                Code::DoesNotFit,
                scope.span,
                "the nodes of an automation stand in `on`",
            )
            .label("not here")
            .help("leave it out, and write `on @SELECTOR`"),
        );
    }
    refuse_source(line, errors);
    let stages = kept(keyword, &line.stages, errors);
    if errors.len() > before {
        return None;
    }
    let (source, schema) = look_up(line, inventory, errors)?;
    let kind = kind_of(Some(&source));
    let (split, schema) = resolve(&stages, schema, kind, inventory, None, errors);
    if errors.len() > before {
        return None;
    }
    let Split {
        mut row_plan,
        mut fleet,
        ..
    } = split;
    to_the_node(&mut row_plan, &mut fleet, inventory);
    judge(keyword, line, &stages, &row_plan, &fleet, &source, errors);
    let is_fleets = !fleet.is_empty();
    if is_fleets {
        refuse_fleets(keyword, &stages, &fleet, inventory, errors);
    }
    let parses = row_plan
        .steps
        .iter()
        .any(|s| matches!(s, RowStep::Parse(_)));
    let one = if let Source::Metric { name } = &source {
        metrics::find(name).is_ok_and(|m| m.dimensions.is_empty())
    } else {
        !parses
    };
    let has_one_row = one || matches!(row_plan.steps.last(), Some(RowStep::Take(1)));
    (errors.len() == before).then_some(Watched {
        source,
        plan: row_plan,
        is_fleets,
        schema,
        has_one_row,
    })
}

/// Looks up an expression over the rows before the last `where`.
pub(super) fn clear_expr(
    line: &QueryLine,
    expr: &ExprNode,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let is_where = |s: &Stage| matches!(s.verb, Verb::Where(_));
    let last = line.stages.iter().rposition(is_where)?;
    let mut stages = line.stages[..last].to_vec();
    stages.push(Stage {
        verb: Verb::Where(expr.clone()),
        span: expr.span,
    });
    let (source, schema) = look_up(line, inventory, &mut Vec::new())?;
    let before = errors.len();
    let kind = kind_of(Some(&source));
    let (mut split, _) = resolve(&stages, schema, kind, inventory, None, errors);
    if errors.len() > before {
        return None;
    }
    to_the_node(&mut split.row_plan, &mut split.fleet, inventory);
    let Some(RowStep::Where(found)) = split
        .row_plan
        .steps
        .last()
        .filter(|_| split.fleet.is_empty())
    else {
        errors.push(
            Diagnostic::new(Code::DoesNotFit, expr.span, "a node cannot tell when this is over")
                .label("this needs more than the node's own rows")
                .help("leave the expression out: `clear for 1m` clears a key that has had no row for so long"),
        );
        return None;
    };
    let ranges = Ranges::of(&source, &split.row_plan);
    if truth::never_true(&[found], &ranges) {
        errors.push(
            Diagnostic::new(
                Code::NeverTrue,
                expr.span,
                "this can never be true: nothing would ever clear",
            )
            .label("never true"),
        );
    }
    Some(found.clone())
}

fn look_up(
    line: &QueryLine,
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) -> Option<(Source, Schema)> {
    let (live, scope) = (Live::default(), ResolvedScope::all(inventory));
    let context = Context {
        inventory,
        live: &live,
        results: &NoResults,
        learned: Learned::nothing(),
        last_result: None,
        scope: Some(&scope),
    };
    source(line, &context, errors)
}

fn refuse_source(line: &QueryLine, errors: &mut Vec<Diagnostic>) {
    use crate::ast::Source as Of;
    let (what, help) = match &line.source {
        Of::Command(_) | Of::Metric(_) | Of::Facts(_) => return,
        Of::Result(_) => (
            "a result is of one moment, and cannot be watched",
            "write the whole line, back to the command or metric that the result came from",
        ),
        Of::Open(..) => (
            "a file on your machine cannot be watched by nodes",
            "watch a command, a metric or facts",
        ),
        Of::Nodes | Of::Events(_) | Of::Automations | Of::Audit(_) => (
            "no node can watch what only the fleet knows",
            "watch a command, a metric or facts",
        ),
    };
    errors.push(
        Diagnostic::new(Code::DoesNotFit, line.source_span, what)
            .label("where rows come from")
            .help(help),
    );
}

/// Returns the stages that can be watched, and refuses the others.
fn kept(keyword: Keyword, stages: &[Stage], errors: &mut Vec<Diagnostic>) -> Vec<Stage> {
    let mut out = Vec::new();
    for stage in stages {
        let help = match &stage.verb {
            Verb::Run { .. } => "write what is done as `do COMMAND`",
            Verb::Save { .. } | Verb::Plot { .. } => {
                "rows of an automation are kept with its events"
            }
            Verb::Follow | Verb::Watch(_) => "write how often it is looked at as `every 10s`",
            Verb::Join { .. } | Verb::Diff { .. } | Verb::Why(_) => {
                "compare with numbers: what it is compared with must be the same at every look"
            }
            Verb::Sql(_) => "write it with `where`, `derive` and `agg`",
            Verb::Parse(_)
            | Verb::Where(_)
            | Verb::Select(_)
            | Verb::Derive(_)
            | Verb::Take { .. }
            | Verb::Group(_)
            | Verb::Count(_)
            | Verb::Sort(_)
            | Verb::Top { .. }
            | Verb::Agg { .. }
            | Verb::Uniq(_) => {
                out.push(stage.clone());
                continue;
            }
        };
        let word = stage.verb.word();
        let message = format!("`{word}` has no place in `{}`", keyword.as_str());
        errors.push(
            Diagnostic::new(Code::DoesNotFit, stage.span, message)
                .label("not here")
                .help(help),
        );
    }
    out
}

/// Moves row verbs over a command's plain answer back to the node: a condition's rows stay there.
fn to_the_node(plan: &mut RowPlan, fleet: &mut Vec<FleetStep>, inventory: &Inventory) {
    if !plan.steps.is_empty() {
        return;
    }
    let nodes_own = |step: &FleetStep| match row_of(step) {
        Some(RowStep::Where(expr)) => {
            let mut own = true;
            expr.for_each_column(&mut |c| own &= !is_shells(c, inventory));
            own
        }
        Some(RowStep::Select(list) | RowStep::Derive(list)) => {
            let mut own = true;
            for item in list {
                own &= !is_shells(&item.name, inventory);
                item.expr
                    .for_each_column(&mut |c| own &= !is_shells(c, inventory));
            }
            own
        }
        Some(RowStep::Parse(_) | RowStep::Take(_)) => true,
        None => false,
    };
    let n = fleet.iter().take_while(|s| nodes_own(s)).count();
    let steps = fleet.drain(..n);
    plan.steps
        .extend(steps.filter_map(|step| row_of(&step).cloned()));
}

/// The row verb that a step in the shell is, where it is one.
const fn row_of(step: &FleetStep) -> Option<&RowStep> {
    if let FleetStep::Row(step) = step {
        Some(step)
    } else {
        None
    }
}

/// What needs the fleet only because it reads what a node does not know is a slip.
fn refuse_fleets(
    keyword: Keyword,
    stages: &[Stage],
    fleet: &[FleetStep],
    inventory: &Inventory,
    errors: &mut Vec<Diagnostic>,
) {
    let only_rows = fleet.iter().all(|s| matches!(s, FleetStep::Row(_)));
    if !only_rows && keyword == Keyword::When {
        return;
    }
    let reads_rows =
        |s: &Stage| matches!(s.verb, Verb::Where(_) | Verb::Select(_) | Verb::Derive(_));
    let is_nodes = |s: &Stage| matches!(s.verb, Verb::Parse(_) | Verb::Take { per_node: true, .. });
    let needs = |s: &&Stage| {
        if reads_rows(s) {
            only_rows
        } else {
            !is_nodes(s)
        }
    };
    let mut shells: Vec<String> = Vec::new();
    for step in fleet {
        if let FleetStep::Row(RowStep::Where(expr)) = step {
            expr.for_each_column(&mut |c| {
                if is_shells(c, inventory) && !shells.iter().any(|s| s == c) {
                    shells.push(format!("`{c}`"));
                }
            });
        }
    }
    let span = stages.iter().rfind(needs).map_or(Span::at(0), |s| s.span);
    let (message, help) = if only_rows {
        (
            format!(
                "a node does not know {}",
                if shells.is_empty() {
                    "this".to_owned()
                } else {
                    shells.join(", ")
                }
            ),
            "labels select nodes in `on`; of its own command a node knows rc, ms, bytes, truncated and out",
        )
    } else {
        (
            "`version` is decided on each node by itself".to_owned(),
            "leave the fleet verb out",
        )
    };
    errors.push(
        Diagnostic::new(Code::DoesNotFit, span, message)
            .label("needs more than the node")
            .help(help),
    );
}

/// Says where a condition is none: nothing is asked, or the answer is known beforehand.
fn judge(
    keyword: Keyword,
    line: &QueryLine,
    stages: &[Stage],
    plan: &RowPlan,
    fleet: &[FleetStep],
    source: &Source,
    errors: &mut Vec<Diagnostic>,
) {
    let spans: Vec<Span> = stages
        .iter()
        .filter(|s| matches!(s.verb, Verb::Where(_)))
        .map(|s| s.span)
        .collect();
    if spans.is_empty() {
        let help = if matches!(source, Source::Command(_)) {
            "add `|> where rc != 0`, or `|> parse |> where …`"
        } else {
            "add `|> where …`"
        };
        errors.push(
            Diagnostic::new(
                Code::NeverFalse,
                line.source_span,
                format!(
                    "`{}` asks nothing: it has a row at every look",
                    keyword.as_str()
                ),
            )
            .label("always true")
            .help(help),
        );
        return;
    }
    let rows = fleet.iter().filter_map(row_of);
    let exprs: Vec<_> = plan
        .steps
        .iter()
        .chain(rows)
        .filter_map(|step| match step {
            RowStep::Where(expr) => Some(expr),
            RowStep::Parse(_) | RowStep::Select(_) | RowStep::Derive(_) | RowStep::Take(_) => None,
        })
        .collect();
    let ranges = Ranges::of(source, plan);
    if exprs.iter().all(|e| truth::always_true(e, &ranges)) {
        let all = spans.iter().fold(spans[0], |a, b| a.to(*b));
        errors.push(
            Diagnostic::new(Code::NeverFalse, all, "this is true of every row")
                .label("always true")
                .help("it would fire at every look, whatever the node is like"),
        );
    }
    judge_never(plan, fleet, &exprs, &spans, &ranges, errors);
}

/// Says where no row can ever be as it is asked for.
fn judge_never(
    plan: &RowPlan,
    fleet: &[FleetStep],
    exprs: &[&Expr],
    spans: &[Span],
    ranges: &Ranges,
    errors: &mut Vec<Diagnostic>,
) {
    // Only steps that follow each other see the same columns.
    let follow = plan
        .steps
        .windows(2)
        .any(|w| matches!(w, [RowStep::Where(_), RowStep::Where(_)]));
    let together: Vec<Vec<_>> =
        if follow && exprs.len() == spans.len() && fleet.is_empty() && only_wheres_follow(plan) {
            vec![exprs.to_vec()]
        } else {
            exprs.iter().map(|e| vec![*e]).collect()
        };
    for (n, group) in together.iter().enumerate() {
        if truth::never_true(group, ranges) {
            let span = if group.len() > 1 {
                spans.iter().fold(spans[0], |a, b| a.to(*b))
            } else {
                spans.get(n).copied().unwrap_or(spans[0])
            };
            errors.push(
                Diagnostic::new(
                    Code::NeverTrue,
                    span,
                    "no row can ever be so: it would never fire",
                )
                .label("never true")
                .help("look at what the rows hold, without `where`; a bare number beside a percentage means points"),
            );
        }
    }
}

/// Whether nothing stands between the first `where` and the last one.
fn only_wheres_follow(plan: &RowPlan) -> bool {
    let is_where = |s: &RowStep| matches!(s, RowStep::Where(_));
    let first = plan.steps.iter().position(is_where);
    let last = plan.steps.iter().rposition(is_where);
    match (first, last) {
        (Some(first), Some(last)) => plan.steps[first..=last].iter().all(is_where),
        (None, _) | (_, None) => false,
    }
}
