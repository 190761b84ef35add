//! What malicious nodes send: terminal sequences, and texts that something might evaluate.
//!
//! Terminal sequences are generated from the grammar of ECMA-48, UTF-8 and what terminals made of
//! both. Texts to be evaluated stand in `payloads.txt`, by kind; each has a product in it that only
//! an evaluation makes, or the path of a file that only an execution makes.

use std::sync::LazyLock;

/// Stands in front of every terminal sequence, with its number, so that it can be found again.
pub(crate) const OPEN: &str = "zq";
/// Stands behind it.
pub(crate) const CLOSE: &str = "qz";

/// What becomes of `1337*1331` where somebody reckons it.
pub(crate) const PRODUCT: &str = "1779547";

/// Every terminal sequence.
pub(crate) static TERMINAL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(terminal);

/// Every text to be evaluated, with its kind. `CANARY` in it stands for a path.
pub(crate) static EVALUATED: LazyLock<Vec<(String, String)>> = LazyLock::new(evaluated);

/// Returns a terminal sequence between its marks.
pub(crate) fn marked(number: usize) -> Vec<u8> {
    let open = format!("{OPEN}{number}:");
    [open.as_bytes(), &TERMINAL[number], CLOSE.as_bytes()].concat()
}

/// Returns all terminal sequences, one after the other, a line each.
pub(crate) fn all_marked() -> Vec<u8> {
    let mut all = Vec::new();
    for number in 0..TERMINAL.len() {
        all.extend(marked(number));
        all.push(b'\n');
    }
    all
}

/// Returns those that are text, as a cell or a note may hold them.
pub(crate) fn marked_texts() -> Vec<String> {
    let texts = (0..TERMINAL.len()).map(|n| String::from_utf8(marked(n)));
    texts.filter_map(Result::ok).collect()
}

/// Strings that a control string carries: title, clipboard, link, palette, shell marks, files, keys.
const CARRIED: [&str; 17] = [
    "0;owned",
    "1;owned",
    "2;owned",
    "4;1;rgb:ff/00/00",
    "7;file://evil/etc",
    "8;;https://evil.example/",
    "8;id=1;file:///etc/shadow",
    "9;owned",
    "10;?",
    "11;?",
    "50;fixed",
    "52;c;cm0gLXJmIC8=",
    "52;c;?",
    "104",
    "133;A",
    "777;notify;a;b",
    "1337;File=name=eA==;inline=1:eA==",
];

fn terminal() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    // Every control character: alone, in eight bits, as UTF-8.
    for c in (0..0x20).chain([0x7f]) {
        if c != b'\n' {
            all.push(vec![c]);
        }
    }
    for c in 0x80..=0x9f_u8 {
        all.push(vec![c]);
        all.push(vec![0xc2, c]);
    }
    functions(&mut all);
    strings(&mut all);
    characters(&mut all);
    // Bytes that are not UTF-8: overlong forms of ESC, halves of characters, surrogates, too large.
    for bytes in [
        &b"\xc0\x9b[2J"[..],
        b"\xe0\x80\x9b[2J",
        b"\xf0\x80\x80\x9b[2J",
        b"\xf8\x80\x80\x80\x9b",
        b"\xc2\x1b[2J",
        b"\xe2\x80\x1b[2J",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xff\xfe\x1b[2J",
        b"\xe2\x80",
        b"\xc2",
    ] {
        all.push(bytes.to_vec());
    }
    all
}

