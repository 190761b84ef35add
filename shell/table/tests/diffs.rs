//! `diff`: what the odd answers have that most have not, and what changed since another result.

use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::value::{DataType, Value};
use hailer_table::diff::{DiffBase, DiffReport, Sign};
use hailer_table::{Ambient, Frame, FrameColumn, FrameRow, Note, TableError};

use crate::common::{Names, s, shown, table, try_apply, values};

/// What a command answered on `web000`, `web001` …: state, rc, out.
fn answers(of: &[(&str, i64, &str)]) -> Frame {
    let columns = [
        ("state", DataType::Str),
        ("rc", DataType::Int),
        ("out", DataType::Str),
        ("err", DataType::Str),
    ];
    let parts = of.iter().zip(0..).map(|(&(state, rc, out), node)| {
        let row = vec![s(state), Value::Int(rc), s(out), s("")];
        (node, table(&columns, vec![row]))
    });
    let ambient = Ambient::new([], Vec::<String>::new()).unwrap();
    Frame::from_node_tables(parts, &ambient, &Names::new(of.len()))
        .unwrap()
        .0
}

/// Rows of nodes: node, mount, use.
fn mounts(rows: &[(u32, &str, i64)]) -> Frame {
    let columns = [("mount", DataType::Str), ("used", DataType::Int)];
    let parts = rows.iter().map(|&(node, mount, used)| {
        (
            node,
            table(&columns, vec![vec![s(mount), Value::Int(used)]]),
        )
    });
    let ambient = Ambient::new([], Vec::<String>::new()).unwrap();
    Frame::from_node_tables(parts, &ambient, &Names::new(10))
        .unwrap()
        .0
}

fn diff() -> FleetStep {
    FleetStep::Diff {
        with: None,
        by: Vec::new(),
    }
}

fn since(before: &Frame, after: &Frame, by: &[&str]) -> Result<(Frame, Vec<Note>), TableError> {
    let mut around = Names::new(10);
    around.results = vec![before.clone()];
    let step = FleetStep::Diff {
        with: Some(1),
        by: by.iter().map(|c| (*c).to_owned()).collect(),
    };
    after.clone().apply(&step, &around)
}

/// Each change: its nodes, its ending, its lines with their signs.
fn drawn(report: &DiffReport) -> Vec<String> {
    let sign = |sign: Sign| match sign {
        Sign::Same => " ",
        Sign::Removed => "-",
        Sign::Added => "+",
        Sign::Changed => "~",
        Sign::Place => "@",
        Sign::Said => "#",
    };
    let change = |change: &hailer_table::diff::DiffChange| {
        let lines: Vec<String> = change
            .lines
            .iter()
            .map(|line| format!("{}{}", sign(line.sign), line.changed.text))
            .collect();
        format!(
            "{:?} {} | {}",
            change.nodes,
            change.ending,
            lines.join(" | ")
        )
    };
    report.changes.iter().map(change).collect()
}

#[test]
fn odd_answers_are_compared_with_that_of_most_nodes() {
    let frame = answers(&[
        ("ok", 0, "a\nb\n"),
        ("ok", 0, "a\nc\n"),
        ("ok", 0, "a\nb\n"),
        ("failed", 1, ""),
        ("ok", 0, "a\nc\n"),
        ("ok", 0, "a\nb\n"),
        ("unreachable", 0, ""),
    ]);
    let (rows, _) = try_apply(&frame, &diff()).unwrap();
    let report = rows.diff().unwrap();
    assert_eq!(report.same, [0, 2, 5]);
    assert_eq!(
        report.base,
        DiffBase::Majority {
            ending: "ok".to_owned(),
            lines: 2
        }
    );
    assert_eq!(
        drawn(report),
        [
            "[3] failed rc=1 | -ok | +failed rc=1 | -a | -b",
            "[1, 4] ok |  a | -b | +c",
        ]
    );
    assert_eq!(
        shown(&rows)[4..],
        [
            vec![
                s("web001,web004"),
                s("removed"),
                s("out"),
                Value::Int(2),
                s("b")
            ],
            vec![
                s("web001,web004"),
                s("added"),
                s("out"),
                Value::Int(2),
                s("c")
            ],
        ]
    );
    assert_eq!(rows.provenance(5), Some(&[1, 4][..]));
}

