//! The roster under a virtual clock.

use super::*;

const fn at(ms: u64) -> Mono {
    Mono(Duration::from_millis(ms))
}

fn node(n: usize) -> NodeName {
    NodeName::new(format!("web{n:04}")).expect("a name")
}

fn fleet(nodes: impl IntoIterator<Item = usize>) -> BTreeMap<NodeName, String> {
    let one = |n| (node(n), format!("10.0.0.1:{n}"));
    nodes.into_iter().map(one).collect()
}

fn dials(dials: Vec<Dial>) -> Vec<(NodeName, Attempt)> {
    let one = |dial: Dial| (dial.node, dial.attempt);
    dials.into_iter().map(one).collect()
}

#[test]
fn no_more_nodes_than_allowed_are_dialled_at_once_and_all_of_them_in_the_end() {
    let mut roster = Roster::new(8);
    assert!(roster.set_fleet(at(0), fleet(0..100)).is_empty());
    let mut done = BTreeSet::new();
    loop {
        let wave = dials(roster.poll_dials(at(0)));
        assert!(roster.poll_dials(at(0)).is_empty(), "no place is free");
        assert!(wave.len() <= 8);
        if wave.is_empty() {
            break;
        }
        for (node, attempt) in wave {
            roster.connected(at(0), &node, attempt);
            assert!(done.insert(node), "dialled once");
        }
    }
    assert_eq!(roster.counts(), (100, 100));
    let news = roster.poll_news(at(2_000)).expect("news");
    assert_eq!((news.up.len(), news.down.len()), (100, 0));
    assert_eq!(roster.poll_news(at(9_000)), None, "it is told once");
    assert_eq!(roster.poll_timeout(), None);
}

#[test]
fn waits_grow_to_a_minute_and_shrink_after_a_connection_that_held() {
    let mut roster = Roster::new(1);
    roster.set_fleet(at(0), fleet([1]));
    let mut now = at(0);
    for longest in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        let (node, attempt) = dials(roster.poll_dials(now)).remove(0);
        roster.ended(now, &node, attempt, "no answer".to_owned(), u32::MAX);
        let due = now + Duration::from_secs(longest);
        assert!(roster.poll_dials(due_before(due)).is_empty(), "{longest}");
        now = due;
    }
    let (node, attempt) = dials(roster.poll_dials(now)).remove(0);
    roster.connected(now, &node, attempt);
    let later = now + Duration::from_secs(10);
    roster.ended(later, &node, attempt, "gone".to_owned(), u32::MAX);
    assert_eq!(dials(roster.poll_dials(later + STEP_MIN)).len(), 1);
}

fn due_before(due: Mono) -> Mono {
    Mono(due.0.saturating_sub(Duration::from_millis(1)))
}

#[test]
fn jitter_spreads_all_the_way_down_to_nothing() {
    assert_eq!(wait(9, 0), Duration::ZERO);
    assert_eq!(wait(40, u32::MAX), STEP_MAX);
    assert!(wait(3, u32::MAX / 2) < Duration::from_secs(4));
}

#[test]
fn who_comes_and_goes_within_a_moment_is_no_news() {
    let mut roster = Roster::new(9);
    roster.set_fleet(at(0), fleet([1]));
    let (one, first) = dials(roster.poll_dials(at(0))).remove(0);
    roster.connected(at(0), &one, first);
    assert!(roster.poll_news(at(1_999)).is_none());
    assert_eq!(
        roster.poll_news(at(2_000)).expect("up").up,
        std::slice::from_ref(&one)
    );
    roster.ended(at(3_000), &one, first, "reset".to_owned(), 0);
    let (_, second) = dials(roster.poll_dials(at(3_000))).remove(0);
    roster.connected(at(3_100), &one, second);
    assert_eq!(roster.poll_news(at(9_000)), None);
    roster.ended(at(10_000), &one, first, "of the first".to_owned(), 0);
    assert_eq!(
        roster.counts(),
        (1, 1),
        "an earlier connection's end is no news"
    );
    roster.ended(at(10_000), &one, second, "gone".to_owned(), u32::MAX);
    let news = roster.poll_news(at(12_000)).expect("down");
    assert_eq!(news.down, BTreeMap::from([("gone".to_owned(), vec![one])]));
    assert_eq!((news.n_up, news.n_nodes), (0, 1));
}

#[test]
fn a_fleet_file_that_changed_moves_only_whom_it_names_otherwise() {
    let mut roster = Roster::new(9);
    roster.set_fleet(at(0), fleet([1, 2, 3]));
    for (node, attempt) in dials(roster.poll_dials(at(0))) {
        roster.connected(at(0), &node, attempt);
    }
    let mut next = fleet([1, 2, 4]);
    next.insert(node(2), "10.9.9.9:1".to_owned());
    assert_eq!(roster.set_fleet(at(5), next), [node(2), node(3)]);
    assert_eq!(roster.counts(), (1, 3));
    let dialled: Vec<_> = dials(roster.poll_dials(at(5)));
    let names: Vec<_> = dialled.into_iter().map(|(node, _)| node).collect();
    assert_eq!(names, [node(2), node(4)]);
}

/// A fleet that fails and comes back at random: whatever happens, counts are right, places are kept,
/// and everybody is connected once nothing fails any more.
#[test]
fn whatever_happens_everybody_is_connected_in_the_end() {
    let cases = std::env::var("HAILER_CASES").ok();
    let cases: u64 = cases.and_then(|n| n.parse().ok()).unwrap_or(200);
    for seed in 0..cases {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut roster = Roster::new(5);
        roster.set_fleet(at(0), fleet(0..30));
        let mut open: Vec<(NodeName, Attempt, bool)> = Vec::new();
        let mut now = at(0);
        for step in 0..600_u64 {
            let is_calm = step > 300;
            if step % 50 == 49 && !is_calm {
                let from = usize::try_from(random(10)).expect("small");
                let left = roster.set_fleet(now, fleet(from..from + 25));
                open.retain(|(of, _, _)| !left.contains(of));
            }
            for (node, attempt) in dials(roster.poll_dials(now)) {
                assert!(open.iter().all(|(of, _, _)| *of != node), "seed {seed}");
                open.push((node, attempt, false));
            }
            let dialling = open.iter().filter(|(_, _, is_up)| !is_up).count();
            assert!(dialling <= 5, "seed {seed}: {dialling}");
            let mut kept = Vec::new();
            for (node, attempt, _) in open {
                let jitter = u32::try_from(random(u64::from(u32::MAX))).expect("small");
                if !is_calm && random(3) == 0 {
                    roster.ended(now, &node, attempt, "x".to_owned(), jitter);
                } else {
                    roster.connected(now, &node, attempt);
                    kept.push((node, attempt, true));
                }
            }
            open = kept;
            assert_eq!(roster.counts().0, open.len(), "seed {seed}");
            roster.poll_news(now);
            now = now + Duration::from_millis(1 + random(2_000));
        }
        let (n_up, n_nodes) = roster.counts();
        assert_eq!(n_up, n_nodes, "seed {seed}");
    }
}
