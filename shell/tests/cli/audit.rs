//! The audit as a table, on a fleet of which everything that was asked is known.

use crate::support::fleet::Fleet;

#[test]
fn every_question_to_every_node_has_its_row_in_the_order_in_which_it_was_asked() {
    let fleet = Fleet::start(2, 0);
    let ran = fleet
        .hailer()
        .args(["--format", "csv", "--quiet"])
        .line("metric cpu.logical.count |> where value < 0")
        .line("metric load1 |> where value < 0")
        .line("facts bios_vendor, bios_version, product |> where product = 'none'")
        .line(
            "audit since 1h |> where event = probe |> select node, event, who, command \
             |> sort node |> take 3 per node",
        )
        .run()
        .exits(0);
    let asked = [
        "metric system.cpu.logical.count",
        "metric system.cpu.load_average.1m",
        "\"facts bios_vendor, bios_version, product\"",
    ];
    let rows: Vec<&str> = ran.out.lines().filter(|l| l.contains(",probe,")).collect();
    let nodes: Vec<&str> = rows.iter().filter_map(|l| l.split(',').next()).collect();
    assert_eq!(rows.len(), 2 * asked.len(), "{}", ran.out);
    for (at, row) in rows.iter().enumerate() {
        let wanted = format!("{},probe,operator,{}", nodes[at], asked[at % asked.len()]);
        assert_eq!(*row, wanted, "{}", ran.out);
    }
    assert_ne!(nodes[0], nodes[3], "both nodes answer");
}
