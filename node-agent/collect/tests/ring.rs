//! The last hour against a plain list of what was put in. `HAILER_CASES` says how many histories are
//! tried.

use std::collections::VecDeque;

use hailer_collect::ring::{Numbers, Ring, RingError, Sample, TICKS, Trend};
use proptest::prelude::*;

fn cases() -> u32 {
    let wanted = std::env::var("HAILER_CASES").ok();
    wanted.map_or(64, |n| n.parse().expect("HAILER_CASES is a number"))
}

/// What comes back for it.
fn kept(sample: Sample) -> Sample {
    match sample {
        Sample::Float(x) if x.abs() < 4.0e12 => Sample::Float((x * 1000.0).round() / 1000.0),
        Sample::Float(_) | Sample::Int(_) | Sample::Null => sample,
    }
}

fn is_same(a: Sample, b: Sample) -> bool {
    match (a, b) {
        (Sample::Float(a), Sample::Float(b)) => a.to_bits() == b.to_bits() || a == b,
        (Sample::Float(_) | Sample::Int(_) | Sample::Null, _) => a == b,
    }
}

/// Steps of time, and samples that stay, wander, grow and jump.
fn history(numbers: Numbers) -> impl Strategy<Value = Vec<(u64, Sample)>> {
    let step =
        prop_oneof![20 => Just(1_u64), 3 => 2_u64..5, 1 => 200_u64..400, 1 => 800_u64..5_000];
    let whole = prop_oneof![
        4 => -20_i64..20,
        2 => Just(7_i64),
        2 => -100_000_i64..100_000,
        1 => any::<i64>(),
    ];
    let float = prop_oneof![
        4 => 0.0..100.0_f64,
        2 => Just(50.0),
        1 => any::<f64>(),
        1 => -1.0e15..1.0e15_f64,
    ];
    let sample = match numbers {
        Numbers::Whole => {
            prop_oneof![9 => whole.prop_map(Sample::Int), 1 => Just(Sample::Null)].boxed()
        }
        Numbers::Fractional => {
            prop_oneof![9 => float.prop_map(Sample::Float), 1 => Just(Sample::Null)].boxed()
        }
    };
    prop::collection::vec((step, sample), 1..600)
}

