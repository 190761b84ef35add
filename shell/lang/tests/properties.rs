//! Properties that hold for every text and every set of nodes.

use std::collections::BTreeSet;

use hailer_lang::danger::changes_things;
use hailer_lang::diagnostic::render_all;
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::lexer::Completeness;
use hailer_lang::node_set::fold::{fold, fold_limited};
use hailer_lang::node_set::unfold::unfold;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::parse::{KnownNames, Parsed, parse, parse_selector};
use hailer_lang::plan::{Context, LinePlan, ResolvedScope, Source, plan};
use hailer_lang::selector::{Learned, Live, NoResults, World, evaluate};
use hailer_lang::write::{expression, row_step};
use hailer_protocol::row_plan::RowStep;
use proptest::prelude::*;

/// Pieces that mean something, so that random texts reach deep into the parser.
const PIECES: &[&str] = &[
    "df",
    "|>",
    "|",
    "||>",
    "|>>",
    " ",
    " : ",
    "@",
    "all",
    "web[001-200]",
    "rack=",
    "role=db",
    "!",
    "&",
    ",",
    "^",
    "(",
    ")",
    "/x/",
    "$3",
    ".failed",
    "where",
    "parse",
    "select",
    "top 3 by x",
    "take 1 per node",
    "count by",
    "derive x =",
    "'",
    "\"",
    "`",
    "\\",
    "\n",
    "$(",
    "${",
    "}",
    "{",
    "for i in",
    "do",
    "done",
    "if",
    "then",
    "fi",
    "case x in",
    "esac",
    ";;",
    "<<E",
    "E",
    "#",
    "and",
    "or",
    "not",
    "in",
    "is null",
    "=",
    "!=",
    "~",
    "<",
    "90%",
    "10GiB",
    "1e9",
    "-",
    "*",
    "run",
    "each",
    "--yes",
    "explain",
    "set",
    "metric",
    "facts",
    "é",
    "日本",
    "\t",
    "&&",
    ";",
    "<(",
    "&>",
    "[",
    "]",
    "[1-",
    "state=up",
    "if(",
    "len(",
    "sort",
    "desc",
    "agg p99(",
    "join $1",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..24);
    prop_oneof![
        3 => pieces.prop_map(|p| p.concat()),
        1 => proptest::collection::vec(proptest::sample::select(PIECES), 0..24).prop_map(|p| p.join(" ")),
        1 => "\\PC{0,60}",
        1 => any::<String>(),
    ]
}

fn fleet() -> Inventory {
    let text = r#"
        fleet = "demo"
        [[nodes]]
        names = "web[001-200]"
        address = "{name}:7117"
        labels = { role = "web", rack = 7 }
        groups = ["front"]
        [[nodes]]
        names = "db[1-4]"
        address = "{name}:7117"
        labels = { role = "db" }
    "#;
    let file = FleetFile::parse(text).expect("TOML");
    Inventory::from_fleet_file(&file).expect("a good fleet")
}