/// ESC and CSI with every final byte and many parameters, in seven and eight bits.
fn functions(all: &mut Vec<Vec<u8>>) {
    for last in 0x30..=0x7e_u8 {
        all.push(vec![0x1b, last]);
        all.push(vec![0x1b, b'#', last]);
        all.push(vec![0x1b, b'(', last]);
    }
    for last in 0x40..=0x7e_u8 {
        for parameters in [
            "",
            "1",
            "31;1",
            "?1049",
            ">4;2",
            "=1",
            "2147483647",
            "38:2::1:2:3",
        ] {
            all.push([b"\x1b[", parameters.as_bytes(), &[last]].concat());
        }
        all.push(["\u{9b}5".as_bytes(), &[last]].concat());
        all.push([b"\x9b5".as_slice(), &[last]].concat());
    }
    for intermediate in 0x20..=0x2f_u8 {
        for last in [b'p', b'q', b'r', b't', b'u', b'v', b'w', b'}'] {
            all.push(vec![0x1b, b'[', b'1', intermediate, last]);
        }
    }
    // What other sequences are hidden in: cut off, cancelled, with a control character inside.
    for text in [
        "\x1b[31",
        "\x1b[3\x1b[2J",
        "\x1b[3\x182J",
        "\x1b[3\x1a2J",
        "\x1b[\x0831m",
    ] {
        all.push(text.as_bytes().to_vec());
    }
}

/// OSC, DCS, SOS, PM and APC, in seven and eight bits, with each way to end or not to end.
fn strings(all: &mut Vec<Vec<u8>>) {
    let begins: [&[u8]; 11] = [
        b"\x1b]",
        b"\x1bP",
        b"\x1bX",
        b"\x1b^",
        b"\x1b_",
        b"\x9d",
        b"\x90",
        b"\xc2\x9d",
        b"\xc2\x90",
        b"\xc2\x9f",
        b"\x1bk",
    ];
    let ends: [&[u8]; 4] = [b"\x07", b"\x1b\\", b"\xc2\x9c", b""];
    for begin in begins {
        for end in ends {
            for carried in CARRIED {
                all.push([begin, carried.as_bytes(), end].concat());
            }
        }
    }
    for carried in [
        "$q\"p",
        "+q544e",
        "1$r0m",
        "0;1;0q\"1;1;1;1#0!10~",
        "tmux;\x1b\x1b]0;x\x07",
    ] {
        all.push(format!("\x1bP{carried}\x1b\\").into_bytes());
    }
    all.push([b"\x1b]0;".as_slice(), &[b'A'; 4000], b"\x07"].concat());
}

/// Characters that are not seen and change what is: directions, no width, tags, a pile of marks.
fn characters(all: &mut Vec<Vec<u8>>) {
    let ranges = [
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{fff9}'..='\u{fffb}',
        '\u{e0001}'..='\u{e0001}',
        '\u{e0020}'..='\u{e007f}',
    ];
    let single = [
        '\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}', '\u{3164}', '\u{115f}',
    ];
    for c in ranges.into_iter().flatten().chain(single) {
        all.push(format!("a{c}b").into_bytes());
    }
    all.push("a\u{202e}gpj.exe\u{202c}".into());
    all.push(format!("a{}", "\u{301}".repeat(10_000)).into_bytes());
    all.push("\u{1f468}\u{200d}\u{1f469}".into());
}

fn evaluated() -> Vec<(String, String)> {
    let mut kind = String::new();
    let mut all = Vec::new();
    for line in include_str!("payloads.txt").lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut kind);
        } else if !line.is_empty() {
            all.push((kind.clone(), line.to_owned()));
        }
    }
    // The same behind what a careless quoting would end with.
    let plain = all.clone();
    for (kind, text) in plain {
        if ["sql", "shell"].contains(&kind.as_str()) {
            for front in ["'", "\"", "`", "\\", "')", "*/"] {
                all.push((kind.clone(), format!("{front}{text}")));
            }
        }
    }
    all
}

#[test]
fn there_are_enough_of_each_and_none_twice() {
    let mut terminal = TERMINAL.clone();
    terminal.sort();
    terminal.dedup();
    assert_eq!(terminal.len(), TERMINAL.len(), "one stands there twice");
    assert!(terminal.len() >= 1000, "{} sequences", terminal.len());
    let mut texts = EVALUATED.clone();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), EVALUATED.len(), "one stands there twice");
    assert!(texts.len() >= 300, "{} texts", texts.len());
    assert!(texts.iter().all(|(_, text)| !text.contains(PRODUCT)));
}
