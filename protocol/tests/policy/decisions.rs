//! Tables of decisions.

use hailer_protocol::policy::*;
use hailer_protocol::role::Role;

use super::{Request, Want, operator, sound};

const POLICY: &str = "\
group oncall = alice, bob
group leads from certificate
group interns from certificate

allow probe
  to      anyone
allow read as nobody
  to      group oncall, carol
  command df
  command df -h
  command systemctl status *
  command journalctl -u * -n *
  command cat /var/log/*
allow run as deploy, root
  to      group oncall
  on      role=web,db & tier!=payments
  needs   reason
  needs   approval by group leads
  needs   narrower than 25%
  needs   at most 50 nodes
allow automate as root
  to      group leads
  on      node=web001

deny run as root
  on      frozen=yes
deny anything
  to      group interns
deny read
  command cat /var/log/secret
";

/// A run that [`POLICY`] allows.
fn run() -> Request {
    Request::new("alice", Want::Run)
        .label("role", "web")
        .label("tier", "shop")
        .reason("the disk is full")
        .approved_by("dora+leads")
        .targets(50, 1000)
}

fn check(policy: &Policy, cases: &[(Request, &str)]) {
    for (request, expected) in cases {
        assert_eq!(request.outcome(policy), *expected, "{request:#?}");
    }
}

#[test]
fn a_grant_is_for_whom_it_names_and_implies_no_other() {
    let read = |who| Request::new(who, Want::Read("df -h".into()));
    let only_run = sound("allow run as root\n  to alice\n");
    check(
        &sound(POLICY),
        &[
            (Request::new("mallory", Want::Probe), "5 -"),
            (read("alice"), "7 nobody"),
            (read("carol"), "7 nobody"),
            (read("mallory"), "no: line 7 Missing([Who])"),
            // The file says who is on call, whatever a certificate says.
            (read("mallory+oncall"), "no: line 7 Missing([Who])"),
            (Request::new("eve+leads", Want::Automate), "21 root"),
            (
                Request::new("eve", Want::Automate),
                "no: line 21 Missing([Who])",
            ),
            (
                Request::new("bob+interns", Want::Probe),
                "no: line 27 Forbidden",
            ),
            (read("bob+interns"), "no: line 27 Forbidden"),
        ],
    );
    check(
        &only_run,
        &[
            (Request::new("alice", Want::Run), "1 root"),
            (Request::new("alice", Want::Probe), "no: NotGranted"),
            (read("alice"), "no: NotGranted"),
            (Request::new("alice", Want::Automate), "no: NotGranted"),
        ],
    );
}

#[test]
fn a_run_needs_everything_that_its_rule_demands() {
    let missing = |what: &str| format!("no: line 14 Missing([{what}])");
    let without = |change: fn(&mut Request)| {
        let mut request = run();
        change(&mut request);
        request
    };
    let leads = r#"Approval(These({Group(Name("leads"))}))"#;
    let cases: &[(Request, String)] = &[
        (run(), "14 deploy".into()),
        (run().run_as("root"), "14 root".into()),
        (run().run_as("postgres"), missing(r#"User("postgres")"#)),
        (run().run_as("Root"), missing(r#"User("Root")"#)),
        (without(|r| r.reason = None), missing("Reason")),
        (run().reason(" \t"), missing("Reason")),
        (without(|r| r.approvals.clear()), missing(leads)),
        (run().targets(51, 1000), missing("AtMost(50)")),
        (run().targets(50, 200), missing("Narrower(Share(2500))")),
        (run().targets(49, 200), "14 deploy".into()),
        (run().targets(50, 49), missing("Narrower(Share(2500))")),
        (run().targets(0, 0), missing("Narrower(Share(2500))")),
        (
            without(|r| r.n_fleet = None),
            missing("Narrower(Share(2500))"),
        ),
        (
            without(|r| r.n_targets = None),
            missing("Narrower(Share(2500)), AtMost(50)"),
        ),
        (run().label("role", "cache"), missing("Node")),
        (run().label("tier", "payments"), missing("Node")),
        // A label that is not there is not another value.
        (
            without(|r| {
                r.labels.remove("tier");
            }),
            missing("Node"),
        ),
        (without(|r| r.who = operator("carol")), missing("Who")),
        (run().label("frozen", "yes"), "14 deploy".into()),
        (
            run().label("frozen", "yes").run_as("root"),
            "no: line 25 Forbidden".into(),
        ),
    ];
    let policy = sound(POLICY);
    for (request, expected) in cases {
        assert_eq!(request.outcome(&policy), *expected, "{request:#?}");
    }
}

#[test]
fn an_approval_is_another_operators_of_the_same_fleet() {
    let policy = sound(POLICY);
    let with = |approvals: Vec<hailer_protocol::holder::Holder>, who: &str| {
        let mut request = run();
        request.who = operator(who);
        request.approvals = approvals;
        request.is_allowed(&policy)
    };
    let mut node = operator("dora+leads");
    node.identity.role = Role::Node;
    let mut stranger = operator("dora+leads");
    stranger.identity.fleet = super::name("other");
    assert!(with(vec![operator("dora+leads")], "alice"));
    assert!(with(
        vec![operator("alice+leads"), operator("dora+leads")],
        "alice"
    ));
    for (approvals, who) in [
        (vec![operator("alice+leads")], "alice+leads"),
        (vec![operator("dora")], "alice"),
        (vec![operator("dora+Leads")], "alice"),
        (vec![node], "alice"),
        (vec![stranger], "alice"),
        (vec![], "alice+leads"),
    ] {
        assert!(!with(approvals.clone(), who), "{approvals:?} for {who}");
    }
    let anyone = sound("allow run as root\n  to anyone\n  needs approval by anyone\n");
    let alone = Request::new("alice", Want::Run).approved_by("alice");
    assert!(!alone.is_allowed(&anyone));
    assert!(alone.approved_by("bob").is_allowed(&anyone));
}

#[test]
fn only_operators_are_granted_anything() {
    let policy = sound("allow probe\n  to anyone\nallow run as root\n  to anyone\n");
    for role in [Role::Node, Role::Keeper, Role::Relay] {
        for want in [Want::Probe, Want::Run] {
            let mut request = Request::new("alice", want);
            request.who.identity.role = role;
            assert!(!request.is_allowed(&policy), "{role}");
        }
    }
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    let allow = "allow run as root, deploy\n  to alice\n";
    for deny in [
        "deny run\n",
        "deny anything\n",
        "deny run\n  to alice\n",
        "deny run as root, deploy\n",
        "deny probe, run\n  on node=web001\n",
        "deny run\n  at mon UTC\n",
    ] {
        for text in [format!("{allow}{deny}"), format!("{deny}{allow}")] {
            let policy = sound(&text);
            for user in ["root", "deploy"] {
                let request = Request::new("alice", Want::Run).run_as(user);
                assert!(!request.is_allowed(&policy), "{text}");
            }
        }
    }
    // Nobody named: the rule's first user, who is denied, and not the next.
    let policy = sound(&format!("{allow}deny run as root\n"));
    check(
        &policy,
        &[
            (Request::new("alice", Want::Run), "no: line 3 Forbidden"),
            (
                Request::new("alice", Want::Run).run_as("deploy"),
                "1 deploy",
            ),
        ],
    );
}

#[test]
fn a_denied_pattern_is_wider_than_an_allowed_one() {
    let allow = "allow read as nobody\n  to alice\n  command cat *\n  command cat -A\n  \
                 command cat /etc/../x\n  command cat **\n";
    let lines = ["cat x", "cat -A", "cat /etc/../x", "cat /etc/y"];
    assert!(
        lines
            .iter()
            .all(|l| Request::read(l).is_allowed(&sound(allow)))
    );
    let denied = sound(&format!("{allow}deny read\n  command cat *\n"));
    assert!(!lines.iter().any(|l| Request::read(l).is_allowed(&denied)));
}

#[test]
fn a_node_that_is_read_only_answers_probes_and_reads_alone() {
    let policy = sound(
        "allow probe\n  to alice\nallow read as nobody\n  to alice\n  command df\n\
         allow run as root\n  to alice\nallow automate as root\n  to alice\n",
    );
    let outcome = |want| {
        let mut request = Request::new("alice", want);
        request.is_read_only = true;
        request.outcome(&policy)
    };
    assert_eq!(outcome(Want::Probe), "1 -");
    assert_eq!(outcome(Want::Read("df".into())), "3 nobody");
    assert_eq!(outcome(Want::Run), "no: ReadOnly");
    assert_eq!(outcome(Want::Automate), "no: ReadOnly");
}

#[test]
fn a_read_is_sandboxed_and_brings_the_words_to_execute() {
    let policy = sound(POLICY);
    let (decision, _) = Request::read("journalctl  -u 'nginx'\t-n \"5\"").decided(&policy);
    let Decision::Allow(allowed) = decision else {
        panic!("{decision:?}");
    };
    let words = ["journalctl", "-u", "nginx", "-n", "5"].map(str::to_owned);
    assert_eq!(allowed.argv.as_deref(), Some(words.as_slice()));
    assert!(allowed.is_sandboxed);
    check(
        &policy,
        &[
            (Request::read("df -h").run_as("nobody"), "7 nobody"),
            (
                Request::read("df -h").run_as("root"),
                r#"no: line 7 Missing([User("root")])"#,
            ),
            (
                Request::read("cat /var/log/secret"),
                "no: line 29 Forbidden",
            ),
            (Request::read("cat /var/log/syslog"), "7 nobody"),
            (Request::read("df; reboot"), "no: NotSimple(Syntax(';'))"),
        ],
    );
}

#[test]
fn no_policy_and_an_empty_one_allow_nothing() {
    for policy in [Policy::absent(), sound(""), sound("# nothing\n\n")] {
        for want in [
            Want::Probe,
            Want::Run,
            Want::Automate,
            Want::Read("df".into()),
        ] {
            assert!(!Request::new("alice", want).is_allowed(&policy));
        }
    }
}

#[test]
fn the_version_follows_what_is_said_and_not_how() {
    let a = sound("group b = y, x\ngroup a = z\n\nallow run as root\n to  x ,group a\n");
    let b =
        sound("# said otherwise\nallow run as root\n\tto group a, x, x\ngroup a = z\ngroup b=x,y");
    assert_eq!((&a, a.version()), (&b, b.version()));
    assert_ne!(a.version(), sound(POLICY).version());
    let (faulty, _) = Policy::parse("allow run as root\n to x\noops\n");
    assert_eq!(faulty.version(), Policy::absent().version());
}

#[test]
fn a_decision_is_explained_in_a_few_lines() {
    let policy = sound(POLICY);
    let explained = |request: Request| request.decided(&policy).1;
    assert_eq!(
        explained(run()),
        "alice may run `systemctl restart nginx` on web001\n  \
           it runs as deploy\n  \
           allowed by line 14: allow run as deploy, root\n  \
           a reason is given\n  \
           approved by dora\n  \
           narrower than 25% of the fleet\n  \
           at most 50 nodes\n"
    );
    let mut bare = Request::new("bob+leads", Want::Run).approved_by("bob+leads");
    bare.n_targets = Some(60);
    assert_eq!(
        explained(bare.run_as("postgres")),
        "bob may not run `systemctl restart nginx` as postgres on web001\n  \
           line 14: allow run as deploy, root would allow it, but:\n    \
             it holds on role=db,web & tier!=payments\n    \
             it is as deploy, root, not as postgres\n    \
             it needs a reason\n    \
             it needs the approval of another person: group leads; one's own does not count\n    \
             it needs less than 25% of the fleet; the request does not say which share it is for\n    \
             it needs at most 50 nodes; this is for 60\n"
    );
    assert_eq!(
        explained(Request::read("df -h")),
        "alice may read `df -h` on web001\n  \
           it runs as nobody, in the sandbox and without a shell\n  \
           allowed by line 7: allow read as nobody\n"
    );
    assert_eq!(
        explained(Request::read("df\u{1b}[2J")),
        "alice may not read `df\\e[2J` on web001\n  \
           a read is one simple command: it has the character U+001B, which cannot be seen\n"
    );
    assert_eq!(
        explained(Request::new("x+interns", Want::Probe)),
        "x may not probe on web001\n  denied by line 27: deny anything\n"
    );
}
