//! `join`, `diff` and `why` with a fleet whose nodes differ: two have older firmware.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

/// `cache[01-07]`, `db[01-12]`, `web[01-29]`; `db12` and `web11` have older firmware.
fn hailer() -> Hailer {
    static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::start(48, 0));
    FLEET.hailer()
}

fn rows(records: &[Value]) -> Vec<&Value> {
    records.iter().filter(|r| r["type"] == "row").collect()
}

#[test]
fn the_odd_firmware_is_shown_against_that_of_most_nodes() {
    for format in ["groups", "table", "text"] {
        let ran = hailer()
            .args(["--format", format])
            .line("cat etc/bios |> diff")
            .run()
            .exits(0);
        let expected = "── db12,web11 · 2 nodes · ok\n  - 2.14.1\n  + 2.11.0\n\
                        ── cache[01-07],db[01-11],web[01-10,12-29] · 46 nodes · ok · 1 line · what the others are compared with\n";
        assert!(ran.out.starts_with(expected), "{format}:\n{}", ran.out);
    }
}

#[test]
fn programs_read_a_difference_as_rows() {
    let ran = hailer()
        .args(["--format", "ndjson"])
        .line("cat etc/bios |> diff")
        .run()
        .exits(0);
    let records = ran.records();
    let row = |change: &str, line: &str| {
        json!({
            "v": 1, "type": "row", "nodes": "db12,web11", "change": change, "of": "out", "at": 1,
            "line": line
        })
    };
    assert_eq!(
        rows(&records),
        [&row("removed", "2.14.1"), &row("added", "2.11.0")]
    );
    let ran = hailer()
        .args(["--format", "csv"])
        .line("cat etc/bios |> diff |> where change = added")
        .run()
        .exits(0);
    assert_eq!(
        ran.out,
        "nodes,change,of,at,line\r\n\"db12,web11\",added,out,1,2.11.0\r\n"
    );
}

#[test]
fn what_changed_between_two_runs_is_told_by_node_and_folded() {
    let ran = hailer()
        .line("@db* : echo same; cat etc/bios")
        .line(
            "@db* : echo same; case $HAILER_NODE in db0[12]) echo new;; db03) exit 3;; \
             *) cat etc/bios;; esac",
        )
        .args(["--keep-going"])
        .line("diff $1 $2")
        .line("@db01 : diff $1 $2")
        .run()
        .exits(1);
    let expected = "── db03 · 1 node · was ok, now failed rc=3\n  @@ -1,2 +1,1 @@\n    same\n  - 2.14.1\n\
                    ── db[01-02] · 2 nodes · ok\n    same\n  - 2.14.1\n  + new\n\
                    ── db[04-12] · 9 nodes · no change · compared with $1\n";
    let expected = expected.replace("  @@ -1,2 +1,1 @@\n", "");
    assert!(ran.out.contains(&expected), "{}", ran.out);
    let one = "── db01 · 1 node · ok\n    same\n  - 2.14.1\n  + new\n── compared with $1\n";
    assert!(ran.out.contains(one), "{}", ran.out);
}

#[test]
fn rows_of_two_runs_are_compared_by_their_keys() {
    let lines = |rows: &str| format!("@web01 : printf 'mount used\\n{rows}' |> parse columns");
    let ran = hailer()
        .line(&lines("/ 1\\n/a 2\\n"))
        .line(&lines("/ 5\\n/b 2\\n"))
        .line("|> diff $1 by mount")
        .run()
        .exits(0);
    ran.says("── web01 · 1 node\n  ~ /: used 1 -> 5\n  - /a: used 2\n  + /b: used 2\n");
}

#[test]
fn firmware_explains_the_odd_answers_once_facts_are_joined() {
    let ran = hailer()
        .args(["--format", "ndjson"])
        .line("cat etc/bios")
        .line("facts |> select bios_version")
        .line("$1 |> join $2 |> why |> take 1")
        .run()
        .exits(0);
    let records = ran.records();
    let found = rows(&records);
    let best = found.last().expect("a row");
    assert_eq!(
        (&best["column"], &best["value"], &best["score"]),
        (&json!("bios_version"), &json!("2.11.0"), &json!(1.0))
    );
    assert_eq!((&best["in_odd"], &best["in_rest"]), (&json!(2), &json!(0)));
    ran.complains("why: 2 odd nodes, db12,web11, compared with 46");
}

#[test]
fn one_odd_node_is_no_proof_and_that_is_said_unless_it_is_quiet() {
    let line = "cat app/version |> where out ~ '1.8.1' |> why by rack";
    hailer()
        .line(line)
        .run()
        .exits(0)
        .complains("chance alone may explain all of this");
    let ran = hailer().args(["--quiet"]).line(line).run().exits(0);
    assert_eq!(ran.err, "");
}

#[test]
fn rows_without_a_match_are_counted() {
    let ran = hailer()
        .line("@web[01-04] : echo a")
        .line("@web[01-03] : echo b")
        .line("$1 |> join $2 |> select node, out, out_2")
        .line("$1 |> join left $2 |> where out_2 is null |> select node")
        .run()
        .exits(0);
    ran.says("web03  a\\n  b\\n")
        .says("node\n─────\nweb04\n")
        .complains("join: 1 of 4 rows has no match in $2; left out; `join left` keeps them");
}

#[test]
fn a_result_that_is_not_there_is_found_before_anything_runs() {
    for line in ["touch ran |> join $7", "touch ran |> diff $7", "diff $1 $2"] {
        let ran = hailer().line(line).run().exits(2).prints_nothing();
        ran.complains("there is no result yet");
    }
    hailer().line("@web01 : cat ran").run().exits(1);
}

#[test]
fn bytes_that_are_no_text_and_lines_of_a_mebibyte_are_bounded() {
    let ran = hailer()
        .line("@web* : [ $HAILER_NODE = web07 ] && printf 'a\\0b' || printf 'a\\0c\\0' |> diff")
        .line(
            "@web* : head -c 1000000 /dev/zero | tr '\\0' x; \
             [ $HAILER_NODE = web07 ] && echo odd || echo even |> diff",
        )
        .line("@web* : printf 'a\\377b' |> diff")
        .run()
        .exits(0);
    ran.says("# not text: 4 bytes before, 3 bytes after; not compared by line")
        .says("… 976.5KiB before this")
        .says("xodd\n")
        .says("all answers are equal");
}

#[test]
fn without_a_majority_and_without_rows_it_is_said() {
    let ran = hailer()
        .line("@web[01-02] : echo $HAILER_NODE |> diff")
        .run();
    ran.exits(2)
        .complains("no answer is that of most nodes: the largest groups have 1 each")
        .complains("the nodes were asked, and their answers are kept as $1");
    hailer()
        .line("@web[01-02] : echo a |> where rc = 9 |> diff")
        .run()
        .exits(0)
        .says("no answer to compare");
}