fn spans_are_good(parsed: &Parsed, text: &str) {
    let good = |start: usize, end: usize| {
        start <= end && text.is_char_boundary(start) && text.is_char_boundary(end)
    };
    for d in &parsed.diagnostics {
        assert!(good(d.span.start, d.span.end), "{text:?}: {d:?}");
    }
    let mut last = 0;
    for (span, style) in &parsed.styles {
        assert!(
            good(span.start, span.end) && span.start >= last,
            "{text:?}: {span} {style:?}"
        );
        last = span.end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_and_planning_never_fail_and_every_span_lies_in_the_text(text in texts()) {
        let inventory = fleet();
        let live = Live::default();
        let scope = ResolvedScope::all(&inventory);
        let parsed = parse(&text, &inventory.known_names());
        spans_are_good(&parsed, &text);
        let context = Context {
            inventory: &inventory, live: &live, results: &NoResults, learned: Learned::nothing(), last_result: None, scope: Some(&scope),
        };
        match plan(&parsed, &text, &context) {
            Ok(_) => prop_assert!(parsed.is_clean()),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for d in &errors {
                    prop_assert!(text.is_char_boundary(d.span.start) && text.is_char_boundary(d.span.end));
                }
                prop_assert!(render_all(&errors, &text).contains("error["));
            }
        }
        let _ = changes_things(&text);
        let _ = parse_selector(&text, &KnownNames::default());
    }

    #[test]
    fn the_name_of_every_heading_can_be_typed_in_an_expression(heading: String) {
        let name = hailer_protocol::parse::column_name(&heading);
        prop_assume!(!hailer_lang::words::KEYWORDS.contains(&name.as_str()));
        let inventory = fleet();
        let text = format!("df |> parse |> where {name} is not null");
        let parsed = parse(&text, &inventory.known_names());
        prop_assert!(parsed.diagnostics.is_empty(), "{}", render_all(&parsed.diagnostics, &text));
        let at = text.len() - " is not null".len() - name.len();
        let found = hailer_lang::lexer::token::next(&text, at);
        prop_assert_eq!(found.token, hailer_lang::lexer::token::Token::Word(name));
    }

    #[test]
    fn folding_is_the_inverse_of_unfolding(names in names()) {
        let folded = fold(names.iter().map(String::as_str));
        let mut back = unfold(&folded).unwrap();
        let n = back.len();
        back.sort();
        back.dedup();
        prop_assert_eq!(back.len(), n, "a name comes out twice: {}", folded);
        prop_assert_eq!(back, names.iter().cloned().collect::<Vec<_>>(), "{}", folded);
    }

    #[test]
    fn a_limited_fold_keeps_to_its_width_and_counts_what_it_leaves_out(names in names(), width in 20_usize..80) {
        let text = fold_limited(names.iter().map(String::as_str), width);
        prop_assert!(text.chars().count() <= width, "{}", text);
        let (shown, more) = match text.split_once('…') {
            None => (text.as_str(), 0),
            Some((shown, more)) => {
                let n = more.trim_end_matches(" more").trim().parse::<usize>().unwrap();
                (shown.trim_end_matches(','), n)
            }
        };
        prop_assert_eq!(unfold(shown).unwrap().len() + more, names.len(), "{}", text);
    }

    #[test]
    fn node_sets_follow_the_algebra_of_sets(a in ids(), b in ids()) {
        let set = |ids: &BTreeSet<u32>| ids.iter().map(|&i| NodeId(i)).collect::<NodeSet>();
        let (x, y) = (set(&a), set(&b));
        prop_assert_eq!(x.and(&y), set(&(&a & &b)));
        prop_assert_eq!(x.or(&y), set(&(&a | &b)));
        prop_assert_eq!(x.xor(&y), set(&(&a ^ &b)));
        prop_assert_eq!(x.sub(&y), set(&(&a - &b)));
        prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
        prop_assert_eq!(x.len(), a.len());
        prop_assert_eq!(x.is_empty(), a.is_empty());
        prop_assert_eq!(x.iter().map(|n| n.0).collect::<Vec<_>>(), a.iter().copied().collect::<Vec<_>>());
    }

    #[test]
    fn selectors_follow_the_algebra_from_left_to_right(
        ops in proptest::collection::vec((0_usize..4, 1_u32..=4), 1..6)
    ) {
        let inventory = fleet();
        let live = Live::default();
        let mut text = "front".to_owned();
        let mut model: BTreeSet<String> = (1..=200).map(|i| format!("web{i:03}")).collect();
        for (op, n) in ops {
            // Half of them hit nodes of the group.
            let (term, nodes): (String, BTreeSet<String>) = if n % 2 == 0 {
                (format!("db{n}"), [format!("db{n}")].into())
            } else {
                (format!("web00[1-{n}]"), (1..=n).map(|i| format!("web00{i}")).collect())
            };
            text = format!("({text}) {} {term}", [',', '!', '&', '^'][op]);
            model = match op {
                0 => &model | &nodes,
                1 => &model - &nodes,
                2 => &model & &nodes,
                _ => &model ^ &nodes,
            };
        }
        let (selector, diagnostics) = parse_selector(&text, &KnownNames::default());
        prop_assert_eq!(diagnostics, vec![]);
        let world = World { inventory: &inventory, live: &live, results: &NoResults, learned: Learned::nothing() };
        match evaluate(&selector, world) {
            Ok(set) => {
                let names: BTreeSet<String> = inventory.names(&set).map(str::to_owned).collect();
                prop_assert_eq!(names, model);
            }
            Err(_) => prop_assert!(model.is_empty()),
        }
    }

    #[test]
    fn quoted_text_never_changes_meaning(
        inside in "[a-z |>&;#$(){}]{0,20}", quote in proptest::sample::select(&['\'', '"'][..])
    ) {
        // In double quotes `$(` and `${` still open something.
        prop_assume!(quote == '\'' || !inside.contains('$'));
        let command = format!("echo {quote}{inside}{quote}");
        let text = format!("{command} |> count");
        let parsed = parse(&text, &KnownNames::default());
        prop_assert!(parsed.is_clean(), "{:?}", parsed.diagnostics);
        let inventory = fleet();
        let live = Live::default();
        let scope = ResolvedScope::all(&inventory);
        let context = Context {
            inventory: &inventory, live: &live, results: &NoResults, learned: Learned::nothing(), last_result: None, scope: Some(&scope),
        };
        let Ok(LinePlan::Query(query)) = plan(&parsed, &text, &context) else { panic!("{text}") };
        prop_assert_eq!(query.source, Source::Command(command));
        prop_assert_eq!(query.fleet.len(), 1);
    }

    #[test]
    fn a_line_that_goes_on_is_whole_when_it_was_whole_before(text in texts()) {
        // A blank line more never opens anything.
        let parsed = parse(&text, &KnownNames::default());
        if parsed.completeness == Completeness::Complete && !text.contains("<<") {
            let longer = parse(&format!("{text}\n"), &KnownNames::default());
            prop_assert_eq!(longer.completeness, Completeness::Complete);
        }
    }

    #[test]
    fn an_expression_reads_back_as_it_was_written(text in expressions()) {
        let read = |text: &str| {
            let line = format!("$ |> where {text}");
            let parsed = parse(&line, &KnownNames::default());
            assert!(parsed.is_clean(), "{line}: {:?}", parsed.diagnostics);
            let inventory = fleet();
            let live = Live::default();
            let context = Context {
                inventory: &inventory, live: &live, results: &NoResults, learned: Learned::nothing(), last_result: Some(1), scope: None,
            };
            let Ok(LinePlan::Query(query)) = plan(&parsed, &line, &context) else { panic!("{line}") };
            match query.fleet.into_iter().next() {
                Some(hailer_lang::fleet_plan::FleetStep::Row(RowStep::Where(expr))) => expr,
                other => panic!("{other:?}"),
            }
        };
        let expr = read(&text);
        let written = expression(&expr);
        prop_assert_eq!(&read(&written), &expr, "{} -> {}", text, written);
        prop_assert!(row_step(&RowStep::Where(expr)).starts_with("where "));
    }
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = prop_oneof![
        4 => ("[ab]{1,2}", 0_u32..30, 0_usize..4).prop_map(|(p, n, w)| format!("{p}{n:0w$}")),
        3 => (0_u32..5, 0_u32..12, 0_usize..3).prop_map(|(r, n, w)| format!("r{r}n{n:0w$}")),
        1 => "[a-c0-2][a-c0-2._-]{0,6}",
        1 => "[a-z]{1,3}[0-9]{15,25}",
    ];
    proptest::collection::btree_set(name, 1..60)
}

