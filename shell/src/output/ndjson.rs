//! `ndjson`: one object a line, as answers come in; the last one is the summary.
//!
//! | `type` | is |
//! |---|---|
//! | `row` | an answer of a command, or one row of a table, with its columns beside `node` |
//! | `failure` | where the result is rows: a target that did not do its part, or not all of it |
//! | `summary` | the end; a stream without one is incomplete |
//!
//! Under `watch` each record has its `turn`, and each turn its summary.

use std::io::Write;

use hailer_table::Frame;

use super::record::{self, Record};
use super::sink::{Flow, Sink};
use super::{End, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;

pub(super) struct Ndjson<O> {
    out: Sink<O>,
    names: Names,
    has_rows: bool,
    has_table: bool,
    turn: Option<u64>,
}

impl<O: Write> Ndjson<O> {
    pub(super) fn new<T>(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            names: options.names,
            has_rows: options.has_rows,
            has_table: false,
            turn: options.turn,
        }
    }
}

fn line(name: &'static str, turn: Option<u64>, fields: Record) -> String {
    let mut line = Record::typed(name).turn(turn).and(fields).text();
    line.push('\n');
    line
}

impl<O: Write + Send> Writer for Ndjson<O> {
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        let names = &*self.names;
        let Some(table) = &answer.rows else {
            let text = if self.has_rows {
                line("failure", self.turn, record::of_failure(answer, names))
            } else {
                line("row", self.turn, record::of_answer(answer, names))
            };
            return self.out.record(text.as_bytes());
        };
        let mut lines = String::new();
        for row in &table.rows {
            let fields = record::of_row(answer.node, &table.columns, row, names);
            lines.push_str(&line("row", self.turn, fields));
        }
        if record::is_failure(answer) {
            lines.push_str(&line(
                "failure",
                self.turn,
                record::of_failure(answer, names),
            ));
        }
        self.out.record(lines.as_bytes())
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        self.has_table = true;
        for row in 0..frame.len() {
            let line = line("row", self.turn, record::of_frame_row(frame, row));
            if self.out.record(line.as_bytes())? == Flow::Closed {
                return Ok(Flow::Closed);
            }
        }
        Ok(self.out.flow())
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        let mut lines = String::new();
        if let (true, Some(end)) = (self.has_table, end) {
            let failures = end
                .gather
                .answers()
                .iter()
                .filter(|a| record::is_failure(a));
            for answer in failures {
                lines.push_str(&line(
                    "failure",
                    self.turn,
                    record::of_failure(answer, &*self.names),
                ));
            }
        }
        lines.push_str(&line(
            "summary",
            self.turn,
            record::of_end(end, &*self.names),
        ));
        self.out.record(lines.as_bytes())
    }
}
