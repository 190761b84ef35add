//! Bad input: wrong types, columns that are none, results of no rows, files that are none, quotes
//! in every place. Each line must end with an exit code and a text that helps, and never a panic.
//!
//! `bad_input/*.txt` hold blocks of lines behind `> `, each block a run of its own on three nodes,
//! with both outputs and the exit code below. `DIR` is a directory of odd files. `UPDATE_EXPECTED=1`
//! writes them anew: a person reads each, and finds it kind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;
use crate::support::redact::redacted;

/// What is as wide as what it belongs to: blanks, rules, marks under a place.
static ALIGNED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"( |─|\^){2,}").expect("a pattern"));

/// Blocks that are carried out at the same time.
const AT_ONCE: usize = 4;

#[test]
fn every_mistake_is_answered_as_the_golden_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/bad_input");
    let entries = fs::read_dir(&folder).expect("there are golden files");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 3, "the golden files are found: {paths:?}");
    let mut differences = Vec::new();
    for path in paths {
        let expected = fs::read_to_string(&path).expect("it can be read");
        let found = regenerate(&expected);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, found).expect("it can be written");
        } else {
            differences.extend(difference(&path, &expected, &found));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn a_line_of_a_mebibyte_is_read_carried_out_and_answered() {
    // As a script: no argument of a program may be so long.
    let text = "x".repeat(1 << 20);
    let scripts = [
        (format!("printf y # {text}\n"), "at most 131072 are allowed"),
        (
            format!("printf y |> where nosuch = '{text}'\n"),
            "no column is called `nosuch` here",
        ),
        (
            format!("printf y |> where rc = 0 and out != '{text}' |> nosuch\n"),
            "no fleet verb is called `nosuch`",
        ),
        (format!("printf '{text}\n"), "a quote may be open"),
    ];
    for (script, told) in scripts {
        let ran = hailer().stdin(&script).run().exits(2).complains(told);
        // A mistake shows its surroundings, and not all of the line.
        assert!(ran.err.len() < 4096, "{} bytes are told", ran.err.len());
    }
    let script = format!("printf y |> where rc = 0 and out != '{text}' |> count\n");
    hailer().stdin(&script).run().exits(0).says("    3");
    let scoped = |line: &str| on_three(&[line.to_owned()]);
    // One that comes from a node, as text and as a row.
    let long = "head -c 1048576 /dev/zero | tr '\\0' x";
    scoped(&format!(
        "{long} |> parse lines |> where len(line) = 1048576 |> derive n = 1 |> agg count()"
    ))
    .exits(4)
    .says("3 rows not kept");
    scoped(&format!(
        "{long} |> parse |> select n = len(line) |> count by n"
    ))
    .exits(0)
    .says("1048576      3");
}

#[test]
fn a_million_rows_are_cut_where_the_limit_is_and_said() {
    let line =
        "seq 1 1000000 |> parse lines |> derive n = int(line) |> agg count(), sum(n), max(n)";
    let ran = on_three(&[line.to_owned()]).exits(4);
    ran.says("300000  15000150000  100000")
        .says("2,700,000 rows not kept");
}

/// Carries out every block of a file, and returns it with what came of each.
fn regenerate(file: &str) -> String {
    let blocks: Vec<&str> = file
        .split("\n\n")
        .filter(|b| !b.trim().is_empty())
        .collect();
    let mut done: Vec<String> = Vec::with_capacity(blocks.len());
    for some in blocks.chunks(AT_ONCE) {
        let playing: Vec<_> = some
            .iter()
            .map(|block| (*block).to_owned())
            .map(|block| std::thread::spawn(move || play(&block)))
            .collect();
        done.extend(playing.into_iter().map(|p| p.join().expect("no panic")));
    }
    format!("{}\n", done.join("\n")).trim_end().to_owned() + "\n"
}

fn play(block: &str) -> String {
    let dir = odd_files().display().to_string();
    let heading: Vec<&str> = block.lines().filter(|l| l.starts_with('#')).collect();
    let lines: Vec<&str> = block.lines().filter(|l| l.starts_with("> ")).collect();
    if lines.is_empty() {
        return format!("{}\n", heading.join("\n"));
    }
    let typed = lines.iter().map(|l| l[2..].replace("DIR", &dir));
    let hailer = typed.fold(hailer(), |hailer, line| hailer.line(&line));
    let (code, out) = hailer.run_merged();
    let mut out = redacted(&out, odd_files());
    if out.contains("DIR") {
        // Widths depend on how long the directory's name is.
        out = ALIGNED.replace_all(&out, "$1").into_owned();
    }
    let head: String = heading
        .iter()
        .chain(&lines)
        .map(|l| format!("{l}\n"))
        .collect();
    // An empty line would end the block.
    let out: String = out
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| format!("{}\n", l.trim_end()))
        .collect();
    assert!(!out.contains("panicked"), "{head}{out}");
    format!("{head}{out}[exit {code}]\n")
}

fn on_three(lines: &[String]) -> crate::support::hailer::Ran {
    let hailer = lines
        .iter()
        .fold(hailer(), |hailer, line| hailer.line(line));
    hailer.run()
}

fn hailer() -> Hailer {
    Fleet::shared().hailer().args(["--scope", "@web[01-03]"])
}

/// A directory of files that are not what their names say.
fn odd_files() -> &'static Path {
    static DIR: LazyLock<PathBuf> = LazyLock::new(|| {
        let dir = Fleet::shared().dir().join("odd");
        fs::create_dir(&dir).expect("a directory");
        for (name, text) in [
            ("text.parquet", &b"this is no parquet file at all"[..]),
            ("ends.parquet", b"PAR1 and then nothing"),
            ("footer.parquet", b"PAR1garbage\0\0\0\x7fPAR1"),
            ("empty.parquet", b""),
            ("empty.csv", b""),
            ("empty.json", b""),
            ("empty.ndjson", b""),
            ("binary.csv", b"\x00\xff\xfe,\x01\n\x80,2\n"),
            ("quote.csv", b"a,b\n1,2\n\"x,3\n"),
            ("ragged.csv", b"a,b\n1\n2,3,4\n"),
            ("broken.json", b"{\"a\": 1"),
            ("broken.ndjson", b"{\"a\":1}\n{\"a\":\n"),
            ("verbs.csv", b"where,count,by,node\n1,2,3,web01\n4,NaN,6,\n"),
        ] {
            fs::write(dir.join(name), text).expect("it can be written");
        }
        dir
    });
    &DIR
}

/// Says where what was found is not what was expected.
fn difference(path: &Path, expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut lines = (1..).zip(expected.lines().zip(found.lines()));
    let first = lines.find(|(_, (was, is))| was != is);
    Some(match first {
        Some((n, (was, is))) => {
            format!(
                "{}:{n}:\n  expected {was:?}\n  found    {is:?}",
                path.display()
            )
        }
        None => format!("{}: one of both ends earlier:\n{found}", path.display()),
    })
}
