//! An operator's groups as they stand in a certificate: one private extension, in one right form.
//!
//! ```text
//! 2.25.8994141907895990378   SEQUENCE OF UTF8String, ascending, each once, 1 to 32 of 64 bytes at most
//! ```
//!
//! The subject's own fields would be read by more tools, but they are lists of several string types
//! under several rules of comparison; a second alternative name would break the rule that there is
//! exactly one. Arcs under 2.25 are random numbers that need no registration. The extension is not
//! critical: other tools may skip it, and hailer's own verifier, which never skips it, is the only
//! one that grants anything for it.

use hailer_protocol::holder::Groups;
use hailer_protocol::ids::Name;
use rcgen::CustomExtension;

/// The extension's number.
pub(crate) const OID: &[u64] = &[2, 25, 8_994_141_907_895_990_378];

const SEQUENCE: u8 = 0x30;
const UTF8_STRING: u8 = 0x0c;

/// Returns the extension that puts an operator into `groups`.
pub(crate) fn extension(groups: &Groups) -> CustomExtension {
    CustomExtension::from_oid_content(OID, encode(groups))
}

pub(crate) fn encode(groups: &Groups) -> Vec<u8> {
    let content: Vec<u8> = groups
        .iter()
        .flat_map(|name| value(UTF8_STRING, name.as_str().as_bytes()))
        .collect();
    value(SEQUENCE, &content)
}

/// Reads the extension's content, or says why not.
pub(crate) fn decode(content: &[u8]) -> Result<Groups, String> {
    // Whatever is read laxly here is caught by writing it again.
    let start = match content {
        [SEQUENCE, 0..=0x7f, ..] => 2,
        [SEQUENCE, 0x81, ..] => 3,
        [SEQUENCE, 0x82, ..] => 4,
        _ => return Err("not a list".to_owned()),
    };
    let mut rest = content.get(start..).unwrap_or_default();
    let mut names = Vec::new();
    while let Some((&[tag, length], behind)) = rest.split_first_chunk::<2>() {
        if tag != UTF8_STRING {
            return Err("a group that is no text".to_owned());
        }
        let (text, behind) = behind
            .split_at_checked(usize::from(length))
            .ok_or_else(|| "cut short".to_owned())?;
        let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
        names.push(Name::new(text).map_err(|e| e.to_string())?);
        rest = behind;
    }
    let groups = Groups::new(names).map_err(|e| e.to_string())?;
    if groups.is_empty() {
        return Err("a list of no groups".to_owned());
    }
    if encode(&groups) != content {
        return Err("not in its one right form: ascending, each once".to_owned());
    }
    Ok(groups)
}

/// One DER value.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|b| **b == 0).count()..];
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=0x7f => out.push(u8::try_from(short).expect("below 128")),
        _ => {
            out.push(0x80 | u8::try_from(digits.len()).expect("eight digits at most"));
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(names: &[&str]) -> Groups {
        Groups::new(names.iter().map(|n| Name::new(*n).expect("a name"))).expect("groups")
    }

    #[test]
    fn groups_come_back_in_their_order_and_have_known_bytes() {
        let two = groups(&["oncall", "dba"]);
        assert_eq!(encode(&two), b"\x30\x0d\x0c\x03dba\x0c\x06oncall");
        let many: Vec<String> = (0..32).map(|n| format!("{n:064}")).collect();
        let many = groups(&many.iter().map(String::as_str).collect::<Vec<_>>());
        for all in [two, many] {
            assert_eq!(decode(&encode(&all)), Ok(all));
        }
    }

    #[test]
    fn nothing_but_the_one_right_form_is_read() {
        let good = encode(&groups(&["a", "b"]));
        for at in 0..good.len() {
            assert!(decode(&good[..at]).is_err(), "cut at {at}");
            for mask in 1..=255 {
                let mut other = good.clone();
                other[at] ^= mask;
                if let Ok(read) = decode(&other) {
                    assert_eq!(encode(&read), other, "one form each");
                }
            }
        }
        let long = "x".repeat(65);
        let raw = |parts: &[&[u8]]| {
            let content: Vec<u8> = parts.iter().flat_map(|p| value(UTF8_STRING, p)).collect();
            value(SEQUENCE, &content)
        };
        let names: Vec<String> = (0..33).map(|n| format!("{n:02}")).collect();
        let too_many: Vec<&[u8]> = names.iter().map(|n| n.as_bytes()).collect();
        for bad in [
            raw(&[]),
            raw(&[b"b", b"a"]),
            raw(&[b"a", b"a"]),
            raw(&[b""]),
            raw(&[b"a,b"]),
            raw(&[b"a\0"]),
            raw(&[b"\xff"]),
            raw(&[long.as_bytes()]),
            raw(&too_many),
            [good.clone(), vec![0]].concat(),
            value(SEQUENCE, &value(0x13, b"a")),
            vec![SEQUENCE, 0x81, 3, UTF8_STRING, 1, b'a'],
            value(UTF8_STRING, b"a"),
        ] {
            assert!(decode(&bad).is_err(), "{bad:02x?}");
        }
    }
}
