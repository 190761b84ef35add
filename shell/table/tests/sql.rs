//! `sql`: what queries give, of which types, and what they are refused for.

use crate::common::{apply, frame, s, shown, try_apply};
use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, FrameColumn, FrameRow};

fn sql(query: &str) -> FleetStep {
    FleetStep::Sql {
        query: query.to_owned(),
        results: Vec::new(),
    }
}

/// Disks of three nodes; `dc` is a label.
fn disks() -> Frame {
    let columns = vec![
        FrameColumn::node(),
        FrameColumn::shown(Column::new("size", DataType::Size)),
        FrameColumn::shown(Column::new("use_pct", DataType::Percent)),
        FrameColumn::shown(Column::new("up", DataType::Duration)),
        FrameColumn::shown(Column::new("at", DataType::Time)),
        FrameColumn::shown(Column::new("n", DataType::Int)),
        FrameColumn::label(Column::new("label.dc", DataType::Str)),
    ];
    let row = |node: u32, n: i64, dc: &str| FrameRow {
        node: Some(node),
        values: vec![
            Value::from(format!("n{node}")),
            Value::Size(n * 1024),
            Value::Percent(n as f64),
            Value::Duration(n * 60_000_000_000),
            Value::Time(n * 1000),
            Value::Int(n),
            s(dc),
        ],
    };
    let rows = vec![row(1, 2, "fra"), row(2, 1, "ams"), row(3, 5, "fra")];
    Frame::from_rows(columns, rows).unwrap().0
}

fn types(frame: &Frame) -> Vec<(String, DataType)> {
    let of = |c: &FrameColumn| (c.column.name.clone(), c.column.data_type);
    frame.columns().iter().map(of).collect()
}

#[test]
fn units_stay_where_a_column_is_selected_or_condensed() {
    let check = |query: &str, expected: &[(&str, DataType)], rows: &[Vec<Value>]| {
        let (result, notes) = apply(&disks(), &sql(query));
        assert!(notes.is_empty(), "{query}: {notes:?}");
        let expected: Vec<(String, DataType)> = expected
            .iter()
            .map(|(n, t)| ((*n).to_owned(), *t))
            .collect();
        assert_eq!(types(&result), expected, "{query}");
        assert_eq!(shown(&result), rows, "{query}");
    };
    check(
        "SELECT node, size, up, at FROM self WHERE n = 2",
        &[
            ("node", DataType::Str),
            ("size", DataType::Size),
            ("up", DataType::Duration),
            ("at", DataType::Time),
        ],
        &[vec![
            s("n1"),
            Value::Size(2048),
            Value::Duration(120_000_000_000),
            Value::Time(2000),
        ]],
    );
    check(
        "SELECT MAX(size) AS worst, avg(size) AS mean, SUM(n) AS n, AVG(use_pct) AS u, max(up) AS up,
         count(*) AS rows FROM self",
        &[
            ("worst", DataType::Size),
            ("mean", DataType::Size),
            ("n", DataType::Int),
            ("u", DataType::Percent),
            ("up", DataType::Duration),
            ("rows", DataType::Int),
        ],
        &[vec![
            Value::Size(5120),
            Value::Size(2731),
            Value::Int(8),
            Value::Percent(8.0 / 3.0),
            Value::Duration(300_000_000_000),
            Value::Int(3),
        ]],
    );
    // What is computed is a number, whatever it is called.
    check(
        "SELECT size * 2 AS size FROM self WHERE n = 1",
        &[("size", DataType::Int)],
        &[vec![Value::Int(2048)]],
    );
    check(
        "WITH t AS (SELECT n AS size FROM self) SELECT size FROM t WHERE size = 1",
        &[("size", DataType::Int)],
        &[vec![Value::Int(1)]],
    );
    check(
        "SELECT up FROM self WHERE up > INTERVAL '3 minutes'",
        &[("up", DataType::Duration)],
        &[vec![Value::Duration(300_000_000_000)]],
    );
}

#[test]
fn a_hidden_column_is_seen_when_it_is_named() {
    let query =
        "SELECT \"label.dc\" AS dc, COUNT(*) AS n FROM self GROUP BY \"label.dc\" ORDER BY dc";
    let (result, _) = apply(&disks(), &sql(query));
    assert_eq!(
        shown(&result),
        [[s("ams"), Value::Int(1)], [s("fra"), Value::Int(2)]]
    );
    let (all, _) = apply(&disks(), &sql("SELECT * FROM self ORDER BY n LIMIT 1"));
    assert_eq!(all.columns().len(), 6);
    assert_eq!(all.columns()[1].column.data_type, DataType::Size);
}

#[test]
fn rows_of_a_query_are_of_no_node() {
    let (result, _) = apply(&disks(), &sql("SELECT node FROM self"));
    assert_eq!((result.provenance(0), result.nodes().len()), (None, 0));
    assert!(!result.columns()[0].is_node());
}

