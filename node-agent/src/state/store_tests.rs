//! The store on disk and in memory, which must answer alike.

use super::*;

const NOW: Wall = Wall(1_700_000_000_000);
const MINUTE: i64 = 60_000;
const FEW: StoreConfig = StoreConfig {
    nonces_max: 3,
    runs_max: 2,
};

fn at(minutes: i64) -> Wall {
    Wall(NOW.0 + minutes * MINUTE)
}

fn id(n: u8) -> [u8; 16] {
    [n; 16]
}

/// Runs a check over a store on disk and one in memory.
fn both(config: StoreConfig, check: impl Fn(&mut Store)) {
    let dir = tempfile::tempdir().expect("a directory");
    check(&mut Store::open(&dir.path().join("store.redb"), config).expect("open"));
    check(&mut Store::ephemeral(config));
}

#[test]
fn a_nonce_is_fresh_once() {
    both(StoreConfig::default(), |store| {
        for (n, expected) in [
            (1, Admission::Fresh),
            (1, Admission::Seen),
            (2, Admission::Fresh),
            (1, Admission::Seen),
        ] {
            let admitted = store.admit_nonce(id(n), at(5), NOW).expect("admit");
            assert_eq!(admitted, expected, "{n}");
        }
        // Runs are another matter.
        let run = store.admit_run(RunId(id(1)), at(5), NOW).expect("admit");
        assert_eq!(run, Admission::Fresh);
        let run = store.admit_run(RunId(id(1)), at(5), NOW).expect("admit");
        assert_eq!(run, Admission::Seen);
    });
}

#[test]
fn a_nonce_whose_time_is_over_is_never_fresh() {
    both(StoreConfig::default(), |store| {
        let admitted = store.admit_nonce(id(1), at(0), at(1)).expect("admit");
        assert_eq!(admitted, Admission::Expired);
    });
}

#[test]
fn a_clock_set_back_does_not_make_an_old_nonce_new() {
    both(StoreConfig::default(), |store| {
        assert_eq!(
            store.admit_nonce(id(1), at(5), NOW).expect("admit"),
            Admission::Fresh
        );
        assert_eq!(store.purge(at(10)).expect("purge"), 1);
        // The clock is back at the beginning.
        for (n, until, expected) in [
            (1, at(5), Admission::Expired),
            (2, at(4), Admission::Expired),
            (2, at(6), Admission::Fresh),
        ] {
            let admitted = store.admit_nonce(id(n), until, NOW).expect("admit");
            assert_eq!(admitted, expected, "{n} {until:?}");
        }
        let run = store.admit_run(RunId(id(1)), at(4), NOW).expect("admit");
        assert_eq!(run, Admission::Fresh, "runs are another matter");
    });
}

#[test]
fn a_clock_that_once_ran_far_ahead_does_not_close_the_store() {
    both(StoreConfig::default(), |store| {
        store.admit_nonce(id(1), at(5), NOW).expect("admit");
        store.purge(at(1_000_000_000)).expect("purge");
        let admitted = store.admit_nonce(id(2), at(7), at(2)).expect("admit");
        assert_eq!(admitted, Admission::Fresh);
    });
}

#[test]
fn nonces_and_runs_are_bounded_and_room_is_made_by_time_alone() {
    both(FEW, |store| {
        let nonce =
            |store: &mut Store, n, until, now| store.admit_nonce(id(n), until, now).expect("admit");
        assert_eq!(nonce(store, 1, at(1), NOW), Admission::Fresh);
        assert_eq!(nonce(store, 2, at(9), NOW), Admission::Fresh);
        assert_eq!(nonce(store, 3, at(9), NOW), Admission::Fresh);
        assert_eq!(nonce(store, 4, at(9), NOW), Admission::Full);
        assert_eq!(nonce(store, 1, at(1), NOW), Admission::Seen);
        assert_eq!(nonce(store, 4, at(9), at(3)), Admission::Fresh);
        assert_eq!(nonce(store, 5, at(9), at(3)), Admission::Full);

        for (n, expected) in [
            (1, Admission::Fresh),
            (2, Admission::Fresh),
            (3, Admission::Full),
        ] {
            let run = store.admit_run(RunId(id(n)), at(9), NOW).expect("admit");
            assert_eq!(run, expected, "{n}");
        }
    });
}

