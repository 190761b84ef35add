//! Stages, gates and limits, one sentence each.

use super::*;
use crate::fleet::policy::{Limits, Staging};

fn staged(ends: &[u32], wait: u64, is_gated: bool) -> Policy {
    Policy {
        staging: Staging {
            ends: ends.to_vec(),
            wait: secs(wait),
            is_gated,
        },
        ..Policy::strictly(10)
    }
}

fn limited(failures: Option<usize>, unreachable: Option<usize>) -> Policy {
    Policy {
        limits: Limits {
            failures,
            unreachable,
        },
        ..Policy::strictly(2)
    }
}

#[test]
fn a_stage_begins_when_all_of_those_before_have_ended() {
    check(
        up(4),
        staged(&[1, 3], 0, false),
        &[
            ("", ">0"),
            ("=0:ok", "0=ok |1 >1 >2"),
            ("=2:ok", "2=ok"),
            ("=1:ok", "1=ok |2 >3"),
            ("=3:ok", "3=ok ."),
        ],
    );
}

#[test]
fn between_stages_nobody_is_asked_until_the_wait_is_over_and_the_gate_is_passed() {
    check(
        up(3),
        staged(&[1, 2], 30, true),
        &[
            ("", ">0"),
            ("=0:ok t29", "0=ok"),
            ("g0 t1", "^0"),
            // An answer for another gate opens nothing.
            ("g1 t100", ""),
            ("g0 g0", "|1 >1"),
            ("=1:ok t30 G1", "1=ok ^1 2=not_started ."),
        ],
    );
}

#[test]
fn a_stage_in_which_nobody_was_asked_wants_no_wait_and_no_gate() {
    let down = || LinkAtStart::Down {
        reason: "off".into(),
    };
    let links = vec![LinkAtStart::Up, down(), LinkAtStart::Up];
    check(
        links,
        staged(&[1, 2], 30, true),
        &[
            ("", "1=unreachable >0"),
            ("=0:ok t30 g0", "0=ok ^0 |1 |2 >2"),
        ],
    );
}

#[test]
fn a_canary_of_which_nobody_ended_ok_halts_the_run() {
    check(
        up(2),
        staged(&[1], 0, false),
        &[("", ">0"), ("=0:failed", "0=failed 1=not_started .")],
    );
    let down = LinkAtStart::Down {
        reason: "off".into(),
    };
    check(
        vec![down, LinkAtStart::Up],
        staged(&[1], 0, false),
        &[("", "0=unreachable 1=not_started .")],
    );
}

#[test]
fn one_failure_more_than_may_be_halts_and_those_in_flight_go_on() {
    check(
        up(5),
        limited(Some(1), None),
        &[
            ("", ">0 >1"),
            ("=0:failed", "0=failed >2"),
            ("=1:timed_out", "1=timed_out 3=not_started 4=not_started"),
            ("=2:failed", "2=failed ."),
        ],
    );
}

#[test]
fn what_cannot_be_reached_has_a_limit_of_its_own() {
    let connecting = vec![LinkAtStart::Connecting; 4];
    check(
        connecting,
        limited(Some(0), Some(1)),
        &[
            ("", "~0 ~1 ~2 ~3"),
            ("-0 +1", "0=unreachable >1"),
            ("-2", "2=unreachable 3=not_started"),
            ("=1:ok", "1=ok ."),
        ],
    );
}

#[test]
fn a_request_that_was_not_sent_after_the_halt_says_why_it_was_halted() {
    let mut fanout = Fanout::new(up(2), limited(Some(0), None), Mono(secs(1)));
    while fanout.poll_output().is_some() {}
    fanout.handle_input(Mono(secs(1)), Input::Ended(0, State::Failed));
    fanout.handle_input(Mono(secs(1)), Input::Unsent(1, 0, "broke".into()));
    let ends: Vec<Output> = std::iter::from_fn(|| fanout.poll_output()).collect();
    let expected = Output::TargetEnded(1, State::NotStarted, Cause::Failures(1, 0));
    assert!(ends.contains(&expected), "{ends:?}");
}
