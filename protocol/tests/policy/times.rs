//! Times: every boundary, to the millisecond, on every side of UTC.

use hailer_protocol::policy::Policy;
use hailer_protocol::time::Wall;
use hailer_protocol::units::moment::{moment_text, parse_moment};

use super::{Request, Want, sound};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn policy(at: &str) -> Policy {
    sound(&format!("allow run as root\n  to anyone\n  at {at}\n"))
}

fn holds(policy: &Policy, now: i64) -> bool {
    let mut request = Request::new("alice", Want::Run);
    request.now = Wall(now);
    request.is_allowed(policy)
}

fn at(text: &str) -> i64 {
    parse_moment(text).expect("a moment")
}

/// Spans, and one week's begin and end of each. 2026-11-23 is a Monday.
const SPANS: &[(&str, &str, &str)] = &[
    (
        "mon 08:00-18:00 UTC",
        "2026-11-23T08:00:00Z",
        "2026-11-23T18:00:00Z",
    ),
    (
        "mon 08:00-18:00 +01:00",
        "2026-11-23T07:00:00Z",
        "2026-11-23T17:00:00Z",
    ),
    (
        "mon 08:00-18:00 -05:30",
        "2026-11-23T13:30:00Z",
        "2026-11-23T23:30:00Z",
    ),
    (
        "mon 00:00-01:00 +14:00",
        "2026-11-22T10:00:00Z",
        "2026-11-22T11:00:00Z",
    ),
    (
        "mon 23:00-24:00 -12:00",
        "2026-11-24T11:00:00Z",
        "2026-11-24T12:00:00Z",
    ),
    ("mon UTC", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
    (
        "fri-sun UTC",
        "2026-11-27T00:00:00Z",
        "2026-11-30T00:00:00Z",
    ),
    (
        "sat-mon UTC",
        "2026-11-21T00:00:00Z",
        "2026-11-24T00:00:00Z",
    ),
    (
        "22:00-06:00 UTC",
        "2026-11-23T22:00:00Z",
        "2026-11-24T06:00:00Z",
    ),
    (
        "sun 22:00-06:00 UTC",
        "2026-11-22T22:00:00Z",
        "2026-11-23T06:00:00Z",
    ),
    (
        "sun 22:00-00:00 UTC",
        "2026-11-22T22:00:00Z",
        "2026-11-23T00:00:00Z",
    ),
    (
        "mon 12:00-12:01 UTC",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:01:00Z",
    ),
];

#[test]
fn a_span_begins_with_its_first_millisecond_and_ends_before_its_last() {
    for &(span, begin, end) in SPANS {
        let policy = policy(span);
        let (begin, end) = (at(begin), at(end));
        for (now, expected) in [
            (begin - 1, false),
            (begin, true),
            (begin + 1, true),
            ((begin + end) / 2, true),
            (end - 1, true),
            (end, false),
            (end + 1, false),
        ] {
            assert_eq!(
                holds(&policy, now),
                expected,
                "{span} at {}",
                moment_text(now)
            );
        }
    }
}

#[test]
fn a_whole_year_of_half_hours_agrees_with_counting_days() {
    let week = policy("mon-wed,sat 09:30-17:00 +02:00");
    let night = policy("fri 20:00-04:30 -03:00");
    let first = at("2026-01-01T00:00:00Z");
    for half in 0..2 * 24 * 365 {
        let now = first + half * HOUR / 2;
        // 2026-01-01 is a Thursday: day 3 of a week that begins on Monday.
        let local = |offset: i64| {
            let minutes = half * 30 + offset * 60 + 7 * 24 * 60;
            ((minutes / (24 * 60) + 3) % 7, minutes % (24 * 60))
        };
        let (day, minute) = local(2);
        let expected = [0, 1, 2, 5].contains(&day) && (570..1020).contains(&minute);
        assert_eq!(holds(&week, now), expected, "{}", moment_text(now));
        let (day, minute) = local(-3);
        let expected = (day == 4 && minute >= 1200) || (day == 5 && minute < 270);
        assert_eq!(holds(&night, now), expected, "{}", moment_text(now));
    }
}

#[test]
fn several_spans_are_any_of_them_and_a_denial_has_times_as_well() {
    let two = policy("mon 08:00-09:00 UTC\n  at mon 10:00-11:00 UTC");
    let monday = at("2026-11-23T00:00:00Z");
    let hours = |policy: &Policy| -> Vec<i64> {
        (0..24)
            .filter(|h| holds(policy, monday + h * HOUR))
            .collect()
    };
    assert_eq!(hours(&two), [8, 10]);
    let frozen = sound("allow run as root\n  to anyone\ndeny run\n  at 02:00-23:00 UTC\n");
    assert_eq!(hours(&frozen), [0, 1, 23]);
}

/// The clock that is handed in is believed: one that is off by an hour moves the span by an hour,
/// and no skew is granted at its ends.
#[test]
fn a_skewed_clock_moves_the_span_and_widens_it_by_nothing() {
    let policy = policy("mon 08:00-18:00 UTC");
    let (begin, end) = (at("2026-11-23T08:00:00Z"), at("2026-11-23T18:00:00Z"));
    for skew in (-24..=24)
        .map(|h| h * HOUR)
        .chain([-30_000, -1, 0, 1, 30_000])
    {
        let truth: Vec<bool> = [begin - 1, begin, end - 1, end]
            .map(|moment| holds(&policy, moment + skew))
            .to_vec();
        let expected: Vec<bool> = [begin - 1, begin, end - 1, end]
            .map(|moment| (begin..end).contains(&(moment + skew)))
            .to_vec();
        assert_eq!(truth, expected, "a skew of {skew} ms");
    }
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let policy = policy("mon-fri 08:00-18:00 -14:00");
    for now in [i64::MIN, i64::MIN + DAY, -1, 0, i64::MAX - DAY, i64::MAX] {
        let _ = holds(&policy, now);
    }
    // Thursday, 1970-01-01, and the day before it.
    assert!(holds(&self::policy("thu UTC"), 0));
    assert!(holds(&self::policy("wed UTC"), -1));
}
