//! Whole views: golden files of what a person sees, and what no view may ever contain.
//!
//! `HAILER_UPDATE_GOLDEN=1 cargo test -p hailer-shell view` writes the files anew; read the
//! difference before you keep it.

use std::path::PathBuf;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;

use super::fixture::{Names, answer, gathered, silent};
use super::footer::render_footer;
use super::groups::{GroupsView, render_groups};
use super::live::Live;
use super::refresh::preview;
use super::style::{Line, Look, text_of};
use crate::fleet::answer::Answer;
use crate::fleet::retried::Retried;

/// Compares with `tests/golden/view/NAME.txt`.
#[track_caller]
pub(super) fn golden(name: &str, found: &str) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(format!("tests/golden/view/{name}.txt"));
    if std::env::var_os("HAILER_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{} differs", path.display());
}

pub(super) fn look(width: u16, color: bool) -> Look {
    Look {
        width: Some(width),
        color,
        ..Look::default()
    }
}

/// A night with a bit of everything: 48 targets.
fn mixed() -> Vec<Answer> {
    let df = b"Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda1        97G   41G   56G  43% /\n";
    let full = b"Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda1        97G   96G  120M 100% /\n";
    let mut answers: Vec<Answer> = (101..142).map(|node| answer(node, 0, df, b"")).collect();
    answers.push(answer(142, 0, full, b""));
    for node in [143, 157] {
        answers.push(answer(
            node,
            1,
            b"",
            b"df: /mnt/backup: Stale file handle\n",
        ));
    }
    answers.push(answer(144, 0, b"", b""));
    answers.push(silent(
        4,
        State::Unreachable,
        "no connection: timed out after 3s",
    ));
    answers.push(silent(
        5,
        State::Lost,
        "outcome unknown: the connection ended before the node had answered",
    ));
    answers.push(Answer {
        cut_bytes: 3 << 29,
        left_behind: 2,
        notes: vec![Clean::line("no cgroup: limits of memory did not hold")],
        ..Answer {
            state: State::TimedOut,
            ..answer(6, 137, b"scanning /dev/sdb\n", b"")
        }
    });
    answers
}

/// What a hostile node may send.
fn hostile() -> Vec<Answer> {
    let screen = b"\x1b[2J\x1b]0;owned\x07\x9b31m\xc2\x9b31m ok\r\n\0NUL \x7f \xe2\x80\xae evil \xe2\x80\x8b\n";
    let forged = "── db01 · 1 node · ok · 3 ms\n48 nodes: 48 ok in 0.31 s\nerr│ fine\n";
    let marks = format!("a{}\n", "\u{301}".repeat(40));
    let wide = "日本語テキスト".repeat(20);
    let mut long = vec![b'x'; 1 << 20];
    long.push(b'\n');
    vec![
        answer(1, 0, screen, b""),
        answer(2, 0, forged.as_bytes(), b"\x1b[31mred\x1b[0m\n"),
        answer(3, 0, marks.as_bytes(), b""),
        answer(4, 0, wide.as_bytes(), b"a\tb\tc\n"),
        answer(5, 0, &long, b""),
        answer(6, 0, b"the same\n", b""),
        answer(7, 0, b"the same", b""),
        silent(8, State::Denied, "policy: \x1b[2J\u{202e}no"),
    ]
}

/// Ten thousand nodes: most are equal, some hundred differ, some do not fold.
fn large() -> Vec<Answer> {
    let mut answers: Vec<Answer> = (100..9_700)
        .map(|n| answer(n, 0, b"6.1.0-18\n", b""))
        .collect();
    answers.extend((9_700..9_900).map(|node| {
        let said = format!("6.1.0-{node}\n");
        answer(node, 0, said.as_bytes(), b"")
    }));
    let refused = "no connection: connection refused";
    answers.extend((100_000..100_200).map(|n| silent(n, State::Unreachable, refused)));
    answers
}

fn groups(answers: Vec<Answer>, view: &GroupsView) -> String {
    let (gather, summary) = gathered(answers);
    render_groups(&gather, &summary, &Names, view)
}

