//! A selector that fails selects nothing, and never all: held against a model, over many selectors.
//!
//! Terms that name nodes and terms that cannot (misspelt, empty, unset, of a result that is not there) are
//! joined by every operator. Where one cannot, nothing is selected and nothing runs; otherwise it is
//! exactly the model's nodes. `HAILER_CASES` says how many are tried.

use std::collections::BTreeSet;

use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::parse::{KnownNames, parse, parse_selector};
use hailer_lang::plan::{Context, ResolvedScope, plan};
use hailer_lang::selector::{Learned, Live, NoResults, World, evaluate};

const CASES: u64 = 100_000;

fn cases() -> u64 {
    let wanted = std::env::var("HAILER_CASES").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(CASES)
}

fn fleet() -> Inventory {
    let text = r#"
        fleet = "demo"
        [[nodes]]
        names = "web[1-6]"
        address = "{name}:7117"
        labels = { role = "web", dc = "fra" }
        groups = ["front"]
        [[nodes]]
        names = "db[1-4]"
        address = "{name}:7117"
        labels = { role = "db" }
    "#;
    let file = FleetFile::parse(text).expect("TOML");
    Inventory::from_fleet_file(&file).expect("a good fleet")
}

/// Terms that select nodes, and which.
const GOOD: [(&str, &str); 11] = [
    ("all", "web1 web2 web3 web4 web5 web6 db1 db2 db3 db4"),
    ("web1", "web1"),
    ("web[1-3]", "web1 web2 web3"),
    ("db[2-4]", "db2 db3 db4"),
    ("web*", "web1 web2 web3 web4 web5 web6"),
    ("/^db[12]$/", "db1 db2"),
    ("@front", "web1 web2 web3 web4 web5 web6"),
    ("role=db", "db1 db2 db3 db4"),
    ("role!=db", "web1 web2 web3 web4 web5 web6"),
    ("dc=fra", "web1 web2 web3 web4 web5 web6"),
    (
        "role in (db,web)",
        "web1 web2 web3 web4 web5 web6 db1 db2 db3 db4",
    ),
];

/// Terms that select nothing, for a reason.
const BAD: [&str; 26] = [
    "",
    " ",
    "()",
    "wbe1",
    "web9",
    "web[7-9]",
    "web[3-1]",
    "web[]",
    "xyz*",
    "/^nothing$/",
    "/(/",
    "@nobody",
    "@",
    "rloe=db",
    "role=",
    "=db",
    "role=bd",
    "role!=bd",
    "dc in ()",
    "$1.failed",
    "$.ok",
    "$HOSTS",
    "${HOSTS}",
    "\"\"",
    "ALL",
    "state=gone",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("small")
    }
}

type Names = BTreeSet<&'static str>;

/// Makes a selector, and says what it selects; `None` if a part of it cannot.
fn selector(random: &mut Random, depth: usize) -> (String, Option<Names>) {
    if depth == 0 || random.below(4) == 0 {
        if random.below(5) == 0 {
            return (BAD[random.below(BAD.len())].to_owned(), None);
        }
        let (text, nodes) = GOOD[random.below(GOOD.len())];
        return (text.to_owned(), Some(nodes.split(' ').collect()));
    }
    let (left, a) = selector(random, depth - 1);
    let (right, b) = selector(random, depth - 1);
    let op = random.below(4);
    let text = format!("({left}) {} ({right})", [',', '!', '&', '^'][op]);
    let both = a.zip(b).map(|(a, b)| match op {
        0 => &a | &b,
        1 => &a - &b,
        2 => &a & &b,
        _ => &a ^ &b,
    });
    (text, both)
}

#[test]
fn what_fails_selects_nothing_and_never_all() {
    let seed = 0x5eed_0015_u64;
    println!("seed {seed:#x}");
    let mut random = Random(seed);
    let inventory = fleet();
    let live = Live::default();
    let learned = Learned::nothing();
    let world = World {
        inventory: &inventory,
        live: &live,
        results: &NoResults,
        learned,
    };
    let everybody = ResolvedScope::all(&inventory);
    let (mut right, mut refused) = (0, 0);
    for case in 0..cases() {
        let (text, model) = selector(&mut random, 3);
        let (parsed, mistakes) = parse_selector(&text, &KnownNames::default());
        let found = if mistakes.is_empty() {
            evaluate(&parsed, world).ok()
        } else {
            None
        };
        match (found, model.filter(|nodes| !nodes.is_empty())) {
            (Some(set), Some(model)) => {
                let names: BTreeSet<&str> = inventory.names(&set).collect();
                assert_eq!(names, model, "{text:?}");
                right += 1;
            }
            (None, None) => refused += 1,
            (Some(set), None) => {
                panic!(
                    "{text:?} selects {:?}",
                    inventory.names(&set).collect::<Vec<_>>()
                )
            }
            (None, Some(model)) => panic!("{text:?} fails, and it is {model:?}"),
        }
        // The same before a command: what fails falls back on no scope, least of all on the one before.
        if case % 8 == 0 && refused > 0 && parsed_is_refused(&text, &inventory, world) {
            let line = format!("@{text} : reboot");
            let context = Context {
                inventory: &inventory,
                live: &live,
                results: &NoResults,
                learned,
                last_result: None,
                scope: Some(&everybody),
            };
            let parsed = parse(&line, &inventory.known_names());
            assert!(plan(&parsed, &line, &context).is_err(), "{line}");
        }
    }
    assert!(
        right > cases() / 10 && refused > cases() / 10,
        "{right} and {refused}"
    );
}

fn parsed_is_refused(text: &str, inventory: &Inventory, world: World<'_>) -> bool {
    let (parsed, mistakes) = parse_selector(text, &inventory.known_names());
    !mistakes.is_empty() || evaluate(&parsed, world).is_err()
}

#[test]
fn without_a_scope_nothing_is_for_everybody() {
    let inventory = fleet();
    let live = Live::default();
    for line in [
        "reboot",
        ": reboot",
        "uptime |> count",
        "facts",
        "metric load",
        "nodes",
        "@ : reboot",
        "@() : reboot",
    ] {
        let context = Context {
            inventory: &inventory,
            live: &live,
            results: &NoResults,
            learned: Learned::nothing(),
            last_result: None,
            scope: None,
        };
        let parsed = parse(line, &inventory.known_names());
        let planned = plan(&parsed, line, &context);
        assert!(planned.is_err(), "{line}: {planned:?}");
    }
}
