//! Where a line ends and where its stages are, by the shell's own rules.

use super::*;

/// Where the command ends, and what is open.
fn check(text: &str, command: &str, open: Option<Open>) {
    let s = scan(text, 0);
    assert_eq!((&text[..s.end], s.open), (command, open), "{text:?}");
}

#[test]
fn the_fleet_pipe_counts_only_unquoted_and_at_depth_zero() {
    for (text, command) in [
        ("df |> parse", "df "),
        ("df|>parse", "df"),
        ("echo 'a |> b' |> count", "echo 'a |> b' "),
        ("echo \"a |> b\" |> count", "echo \"a |> b\" "),
        ("echo a \\|> b", "echo a \\|> b"),
        ("echo $(x |> y) |> z", "echo $(x |> y) "),
        (
            "echo \"$(x |> y \"q |> r\")\" |> z",
            "echo \"$(x |> y \"q |> r\")\" ",
        ),
        ("echo `x |> y` |> z", "echo `x |> y` "),
        ("echo ${x:-|>} |> z", "echo ${x:-|>} "),
        ("echo $((1 |> 2)) |> z", "echo $((1 |> 2)) "),
        ("(a |> b) |> c", "(a |> b) "),
        ("{ a |> b; } |> c", "{ a |> b; } "),
        (
            "for i in 1; do a |> b; done |> c",
            "for i in 1; do a |> b; done ",
        ),
        ("for i do a |> b; done |> c", "for i do a |> b; done "),
        (
            "while a |> b; do c |> d; done |> e",
            "while a |> b; do c |> d; done ",
        ),
        ("if a |> b; then c; fi |> e", "if a |> b; then c; fi "),
        (
            "case x in a|>) y |> z;; esac |> e",
            "case x in a|>) y |> z;; esac ",
        ),
        ("df # c |> d\n|> e", "df # c |> d\n"),
        ("a#b |> c", "a#b "),
        ("a ||> b |> c", "a ||> b "),
        ("a >|> b", "a >|> b"),
        ("cat <<E\n|> x\nE\n|> y", "cat <<E\n|> x\nE\n"),
        (
            "cat <<-'E F'\n|> x\n\tE F\n|> y",
            "cat <<-'E F'\n|> x\n\tE F\n",
        ),
        ("cat 2>&1 |> y", "cat 2>&1 "),
        ("echo done |> y", "echo done "),
        ("f() { a |> b; }; f |> y", "f() { a |> b; }; f "),
        ("echo $HOME/bin |> y", "echo $HOME/bin "),
    ] {
        check(text, command, None);
    }
}

#[test]
fn a_line_ends_where_the_shells_grammar_ends_it() {
    for (text, open) in [
        ("echo 'a", Open::Quote('\'')),
        ("echo \"a", Open::Quote('"')),
        ("echo \"a\\", Open::Quote('"')),
        ("echo `a", Open::Quote('`')),
        ("echo $(a", Open::Bracket("$(")),
        ("echo ${a", Open::Bracket("${")),
        ("echo $((a)", Open::Bracket("$((")),
        ("(a", Open::Bracket("(")),
        ("cat <<E", Open::Heredoc("E".into())),
        ("cat <<E\nx\n", Open::Heredoc("E".into())),
        ("for i in 1 2; do echo", Open::Compound("for")),
        ("for i", Open::Compound("for")),
        ("while true", Open::Compound("while")),
        ("until true; do x;", Open::Compound("until")),
        ("if x; then y", Open::Compound("if")),
        ("case x in a) y;;", Open::Compound("case")),
        ("{ a;", Open::Compound("{")),
        ("a |", Open::After("|")),
        ("a &&", Open::After("&&")),
        ("a || # c", Open::After("||")),
        ("a &&\n", Open::After("&&")),
        ("a \\", Open::Backslash),
        ("a \\\n", Open::Backslash),
    ] {
        check(text, text, Some(open));
    }
    for text in [
        "a;",
        "a &",
        "a \\\nb",
        "echo if",
        "echo {",
        "a | b",
        "x=1 y",
        "case x in esac",
        "echo }",
        "case x in (a) b;; c) d ;; esac",
        "if a; then b; else c; fi",
        "a\nb\n",
        "for i in a b\ndo c\ndone",
        "cat <<A <<B\n1\nA\n2\nB",
        "echo $((1 << 2))",
        "f() (a)",
    ] {
        check(text, text, None);
    }
}

#[test]
fn forms_that_sh_misreads_are_mistakes() {
    for (text, code) in [
        ("a &> f", Code::BashOnly),
        ("a &>> f", Code::BashOnly),
        ("a |& b", Code::BashOnly),
        ("diff <(a) <(b)", Code::BashOnly),
        ("tee >(a)", Code::BashOnly),
        ("cat <<< x", Code::BashOnly),
        ("[[ a ]]", Code::BashOnly),
        ("set -o pipefail; a", Code::BashOnly),
        ("a |>> b", Code::PipeRedirect),
        ("a |>& b", Code::PipeRedirect),
        ("cat <<E |> x\nE", Code::HeredocBeforePipe),
        ("a && |> x", Code::Missing),
    ] {
        assert!(
            scan(text, 0).diagnostics.iter().any(|d| d.code == code),
            "{text}"
        );
    }
    for text in [
        "a 2>&1",
        "a > f",
        "a >> f",
        "bash -c 'a &> f'",
        "echo [[",
        "a & b",
        "a <&3",
    ] {
        assert_eq!(scan(text, 0).diagnostics, [], "{text}");
    }
}

#[test]
fn the_command_word_is_told_from_the_others() {
    let commands = |text: &str| -> Vec<String> {
        let of = |t: &ShellToken| t.span.of(text).to_owned();
        let tokens = scan(text, 0).tokens;
        tokens
            .iter()
            .filter(|t| t.kind == ShellTokenKind::Command)
            .map(of)
            .collect()
    };
    assert_eq!(
        commands("A=1 rm x; echo $(ls y) | wc > f"),
        ["rm", "echo", "ls", "wc"]
    );
    assert_eq!(commands("2>/dev/null rm x"), ["rm"]);
    assert_eq!(commands("if a; then ! b; fi && { c; }"), ["a", "b", "c"]);
}
