//! What a node checks, one mistake at a time.

use hailer_protocol::automation::{AutomationName, AutomationSet, Control, Muted, SetEntry};
use hailer_protocol::signing::SigningError;

use super::*;

/// A block, and everything that a node checks it with.
struct Case {
    now: Wall,
    fleet: Name,
    node: Name,
    body: Vec<u8>,
    statement: Statement,
    proof: Proof,
    signers: Signers,
}

impl Case {
    fn honest() -> Self {
        let tree = tree(5);
        Self {
            now: NOW,
            fleet: name("demo"),
            node: node(3),
            body: body(3),
            statement: statement(&tree),
            proof: tree.proof(3).expect("there"),
            signers: signers(),
        }
    }

    fn check(self) -> Result<(), &'static str> {
        let own = Own {
            fleet: &self.fleet,
            node: &self.node,
        };
        let block = block(&self.statement, self.proof);
        check(self.now, own, &self.body, &block, self.signers)
            .map(|checked| assert_eq!(checked.statement, self.statement))
            .map_err(|e| e.kind())
    }
}

#[test]
fn one_thing_that_is_not_as_signed_is_enough_to_refuse() {
    assert_eq!(Case::honest().check(), Ok(()));
    let cases: [(&str, Change<'_, Case>); 19] = [
        ("fleet", &|c| c.fleet = name("other")),
        ("fleet", &|c| c.statement.fleet = name("Demo")),
        ("target", &|c| c.node = node(2)),
        ("target", &|c| c.node = name("WEB00003")),
        ("target", &|c| c.body.push(0)),
        ("target", &|c| c.body.clear()),
        ("target", &|c| c.proof = tree(5).proof(2).expect("there")),
        ("target", &|c| c.statement.targets.count = 3),
        ("target", &|c| c.statement.targets.count = 0),
        ("target", &|c| c.statement.targets.root = Digest([0; 32])),
        ("operator", &|c| {
            c.signers.operator = holder(Role::Operator, "mallory")
        }),
        ("operator", &|c| c.statement.operator = name("Ada")),
        ("signer", &|c| {
            c.signers.operator = holder(Role::Node, "ada")
        }),
        ("signer", &|c| {
            c.signers.operator = holder(Role::Keeper, "ada")
        }),
        ("signer", &|c| {
            c.signers.operator = holder(Role::Relay, "ada")
        }),
        ("signer", &|c| {
            c.signers.operator.identity.fleet = name("other")
        }),
        ("signer", &|c| {
            c.signers.approvers = vec![holder(Role::Node, "grace")]
        }),
        ("own_approval", &|c| {
            c.signers.approvers = vec![holder(Role::Operator, "ada")]
        }),
        ("approved_twice", &|c| {
            c.signers.approvers = vec![holder(Role::Operator, "grace"); 2]
        }),
    ];
    for (at, (kind, change)) in cases.into_iter().enumerate() {
        let mut case = Case::honest();
        change(&mut case);
        assert_eq!(case.check(), Err(kind), "case {at}");
    }
}

#[test]
fn a_signature_holds_from_its_moment_to_its_end_and_half_a_minute_of_skew() {
    const DAY: i64 = 86_400_000;
    let at = NOW.0;
    for (issued_at, not_after, now, expected) in [
        (at, at + 60_000, at, Ok(())),
        (at, at + 60_000, at - 30_000, Ok(())),
        (at, at + 60_000, at - 30_001, Err("ahead")),
        (at, at + 60_000, at + 90_000, Ok(())),
        (at, at + 60_000, at + 90_001, Err("expired")),
        (at, at + 60_000, at + DAY, Err("expired")),
        (at, at + 60_000, at - DAY, Err("ahead")),
        (at, at + 60_000, i64::MAX, Err("expired")),
        (at, at + 60_000, i64::MIN, Err("ahead")),
        (at, at + DAY, at, Ok(())),
        (at, at + DAY + 1, at, Err("life")),
        (at, at, at, Err("life")),
        (at, at - 1, at, Err("life")),
        (i64::MIN, i64::MAX, at, Err("life")),
        (i64::MAX, i64::MIN, at, Err("life")),
        (i64::MAX - 1, i64::MAX, i64::MAX, Ok(())),
    ] {
        let mut case = Case::honest();
        (case.statement.issued_at, case.statement.not_after) = (Wall(issued_at), Wall(not_after));
        case.now = Wall(now);
        assert_eq!(
            case.check(),
            expected,
            "{issued_at} to {not_after} at {now}"
        );
    }
}

#[test]
fn a_nonce_is_remembered_until_its_statement_is_refused_for_its_age() {
    let statement = statement(&tree(1));
    let forget = statement.forget_after();
    assert!(!forget.is_past(statement.not_after));
    assert!(Wall(forget.0 + 1).is_past(statement.not_after));
}

#[test]
fn the_decoded_request_must_be_the_one_that_was_signed() {
    let shell = || Probe::Shell("systemctl restart nginx".to_owned());
    let checked = |change: &dyn Fn(&mut Statement)| {
        let mut case = Case::honest();
        change(&mut case.statement);
        let own = Own {
            fleet: &case.fleet,
            node: &case.node,
        };
        let block = block(&case.statement, case.proof);
        check(case.now, own, &case.body, &block, case.signers).expect("honest")
    };
    let honest = checked(&|_| ());
    assert_eq!(honest.covers(&request(shell())), Ok(()));
    let mut other_run = request(shell());
    other_run.run = RunId([0x12; 16]);
    assert!(matches!(
        honest.covers(&other_run),
        Err(SigningError::Run { .. })
    ));
    let other = request(Probe::Shell("systemctl stop nginx".to_owned()));
    assert_eq!(honest.covers(&other), Err(SigningError::Command));
    for grant in Grant::ALL {
        let covers = checked(&|s| s.action.grant = grant).covers(&request(shell()));
        let expected = matches!(grant, Grant::Read | Grant::Run);
        assert_eq!(covers.is_ok(), expected, "{grant}");
    }
    let metric = Probe::Metric("system.cpu.utilization".to_owned());
    for grant in Grant::ALL {
        let covers = checked(&|s| {
            s.action.grant = grant;
            s.action.command = Command::of(&metric);
        })
        .covers(&request(metric.clone()));
        assert_eq!(covers.is_ok(), grant == Grant::Probe, "{grant}");
    }
}

#[test]
fn commands_read_as_a_person_would_write_them() {
    let words = |words: &[&str]| Probe::Argv(words.iter().map(|w| (*w).to_owned()).collect());
    for (probe, expected) in [
        (Probe::Shell("df -h | wc".to_owned()), "df -h | wc"),
        (words(&["echo", "a b"]), "echo 'a b'"),
        (words(&["echo", "a", "b"]), "echo a b"),
        (words(&["", "it's", "$x"]), r"'' 'it'\''s' '$x'"),
        (Probe::Metric("m".to_owned()), "metric m"),
        (Probe::Facts(Vec::new()), "facts"),
        (
            Probe::Facts(vec!["a".to_owned(), "b".to_owned()]),
            "facts a, b",
        ),
        (Probe::Runs, "jobs"),
        (Probe::AuditHead(None), "audit head"),
        (
            Probe::Apply(AutomationSet {
                generation: 7,
                entries: vec![SetEntry {
                    name: AutomationName::new("disk-full").expect("a name"),
                    version: Digest([0xab; 32]),
                }],
                specs: Vec::new(),
            }),
            "apply 7",
        ),
        (
            Probe::Control(Control::Mute {
                of: Muted {
                    automation: AutomationName::new("disk-full").expect("a name"),
                    key: Some("/var".to_owned()),
                },
                until: Some(Wall(1_700_000_000_000)),
            }),
            "mute disk-full \"/var\" until 2023-11-14T22:13:20Z",
        ),
        (Probe::Control(Control::Resume), "resume --all"),
        (
            Probe::Audit {
                since: Some(Wall(1_700_000_000_000)),
                until: None,
                limit: 1,
            },
            "audit since 2023-11-14T22:13:20Z",
        ),
        (
            Probe::Cancel(RunId([0x11; 16])),
            "cancel 11111111111111111111111111111111",
        ),
        (
            Probe::Each {
                command: "du $row_x".to_owned(),
                rows: vec![EachRow { env: Vec::new() }],
                timeout_ms: None,
                stops_at_failure: false,
            },
            "du $row_x",
        ),
    ] {
        assert_eq!(Command::of(&probe).text, expected);
    }
}

#[test]
fn a_long_command_is_signed_by_its_beginning_and_its_digest() {
    let text = |end: &str| format!("{}{end}", "é".repeat(2_000));
    let (one, two) = (Command::new(text("1")), Command::new(text("2")));
    assert_eq!(one.text, two.text);
    assert_ne!(one, two);
    assert!(one.to_string().contains("4001 bytes"), "{one}");
    assert_eq!(Command::new("x".repeat(2_048)).cut, None);
    assert!(Command::new("x".repeat(2_049)).cut.is_some());
}
