//! Lines with what the language makes of them: plans and mistakes, as an operator reads them.
//!
//! Each file in `tests/golden` has blocks: `> ` begins a line, `. ` goes on with it, and the rest
//! is what comes out. `UPDATE_EXPECTED=1 cargo test -p hailer-lang` writes the files anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use hailer_lang::ast::{ResultRef, SetKind};
use hailer_lang::diagnostic::render_all;
use hailer_lang::explain::explain;
use hailer_lang::facts::{FactsNow, KnownFacts, NodeFacts};
use hailer_lang::group_source::{GroupNodes, KnownGroups};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::lexer::Completeness;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::parse::parse;
use hailer_lang::pattern::glob_matches;
use hailer_lang::plan::{Context, LinePlan, ResolvedScope, plan, resolve_scope};
use hailer_lang::selector::{Learned, Live, ResultSetError, ResultSets};
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;
use hailer_protocol::value::Value;

const FLEET: &str = r#"
fleet = "demo"

[[nodes]]
names = "web[001-200]"
address = "{name}.example:7117"
labels = { role = "web", dc = "fra", rack = 7 }
groups = ["front"]

[[nodes]]
names = "db[1-4]"
address = "{name}.example:7117"
labels = { role = "db", dc = "ams" }

[[nodes]]
names = "rack[1-4]n[01-16]"
address = "{name}.example:7117"
labels = { role = "compute", dc = "fra", rack = 1 }

[[nodes]]
names = "canary"
address = "{name}.example:7117"

[groups.racks]
map = "rackctl nodes $GROUP"
list = "rackctl racks"
"#;

/// Result 3 of 4: `db1` failed, `db2` timed out, the others were fine. Result 4 is a tie.
struct Results(Inventory);

impl ResultSets for Results {
    fn set(&self, result: ResultRef, kind: SetKind) -> Result<NodeSet, ResultSetError> {
        let named = |names: &[&str]| names.iter().filter_map(|n| self.0.id(n)).collect();
        match (result, kind) {
            (ResultRef::Number(3), SetKind::State(State::Failed)) => Ok(named(&["db1"])),
            (ResultRef::Number(3), SetKind::State(State::TimedOut)) => Ok(named(&["db2"])),
            (ResultRef::Number(3), SetKind::State(_)) => Ok(NodeSet::default()),
            (ResultRef::Number(3), SetKind::Rows) => Ok(named(&["db2"])),
            (ResultRef::Number(2), SetKind::Rows) => Err(ResultSetError::NoProvenance),
            (ResultRef::Number(2), SetKind::State(State::Ok)) => Ok(named(&["db1"])),
            (ResultRef::Number(2), SetKind::State(_)) => Ok(NodeSet::default()),
            (ResultRef::Number(3), SetKind::Minority) => Ok(named(&["db1", "db2"])),
            (ResultRef::Number(4) | ResultRef::Last, SetKind::Minority | SetKind::Majority) => {
                Err(ResultSetError::Tie)
            }
            (ResultRef::Number(4) | ResultRef::Last, _) => Ok(self.0.all()),
            _ => Err(ResultSetError::Unknown { last: Some(4) }),
        }
    }
}

fn fleet() -> Inventory {
    let file = FleetFile::parse(FLEET).expect("the fleet file is TOML");
    Inventory::from_fleet_file(&file).expect("the fleet file has no mistakes")
}

/// The web nodes told their facts 100 seconds ago, `db1` and `db2` 30 seconds ago, `db3` too long
/// ago; the others never did.
fn facts(inventory: &Inventory) -> KnownFacts {
    let mut known = KnownFacts::default();
    let of = |at, kernel: &str, cpus| {
        NodeFacts::of_pairs(Wall(at), |fact| match fact.name {
            "kernel" => Value::from(kernel),
            "cpus" => Value::Int(cpus),
            "memory" => Value::Size(cpus << 30),
            _ => Value::Null,
        })
    };
    for (id, node) in (0..).map(NodeId).zip(inventory.nodes()) {
        let facts = match node.name.as_str() {
            "db1" => of(170_000, "6.1.0", 64),
            "db2" => of(170_000, "5.4.0", 32),
            "db3" => of(10_000, "6.1.0", 64),
            name if name.starts_with("web") => of(100_000, "5.15.0", 8),
            _ => continue,
        };
        known.learn(id, facts);
    }
    known
}

/// Rack `r1` is the nodes of the first rack and two that the fleet does not have; `r2` could not be
/// asked for, `r3` has other nodes alone.
fn groups(inventory: &Inventory) -> KnownGroups {
    let mut known = KnownGroups::default();
    let key = |group: &str| ("racks".to_owned(), group.to_owned());
    let of = |glob: &str, elsewhere| {
        let nodes = (0..).map(NodeId).zip(inventory.nodes());
        Ok(GroupNodes {
            nodes: nodes
                .filter(|(_, n)| glob_matches(glob, n.name.as_str()))
                .map(|(id, _)| id)
                .collect(),
            elsewhere,
            at: Wall(190_000),
        })
    };
    known.learn(key("r1"), of("rack1n*", 2));
    known.learn(key("*"), of("rack*", 0));
    known.learn(
        key("r2"),
        Err("its command ended with 1: no such rack".to_owned()),
    );
    known.learn(key("r3"), of("none", 3));
    known
}

