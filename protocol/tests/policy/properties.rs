//! Properties of any policy: it reads back, it never allows more for fewer permissions, and no text
//! breaks the parser.

use proptest::prelude::*;

use hailer_protocol::policy::Policy;

use super::{Request, Want, sound};

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(from).prop_map(str::to_owned)
}

fn list(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let comma = prop::sample::select(vec![",", ", ", " ,", " , \t"]);
    (prop::collection::vec(item, 1..4), comma).prop_map(|(items, comma)| items.join(comma))
}

fn people() -> impl Strategy<Value = String> {
    let person = pick(&["alice", "bob", "carol", "group oncall", "group leads"]);
    prop_oneof![1 => Just("anyone".to_owned()), 4 => list(person)]
}

fn term() -> impl Strategy<Value = String> {
    let values = list(pick(&["web", "db", "payments", "\"a b\"", "\"\"", "größe"]));
    let key = pick(&["role", "tier", "node"]);
    (key, pick(&["=", "!=", " = ", " != "]), values).prop_map(|(k, is, v)| format!("{k}{is}{v}"))
}

fn window() -> impl Strategy<Value = String> {
    let days = list(pick(&["mon", "sun", "mon-fri", "fri-mon", "sat"]));
    let hours = pick(&["08:00-18:00", "22:00-06:00", "00:00-24:00", "12:00-00:00"]);
    let zone = pick(&["UTC", "+01:00", "-05:30", "+00:00"]);
    (days, hours, zone, 0..3).prop_map(|(days, hours, zone, which)| match which {
        0 => format!("{days} {zone}"),
        1 => format!("{hours} {zone}"),
        _ => format!("{days} {hours} {zone}"),
    })
}

fn command() -> impl Strategy<Value = String> {
    let word = pick(&[
        "-h",
        "*",
        "**",
        "'a b'",
        "''",
        "\"it's\"",
        "/var/log/*",
        "--unit=*",
        "'*'",
        "a'*'*",
        "größe",
        "-n*",
        "'[x]'*",
    ]);
    let words = prop::collection::vec(word, 0..4);
    (pick(&["df", "cat", "/bin/ls", "'my prog'"]), words)
        .prop_map(|(program, words)| format!("{program} {}", words.join(" ")))
}

fn clauses(grant: &'static str) -> impl Strategy<Value = Vec<String>> {
    let is_read = grant == "read";
    let many = |keyword: &'static str, of: BoxedStrategy<String>, n: std::ops::Range<usize>| {
        prop::collection::vec(of.prop_map(move |text| format!("{keyword} {text}")), n)
    };
    let on = prop::collection::vec(term(), 1..3).prop_map(|terms| terms.join(" & "));
    (
        many("on", on.boxed(), 0..2),
        many("at", window().boxed(), 0..3),
        many(
            "command",
            command().boxed(),
            if is_read { 1..4 } else { 0..1 },
        ),
    )
        .prop_map(|(on, at, command)| [on, at, command].concat())
        .prop_shuffle()
}

fn needs() -> impl Strategy<Value = Vec<String>> {
    let of = vec![
        "needs reason",
        "needs approval by group leads, bob",
        "needs narrower than 25%",
        "needs narrower\tthan 0.5%",
        "needs at most 50 nodes",
    ];
    prop::sample::subsequence(of, 0..3).prop_filter_map("one share", |needs| {
        let n = needs.iter().filter(|n| n.contains("narrower")).count();
        (n < 2).then(|| needs.into_iter().map(str::to_owned).collect())
    })
}

fn block(head: String, clauses: &[String]) -> String {
    let mut out = head;
    for clause in clauses {
        out.push_str("\n  ");
        out.push_str(clause);
    }
    out.push('\n');
    out
}

fn allow() -> impl Strategy<Value = String> {
    let users = list(pick(&["root", "deploy", "_x-1"]));
    let heads = prop_oneof![
        Just(("probe", "allow probe".to_owned())),
        Just(("read", "allow read as nobody".to_owned())),
        users.prop_map(|users| ("run", format!("allow run as {users}"))),
        Just(("automate", "allow automate as root".to_owned())),
    ];
    heads.prop_flat_map(|(grant, head)| {
        (people(), clauses(grant), needs()).prop_map(move |(to, mut all, needs)| {
            all.push(format!("to {to}"));
            if grant != "probe" {
                all.extend(needs);
            }
            block(head.clone(), &all)
        })
    })
}

fn deny() -> impl Strategy<Value = String> {
    let heads = prop_oneof![
        Just(("read", "deny read".to_owned())),
        Just(("run", "deny anything".to_owned())),
        list(pick(&["probe", "run", "automate"])).prop_map(|g| ("run", format!("deny {g}"))),
        Just(("run", "deny run as root".to_owned())),
        Just(("run", "deny run, automate as deploy,root".to_owned())),
    ];
    heads.prop_flat_map(|(grant, head)| {
        (prop::option::of(people()), clauses(grant)).prop_map(move |(to, mut all)| {
            all.extend(to.map(|to| format!("to {to}")));
            block(head.clone(), &all)
        })
    })
}

const GROUPS: &str = "group oncall = alice, bob\ngroup leads from certificate\n";

fn joined(blocks: &[String]) -> String {
    format!("{GROUPS}{}", blocks.concat())
}

