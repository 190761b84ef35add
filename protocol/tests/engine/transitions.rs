//! From clear to clear, by every way there is.

use hailer_protocol::automation::{Clear, Hold, Mode, Storm};
use hailer_protocol::engine::DeedOutcome;

use crate::rig::{Rig, check, collecting, secs, spec, with};

#[test]
fn a_quiet_automation_asks_for_looks_alone() {
    let mut rig = Rig::new(vec![spec("a")]);
    check(&rig.run(60), "");
    assert_eq!(rig.looks, 60);
}

#[test]
fn a_deed_that_helps_is_followed_by_clear() {
    let mut rig = Rig::new(vec![collecting(spec("a"))]);
    rig.world = Some("x");
    check(
        &rig.run(1),
        "x: clear to firing
         collect x
         record intent x 1.1
         x: firing to acting
         begin x first
         record outcome x
         x: attempt ID exited with 0
         x: acting to verifying",
    );
    rig.world = Some("");
    check(
        &rig.run(1),
        "record cleared x
         x: verifying to clear",
    );
    check(&rig.run(60), "");
}

#[test]
fn what_does_not_help_is_followed_by_the_next_deed_and_a_human() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.world = Some("x");
    let log = rig.run(20);
    let deeds: Vec<&str> = log.lines().filter(|l| !l.contains(": ")).collect();
    check(
        &deeds.join("\n"),
        "record intent x 1.1
         begin x first
         record outcome x
         record intent x 2.1
         begin x second
         record outcome x
         record escalated x Exhausted
         page x Exhausted",
    );
    assert_eq!(rig.pages[0].tried.len(), 2);
    assert!(rig.pages[0].incident.starts_with("demo/a/web01/"));
    check(&rig.run(600), "");
    rig.world = Some("");
    check(
        &rig.run(1),
        "record cleared x
         resolve
         x: escalated to clear",
    );
}

#[test]
fn each_deed_has_its_attempts() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.limits.attempts = 2)]);
    rig.world = Some("x");
    let log = rig.run(60);
    let begun: Vec<&str> = log.lines().filter(|l| l.starts_with("begin")).collect();
    assert_eq!(
        begun,
        [
            "begin x first",
            "begin x first",
            "begin x second",
            "begin x second"
        ]
    );
}

#[test]
fn how_a_deed_ended_decides_what_follows() {
    let not_started = DeedOutcome::NotStarted {
        why: "no such user".to_owned(),
    };
    for (outcome, is_repeatable, expected) in [
        (
            DeedOutcome::Exited { rc: 3 },
            false,
            "x: acting to verifying",
        ),
        (DeedOutcome::TimedOut, false, "x: acting to verifying"),
        (DeedOutcome::Killed, false, "x: acting to verifying"),
        (not_started, false, "begin x second"),
        (DeedOutcome::Unknown, true, "x: acting to verifying"),
        (DeedOutcome::Unknown, false, "page x Ambiguous"),
    ] {
        let mut rig = Rig::new(vec![with(spec("a"), |s| {
            s.deeds[0].is_repeatable = is_repeatable;
        })]);
        rig.deed = None;
        rig.world = Some("x");
        rig.run(1);
        rig.end(outcome.clone());
        let log = rig.take();
        assert_eq!(log.lines().last(), Some(expected), "{outcome:?}: {log}");
    }
}

#[test]
fn a_second_end_of_one_attempt_changes_nothing() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    let id = rig.begun[0];
    rig.end(DeedOutcome::TimedOut);
    rig.take();
    rig.call(|e, now, out| e.deed_ended(now, id, DeedOutcome::Exited { rc: 0 }, out));
    check(&rig.take(), "");
}

#[test]
fn what_clears_by_itself_is_not_cured() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.fire = Hold::For(secs(3)))]);
    rig.world = Some("x");
    check(&rig.run(3), "");
    rig.world = Some("");
    check(&rig.run(3), "");
}

#[test]
fn a_hold_of_so_many_looks_fires_over_gaps() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| {
        s.fire = Hold::of(3, 5).unwrap();
        s.deeds.clear();
    })]);
    for (world, expected) in [
        ("x", ""),
        ("", ""),
        ("x", ""),
        ("", ""),
        ("x", "x: clear to firing"),
    ] {
        rig.world = Some(world);
        let log = rig.run(1);
        let expected = if expected.is_empty() {
            String::new()
        } else {
            "x: pending to firing
             record escalated x Fires
             x: firing to escalated
             x: escalated: fires
             page x Fires"
                .to_owned()
        };
        check(&log, &expected);
    }
}

#[test]
fn clear_has_its_own_condition_and_time() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| {
        s.deeds.clear();
        s.clear = Clear {
            expr: None,
            hold: Hold::For(secs(3)),
        };
    })]);
    rig.world = Some("x");
    rig.run(1);
    for world in ["x~", "", "", "", "x~", "", "", ""] {
        rig.world = Some(world);
        check(&rig.run(1), "");
    }
    check(
        &rig.run(1),
        "record cleared x\nresolve\nx: escalated to clear",
    );
}

#[test]
fn looks_without_an_answer_neither_fire_nor_clear() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.world = None;
    check(&rig.run(2), "");
    check(&rig.run(1), "-: no data: rc 127");
    check(&rig.run(100), "");
    rig.world = Some("");
    check(&rig.run(1), "-: data is back");

    let mut rig = Rig::new(vec![with(spec("a"), |s| s.deeds.clear())]);
    rig.world = Some("x");
    rig.run(1);
    rig.world = None;
    check(&rig.run(100), "-: no data: rc 127");
    rig.world = Some("x");
    check(&rig.run(10), "-: data is back");
}

