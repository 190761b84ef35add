//! Deeds: `run` and `run each`, whom they are for, and how they are spread.

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

fn hailer() -> Hailer {
    Fleet::shared().hailer()
}

#[test]
fn a_deed_runs_once_on_each_node_that_still_has_a_row() {
    let line = r#"@web[01-03] : printf '%s\n' a b |> parse lines |> where node != 'web02' |> run echo ran on $HAILER_NODE"#;
    let ran = hailer()
        .args(["--yes", "--format", "text"])
        .line(line)
        .run()
        .exits(0)
        .says("web01: ran on web01")
        .says("web03: ran on web03");
    assert!(!ran.out.contains("web02"), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 2, "once a node: {}", ran.out);
    ran.complains("on 2 of")
        .complains("web[01,03]")
        .complains("of all 3 nodes asked");
}

#[test]
fn in_batch_a_deed_wants_yes_and_nothing_has_run() {
    hailer()
        .line("@web01 : date |> run date")
        .run()
        .exits(2)
        .prints_nothing()
        .complains("--yes");
    hailer()
        .line("@web01 : date |> run --yes date")
        .run()
        .exits(0);
}

#[test]
fn a_rows_columns_are_variables_and_never_text_of_the_command() {
    let line = r#"@web01 : echo '; echo $HOME `id`' |> parse lines |> run printf '%s' "$row_line""#;
    let ran = hailer()
        .args(["--yes", "--format", "text"])
        .line(line)
        .run();
    ran.exits(0).says("web01: ; echo $HOME `id`");
}

#[test]
fn a_label_is_a_variable_too_and_an_unknown_one_runs_nothing() {
    let yes = || hailer().args(["--yes", "--format", "text"]);
    yes()
        .line("@web01 : echo x |> parse lines |> run echo $row_role $row_label_role")
        .run()
        .exits(0)
        .says("web01: web web");
    yes()
        .line("@web01 : echo x |> parse lines |> run echo $row_lin")
        .run()
        .exits(2)
        .prints_nothing()
        .complains("$row_line");
}

#[test]
fn several_rows_and_one_variable_name_run_each() {
    let rows = r"@web01 : printf '%s\n' a b |> parse lines |>";
    hailer()
        .args(["--yes"])
        .line(&format!("{rows} run echo $row_line"))
        .run()
        .exits(2)
        .prints_nothing()
        .complains("run each");
    let each =
        format!("{rows} run each echo $row_line; test $row_line != b |> select line, rc, out");
    hailer()
        .args(["--yes", "--format", "csv"])
        .line(&each)
        .run()
        .exits(1)
        .says("web01,a,0,")
        .says("web01,b,1,");
}

#[test]
fn a_null_variable_skips_its_node_and_says_so() {
    let line = r#"@web[01-02] : echo x |> parse lines |> derive n = if(node = 'web01', line, null) |> run echo "$row_n""#;
    let ran = hailer()
        .args(["--yes", "--format", "text"])
        .line(line)
        .run()
        .exits(0)
        .says("web01: x")
        .complains("1 node skipped")
        .complains("web02");
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
}

#[test]
fn rows_without_a_node_and_nodes_out_of_scope_are_no_targets() {
    let yes = || hailer().args(["--yes"]);
    yes()
        .line("@web[01-02] : echo x |> count |> run date")
        .run()
        .exits(2)
        .complains("no node behind it");
    yes()
        .args([
            "-c",
            "@web[01-02] : echo x",
            "-c",
            "@web01",
            "-c",
            "|> run date",
        ])
        .run()
        .exits(2)
        .complains("not in the scope @web01: web02");
}

#[test]
fn no_row_runs_nothing_and_is_no_failure() {
    let line = "@web01 : echo x |> parse lines |> where line = 'y' |> run date";
    hailer()
        .args(["--yes"])
        .line(line)
        .run()
        .exits(0)
        .complains("no row is left");
}

#[test]
fn verbs_behind_a_deed_narrow_its_own_answers() {
    let line = r#"@web[01-03] : nodes |> run test "$HAILER_NODE" = web02 |> where rc != 0 |> select node, rc"#;
    let ran = hailer()
        .args(["--yes", "--format", "csv"])
        .line(line)
        .run()
        .exits(1);
    assert_eq!(ran.out, "node,rc\r\nweb01,1\r\nweb03,1\r\n");
}

#[test]
fn a_canary_that_fails_halts_and_those_without_a_turn_are_not_started() {
    let line = r#"@web[01-04] : nodes |> run --canary 1,2 test "$HAILER_NODE" != web02"#;
    let ran = hailer()
        .args(["--yes", "--format", "ndjson"])
        .line(line)
        .run()
        .exits(6);
    let state = |node: &str| {
        let line = ran
            .out
            .lines()
            .find(|l| l.contains(&format!("\"node\":\"{node}\"")));
        line.map(str::to_owned).unwrap_or_default()
    };
    assert!(state("web01").contains("\"ok\""), "{}", ran.out);
    assert!(state("web02").contains("\"failed\""), "{}", ran.out);
    for node in ["web03", "web04"] {
        assert!(state(node).contains("\"not_started\""), "{}", ran.out);
        assert!(
            state(node).contains("1 failed, at most 0 may"),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_gate_with_rows_halts_and_one_without_lets_the_next_stage_begin() {
    let spread = |gate: &str| {
        let line = format!("@web[01-03] : nodes |> run --canary 1 --gate '{gate}' true");
        hailer().args(["--yes"]).line(&line).run()
    };
    spread("true |> where rc != 0").exits(0);
    let ran = spread("echo x |> parse lines");
    ran.exits(6).says("the gate did not pass: 1 row is left");
    spread("false").exits(6).says("of 1 node 1 failed");
    let bad = spread("true |> wher x");
    bad.exits(2).complains("--gate");
    // One that never ends would hold the rest up for ever.
    let endless = spread("uptime |> follow");
    endless.exits(2).prints_nothing().complains("--gate");
}

#[test]
fn a_yes_within_a_name_is_no_consent_of_whoever_types_the_name() {
    let of =
        |lines: &str| hailer().stdin(&format!("@web01\nlet up = date |> run --yes date\n{lines}"));
    of("up").run().exits(2).prints_nothing().complains("--yes");
    of("up").args(["--yes"]).run().exits(0);
    of("let now = date\nnow |> run --yes date").run().exits(0);
}

#[test]
fn a_variable_that_could_be_two_columns_runs_nothing() {
    let line = "@web01 : echo label_role=mine |> parse kv |> run echo $row_label_role";
    hailer()
        .args(["--yes"])
        .line(line)
        .run()
        .exits(2)
        .prints_nothing()
        .complains("`$row_label_role` could be column `label_role` or `role`");
}

#[test]
fn the_programs_flags_spread_a_plain_command_too() {
    let line = r#"@web[01-04] : test "$HAILER_NODE" != web01"#;
    hailer()
        .args(["--canary", "1"])
        .line(line)
        .run()
        .exits(6)
        .says("at most 0 may");
    let ran = hailer()
        .args(["--pick", "2", "--seed", "7", "--format", "text"])
        .line("@web[01-04] : echo x")
        .run()
        .exits(0);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    let again = hailer()
        .args(["--pick", "2", "--seed", "7", "--format", "text"])
        .line("@web[01-04] : echo x")
        .run();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ran.out), sorted(&again.out));
    hailer()
        .args(["--wait", "1s"])
        .line("@web01 : true")
        .run()
        .exits(2)
        .complains("between stages");
}
