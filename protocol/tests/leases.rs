//! What the keeper answers to nodes that ask for shares of fleet-wide limits, ask by ask.
//! `lease_sim` plays the same against faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::automation::{
    AtOnce, AutomationName, Limits, Offline, Rate, RateScope, Share,
};
use hailer_protocol::ids::{Digest, Name, NodeName};
use hailer_protocol::lease::{
    Answer, Applied, Audience, Authority, Decision, Generation, Grant, Served, Stored, TTL, Write,
};
use hailer_protocol::message::FleetLeaseAsk;
use hailer_protocol::time::Mono;

const VERSION: Digest = Digest([1; 32]);

fn at(seconds: u64) -> Mono {
    Mono(Duration::from_secs(seconds))
}

fn node(i: usize) -> NodeName {
    Name::new(format!("n{i}")).expect("a name")
}

fn name() -> AutomationName {
    AutomationName::new("disk-full").expect("a name")
}

fn unlimited() -> Limits {
    Limits {
        rates: Vec::new(),
        attempts: 1,
        shares: Vec::new(),
        at_once: Vec::new(),
        offline: Offline::Hold,
    }
}

fn at_once(n: u32, by: Option<&str>) -> Limits {
    let by = by.map(str::to_owned);
    Limits {
        at_once: vec![AtOnce { n, by }],
        ..unlimited()
    }
}

fn share(basis_points: u16, by: Option<&str>) -> Limits {
    let by = by.map(str::to_owned);
    Limits {
        shares: vec![Share { basis_points, by }],
        ..unlimited()
    }
}

fn rate(n: u32, seconds: u64) -> Limits {
    Limits {
        rates: vec![Rate {
            n,
            per: Duration::from_secs(seconds),
            scope: RateScope::Fleet,
        }],
        ..unlimited()
    }
}

/// Nodes n0, n1 …; the odd ones are in `dc=b`, the even ones in `dc=a`, and every fifth lacks the label.
fn audience(n: usize) -> Arc<Audience> {
    let labels = |i: usize| match (i % 5, i % 2) {
        (4, _) => BTreeMap::new(),
        (_, 0) => BTreeMap::from([("dc".to_owned(), "a".to_owned())]),
        (_, _) => BTreeMap::from([("dc".to_owned(), "b".to_owned())]),
    };
    Arc::new(Audience::new((0..n).map(|i| (node(i), labels(i)))))
}

fn applied(version: Digest, limits: Limits, nodes: usize) -> Applied {
    Applied {
        version,
        name: name(),
        limits,
        audience: audience(nodes),
    }
}

fn stored(generation: u64) -> Stored {
    Stored {
        generation: Generation(generation),
        served: Served::default(),
        grants: Vec::new(),
        spent: Vec::new(),
    }
}

fn authority(limits: Limits, nodes: usize) -> Authority {
    let mut authority = Authority::new(at(0), stored(1));
    authority.set_applied(vec![applied(VERSION, limits, nodes)]);
    authority
}

fn ask(key: &str, attempt: u32) -> FleetLeaseAsk {
    FleetLeaseAsk {
        automation: VERSION,
        key: key.to_owned(),
        attempt,
    }
}

fn token(decision: &Decision) -> u64 {
    match &decision.answer {
        Answer::Granted(grant) => grant.fencing_token,
        Answer::Denied { why, .. } => panic!("denied: {why}"),
    }
}

/// The reason, and after how many seconds to ask again.
fn refusal(decision: &Decision) -> (String, u64) {
    match &decision.answer {
        Answer::Granted(grant) => panic!("granted: {grant:?}"),
        Answer::Denied { why, retry_after } => (why.to_string(), retry_after.as_secs()),
    }
}

fn given(writes: &[Write]) -> Vec<Grant> {
    let given = writes.iter().filter_map(|write| match write {
        Write::Give(grant) => Some(grant.clone()),
        Write::Renew { .. }
        | Write::Take { .. }
        | Write::Spend { .. }
        | Write::Forget { .. }
        | Write::Served(_) => None,
    });
    given.collect()
}

