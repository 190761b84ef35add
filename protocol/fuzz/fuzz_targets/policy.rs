//! No text makes the parser of policies panic, no mistake lies outside of it, what is sound reads
//! back from its canonical form, and no line of a command makes a decision panic.
//!
//! `seeds/policy` holds what to begin with.
#![no_main]

use std::collections::BTreeMap;

use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::Name;
use hailer_protocol::policy::{Ask, NodeFacts, Policy, Wants, Words, decide};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (policy, mistakes) = Policy::parse(text);
    assert_eq!(policy.is_sound(), mistakes.is_empty());
    for mistake in &mistakes {
        assert!(text.get(mistake.span.clone()).is_some(), "{mistake:?}");
        let _ = mistake.render(text);
    }
    if policy.is_sound() {
        let canonical = policy.canonical();
        let (again, mistakes) = Policy::parse(&canonical);
        assert!(mistakes.is_empty(), "{canonical}");
        assert!(again == policy && again.canonical() == canonical, "{canonical}");
    }
    let name = |text: &str| Name::new(text).expect("a name");
    let who = Holder {
        identity: Identity { fleet: name("demo"), role: Role::Operator, name: name("alice") },
        groups: Groups::default(),
    };
    let ask = Ask {
        who: &who,
        approvals: &[],
        wants: Wants::Read(Words::Line(text.lines().last().unwrap_or_default())),
        run_as: None,
        node: NodeFacts { name: &name("web001"), labels: &BTreeMap::new(), is_read_only: false },
        n_targets: None,
        n_fleet: None,
        reason: None,
    };
    let _ = decide(&policy, Wall(0), &ask).explain(&policy, &ask);
});