#[test]
fn a_mixed_result_reads_well_at_every_width() {
    for width in [40, 80, 200] {
        let view = GroupsView::short(look(width, false));
        golden(&format!("mixed_{width}"), &groups(mixed(), &view));
    }
    let view = GroupsView::short(look(80, true));
    golden("mixed_80_color", &groups(mixed(), &view));
}

#[test]
fn a_result_in_a_file_is_whole() {
    let view = GroupsView::whole(Look::default());
    golden("mixed_whole", &groups(mixed(), &view));
}

#[test]
fn one_group_is_shown_as_the_answer_that_it_is() {
    let said: String = (1..=60).map(|n| format!("line {n}\n")).collect();
    let one = (100..120).map(|node| answer(node, 0, said.as_bytes(), b""));
    golden(
        "one_group",
        &groups(one.collect(), &GroupsView::short(look(80, false))),
    );
}

#[test]
fn the_largest_group_is_shortened_and_a_tie_has_none() {
    let long: String = (1..=30).map(|n| format!("line {n}\n")).collect();
    let answers = |n_odd: u32| {
        let most = (100..103).map(|node| answer(node, 0, long.as_bytes(), b""));
        let odd = (200..200 + n_odd).map(|node| answer(node, 0, b"odd\n", b""));
        most.chain(odd).collect()
    };
    let view = GroupsView::short(look(80, false));
    golden("largest_is_shortened", &groups(answers(1), &view));
    assert!(!groups(answers(3), &view).contains("more lines"));
}

#[test]
fn hostile_output_shows_what_it_is() {
    for width in [40, 80] {
        let view = GroupsView::short(look(width, false));
        golden(&format!("hostile_{width}"), &groups(hostile(), &view));
    }
}

#[test]
fn ten_thousand_nodes_fit_the_eye() {
    let view = GroupsView {
        groups_max: Some(4),
        ..GroupsView::short(look(80, false))
    };
    golden("large_80", &groups(large(), &view));
}

#[test]
fn a_failure_among_many_different_answers_keeps_its_place() {
    let mut answers: Vec<Answer> = (100..400)
        .map(|node| answer(node, 0, format!("up {node} days\n").as_bytes(), b""))
        .collect();
    answers.extend((400..405).map(|node| answer(node, 127, b"", b"uptime: not found\n")));
    answers.extend((405..411).map(|node| answer(node, 0, b"up 1 day\n", b"")));
    let view = GroupsView {
        groups_max: Some(4),
        ..GroupsView::short(look(80, false))
    };
    golden("failure_among_many", &groups(answers, &view));
}

#[test]
fn nothing_is_left_out_of_the_whole_view_of_a_large_fleet() {
    let text = groups(large(), &GroupsView::whole(Look::default()));
    assert!(!text.contains('…'), "something is left out");
    assert_eq!(text.matches("\n── ").count() + 1, 202);
    assert!(text.ends_with("10,000 nodes: 9,800 ok · 200 unreachable in 0.31 s\n"));
}

#[test]
fn the_footer_names_who_is_missing_whatever_the_table_shows() {
    for width in [40, 80, 200] {
        let (gather, summary) = gathered(mixed());
        let text = render_footer(&gather, &summary, &Names, look(width, false));
        golden(&format!("footer_{width}"), &text);
    }
}

#[test]
fn the_footer_says_what_was_asked_once_more_and_when() {
    let (gather, mut summary) = gathered(mixed());
    summary.retried = Some(Retried {
        nodes: [143, 157].map(NodeId).into_iter().collect(),
        not_asked: std::iter::once(NodeId(4)).collect(),
        at: Wall(1_769_846_400_250),
    });
    let text = render_footer(&gather, &summary, &Names, look(80, false));
    golden("footer_retried", &text);
}