#[test]
fn the_fourth_of_three_at_once_waits_until_one_is_done() {
    let mut keeper = authority(at_once(3, None), 10);
    let first: Vec<Decision> = (0..3)
        .map(|i| keeper.ask(at(1), &node(i), &ask("", 1)))
        .collect();
    assert_eq!(given(&first[0].writes)[0].token, token(&first[0]));
    let (why, wait) = refusal(&keeper.ask(at(1), &node(3), &ask("", 1)));
    assert_eq!(why, "disk-full: 3 at once, of the automation, act already");
    assert_eq!(wait, 1);

    let released = keeper.release(&node(1), token(&first[1]));
    let token = token(&first[1]);
    assert_eq!(released, [Write::Take { token }]);
    assert!(
        keeper.release(&node(1), token).is_empty(),
        "it is told once"
    );
    keeper.ask(at(2), &node(3), &ask("", 1));
    assert_eq!(keeper.grants().count(), 3);
}

#[test]
fn asking_again_takes_no_second_share_and_the_older_token_is_void() {
    let mut keeper = authority(at_once(1, None), 10);
    let first = token(&keeper.ask(at(1), &node(0), &ask("/var", 1)));
    let again = token(&keeper.ask(at(2), &node(0), &ask("/var", 1)));
    assert!(again > first);
    assert_eq!(keeper.grants().count(), 1);
    // A release that was under way since before the second answer.
    assert!(keeper.release(&node(0), first).is_empty());
    let other_key = keeper.ask(at(3), &node(0), &ask("/home", 1));
    assert!(refusal(&other_key).0.contains("1 at once"));
}

#[test]
fn a_later_attempt_takes_the_share_over_and_an_earlier_one_gets_none() {
    let mut keeper = authority(at_once(1, None), 10);
    token(&keeper.ask(at(1), &node(0), &ask("", 4)));
    token(&keeper.ask(at(2), &node(0), &ask("", 5)));
    let (why, _) = refusal(&keeper.ask(at(3), &node(0), &ask("", 4)));
    assert_eq!(
        why,
        "attempt 4 is over: attempt 5 of this key has the share"
    );
}

#[test]
fn a_share_that_is_not_renewed_is_free_after_thirty_seconds() {
    let mut keeper = authority(at_once(1, None), 10);
    let first = token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    assert_eq!(token(&keeper.renew(at(10), &node(0), first)), first);
    refusal(&keeper.ask(at(39), &node(1), &ask("", 1)));
    let second = keeper.ask(at(40), &node(1), &ask("", 1));
    assert_eq!(second.writes[0], Write::Take { token: first });
    token(&second);
    let (why, wait) = refusal(&keeper.renew(at(41), &node(0), first));
    assert_eq!(why, format!("share {first} is not held any more; ask anew"));
    assert_eq!(wait, 0);
}

#[test]
fn nobody_renews_or_releases_what_another_node_holds() {
    let mut keeper = authority(at_once(1, None), 10);
    let first = token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    refusal(&keeper.renew(at(1), &node(1), first));
    assert!(keeper.release(&node(1), first).is_empty());
    refusal(&keeper.ask(at(2), &node(1), &ask("", 1)));
}

#[test]
fn a_share_counts_nodes_among_those_that_are_equal_in_the_label() {
    // 20 nodes: 8 in each datacentre, 4 without. A quarter is 2, 2 and 1.
    let mut keeper = authority(share(2_500, Some("dc")), 20);
    token(&keeper.ask(at(0), &node(0), &ask("/", 1)));
    token(&keeper.ask(at(0), &node(0), &ask("/var", 1)));
    token(&keeper.ask(at(0), &node(2), &ask("/", 1)));
    let (why, _) = refusal(&keeper.ask(at(0), &node(6), &ask("/", 1)));
    let expected = "disk-full: 2 of the 8 nodes of dc=a act already, and 25% may";
    assert_eq!(why, expected);
    token(&keeper.ask(at(0), &node(1), &ask("/", 1)));
    token(&keeper.ask(at(0), &node(4), &ask("/", 1)));
    let (why, _) = refusal(&keeper.ask(at(0), &node(9), &ask("/", 1)));
    let expected =
        "disk-full: 1 of the 4 nodes of the automation without label dc act already, and 25% may";
    assert_eq!(why, expected);
}