#[test]
fn names_with_quotes_and_of_words_are_columns() {
    let columns = [("select", DataType::Int), ("it's", DataType::Int)];
    let table = frame(&columns, vec![vec![Value::Int(1), Value::Int(2)]]);
    let (result, _) = apply(
        &table,
        &sql("SELECT \"select\", \"it's\" + 1 AS b FROM self"),
    );
    assert_eq!(shown(&result), [[Value::Int(1), Value::Int(3)]]);
}

#[test]
fn no_rows_and_nulls_are_fine() {
    let empty = frame(&[("x", DataType::Size), ("y", DataType::Null)], vec![]);
    let (result, _) = apply(&empty, &sql("SELECT x, y FROM self"));
    assert_eq!((result.len(), types(&result)[0].1), (0, DataType::Size));
    let (result, _) = apply(&empty, &sql("SELECT COUNT(*) AS n, MAX(x) AS x FROM self"));
    assert_eq!(shown(&result), [[Value::Int(0), Value::Null]]);
}

#[test]
fn what_a_query_cannot_do_is_one_clear_error() {
    for (query, expected, hint) in [
        (
            "DROP TABLE self",
            "only SELECT is carried out, and not DROP",
            "SELECT",
        ),
        (
            "DELETE FROM self",
            "only SELECT is carried out, and not DELETE",
            "SELECT",
        ),
        (
            "EXPLAIN SELECT 1",
            "only SELECT is carried out, and not EXPLAIN",
            "SELECT",
        ),
        ("SELECT 1; SELECT 2", "one query at a time", ""),
        ("", "the query is empty", "FROM self"),
        ("SELECT * FROM rows", "there is no table `rows`", "`self`"),
        (
            "SELECT * FROM read_csv('/etc/passwd')",
            "reads no files",
            "open FILE",
        ),
        (
            "SELECT * FROM read_parquet('x') AS t",
            "reads no files",
            "open FILE",
        ),
        ("SELECT * INTO t FROM self", "writes no tables", "save"),
        ("SELEC 1", "Expected: an SQL statement", ""),
        (
            "SELECT nosuch FROM self",
            "the table has no column `nosuch`",
            "it has",
        ),
        (
            "SELECT sise FROM self",
            "the table has no column `sise`",
            "did you mean `size`?",
        ),
        ("SELECT nosuch(n) FROM self", "nosuch", ""),
        (
            "SELECT ARRAY_AGG(n) AS x FROM self",
            "no single value",
            "aggregate",
        ),
        ("SELECT 'open FROM self", "Unterminated", ""),
    ] {
        let error = try_apply(&disks(), &sql(query)).expect_err(query);
        let text = error.to_string();
        assert!(text.starts_with("sql: "), "{text}");
        assert!(text.contains(expected), "{query}: {text}");
        let found = error.hint().unwrap_or_default();
        assert!(found.contains(hint), "{query}: {found}");
    }
}

#[test]
fn what_would_wrap_or_fill_memory_is_refused() {
    let large = frame(
        &[("x", DataType::Int)],
        [i64::MAX, 1].map(|n| vec![Value::Int(n)]).to_vec(),
    );
    let error = try_apply(&large, &sql("SELECT SUM(x) FROM self")).unwrap_err();
    assert_eq!(error.to_string(), "sql: a sum of `x` might not fit 64 bits");
    assert!(try_apply(&large, &sql("SELECT MAX(x) FROM self")).is_ok());
    let rows = (0..4000).map(|n| vec![Value::Int(n)]).collect();
    let many = frame(&[("x", DataType::Int)], rows);
    for query in [
        "SELECT COUNT(*) FROM self a CROSS JOIN self b",
        "SELECT COUNT(*) FROM self, self AS b",
    ] {
        let error = try_apply(&many, &sql(query)).expect_err(query);
        assert!(error.to_string().contains("16000000 rows"), "{error}");
    }
}

#[test]
fn deep_queries_are_refused_or_carried_out_and_never_end_the_shell() {
    let size = hailer_lang::sql::QUERY_BYTES_MAX;
    let sum = format!("SELECT 1{} AS x FROM self", "+1".repeat((size - 30) / 2));
    let and = format!(
        "SELECT n FROM self WHERE n=1{}",
        " OR n=1".repeat((size - 40) / 7)
    );
    let deep = format!(
        "SELECT {}1{} FROM self",
        "(".repeat(size / 3),
        ")".repeat(size / 3)
    );
    let not = format!("SELECT {}true FROM self", "NOT ".repeat(size / 5));
    let union = vec!["SELECT n FROM self"; size / 30].join(" UNION ALL ");
    for query in [sum, and, deep, not, union] {
        let error = try_apply(&disks(), &sql(&query)).expect_err(&query);
        assert!(error.to_string().contains("at most 128"), "{error}");
    }
    // As deep as it may be, on the stack of a test's thread.
    let sum = format!("SELECT 1{} AS x FROM self", "+1".repeat(120));
    let and = format!("SELECT n FROM self WHERE n=1{}", " OR n=1".repeat(60));
    let deep = format!("SELECT {}1{} FROM self", "(".repeat(60), ")".repeat(60));
    let not = format!("SELECT {}true FROM self", "NOT ".repeat(120));
    let union = vec!["SELECT n FROM self"; 30].join(" UNION ALL ");
    for query in [sum, and, deep, not, union] {
        let _ = try_apply(&disks(), &sql(&query));
    }
    let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let many = format!("SELECT n FROM self WHERE n IN ({})", many.join(", "));
    assert_eq!(apply(&disks(), &sql(&many)).0.len(), 3);
}

