//! Where lines come from: `-c`, scripts, standard input, `run`.

use std::fs;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

fn hailer() -> Hailer {
    Fleet::shared().hailer().args(["--scope", "@web01"])
}

#[test]
fn lines_are_carried_out_one_after_the_other_in_one_session() {
    let ran = hailer()
        .line("echo first")
        .line("@web02")
        .line("echo $HAILER_NODE")
        .line("$1 |> select out")
        .run()
        .exits(0);
    let at = |text| {
        ran.out
            .find(text)
            .unwrap_or_else(|| panic!("no {text}: {}", ran.out))
    };
    assert!(
        at("first") < at("  web02") && at("  web02") < at("first\\n"),
        "{}",
        ran.out
    );
}

#[test]
fn the_first_line_that_fails_is_the_last_one_unless_asked_otherwise() {
    let ran = hailer().line("false").line("echo never").run().exits(1);
    assert!(!ran.out.contains("never"));
    let ran = hailer()
        .args(["--keep-going"])
        .line("false")
        .line("echo still")
        .run();
    ran.exits(1).says("still");
}

#[test]
fn a_script_and_standard_input_are_the_same_lines() {
    let text = "#!/usr/bin/env hailer\n\n# a comment\necho \"one\n two\"\n|> select node\n";
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("a.hail");
    fs::write(&script, text).expect("it is written");
    let of_file = hailer()
        .args([&script])
        .run()
        .exits(0)
        .says("  one\n   two");
    let of_stdin = hailer().stdin(text).run().exits(0);
    let rows = |out: &str| out.lines().filter(|l| !l.contains(" ms")).count();
    assert_eq!(rows(&of_file.out), rows(&of_stdin.out));
}

#[test]
fn a_mistake_in_a_script_names_the_file_and_the_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("a.hail");
    fs::write(&script, "echo one\n\necho two |> selct\necho never\n").expect("it is written");
    let place = format!("{}:3: ", script.display());
    let ran = hailer()
        .args([&script])
        .run()
        .exits(2)
        .says("one")
        .complains(&place);
    assert!(!ran.out.contains("never"));
    let ran = hailer().stdin("true\nset timout 3s\n").run().exits(2);
    ran.complains("standard input:2: ")
        .complains("did you mean `timeout`?");
}

#[test]
fn a_script_that_ends_inside_a_statement_runs_nothing() {
    for text in [
        "echo one\necho 'two",
        "echo one\nfor i in 1; do",
        "echo one\ncat <<X\n",
    ] {
        let ran = hailer().stdin(text).run().exits(2).prints_nothing();
        ran.complains("nothing of it was run").complains("line 2");
    }
}

#[test]
fn the_arguments_of_run_arrive_as_they_are() {
    let arguments = ["a b", "$x", "-n", "--", "", "'q'", "*", "|>", "ü\n"];
    for before in [
        &["run", "-w", "@web[01-02]"][..],
        &["--quiet", "run", "-w", "web[01-02]"],
    ] {
        let ran = Fleet::shared()
            .hailer()
            .args(before)
            .args(["--format", "ndjson", "--", "printf", "<%s>"])
            .args(arguments)
            .run()
            .exits(0);
        let expected: String = arguments.iter().map(|a| format!("<{a}>")).collect();
        let records = ran.records();
        assert_eq!(records.len(), 3, "{}", ran.out);
        assert!(
            records[..2].iter().all(|r| r["out"] == expected.as_str()),
            "{}",
            ran.out
        );
    }
}

#[test]
fn run_needs_no_shell_and_says_when_there_is_no_such_program() {
    let hailer = || Fleet::shared().hailer().args(["run", "-w", "web01", "--"]);
    hailer()
        .args(["no-such-program", "-x"])
        .run()
        .exits(1)
        .says("run `no-such-program -x`: ");
    hailer().args(["false"]).run().exits(1);
}

#[test]
fn flags_of_the_fleet_may_stand_before_and_behind_run() {
    let file = Fleet::shared().file().display().to_string();
    let home = tempfile::tempdir().expect("a directory");
    let hailer = || Hailer::new(home.path());
    let run = ["run", "-w", "web01"];
    hailer()
        .args(["--fleet", &file])
        .args(run)
        .args(["--", "true"])
        .run()
        .exits(0);
    hailer()
        .args(run)
        .args(["--fleet", &file, "--", "true"])
        .run()
        .exits(0);
    let lines = hailer()
        .args(["-c", "ls", "run", "-w", "web01", "--", "true"])
        .run();
    lines.exits(2).prints_nothing();
    let demo = hailer()
        .args(["--fleet", &file, "demo", "-c", "true"])
        .run();
    demo.exits(2).prints_nothing();
}

#[test]
fn a_line_for_this_machine_runs_here() {
    let ran = hailer()
        .line("!echo here $((1 + 1)) \"$HAILER_NODE\"")
        .run()
        .exits(0);
    assert_eq!(ran.out, "here 2 \n");
    hailer().line("!exit 3").run().exits(1);
}

#[test]
fn without_a_fleet_it_is_said_how_to_give_one() {
    let home = tempfile::tempdir().expect("a directory");
    let ran = Hailer::new(home.path())
        .line("uptime")
        .run()
        .exits(2)
        .prints_nothing();
    ran.complains("no fleet is given").complains("--fleet FILE");
}

#[test]
fn help_is_of_the_program_and_of_the_language() {
    let help = |words: &[&str]| hailer().args(["help"]).args(words).run().exits(0);
    help(&[]).says("Usage: hailer").says("help language");
    help(&["demo"]).says("--nodes");
    help(&["selectors"]).says("rack[1-4]n[01-16]");
    help(&["where"]).says("x is null");
    help(&["canary"]).says("goes to so many nodes first");
    // It is a command of the program and a verb of the language.
    help(&["run"]).says("PROGRAM").says("run each kill");
    let unknown = hailer().args(["help", "selectros"]).run().exits(2);
    unknown.prints_nothing().complains("help selectors");
}

#[test]
fn keep_going_stands_behind_a_command_too() {
    let ran = hailer()
        .args([
            "demo",
            "--nodes",
            "2",
            "--fail",
            "0",
            "--slow",
            "0",
            "--keep-going",
        ])
        .line("@all : false")
        .line("@all : echo still here")
        .run();
    ran.exits(1).says("still here");
    let wrong = hailer()
        .args(["run", "-w", "@all", "--keep-going", "--", "true"])
        .run();
    wrong.exits(2).complains("--keep-going is for lines");
}
