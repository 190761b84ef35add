//! Flags to stages, one rule each.

use super::*;
use crate::inventory::file::FleetFile;

fn fleet() -> Inventory {
    let text = r#"
fleet = "demo"
[[nodes]]
names = "a[1-6]"
address = "{name}:1"
labels = { rack = "1" }
[[nodes]]
names = "b[1-3]"
address = "{name}:1"
labels = { rack = "2" }
[[nodes]]
names = "c1"
address = "{name}:1"
"#;
    Inventory::from_fleet_file(&FleetFile::parse(text).expect("TOML")).expect("a fleet")
}

fn spread(flags: &[(&str, &str)]) -> Spread {
    let mut spread = Spread::default();
    for (flag, value) in flags {
        spread.set(flag, value).expect("a good flag");
    }
    spread
}

#[test]
fn amounts_are_nodes_or_shares_and_round_towards_less_harm() {
    for (text, expected) in [
        ("3", Some(Amount::Nodes(3))),
        ("5%", Some(Amount::Share(500))),
        ("0.5%", Some(Amount::Share(50))),
        ("2.25%", Some(Amount::Share(225))),
        ("100%", Some(Amount::Share(10_000))),
        ("101%", None),
        ("1.234%", None),
        ("%", None),
        ("-1", None),
        ("five", None),
    ] {
        assert_eq!(Amount::parse(text), expected, "{text}");
        if let Some(amount) = expected {
            assert_eq!(Amount::parse(&amount.to_string()), expected, "{text}");
        }
    }
    let five = Amount::Share(500);
    assert_eq!((five.at_least(30), five.at_most(30)), (2, 1));
    assert_eq!(five.at_least(1), 1);
}

#[test]
fn canary_stages_grow_and_those_a_small_fleet_cannot_tell_apart_are_one() {
    let inventory = fleet();
    let ends = |canary: &str| {
        let layout = spread(&[("canary", canary)]).lay_out(&inventory.all(), &inventory, 0);
        layout.expect("no label").ends
    };
    assert_eq!(ends("1,5%,25%"), [1, 3]);
    assert_eq!(ends("1,50%"), [1, 5]);
    assert_eq!(ends("100%"), [0_u32; 0]);
    assert_eq!(ends("50"), [0_u32; 0]);
    for bad in ["", "0", "5,1", "5%,1", "1,1", "1,x"] {
        assert!(Spread::default().set("canary", bad).is_err(), "{bad}");
    }
}

#[test]
fn batches_never_put_two_values_of_a_label_into_one_stage() {
    let inventory = fleet();
    let mut nodes = inventory.all();
    nodes.remove(inventory.id("c1").expect("there"));
    let by_rack = spread(&[("batch-by", "rack"), ("canary", "1")]);
    let layout = by_rack.lay_out(&nodes, &inventory, 0).expect("labelled");
    assert_eq!((layout.targets.len(), layout.ends), (9, vec![1, 6]));
    let error = by_rack
        .lay_out(&inventory.all(), &inventory, 0)
        .expect_err("c1 has no rack");
    assert!(error.message.contains("c1"), "{}", error.message);
}

#[test]
fn the_same_seed_draws_the_same_nodes() {
    let inventory = fleet();
    let drawn = |seed: &str| {
        let layout = spread(&[("pick", "3"), ("seed", seed)])
            .lay_out(&inventory.all(), &inventory, 9)
            .expect("no label");
        assert_eq!(
            (layout.targets.len(), layout.picked),
            (3, seed.parse().ok())
        );
        layout.targets
    };
    assert_eq!(drawn("7"), drawn("7"));
    assert!((0..20).any(|seed| drawn(&seed.to_string()) != drawn("7")));
    let unseeded = spread(&[("pick", "3")]).lay_out(&inventory.all(), &inventory, 9);
    assert_eq!(unseeded.expect("no label").picked, Some(9));
    let all = spread(&[("pick", "30")]).lay_out(&inventory.all(), &inventory, 9);
    assert_eq!(all.expect("no label").picked, None);
}

#[test]
fn an_unknown_flag_names_the_nearest_and_flags_that_do_not_go_together_say_so() {
    let error = Spread::default().set("cannary", "1").expect_err("a typo");
    assert_eq!(error.help, "did you mean `canary`?");
    assert!(spread(&[("wait", "30s")]).conflict().is_some());
    assert!(spread(&[("seed", "1")]).conflict().is_some());
    assert!(
        spread(&[("wait", "30s"), ("canary", "1")])
            .conflict()
            .is_none()
    );
}

#[test]
fn a_lines_own_flags_come_before_those_of_the_program() {
    let base = spread(&[("canary", "1"), ("max-failures", "3"), ("wait", "1s")]);
    let line = spread(&[("batch-by", "rack"), ("max-failures", "1")]).or(&base);
    assert_eq!(line.max_failures, Some(Amount::Nodes(1)));
    assert!(line.canary.is_empty() && line.wait == Some(Duration::from_secs(1)));
}
