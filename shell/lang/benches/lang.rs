//! What an operator waits for: a line read at each key, names folded, a selector evaluated.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::node_set::fold::fold;
use hailer_lang::parse::{KnownNames, parse, parse_selector};
use hailer_lang::selector::{Learned, Live, NoResults, World, evaluate};

fn fleet() -> Inventory {
    let mut text = "fleet = \"bench\"\n".to_owned();
    for dc in ["fra", "ams"] {
        text.push_str(&format!(
            "[[nodes]]\nnames = \"{dc}[0001-5000]\"\naddress = \"{{name}}:7117\"\nlabels = {{ dc = \"{dc}\" }}\n"
        ));
    }
    let file = FleetFile::parse(&text).expect("TOML");
    Inventory::from_fleet_file(&file).expect("a good fleet")
}

fn lines(c: &mut Criterion) {
    let known = KnownNames::default();
    let line = "@(web[001-200],canary) & dc=fra ! rack=7 : df --output=pcent,target | tail -n +1 \
                |> parse |> where use_pct > 90% and target !~ '^/run' |> top 10 by use_pct";
    c.bench_function("parse a typical line", |b| {
        b.iter(|| parse(black_box(line), &known))
    });
}

fn folds(c: &mut Criterion) {
    let even: Vec<String> = (0..10_000).map(|i| format!("web{i:05}")).collect();
    let odd: Vec<String> = (0..10_000_u64)
        .map(|i| format!("n{}-{}", i * i, i * 7 % 10_007))
        .collect();
    let racks: Vec<String> = (0..10_000)
        .map(|i| format!("r{}u{}n{:02}", i / 400, i / 20 % 20, i % 20))
        .collect();
    for (name, names) in [
        ("fold to one range", even),
        ("fold nothing", odd),
        ("fold three dimensions", racks),
    ] {
        c.bench_function(&format!("10k names: {name}"), |b| {
            b.iter(|| fold(black_box(&names).iter().map(String::as_str)));
        });
    }
}

fn selectors(c: &mut Criterion) {
    let inventory = fleet();
    let live = Live {
        up: inventory.all(),
        ..Live::default()
    };
    for text in [
        "dc=fra & state=up ! fra[0001-0100]",
        "/^(fra|ams)0[0-9]+7$/",
    ] {
        let (selector, mistakes) = parse_selector(text, &KnownNames::default());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let world = World {
            inventory: &inventory,
            live: &live,
            results: &NoResults,
            learned: Learned::nothing(),
        };
        c.bench_function(&format!("10k nodes: {text}"), |b| {
            b.iter(|| evaluate(black_box(&selector), world))
        });
    }
}

criterion_group!(benches, lines, folds, selectors);
criterion_main!(benches);
