//! What one look at a condition says of each patient.
//!
//! The rows of the probe go through the plan up to its last `where`: those are the patients that are
//! there. What comes out behind it fires. The same code looks on the node, in a rehearsal and over
//! what the node remembers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use super::spec::{Clear, NodeCondition};
use crate::eval::{Compiled, EvalError, Evaluator, PlanError};
use crate::expr::Expr;
use crate::limits::AUTOMATION_KEY_MAX;
use crate::row_env::{text, variable};
use crate::row_plan::{RowPlan, RowStep};
use crate::table::{Column, Row, Table};
use crate::time::Wall;
use crate::value::Value;

/// A condition that is ready to be looked at.
#[derive(Debug)]
pub struct Watch {
    key: Vec<String>,
    /// Up to the last `where`; nothing where that is the first step.
    before: Option<Evaluator>,
    fires: Option<Judged>,
    /// Behind the last `where`.
    behind: Option<Evaluator>,
    clear: Option<Judged>,
}

/// An expression over rows, compiled once for the columns that come every time.
#[derive(Debug)]
struct Judged {
    expr: Expr,
    /// It asks for the time, and is another expression at each look.
    wants_time: bool,
    ready: RefCell<Option<(Vec<Column>, Compiled)>>,
}

/// What one patient's rows say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The condition has a row of it.
    Fires,
    /// It does not fire, and its own clear condition does not hold either.
    Between,
    /// It is well.
    Well,
}

/// One patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The values of its key columns; empty for the node itself.
    pub key: String,
    /// What is said of it.
    pub sign: Sign,
    /// Its first row, as environment variables.
    pub env: Vec<(String, String)>,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The patients that fire, or that are between; the others are well. Each once.
    pub patients: Vec<Patient>,
    /// How many patients were looked at.
    pub looked_at: u32,
    /// Rows that name no patient: a key column is null, or its text too long or not to be handed on.
    pub nameless: u32,
}

impl Watch {
    /// Checks a condition against the limits and compiles it.
    ///
    /// # Errors
    /// When a plan from somewhere else is none that can be run.
    pub fn new(
        condition: &NodeCondition,
        clear: &Clear,
        key: &[String],
    ) -> Result<Self, PlanError> {
        // Checks all of it, whatever is cut out below.
        Evaluator::new(&condition.plan)?;
        let steps = &condition.plan.steps;
        let is_where = |s: &RowStep| matches!(s, RowStep::Where(_));
        let at = steps.iter().rposition(is_where);
        let (before, fires, behind) = match at {
            None => (steps.as_slice(), None, [].as_slice()),
            Some(at) => match &steps[at] {
                RowStep::Where(expr) => (&steps[..at], Some(expr), &steps[at + 1..]),
                RowStep::Parse(_) | RowStep::Select(_) | RowStep::Derive(_) | RowStep::Take(_) => {
                    (steps.as_slice(), None, [].as_slice())
                }
            },
        };
        Ok(Self {
            key: key.to_vec(),
            before: evaluator(before)?,
            fires: fires.map(Judged::new),
            behind: evaluator(behind)?,
            clear: clear.expr.as_ref().map(Judged::new),
        })
    }

