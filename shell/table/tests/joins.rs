//! `join`: which rows stand side by side, what they are called, and whose they are.

use std::collections::BTreeMap;

use hailer_lang::file_format::FileFormat;
use hailer_lang::fleet_plan::{Beside, FleetStep, TableFile};
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, FrameColumn, FrameRow, Note, TableError, check_keys};

type Joined = Result<(Frame, Vec<Note>), TableError>;

use crate::common::{Names, count, frame, group, s, shown, values};

fn join(left: &Frame, right: &Frame, by: &[&str]) -> Result<(Frame, Vec<Note>), TableError> {
    joined(left, right, by, false)
}

fn joined(
    left: &Frame,
    right: &Frame,
    by: &[&str],
    is_left: bool,
) -> Result<(Frame, Vec<Note>), TableError> {
    let mut around = Names::new(10);
    around.results = vec![right.clone()];
    let step = FleetStep::Join {
        with: Beside::Result(1),
        by: by.iter().map(|c| (*c).to_owned()).collect(),
        is_left,
    };
    left.clone().apply(&step, &around)
}

fn names(frame: &Frame) -> Vec<&str> {
    let shown = frame.shown_columns();
    shown.map(|(_, c)| c.column.name.as_str()).collect()
}

/// Kernels of three nodes.
fn kernels() -> Frame {
    frame(
        &[("kernel", DataType::Str), ("n", DataType::Int)],
        vec![
            vec![s("6.1"), Value::Int(1)],
            vec![s("6.6"), Value::Int(2)],
            vec![Value::Null, Value::Int(3)],
        ],
    )
}

/// What is known of kernels: two rows of 6.1, one without a kernel.
fn known() -> Frame {
    frame(
        &[("kernel", DataType::Str), ("n", DataType::Str)],
        vec![
            vec![s("6.1"), s("old")],
            vec![Value::Null, s("none")],
            vec![s("6.1"), s("very old")],
        ],
    )
}

#[test]
fn rows_stand_beside_all_their_matches_and_null_matches_nothing() {
    let (frame, notes) = join(&kernels(), &known(), &["kernel"]).unwrap();
    assert_eq!(names(&frame), ["kernel", "n", "n_1"]);
    assert_eq!(
        shown(&frame),
        [
            vec![s("6.1"), Value::Int(1), s("old")],
            vec![s("6.1"), Value::Int(1), s("very old")],
        ]
    );
    assert_eq!(
        frame.provenance(1),
        Some(&[0][..]),
        "nodes are the left side's"
    );
    assert_eq!(
        notes[0].as_str(),
        "join: 2 of 3 rows have no match in $1; left out; `join left` keeps them"
    );
}

#[test]
fn join_left_keeps_rows_without_a_match() {
    let (frame, notes) = joined(&kernels(), &known(), &["kernel"], true).unwrap();
    assert_eq!(
        values(&frame, "n_1"),
        [s("old"), s("very old"), Value::Null, Value::Null]
    );
    assert_eq!(frame.nodes(), [0, 1, 2]);
    assert!(notes[0].as_str().ends_with("their columns are null"));
}

#[test]
fn a_result_of_no_rows_joins_to_none_or_to_nulls() {
    let none = frame(&[("kernel", DataType::Str), ("x", DataType::Int)], vec![]);
    let (inner, _) = join(&kernels(), &none, &["kernel"]).unwrap();
    assert_eq!((inner.len(), names(&inner)), (0, vec!["kernel", "n", "x"]));
    let (left, _) = joined(&kernels(), &none, &["kernel"], true).unwrap();
    assert_eq!(values(&left, "x"), [Value::Null, Value::Null, Value::Null]);
    let (nothing, notes) = join(&none, &kernels(), &["kernel"]).unwrap();
    assert!(nothing.is_empty() && notes.is_empty());
}

#[test]
fn numbers_that_are_none_match_nothing_and_zero_is_one_number() {
    let numbers = |values: [f64; 3]| {
        let rows = values.map(|x| vec![Value::Float(x)]).to_vec();
        frame(&[("x", DataType::Float)], rows)
    };
    let right = numbers([0.0, f64::NAN, 2.5]);
    let (frame, _) = join(&numbers([-0.0, f64::NAN, 2.5]), &right, &["x"]).unwrap();
    assert_eq!(frame.nodes(), [0, 2]);
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let error = join(&kernels(), &known(), &["kernal"]).unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean `kernel`?");
    let other = frame(&[("k", DataType::Str)], vec![]);
    let error = join(&kernels(), &other, &["kernel"]).unwrap_err();
    assert_eq!(error.to_string(), "join: $1 has no column `kernel`");
    assert_eq!(error.hint().unwrap(), "it has k");
}

#[test]
fn keys_of_unlike_types_are_refused_with_a_way_out() {
    let error = join(&kernels(), &known(), &["n"]).unwrap_err();
    assert_eq!(error.to_string(), "join: `n` is int here and string in $1");
    assert_eq!(
        error.hint().unwrap(),
        "make it a number there: `derive n = int(n)`"
    );
}