fn request() -> impl Strategy<Value = Request> {
    let want = prop_oneof![
        Just(Want::Probe),
        Just(Want::Run),
        Just(Want::Automate),
        command().prop_map(|c| Want::Read(c.replace('*', "x"))),
    ];
    let who = || pick(&["alice", "bob", "carol", "carol+leads", "dora+leads"]);
    let label = |values: &'static [&'static str]| prop::option::of(pick(values));
    let labels = (label(&["web", "db", ""]), label(&["payments", "a b"]));
    let people = prop::collection::vec(who(), 0..3);
    let user = prop::option::of(pick(&["root", "deploy", "nobody", "x"]));
    let size = prop::option::of((0_u32..100, 0_u32..200));
    let reason = prop::option::of(pick(&["", "why"]));
    let now = -(1_i64 << 41)..(1_i64 << 41);
    (who(), want, labels, people, user, size, reason, now).prop_map(
        |(who, want, (role, tier), people, user, size, reason, now)| {
            let mut request = Request::new(&who, want);
            request.labels.extend(role.map(|v| ("role".to_owned(), v)));
            request.labels.extend(tier.map(|v| ("tier".to_owned(), v)));
            request.approvals = people.iter().map(|p| super::operator(p)).collect();
            request.run_as = user;
            (request.n_targets, request.n_fleet) = size.unzip();
            request.reason = reason;
            request.now.0 = now;
            request
        },
    )
}

/// Words of the grammar and others, in any order.
fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => pick(&[
            "allow", "deny", "group", "to", "on", "at", "needs", "command", "probe", "read", "run",
            "automate", "anything", "as", "root", "nobody", "anyone", "oncall", "from", "certificate",
            "=", "!=", ",", "&", "\"", "'", "*", "**", "role=web", "mon-fri", "08:00-18:00", "UTC",
            "+01:00", "reason", "approval", "by", "narrower", "than", "25%", "most", "50", "nodes",
            "#", "\n", "\r\n", "\t",
        ]),
        1 => ".{0,6}",
    ];
    let words = prop::collection::vec((word, pick(&[" ", "", "\n"])), 0..60);
    words.prop_map(|words| words.into_iter().map(|(word, gap)| word + &gap).collect())
}

fn read_back(policy: &Policy) {
    let text = policy.canonical();
    let again = sound(&text);
    assert_eq!(&again, policy, "{text}");
    assert_eq!(again.canonical(), text);
    assert_eq!(again.version(), policy.version());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_policy_reads_back_from_its_canonical_form(
        blocks in prop::collection::vec(prop_oneof![allow(), deny()], 0..6),
    ) {
        read_back(&sound(&joined(&blocks)));
    }

    #[test]
    fn any_text_is_read_and_every_mistake_lies_in_it(text in soup()) {
        let (policy, mistakes) = Policy::parse(&text);
        prop_assert_eq!(policy.is_sound(), mistakes.is_empty());
        for mistake in &mistakes {
            prop_assert!(mistake.span.start <= mistake.span.end, "{mistake:?}");
            prop_assert!(text.get(mistake.span.clone()).is_some(), "{mistake:?} in {text:?}");
            prop_assert!(!mistake.message.is_empty());
            let _ = mistake.render(&text);
        }
        if policy.is_sound() {
            read_back(&policy);
        } else {
            let probe = Request::new("alice", Want::Probe);
            prop_assert!(!probe.is_allowed(&policy));
        }
    }

    #[test]
    fn without_one_of_its_allows_a_policy_allows_no_more(
        allows in prop::collection::vec(allow(), 1..6),
        denies in prop::collection::vec(deny(), 0..2),
        requests in prop::collection::vec(request(), 20),
    ) {
        let whole = sound(&joined(&[allows.clone(), denies.clone()].concat()));
        for left_out in 0..allows.len() {
            let mut fewer = allows.clone();
            fewer.remove(left_out);
            let fewer = sound(&joined(&[fewer, denies.clone()].concat()));
            for request in &requests {
                prop_assert!(whole_allows(&whole, &fewer, request), "{request:?}");
            }
        }
    }

    #[test]
    fn with_another_denial_a_policy_allows_no_more(
        allows in prop::collection::vec(allow(), 1..6),
        denial in deny(),
        at in any::<prop::sample::Index>(),
        requests in prop::collection::vec(request(), 20),
    ) {
        let before = sound(&joined(&allows));
        let mut more = allows;
        more.insert(at.index(more.len() + 1), denial);
        let after = sound(&joined(&more));
        for request in &requests {
            prop_assert!(whole_allows(&before, &after, request), "{request:?}");
        }
    }

    #[test]
    fn an_empty_policy_allows_nothing(request in request()) {
        prop_assert!(!request.is_allowed(&sound(GROUPS)));
        prop_assert!(!request.is_allowed(&Policy::absent()));
    }
}

/// Whether `whole` allows the request if `part` does.
fn whole_allows(whole: &Policy, part: &Policy, request: &Request) -> bool {
    !request.is_allowed(part) || request.is_allowed(whole)
}

/// The properties above would hold if nothing were ever allowed.
#[test]
fn the_random_requests_are_allowed_often_enough_to_tell() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let n_allowed = (0..2000)
        .filter(|_| {
            let mut one = |_: ()| {
                let blocks = prop::collection::vec(allow(), 4..6);
                let blocks = blocks.new_tree(&mut runner).expect("a policy").current();
                let request = request()
                    .new_tree(&mut runner)
                    .expect("a request")
                    .current();
                request.is_allowed(&sound(&joined(&blocks)))
            };
            one(())
        })
        .count();
    assert!(n_allowed > 100, "{n_allowed} of 2000");
}
