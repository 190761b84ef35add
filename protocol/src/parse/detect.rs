//! `parse` without a word: finds out what the text is, and says so.
//!
//! The formats are tried from the one that is hardest to mistake to the one that takes anything:
//! JSON, what known tools print, values separated by tabs, tables under headings, keys and values, values separated by
//! commas, aligned columns, lines.

use crate::note::{Format, Note};
use crate::parse::{ParseError, Parsed, columns, csv, json, key_value, known, lines};

/// Share of lines that must be entries before a text is taken for keys and values.
const KEY_VALUE_SHARE: f64 = 0.8;

/// Makes a table of text in any format.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let (format, mut parsed) = detect(text);
    parsed.notes.insert(0, Note::ParsedAs(format));
    Ok(parsed)
}

fn detect(text: &str) -> (Format, Parsed) {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(parsed) = json::parse(text)
    {
        return (Format::Json, parsed);
    }
    if let Some(found) = known::parse(text) {
        return found;
    }
    if key_value::is_dmidecode(text)
        && let Ok(parsed) = key_value::parse(text)
    {
        return (Format::KeyValue, parsed);
    }
    let separator = separated_by(text);
    // Tabs align too where words are short; that they are as many on every line says more.
    if separator == Some('\t')
        && let Ok(parsed) = csv::parse(text)
    {
        return (Format::Tsv, parsed);
    }
    if let Some(parsed) = columns::parse_with_headings(text) {
        return (Format::Columns, parsed);
    }
    if key_value::fit(text) >= KEY_VALUE_SHARE
        && let Ok(parsed) = key_value::parse(text)
    {
        return (Format::KeyValue, parsed);
    }
    if let Some(separator) = separator
        && let Ok(parsed) = csv::parse(text)
    {
        return (csv::format_of(separator), parsed);
    }
    if let Some(parsed) = columns::parse_aligned(text) {
        return (Format::ColumnsWithoutHeadings, parsed);
    }
    (Format::Lines, lines::parse(text))
}

/// Returns the separator if the first records have headings and as many fields each.
fn separated_by(text: &str) -> Option<char> {
    let text = text.trim_start_matches(['\u{feff}', '\r', '\n']);
    let separator = csv::separator_of(text.lines().next()?);
    let mut records = csv::Records::new(text, separator).take(20);
    let headings = records.next()?;
    let are_headings = headings.len() > 1
        && headings.iter().all(|h| {
            let h = h.trim();
            h.starts_with(|c: char| c.is_alphabetic() || "_%#".contains(c)) && h.len() <= 40
        });
    let mut others = records.peekable();
    (are_headings && others.peek().is_some() && others.all(|r| r.len() == headings.len()))
        .then_some(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_and_said() {
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", Format::Json),
            ("[\n  {\"a\": 1}\n]\n", Format::Json),
            ("name,size\na,1\nb,2\n", Format::Csv),
            ("name\tsize\na\t1\nb\t2\n", Format::Tsv),
            ("NAME=\"x\"\nID=debian\n", Format::KeyValue),
            ("MemTotal:   100 kB\nMemFree:   50 kB\n", Format::KeyValue),
            ("PID COMMAND\n  1 init\n  2 kthreadd\n", Format::Columns),
            ("4.0K\t/a\n12K\t/b/c\n", Format::Tool("du")),
            ("40\t/a\n12\t/b/c\n", Format::Tool("du")),
            ("40\talpha\n12\tbeta\n", Format::ColumnsWithoutHeadings),
            ("10.0.0.0/8 dev eth0 scope link\n", Format::Tool("ip route")),
            ("10.0.0.1\n10.0.0.2\n", Format::Lines),
            ("a b\nc d\n", Format::Lines),
            ("something happened here\nand then\n", Format::Lines),
            ("Permission denied\n", Format::Lines),
            ("{not json\n", Format::Lines),
            ("up\n", Format::Lines),
        ] {
            let parsed = parse(text).expect("any text parses");
            assert_eq!(parsed.notes[0], Note::ParsedAs(expected), "{text:?}");
            assert!(parsed.table.is_rectangular());
        }
    }
}
