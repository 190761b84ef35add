//! Lines: what one stream of one node writes, cut into whole lines.
//!
//! Pure: the time comes as an argument. A line that is not finished waits for its end; after a pause
//! it is shown as far as it came, since a question without a newline would otherwise never be seen.

use std::time::Duration;

use hailer_protocol::time::Mono;

/// Bytes of one line that are kept; the rest of it is counted.
pub const LINE_MAX: usize = 16 << 10;

/// How long an unfinished line waits for its end.
pub const PAUSE: Duration = Duration::from_millis(500);

/// A line, or as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut {
    /// Its bytes, without the newline.
    pub bytes: Vec<u8>,
    /// Bytes of it that are not kept.
    pub left_out: u64,
}

/// One stream on its way to lines.
#[derive(Debug, Default)]
pub struct Splitter {
    unfinished: Cut,
    /// Since when the unfinished line waits.
    since: Option<Mono>,
}

impl Splitter {
    /// Takes bytes and hands every line on that they finish.
    pub fn feed(&mut self, bytes: &[u8], now: Mono, mut on_line: impl FnMut(Cut)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            self.push(text.unwrap_or(piece));
            if text.is_some() {
                on_line(self.finish());
            } else {
                self.since = Some(now);
            }
        }
    }

    /// Hands the unfinished line on if nothing more of it has come for a while.
    pub fn handle_timeout(&mut self, now: Mono, on_line: impl FnOnce(Cut)) {
        if self.since.is_some_and(|since| since + PAUSE <= now) {
            on_line(self.finish());
        }
    }

    /// Hands the unfinished line on: nothing follows.
    pub fn end(&mut self, on_line: impl FnOnce(Cut)) {
        if self.since.is_some() {
            on_line(self.finish());
        }
    }

    fn push(&mut self, text: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.unfinished.bytes.len());
        let kept = &text[..text.len().min(room)];
        self.unfinished.bytes.extend_from_slice(kept);
        self.unfinished.left_out += (text.len() - kept.len()) as u64;
    }

    fn finish(&mut self) -> Cut {
        self.since = None;
        let mut line = std::mem::take(&mut self.unfinished);
        if line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    fn fed(splitter: &mut Splitter, bytes: &[u8], now: Mono) -> Vec<String> {
        let mut lines = Vec::new();
        splitter.feed(bytes, now, |line| {
            lines.push(String::from_utf8(line.bytes).expect("text"));
        });
        lines
    }

    #[test]
    fn lines_are_whole_however_their_bytes_arrive() {
        let mut splitter = Splitter::default();
        assert_eq!(fed(&mut splitter, b"one\ntw", at(0)), ["one"]);
        assert_eq!(fed(&mut splitter, b"o", at(1)), Vec::<String>::new());
        assert_eq!(
            fed(&mut splitter, b"\r\n\nthree\n", at(2)),
            ["two", "", "three"]
        );
        splitter.end(|line| panic!("nothing was left: {line:?}"));
    }

    #[test]
    fn an_unfinished_line_is_shown_after_a_pause_and_not_before() {
        let mut splitter = Splitter::default();
        fed(&mut splitter, b"Password:", at(0));
        splitter.handle_timeout(at(499), |line| panic!("too early: {line:?}"));
        let mut shown = None;
        splitter.handle_timeout(at(500), |line| shown = Some(line.bytes));
        assert_eq!(shown.as_deref(), Some(&b"Password:"[..]));
        splitter.handle_timeout(at(5_000), |line| panic!("once: {line:?}"));
        assert_eq!(fed(&mut splitter, b" ok\n", at(6_000)), [" ok"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_rest_counted() {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for _ in 0..5 {
            splitter.feed(&[b'x'; 8 << 10], at(0), |line| lines.push(line));
        }
        splitter.feed(b"\nshort\n", at(0), |line| lines.push(line));
        let told: Vec<_> = lines.iter().map(|l| (l.bytes.len(), l.left_out)).collect();
        assert_eq!(told, [(LINE_MAX, 24 << 10), (5, 0)]);
    }
}