    /// Looks at what the probe returned.
    ///
    /// # Errors
    /// When the rows are not what the condition is about; then nothing is known of any patient.
    pub fn look(&self, now: Wall, probed: &Table) -> Result<Found, EvalError> {
        let there = run(self.before.as_ref(), now, Cow::Borrowed(probed))?;
        let mut found = Found::default();
        let mut names = Names::of(&self.key, &there);
        // A column that only comes in behind the last `where` can be a key, too: then who is there is
        // who fires.
        let mut fires = vec![true; there.rows.len()];
        if let Some(judged) = &self.fires {
            fires = judged.holds(now, &there)?;
        }
        let clear = self.clear.as_ref().map(|c| c.holds(now, &there));
        let clear = clear.transpose()?;
        match &self.behind {
            None => {
                for (at, row) in there.rows.iter().enumerate() {
                    let sign = match &clear {
                        _ if fires[at] => Sign::Fires,
                        Some(clear) if !clear[at] => Sign::Between,
                        Some(_) | None => Sign::Well,
                    };
                    names.note(&mut found, &there.columns, row, sign);
                }
            }
            Some(behind) => {
                let mut firing = Table::new(there.columns.clone());
                let kept = there.rows.iter().zip(&fires).filter(|(_, f)| **f);
                firing.rows = kept.map(|(row, _)| row.clone()).collect();
                let left = run(Some(behind), now, Cow::Owned(firing))?;
                let mut late = Names::of(&self.key, &left);
                late.places = std::mem::take(&mut names.places);
                for row in &left.rows {
                    late.note(&mut found, &left.columns, row, Sign::Fires);
                }
                names.places = late.places;
                if names.are_known {
                    for (at, row) in there.rows.iter().enumerate() {
                        let sign = match &clear {
                            Some(clear) if !clear[at] => Sign::Between,
                            // It was taken away behind the `where`, and is not well for that.
                            None if fires[at] => Sign::Between,
                            Some(_) | None => Sign::Well,
                        };
                        names.note(&mut found, &there.columns, row, sign);
                    }
                }
            }
        }
        found.looked_at = u32::try_from(names.places.len()).unwrap_or(u32::MAX);
        found.patients.retain(|p| p.sign != Sign::Well);
        Ok(found)
    }
}

fn evaluator(steps: &[RowStep]) -> Result<Option<Evaluator>, PlanError> {
    if steps.is_empty() {
        return Ok(None);
    }
    let steps = steps.to_vec();
    Evaluator::new(&RowPlan { steps }).map(Some)
}

fn run<'t>(
    evaluator: Option<&Evaluator>,
    now: Wall,
    table: Cow<'t, Table>,
) -> Result<Cow<'t, Table>, EvalError> {
    match evaluator {
        None if table.is_rectangular() => Ok(table),
        None => Err(EvalError::NotRectangular),
        Some(evaluator) => {
            let outcome = evaluator.clone().at(now).run(table.into_owned())?;
            Ok(Cow::Owned(outcome.table))
        }
    }
}

impl Judged {
    fn new(expr: &Expr) -> Self {
        let mut fixed = expr.clone();
        fixed.fix_now(Wall(0));
        Self {
            wants_time: fixed != *expr,
            expr: expr.clone(),
            ready: RefCell::new(None),
        }
    }

    /// Says of each row whether it holds. Null is neither true nor false, and does not hold.
    fn holds(&self, now: Wall, table: &Table) -> Result<Vec<bool>, EvalError> {
        // What was parsed from no lines has no columns to be asked for.
        if table.rows.is_empty() {
            return Ok(Vec::new());
        }
        let of = |compiled: &Compiled| {
            let holds = |row| compiled.eval(row) == Value::Bool(true);
            table.rows.iter().map(holds).collect()
        };
        if self.wants_time {
            let mut expr = self.expr.clone();
            expr.fix_now(now);
            return compiled(&expr, &table.columns).map(|c| of(&c));
        }
        let mut ready = self.ready.borrow_mut();
        if let Some((columns, compiled)) = &*ready
            && *columns == table.columns
        {
            return Ok(of(compiled));
        }
        let (_, compiled) =
            ready.insert((table.columns.clone(), compiled(&self.expr, &table.columns)?));
        Ok(of(compiled))
    }
}

fn compiled(expr: &Expr, columns: &[Column]) -> Result<Compiled, EvalError> {
    let compiled = Compiled::new(expr, columns)?;
    compiled.check_is_condition()?;
    Ok(compiled)
}

/// Names patients by their rows.
struct Names {
    /// Where the key columns are.
    at: Vec<Option<usize>>,
    /// All of them are there.
    are_known: bool,
    /// Where each patient stands; the place of one that is well is none.
    places: HashMap<String, Option<usize>>,
}