#[test]
fn a_share_of_less_than_one_node_is_none_and_says_so() {
    let mut keeper = authority(share(450, None), 20);
    let (why, wait) = refusal(&keeper.ask(at(0), &node(0), &ask("", 1)));
    let expected = "disk-full: 4.5% of the 20 nodes of the automation is less than one node, so none \
                    may ever act; set a larger share, or `1 at once`";
    assert_eq!(why, expected);
    assert_eq!(wait, 30);
    token(&authority(share(500, None), 20).ask(at(0), &node(0), &ask("", 1)));
}

#[test]
fn a_label_that_no_node_has_is_lacked_by_all() {
    let mut keeper = authority(at_once(1, Some("rack")), 20);
    token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    refusal(&keeper.ask(at(0), &node(1), &ask("", 1)));
}

#[test]
fn attempts_of_the_fleet_are_counted_over_a_sliding_window() {
    let mut keeper = authority(rate(2, 600), 10);
    let first = token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    keeper.release(&node(0), first);
    token(&keeper.ask(at(100), &node(1), &ask("", 1)));
    // A second ask of the same attempt is no second attempt.
    token(&keeper.ask(at(110), &node(1), &ask("", 1)));
    let (why, wait) = refusal(&keeper.ask(at(200), &node(2), &ask("", 1)));
    let expected = "disk-full: 2 attempts of the fleet within 10m were made already";
    assert_eq!((why.as_str(), wait), (expected, 400));
    token(&keeper.ask(at(600), &node(2), &ask("", 1)));
    refusal(&keeper.ask(at(699), &node(3), &ask("", 1)));
    token(&keeper.ask(at(700), &node(3), &ask("", 1)));
}

#[test]
fn all_versions_of_an_automation_share_its_limits() {
    let (old, new) = (Digest([1; 32]), Digest([2; 32]));
    let mut keeper = Authority::new(at(0), stored(1));
    keeper.set_applied(vec![
        applied(old, at_once(2, None), 10),
        applied(new, at_once(1, None), 10),
    ]);
    let ask_of = |automation| FleetLeaseAsk {
        automation,
        ..ask("", 1)
    };
    token(&keeper.ask(at(0), &node(0), &ask_of(new)));
    token(&keeper.ask(at(0), &node(1), &ask_of(old)));
    refusal(&keeper.ask(at(0), &node(2), &ask_of(old)));
    refusal(&keeper.ask(at(0), &node(3), &ask_of(new)));
}

#[test]
fn what_is_not_applied_or_not_for_a_node_is_refused() {
    let mut keeper = authority(at_once(9, None), 10);
    let (why, _) = refusal(&keeper.ask(at(0), &node(10), &ask("", 1)));
    assert_eq!(why, "disk-full is not for n10, as it is applied now");
    keeper.set_applied(Vec::new());
    let (why, _) = refusal(&keeper.ask(at(0), &node(0), &ask("", 1)));
    assert_eq!(why, "no automation of this version is applied");
}

#[test]
fn a_node_that_is_moved_away_while_it_acts_counts_everywhere() {
    let mut keeper = authority(at_once(1, Some("dc")), 20);
    token(&keeper.ask(at(0), &node(19), &ask("", 1)));
    keeper.set_applied(vec![applied(VERSION, at_once(1, Some("dc")), 19)]);
    refusal(&keeper.ask(at(1), &node(0), &ask("", 1)));
    refusal(&keeper.ask(at(1), &node(1), &ask("", 1)));
}

#[test]
fn a_keeper_that_starts_anew_honours_what_was_granted() {
    let mut before = authority(at_once(1, None), 10);
    let granted = before.ask(at(5), &node(0), &ask("", 1));
    let grants = given(&granted.writes);
    // Its own clock starts anywhere, and how long the fleet had no keeper is not known.
    let mut after = Authority::new(
        at(9_000),
        Stored {
            grants,
            ..stored(2)
        },
    );
    after.set_applied(vec![applied(VERSION, at_once(1, None), 10)]);
    refusal(&after.ask(at(9_029), &node(1), &ask("", 1)));
    let renewed = after.renew(at(9_029), &node(0), token(&granted));
    assert_eq!(token(&renewed), token(&granted), "the holder goes on");
    refusal(&after.ask(at(9_058), &node(1), &ask("", 1)));
    let next = token(&after.ask(at(9_059), &node(1), &ask("", 1)));
    assert!(next > token(&granted), "tokens rise over restarts");
}

