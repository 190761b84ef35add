//! Two hundred nodes, ten of them dead: the dead are named and cost the others nothing.

use crate::support::fleet::Fleet;

#[test]
fn the_dead_of_two_hundred_are_named_and_the_living_do_not_wait_for_them() {
    let fleet = Fleet::start(200, 10);
    let ran = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .line("cat etc/hostname")
        .run();
    let ran = ran.exits(4);
    let records = ran.records();
    let (summary, rows) = records.split_last().expect("a summary");
    assert_eq!(rows.len(), 200);
    // In the order in which they came: nobody who lives comes behind a dead one.
    let states: Vec<&str> = rows.iter().filter_map(|r| r["state"].as_str()).collect();
    assert!(states[..190].iter().all(|s| *s == "ok"), "{states:?}");
    assert!(
        states[190..].iter().all(|s| *s == "unreachable"),
        "{states:?}"
    );
    for row in &rows[..190] {
        assert_eq!(
            row["out"],
            format!("{}\n", row["node"].as_str().expect("a name"))
        );
    }
    assert_eq!(summary["states"]["unreachable"], 10);
    assert_eq!(summary["exit_code"], 4);
    let folded = summary["nodes"]["unreachable"]
        .as_str()
        .expect("they are named");
    let mut dead: Vec<&str> = rows[190..]
        .iter()
        .filter_map(|r| r["node"].as_str())
        .collect();
    dead.sort_unstable();

    // What is folded stands for the same nodes: asked for by it, exactly they answer.
    let asked = fleet.hailer().line(&format!("@{folded} : nodes")).run();
    assert_ne!(asked.code, 3, "{folded} selects nobody: {}", asked.err);
    let named = fleet
        .hailer()
        .args(["--format", "csv", "--scope", &format!("@{folded}")])
        .line("nodes |> select node |> sort node")
        .run()
        .exits(0);
    let mut names: Vec<&str> = named.out.lines().skip(1).collect();
    names.sort_unstable();
    assert_eq!(names, dead);

    let groups = fleet.hailer().line("true").run().exits(4);
    groups
        .says("10 nodes · unreachable")
        .says("200 nodes: 190 ok · 10 unreachable");
}
