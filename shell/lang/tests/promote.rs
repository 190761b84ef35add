//! `promote`: from the lines that led to a result, the file of an automation.

use hailer_lang::automation::{Chain, PromoteError, promote};
use hailer_lang::diagnostic::render_all;
use hailer_lang::inventory::Inventory;

fn promoted(lines: &[&str], flags: &[(&str, &str)]) -> String {
    let chain = Chain {
        on: "@role=db".to_owned(),
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
    };
    let flags: Vec<(String, String)> = flags
        .iter()
        .map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned()))
        .collect();
    match promote("x", &chain, &flags, &Inventory::none()) {
        Ok(text) => text,
        Err(PromoteError::Refused { message, help }) => format!("refused: {message}\nhelp: {help}"),
        Err(PromoteError::Mistakes { text, mistakes }) => render_all(&mistakes, &text),
    }
}

#[test]
fn the_chain_is_inlined_back_to_the_first_probe_and_cut_at_its_deed() {
    let lines = [
        "@web[1-3] : df --output=pcent,target |> parse",
        "|> where use_pct > 90",
        "$2 |> sort use_pct |> run --yes journalctl --vacuum-size=200M",
    ];
    let flags = [
        ("limit", "1/30m per node, 5% per dc"),
        ("every", "10s"),
        ("else", "page db-oncall"),
        ("mode", "act"),
    ];
    let expected = "automation x
  on      @role=db
  every   10s
  when    df --output=pcent,target |> parse |> where use_pct > 90
  key     node
  do      journalctl --vacuum-size=200M
  limit   1/30m per node, 5% per dc
  else    page db-oncall
  mode    act
";
    assert_eq!(promoted(&lines, &flags), expected);
}

#[test]
fn without_a_deed_it_watches_and_with_one_it_asks() {
    let watch = "automation x\n  on      @role=db\n  when    metric memory.utilization |> where value > 95%\n  mode    observe\n";
    assert_eq!(
        promoted(
            &["metric memory.utilization |> where value > 95% |> save x.csv"],
            &[]
        ),
        watch
    );
    let ask = promoted(&["uptime |> where rc != 0 |> run -- -x"], &[]);
    assert!(
        ask.contains("do      -- -x\n") && ask.ends_with("mode    ask\n"),
        "{ask}"
    );
}

#[test]
fn once_a_row_wants_a_key_and_names_the_candidates() {
    let line =
        "metric filesystem.utilization |> where value > 90% |> run each fstrim \"$row_mountpoint\"";
    let told = promoted(&[line], &[]);
    assert!(
        told.contains("`run each` acts once a row") && told.contains("mountpoint"),
        "{told}"
    );
    let text = promoted(&[line], &[("key", "mountpoint")]);
    assert!(text.contains("key     mountpoint\n"), "{text}");
}

#[test]
fn what_is_no_automation_is_refused_with_what_to_do() {
    for (lines, flags, expected) in [
        (&[][..], &[][..], "there is no line to promote"),
        (
            &["|> where x > 1"],
            &[],
            "a result whose own line is not known any more",
        ),
        (&["uptime", "df"], &[], "two lines that ask the nodes"),
        (
            &["uptime |> where rc != 0 |> run a", "|> run b"],
            &[],
            "one deed",
        ),
        (
            &["uptime |> where rc != 0 |> run a |> count"],
            &[],
            "`count` works on what a deed answered",
        ),
        (
            &["uptime |> where rc != 0 |> run --canary 1 a"],
            &[],
            "leave the flags of `run` out",
        ),
        (&["help"], &[], "asks nodes for nothing"),
        (
            &["uptime |> where rc != 0"],
            &[("evry", "10s")],
            "did you mean `every`?",
        ),
        (
            &["uptime |> where rc != 0"],
            &[("every", "1s"), ("every", "2s")],
            "given twice",
        ),
        (
            &["uptime |> where rc != 0"],
            &[("every", "1s\n  do rm x")],
            "has several lines",
        ),
        (&["uptime"], &[], "asks nothing: it has a row at every look"),
        (
            &["uptime |> where rc != 0"],
            &[("for", "x")],
            "`x` is no duration",
        ),
        (
            &["df |> parse |> where use_pct > 3 |> join $3"],
            &[],
            "`join` has no place in `when`",
        ),
    ] {
        let told = promoted(lines, flags);
        assert!(told.contains(expected), "{lines:?} {flags:?}: {told}");
    }
}
