//! Syntax tree to steps: names are looked up, and each step gets its place.
//!
//! The longest run of row verbs from the source on that read nothing the shell fills in goes to the
//! node; from the first other step on everything stays in the shell, in the order of the line.

use hailer_protocol::eval::{PlanError, check_expr};
use hailer_protocol::expr::{Expr, Function};
use hailer_protocol::row_plan::{ParseAs, Projection, RowPlan, RowStep};

use crate::ast::{
    Assignment, Beside, ExprKind, ExprNode, Ident, OtherResult, ResultRef, SortItem, Stage, Verb,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::fleet_plan::{self, FleetStep, SortKey, TableFile};
use crate::inventory::Inventory;
use crate::plan::{QueryEnd, SaveTo};
use crate::schema::{Schema, is_shells};
use crate::words;

/// The two halves of a line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Split {
    pub(crate) row_plan: RowPlan,
    pub(crate) fleet: Vec<FleetStep>,
    pub(crate) end: QueryEnd,
}

/// Resolves the verbs of a line; all mistakes end up in `errors`.
pub(crate) fn resolve(
    stages: &[Stage],
    schema: Schema,
    source: SourceKind,
    inventory: &Inventory,
    last_result: Option<u32>,
    errors: &mut Vec<Diagnostic>,
) -> (Split, Schema) {
    let mut r = Resolver {
        schema,
        source,
        inventory,
        last_result,
        errors,
        split: Split::default(),
    };
    for stage in stages {
        r.stage(stage);
    }
    let mut split = r.split;
    let parses = |s: &RowStep| matches!(s, RowStep::Parse(_));
    if source == SourceKind::Command && !split.row_plan.steps.iter().any(parses) {
        // A command's plain answer travels whole: as one row it could be too large for any envelope,
        // and the node has no columns that the shell has not.
        let steps = std::mem::take(&mut split.row_plan.steps);
        let here = std::mem::take(&mut split.fleet);
        split.fleet = steps.into_iter().map(FleetStep::Row).chain(here).collect();
    }
    (split, r.schema)
}

/// What `why` makes.
const WHY_COLUMNS: [&str; 8] = [
    "column",
    "value",
    "in_odd",
    "odd_share",
    "in_rest",
    "rest_share",
    "score",
    "chance",
];

/// What the verbs work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// A command on the nodes.
    Command,
    /// Another probe on the nodes.
    Probe,
    /// Rows that the shell has already.
    Kept,
}

struct Resolver<'a> {
    schema: Schema,
    source: SourceKind,
    inventory: &'a Inventory,
    last_result: Option<u32>,
    errors: &'a mut Vec<Diagnostic>,
    split: Split,
}

