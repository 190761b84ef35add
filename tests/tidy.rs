//! The repository checks itself: layers, purity, sizes, documents, and words that may not stand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILE_LINES_MAX: usize = 500;

/// Folders and files that decide and do not act: no I/O, no clock, no runtime.
const PURE: &[&str] = &[
    "protocol/src",
    "node-agent/src/core",
    "node-agent/src/fleet/plan.rs",
    "shell/lang/src",
    "shell/table/src",
    "shell/src/fleet/fanout.rs",
    "shell/src/fleet/fanout",
    "shell/src/fleet/gather.rs",
    "shell/src/fleet/groups.rs",
    "shell/src/fleet/summary.rs",
    "shell/src/keeper/enrolment.rs",
    "shell/src/keeper/page",
    "shell/src/keeper/heads.rs",
    "shell/src/keeper/roster.rs",
    "shell/src/keeper/rate.rs",
    "shell/src/view/groups.rs",
    "shell/src/view/live.rs",
    "shell/src/view/footer.rs",
];

const IMPURE_WORDS: &[&str] = &[
    "tokio::",
    "quinn::",
    "std::fs",
    "std::net::Udp",
    "std::process::Command",
    "std::env::",
    "Instant::now",
    "SystemTime::now",
    "async fn",
    "println!",
    "thread::spawn",
];

/// Where what the compiler cannot check may stand, and where its lint may be turned off.
const UNSAFE: &[&str] = &["node-agent/exec/src/sys"];

/// A word and the only places where it may stand.
const CONFINED: &[(&str, &[&str])] = &[
    ("bincode::", &["protocol/src/codec.rs"]),
    ("use polars", &["shell/table/"]),
    ("comfy_table", &["shell/table/"]),
    ("reedline::", &["shell/src/repl/"]),
    ("crossterm::", &["shell/src/repl/"]),
    ("rusqlite::", &["shell/src/history/", "shell/src/keeper/"]),
    (
        "quinn::",
        &[
            "node-agent/src/net/",
            "node-agent/tests/",
            "shell/src/fleet/",
            "shell/src/keeper/",
            "shell/examples/",
            "shell/tests/",
            "shell/benches/",
        ],
    ),
    (
        "hailer_agent::",
        &[
            "node-agent/",
            "shell/src/demo/",
            "shell/tests/",
            "tests/",
            "examples/",
        ],
    ),
    (
        "Instant::now",
        &[
            "node-agent/src/clock.rs",
            "shell/src/clock.rs",
            // The supervisor of a command has no agent around it.
            "node-agent/exec/src/watch.rs",
            "/benches/",
            "/examples/",
            "/tests/",
            "tests/",
        ],
    ),
    (
        "SystemTime::now",
        &[
            "node-agent/src/clock.rs",
            "shell/src/clock.rs",
            "/tests/",
            "tests/",
        ],
    ),
    ("unsafe {", UNSAFE),
    ("unsafe fn", UNSAFE),
    ("unsafe impl", UNSAFE),
    ("unsafe extern", UNSAFE),
    ("unsafe trait", UNSAFE),
    ("unsafe(", UNSAFE),
    ("unsafe_code", UNSAFE),
];

const TOP_LEVEL: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "examples",
    "node-agent",
    "protocol",
    "shell",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file git would commit, relative to the root.
fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is there");
    assert!(listed.status.success(), "the tests run in a git checkout");
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let exists = |p: &PathBuf| root().join(p).is_file();
    names.lines().map(PathBuf::from).filter(exists).collect()
}

fn sources() -> Vec<(String, String)> {
    let rust = |p: &PathBuf| p.extension().is_some_and(|e| e == "rs");
    tracked()
        .into_iter()
        .filter(rust)
        .map(|p| {
            let text = fs::read_to_string(root().join(&p)).expect("sources are UTF-8");
            (p.display().to_string(), text)
        })
        .collect()
}

