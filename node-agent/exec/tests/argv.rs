//! Arguments reach a program byte for byte: no shell, no splitting, no expansion in between.

mod common;

use common::{OK, argv, run, spawner};

/// Texts that something on the way might make something of.
const WORDS: [&str; 50] = [
    "",
    " ",
    "  a  ",
    "\t",
    "\n",
    "\r\n",
    "a\nb",
    "'",
    "''",
    "\"",
    "\"\"",
    "'\"'\"'",
    "\\",
    "\\\\",
    "\\n",
    "\\0",
    "$(touch x)",
    "`touch x`",
    "${HOME}",
    "$HOME",
    "$$",
    "$?",
    "$@",
    "$*",
    "$1",
    "; touch x",
    "&& touch x",
    "|| touch x",
    "| cat",
    "& touch x",
    "> x",
    ">> x",
    "< /etc/passwd",
    "<<EOF",
    "*",
    "?",
    "[a-z]*",
    "~",
    "~root",
    "{a,b}",
    "!!",
    "#",
    "--",
    "-",
    "-n",
    "--help",
    "%s%n",
    "é日本",
    "\u{202e}x",
    "\x1b[2J\x07\x7f",
];

#[tokio::test]
async fn five_hundred_argument_lists_arrive_as_they_were_given() {
    let spawner = spawner();
    let mut tried = 0;
    for step in 1..=10 {
        for first in 0..WORDS.len() {
            let words: Vec<&str> = (0..=step)
                .map(|n| WORDS[(first + n * step) % WORDS.len()])
                .collect();
            let mut all = vec!["/usr/bin/printf", "%s\\0"];
            all.extend(&words);
            let whole = run(&spawner, &argv(&all)).await;
            let expected: String = words.iter().flat_map(|w| [*w, "\0"]).collect();
            assert_eq!((whole.end.how, whole.out), (OK, expected), "{words:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 500);
    let long = "x'\"$`\\".repeat(20_000);
    let whole = run(&spawner, &argv(&["/usr/bin/printf", "%s", &long])).await;
    assert!(whole.out == long, "an argument of {} bytes", long.len());
}
