//! Malformed fleet files, credentials and flags: the message names the file and the place, nothing
//! runs, and the exit code is that of a mistake.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hailer_identity::Validity;
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use crate::support::fleet::Fleet;
use crate::support::hailer::{Hailer, Ran};
use crate::support::papers::Papers;

const NODE: &str = "[[nodes]]\nnames = \"n1\"\naddress = \"127.0.0.1:1\"\n";

const HEAD: &str = "fleet = \"demo\"\nca = \"ca.pem\"\n\
                    operator = { cert = \"operator.pem\", key = \"operator.key\" }\n";

/// Papers that fit, and a fleet file over them.
fn papers() -> Papers {
    let papers = Papers::new("demo");
    papers.issue("operator", Role::Operator, Papers::valid());
    papers.write("fleet.toml", &format!("{HEAD}{NODE}"));
    papers
}

#[track_caller]
fn run(dir: &Path) -> Ran {
    let fleet_file = dir.join("fleet.toml").display().to_string();
    let line = "@all : touch it-ran";
    Hailer::new(dir)
        .args(["--fleet", &fleet_file, "--connect-timeout", "200ms"])
        .line(line)
        .run()
}

#[track_caller]
fn check(change: impl FnOnce(&Papers), says: &[&str]) {
    let papers = papers();
    change(&papers);
    let mut ran = run(papers.dir()).exits(2).prints_nothing();
    for text in says {
        ran = ran.complains(text);
    }
    assert!(!papers.dir().join("it-ran").exists());
}

#[test]
fn papers_that_fit_are_taken() {
    // Nobody listens there: that is a row, and no mistake.
    run(papers().dir()).exits(4);
}

#[test]
fn a_malformed_fleet_file_is_named_with_the_place() {
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["missing field `fleet`"]),
        ("fleet = \n".into(), &["string values must be quoted"]),
        (
            format!("fleeet = 1\n{HEAD}{NODE}"),
            &["fleeet = 1", "did you mean `fleet`?"],
        ),
        (
            format!("{HEAD}[[nodes]]\nnames = \"a[1\"\naddress = \"x:1\"\n"),
            &["5 | ", "`[` without `]`"],
        ),
        (
            format!("{HEAD}[[nodes]]\nnames = \"a[1-3]\"\naddresses = [\"x:1\"]\n"),
            &["addresses", "3"],
        ),
        (format!("{HEAD}[[nodes]]\nnames = \"a\"\n"), &["address"]),
        (format!("{HEAD}{NODE}{NODE}"), &["n1 occurs twice"]),
        (format!("{HEAD}{NODE}groups = [\"n1\"]\n"), &["n1", "group"]),
        (
            format!("{HEAD}{NODE}labels = {{ \"a b\" = \"x\" }}\n"),
            &["a b"],
        ),
        (
            format!("{HEAD}[[nodes]]\nnames = \"a[1-999999999]\"\naddress = \"x:1\"\n"),
            &["names"],
        ),
        (
            format!("default_scope = \"@nobody\"\n{HEAD}{NODE}"),
            &["`nobody`", "default_scope"],
        ),
        (NODE.to_owned(), &["missing field `fleet`"]),
        (
            format!("fleet = \"demo\"\n{NODE}"),
            &["does not say who you are", "operator = {"],
        ),
        (
            format!(
                "fleet = \"demo\"\noperator = {{ cert = \"operator.pem\", key = \"operator.key\" }}\n{NODE}"
            ),
            &["does not say whom to trust", "ca = \"ca.pem\""],
        ),
        (
            format!("{}{NODE}", HEAD.replace("demo", "other")),
            &["ca.pem", "`demo`", "`other`"],
        ),
    ];
    for (text, says) in cases {
        let papers = papers();
        papers.write("fleet.toml", text);
        let ran = run(papers.dir());
        assert!(
            matches!(ran.code, 2 | 3),
            "exit {}: {text}\n{}",
            ran.code,
            ran.err
        );
        let mut ran = ran.prints_nothing().complains("fleet.toml");
        for part in *says {
            ran = ran.complains(part);
        }
    }
}

#[test]
fn a_fleet_file_that_cannot_be_read_is_named() {
    check(
        |p| fs::remove_file(p.path("fleet.toml")).expect("it was there"),
        &["fleet.toml", "No such file"],
    );
    check(
        |p| fs::write(p.path("fleet.toml"), b"\xff\xfe").expect("written"),
        &["fleet.toml", "UTF-8"],
    );
    check(
        |p| {
            fs::remove_file(p.path("fleet.toml")).expect("it was there");
            fs::create_dir(p.path("fleet.toml")).expect("made");
        },
        &["fleet.toml", "Is a directory"],
    );
}

