//! What may be shown: bytes from a node have no way to a terminal but through here.
//!
//! [`NodeBytes`] cannot be displayed. [`Clean`] can, and is made only by escaping every control
//! character, every invisible or direction-changing format character and every byte that is not
//! UTF-8. Output from a node can therefore never command the operator's terminal.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as a node sent them. They print neither with `{}` nor, unescaped, with `{:?}`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct NodeBytes(pub Vec<u8>);

impl fmt::Debug for NodeBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeBytes({} bytes)", self.0.len())
    }
}

impl NodeBytes {
    /// Returns the bytes as text for one table cell: newlines escaped too.
    #[must_use]
    pub fn to_clean_line(&self) -> Clean {
        Clean::line_from_bytes(&self.0)
    }

    /// Returns the bytes as text of several lines: newlines and tabs are kept.
    #[must_use]
    pub fn to_clean_text(&self) -> Clean {
        Clean::text_from_bytes(&self.0)
    }
}

// Serialised as one run of bytes: a sequence of single bytes costs thirty times as much.
impl Serialize for NodeBytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeBytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, v: &[u8]) -> Result<Vec<u8>, E> {
                Ok(v.to_vec())
            }
            fn visit_byte_buf<E>(self, v: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(v)
            }
        }
        d.deserialize_byte_buf(Visitor).map(NodeBytes)
    }
}

/// Text that is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Clean(String);

impl Clean {
    /// Makes text for one line: newlines and tabs are escaped like any other control character.
    #[must_use]
    pub fn line(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        text.chars().for_each(|c| push(&mut out, c, false));
        Self(out)
    }

    /// Makes text of several lines: newlines and tabs are kept, a carriage return before a newline
    /// is dropped.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        push_text(&mut out, text);
        Self(out)
    }

    /// [`Clean::line`] of bytes; what is not UTF-8 prints as `\xNN`.
    #[must_use]
    pub fn line_from_bytes(bytes: &[u8]) -> Self {
        Self(from_bytes(bytes, |out, s| {
            s.chars().for_each(|c| push(out, c, false));
        }))
    }

    /// [`Clean::text`] of bytes; what is not UTF-8 prints as `\xNN`.
    #[must_use]
    pub fn text_from_bytes(bytes: &[u8]) -> Self {
        Self(from_bytes(bytes, push_text))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text, by value.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn from_bytes(bytes: &[u8], push_valid: fn(&mut String, &str)) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_valid(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push_text(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        push(out, c, true);
    }
}

fn push(out: &mut String, c: char, keep_layout: bool) {
    use fmt::Write as _;
    match c {
        '\n' | '\t' if keep_layout => out.push(c),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\u{1b}' => out.push_str("\\e"),
        c if c.is_ascii_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if is_hidden(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// C1 controls, direction and zero-width format characters, line separators, tags and the byte
/// order mark: all that changes what is seen without being seen.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_function_survives() {
        let hostile = "\x1b]0;title\x07\x1b[2J\u{9b}31m\u{202e}\u{200b}\x00\x7f\r";
        let clean = Clean::text(hostile);
        assert!(clean.as_str().chars().all(|c| !c.is_control()), "{clean:?}");
        assert!(
            clean
                .as_str()
                .starts_with("\\e]0;title\\x07\\e[2J\\u{9b}31m")
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_print_as_hex() {
        assert_eq!(
            Clean::text_from_bytes(b"a\xff\xc3(b").as_str(),
            "a\\xff\\xc3(b"
        );
    }

    #[test]
    fn a_cell_keeps_to_one_line() {
        assert_eq!(Clean::line("a\nb\tc").as_str(), "a\\nb\\tc");
        assert_eq!(Clean::text("a\r\nb\tc").as_str(), "a\nb\tc");
    }

    #[test]
    fn node_bytes_do_not_print_themselves_when_debugged() {
        let bytes = NodeBytes(b"\x1b[2J".to_vec());
        assert_eq!(format!("{bytes:?}"), "NodeBytes(4 bytes)");
    }
}