#[test]
fn no_deed_is_begun_on_old_news() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.world = Some("x");
    rig.run(1);
    rig.world = None;
    let log = rig.run(60);
    assert!(!log.contains("begin"), "{log}");
    rig.world = Some("x");
    assert!(rig.run(1).contains("begin x second"));
}

#[test]
fn a_late_tick_looks_once_and_counts_what_was_missed() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.fire = Hold::For(secs(10)))]);
    rig.run(1);
    rig.pass(8_000);
    let looks = rig.looks;
    check(
        &rig.run(1),
        "-: 8 looks did not take place
         -: no data: looks did not take place in time
         -: data is back",
    );
    assert_eq!(rig.looks, looks + 1);
    assert_eq!(rig.engine.snapshot(rig.now)[0].ticks_missed, 8);
    rig.is_deaf = true;
    rig.run(3);
    assert_eq!(rig.looks, looks + 2, "looks do not pile up");
    assert_eq!(rig.engine.snapshot(rig.now)[0].ticks_missed, 10);
}

#[test]
fn one_missed_look_does_not_keep_a_busy_node_from_firing() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.fire = Hold::For(secs(4)))]);
    rig.world = Some("x");
    rig.run(2);
    rig.pass(1_000);
    let log = rig.run(2);
    assert!(log.contains("x: pending to firing"), "{log}");
}

#[test]
fn what_fires_and_clears_over_and_over_is_held_and_paged_once() {
    let mut rig = Rig::new(vec![spec("a")]);
    let mut log = String::new();
    for i in 0..40 {
        rig.world = Some(if i % 2 == 0 { "x" } else { "" });
        log.push_str(&rig.run(1));
        log.push('\n');
    }
    let count = |word: &str| log.lines().filter(|l| l.contains(word)).count();
    assert_eq!(
        count("begin"),
        3,
        "the fourth time is the seventh turn\n{log}"
    );
    assert_eq!(count("page x Flapping"), 1);
    assert_eq!(count("page"), 1);
    rig.world = Some("");
    let log = rig.run(700);
    assert!(
        log.contains("x: no longer fires and clears over and over"),
        "{log}"
    );
    assert_eq!(log.lines().filter(|l| *l == "resolve").count(), 1);
}

#[test]
fn a_storm_is_held_and_paged_as_one() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| {
        s.storm = Storm {
            basis_points: 5000,
            within: secs(60),
            at_least: 3,
        };
    })]);
    rig.world = Some("x y z");
    let log = rig.run(30);
    check(
        &log,
        "x: clear to firing
         y: clear to firing
         z: clear to firing
         record storm true
         -: 3 of 4 fired at once: deeds are held
         page - Storm
         x: held: too much fires at once
         y: held: too much fires at once
         z: held: too much fires at once",
    );
    rig.world = Some("x");
    let log = rig.run(100);
    assert!(log.contains("record storm false"), "{log}");
    assert!(
        log.contains("resolve") && log.contains("begin x first"),
        "{log}"
    );
    assert!(!log.contains("begin y"), "{log}");
}

#[test]
fn watching_tells_what_would_have_run() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.mode = Mode::Observe)]);
    rig.world = Some("x");
    check(
        &rig.run(60),
        "x: clear to firing
         x: would have run deed 1",
    );
    let row = &rig.engine.snapshot(rig.now)[0];
    assert_eq!(row.held.as_ref().unwrap().to_string(), "it may only watch");
}

#[test]
fn evidence_that_does_not_come_holds_nothing_up() {
    let mut rig = Rig::new(vec![collecting(spec("a"))]);
    rig.evidence = false;
    rig.world = Some("x");
    check(&rig.run(10), "x: clear to firing\ncollect x");
    let log = rig.run(1);
    assert!(
        log.starts_with("x: evidence was not there in time"),
        "{log}"
    );
    assert!(log.contains("begin x first"), "{log}");
}

#[test]
fn an_automation_for_another_version_does_nothing() {
    for (in_force, held) in [
        (Some(false), "it is not in force on what runs here"),
        (
            None,
            "whether it is in force on what runs here is not known yet",
        ),
    ] {
        let mut rig = Rig::new(vec![with(spec("a"), |s| {
            s.version = Some(crate::rig::condition("kernel"));
        })]);
        rig.in_force = in_force;
        rig.world = Some("x");
        let log = rig.run(10);
        assert!(!log.contains("begin"), "{log}");
        let row = &rig.engine.snapshot(rig.now)[0];
        assert_eq!(row.held.as_ref().unwrap().to_string(), held);
        rig.in_force = Some(true);
        assert!(rig.run(61).contains("begin x first"));
    }
}

#[test]
fn patients_beyond_the_bound_are_counted_and_told() {
    let keys: Vec<String> = (0..1005).map(|i| format!("k{i:04}")).collect();
    let world: &'static str = Box::leak(keys.join(" ").into_boxed_str());
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.mode = Mode::Observe)]);
    rig.world = Some(world);
    let log = rig.run(2);
    assert!(log.contains("-: 5 patients are too many to keep"), "{log}");
    let rows = rig.engine.snapshot(rig.now);
    assert_eq!((rows.len(), rows[0].keys_over), (1000, 10));
}
