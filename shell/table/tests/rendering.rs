//! Whole pictures of tables, at three widths.

use crate::common::{Names, apply, frame, group, s, table};
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, View, export, render_table};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

fn disks() -> Frame {
    let columns = vec![
        Column {
            heading: Some("Use%".to_owned()),
            ..Column::new("use_pct", DataType::Percent)
        },
        Column::new("avail", DataType::Size),
        Column {
            heading: Some("Mounted on".to_owned()),
            ..Column::new("mounted_on", DataType::Str)
        },
        Column::new("options", DataType::Str),
    ];
    let rows = [
        (
            91.0,
            Some(3 << 30),
            "/var",
            "rw,nosuid,nodev,relatime,seclabel,attr2,inode64,logbufs=8",
        ),
        (8.5, None, "/srv/データ", "rw"),
        (100.0, Some(0), "/home/cafe\u{301}", "ro"),
    ];
    let parts = rows
        .into_iter()
        .zip(0..)
        .map(|((used, avail, on, options), node)| {
            let avail = avail.map_or(Value::Null, Value::Size);
            let row = vec![Value::Percent(used), avail, s(on), s(options)];
            (
                node,
                hailer_protocol::table::Table {
                    columns: columns.clone(),
                    rows: vec![row],
                },
            )
        });
    Frame::from_node_tables(parts, &Ambient::default(), &Names::new(3))
        .unwrap()
        .0
}

/// Two cells side by side that run from right to left, one that does not, and marks.
fn scripts() -> Frame {
    let names = ["שלום", "مرحبا", "cafe\u{301}", "データ"];
    let parts = names.into_iter().zip(0..).map(|(name, node)| {
        let columns = vec![
            Column::new("a", DataType::Str),
            Column::new("b", DataType::Str),
        ];
        let rows = vec![vec![s(name), s(name)]];
        (node, hailer_protocol::table::Table { columns, rows })
    });
    Frame::from_node_tables(parts, &Ambient::default(), &Names::new(4))
        .unwrap()
        .0
}

#[test]
fn cells_that_run_from_right_to_left_are_kept_apart_on_a_terminal_and_nowhere_else() {
    let on_terminal = draw(&scripts(), 80);
    let expected = "\
node    a       b
──────────────────────
web000  שלום\u{200e}    שלום\u{200e}
web001  مرحبا\u{200e}   مرحبا\u{200e}
web002  cafe\u{301}    cafe\u{301}
web003  データ  データ
";
    assert_eq!(on_terminal, expected, "\n{on_terminal}");
    let in_a_file = render_table(&scripts(), &View::default());
    assert_eq!(in_a_file, expected.replace('\u{200e}', ""));
}

fn draw(frame: &Frame, width: u16) -> String {
    let view = View {
        width: Some(width),
        ..View::default()
    };
    let text = render_table(frame, &view);
    for line in text.lines() {
        assert!(
            line.width() <= usize::from(width),
            "{line:?} is wider than {width}"
        );
    }
    text
}

#[test]
fn a_table_at_120_columns() {
    assert_eq!(
        draw(&disks(), 120),
        "\
node    Use%  avail  Mounted on   options
───────────────────────────────────────────────────────────────────────────────────────────
web000   91%   3GiB  /var         rw,nosuid,nodev,relatime,seclabel,attr2,inode64,logbufs=8
web001  8.5%         /srv/データ  rw
web002  100%     0B  /home/cafe\u{301}   ro
"
    );
}

#[test]
fn a_table_at_80_columns() {
    assert_eq!(
        draw(&disks(), 80),
        "\
node    Use%  avail  Mounted on   options
────────────────────────────────────────────────────────────────────────────────
web000   91%   3GiB  /var         rw,nosuid,nodev,relatime,seclabel,attr2,inode…
web001  8.5%         /srv/データ  rw
web002  100%     0B  /home/cafe\u{301}   ro
"
    );
}