fn check(trend: Trend, numbers: Numbers, start: u64, history: &[(u64, Sample)]) {
    let mut ring = Ring::new(8, 1 << 20);
    // Another series writes between, so that blocks are not neighbours.
    let other = ring.add(Trend::Growth, Numbers::Whole).expect("room");
    let id = ring.add(trend, numbers).expect("room");
    let mut model: VecDeque<(u64, Sample)> = VecDeque::new();
    let mut tick = start;
    for (i, (step, sample)) in history.iter().enumerate() {
        tick += step;
        ring.append(id, tick, *sample).expect("later than before");
        ring.append(other, tick, Sample::Int(i64::try_from(i).expect("small")))
            .expect("later than before");
        model.push_back((tick, kept(*sample)));
        assert_eq!(
            ring.append(id, tick, *sample),
            Err(RingError::Late { tick, last: tick })
        );
    }
    model.retain(|(at, _)| at + TICKS > tick);
    let read: Vec<_> = ring.samples(id, tick).collect();
    assert_eq!(read.len(), model.len());
    for ((tick, sample), (expected_tick, expected)) in read.iter().zip(&model) {
        assert_eq!(tick, expected_tick);
        assert!(is_same(*sample, *expected), "{sample:?} for {expected:?}");
    }
    assert_eq!(ring.evicted(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whole_numbers_come_back_exactly(history in history(Numbers::Whole), start in 0_u64..10_000) {
        check(Trend::Level, Numbers::Whole, start, &history);
        check(Trend::Growth, Numbers::Whole, start, &history);
    }

    #[test]
    fn fractions_come_back_to_the_nearest_thousandth(
        history in history(Numbers::Fractional),
        start in 0_u64..10_000,
    ) {
        check(Trend::Level, Numbers::Fractional, start, &history);
        check(Trend::Growth, Numbers::Fractional, start, &history);
    }
}

#[test]
fn a_full_store_gives_up_its_oldest_and_says_so() {
    let mut ring = Ring::new(4, 8 * 1024);
    let ids: Vec<_> = (0..4)
        .map(|_| ring.add(Trend::Level, Numbers::Whole).expect("room"))
        .collect();
    let noise = |tick: u64| i64::try_from(tick * 7_919 % 100_003).expect("small");
    for tick in 1..=2_000 {
        for id in &ids {
            ring.append(*id, tick, Sample::Int(noise(tick)))
                .expect("in order");
        }
    }
    assert!(ring.evicted() > 0);
    assert!(ring.bytes() < 12 * 1024, "{}", ring.bytes());
    for id in ids {
        let read: Vec<_> = ring.samples(id, 2_000).collect();
        assert!(read.len() > 100 && read.len() < 1_000, "{}", read.len());
        let expected: Vec<_> = (2_001 - read.len() as u64..=2_000)
            .map(|tick| (tick, Sample::Int(noise(tick))))
            .collect();
        assert_eq!(read, expected, "what is left is the newest, without a hole");
    }
}

#[test]
fn series_and_kinds_of_numbers_have_bounds() {
    let mut ring = Ring::new(1, 1 << 16);
    let id = ring.add(Trend::Level, Numbers::Whole).expect("room");
    assert_eq!(
        ring.add(Trend::Level, Numbers::Whole),
        Err(RingError::Full(1))
    );
    assert_eq!(
        ring.append(id, 1, Sample::Float(1.0)),
        Err(RingError::Numbers(Numbers::Whole))
    );
    ring.append(id, 1, Sample::Int(5)).expect("fits");
    ring.remove(id);
    let next = ring.add(Trend::Level, Numbers::Whole).expect("room again");
    assert_eq!(
        ring.samples(next, 1).count(),
        0,
        "nothing of the series before"
    );
}

/// Two thousand series like those of a machine, for an hour and a half: the bound that the agent is
/// run with holds, and nothing of the last hour is lost.
#[test]
fn two_thousand_series_of_an_hour_fit_in_sixteen_mebibytes() {
    let mut ring = Ring::new(2_000, 16 << 20);
    let mut seed = 17_u64;
    let mut chance = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    let small = |n: u64| i64::try_from(n).expect("small");
    let mut values = vec![0_i64; 2_000];
    let ids: Vec<_> = (0..2_000)
        .map(|i| match i % 4 {
            0 => ring.add(Trend::Growth, Numbers::Whole),
            1 | 2 => ring.add(Trend::Level, Numbers::Whole),
            _ => ring.add(Trend::Level, Numbers::Fractional),
        })
        .collect::<Result<_, _>>()
        .expect("room");
    for tick in 1..=5_400_u64 {
        for (i, id) in ids.iter().enumerate() {
            let value = &mut values[i];
            let sample = match i % 4 {
                // A counter of packets, a level that seldom moves, one that wanders, a noisy share.
                0 => {
                    *value += 1_000 + small(chance(100));
                    Sample::Int(*value)
                }
                1 => {
                    *value += i64::from(chance(20) == 0);
                    Sample::Int(*value)
                }
                2 => {
                    *value += small(chance(4_001)) - 2_000;
                    Sample::Int(*value)
                }
                _ => Sample::Float(chance(10_000) as f64 / 1_000.0 + 40.0),
            };
            ring.append(*id, tick, sample).expect("in order");
        }
    }
    assert_eq!(ring.evicted(), 0, "all of the hour is there");
    assert!(ring.bytes() <= 17 << 20, "{} bytes", ring.bytes());
    let counts = ids.iter().map(|id| ring.samples(*id, 5_400).count() as u64);
    assert!(counts.into_iter().all(|n| n == TICKS));
}
