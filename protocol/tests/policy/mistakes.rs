//! Every mistake that a policy can have, as its writer is told of it.
//!
//! `data/policy/mistakes.txt` holds them one after the other: a line `### ` with a name, the policy,
//! a line `---`, and what is said about it. `UPDATE_EXPECTED=1` writes the latter anew.

use std::fmt::Write as _;

use hailer_protocol::policy::Policy;

use super::{Request, Want};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/policy/mistakes.txt"
);
const CASES_MIN: usize = 40;

struct Case {
    name: String,
    policy: String,
    said: String,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(FILE).expect("the cases are there");
    let case = |section: &str| {
        let (name, rest) = section.split_once('\n').expect("a name");
        let (policy, said) = rest.split_once("---\n").expect("a line ---");
        Case {
            name: name.to_owned(),
            // What an editor would not keep is written as an escape.
            policy: policy
                .replace("<ZWSP>", "\u{200b}")
                .replace("<ESC>", "\u{1b}")
                .replace("<RLO>", "\u{202e}"),
            said: said.trim_end().to_owned(),
        }
    };
    let sections = text.split("### ").skip(1);
    sections.map(case).collect()
}

fn said_of(policy: &str) -> String {
    let (_, mistakes) = Policy::parse(policy);
    let all: String = mistakes.iter().map(|m| m.render(policy)).collect();
    all.trim_end().to_owned()
}

#[test]
fn every_mistake_is_said_with_its_place_and_what_to_do() {
    let cases = cases();
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let mut out = String::new();
        for case in &cases {
            let policy = case
                .policy
                .replace('\u{200b}', "<ZWSP>")
                .replace('\u{1b}', "<ESC>")
                .replace('\u{202e}', "<RLO>");
            let _ = write!(
                out,
                "### {}\n{policy}---\n{}\n\n",
                case.name,
                said_of(&case.policy)
            );
        }
        std::fs::write(FILE, out).expect("the cases can be written");
        return;
    }
    for case in &cases {
        assert_eq!(said_of(&case.policy), case.said, "{}", case.name);
    }
}

#[test]
fn a_policy_with_a_mistake_allows_nothing_of_what_it_would_allow_without() {
    let all = "allow probe\n  to anyone\nallow read as nobody\n  to anyone\n  command df\n\
               allow run as root\n  to anyone\nallow automate as root\n  to anyone\n";
    let wants = || {
        [
            Want::Probe,
            Want::Read("df".into()),
            Want::Run,
            Want::Automate,
        ]
        .map(|want| Request::new("alice", want))
    };
    let (sound, _) = Policy::parse(all);
    assert!(wants().iter().all(|r| r.is_allowed(&sound)));
    for case in cases() {
        for text in [
            format!("{all}\n{}", case.policy),
            format!("{}\n{all}", case.policy),
        ] {
            let (policy, mistakes) = Policy::parse(&text);
            assert!(!mistakes.is_empty() && !policy.is_sound(), "{}", case.name);
            for request in wants() {
                assert!(!request.is_allowed(&policy), "{}: {request:?}", case.name);
            }
        }
    }
}

#[test]
fn all_mistakes_of_a_policy_are_said_in_the_order_of_their_places() {
    let text = "alow probe\nallow prob\nallow run\n  to alice\ndeny run as\n  at noon\n";
    let (_, mistakes) = Policy::parse(text);
    let lines: Vec<usize> = mistakes.iter().map(|m| m.line(text)).collect();
    assert_eq!(lines, [1, 2, 3, 5], "{}", said_of(text));
}

#[test]
fn a_policy_that_is_too_long_is_refused_as_a_whole() {
    let text = "# a line of text that says nothing at all\n".repeat(1 << 13);
    assert_eq!(
        said_of(&text).lines().next(),
        Some("error: the policy has 344064 bytes, at most 262144 are allowed")
    );
}