#[test]
fn without_by_both_sides_need_nodes() {
    let around = Names::new(10);
    let by_node = |frame: &Frame| frame.clone().apply(&group(&["kernel"]), &around).unwrap().0;
    let error = join(&by_node(&kernels()), &known(), &[]).unwrap_err();
    assert!(matches!(
        error,
        TableError::NoNodeToJoin {
            is_right: false,
            ..
        }
    ));
    assert!(error.hint().unwrap().contains("by"));
}

#[test]
fn groups_can_be_joined_by_what_they_were_grouped_by() {
    let around = Names::new(10);
    let counted = |frame: &Frame| frame.clone().apply(&count(&["kernel"]), &around).unwrap().0;
    let (both, _) = join(&counted(&kernels()), &counted(&known()), &["kernel"]).unwrap();
    assert_eq!(names(&both), ["kernel", "count", "count_1"]);
    assert_eq!(shown(&both), [vec![s("6.1"), Value::Int(1), Value::Int(2)]]);
}

#[test]
fn a_product_that_is_too_large_is_refused_before_it_is_made() {
    let same = frame(
        &[("x", DataType::Int)],
        (0..3_000).map(|_| vec![Value::Int(7)]).collect(),
    );
    let error = join(&same, &same, &["x"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "join: 3000 rows and 3000 rows would make 9000000, at most 4000000 are possible"
    );
}

/// Owners of two nodes, as a file has them.
fn owners(columns: [(&str, DataType); 2]) -> BTreeMap<&'static str, Frame> {
    let rows = [("web000", "ada"), ("web002", "grace"), ("web009", "nobody")];
    let rows = rows.map(|(node, owner)| vec![s(node), s(owner)]).to_vec();
    let columns = columns.map(|(n, t)| FrameColumn::shown(Column::new(n, t)));
    let rows = rows
        .into_iter()
        .map(|values| FrameRow { node: None, values });
    let frame = Frame::from_rows(columns.to_vec(), rows.collect())
        .unwrap()
        .0;
    BTreeMap::from([("owners.csv", frame)])
}

/// Kernels with the names of their nodes, as a probe's rows have them.
fn with_nodes() -> Frame {
    let mut columns = vec![FrameColumn::node()];
    columns.push(FrameColumn::shown(Column::new("kernel", DataType::Str)));
    let row = |node: u32, kernel: &str| FrameRow {
        node: Some(node),
        values: vec![s(&format!("web{node:03}")), s(kernel)],
    };
    let rows = vec![row(0, "6.1"), row(1, "6.6"), row(2, "6.1")];
    Frame::from_rows(columns, rows).unwrap().0
}

fn join_file(left: &Frame, files: BTreeMap<&'static str, Frame>, by: &[&str]) -> Joined {
    let mut around = Names::new(10);
    around.files = files;
    let step = FleetStep::Join {
        with: Beside::File(TableFile {
            file: "owners.csv".to_owned(),
            format: FileFormat::Csv,
        }),
        by: by.iter().map(|c| (*c).to_owned()).collect(),
        is_left: false,
    };
    left.clone().apply(&step, &around)
}

#[test]
fn the_rows_of_a_file_stand_beside_nodes_by_name_and_make_nobody_theirs() {
    let files = owners([("node", DataType::Str), ("kernel", DataType::Str)]);
    let (frame, notes) = join_file(&with_nodes(), files, &[]).unwrap();
    assert_eq!(names(&frame), ["node", "kernel", "kernel_file"]);
    let owners = ["ada", "grace"].map(s).to_vec();
    assert_eq!(values(&frame, "kernel_file"), owners);
    assert_eq!(frame.provenance(0), Some(&[0][..]));
    assert_eq!(frame.provenance(1), Some(&[2][..]));
    let notes: Vec<&str> = notes.iter().map(Note::as_str).collect();
    assert_eq!(
        notes,
        [
            "of a file",
            "join: 1 of 3 rows has no match in owners.csv; left out; `join left` keeps them"
        ]
    );
}

#[test]
fn a_file_without_the_columns_that_are_compared_says_which_it_has() {
    let files = owners([("host", DataType::Str), ("owner", DataType::Str)]);
    let error = join_file(&with_nodes(), files.clone(), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "join: without `by` it compares `node`, which the rows of owners.csv do not have"
    );
    let error = join_file(&with_nodes(), files.clone(), &["kernel"]).unwrap_err();
    assert_eq!(error.to_string(), "join: owners.csv has no column `kernel`");
    assert_eq!(error.hint().unwrap(), "it has host, owner");
    let with = Beside::File(TableFile {
        file: "owners.csv".to_owned(),
        format: FileFormat::Csv,
    });
    let by = |name: &str| [name.to_owned()];
    assert!(check_keys(&files["owners.csv"], &with, &by("host")).is_ok());
    assert!(check_keys(&files["owners.csv"], &with, &by("kernel")).is_err());
    assert!(check_keys(&files["owners.csv"], &with, &[]).is_err());
}