#[test]
fn values_are_put_replaced_listed_and_removed() {
    both(StoreConfig::default(), |store| {
        assert_eq!(store.value(Space::Mutes, "a").expect("read"), None);
        assert_eq!(store.entries(Space::Mutes).expect("read"), []);
        assert!(!store.remove(Space::Mutes, "a").expect("remove"));
        for (key, value) in [("b", "1"), ("a", "2"), ("b", "3")] {
            store.put(Space::Mutes, key, value.as_bytes()).expect("put");
        }
        store.put(Space::Pauses, "a", b"other").expect("put");
        let entries = store.entries(Space::Mutes).expect("read");
        let expected = [("a", "2"), ("b", "3")]
            .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()));
        assert_eq!(entries, expected);
        assert!(store.remove(Space::Mutes, "a").expect("remove"));
        assert!(!store.remove(Space::Mutes, "a").expect("remove"));
        let other = store.value(Space::Pauses, "a").expect("read");
        assert_eq!(other.as_deref(), Some(b"other".as_slice()));
        assert_eq!(store.entries(Space::Applied).expect("read"), []);
    });
}

#[test]
fn what_is_over_the_bounds_is_refused() {
    let mut store = Store::ephemeral(StoreConfig::default());
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    let large = vec![0; VALUE_BYTES_MAX + 1];
    assert!(matches!(
        store.put(Space::Applied, &long, b""),
        Err(StoreError::Bound { .. })
    ));
    assert!(matches!(
        store.put(Space::Applied, "a", &large),
        Err(StoreError::Bound { .. })
    ));
    for n in 0..ENTRIES_MAX {
        store.put(Space::Applied, &n.to_string(), b"").expect("put");
    }
    assert!(matches!(
        store.put(Space::Applied, "one more", b""),
        Err(StoreError::Bound { .. })
    ));
    store.put(Space::Applied, "0", b"replaced").expect("put");
    store.put(Space::Mutes, "another", b"").expect("put");
}

#[test]
fn nothing_is_on_disk_before_the_first_write() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("store.redb");
    let mut store = Store::open(&path, StoreConfig::default()).expect("open");
    assert_eq!(store.value(Space::Mutes, "a").expect("read"), None);
    assert_eq!(store.purge(NOW).expect("purge"), 0);
    assert!(!store.remove(Space::Mutes, "a").expect("remove"));
    assert!(!path.exists());
    store.put(Space::Mutes, "a", b"").expect("put");
    assert!(path.exists());
}

#[test]
fn what_was_admitted_survives_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, crashed) = (dir.path().join("a"), dir.path().join("b"));
    let mut store = Store::open(&path, StoreConfig::default()).expect("open");
    for n in 0..10 {
        store.admit_nonce(id(n), at(5), NOW).expect("admit");
        // What a killed agent leaves behind: the file as it is, never closed.
        std::fs::copy(&path, &crashed).expect("copy");
        let mut after = Store::open(&crashed, StoreConfig::default()).expect("open");
        for seen in 0..=n {
            let admitted = after.admit_nonce(id(seen), at(5), NOW).expect("admit");
            assert_eq!(admitted, Admission::Seen, "{seen} after {n}");
        }
        let next = after.admit_nonce(id(n + 1), at(5), NOW).expect("admit");
        assert_eq!(next, Admission::Fresh);
    }
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("store.redb");
    std::fs::write(&path, vec![7; 10_000]).expect("write");
    let error = Store::open(&path, StoreConfig::default()).expect_err("refused");
    assert!(error.to_string().contains("store.redb"), "{error}");
}