#[test]
fn a_table_at_40_columns() {
    assert_eq!(
        draw(&disks(), 40),
        "\
node    Use%  avail  Mounted on
────────────────────────────────
web000   91%   3GiB  /var
web001  8.5%         /srv/データ
web002  100%     0B  /home/cafe\u{301}
… 1 more column: options
(|> select shows it)
"
    );
    // Too narrow even so: what a row is about stays, and what goes is said.
    assert_eq!(
        draw(&disks(), 32),
        "\
node    Use%  avail  Mounted on
────────────────────────────────
web000   91%   3GiB  /var
web001  8.5%         /srv/データ
web002  100%     0B  /home/cafe\u{301}
… 1 more column: options
(|> select shows it)
"
    );
    assert_eq!(
        draw(&disks(), 25),
        "\
node    Use%  Mounted on
─────────────────────────
web000   91%  /var
web001  8.5%  /srv/データ
web002  100%  /home/cafe\u{301}
… 2 more columns: avail,…
(|> select shows them)
"
    );
}

#[test]
fn groups_wrap_their_nodes_and_never_cut_them() {
    let rows = (0..14)
        .map(|i| vec![s(if i == 5 { "6.1.0-25" } else { "6.1.0-26-amd64" })])
        .collect();
    let (groups, _) = apply(
        &frame(&[("kernel", DataType::Str)], rows),
        &group(&["kernel"]),
    );
    assert_eq!(
        draw(&groups, 40),
        "\
kernel          count  nodes
─────────────────────────────────────
6.1.0-25            1  web005
6.1.0-26-amd64     13  web000,web001,
                       web002,web003,
                       web004,web006,
                       web007,web008,
                       web009,web010,
                       web011,web012,
                       web013
"
    );
}

#[test]
fn rows_that_are_cut_are_counted() {
    let rows = (0..200).map(|i| vec![Value::Int(i)]).collect();
    let frame = frame(&[("n", DataType::Int)], rows);
    let view = View {
        max_rows: Some(2),
        ..View::default()
    };
    assert_eq!(
        render_table(&frame, &view),
        "\
n
─
0
1
… 198 more rows (|> take 200 shows them)
"
    );
}

#[test]
fn an_empty_table_shows_its_headings() {
    let empty = frame(&[("use_pct", DataType::Percent)], vec![]);
    assert_eq!(draw(&empty, 80), "use_pct\n───────\n(no rows)\n");
}

#[test]
fn ascii_only_means_ascii_only() {
    let view = View {
        width: Some(60),
        ascii: true,
        max_rows: Some(2),
        ..View::default()
    };
    let text = render_table(&disks(), &view);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("\\u{30c7}") || text.contains("..."), "{text}");
}

#[test]
fn colour_adds_codes_and_changes_no_text() {
    let (states, _) = Frame::from_node_tables(
        [(0, table(&[("x", DataType::Int)], vec![vec![Value::Int(1)]]))],
        &Ambient::default(),
        &Names::new(1),
    )
    .unwrap();
    let plain = render_table(&states, &View::default());
    let colored = render_table(
        &states,
        &View {
            color: true,
            ..View::default()
        },
    );
    assert!(!plain.contains('\x1b') && colored.contains('\x1b'));
    let mut parts = colored.split('\x1b');
    let mut stripped = parts.next().unwrap().to_owned();
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    let lines = |text: &str| {
        text.lines()
            .map(|l| l.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&stripped), lines(&plain));
}

#[test]
fn the_output_of_commands_as_text_has_its_node_before_each_line() {
    let parts = [
        (0, table(&[("out", DataType::Str)], vec![vec![s("a\nb\n")]])),
        (1, table(&[("out", DataType::Str)], vec![vec![s("")]])),
    ];
    let run = [
        Column::new("state", DataType::Str),
        Column::new("rc", DataType::Int),
    ];
    let mut ambient = Ambient::new(run, [""; 0]).unwrap();
    ambient.insert(0, vec![s("ok"), Value::Int(0)]).unwrap();
    ambient.insert(1, vec![s("failed"), Value::Int(3)]).unwrap();
    let (frame, _) = Frame::from_node_tables(parts, &ambient, &Names::new(2)).unwrap();
    assert_eq!(
        export::text::text(&frame),
        "web000: a\nweb000: b\nweb001: (failed, rc 3)\n"
    );
}

