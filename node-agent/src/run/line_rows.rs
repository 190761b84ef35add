//! Rows of one line at a time, while the command runs: what a row plan makes of output that has no
//! end.
//!
//! Every line is judged by itself. One of which nothing can be made, since it is not in the format
//! or has no such column, is left out, counted, and the first reason is told at the end.

use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::{EvalError, Evaluator, PARSED_COLUMN};
use hailer_protocol::limits::FOLLOWED_LINE_MAX;
use hailer_protocol::message::Failed;
use hailer_protocol::row_plan::{ParseAs, RowPlan, RowStep};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};

use super::answer::batches;

/// Turns bytes into rows as they come.
pub(super) struct LineRows {
    evaluator: Evaluator,
    /// The line that has no end yet.
    unfinished: Vec<u8>,
    /// It is longer than a line may be; what is left of it is skipped.
    is_too_long: bool,
    n_too_long: u64,
    n_unfit: u64,
    first_reason: Option<String>,
    cut_rows: u64,
}

/// What is known at the end.
pub(super) struct LinesEnded {
    /// Rows too large for any envelope.
    pub(super) cut_rows: u64,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl LineRows {
    /// Takes a plan whose steps can all judge one line by itself.
    pub(super) fn new(plan: &RowPlan, evaluator: Evaluator) -> Result<Self, Failed> {
        if let Some(step) = plan.steps.iter().find(|step| !is_for_a_line(step)) {
            let name = match step {
                RowStep::Parse(_) => "`parse` in a format of several lines",
                RowStep::Take(_) => "`take`",
                RowStep::Where(_) | RowStep::Select(_) | RowStep::Derive(_) => "this verb",
            };
            let text = format!("evaluate line by line: {name} wants all lines");
            return Err(Failed::new(ErrorCode::PLAN, text));
        }
        Ok(Self {
            evaluator,
            unfinished: Vec::new(),
            is_too_long: false,
            n_too_long: 0,
            n_unfit: 0,
            first_reason: None,
            cut_rows: 0,
        })
    }

    /// Takes bytes and returns the rows of the lines that they finish.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Envelope> {
        let mut tables = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            self.push(text.unwrap_or(piece));
            if text.is_some() {
                self.finish_line(&mut tables);
            }
        }
        self.envelopes(tables)
    }

    /// Returns the rows of a last line without a newline: nothing follows.
    pub(super) fn end(mut self) -> (Vec<Envelope>, LinesEnded) {
        let mut tables = Vec::new();
        if !self.unfinished.is_empty() || self.is_too_long {
            self.finish_line(&mut tables);
        }
        let envelopes = self.envelopes(tables);
        let mut notes = Vec::new();
        if self.n_unfit > 0 {
            let reason = self.first_reason.unwrap_or_default();
            notes.push(format!("{} did not fit: {reason}", lines(self.n_unfit)));
        }
        if self.n_too_long > 0 {
            let n = lines(self.n_too_long);
            notes.push(format!(
                "{n} longer than {FOLLOWED_LINE_MAX} bytes were left out"
            ));
        }
        let ended = LinesEnded {
            cut_rows: self.cut_rows,
            notes,
        };
        (envelopes, ended)
    }

    fn push(&mut self, text: &[u8]) {
        // Half a line could be read as a row that is not true.
        self.is_too_long |= self.unfinished.len() + text.len() > FOLLOWED_LINE_MAX;
        if self.is_too_long {
            self.unfinished.clear();
        } else {
            self.unfinished.extend_from_slice(text);
        }
    }

    fn finish_line(&mut self, tables: &mut Vec<Table>) {
        let bytes = std::mem::take(&mut self.unfinished);
        if std::mem::take(&mut self.is_too_long) {
            self.n_too_long += 1;
            return;
        }
        let text = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        let text = String::from_utf8_lossy(text).into_owned();
        let line = Table {
            columns: vec![Column::new(PARSED_COLUMN, DataType::Str)],
            rows: vec![vec![Value::Str(text)]],
        };
        match self.evaluator.run(line) {
            Ok(outcome) if outcome.table.rows.is_empty() => {}
            Ok(outcome) => match tables.last_mut() {
                Some(last) if last.columns == outcome.table.columns => {
                    last.rows.extend(outcome.table.rows);
                }
                Some(_) | None => tables.push(outcome.table),
            },
            Err(error) => {
                self.n_unfit += 1;
                self.first_reason.get_or_insert_with(|| told(&error));
            }
        }
    }

    fn envelopes(&mut self, tables: Vec<Table>) -> Vec<Envelope> {
        let mut envelopes = Vec::new();
        for table in tables {
            let n_rows = table.rows.len() as u64;
            match batches(table, u64::MAX) {
                Ok(made) => {
                    self.cut_rows += made.cut_rows;
                    envelopes.extend(made.envelopes);
                }
                // Columns that alone are too large for an envelope.
                Err(_) => self.cut_rows += n_rows,
            }
        }
        envelopes
    }
}

