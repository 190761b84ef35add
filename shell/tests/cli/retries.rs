//! `retry`: targets of a result are asked once more, and it gets their answers.

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

fn hailer() -> Hailer {
    Fleet::shared().hailer()
}

/// A command that fails once on web01 and web02, and succeeds from then on; `name` is its own.
fn once(name: &str) -> String {
    format!(
        r#"case $HAILER_NODE in web01|web02) test -e {name} || {{ touch {name}; echo broken; exit 3; }};; esac; echo whole"#
    )
}

#[test]
fn what_failed_is_asked_again_and_the_result_gets_its_answers() {
    let line = format!("@web[01-04] : {}", once("retry-plain"));
    let ran = hailer()
        .args(["--keep-going", "--format", "ndjson"])
        .line(&line)
        .line("retry $1.failed")
        .line("$1 |> select node, rc, out")
        .run()
        .exits(1);
    let records = ran.records();
    let ends: Vec<_> = records.iter().filter(|r| r["type"] == "summary").collect();
    assert_eq!(ends[0]["states"]["failed"], 2, "{}", ran.out);
    assert_eq!(ends[1]["states"]["ok"], 4, "{}", ran.out);
    assert_eq!(ends[1]["exit_code"], 0);
    assert_eq!(ends[1]["retried"], 2);
    assert!(ends[0].get("retried").is_none(), "{}", ran.out);
    let rows = records.iter().filter(|r| r["type"] == "row");
    let last: Vec<_> = rows.rev().take(4).collect();
    assert!(
        last.iter().all(|r| r["rc"] == 0 && r["out"] == "whole\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_result_alone_means_all_that_was_not_ok_and_the_footer_says_when() {
    let line = format!("@web[01-04] : {}", once("retry-groups"));
    let ran = hailer()
        .args(["--keep-going"])
        .line(&line)
        .line("retry $1")
        .line("retry $")
        .run()
        .exits(3)
        .says("4 nodes: 4 ok")
        .says("2 retried 2")
        .complains("every target of $1 was ok");
    assert!(ran.out.contains("4 nodes: 2 ok · 2 failed"), "{}", ran.out);
}

#[test]
fn rows_and_aggregates_of_a_line_are_made_anew() {
    let line = format!(
        "@web[01-04] : {} |> parse lines |> count by line",
        once("retry-rows")
    );
    hailer()
        .args(["--keep-going", "--format", "csv"])
        .line(&line)
        .line("retry $1")
        .run()
        .says("broken,2")
        .says("whole,4");
}

#[test]
fn a_deed_that_is_retried_wants_yes_as_it_did_and_keeps_its_rows() {
    let act = r#"test -e retry-deed || { touch retry-deed; exit 1; }; echo "$row_line""#;
    let line = format!("@web[01-02] : echo $HAILER_NODE |> parse lines |> run --yes {act}");
    let ran = hailer()
        .args(["--keep-going", "--format", "text"])
        .line(&line)
        .line("retry $2.failed")
        .run();
    ran.says("web01: web01").says("web02: web02");
    let line = "@web[01-02] : nodes |> run --max-failures 5 false";
    let agreed = hailer().args(["--keep-going", "--yes", "--format", "ndjson"]);
    agreed
        .line(line)
        .line("retry $2")
        .run()
        .exits(1)
        .says("retried");
    // A line that named no scope acts in the current one.
    hailer()
        .args(["--keep-going", "--yes"])
        .line("@web[01-02]")
        .line("nodes |> run --max-failures 5 false")
        .line("@web01")
        .line("retry $2.failed")
        .run()
        .complains("not in the scope @web01: web02");
}

#[test]
fn run_each_is_retried_with_the_rows_it_had() {
    let act = r#"test -e retry-each-$row_line || { touch retry-each-$row_line; exit 1; }; echo "did $row_line""#;
    let line = format!(
        "@web01 : printf '%s\\n' a b |> parse lines |> run each --yes {act} |> select line, rc, out"
    );
    hailer()
        .args(["--keep-going", "--format", "csv"])
        .line(&line)
        .line("retry $2")
        .run()
        .says("a,1,")
        .says("b,1,")
        .says("a,0,")
        .says("did b");
}

#[test]
fn what_cannot_be_asked_again_says_so_and_nothing_runs() {
    for (lines, says) in [
        (&["retry $1"][..], "no result has this number"),
        (&["@web01 : nodes", "retry $1"], "asked no nodes"),
        (
            &["@web01 : false", "$1 |> where rc = 1", "retry $2"],
            "no line's own answers",
        ),
        (
            &["@web01 : true", "retry $1.failed"],
            "no target of $1 failed",
        ),
        (
            &["@web01 : true", "retry $1.faild"],
            "did you mean `failed`?",
        ),
        (&["@web01 : false", "retry web01"], "`: retry"),
        (&["@web01 : false", "@web01 : retry $1"], "for the shell"),
        (&["@web01 : false", "detached retry $1"], "retry"),
    ] {
        let mut run = hailer().args(["--keep-going"]);
        for line in lines {
            run = run.line(line);
        }
        run.run().complains(says);
    }
}

#[test]
fn explain_says_where_the_answers_go() {
    hailer()
        .args(["--keep-going"])
        .line("@web[01-02] : false")
        .line("explain retry $1.failed")
        .run()
        .says("$1.failed")
        .says("the new answers take the place of the earlier ones");
}
