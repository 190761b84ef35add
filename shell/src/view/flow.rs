//! Flow: items one after the other, on as many lines as the width asks for.

use hailer_protocol::clean::Clean;

use super::fit;
use super::measure::width_of;
use super::style::{Line, Look, Paint};

/// Lines that are being filled. Those after the first are indented.
#[derive(Debug)]
pub(super) struct Flow {
    look: Look,
    indent: &'static str,
    lines: Vec<Line>,
    current: Line,
    /// Whether the current line holds more than its indent.
    has_items: bool,
}

impl Flow {
    /// Begins with a first line that holds `start` already.
    pub(super) fn new(look: Look, start: Line, indent: &'static str) -> Self {
        Self {
            look,
            indent,
            lines: Vec::new(),
            current: start,
            has_items: false,
        }
    }

    fn width(&self) -> usize {
        self.look.width.map_or(usize::MAX, usize::from)
    }

    /// Adds an item that is not broken: behind `glue` where it fits, else on the next line.
    pub(super) fn item(&mut self, glue: &'static str, item: &Line) {
        let glue = if self.has_items { glue } else { "" };
        let wanted = self.current.width() + width_of(glue) + item.width();
        if self.has_items && wanted > self.width() {
            self.next_line();
        } else {
            self.current = std::mem::take(&mut self.current).own(Paint::Dim, glue);
        }
        self.current = std::mem::take(&mut self.current).line(item);
        self.has_items = true;
    }

    /// Adds folded names, which wrap after commas and are never cut.
    pub(super) fn names(&mut self, glue: &'static str, folded: &Clean) {
        let mut glue = glue;
        for part in folded.as_str().split_inclusive(',') {
            let part = Line::new(self.look).clean(Paint::Strong, &Clean::line(part));
            self.item(glue, &part);
            glue = "";
        }
    }

    /// Adds a sentence, which wraps between words; a word that is wider than a line is broken.
    pub(super) fn words(&mut self, glue: &'static str, paint: Paint, text: &Clean) {
        let room = self.width().saturating_sub(self.indent.len()).max(1);
        let text = fit::one_line(text, self.look.ascii);
        let mut glue = glue;
        for word in text.as_str().split(' ').filter(|word| !word.is_empty()) {
            let mut rest = word;
            loop {
                let (head, tail) = fit::split_at(rest, room);
                // A character wider than the whole line has to go somewhere.
                let (head, tail) = if head.is_empty() {
                    (rest, "")
                } else {
                    (head, tail)
                };
                let part = Line::new(self.look).clean(paint, &Clean::line(head));
                self.item(glue, &part);
                glue = "";
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            glue = " ";
        }
    }

    /// Returns the lines.
    pub(super) fn finish(mut self) -> Vec<Line> {
        if self.has_items || self.lines.is_empty() {
            self.lines.push(self.current);
        }
        self.lines
    }

    fn next_line(&mut self) {
        let next = Line::new(self.look).own(Paint::Plain, self.indent);
        self.lines.push(std::mem::replace(&mut self.current, next));
        self.has_items = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(width: u16) -> Look {
        Look {
            width: Some(width),
            ..Look::default()
        }
    }

    fn texts(flow: Flow) -> Vec<String> {
        flow.finish().iter().map(Line::text).collect()
    }

    #[test]
    fn names_wrap_after_commas_and_are_never_cut() {
        let look = look(12);
        let mut flow = Flow::new(look, Line::new(look).own(Paint::Dim, "── "), "   ");
        flow.names("", &Clean::line("web[001-003,017],db01"));
        flow.item(" · ", &Line::new(look).own(Paint::Plain, "ok"));
        assert_eq!(texts(flow), ["── web[001-003,", "   017],db01", "   ok"]);
    }

    #[test]
    fn a_sentence_wraps_between_words_and_long_words_break() {
        let look = look(10);
        let mut flow = Flow::new(look, Line::new(look), "  ");
        flow.words(
            "",
            Paint::Plain,
            &Clean::line("no route to 0123456789abcdef"),
        );
        assert_eq!(
            texts(flow),
            ["no route", "  to", "  01234567", "  89abcdef"]
        );
    }
}