#[test]
fn a_verb_behind_it_works_on_the_lines() {
    let frame = answers(&[("ok", 0, "a"), ("ok", 0, "a"), ("ok", 0, "b")]);
    let (rows, _) = try_apply(&frame, &diff()).unwrap();
    let (taken, _) = try_apply(&rows, &FleetStep::Take(1)).unwrap();
    assert!(
        taken.diff().is_none(),
        "it is not the whole difference any more"
    );
    assert_eq!(values(&taken, "change"), [s("removed")]);
}

#[test]
fn without_a_majority_there_is_nothing_to_compare_with() {
    let frame = answers(&[("ok", 0, "a"), ("ok", 0, "b")]);
    let error = try_apply(&frame, &diff()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "diff: no answer is that of most nodes: the largest groups have 1 each"
    );
    assert!(error.hint().is_some());
    let rows = mounts(&[(0, "/", 1)]);
    assert_eq!(
        try_apply(&rows, &diff()).unwrap_err(),
        TableError::NothingToDiff
    );
}

#[test]
fn no_rows_and_one_group_have_no_difference() {
    for frame in [
        answers(&[]),
        answers(&[("ok", 0, "a"), ("ok", 0, "a")]),
        answers(&[("lost", 0, "a"), ("denied", 0, "")]),
    ] {
        let (rows, notes) = try_apply(&frame, &diff()).unwrap();
        assert!(rows.is_empty() && notes.is_empty());
        assert!(rows.diff().unwrap().changes.is_empty());
    }
}

#[test]
fn nodes_that_changed_alike_are_one_change() {
    let before = answers(&[
        ("ok", 0, "x\n1\n2\n3\n4\n5\n"),
        ("ok", 0, "x\ny\n1\n2\n3\n4\n5\n"),
        ("ok", 0, "same"),
        ("ok", 0, "here"),
        ("ok", 0, "gone"),
    ]);
    let after = answers(&[
        ("ok", 0, "x\n1\n2\n3\n4\n5\n6\n"),
        ("ok", 0, "x\ny\n1\n2\n3\n4\n5\n6\n"),
        ("ok", 0, "same"),
        ("timed_out", 137, "he"),
    ]);
    let (rows, _) = since(&before, &after, &[]).unwrap();
    let report = rows.diff().unwrap();
    assert_eq!(report.same, [2]);
    assert_eq!(
        drawn(report),
        [
            "[3] was ok, now timed_out rc=137 | -ok | +timed_out rc=137",
            "[4] only in $1 | -ok",
            "[0, 1] ok | @@@ -5,2 +5,3 @@ |  4 |  5 | +6",
        ]
    );
}

#[test]
fn nodes_that_the_line_is_not_for_have_not_gone() {
    let before = answers(&[("ok", 0, "a"), ("ok", 0, "b")]);
    let after = answers(&[("ok", 0, "c")]);
    let mut around = Names::new(10);
    around.results = vec![before];
    around.scope = Some(vec![0]);
    let step = FleetStep::Diff {
        with: Some(1),
        by: Vec::new(),
    };
    let (rows, _) = after.apply(&step, &around).unwrap();
    assert_eq!(drawn(rows.diff().unwrap()), ["[0] ok | -a | +c"]);
}