#[test]
fn exports_have_the_languages_names_and_exact_values() {
    assert_eq!(
        export::ndjson::lines(&disks()).lines().nth(1).unwrap(),
        r#"{"node":"web001","use_pct":8.5,"avail":null,"mounted_on":"/srv/データ","options":"rw"}"#
    );
    assert_eq!(
        export::csv::document(&disks()),
        "node,use_pct,avail,mounted_on,options\r\n\
         web000,91,3221225472,/var,\"rw,nosuid,nodev,relatime,seclabel,attr2,inode64,logbufs=8\"\r\n\
         web001,8.5,,/srv/データ,rw\r\n\
         web002,100,0,/home/cafe\u{301},ro\r\n"
    );
    assert_eq!(
        export::text::text(&disks()).lines().nth(1).unwrap(),
        "web001\t8.5%\t\t/srv/データ\trw"
    );
    let empty = frame(&[("x", DataType::Int)], vec![]);
    assert_eq!(export::json::array(&empty), "[]\n");
    assert_eq!(export::csv::document(&empty), "x\r\n");
}

proptest! {
    #[test]
    fn any_text_leaves_every_column_straight(texts in proptest::collection::vec(any::<String>(), 1..6), width in 24_u16..80) {
        let rows = texts.iter().map(|t| vec![s(t), s("|end")]).collect();
        let frame = frame(&[("text", DataType::Str), ("mark", DataType::Str)], rows);
        let drawn = render_table(&frame, &View { width: Some(width), ..View::default() });
        let lines: Vec<&str> = drawn.lines().collect();
        prop_assert_eq!(lines.len(), 2 + texts.len());
        let at = lines[0].find("mark").unwrap();
        for line in &lines[2..] {
            let before = line.strip_suffix("|end").unwrap();
            prop_assert_eq!(before.width(), at, "{:?}", line);
            prop_assert!(line.width() <= usize::from(width));
        }
    }
}

/// One node's answer of many columns, as `lscpu |> parse` has it.
fn one_row() -> Frame {
    let columns: Vec<Column> = [
        ("architecture", DataType::Str),
        ("cpu_s", DataType::Int),
        ("model_name", DataType::Str),
        ("l3_cache", DataType::Size),
        ("flags", DataType::Str),
    ]
    .map(|(name, of)| Column::new(name, of))
    .to_vec();
    let rows = vec![vec![
        s("x86_64"),
        Value::Int(16),
        s("AMD EPYC 7763 64-Core Processor"),
        Value::Size(256 << 20),
        s("fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx"),
    ]];
    let parts = [(0, hailer_protocol::table::Table { columns, rows })];
    Frame::from_node_tables(parts, &Ambient::default(), &Names::new(1))
        .unwrap()
        .0
}

#[test]
fn one_row_that_does_not_fit_stands_upright() {
    let drawn = |width, ascii| {
        let view = View {
            width,
            ascii,
            ..View::default()
        };
        render_table(&one_row(), &view)
    };
    let expected = "\
node          web000
architecture  x86_64
cpu_s         16
model_name    AMD EPYC 7763 64-Core Processor
l3_cache      256MiB
flags         fpu vme de pse tsc msr pae mce cx8 …
";
    assert_eq!(drawn(Some(50), false), expected);
    // Where it fits, and in a file, it is a table as any other.
    assert_eq!(drawn(Some(200), false).lines().count(), 3);
    assert_eq!(drawn(None, false).lines().count(), 3);
    for width in 1..60 {
        let drawn = drawn(Some(width), true);
        assert!(drawn.is_ascii(), "{drawn}");
        let node = drawn.lines().find(|l| l.contains("web000"));
        assert!(node.is_some(), "a node's name is never cut: {drawn}");
    }
}