impl Resolver<'_> {
    #[expect(clippy::too_many_lines, reason = "one flat match over the verbs")]
    fn stage(&mut self, stage: &Stage) {
        if let QueryEnd::Save(_) = &self.split.end {
            self.errors.push(
                Diagnostic::new(Code::Unexpected, stage.span, "nothing can follow `save`")
                    .label("behind the end")
                    .help("the rows are kept: go on from them with a line that begins with `|>`"),
            );
            return;
        }
        match &stage.verb {
            Verb::Parse(as_what) => self.parse_step(as_what, stage),
            Verb::Where(expr) => {
                if let Some(expr) = self.expr(expr) {
                    self.row(RowStep::Where(expr), &[]);
                }
            }
            Verb::Select(items) => {
                if let Some(projections) = self.projections(items, false) {
                    let names = self.projected(projections, RowStep::Select);
                    self.schema.selected(names);
                }
            }
            Verb::Derive(items) => {
                if let Some(projections) = self.projections(items, true) {
                    self.projected(projections, RowStep::Derive);
                }
            }
            Verb::Take { n, per_node: true } => self.row(RowStep::Take(*n), &[]),
            Verb::Take { n, per_node: false } => self.fleet(FleetStep::Take(*n)),
            Verb::Group(by) => self.group_step(by),
            Verb::Count(by) => {
                let by = self.columns(by);
                self.schema.grouped(&by, &["count"]);
                self.fleet(FleetStep::Count { by });
            }
            Verb::Sort(items) => {
                let keys = items
                    .iter()
                    .filter_map(|item| self.sort_key(item))
                    .collect();
                self.fleet(FleetStep::Sort { keys });
            }
            Verb::Top { n, by } => {
                if let Some(by) = self.expr(by) {
                    self.fleet(FleetStep::Top { n: *n, by });
                }
            }
            Verb::Diff { with, by } => self.diff_step(*with, by, stage),
            Verb::Join { is_left, with, by } => self.join_step(*is_left, with, by),
            Verb::Agg { calls, by } => self.agg_step(calls, by),
            Verb::Uniq(by) => {
                let by = self.columns(by);
                self.fleet(FleetStep::Uniq { by });
            }
            Verb::Why(by) => {
                let by = self.columns(by);
                self.schema.grouped(&[], &WHY_COLUMNS);
                self.fleet(FleetStep::Why { by });
            }
            Verb::Save {
                force,
                file,
                format,
            } => {
                self.split.end = QueryEnd::Save(SaveTo {
                    file: file.name.clone(),
                    format: *format,
                    force: *force,
                });
            }
            Verb::Run { .. } => {
                // The first one is no stage of these: whoever planned the line has cut it there.
                let twice = "a line has one `run`";
                self.errors.push(
                    Diagnostic::new(Code::TooMany, stage.span, twice)
                        .label("a second one")
                        .help("write two lines; the second one goes on with `|> …`"),
                );
            }
            Verb::Sql(query) => self.sql_step(query),
            Verb::Plot { .. } => {
                let word = words::find(words::VERBS, stage.verb.word());
                self.errors
                    .extend(word.map(|w| not_available(w, stage.span)));
                // What comes out is not known, so nothing behind it is judged.
                self.schema = Schema::unknown();
            }
            // They are the line's end and work on no row.
            Verb::Follow | Verb::Watch(_) => {}
        }
    }

    fn parse_step(&mut self, as_what: &ParseAs, stage: &Stage) {
        if !self.schema.has_text() {
            let message = "`parse` reads column `out`, which is not here";
            self.errors.push(
                Diagnostic::new(Code::UnknownColumn, stage.span, message)
                    .label("nothing to parse")
                    .help("only a command's result has text, before `select`, `group` and `count`"),
            );
        }
        self.row(RowStep::Parse(as_what.clone()), &[]);
        self.schema.parsed(as_what);
    }

    fn projected(
        &mut self,
        list: Vec<Projection>,
        step: fn(Vec<Projection>) -> RowStep,
    ) -> Vec<String> {
        let names: Vec<String> = list.iter().map(|p| p.name.clone()).collect();
        self.row(step(list), &names);
        names
    }

    /// The columns of the other side are the shell's to know: what stands behind a `join` may name any.
    fn join_step(&mut self, is_left: bool, with: &Beside, by: &[Ident]) {
        let by = self.columns(by);
        let with = match with {
            Beside::Result(with) => {
                known_result(with.result, with.span, self.last_result, self.errors)
                    .map(fleet_plan::Beside::Result)
            }
            Beside::File(file, format) => Some(fleet_plan::Beside::File(TableFile {
                file: file.name.clone(),
                format: *format,
            })),
        };
        if let Some(with) = with {
            self.fleet(FleetStep::Join { with, by, is_left });
        }
        self.schema.opened();
    }

    fn diff_step(&mut self, with: Option<OtherResult>, by: &[Ident], stage: &Stage) {
        if with.is_none() && (!by.is_empty() || !self.schema.has_answers()) {
            let message = "without a result to compare with, `diff` compares what commands wrote";
            self.errors.push(
                Diagnostic::new(Code::Missing, stage.span, message)
                    .label(if by.is_empty() {
                        "these rows are not what a command wrote"
                    } else {
                        "`by` says which rows of two results are one"
                    })
                    .help("rows are compared with those of another result: `diff $3 by …`"),
            );
            return;
        }
        let by = self.columns(by);
        let with = match with {
            None => None,
            Some(with) => {
                match known_result(with.result, with.span, self.last_result, self.errors) {
                    Some(number) => Some(number),
                    None => return,
                }
            }
        };
        match with {
            None => self
                .schema
                .grouped(&[], &["nodes", "change", "of", "at", "line"]),
            Some(_) => {
                self.schema.grouped(&[], &["nodes", "change"]);
                self.schema.opened();
            }
        }
        self.fleet(FleetStep::Diff { with, by });
    }

    fn group_step(&mut self, by: &[Ident]) {
        let by = self.columns(by);
        let default = || ["state", "rc", "out", "err"].map(str::to_owned).to_vec();
        let columns = if by.is_empty() { default() } else { by.clone() };
        self.schema.grouped(&columns, &["nodes", "count"]);
        self.fleet(FleetStep::Group { by });
    }

    fn sort_key(&mut self, item: &SortItem) -> Option<SortKey> {
        let expr = self.expr(&item.expr)?;
        Some(SortKey {
            expr,
            descending: item.descending,
        })
    }

    /// Whether a column is filled in by the shell; a probe's rows may have one of that name themselves.
    fn is_shells(&self, name: &str) -> bool {
        let is_probes = self.source == SourceKind::Probe
            && !self.inventory.labels().contains_key(name)
            && self.schema.owns(name);
        is_shells(name, self.inventory) && !is_probes
    }

    /// Adds a row verb where it can run; `writes` are the columns that it makes.
    fn row(&mut self, step: RowStep, writes: &[String]) {
        let mut here = self.source == SourceKind::Kept || !self.split.fleet.is_empty();
        for_each_column(&step, &mut |name| here |= self.is_shells(name));
        here |= writes.iter().any(|name| self.is_shells(name));
        if here {
            self.split.fleet.push(FleetStep::Row(step));
        } else {
            self.split.row_plan.steps.push(step);
        }
    }

    fn fleet(&mut self, step: FleetStep) {
        self.split.fleet.push(step);
    }

    fn columns(&mut self, idents: &[Ident]) -> Vec<String> {
        for ident in idents {
            self.column(&ident.name, ident.span);
        }
        idents.iter().map(|i| i.name.clone()).collect()
    }

    fn column(&mut self, name: &str, span: crate::span::Span) {
        if self.schema.has(name, self.inventory) {
            return;
        }
        let help = self
            .schema
            .help(name, self.inventory, self.source == SourceKind::Command);
        self.errors.push(
            Diagnostic::new(
                Code::UnknownColumn,
                span,
                format!("no column is called `{name}` here"),
            )
            .label("unknown column")
            .help(help),
        );
    }

    fn projections(&mut self, items: &[Assignment], adds: bool) -> Option<Vec<Projection>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let expr = self.expr(&item.expr);
            self.reserved(&item.name, &item.expr);
            out.extend(expr.map(|expr| Projection {
                name: item.name.name.clone(),
                expr,
            }));
        }
        // Every item sees the row as it was: one may not read another of the same verb.
        if adds {
            items
                .iter()
                .for_each(|item| self.schema.add(&item.name.name));
        }
        (out.len() == items.len()).then_some(out)
    }

    /// Reserved columns win: nothing may take their names.
    fn reserved(&mut self, name: &Ident, expr: &ExprNode) {
        let keeps = expr.kind == ExprKind::Column(name.name.clone());
        if is_of_the_run(&name.name) && !keeps {
            self.errors.push(aggregates::reserved(name));
        }
    }

    /// Checks what a function wants written out, as its regular expression, so that no node need be
    /// asked to find the mistake. What is within the arguments has been checked already.
    fn written_out(
        &mut self,
        function: Function,
        args: Vec<Expr>,
        node: &ExprNode,
    ) -> Option<Expr> {
        let shallow = args
            .iter()
            .map(|arg| {
                if matches!(arg, Expr::Literal(_)) {
                    arg.clone()
                } else {
                    Expr::Column(String::new())
                }
            })
            .collect();
        let Err(error) = check_expr(&Expr::Call(function, shallow)) else {
            return Some(Expr::Call(function, args));
        };
        let code = if matches!(error, PlanError::Pattern(_)) {
            Code::BadRegex
        } else {
            Code::BadExpression
        };
        self.errors.push(
            Diagnostic::new(code, node.span, error.to_string())
                .label("here")
                .help_opt(error.hint()),
        );
        None
    }

    /// Resolves an expression; `None` where the parser has said what is wrong with it.
    fn expr(&mut self, node: &ExprNode) -> Option<Expr> {
        Some(match &node.kind {
            ExprKind::Literal(value) => Expr::Literal(value.clone()),
            ExprKind::Column(name) => {
                self.column(name, node.span);
                Expr::Column(name.clone())
            }
            ExprKind::Unary(op, x) => Expr::Unary(*op, Box::new(self.expr(x)?)),
            ExprKind::Binary(op, x, y) => {
                let (x, y) = (self.expr(x), self.expr(y));
                Expr::Binary(*op, Box::new(x?), Box::new(y?))
            }
            ExprKind::In { of, list, negated } => {
                let of = self.expr(of);
                let list: Vec<Option<Expr>> = list.iter().map(|e| self.expr(e)).collect();
                let list = list.into_iter().collect::<Option<_>>()?;
                Expr::In {
                    of: Box::new(of?),
                    list,
                    negated: *negated,
                }
            }
            ExprKind::Matches {
                of,
                pattern,
                negated,
            } => {
                let of = Box::new(self.expr(of)?);
                Expr::Matches {
                    of,
                    pattern: pattern.clone(),
                    negated: *negated,
                }
            }
            ExprKind::IsNull { of, negated } => Expr::IsNull {
                of: Box::new(self.expr(of)?),
                negated: *negated,
            },
            ExprKind::Call(function, args) => {
                let args: Vec<Option<Expr>> = args.iter().map(|e| self.expr(e)).collect();
                let args: Vec<Expr> = args.into_iter().collect::<Option<_>>()?;
                self.written_out(*function, args, node)?
            }
            ExprKind::Error => return None,
        })
    }
}