#[test]
fn rows_change_come_and_go_by_their_keys() {
    let before = mounts(&[
        (0, "/", 10),
        (0, "/data", 20),
        (1, "/", 10),
        (2, "/", 5),
        (3, "/", 1),
    ]);
    let after = mounts(&[
        (0, "/", 11),
        (0, "/tmp", 1),
        (1, "/", 11),
        (2, "/", 5),
        (4, "/", 1),
    ]);
    let (rows, _) = since(&before, &after, &["mount"]).unwrap();
    let report = rows.diff().unwrap();
    assert_eq!(report.same, [2]);
    assert_eq!(
        drawn(report),
        [
            "[0]  | ~/: used 10 -> 11 | -/data: used 20 | +/tmp: used 1",
            "[1]  | ~/: used 10 -> 11",
            "[3]  | -/: used 1",
            "[4]  | +/: used 1",
        ]
    );
    assert_eq!(
        shown(&rows)[0],
        [
            s("web000,web001"),
            s("changed"),
            s("/"),
            s("used"),
            s("10"),
            s("11")
        ]
    );
}

#[test]
fn without_a_key_equal_rows_cancel_and_one_left_on_each_side_has_changed() {
    let before = mounts(&[(0, "/", 10), (0, "/a", 1), (0, "/a", 1), (1, "/", 3)]);
    let after = mounts(&[(0, "/a", 1), (0, "/", 10), (0, "/b", 2), (1, "/", 4)]);
    let (rows, _) = since(&before, &after, &[]).unwrap();
    assert_eq!(
        drawn(rows.diff().unwrap()),
        [
            "[0]  | ~mount /a -> /b | ~used 1 -> 2",
            "[1]  | ~used 3 -> 4"
        ]
    );
}

#[test]
fn rows_of_no_node_say_their_key_and_columns_on_one_side_are_not_compared() {
    let counted = |rows: &[(&str, i64)], second: &str| {
        let columns = ["dc", second].map(|name| {
            FrameColumn::shown(hailer_protocol::table::Column::new(name, DataType::Null))
        });
        let rows = rows.iter().map(|(dc, n)| FrameRow {
            node: None,
            values: vec![s(dc), Value::Int(*n)],
        });
        Frame::from_rows(columns.to_vec(), rows.collect())
            .unwrap()
            .0
    };
    let (before, after) = (
        counted(&[("ams", 1), ("fra", 2)], "count"),
        counted(&[("ams", 1), ("fra", 3)], "count"),
    );
    let (rows, _) = since(&before, &after, &["dc"]).unwrap();
    assert_eq!(drawn(rows.diff().unwrap()), ["[]  | ~fra: count 2 -> 3"]);
    assert_eq!(rows.provenance(0), None, "rows of no node can be no target");
    let (rows, notes) = since(&before, &counted(&[("ams", 7)], "n"), &["dc"]).unwrap();
    assert_eq!(drawn(rows.diff().unwrap()), ["[]  | -fra"]);
    let notes: Vec<&str> = notes.iter().map(Note::as_str).collect();
    assert_eq!(
        notes,
        [
            "diff: column `n` is only here; not compared",
            "diff: column `count` is only in $1; not compared"
        ]
    );
}

#[test]
fn a_key_that_the_other_result_lacks_is_an_error() {
    let before = answers(&[("ok", 0, "a")]);
    let error = since(&before, &mounts(&[(0, "/", 1)]), &["mount"]).unwrap_err();
    assert_eq!(error.to_string(), "diff: $1 has no column `mount`");
}

#[test]
fn ten_thousand_different_answers_are_bounded_and_said() {
    let texts: Vec<String> = (0..3_000).map(|n| format!("{n}\n")).collect();
    let mut of: Vec<(&str, i64, &str)> = texts.iter().map(|t| ("ok", 0, t.as_str())).collect();
    of.extend([("ok", 0, "most"), ("ok", 0, "most")]);
    let (rows, _) = try_apply(&answers(&of), &diff()).unwrap();
    let said = values(&rows, "line")
        .iter()
        .filter(|v| {
            v.as_str()
                .is_some_and(|t| t.contains("are not compared by line"))
        })
        .count();
    assert_eq!(said, 1, "those that are not compared are one change");
}