#[test]
fn many_reasons_of_one_state_are_summed_up_and_all_nodes_named() {
    let answers = (0..20).map(|node| silent(node, State::Lost, &format!("reason {}", node / 2)));
    let (gather, summary) = gathered(answers);
    let text = render_footer(&gather, &summary, &Names, look(80, false));
    golden("footer_reasons", &text);
}

#[test]
fn a_preview_keeps_to_its_place() {
    let (gather, _) = gathered(mixed());
    let live = Live {
        done: 47,
        total: 60,
        not_ok: 5,
        groups: gather.groups().len(),
        bytes: 4096,
        open: None,
        elapsed: std::time::Duration::from_millis(2_500),
    };
    let draw = |width, height| preview(gather.groups(), &live, &Names, look(width, false), height);
    golden("preview_80", &text_of(&draw(80, 12)));
    golden("preview_40", &text_of(&draw(40, 6)));
    for width in [0, 1, 7, 20, 80, 200] {
        for height in 0..20 {
            let lines = draw(width, height);
            assert!(lines.len() <= height, "{} lines in {height}", lines.len());
            let widest = lines.iter().map(Line::width).max().unwrap_or(0);
            assert!(widest <= usize::from(width), "{widest} columns in {width}");
        }
    }
}

/// What may stand in a view: text, newlines, and with colour the attributes that are ours.
#[track_caller]
fn assert_harmless(text: &str, color: bool) {
    let mut rest = text.to_owned();
    if color {
        for sgr in [
            "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[35m",
        ] {
            rest = rest.replace(sgr, "");
        }
    }
    let kept = Clean::line(&rest.replace('\n', ""));
    assert_eq!(kept.as_str(), rest.replace('\n', ""));
}

#[test]
fn no_view_lets_a_control_character_through() {
    // Every short run of the bytes that terminals, pagers and decoders trip over.
    let bytes = [
        0x00, 0x07, 0x09, 0x0a, 0x0d, 0x1b, b'[', b'm', 0x7f, 0x80, 0x9b, 0xc2, 0xe2, 0xff,
    ];
    for a in bytes {
        for b in bytes {
            for c in bytes {
                let said = [a, b, c, b'x', a, b];
                let failure = String::from_utf8_lossy(&said).into_owned();
                let note = Clean::text(&failure);
                let answers = vec![
                    answer(1, 0, &said, &said),
                    Answer {
                        notes: vec![note],
                        ..silent(2, State::Lost, &failure)
                    },
                ];
                let (gather, summary) = gathered(answers);
                for color in [false, true] {
                    let view = GroupsView::short(look(40, color));
                    assert_harmless(&render_groups(&gather, &summary, &Names, &view), color);
                }
                assert_harmless(
                    &render_footer(&gather, &summary, &Names, look(40, false)),
                    false,
                );
            }
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40_u16, 80, 200] {
        for answers in [mixed(), hostile(), large()] {
            let text = groups(answers, &GroupsView::short(look(width, false)));
            for line in text.lines() {
                let columns = super::measure::width_of(line);
                assert!(columns <= usize::from(width), "{columns} columns: {line}");
            }
        }
    }
}

#[test]
fn an_interrupted_run_and_an_empty_one_say_so() {
    let (gather, mut summary) =
        gathered([silent(1, State::NotStarted, "the run was halted first")]);
    summary.is_interrupted = true;
    let text = render_footer(&gather, &summary, &Names, look(80, false));
    let expected = "db01 · 1 node · not_started: the run was halted first\n\
        1 node: 1 not_started in 0.31 s · interrupted\n";
    assert_eq!(text, expected);
    let (gather, summary) = gathered([]);
    let view = GroupsView::short(look(80, false));
    let text = render_groups(&gather, &summary, &Names, &view);
    assert_eq!(text, "0 nodes in 0.31 s\n");
}

#[test]
fn without_utf8_every_view_is_ascii() {
    let ascii = Look {
        ascii: true,
        ..look(80, false)
    };
    for answers in [mixed(), hostile()] {
        let text = groups(answers, &GroupsView::short(ascii));
        assert!(text.is_ascii(), "{text}");
    }
}