impl Names {
    fn of(key: &[String], table: &Table) -> Self {
        let at: Vec<_> = key.iter().map(|column| table.index_of(column)).collect();
        Self {
            are_known: at.iter().all(Option::is_some),
            at,
            places: HashMap::new(),
        }
    }

    /// Returns the patient's name: what its key columns say, with `, ` between them; a comma and a
    /// backslash of theirs have a backslash before them where there are several.
    fn name(&self, row: &Row) -> Option<String> {
        let mut name = String::new();
        for (n, at) in self.at.iter().enumerate() {
            let value = text(row.get((*at)?)?)?;
            if n > 0 {
                name.push_str(", ");
            }
            if self.at.len() > 1 {
                name.push_str(&value.replace('\\', r"\\").replace(',', r"\,"));
            } else {
                name.push_str(&value);
            }
        }
        (name.len() <= AUTOMATION_KEY_MAX).then_some(name)
    }

    /// Enters a row. One patient may have several: the worst of them is said of it.
    fn note(&mut self, found: &mut Found, columns: &[Column], row: &Row, sign: Sign) {
        let Some(name) = self.name(row) else {
            found.nameless = found.nameless.saturating_add(1);
            return;
        };
        let known = self.places.get(&name).copied();
        if sign == Sign::Well {
            if known.is_none() {
                self.places.insert(name, None);
            }
            return;
        }
        match known.flatten() {
            Some(at) => {
                let patient = &mut found.patients[at];
                if patient.sign == Sign::Between && sign == Sign::Fires {
                    *patient = patient_of(name, columns, row, sign);
                }
            }
            None => {
                self.places.insert(name.clone(), Some(found.patients.len()));
                found.patients.push(patient_of(name, columns, row, sign));
            }
        }
    }
}

