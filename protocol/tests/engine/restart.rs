//! What a new life makes of the records of the one before.

use hailer_protocol::engine::{DeedOutcome, Record};

use crate::rig::{Rig, check, spec, with};

#[test]
fn an_attempt_without_an_end_is_escalated_and_not_repeated() {
    for (is_repeatable, expected) in [
        (
            false,
            "record outcome x
             x: attempt ID has no known end
             record escalated x Ambiguous
             x: acting to escalated
             x: escalated: a deed was begun and its end is unknown
             page x Ambiguous
             -: in force",
        ),
        (
            true,
            "record outcome x
             x: attempt ID has no known end
             x: acting to verifying
             -: in force",
        ),
    ] {
        let it = || with(spec("a"), |s| s.deeds[0].is_repeatable = is_repeatable);
        let mut rig = Rig::new(vec![it()]);
        rig.deed = None;
        rig.world = Some("x");
        rig.run(1);
        let journal = rig.journal.clone();
        assert!(matches!(journal[..], [Record::Intent { .. }]));
        rig.restart(&journal, vec![it()]);
        let log = rig.take();
        let mut lines: Vec<&str> = log.lines().collect();
        lines.rotate_left(1);
        check(&lines.join("\n"), expected);
        let log = rig.run(60);
        assert!(!log.contains("begin x first"), "{log}");
        assert_eq!(log.contains("begin x second"), is_repeatable, "{log}");
    }
}

#[test]
fn a_crash_between_two_records_of_one_decision_loses_neither() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    rig.end(DeedOutcome::Unknown);
    let journal = rig.journal.clone();
    assert_eq!(journal.len(), 3, "intent, outcome, escalated");
    rig.restart(&journal[..2], vec![spec("a")]);
    assert!(rig.take().contains("page x Ambiguous"));
}

#[test]
fn an_open_page_is_told_again_with_its_incident_and_no_other() {
    let mut rig = Rig::new(vec![with(spec("a"), |s| s.deeds.clear())]);
    rig.world = Some("x");
    rig.run(1);
    let journal = rig.journal.clone();
    rig.restart(&journal, vec![with(spec("a"), |s| s.deeds.clear())]);
    rig.run(100);
    let incidents: Vec<&str> = rig.pages.iter().map(|p| p.incident.as_str()).collect();
    assert_eq!(incidents.len(), 2);
    assert_eq!(incidents[0], incidents[1]);
    rig.world = Some("");
    check(
        &rig.run(1),
        "record cleared x\nresolve\nx: escalated to clear",
    );
}

#[test]
fn a_checkpoint_stands_for_all_before_it() {
    let set = || vec![spec("a"), with(spec("b"), |s| s.deeds.truncate(1))];
    let mut rig = Rig::new(set());
    rig.deed = None;
    rig.world = Some("x y");
    rig.run(1);
    rig.end(DeedOutcome::Exited { rc: 1 });
    rig.run(30);
    let (journal, checkpoint) = (rig.journal.clone(), rig.engine.checkpoint(rig.now));
    let now = rig.now;
    let mut snapshots = Vec::new();
    for records in [journal, checkpoint] {
        rig.now = now;
        rig.restart(&records, set());
        let mut log: Vec<String> = rig.take().lines().map(str::to_owned).collect();
        log.sort();
        snapshots.push((log, rig.engine.snapshot(rig.now)));
    }
    assert_eq!(snapshots[0], snapshots[1]);
}

#[test]
fn an_ambiguous_attempt_of_an_automation_that_is_gone_is_told() {
    let mut rig = Rig::new(vec![spec("a")]);
    rig.deed = None;
    rig.world = Some("x");
    rig.run(1);
    let journal = rig.journal.clone();
    rig.restart(&journal, vec![]);
    check(
        &rig.take(),
        "record outcome x
         x: attempt ID has no known end
         record cleared x",
    );
}
