//! Differences as a person sees them: golden files, and what no line of a node may do.

use hailer_table::diff::{Changed, DiffBase, DiffChange, DiffLine, DiffReport, Of, Sign};

use super::diff::{DiffView, render_diff};
use super::fixture::Names;
use super::style::Look;
use super::tests::{golden, look};

fn line(sign: Sign, of: Of, text: &str) -> DiffLine {
    DiffLine {
        sign,
        of,
        at: 1,
        changed: text.to_owned().into(),
    }
}

fn out(sign: Sign, text: &str) -> DiffLine {
    line(sign, Of::Out, text)
}

fn change(nodes: impl IntoIterator<Item = u32>, ending: &str, lines: Vec<DiffLine>) -> DiffChange {
    DiffChange {
        nodes: nodes.into_iter().collect(),
        ending: ending.to_owned(),
        lines,
    }
}

/// Most nodes agree; some have one line more, one failed.
fn majority() -> DiffReport {
    DiffReport {
        base: DiffBase::Majority {
            ending: "ok".to_owned(),
            lines: 12,
        },
        changes: vec![
            change(
                [143],
                "failed rc=1",
                vec![
                    line(Sign::Removed, Of::State, "ok"),
                    line(Sign::Added, Of::State, "failed rc=1"),
                    out(Sign::Removed, "nameserver 10.0.0.2"),
                    line(
                        Sign::Added,
                        Of::Err,
                        "cat: /etc/resolv.conf: No such file or directory",
                    ),
                ],
            ),
            change(
                [1, 2, 3, 117],
                "ok",
                vec![
                    out(Sign::Place, "@@ -4,5 +4,6 @@"),
                    out(Sign::Same, "search example.org"),
                    out(Sign::Removed, "nameserver 10.0.0.2"),
                    out(Sign::Added, "nameserver 10.9.9.9"),
                    out(Sign::Added, "nameserver 10.9.9.8"),
                    out(Sign::Same, "options edns0"),
                ],
            ),
        ],
        same: (100..143).filter(|n| *n != 117).collect(),
    }
}

fn hostile() -> DiffReport {
    let cut = DiffLine {
        changed: Changed {
            text: format!("{}END{}", "日本語".repeat(12), "x".repeat(600)),
            before: 1 << 20,
            behind: 4_000,
        },
        ..out(Sign::Added, "")
    };
    let lines = vec![
        out(Sign::Removed, "\u{1b}[2J\u{1b}]0;owned\u{7}\r"),
        out(Sign::Added, "── db01 · 1 node · ok"),
        out(Sign::Added, "\u{202e}evil \u{5d0}\u{5d1}\u{5d2} \u{200b}"),
        cut,
        line(Sign::Removed, Of::Err, &"e\u{301}".repeat(40)),
        out(
            Sign::Said,
            "reads the same; bytes that are not text differ, or were cut",
        ),
    ];
    DiffReport {
        base: DiffBase::Result { number: 3 },
        changes: vec![
            change([1, 2], "was ok, now failed rc=2", lines),
            change(
                [],
                "",
                vec![line(Sign::Changed, Of::Row, "fra: count 2 -> 3")],
            ),
        ],
        same: vec![5],
    }
}

#[test]
fn a_difference_reads_well_at_every_width() {
    for width in [30, 80] {
        let text = render_diff(&majority(), &Names, &DiffView::short(look(width, false)));
        golden(&format!("diff_{width}"), &text);
    }
    let text = render_diff(&majority(), &Names, &DiffView::short(look(80, true)));
    golden("diff_80_color", &text);
}

#[test]
fn what_a_node_wrote_commands_no_terminal_and_poses_as_no_header() {
    let text = render_diff(&hostile(), &Names, &DiffView::short(look(60, false)));
    golden("diff_hostile", &text);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    let headers = text.lines().filter(|line| line.starts_with('─'));
    assert_eq!(headers.count(), 3, "one for each change, one for the base");
    let ascii = Look {
        ascii: true,
        ..look(60, false)
    };
    assert!(render_diff(&hostile(), &Names, &DiffView::short(ascii)).is_ascii());
}

#[test]
fn long_changes_and_many_of_them_are_counted_on_a_screen_and_whole_in_a_file() {
    let lines = |n: usize| {
        (0..n)
            .map(|n| out(Sign::Added, &format!("line {n}")))
            .collect()
    };
    let report = DiffReport {
        base: DiffBase::Result { number: 1 },
        changes: (0..60).map(|n| change([n], "ok", lines(50))).collect(),
        same: Vec::new(),
    };
    let short = render_diff(&report, &Names, &DiffView::short(look(80, false)));
    assert!(short.contains("  … 10 more lines\n"), "{short}");
    assert!(
        short.contains("… 10 more changes: db[50-59] · 10 nodes\n"),
        "{short}"
    );
    let whole = render_diff(&report, &Names, &DiffView::whole(Look::default()));
    assert_eq!(
        whole.lines().filter(|l| l.starts_with("  + line")).count(),
        3_000
    );
}

#[test]
fn no_difference_is_said() {
    let mut report = majority();
    report.changes.clear();
    let text = render_diff(&report, &Names, &DiffView::short(look(200, false)));
    assert!(text.ends_with("· all answers are equal\n"), "{text}");
    report.base = DiffBase::Result { number: 4 };
    let text = render_diff(&report, &Names, &DiffView::short(look(200, false)));
    assert!(text.ends_with("no change · compared with $4\n"), "{text}");
}
