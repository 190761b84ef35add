//! Operators' orders, changed sets, and the keeper's triggers.

use hailer_protocol::automation::{AutomationName, Condition, Control, Mode, Muted};
use hailer_protocol::engine::DeedOutcome;
use hailer_protocol::time::Wall;

use crate::rig::{Keeper, Rig, check, leased, spec, versioned, with};

fn of(key: Option<&str>) -> Muted {
    Muted {
        automation: AutomationName::new("a").expect("a name"),
        key: key.map(str::to_owned),
    }
}

fn answer(yes: bool) -> Control {
    Control::Answer {
        automation: AutomationName::new("a").expect("a name"),
        key: "x".to_owned(),
        yes,
    }
}

#[test]
fn what_is_muted_neither_acts_nor_pages_and_does_so_afterwards() {
    let until = Wall(1_800_000_000_000 + 60_000);
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.deeds.truncate(1))]);
    rig.control(&Control::Mute {
        of: of(Some("x")),
        until: Some(until),
    });
    rig.take();
    rig.world = Some("x");
    check(&rig.run(59), "x: clear to firing\nx: held: it is muted");
    let log = rig.run(10);
    assert!(
        log.starts_with("record unmuted\nx: no longer muted\nrecord intent"),
        "{log}"
    );
    assert!(log.contains("page x Exhausted"), "{log}");
}

#[test]
fn a_mute_ends_what_was_about_to_be_done() {
    let mut rig = Rig::new(vec![leased(spec("a"))]);
    rig.keeper = Keeper::Silent;
    rig.world = Some("x");
    rig.run(1);
    rig.control(&Control::Mute {
        of: of(None),
        until: None,
    });
    rig.take();
    let lease = rig.asked[0];
    rig.keeper = Keeper::Grants(1);
    let granted = hailer_protocol::message::FleetLeaseGranted {
        fencing_token: 3,
        ttl_ms: 30_000,
    };
    let answer = hailer_protocol::engine::LeaseAnswer::Granted(granted);
    rig.call(|e, now, out| e.lease_answer(now, lease, answer, out));
    check(&rig.take(), "release 3");
    check(&rig.run(10), "");
    rig.control(&Control::Unmute(of(None)));
    assert!(rig.take().contains("begin x first"));
}

#[test]
fn a_pause_kills_what_runs_and_holds_until_it_is_taken_back() {
    let mut rig = Rig::new(vec![spec("a"), spec("b")]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    rig.control(&Control::Pause { until: None });
    check(
        &rig.take(),
        "kill Paused
         kill Paused
         record paused
         -: all deeds are paused",
    );
    rig.end(DeedOutcome::Killed);
    rig.end(DeedOutcome::Killed);
    assert!(!rig.run(100).contains("begin"));
    let journal = rig.journal.clone();
    rig.restart(&journal, vec![spec("a"), spec("b")]);
    assert!(!rig.run(100).contains("begin"), "it holds over a restart");
    rig.control(&Control::Resume);
    assert!(rig.take().contains("begin x second"));
}

#[test]
fn one_that_asks_acts_after_a_yes_once() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.mode = Mode::Ask)]);
    rig.world = Some("x");
    check(
        &rig.run(20),
        "x: clear to firing
         x: asks to run deed 1
         page x Approval
         x: held: it waits for an operator's answer",
    );
    rig.control(&answer(true));
    let log = rig.take();
    assert!(
        log.starts_with("x: an operator said yes\nresolve\nrecord intent x 1.1"),
        "{log}"
    );
    let log = rig.run(10);
    assert!(
        log.contains("x: asks to run deed 2") && !log.contains("begin"),
        "{log}"
    );
    rig.control(&answer(false));
    let log = rig.take();
    assert!(
        log.contains("record escalated x Rejected") && !log.contains("page"),
        "{log}"
    );
}

#[test]
fn a_question_that_nobody_answers_becomes_a_page() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.mode = Mode::Ask)]);
    rig.world = Some("x");
    rig.run(1);
    let log = rig.run(3600);
    check(
        &log,
        "resolve
         record escalated x Unanswered
         x: firing to escalated
         x: escalated: asked whether it may act, and nobody answered
         page x Unanswered",
    );
}

#[test]
fn orders_that_mean_nothing_are_refused() {
    let mut rig = Rig::new(vec![spec("a")]);
    let other = AutomationName::new("zz").unwrap();
    for (order, expected) in [
        (Control::Resume, "deeds are not paused"),
        (Control::Unmute(of(None)), "`a` is not muted"),
        (answer(true), "`a` does not ask whether it may act for `x`"),
        (
            Control::Settle(Muted {
                automation: other,
                key: None,
            }),
            "no automation `zz` is in force on this node",
        ),
    ] {
        let mut error = None;
        rig.call(|e, now, out| error = e.control(now, &order, "", out).err());
        assert_eq!(error.unwrap().to_string(), expected);
    }
    check(&rig.take(), "");
}

#[test]
fn what_is_settled_starts_anew() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.deeds.truncate(1))]);
    rig.world = Some("x");
    rig.run(10);
    rig.take();
    rig.control(&Control::Settle(of(Some("x"))));
    check(
        &rig.take(),
        "x: settled by an operator
         record cleared x
         resolve
         x: escalated to clear",
    );
    assert!(rig.run(1).contains("begin x first"));
}

#[test]
fn a_reload_of_the_same_set_changes_nothing() {
    let set = || vec![spec("a"), leased(spec("b"))];
    let mut rig = Rig::new(set());
    rig.deed = None;
    rig.world = Some("x y");
    rig.run(3);
    let before = rig.engine.snapshot(rig.now);
    rig.set(set());
    check(&rig.take(), "");
    assert_eq!(rig.engine.snapshot(rig.now), before);
}

#[test]
fn a_changed_automation_keeps_its_attempts_and_its_running_deed() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    rig.set(vec![with(spec("a"), |s| s.note = "another".to_owned())]);
    check(&rig.take(), "-: in force in another version");
    rig.run(3);
    rig.end(DeedOutcome::Exited { rc: 1 });
    let log = rig.run(6);
    assert!(log.contains("record intent x 2.1"), "{log}");
}

#[test]
fn a_removed_automation_ends_what_it_began() {
    let mut rig = Rig::new(vec![spec("a"), with(spec("b"), |s| s.deeds.clear())]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    rig.set(vec![]);
    check(
        &rig.take(),
        "kill Removed
         -: in force no longer
         record cleared x
         resolve
         x: escalated to clear
         -: in force no longer",
    );
    rig.end(DeedOutcome::Killed);
    check(
        &rig.take(),
        "record outcome x
         x: attempt ID was killed
         record cleared x",
    );
    check(&rig.run(60), "");
}

#[test]
fn the_keeper_fires_only_what_needs_it() {
    let fleet = with(leased(spec("f")), |s| {
        s.when = Condition::Fleet("…".to_owned())
    });
    let (version, _) = versioned(fleet.clone());
    let (local, _) = versioned(spec("a"));
    let mut rig = Rig::new(vec![fleet, spec("a")]);
    let mut known = Vec::new();
    for version in [local, version] {
        rig.call(|e, now, out| known.push(e.trigger(now, version, "x", &[], 42, out)));
    }
    assert_eq!(known, [false, true]);
    let log = rig.take();
    assert!(
        log.starts_with("release 42\nx: clear to firing\nrenew 42\nrecord intent x"),
        "{log}"
    );
    let log = rig.run(3);
    assert!(
        log.contains("x: verifying to clear"),
        "it was not triggered again: {log}"
    );
}