/// Returns the number of a result that is named, or says that there is none.
pub(crate) fn known_result(
    result: ResultRef,
    span: crate::span::Span,
    last: Option<u32>,
    errors: &mut Vec<Diagnostic>,
) -> Option<u32> {
    let message = match (result, last) {
        (_, None) => "there is no result yet".to_owned(),
        (ResultRef::Number(n), Some(last)) if n == 0 || n > last => {
            format!("there is no result ${n}; the last one is ${last}")
        }
        (ResultRef::Last, Some(last)) => return Some(last),
        (ResultRef::Number(n), Some(_)) => return Some(n),
    };
    errors.push(
        Diagnostic::new(Code::UnknownResult, span, message)
            .label("which rows?")
            .help("a line goes on from a result with `|> …` or `$N |> …`"),
    );
    None
}

/// Whether a name says where a row came from.
fn is_of_the_run(name: &str) -> bool {
    matches!(name, "node" | "state") || name.starts_with("label.")
}

/// What a word of the language says that this version cannot carry out.
pub(crate) fn not_available(word: &words::Word, span: crate::span::Span) -> Diagnostic {
    Diagnostic::new(
        Code::NotAvailable,
        span,
        format!("not available yet: `{}`", word.name),
    )
    .label("this version cannot do it")
    .help(format!("it will be `{}`: {}", word.usage, word.help))
}

fn for_each_column(step: &RowStep, visit: &mut impl FnMut(&str)) {
    match step {
        RowStep::Parse(_) | RowStep::Take(_) => {}
        RowStep::Where(expr) => expr.for_each_column(&mut |c| visit(c)),
        RowStep::Select(list) | RowStep::Derive(list) => {
            list.iter()
                .for_each(|p| p.expr.for_each_column(&mut |c| visit(c)));
        }
    }
}

mod aggregates;
mod sql;