#[test]
fn what_is_divided_by_zero_is_null_and_said() {
    for query in [
        "SELECT n / 0 AS x FROM self",
        "SELECT n / (n - n) AS x FROM self",
        "SELECT n % (n - n) AS x FROM self",
        "SELECT use_pct / (n * 0) AS x FROM self",
        "SELECT sum(n) / (count(*) - 3) AS x FROM self",
    ] {
        let (result, notes) = apply(&disks(), &sql(query));
        let values: Vec<Value> = shown(&result).into_iter().flatten().collect();
        assert!(values.iter().all(Value::is_null), "{query}: {values:?}");
        let notes: Vec<&str> = notes.iter().map(hailer_table::Note::as_str).collect();
        assert_eq!(notes, ["sql: what is divided by zero is null"], "{query}");
    }
    let (result, notes) = apply(&disks(), &sql("SELECT n / 2 AS x FROM self WHERE n = 5"));
    assert_eq!(shown(&result), [[Value::Float(2.5)]]);
    assert!(notes.is_empty(), "{notes:?}");
    let (result, _) = apply(&disks(), &sql("SELECT n FROM self WHERE 10 / (n - 1) > 3"));
    assert_eq!(shown(&result), [[Value::Int(2)]]);
}

#[test]
fn whole_numbers_that_might_wrap_are_refused() {
    let columns = [("x", DataType::Int)];
    let large = frame(
        &columns,
        vec![vec![Value::Int(i64::MAX / 2)], vec![Value::Int(3)]],
    );
    for query in [
        "SELECT x * 3 AS y FROM self",
        "SELECT x + x + x AS y FROM self",
        "SELECT -x - x - x AS y FROM self",
        "SELECT x FROM self WHERE x * x > 5",
        "SELECT max(x) * 4 AS y FROM self",
        "SELECT sum(x * 2) AS y FROM self",
        "SELECT y * 2 AS z FROM (SELECT x * 2 AS y FROM self) AS t",
        "WITH t AS (SELECT x + 1 AS y FROM self) SELECT y * y AS z FROM t",
        "SELECT 9223372036854775807 + 1 AS y FROM self",
        "SELECT CASE WHEN x > 5 THEN x ELSE 1 END * 3 AS y FROM self",
    ] {
        let error = try_apply(&large, &sql(query)).unwrap_err();
        assert!(error.to_string().contains("64 bits"), "{query}: {error}");
        assert!(error.hint().unwrap().contains("CAST"), "{query}");
    }
    for query in [
        "SELECT CAST(x AS DOUBLE) * 3 AS y FROM self",
        "SELECT x + 1 AS y FROM self",
        "SELECT x / 3 AS y FROM self",
        "SELECT count(*) * 1000 AS y FROM self",
    ] {
        assert!(try_apply(&large, &sql(query)).is_ok(), "{query}");
    }
}

#[test]
fn what_polars_says_is_told_in_our_words_with_a_way_on() {
    for (query, says, help) in [
        (
            "SELECT n FROM self WHERE node > 5",
            "text is compared with a number",
            "in quotes",
        ),
        (
            "SELECT node + 1 AS x FROM self",
            "this computes with text",
            "CAST",
        ),
        (
            "SELECT CAST(node AS BIGINT) AS x FROM self",
            "what CAST is to make of it",
            "TRY_CAST",
        ),
        (
            "SELECT nothing_of_the_kind(n) FROM self",
            "no such function",
            "help functions",
        ),
        ("SELECT n, n FROM self", "would be called the same", "AS y"),
        (
            "SELECT node, max(n) FROM self GROUP BY up",
            "beside an aggregate",
            "max(column)",
        ),
    ] {
        let error = try_apply(&disks(), &sql(query)).unwrap_err();
        let (text, hint) = (error.to_string(), error.hint().unwrap_or_default());
        assert!(
            text.contains(says) && text.ends_with(')'),
            "{query}: {text}"
        );
        assert!(hint.contains(help), "{query}: {hint}");
    }
}

#[test]
fn counts_and_lengths_go_below_zero_as_other_numbers_do() {
    for (query, expected) in [
        ("SELECT count(*) - 100 AS x FROM self", -97),
        ("SELECT count(n) - 100 AS x FROM self", -97),
        (
            "SELECT max(EXTRACT(YEAR FROM at) * 10000000) AS x FROM self",
            19_700_000_000,
        ),
        ("SELECT max(length(node) - 5) AS x FROM self", -3),
        (
            "SELECT c - 100 AS x FROM (SELECT count(*) AS c FROM self) AS t",
            -97,
        ),
        (
            "SELECT count(*) * 10000000000 AS x FROM self",
            30_000_000_000,
        ),
    ] {
        let (result, _) = apply(&disks(), &sql(query));
        assert_eq!(shown(&result), [[Value::Int(expected)]], "{query}");
    }
}
