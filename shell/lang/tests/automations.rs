//! Files of automations with what becomes of them: the canonical form and what is lowered of it, or
//! every mistake. `UPDATE_EXPECTED=1 cargo test -p hailer-lang --test automations` writes the
//! expected texts anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hailer_lang::automation::{laid_out, read};
use hailer_lang::diagnostic::render_all;
use hailer_lang::inventory::Inventory;
use hailer_protocol::automation::{AutomationSpec, Mode};
use proptest::prelude::*;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "hail"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has files", folder.display());
    files
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Holds every file of a folder against the text beside it.
fn check(folder: &str, outcome: impl Fn(&str, &str) -> String) {
    let mut wrong = Vec::new();
    for file in files(&here(folder)) {
        let text = fs::read_to_string(&file).expect("text");
        let name = file.file_stem().expect("a name").to_string_lossy();
        let found = outcome(&name, &text);
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, found).expect("written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn summary(spec: &AutomationSpec) -> String {
    let mut out = spec.source.clone();
    let mut put = |name: &str, value: &dyn std::fmt::Debug| {
        writeln!(out, "{name:<9}{value:?}").expect("a string takes it");
    };
    out_fields(spec, &mut put);
    out
}

fn out_fields(spec: &AutomationSpec, put: &mut dyn FnMut(&str, &dyn std::fmt::Debug)) {
    put("-- name", &spec.name);
    put("on", &spec.on);
    put("version", &spec.version);
    put("every", &spec.every);
    put("when", &spec.when);
    put("key", &spec.key);
    put("fire", &spec.fire);
    put("clear", &spec.clear);
    put("collect", &spec.collect);
    put("deeds", &spec.deeds);
    put("verify", &spec.verify);
    put("limits", &spec.limits);
    put("storm", &spec.storm);
    put("escalate", &spec.escalate);
    put("mode", &spec.mode);
    put("owner", &spec.owner);
    put("runbook", &spec.runbook);
    put("note", &spec.note);
}

#[test]
fn good_files_have_one_spelling_and_one_meaning() {
    check("tests/automations/good", |name, text| {
        let spec = match read(text, &Inventory::none()) {
            Ok(spec) => spec,
            Err(mistakes) => panic!("{name}:\n{}", render_all(&mistakes, text)),
        };
        assert_eq!(laid_out(text), spec.source, "{name}");
        assert_eq!(laid_out(&spec.source), spec.source, "{name}: twice is once");
        assert_eq!(
            read(&spec.source, &Inventory::none()),
            Ok(spec.clone()),
            "{name}"
        );
        summary(&spec)
    });
}

#[test]
fn bad_files_are_told_every_mistake() {
    check("tests/automations/bad", |name, text| {
        match read(text, &Inventory::none()) {
            Ok(spec) => panic!("{name} is fine:\n{}", spec.source),
            Err(mistakes) => render_all(&mistakes, text),
        }
    });
    let all: usize = files(&here("tests/automations/bad"))
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file).expect("text");
            read(&text, &Inventory::none())
                .expect_err("a mistake")
                .len()
        })
        .sum();
    assert!(all >= 60, "{all} mistakes are shown");
}

#[test]
fn the_examples_are_automations_in_their_canonical_form() {
    for file in files(&here("../../examples/automations")) {
        let text = fs::read_to_string(&file).expect("text");
        match read(&text, &Inventory::none()) {
            Ok(spec) => {
                assert_eq!(spec.source, text, "{}", file.display());
                assert_eq!(
                    spec.name.as_str(),
                    file.file_stem().expect("a name"),
                    "{}",
                    file.display()
                );
                let bytes = spec.to_bytes().expect("it fits");
                assert_eq!(AutomationSpec::from_bytes(&bytes).as_ref(), Ok(&spec));
            }
            Err(mistakes) => panic!("{}:\n{}", file.display(), render_all(&mistakes, &text)),
        }
    }
}

#[test]
fn what_does_not_say_that_it_acts_observes() {
    let text = "automation a\n  on @all\n  when uptime |> where rc != 0\n  do reboot\n";
    let spec = read(text, &Inventory::none()).expect("no mistake");
    assert_eq!(spec.mode, Mode::Observe);
}

