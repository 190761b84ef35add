//! The terminal: the only place here that writes to one.
//!
//! A [`LiveArea`] is a few lines that are erased and drawn again in place. Three control
//! functions are used and no others: carriage return, cursor up, erase to the end of the screen.
//! Whoever wants to print something else calls [`LiveArea::clear`] first.

use std::io::{self, IsTerminal as _, Write};

use super::style::Line;

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// Returns the size of standard error's terminal; `None` where it is none, or does not say.
#[must_use]
pub fn stderr_size() -> Option<Size> {
    size_of(&io::stderr())
}

/// Returns the size of standard output's terminal; `None` where it is none, or does not say.
#[must_use]
pub fn stdout_size() -> Option<Size> {
    size_of(&io::stdout())
}

fn size_of<F: std::os::fd::AsFd + io::IsTerminal>(stream: &F) -> Option<Size> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// Makes the live area of this process: on standard error, if that is a terminal.
#[must_use]
pub fn stderr_live_area() -> Option<LiveArea<io::Stderr>> {
    let stderr = io::stderr();
    stderr.is_terminal().then(|| LiveArea::new(stderr))
}

/// Lines at the end of a terminal that are drawn in place.
#[derive(Debug)]
pub struct LiveArea<W> {
    out: W,
    /// How wide each of the lines is that are drawn now.
    drawn: Vec<usize>,
}

impl<W: Write> LiveArea<W> {
    /// Makes an area with nothing drawn; the cursor is at the beginning of a line.
    pub const fn new(out: W) -> Self {
        Self {
            out,
            drawn: Vec::new(),
        }
    }

    /// Draws lines in the place of those drawn before. `columns` is how wide the terminal is now:
    /// what was drawn when it was wider takes more rows by now.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, lines: &[Line], columns: u16) -> io::Result<()> {
        let mut text = self.erase(columns);
        for line in lines {
            text.push_str(&line.text());
            text.push('\n');
        }
        self.drawn = lines.iter().map(Line::width).collect();
        self.write(&text)
    }

    /// Erases what is drawn; what is printed next takes its place.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn clear(&mut self, columns: u16) -> io::Result<()> {
        let text = self.erase(columns);
        self.drawn.clear();
        if text.is_empty() {
            return Ok(());
        }
        self.write(&text)
    }

    /// Returns what brings the cursor to the first line drawn and erases all from there.
    fn erase(&self, columns: u16) -> String {
        let columns = usize::from(columns).max(1);
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.div_ceil(columns).max(1))
            .sum();
        match rows {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A\x1b[J"),
        }
    }

    /// Writes all at once, so that the terminal never shows half of it.
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::style::{Look, Paint};

    fn lines(texts: &[&'static str]) -> Vec<Line> {
        let line = |text| Line::new(Look::default()).own(Paint::Plain, text);
        texts.iter().copied().map(line).collect()
    }

    /// What a terminal of that size shows after these bytes; raw terminals want CR LF.
    fn screen(bytes: &[u8], rows: u16, columns: u16) -> String {
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        let text = String::from_utf8(bytes.to_vec()).expect("ours is UTF-8");
        terminal.process(text.replace('\n', "\r\n").as_bytes());
        terminal.screen().contents().trim_end().to_owned()
    }

    #[test]
    fn each_drawing_takes_the_place_of_the_one_before() {
        let mut bytes = b"before\n".to_vec();
        let mut area = LiveArea::new(&mut bytes);
        area.draw(&lines(&["1/3", "one", "two"]), 40)
            .expect("a vector");
        area.draw(&lines(&["2/3", "one"]), 40).expect("a vector");
        assert_eq!(screen(&bytes, 10, 40), "before\n2/3\none");

        let mut area = LiveArea::new(&mut bytes);
        area.drawn = vec![3, 3];
        area.clear(40).expect("a vector");
        area.clear(40).expect("a vector");
        bytes.extend_from_slice(b"after\n");
        assert_eq!(screen(&bytes, 10, 40), "before\nafter");
    }

    #[test]
    fn lines_that_were_drawn_on_a_wider_terminal_are_erased_whole() {
        let mut area = LiveArea::new(Vec::new());
        area.draw(&lines(&["0123456789", "01234"]), 10)
            .expect("a vector");
        area.out.clear();
        area.clear(4).expect("a vector");
        assert_eq!(area.out, b"\r\x1b[5A\x1b[J");
    }

    #[test]
    fn nothing_drawn_leaves_nothing_to_erase() {
        let mut area = LiveArea::new(Vec::new());
        area.clear(80).expect("a vector");
        assert!(area.out.is_empty());
    }
}
