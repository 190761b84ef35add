//! Whole sessions against transcripts: every line with what a person sees of it.
//!
//! `transcripts/NAME.in` holds one line of the language a line; what begins with a blank goes on
//! with the line before. A first line `# hailer ARGS` gives arguments. `NAME.out` holds both
//! outputs in the order in which they were written, each line's behind a `> ` and the line.
//! `UPDATE_EXPECTED=1` writes it anew, to be read like any other change.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::fleet::Fleet;
use crate::support::redact::redacted;

#[test]
fn every_session_reads_as_its_transcript() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/transcripts");
    let entries = fs::read_dir(&dir).expect("there are transcripts");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("it can be read").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "in"));
    paths.sort();
    assert!(paths.len() >= 10, "the transcripts are found: {paths:?}");
    let sessions: Vec<_> = paths
        .into_iter()
        .map(|path| std::thread::spawn(move || check(&path)))
        .collect();
    let differences = sessions
        .into_iter()
        .filter_map(|s| s.join().expect("no panic"));
    let differences: Vec<String> = differences.collect();
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

/// Plays one session; returns how it differs from its transcript.
fn check(path: &Path) -> Option<String> {
    let input = fs::read_to_string(path).expect("it can be read");
    let found = play(&input);
    let expected_path = path.with_extension("out");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&expected_path, &found).expect("it can be written");
        return None;
    }
    let expected = fs::read_to_string(&expected_path).unwrap_or_default();
    let first = (1..)
        .zip(
            found
                .lines()
                .zip(expected.lines().chain(std::iter::repeat("(the end)"))),
        )
        .find(|(_, (a, b))| a != b);
    match first {
        None if found == expected => None,
        None => Some(format!("{}: it ends too early:\n{found}", path.display())),
        Some((n, (is, was))) => Some(format!(
            "{}:{n}:\n  expected {was:?}\n  found    {is:?}\n",
            expected_path.display()
        )),
    }
}

fn play(input: &str) -> String {
    let (args, body) = match input.strip_prefix("# hailer ") {
        Some(rest) => rest.split_once('\n').expect("lines behind the arguments"),
        None => ("", input),
    };
    let fleet = Fleet::shared();
    let mut hailer = fleet.hailer().args(args.split_whitespace());
    for line in statements(body) {
        // Said by the session itself, so that it stands where it belongs.
        let quoted = line.replace('\'', r"'\''");
        hailer = hailer
            .line(&format!("!printf '> %s\\n' '{quoted}'"))
            .line(&line);
    }
    let (code, out) = hailer.run_merged();
    let out = redacted(&out, fleet.dir());
    let newline = if out.ends_with('\n') { "" } else { "\n" };
    format!("{out}{newline}[exit {code}]\n")
}

fn statements(body: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for line in body.lines().filter(|l| !l.is_empty()) {
        match statements.last_mut() {
            Some(last) if line.starts_with(' ') => {
                last.push('\n');
                last.push_str(line);
            }
            _ => statements.push(line.to_owned()),
        }
    }
    statements
}
