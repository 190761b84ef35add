//! The examples of the functions' documentation, typed as an operator would, come to what it says.

use hailer_lang::ast::{ResultRef, SetKind};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::node_set::NodeSet;
use hailer_lang::parse::parse;
use hailer_lang::plan::{Context, LinePlan, ResolvedScope, plan};
use hailer_lang::selector::{Learned, Live, ResultSetError, ResultSets};
use hailer_protocol::eval::Evaluator;
use hailer_protocol::expr::Function;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::units::display_value;
use hailer_protocol::value::{DataType, Value};

const FLEET: &str =
    "fleet = \"demo\"\n[[nodes]]\nnames = \"web1\"\naddress = \"{name}.example:7117\"\n";

struct NoResults;

impl ResultSets for NoResults {
    fn set(&self, _: ResultRef, _: SetKind) -> Result<NodeSet, ResultSetError> {
        Err(ResultSetError::Unknown { last: None })
    }
}

/// The row plan of `uptime |> parse lines |> REST`.
fn row_plan(rest: &str) -> RowPlan {
    let file = FleetFile::parse(FLEET).expect("the fleet file is TOML");
    let inventory = Inventory::from_fleet_file(&file).expect("the fleet file has no mistakes");
    let scope = ResolvedScope::all(&inventory);
    let context = Context {
        inventory: &inventory,
        live: &Live::default(),
        results: &NoResults,
        learned: Learned::nothing(),
        last_result: None,
        scope: Some(&scope),
    };
    let line = format!("uptime |> parse lines |> {rest}");
    let planned = plan(&parse(&line, &inventory.known_names()), &line, &context);
    let Ok(LinePlan::Query(query)) = planned else {
        panic!("{line}: {planned:?}")
    };
    query.row_plan
}

/// What `derive x = EXPR` makes of an expression.
fn value_of(expr: &str) -> Value {
    let plan = row_plan(&format!("derive x = {expr}"));
    let table = Table {
        columns: vec![Column::new("out", DataType::Str)],
        rows: vec![vec!["nothing".into()]],
    };
    let evaluator = Evaluator::new(&plan).expect("within the limits");
    let mut outcome = evaluator.at(Wall(0)).run(table).expect("the types fit");
    assert!(outcome.notes.is_empty(), "{expr}: {:?}", outcome.notes);
    outcome.table.rows.remove(0).remove(1)
}

#[test]
fn every_example_comes_to_what_the_documentation_says() {
    for (function, name, ..) in Function::ALL {
        let (call, expected) = function.doc().example;
        if *function != Function::Now {
            assert!(call.contains(name), "{call} is no example of {name}");
            assert_eq!(display_value(&value_of(call)), expected, "{call}");
        }
    }
    assert_eq!(value_of("now()"), Value::Time(0));
}

#[test]
fn units_are_part_of_a_literal() {
    for (expr, expected) in [
        ("95%", Value::Percent(95.0)),
        ("10GiB", Value::Size(10 << 30)),
        ("5m", Value::Duration(300_000_000_000)),
        ("2h30m", Value::Duration(9_000_000_000_000)),
        ("2h30m - 30m", Value::Duration(7_200_000_000_000)),
        ("1GiB / 1MiB", Value::Float(1024.0)),
        ("7 % 4", Value::Int(3)),
        ("1 / 0", Value::Null),
        ("2 + 3 * 4 - -1", Value::Int(15)),
        ("not (1 > 2 or null)", Value::Null),
        ("5 in (1, 5)", Value::Bool(true)),
        ("'a' + 'b' ~ '^ab$'", Value::Bool(true)),
        ("null is null", Value::Bool(true)),
        ("now() - 5m < now()", Value::Bool(true)),
        ("time('2026-11-23') < '2026-11-24'", Value::Bool(true)),
        ("concat('a |> b', ' \"c\"')", "a |> b \"c\"".into()),
        ("split('1,5 GB', ',', 2)", "5 GB".into()),
    ] {
        assert_eq!(value_of(expr), expected, "{expr}");
    }
}