#[test]
fn papers_that_are_missing_open_or_junk_are_named() {
    for name in ["ca.pem", "operator.pem", "operator.key"] {
        check(
            |p| fs::remove_file(p.path(name)).expect("it was there"),
            &[name, "No such file"],
        );
        check(|p| p.write(name, "junk\n"), &[name]);
        check(|p| p.write(name, ""), &[name]);
    }
    let open = |p: &Papers| {
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(p.path("operator.key"), mode).expect("it is ours");
    };
    check(open, &["operator.key", "mode 644", "chmod 600"]);
}

#[test]
fn papers_that_do_not_belong_together_are_named() {
    let other_key = |p: &Papers| {
        p.issue("stranger", Role::Operator, Papers::valid());
        fs::copy(p.path("stranger.key"), p.path("operator.key")).expect("copied");
    };
    check(other_key, &["operator.pem", "operator.key", "key"]);
    let authority_as_operator = |p: &Papers| {
        fs::copy(p.path("ca.pem"), p.path("operator.pem")).expect("copied");
    };
    check(authority_as_operator, &["operator.pem"]);
    let operator_as_authority = |p: &Papers| {
        fs::copy(p.path("operator.pem"), p.path("ca.pem")).expect("copied");
    };
    check(operator_as_authority, &["ca.pem", "not an authority's"]);
}

#[test]
fn an_expired_certificate_is_named_before_anybody_is_asked() {
    let past = Validity {
        not_before: Wall(1_000_000_000_000),
        not_after: Wall(1_000_000_100_000),
    };
    check(
        |p| p.issue("operator", Role::Operator, past),
        &["operator.pem", "expired"],
    );
}

#[test]
fn a_node_certificate_is_no_operators() {
    check(
        |p| p.issue("operator", Role::Node, Papers::valid()),
        &["operator.pem", "node"],
    );
}

#[test]
fn nodes_of_another_authority_are_not_asked_anything() {
    // The addresses are those of a fleet that runs; the papers are another authority's.
    let papers = papers();
    let text = fs::read_to_string(Fleet::shared().file()).expect("it is there");
    papers.write("fleet.toml", &text);
    let ran = run(papers.dir()).exits(4);
    let ran = ran.says("unreachable").says("certificate");
    assert!(!ran.out.contains(" ok"), "{}", ran.out);
    let node = Fleet::shared().node_dir("web01");
    assert!(!node.join("it-ran").exists());
}

#[test]
fn wrong_flags_are_named_and_nothing_runs() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["--bogus"], &["--bogus"]),
        (&["--timeout", "5"], &["--timeout", "30s"]),
        (&["--timeout", "-5s"], &["--timeout"]),
        (&["--timeout", "0s"], &["--timeout"]),
        (&["--deadline", "soon"], &["--deadline", "soon"]),
        (&["--connect-timeout", ""], &["--connect-timeout"]),
        (&["--max-in-flight", "0"], &["--max-in-flight"]),
        (&["--expect", "many"], &["--expect", "many"]),
        (&["--format", "yaml"], &["--format", "yaml", "ndjson"]),
        (&["--color", "pink"], &["--color", "pink"]),
        (&["--raw"], &["--raw goes with --format text"]),
        (
            &["--raw", "--format", "json"],
            &["--raw goes with --format text"],
        ),
        (&["--scope", "@nobody"], &["`nobody`"]),
        (&["--scope", "@web[01"], &["`[` without `]`"]),
        (&["no-such-script"], &["no-such-script"]),
    ];
    for (flags, says) in cases {
        let mut hailer = Fleet::shared().hailer().args(*flags);
        if !flags.contains(&"no-such-script") {
            hailer = hailer.line("@web01 : echo it ran");
        }
        let ran = hailer.run();
        assert!(
            matches!(ran.code, 2 | 3),
            "exit {} of {flags:?}: {}",
            ran.code,
            ran.err
        );
        let mut ran = ran.prints_nothing();
        for text in *says {
            ran = ran.complains(text);
        }
    }
}

#[test]
fn a_demo_that_cannot_be_is_said_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let demo = |args: &[&str]| {
        Hailer::new(dir.path())
            .args(["demo", "-c", "true"])
            .args(args)
            .run()
    };
    demo(&["--nodes", "0"])
        .exits(2)
        .complains("at least one node");
    demo(&["--nodes", "3", "--fail", "4"])
        .exits(2)
        .complains("a demo of 3 nodes cannot have 4 down");
    let nowhere = Hailer::new(dir.path())
        .env("TMPDIR", "/nonexistent")
        .args(["demo", "-c", "true"]);
    nowhere.run().exits(8).complains("/nonexistent");
}
