//! Compares folding, unfolding and the algebra with ClusterShell, where it is installed.

use std::collections::BTreeSet;
use std::process::Command;

use hailer_lang::node_set::fold::fold;
use hailer_lang::node_set::unfold::unfold;

const PYTHON: &str = "/usr/bin/python3";

/// Runs a ClusterShell expression over each argument; `None` where it is not installed.
#[expect(clippy::print_stdout, reason = "a skipped comparison must say so")]
fn cluster_shell(expression: &str, args: &[String]) -> Option<Vec<String>> {
    let program = format!(
        "import sys\nfrom ClusterShell.NodeSet import NodeSet\nfor a in sys.argv[1:]: print({expression})"
    );
    let output = Command::new(PYTHON)
        .arg("-c")
        .arg(program)
        .args(args)
        .output()
        .ok()?;
    let missing =
        String::from_utf8_lossy(&output.stderr).contains("No module named 'ClusterShell'");
    if missing {
        println!("skipped: ClusterShell is not installed for {PYTHON}");
        return None;
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(
        String::from_utf8(output.stdout)
            .expect("names")
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

fn sorted(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn patterns_stand_for_the_names_that_cluster_shell_says() {
    let patterns = [
        "web[001-200]",
        "rack[1-4]n[01-16]",
        "n[0-6/2]",
        "n[0-7/3,9]",
        "a[8-11]",
        "a[08-11]",
        "a[098-101]",
        "a[0-3,00-03]",
        "a1,b[2-3],c",
        "x[1-2].y[3-4].z",
        "a[1-2,01-02]",
        "n[0]",
        "n[00]",
        "n[5-5]",
    ]
    .map(str::to_owned);
    let Some(theirs) = cluster_shell("' '.join(NodeSet(a))", &patterns) else {
        return;
    };
    for (pattern, names) in patterns.iter().zip(theirs) {
        let ours: BTreeSet<String> = unfold(pattern).unwrap().into_iter().collect();
        assert_eq!(ours, sorted(&names), "{pattern}");
    }
}

#[test]
fn what_we_fold_cluster_shell_unfolds_to_the_same_names() {
    let sets: Vec<Vec<String>> = vec![
        (1..=200).map(|i| format!("web{i:03}")).collect(),
        (1..=4)
            .flat_map(|r| (1..=16).map(move |n| format!("rack{r}n{n:02}")))
            .collect(),
        (0..50).map(|i| format!("n{}", i * i)).collect(),
        (0..12)
            .flat_map(|i| [format!("a{i}"), format!("a{i:02}"), format!("a{i:03}")])
            .collect(),
        (0..30).map(|i| format!("r{}n{}", i % 5, i / 3)).collect(),
        ["a", "b1", "b2", "c-1.x", "c-2.x"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let folded: Vec<String> = sets
        .iter()
        .map(|s| fold(s.iter().map(String::as_str)))
        .collect();
    let Some(theirs) = cluster_shell("' '.join(NodeSet(a))", &folded) else {
        return;
    };
    for ((set, folded), names) in sets.iter().zip(&folded).zip(theirs) {
        assert_eq!(
            set.iter().cloned().collect::<BTreeSet<_>>(),
            sorted(&names),
            "{folded}"
        );
    }
}

#[test]
fn one_dimension_folds_to_the_same_text_as_cluster_shells() {
    let sets = [
        "web[001-200]",
        "n[1-3,5,7-9]",
        "a[9-11]",
        "a[098-101]",
        "a,b[1-2],c[01,03]",
    ]
    .map(str::to_owned);
    let Some(theirs) = cluster_shell("str(NodeSet(','.join(NodeSet(a))))", &sets) else {
        return;
    };
    for (set, folded) in sets.iter().zip(theirs) {
        let names = unfold(set).unwrap();
        assert_eq!(fold(names.iter().map(String::as_str)), folded);
    }
}

#[test]
fn operators_apply_from_left_to_right_as_cluster_shells_do() {
    use hailer_lang::inventory::Inventory;
    use hailer_lang::inventory::file::FleetFile;
    use hailer_lang::parse::{KnownNames, parse_selector};
    use hailer_lang::selector::{Learned, Live, NoResults, World, evaluate};
    let file = "fleet = \"f\"\n[[nodes]]\nnames = \"n[1-20]\"\naddress = \"{name}:1\"\n";
    let inventory = Inventory::from_fleet_file(&FleetFile::parse(file).unwrap()).unwrap();
    let live = Live::default();
    let selectors = [
        "n[1-10]!n[3-5]",
        "n[1-10]&n[5-15]",
        "n[1-10]^n[5-15]",
        "n[1-3],n[7-9]",
        "n[1-10]!n[3-5]&n[4-8]",
        "n[1-10]&n[2-8]!n3^n[8-12]",
        "n[1-10]^n[5-15]!n20&n[1-19]",
    ]
    .map(str::to_owned);
    let Some(theirs) = cluster_shell("' '.join(NodeSet(a))", &selectors) else {
        return;
    };
    for (text, names) in selectors.iter().zip(theirs) {
        let (selector, mistakes) = parse_selector(text, &KnownNames::default());
        assert_eq!(mistakes, []);
        let world = World {
            inventory: &inventory,
            live: &live,
            results: &NoResults,
            learned: Learned::nothing(),
        };
        let set = evaluate(&selector, world).unwrap();
        let ours: BTreeSet<String> = inventory.names(&set).map(str::to_owned).collect();
        assert_eq!(ours, sorted(&names), "{text}");
    }
}
