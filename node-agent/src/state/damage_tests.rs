//! Whatever happens to the files of a log: an agent starts, keeps what is sound, loses nothing, and says so.

use std::collections::BTreeSet;

use hailer_protocol::time::Wall;

use super::*;
use crate::state::chain::tests::{CONFIG, Random, files, first_changed, log, mutate, number};
use crate::state::{State, StateConfig, Sync};

const NOW: Wall = Wall(1_000_000);

fn open(dir: &Path) -> State {
    let config = StateConfig {
        log: CONFIG,
        ..StateConfig::default()
    };
    State::open(dir, config, NOW).expect("an agent starts")
}

/// The numbers of the records that an agent goes on from, each verified.
fn kept(state: &State) -> Vec<u64> {
    let log = state.log();
    let records = log.read_from(log.first_seq()).expect("read");
    records.map(|r| r.expect("sound").seq).collect()
}

/// What lies in the folders of what was moved aside.
fn aside(dir: &Path) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).expect("list") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let inside = fs::read_dir(path).expect("list");
            found.extend(inside.map(|e| fs::read(e.expect("an entry").path()).expect("read")));
        }
    }
    found
}

/// A directory with a log of several files, of which the second has a flipped bit.
fn damaged() -> (tempfile::TempDir, u64) {
    let dir = tempfile::tempdir().expect("a directory");
    drop(log(dir.path(), 60));
    let path = segment_path(dir.path(), 2);
    let mut bytes = fs::read(&path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&path, &bytes).expect("write");
    let error = Log::open(dir.path(), CONFIG).expect_err("damaged");
    let LogError::Damaged { seq, .. } = error else {
        panic!("{error}");
    };
    (dir, seq)
}

#[test]
fn an_agent_starts_on_a_damaged_log_and_goes_on_from_what_is_sound() {
    let (dir, seq) = damaged();
    let before = files(dir.path());
    let mut state = open(dir.path());
    let told = state.damage().expect("damage").to_owned();
    for part in ["log-000002", &format!("record {seq}"), "damaged-000001"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(kept(&state), (1..seq).collect::<Vec<_>>());
    assert_eq!(aside(dir.path()), before[1..].iter().cloned().collect());
    let next = state.log_mut().append(NOW, 9, b"after", Sync::Yes);
    assert_eq!(next.expect("appended"), seq);
    drop(state);
    let state = open(dir.path());
    assert_eq!(kept(&state), (1..=seq).collect::<Vec<_>>());
    assert_eq!(state.damage(), Some(told.as_str()), "the mark stands");
}

#[test]
fn a_word_takes_the_mark_away_and_leaves_what_was_moved_aside() {
    let (dir, _) = damaged();
    let mut state = open(dir.path());
    assert_eq!(state.acceptance().expect("read"), None);
    let word = Acceptance {
        who: "root".to_owned(),
        reason: "the disk\nwas replaced".to_owned(),
    };
    accept(dir.path(), &word).expect("written");
    let found = state.acceptance().expect("read").expect("a word");
    assert_eq!(
        (found.who.as_str(), found.reason.as_str()),
        ("root", "the disk was replaced")
    );
    state.clear_damage().expect("cleared");
    assert_eq!(state.damage(), None);
    drop(state);
    let state = open(dir.path());
    assert_eq!(state.damage(), None);
    assert_eq!(state.acceptance().expect("read"), None);
    assert!(!aside(dir.path()).is_empty());
}

#[test]
fn a_second_break_is_told_beside_the_first() {
    let (dir, _) = damaged();
    drop(open(dir.path()));
    let path = segment_path(dir.path(), 1);
    let mut bytes = fs::read(&path).expect("read");
    bytes[100] ^= 1;
    fs::write(&path, &bytes).expect("write");
    let state = open(dir.path());
    let told = state.damage().expect("damage");
    assert!(
        told.contains("damaged-000001") && told.contains("damaged-000002"),
        "{told}"
    );
}

#[test]
fn a_crash_at_any_step_of_moving_aside_is_finished_by_the_next_opening() {
    let (dir, seq) = damaged();
    let before = files(dir.path());
    // After the mark, the folder and the sound front, and with so many files moved.
    for n_moved in 0..before.len() {
        let (dir, _) = damaged();
        write_whole(dir.path(), MARK, "the log is damaged\n").expect("the mark");
        let folder = dir.path().join("damaged-000001");
        fs::create_dir(&folder).expect("the folder");
        let error = Log::open(dir.path(), CONFIG).expect_err("damaged");
        let LogError::Damaged { path, offset, .. } = error else {
            panic!("{error}");
        };
        keep_sound(&path, offset).expect("the front");
        for number in (2..).take(n_moved.min(before.len() - 1)) {
            let from = segment_path(dir.path(), number);
            fs::rename(&from, folder.join(from.file_name().expect("a name"))).expect("moved");
        }
        let state = open(dir.path());
        assert!(state.damage().is_some(), "{n_moved} moved");
        assert_eq!(
            kept(&state),
            (1..seq).collect::<Vec<_>>(),
            "{n_moved} moved"
        );
        assert_eq!(
            aside(dir.path()),
            before[1..].iter().cloned().collect(),
            "{n_moved} moved"
        );
    }
}

/// 10,000 with `HAILER_MUTATIONS=10000`.
#[test]
fn whatever_is_done_to_a_log_an_agent_starts_finds_it_and_loses_nothing() {
    let seed = number("HAILER_SEED").unwrap_or(23);
    let n = number("HAILER_MUTATIONS").unwrap_or(300);
    println!("seed {seed}, {n} mutations");
    let mut random = Random(seed);
    let source = tempfile::tempdir().expect("a directory");
    let newest = log(source.path(), 60).next_seq() - 1;
    let before = files(source.path());
    let (mut tried, mut by_mark, mut torn, mut by_head) = (0, 0, 0, 0);
    while tried < n {
        let mut after: Vec<Option<Vec<u8>>> = before.iter().cloned().map(Some).collect();
        let what = mutate(&mut after, &mut random);
        let Some(seq) = first_changed(&before, &after) else {
            continue;
        };
        // To drop its oldest file is what a log does by itself.
        if after[0].is_none() {
            continue;
        }
        tried += 1;
        let dir = tempfile::tempdir().expect("a directory");
        for (number, bytes) in (1..).zip(&after) {
            if let Some(bytes) = bytes {
                fs::write(segment_path(dir.path(), number), bytes).expect("write");
            }
        }
        let state = open(dir.path());
        let kept = kept(&state);
        assert_eq!(
            kept,
            (1..seq).collect::<Vec<_>>(),
            "{what} (mutation {tried})"
        );
        if state.damage().is_some() {
            by_mark += 1;
            let here: BTreeSet<_> = files(dir.path())
                .into_iter()
                .chain(aside(dir.path()))
                .collect();
            let lost = after.iter().flatten().any(|bytes| !here.contains(bytes));
            assert!(!lost, "{what} (mutation {tried}) loses bytes");
        } else if state.recovery().torn_bytes > 0 {
            torn += 1;
        } else {
            // Files alone cannot tell that their end is gone; a head that is kept elsewhere does.
            assert!(seq <= newest, "{what} (mutation {tried}) is not found");
            let is_end = after[..after.len() - 1]
                .iter()
                .zip(&before)
                .all(|(a, b)| a.as_ref() == Some(b));
            assert!(is_end, "{what} (mutation {tried}) is not found");
            by_head += 1;
        }
    }
    println!("{by_mark} moved aside, {torn} torn ends, {by_head} for a head kept elsewhere");
    assert!(by_mark > 0 && torn > 0);
}