/// Pieces that mean something, so that random texts reach deep into the reader.
const PIECES: &[&str] = &[
    "automation a\n",
    "\n",
    "  ",
    "    ",
    "          ",
    "on @all",
    "on role=db,",
    "on @web[1-3] & (",
    "every 10s",
    "every 1m30s",
    "when uptime |> where rc != 0",
    "when df |>",
    "parse |> where use_pct > 90",
    "when metric memory.utilization |> where value > 3",
    "key mounted_on",
    "key node",
    "for 30s",
    "for 3 of 5",
    "clear use_pct < 3",
    "clear value < 9% for 1m",
    "do ls",
    "do echo '",
    "do cat <<E",
    "E",
    "do --timeout 3s --as root -- -x",
    "do if true; then",
    "fi",
    "collect ps",
    "verify 2m",
    "limit 1/30m, 3 at once",
    "limit 5% per dc",
    ", ",
    "offline hold",
    "storm off",
    "storm 3% in 1m of 4",
    "else page x \"y\"",
    "else page y 'z",
    "mode act",
    "version facts |> where cpus > 3",
    "owner me",
    "runbook https://x.example/#y",
    "note hello",
    "# comment",
    " # more",
    "\\",
    "'",
    "\"",
    "`",
    "$(",
    ")",
    "{",
    "}",
    "|>",
    "|",
    "\r\n",
    "\t",
    "é",
    "\u{202e}",
    "\0",
    "$row_x",
    "--",
    "%",
];

fn cases() -> u32 {
    std::env::var("HAILER_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(512)
}

/// A whole automation, in any order and with comments and blanks anywhere.
fn automations() -> impl Strategy<Value = String> {
    let clauses = vec![
        "do ls -l\n{deep}# more\n{deep}echo x",
        "do --repeatable --timeout 90s echo 'a\nb  ' && true",
        "do cat <<E\nx\n  E\nE",
        "every 90s",
        "for 3 of 5",
        "for 120s",
        "clear for 240s",
        "clear use_pct < 8.5e1 for 3 of 9",
        "collect ps aux |\n{deep}head",
        "limit 1/60m,2 attempts",
        "limit  3 at once per dc , 5.50%",
        "storm 50% in 60s",
        "else page x 'it\"s'",
        "else page y  # why",
        "mode act",
        "owner  a b",
        "note one\n{deep}two",
        "verify 120s",
        "runbook https://x.example/#a",
        "version facts |>\nwhere cpus > 3",
    ];
    let n = clauses.len();
    let picked = proptest::sample::subsequence(clauses, 0..=n).prop_shuffle();
    (picked, 1..5_usize, 1..4_usize, "[ \t]{0,2}").prop_map(|(picked, indent, deeper, end)| {
        let mut text = "# top\nautomation x\n".to_owned();
        let (indent, deep) = (" ".repeat(indent), " ".repeat(indent + deeper));
        let needed = [
            "on role=db # dbs",
            "when df\n{deep}|> parse |> where use_pct > 90",
            "key mounted_on",
            "do true",
        ];
        let mut seen = Vec::new();
        for (n, clause) in needed.iter().chain(&picked).enumerate() {
            let word = clause.split(' ').next().unwrap_or_default();
            if seen.contains(&word) && !["do", "collect", "limit", "else", "note"].contains(&word) {
                continue;
            }
            seen.push(word);
            if n % 3 == 1 {
                text.push_str(&format!("{indent}# comment {n}\n\n"));
            }
            let is_verbatim = clause.contains('\'') || clause.contains("<<");
            let end = if is_verbatim { "" } else { &end };
            text.push_str(&format!(
                "{indent}{}{end}\n",
                clause.replace("{deep}", &deep)
            ));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd_to_be_read(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40), head: bool) {
        let text = format!("{}{}", if head { "automation a\n  " } else { "" }, pieces.concat());
        let told = read(&text, &Inventory::none());
        if let Err(mistakes) = &told {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                prop_assert!(mistake.span.end <= text.len(), "{mistake:?}");
                prop_assert!(text.is_char_boundary(mistake.span.start));
            }
        }
        let once = laid_out(&text);
        prop_assert_eq!(laid_out(&once), once.clone());
        prop_assert_eq!(read(&once, &Inventory::none()).ok(), told.ok());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = read(&text, &Inventory::none());
    }

    #[test]
    fn the_canonical_form_says_the_same(text in automations()) {
        let told = read(&text, &Inventory::none());
        let spec = told.map_err(|m| TestCaseError::fail(format!("{}\n{text}", render_all(&m, &text))))?;
        let once = laid_out(&text);
        prop_assert_eq!(&once, &spec.source);
        prop_assert_eq!(laid_out(&once), once.clone());
        prop_assert_eq!(read(&once, &Inventory::none()), Ok(spec));
    }
}
