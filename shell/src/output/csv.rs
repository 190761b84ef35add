//! `csv`: RFC 4180. An answer of a command is one record, written when it comes in.
//!
//! CSV has no place for sums: who did not answer, and what was cut, goes to `talk`. Rules for
//! fields (null, quotes, formulas, bytes that are not UTF-8) are those of the table's export.

use std::io::Write;

use hailer_protocol::clean::Clean;
use hailer_protocol::value::Value;
use hailer_table::Frame;
use hailer_table::export::csv as export;

use super::sink::{Flow, Sink};
use super::{End, Format, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;
use crate::view::footer::render_footer;
use crate::view::style::Look;

/// The columns of a command's result.
const COLUMNS: [&str; 9] = [
    "node",
    "state",
    "rc",
    "ms",
    "bytes",
    "truncated",
    "out",
    "err",
    "error",
];

pub(super) struct Csv<O, T> {
    out: Sink<O>,
    talk: Sink<T>,
    talk_look: Look,
    names: Names,
    has_header: bool,
}

impl<O: Write, T: Write> Csv<O, T> {
    pub(super) fn new(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            talk: Sink::new(options.talk),
            talk_look: options.talk_look,
            names: options.names,
            has_header: false,
        }
    }
}

impl<O: Write + Send, T: Write + Send> Writer for Csv<O, T> {
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        if answer.rows.is_some() {
            return Err(OutputError::RowsNeedTable(Format::Csv));
        }
        let mut text = String::new();
        if !self.has_header {
            self.has_header = true;
            text = export::line(COLUMNS.map(|name| export::field(&Value::from(name))));
        }
        text.push_str(&record(answer, self.names.name(answer.node.0)));
        self.out.record(text.as_bytes())
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        self.has_header = true;
        self.out.record(export::document(frame).as_bytes())
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        if let Some(End {
            gather, summary, ..
        }) = end
        {
            let text = render_footer(gather, summary, &*self.names, self.talk_look);
            let _: Flow = self.talk.record(text.as_bytes())?;
        }
        Ok(self.out.flow())
    }
}

fn record(answer: &Answer, name: &str) -> String {
    let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |clean: Clean| Value::Str(clean.into_string());
    let values = [
        Value::from(name),
        Value::from(answer.state.as_str()),
        Value::from(answer.rc.map(i64::from)),
        count(answer.ms()),
        count(answer.bytes()),
        Value::Bool(answer.is_truncated()),
        text(answer.out.to_clean_text()),
        text(answer.err.to_clean_text()),
        Value::from(answer.failure.as_ref().map(Clean::as_str)),
    ];
    export::line(values.iter().map(export::field))
}