/// What the language makes of one text. A text that begins with `@none ` is read without a scope.
fn outcome(text: &str, inventory: &Inventory) -> String {
    let mut live = Live {
        up: inventory.all(),
        down: NodeSet::default(),
    };
    let down = inventory.id("db4").expect("in the fleet");
    live.up.remove(down);
    live.down.insert(down);
    let results = Results(inventory.clone());
    let (facts, groups) = (facts(inventory), groups(inventory));
    let mut context = Context {
        inventory,
        live: &live,
        results: &results,
        learned: Learned {
            facts: FactsNow {
                known: &facts,
                now: Wall(200_000),
                age_max: Duration::from_secs(150),
            },
            groups: &groups,
        },
        last_result: Some(4),
        scope: None,
    };
    let scope = resolve_scope("@role=db", &context).expect("a good scope");
    let (text, scoped) = match text.strip_prefix("(no scope) ") {
        Some(text) => (text, false),
        None => (text, true),
    };
    context.scope = scoped.then_some(&scope);
    let parsed = parse(text, &inventory.known_names());
    match plan(&parsed, text, &context) {
        Ok(plan) => explain(&plan, inventory),
        Err(errors) => {
            let mut out = String::new();
            if let Completeness::Incomplete(open) = &parsed.completeness {
                let _ = writeln!(out, "(goes on: the line ends {open})");
            }
            out.push_str(&render_all(&errors, text));
            out
        }
    }
}

/// Reads a golden file, and writes it with what comes out now.
fn regenerate(file: &str, inventory: &Inventory) -> (String, usize) {
    let mut out = String::new();
    let mut lines = file.lines().peekable();
    let mut n = 0;
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            let _ = writeln!(out, "{line}");
            continue;
        }
        let Some(first) = line.strip_prefix("> ") else {
            continue;
        };
        let mut text = first.to_owned();
        let _ = writeln!(out, "{line}");
        while let Some(more) = lines.next_if(|l| l.starts_with(". ") || *l == ".") {
            text.push('\n');
            text.push_str(more.strip_prefix(". ").unwrap_or_default());
            let _ = writeln!(out, "{more}");
        }
        let _ = writeln!(out, "{}", outcome(&text, inventory));
        n += 1;
    }
    (out, n)
}

#[test]
fn lines_mean_what_the_golden_files_say() {
    let inventory = fleet();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut lines = 0;
    for entry in fs::read_dir(&folder).expect("the folder of golden files") {
        let path = entry.expect("an entry").path();
        let file = fs::read_to_string(&path).expect("a golden file");
        let (now, n) = regenerate(&file, &inventory);
        lines += n;
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, now).expect("write a golden file");
        } else {
            assert_eq!(
                file,
                now,
                "{} differs; UPDATE_EXPECTED=1 accepts it",
                path.display()
            );
        }
    }
    assert!(lines >= 60, "only {lines} golden lines");
}

#[test]
fn a_scope_of_a_result_is_frozen_and_one_of_labels_is_not() {
    let inventory = fleet();
    let results = Results(inventory.clone());
    let live = Live::default();
    let context = Context {
        inventory: &inventory,
        live: &live,
        results: &results,
        learned: Learned::nothing(),
        last_result: Some(4),
        scope: None,
    };
    assert!(
        resolve_scope("@role=db & $3.failed", &context)
            .unwrap()
            .is_frozen
    );
    assert!(!resolve_scope("role=db", &context).unwrap().is_frozen);
    assert!(resolve_scope("role=db : ls", &context).is_err());
}

#[test]
fn only_the_parts_that_a_node_knows_are_sent_to_it() {
    let inventory = fleet();
    let live = Live::default();
    let results = Results(inventory.clone());
    let scope = ResolvedScope::all(&inventory);
    let context = Context {
        inventory: &inventory,
        live: &live,
        results: &results,
        learned: Learned::nothing(),
        last_result: Some(4),
        scope: Some(&scope),
    };
    for (line, there, here) in [
        ("df", 0, 0),
        ("df |> count", 0, 1),
        (
            "df |> parse |> where use_pct > 90 |> top 3 by use_pct",
            2,
            1,
        ),
        ("df |> parse |> where dc = fra |> where use_pct > 90", 1, 2),
        ("df |> parse |> where label.dc = fra", 1, 1),
        ("df |> where state = ok |> parse", 0, 2),
        ("df |> where rc != 0", 0, 1),
        ("df |> where rc != 0 |> parse", 2, 0),
        ("df |> parse |> derive rack = 1", 1, 1),
        ("df |> take 3 per node |> take 3 |> take 3 per node", 0, 3),
        (
            "metric memory.utilization |> where value > 1 |> sort value desc",
            1,
            1,
        ),
        ("facts |> where kernel ~ '^5' |> count by kernel", 1, 1),
        ("nodes |> where dc = fra", 0, 1),
        ("|> where rc = 0", 0, 1),
    ] {
        let parsed = parse(line, &inventory.known_names());
        let planned = plan(&parsed, line, &context);
        let Ok(LinePlan::Query(q)) = planned else {
            panic!("{line}: {planned:?}")
        };
        assert_eq!(
            (q.row_plan.steps.len(), q.fleet.len()),
            (there, here),
            "{line}"
        );
    }
    assert!(scope.nodes.contains(NodeId(0)));
}