fn patient_of(key: String, columns: &[Column], row: &Row, sign: Sign) -> Patient {
    let cells = columns.iter().zip(row);
    let env = cells
        .filter_map(|(column, value)| Some((variable(&column.name), text(value)?)))
        .collect();
    Patient { key, sign, env }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::automation::Hold;
    use crate::expr::BinaryOp;
    use crate::message::Probe;
    use crate::row_plan::Projection;
    use crate::value::DataType;

    fn over(column: &str, op: BinaryOp, limit: f64) -> Expr {
        Expr::Binary(
            op,
            Box::new(Expr::Column(column.to_owned())),
            Box::new(Expr::Literal(Value::Percent(limit))),
        )
    }

    fn watch(steps: Vec<RowStep>, clear: Option<Expr>, key: &[&str]) -> Watch {
        let condition = NodeCondition {
            probe: Probe::Metric("system.filesystem.utilization".to_owned()),
            plan: RowPlan { steps },
            timeout: Duration::from_secs(1),
        };
        let clear = Clear {
            expr: clear,
            hold: Hold::ONCE,
        };
        let key: Vec<String> = key.iter().map(|k| (*k).to_owned()).collect();
        Watch::new(&condition, &clear, &key).expect("a sound plan")
    }

    fn disks(rows: &[(Option<&str>, f64)]) -> Table {
        let mut table = Table::new(vec![
            Column::new("mounted_on", DataType::Str),
            Column::new("value", DataType::Percent),
        ]);
        table.rows = rows
            .iter()
            .map(|(name, value)| vec![Value::from(*name), Value::Percent(*value)])
            .collect();
        table
    }

    fn signs(found: &Found) -> Vec<(&str, Sign)> {
        let patients = found.patients.iter();
        patients.map(|p| (p.key.as_str(), p.sign)).collect()
    }

    #[test]
    fn every_row_behind_the_last_where_fires_and_all_before_it_were_looked_at() {
        let watch = watch(
            vec![RowStep::Where(over("value", BinaryOp::Gt, 90.0))],
            None,
            &["mounted_on"],
        );
        let table = disks(&[(Some("/"), 95.0), (Some("/var"), 20.0), (None, 99.0)]);
        let found = watch.look(Wall(0), &table).expect("a reading");
        assert_eq!(signs(&found), [("/", Sign::Fires)]);
        assert_eq!((found.looked_at, found.nameless), (2, 1));
        let env = [
            ("row_mounted_on".to_owned(), "/".to_owned()),
            ("row_value".to_owned(), "95".to_owned()),
        ];
        assert_eq!(found.patients[0].env, env);
        assert_eq!(
            watch.look(Wall(0), &disks(&[])).expect("a reading"),
            Found::default(),
            "no rows are no patients"
        );
    }

    #[test]
    fn a_patient_between_fire_and_clear_is_neither() {
        let watch = watch(
            vec![RowStep::Where(over("value", BinaryOp::Gt, 90.0))],
            Some(over("value", BinaryOp::Lt, 80.0)),
            &["mounted_on"],
        );
        let table = disks(&[(Some("/"), 95.0), (Some("/a"), 85.0), (Some("/b"), 70.0)]);
        let found = watch.look(Wall(0), &table).expect("a reading");
        assert_eq!(signs(&found), [("/", Sign::Fires), ("/a", Sign::Between)]);
        assert_eq!(found.looked_at, 3);
    }

    #[test]
    fn what_is_derived_behind_the_where_reaches_the_deed() {
        let name = |name: &str, expr: Expr| Projection {
            name: name.to_owned(),
            expr,
        };
        let watch = watch(
            vec![
                RowStep::Where(over("value", BinaryOp::Gt, 90.0)),
                RowStep::Select(vec![
                    name("mounted_on", Expr::Column("mounted_on".to_owned())),
                    name("full", Expr::Column("value".to_owned())),
                ]),
                RowStep::Take(1),
            ],
            None,
            &["mounted_on"],
        );
        let table = disks(&[(Some("/"), 95.0), (Some("/a"), 96.0), (Some("/b"), 70.0)]);
        let found = watch.look(Wall(0), &table).expect("a reading");
        assert_eq!(signs(&found), [("/", Sign::Fires), ("/a", Sign::Between)]);
        assert_eq!(found.patients[0].env[1].0, "row_full");
        assert_eq!(found.looked_at, 3);
    }

    #[test]
    fn the_node_is_one_patient_and_the_worst_of_its_rows_is_said_of_it() {
        let watch = watch(
            vec![RowStep::Where(over("value", BinaryOp::Gt, 90.0))],
            None,
            &[],
        );
        let table = disks(&[(Some("/"), 20.0), (Some("/a"), 96.0), (Some("/b"), 97.0)]);
        let found = watch.look(Wall(0), &table).expect("a reading");
        assert_eq!(signs(&found), [("", Sign::Fires)]);
        assert_eq!(found.looked_at, 1);
        assert!(
            found.patients[0]
                .env
                .contains(&("row_value".to_owned(), "96".to_owned()))
        );
    }

    #[test]
    fn names_of_several_columns_cannot_be_mistaken_for_others() {
        let mut table = Table::new(vec![
            Column::new("a", DataType::Str),
            Column::new("b", DataType::Str),
        ]);
        for (a, b) in [("x, y", "z"), ("x", "y, z"), (r"x\", "y")] {
            table.rows.push(vec![Value::from(a), Value::from(b)]);
        }
        let watch = watch(Vec::new(), None, &["a", "b"]);
        let found = watch.look(Wall(0), &table).expect("a reading");
        let keys: Vec<&str> = found.patients.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(keys, [r"x\, y, z", r"x, y\, z", r"x\\, y"]);
    }

    #[test]
    fn rows_of_other_columns_are_no_reading() {
        let watch = watch(
            vec![RowStep::Where(over("value", BinaryOp::Gt, 90.0))],
            None,
            &[],
        );
        let mut table = Table::new(vec![Column::new("other", DataType::Str)]);
        table.rows.push(vec![Value::from("x")]);
        assert!(watch.look(Wall(0), &table).is_err());
    }
}