fn ids() -> impl Strategy<Value = BTreeSet<u32>> {
    proptest::collection::btree_set(0_u32..400, 0..40)
}

fn expressions() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(
        &[
            "a", "b_pct", "`by`", "1", "2.5", "90%", "10GiB", "1m30s", "'x y'", "\"it's\"", "null",
            "true", "-3",
        ][..],
    );
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 24, 3, |inner| {
            let op = proptest::sample::select(&["or", "and", "+", "-", "*", "/", "%"][..]);
            let compare = proptest::sample::select(&["=", "!=", "<", "<=", ">", ">="][..]);
            prop_oneof![
                (inner.clone(), op, inner.clone())
                    .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
                (inner.clone(), compare, inner.clone())
                    .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
                inner.clone().prop_map(|a| format!("not ({a})")),
                inner.clone().prop_map(|a| format!("-({a})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) not in ({b}, x)")),
                inner.clone().prop_map(|a| format!("({a}) !~ '^x'")),
                inner.clone().prop_map(|a| format!("({a}) is not null")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            ]
        })
}

#[test]
fn no_text_is_deep_enough_to_exhaust_the_stack() {
    let n = 40_000;
    for text in [
        format!("@{}", "(".repeat(n)),
        format!("@{}a", "a,".repeat(n)),
        format!("df |> where {}", "(".repeat(n)),
        format!("df |> where {}1", "1+".repeat(n)),
        format!("df |> where {}1", "not ".repeat(n)),
        format!("df |> where {}1", "- ".repeat(n)),
        format!("df |> where {}1", "abs(".repeat(n)),
        format!("df |> where a in ({})", "1,".repeat(n)),
        format!("echo {}", "$(".repeat(n)),
        format!("echo {}", "${".repeat(n)),
        format!("echo {}", "`".repeat(n)),
        format!("echo {}", "\"$(".repeat(n)),
        "if ".repeat(n),
        "explain ".repeat(n),
        "df |> take 1 ".repeat(n),
        format!("@a{}", "[1-2]".repeat(n)),
    ] {
        let parsed = parse(&text, &KnownNames::default());
        spans_are_good(&parsed, &text);
        let _ = changes_things(&text);
    }
}