/// Whether a step can judge one line without the others.
const fn is_for_a_line(step: &RowStep) -> bool {
    match step {
        RowStep::Parse(as_what) => match as_what {
            ParseAs::Json | ParseAs::KeyValue | ParseAs::Lines | ParseAs::Regex(_) => true,
            ParseAs::Auto | ParseAs::Columns | ParseAs::Csv => false,
        },
        RowStep::Where(_) | RowStep::Select(_) | RowStep::Derive(_) => true,
        RowStep::Take(_) => false,
    }
}

fn told(error: &EvalError) -> String {
    error
        .hint()
        .map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}

fn lines(n: u64) -> String {
    if n == 1 {
        "1 line".to_owned()
    } else {
        format!("{n} lines")
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::expr::{BinaryOp, Expr};
    use hailer_protocol::message::{Batch, Message as _};

    use super::*;

    fn made(steps: Vec<RowStep>) -> Result<LineRows, Failed> {
        let plan = RowPlan { steps };
        let evaluator = Evaluator::new(&plan).expect("a valid plan");
        LineRows::new(&plan, evaluator)
    }

    fn at_least(column: &str, n: i64) -> RowStep {
        RowStep::Where(Expr::Binary(
            BinaryOp::Ge,
            Box::new(Expr::Column(column.to_owned())),
            Box::new(Expr::Literal(Value::Int(n))),
        ))
    }

    fn rows(envelopes: &[Envelope]) -> Vec<Vec<Value>> {
        let table = |e: &Envelope| Batch::from_envelope(e).expect("a batch").table;
        envelopes.iter().flat_map(|e| table(e).rows).collect()
    }

    #[test]
    fn rows_leave_with_the_newline_of_their_line_and_not_before() {
        let mut lines = made(vec![RowStep::Parse(ParseAs::Lines)]).expect("line by line");
        assert!(lines.take(b"hal").is_empty());
        let text = |s: &str| vec![Value::from(s)];
        assert_eq!(
            rows(&lines.take(b"f\r\nnext\nla")),
            [text("half"), text("next")]
        );
        let (last, ended) = lines.end();
        assert_eq!(rows(&last), [text("la")]);
        assert!(ended.notes.is_empty() && ended.cut_rows == 0);
    }

    #[test]
    fn each_line_is_judged_by_itself_and_those_that_do_not_fit_are_counted() {
        let parse = RowStep::Parse(ParseAs::Json);
        let mut lines = made(vec![parse, at_least("n", 5)]).expect("line by line");
        let sent = lines.take(
            b"{\"n\":4}\n{\"n\":5,\"a\":1}\nnot json\n{\"m\":9}\n\n{\"n\":\"x\"}\n{\"n\":6}\n",
        );
        // Two tables, since their columns differ.
        assert_eq!(sent.len(), 2);
        assert_eq!(
            rows(&sent),
            [vec![Value::Int(5), Value::Int(1)], vec![Value::Int(6)]]
        );
        let (_, ended) = lines.end();
        assert_eq!(ended.notes.len(), 1);
        assert!(
            ended.notes[0].starts_with("3 lines did not fit: "),
            "{:?}",
            ended.notes
        );
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_makes_no_row() {
        let mut lines = made(vec![RowStep::Parse(ParseAs::Lines)]).expect("line by line");
        for _ in 0..100 {
            assert!(lines.take(&[b'x'; 32 << 10]).is_empty());
            assert!(lines.unfinished.len() <= FOLLOWED_LINE_MAX);
        }
        assert_eq!(
            rows(&lines.take(b"\nshort\n")),
            [vec![Value::from("short")]]
        );
        let (_, ended) = lines.end();
        assert!(
            ended.notes[0].starts_with("1 line longer than"),
            "{:?}",
            ended.notes
        );
    }

    #[test]
    fn what_wants_all_lines_is_refused() {
        for steps in [
            vec![RowStep::Parse(ParseAs::Columns)],
            vec![RowStep::Parse(ParseAs::Auto)],
            vec![RowStep::Parse(ParseAs::Lines), RowStep::Take(3)],
        ] {
            let refused = made(steps).err().expect("refused");
            assert_eq!(refused.code, ErrorCode::PLAN);
        }
    }
}
