//! What may come out: of text, and of the bytes that a terminal gets.

use vt100::{Callbacks, Parser, Screen};

use crate::payloads::{CLOSE, OPEN};

/// Invisible characters and those that change directions: a list of its own, so that it does not share a
/// hole with the product's.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// Asserts that a text has no control and no invisible character but these.
#[track_caller]
pub(crate) fn harmless(text: &[u8], layout: &[char], sink: &str) {
    let text = std::str::from_utf8(text).unwrap_or_else(|e| panic!("{sink} is not UTF-8: {e}"));
    let found = text
        .char_indices()
        .find(|(_, c)| !layout.contains(c) && (c.is_control() || is_invisible(*c)));
    if let Some((at, c)) = found {
        let around: String = text[..at].chars().rev().take(80).collect();
        let around: String = around.chars().rev().collect();
        panic!("{sink} lets {c:?} through, behind {around:?}");
    }
}

/// Asserts that a terminal got only what hailer itself has to say to one.
#[track_caller]
pub(crate) fn terminal(raw: &[u8], sink: &str) {
    let text = std::str::from_utf8(raw).unwrap_or_else(|e| panic!("{sink} is not UTF-8: {e}"));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if c == '\x1b' {
            own_function(rest).unwrap_or_else(|| {
                let shown: String = rest.chars().take(40).collect();
                panic!("{sink}: a control function that is not ours: {shown:?}")
            })
        } else {
            let is_ours = matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || is_invisible(c));
            assert!(is_ours, "{sink}: {c:?} reaches the terminal");
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    // Between the marks of a payload there is nothing but what can be seen.
    for part in text.split(OPEN).skip(1) {
        let inside = part.split(CLOSE).next().unwrap_or_default();
        let is_cut = inside.len() == part.len();
        let bad = inside.chars().find(|c| c.is_control());
        assert!(
            is_cut || bad.is_none() || is_painting(inside),
            "{sink}: {bad:?} inside of a payload: {inside:?}"
        );
    }
    let mut parser = Parser::new_with_callbacks(50, 200, 0, Heard::default());
    parser.process(raw);
    let heard = &parser.callbacks().0;
    assert!(heard.is_empty(), "{sink}: the terminal was told {heard:?}");
}

/// Whether all control functions in it paint or break a line, as a long line on a screen needs.
fn is_painting(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        rest = &rest[at..];
        let Some(len) = own_function(rest) else {
            return false;
        };
        rest = &rest[len..];
    }
    true
}

/// Returns the length of the control function at the beginning, if it is one that hailer uses:
/// colours, moving the cursor, erasing, asking where it is, its own modes.
fn own_function(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.get(1)? {
        // Saves and restores the cursor.
        b'7' | b'8' => return Some(2),
        b'[' => {}
        _ => return None,
    }
    let end = 2 + bytes[2..].iter().position(|b| (0x40..=0x7e).contains(b))?;
    let parameters = text.get(2..end)?;
    let is_plain = parameters.bytes().all(|b| b.is_ascii_digit() || b == b';');
    let is_ours = match bytes[end] {
        b'm' | b'A'..=b'H' | b'J' | b'K' => is_plain,
        b'n' => parameters == "6",
        // Cursor shown, lines wrapped, alternate screen, bracketed paste, synchronised painting.
        b'h' | b'l' => ["?25", "?7", "?1049", "?2004", "?2026"].contains(&parameters),
        _ => false,
    };
    is_ours.then_some(end + 1)
}

/// Everything that a terminal would do beyond painting.
#[derive(Default)]
struct Heard(Vec<String>);

impl Callbacks for Heard {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0.push("to ring".to_owned());
    }

    fn visual_bell(&mut self, _: &mut Screen) {
        self.0.push("to flash".to_owned());
    }

    fn resize(&mut self, _: &mut Screen, _: (u16, u16)) {
        self.0.push("to resize".to_owned());
    }

    fn set_window_icon_name(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("an icon's name".to_owned());
    }

    fn set_window_title(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("a title".to_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], _: &[u8]) {
        self.0.push("to copy".to_owned());
    }

    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("to paste".to_owned());
    }

    fn unhandled_osc(&mut self, _: &mut Screen, _: &[&[u8]]) {
        self.0.push("a command of its system".to_owned());
    }
}

#[test]
fn the_scanner_knows_ours_from_theirs() {
    for ours in [
        "\x1b[1;31m",
        "\x1b[2K",
        "\x1b[6n",
        "\x1b[?2004h",
        "\x1b7",
        "\x1b[3;4H",
    ] {
        assert_eq!(own_function(ours), Some(ours.len()), "{ours:?}");
    }
    for theirs in [
        "\x1b]0;x\x07",
        "\x1b[c",
        "\x1b[21t",
        "\x1b[5n",
        "\x1b[?1000h",
        "\x1bc",
        "\x1b[>1u",
        "\x1b[38:5:1m",
        "\x1bP+q\x1b\\",
        "\x1b[",
        "\x1b",
    ] {
        assert_eq!(own_function(theirs), None, "{theirs:?}");
    }
}