#[test]
fn a_share_that_was_left_over_by_a_failing_disk_is_no_right_to_go_on() {
    let grant = |i: usize, token: u64| Grant {
        token,
        automation: name(),
        node: node(i),
        key: String::new(),
        attempt: 1,
        at: Served::default(),
    };
    // Node 0 gave its share back, which could not be written, and node 1 was given it.
    let grants = vec![grant(0, 1), grant(1, 2)];
    let mut keeper = Authority::new(
        at(0),
        Stored {
            grants,
            ..stored(2)
        },
    );
    keeper.set_applied(vec![applied(VERSION, at_once(1, None), 10)]);
    refusal(&keeper.ask(at(1), &node(0), &ask("", 1)));
    refusal(&keeper.ask(at(1), &node(0), &ask("", 2)));
    assert_eq!(token(&keeper.renew(at(1), &node(1), 2)), 2);
}

#[test]
fn windows_stand_still_while_no_keeper_serves() {
    let spent = vec![(name(), Served(Duration::from_secs(100)))];
    let served = Served(Duration::from_secs(150));
    let mut keeper = Authority::new(
        at(0),
        Stored {
            served,
            spent,
            ..stored(3)
        },
    );
    assert_eq!(keeper.handle_timeout(at(1)), [], "nothing is applied yet");
    keeper.set_applied(vec![applied(VERSION, rate(1, 600), 10)]);
    let (_, wait) = refusal(&keeper.ask(at(1), &node(0), &ask("", 1)));
    assert_eq!(wait, 549);
    token(&keeper.ask(at(550), &node(0), &ask("", 1)));
}

#[test]
fn a_keeper_that_was_replaced_grants_nothing_more() {
    let mut keeper = authority(at_once(9, None), 10);
    let first = token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    let answer = keeper.depose();
    let denied = answer.denied().expect("a refusal");
    assert_eq!(denied.text, "another keeper has taken over");
    assert_eq!(denied.retry_after_ms, 1_000);
    refusal(&keeper.ask(at(1), &node(1), &ask("", 1)));
    refusal(&keeper.renew(at(1), &node(0), first));
    assert!(keeper.release(&node(0), first).is_empty());
    assert_eq!(keeper.handle_timeout(at(999)), []);
    assert_eq!(keeper.poll_timeout(), None);
}

#[test]
fn what_expires_is_taken_back_without_being_asked_for_and_then_there_is_rest() {
    let mut keeper = authority(at_once(1, None), 10);
    assert_eq!(keeper.poll_timeout(), None);
    let token = token(&keeper.ask(at(7), &node(0), &ask("", 1)));
    assert_eq!(keeper.poll_timeout(), Some(at(10)), "to tell the time");
    let told = Served(Duration::from_secs(12));
    assert_eq!(keeper.handle_timeout(at(12)), [Write::Served(told)]);
    assert_eq!(keeper.handle_timeout(at(12)), [], "again is harmless");
    assert_eq!(keeper.poll_timeout(), Some(at(22)));
    let expiry = at(7) + TTL;
    let writes = keeper.handle_timeout(expiry);
    assert_eq!(writes[0], Write::Take { token });
    assert_eq!(keeper.poll_timeout(), None);
}

#[test]
fn ten_thousand_that_wait_ask_a_hundred_times_a_second_together() {
    let mut keeper = authority(at_once(1, None), 10_000);
    token(&keeper.ask(at(0), &node(0), &ask("", 1)));
    let waits = (1..10_000).map(|i| refusal(&keeper.ask(at(0), &node(i), &ask("", 1))).1);
    let mut by_second: BTreeMap<u64, usize> = BTreeMap::new();
    for wait in waits {
        *by_second.entry(wait).or_default() += 1;
    }
    let last = by_second.remove(&30).expect("who comes last waits longest");
    assert!(by_second.values().all(|n| *n <= 200), "{by_second:?}");
    assert!(last > 6_000);
    // One who waits alone, later, asks each second.
    let first = keeper.grants().next().expect("held").token;
    keeper.renew(at(29), &node(0), first);
    assert_eq!(refusal(&keeper.ask(at(31), &node(1), &ask("", 1))).1, 1);
}
