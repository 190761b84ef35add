//! Rates, shares of the fleet, and what holds without a keeper.

use hailer_protocol::automation::{Offline, Rate, RateScope};
use hailer_protocol::engine::DeedOutcome;

use crate::rig::{Keeper, Rig, check, leased, secs, spec, with};

fn rated(n: u32, per: u64, scope: RateScope) -> hailer_protocol::automation::AutomationSpec {
    with(spec("a"), |s| {
        s.limits.rates = vec![Rate {
            n,
            per: secs(per),
            scope,
        }];
    })
}

#[test]
fn a_rate_counts_the_first_attempt_too() {
    for (n, scope, expected) in [
        (1, RateScope::Key, vec!["begin x first", "begin y first"]),
        (1, RateScope::Node, vec!["begin x first"]),
        (
            3,
            RateScope::Node,
            vec!["begin x first", "begin y first", "begin x second"],
        ),
    ] {
        let mut rig = Rig::new(vec![rated(n, 600, scope)]);
        rig.world = Some("x y");
        let log = rig.run(500);
        let begun: Vec<&str> = log.lines().filter(|l| l.starts_with("begin")).collect();
        assert_eq!(begun, expected, "{n} {scope:?}");
        let log = rig.run(101);
        assert!(log.contains("begin"), "the window has passed: {log}");
    }
}

#[test]
fn a_rate_outlives_the_automation_and_its_change() {
    let mut rig = Rig::new(vec![rated(1, 600, RateScope::Key)]);
    rig.world = Some("x");
    rig.run(1);
    rig.set(vec![]);
    rig.run(1);
    rig.set(vec![with(rated(1, 600, RateScope::Key), |s| {
        s.note = "new".to_owned()
    })]);
    assert!(!rig.run(500).contains("begin"));
}

#[test]
fn a_clock_that_is_set_lets_nothing_act_earlier() {
    for jump in [86_400_000, -86_400_000_i64] {
        let mut rig = Rig::new(vec![rated(1, 600, RateScope::Key)]);
        rig.world = Some("x");
        rig.run(1);
        rig.now.wall.0 += jump;
        let log = rig.run(300);
        assert!(log.contains(&format!("record clock {jump}")), "{log}");
        assert!(!log.contains("begin"), "{log}");
        // Nor does a new life that reads the records.
        let journal = rig.journal.clone();
        rig.restart(&journal, vec![rated(1, 600, RateScope::Key)]);
        assert!(!rig.run(290).contains("begin"), "{jump}");
        assert!(rig.run(20).contains("begin x second"), "{jump}");
    }
}

#[test]
fn a_share_is_asked_for_held_and_given_back() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.world = Some("x");
    let log = rig.run(1);
    check(
        &log.lines()
            .filter(|l| !l.contains(": "))
            .collect::<Vec<_>>()
            .join("\n"),
        "ask x
         record intent x 1.1
         begin x first
         record outcome x",
    );
    rig.world = Some("");
    check(
        &rig.run(1),
        "release 1\nrecord cleared x\nx: verifying to clear",
    );
}

#[test]
fn a_share_is_renewed_while_a_deed_lasts_and_the_deed_dies_with_it() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    let log = rig.run(100);
    assert!(
        log.lines().filter(|l| *l == "renew 1").count() >= 9,
        "{log}"
    );
    assert!(log.contains("extend") && !log.contains("kill"), "{log}");
    rig.keeper = Keeper::Silent;
    let log = rig.run(20);
    assert!(log.ends_with("kill LeaseLost"), "{log}");
    rig.end(DeedOutcome::Killed);
    let log = rig.run(1);
    assert!(log.contains("x: acting to verifying"), "{log}");
}

#[test]
fn a_denied_renewal_kills_the_deed_at_once() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    rig.keeper = Keeper::Denies;
    assert!(rig.run(11).ends_with("kill LeaseLost"));
}

#[test]
fn what_the_keeper_denies_is_asked_again_when_it_says() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.keeper = Keeper::Denies;
    rig.world = Some("x");
    check(
        &rig.run(5),
        "x: clear to firing
         ask x
         x: held: the keeper said not now: 3 at once",
    );
    rig.keeper = Keeper::Grants(9);
    let log = rig.run(2);
    assert!(log.starts_with("ask x\nrecord intent x 1.1"), "{log}");
}

#[test]
fn an_answer_that_nobody_waits_for_is_given_back() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.keeper = Keeper::Silent;
    rig.world = Some("x");
    rig.run(1);
    rig.world = Some("");
    rig.run(1);
    let lease = rig.asked[0];
    let granted = hailer_protocol::message::FleetLeaseGranted {
        fencing_token: 5,
        ttl_ms: 30_000,
    };
    let answer = hailer_protocol::engine::LeaseAnswer::Granted(granted);
    rig.call(|e, now, out| e.lease_answer(now, lease, answer, out));
    check(&rig.take(), "release 5");
}

#[test]
fn an_answer_that_took_too_long_is_void() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.keeper = Keeper::Silent;
    rig.world = Some("x");
    rig.run(1);
    let first = rig.asked[0];
    rig.run(20);
    let granted = hailer_protocol::message::FleetLeaseGranted {
        fencing_token: 5,
        ttl_ms: 30_000,
    };
    let answer = hailer_protocol::engine::LeaseAnswer::Granted(granted);
    rig.call(|e, now, out| e.lease_answer(now, first, answer, out));
    let log = rig.take();
    assert!(log.contains("release 5") && !log.contains("begin"), "{log}");
}

#[test]
fn without_a_keeper_it_holds_or_draws_a_lot() {
    let lottery = |basis_points| Offline::Lottery {
        basis_points,
        epoch: secs(600),
    };
    for (offline, keeper, acts) in [
        (Offline::Hold, Keeper::Away, false),
        (Offline::Hold, Keeper::Silent, false),
        (lottery(10_000), Keeper::Away, true),
        (lottery(10_000), Keeper::Silent, true),
        (lottery(0), Keeper::Away, false),
    ] {
        let mut rig = Rig::new(vec![with(leased(spec("a")), |s| {
            s.limits.offline = offline
        })]);
        rig.keeper = keeper;
        rig.world = Some("x");
        let log = rig.run(15);
        assert_eq!(log.contains("begin"), acts, "{offline:?} {keeper:?}: {log}");
    }
}
