//! `json`: one document, `{"v":1,"rows":[…],"failures":[…],"summary":{…}}`.
//!
//! Rows and failures are those of `ndjson`, without `v` and `type`. It is written as answers come
//! in; until the end it is no valid document, so that half of one cannot be taken for the whole.

use std::io::Write;

use hailer_table::Frame;

use super::record::{self, Record, VERSION};
use super::sink::{Flow, Sink};
use super::{End, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;

pub(super) struct Json<O> {
    out: Sink<O>,
    names: Names,
    is_begun: bool,
    has_rows: bool,
    has_table: bool,
    /// Said at the end; rows come first.
    failures: Vec<String>,
}

impl<O: Write> Json<O> {
    pub(super) fn new<T>(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            names: options.names,
            is_begun: false,
            has_rows: options.has_rows,
            has_table: false,
            failures: Vec::new(),
        }
    }

    fn rows(&mut self, rows: impl Iterator<Item = Record>) -> Result<Flow, OutputError> {
        for row in rows {
            let before = if self.is_begun {
                ",\n".to_owned()
            } else {
                beginning()
            };
            self.is_begun = true;
            let text = format!("{before}{}", row.text());
            if self.out.record(text.as_bytes())? == Flow::Closed {
                return Ok(Flow::Closed);
            }
        }
        Ok(self.out.flow())
    }
}

fn beginning() -> String {
    format!("{{\"v\":{VERSION},\"rows\":[\n")
}

impl<O: Write + Send> Writer for Json<O> {
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        let names = Names::clone(&self.names);
        let Some(table) = &answer.rows else {
            if self.has_rows {
                self.failures
                    .push(record::of_failure(answer, &*names).text());
                return Ok(self.out.flow());
            }
            return self.rows(std::iter::once(record::of_answer(answer, &*names)));
        };
        if record::is_failure(answer) {
            self.failures
                .push(record::of_failure(answer, &*names).text());
        }
        let rows = table.rows.iter();
        self.rows(rows.map(|row| record::of_row(answer.node, &table.columns, row, &*names)))
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        self.has_table = true;
        self.rows((0..frame.len()).map(|row| record::of_frame_row(frame, row)))
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        if let (true, Some(end)) = (self.has_table, end) {
            let failures = end
                .gather
                .answers()
                .iter()
                .filter(|a| record::is_failure(a));
            let texts = failures.map(|answer| record::of_failure(answer, &*self.names).text());
            self.failures = texts.collect();
        }
        let begun = if self.is_begun {
            "\n".to_owned()
        } else {
            beginning()
        };
        let failures = self.failures.join(",\n");
        let break_after = if failures.is_empty() { "" } else { "\n" };
        let summary = record::of_end(end, &*self.names).text();
        let text = format!(
            "{begun}],\"failures\":[{break_after}{failures}{break_after}],\"summary\":{summary}}}\n"
        );
        self.out.record(text.as_bytes())
    }
}