/// The text without its comments and its inline tests.
fn code_of(text: &str) -> String {
    let before_tests = text
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let is_code = |l: &&str| !l.trim_start().starts_with("//");
    before_tests
        .lines()
        .filter(is_code)
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("tests.rs")
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn no_source_file_holds_more_than_five_hundred_lines() {
    let long = |(path, text): (String, String)| {
        let n = text.lines().count();
        (n > FILE_LINES_MAX).then(|| format!("{path}: {n} lines; it probably holds two nouns"))
    };
    assert_none(&sources().into_iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn every_source_file_begins_by_saying_what_it_is_for() {
    let silent = |(path, text): (String, String)| {
        let first = text
            .lines()
            .find(|l| !l.trim().is_empty())
            .unwrap_or_default();
        let says = first.starts_with("//!") || first.starts_with("#![doc");
        (!says).then(|| format!("{path}: no module documentation at its top"))
    };
    assert_none(&sources().into_iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn pure_code_does_no_io_and_reads_no_clock() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        if !PURE.iter().any(|p| path.starts_with(p)) || is_test_file(&path) {
            continue;
        }
        let code = code_of(&text);
        for word in IMPURE_WORDS.iter().filter(|w| code.contains(**w)) {
            complaints.push(format!("{path}: `{word}` in a pure folder"));
        }
    }
    for pure in PURE {
        assert!(
            root().join(pure).exists(),
            "{pure} is listed as pure and is not there"
        );
    }
    assert_none(&complaints);
}

#[test]
fn what_one_folder_knows_no_other_names() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        let code = code_of(&text);
        for (word, places) in CONFINED {
            let allowed = path == "tests/tidy.rs" || places.iter().any(|p| path.contains(p));
            if code.contains(word) && !allowed {
                complaints.push(format!("{path}: `{word}` may only stand in {places:?}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_package_lets_code_through_that_the_compiler_cannot_check() {
    let manifest = |p: &PathBuf| p.ends_with("Cargo.toml") && !p.starts_with("protocol/fuzz");
    for path in tracked().into_iter().filter(manifest) {
        let text = fs::read_to_string(root().join(&path)).expect("manifests are UTF-8");
        let wanted = if path == Path::new("Cargo.toml") {
            "unsafe_code = \"deny\""
        } else {
            "[lints]\nworkspace = true"
        };
        assert!(text.contains(wanted), "{}: no `{wanted}`", path.display());
    }
}

#[test]
fn the_snapshot_of_advisories_knows_every_package_in_a_lock_file() {
    let known = fs::read_to_string(root().join(".ci/advisories/packages")).expect("a snapshot");
    let known: BTreeSet<&str> = known.lines().collect();
    let mut unknown = BTreeSet::new();
    for lock in ["Cargo.lock", "protocol/fuzz/Cargo.lock"] {
        let text = fs::read_to_string(root().join(lock)).expect("a lock file");
        for package in text
            .split("[[package]]")
            .filter(|p| p.contains("source = "))
        {
            let named = package.split('"').nth(1).expect("each has a name");
            if !known.contains(named) {
                unknown.insert(named.to_owned());
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "{unknown:?}: make the snapshot anew by .ci/advisories/update"
    );
}

#[test]
fn the_top_level_holds_what_the_house_has_and_nothing_else() {
    let mut names: Vec<String> = tracked()
        .iter()
        .filter_map(|p| p.components().next())
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names, TOP_LEVEL);
}

/// Whether `package` has `dependency` anywhere below it, in what is shipped.
fn depends_on(package: &str, dependency: &str) -> bool {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "-f",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8_lossy(&tree.stdout);
    tree.lines()
        .any(|l| l.split(' ').next() == Some(dependency))
}

#[test]
fn the_layers_hold() {
    for (package, never) in [
        ("hailer-protocol", "tokio"),
        ("hailer-protocol", "quinn"),
        ("hailer-protocol", "rustls"),
        ("hailer-identity", "tokio"),
        ("hailer-identity", "quinn"),
        ("hailer-lang", "tokio"),
        ("hailer-lang", "polars"),
        ("hailer-agent", "polars"),
        ("hailer-agent", "hailer-shell"),
        ("hailer-agent", "hailer-lang"),
        ("hailer-agent", "reedline"),
        ("hailer-shell", "ring"),
        ("hailer-shell", "openssl-sys"),
        ("hailer-shell", "reqwest"),
    ] {
        assert!(
            !depends_on(package, never),
            "{package} must never depend on {never}"
        );
    }
    assert!(
        depends_on("hailer-agent", "hailer-protocol"),
        "the check itself sees dependencies"
    );
}

#[test]
fn nothing_unfinished_and_no_path_of_a_machine_is_committed() {
    let words = [
        "TO\u{44}O",
        "FIX\u{4d}E",
        "to\u{64}o!(",
        "unimpl\u{65}mented!(",
    ];
    let places = ["/wo\u{72}k/", "/ro\u{6f}t/", "/hom\u{65}/"];
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for word in words.iter().chain(&places).filter(|w| text.contains(**w)) {
            let fixture = is_test_file(&path) && places.contains(word);
            if !fixture {
                complaints.push(format!("{path}: contains `{word}`"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_readme_names_the_commands_that_set_up_and_test() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    for command in ["cargo run --bin hailer -- demo", "cargo test --workspace"] {
        assert!(
            readme.contains(command),
            "README.md does not name `{command}`"
        );
    }
    let ci = fs::read_to_string(root().join(".ci/run")).expect("there is a .ci/run");
    assert!(
        ci.contains("cargo test --workspace"),
        "CI runs the README's test command"
    );
}
