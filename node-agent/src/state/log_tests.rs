//! The log under damage, loss of power, full disks and restarts.

use std::fs;

use super::*;
use crate::state::frame::Record;

const NOW: Wall = Wall(1_700_000_000_000);
const SMALL: LogConfig = LogConfig {
    segment_bytes: 512,
    bytes: 2_048,
};

fn open(dir: &Path, config: LogConfig) -> Log {
    Log::open(dir, config).expect("open").0
}

fn fill(log: &mut Log, n: u64) {
    for _ in 0..n {
        let seq = log.next_seq();
        let body = format!("record {seq}");
        log.append(
            Wall(NOW.0 + i64::try_from(seq).expect("small")),
            3,
            body.as_bytes(),
            Sync::No,
        )
        .expect("append");
    }
}

fn read(log: &Log, from: u64) -> Vec<Record> {
    log.read_from(from)
        .expect("read")
        .collect::<Result<_, _>>()
        .expect("whole")
}

/// A directory with a log of `n` records in one segment, and where each record ends.
fn written(n: u64) -> (tempfile::TempDir, Vec<u8>, Vec<usize>) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), LogConfig::default());
    let mut ends = vec![SEGMENT_HEAD_BYTES];
    for _ in 0..n {
        fill(&mut log, 1);
        ends.push(usize::try_from(log.bytes()).expect("small"));
    }
    drop(log);
    let bytes = fs::read(dir.path().join("log-000001")).expect("the segment");
    assert_eq!(bytes.len(), ends[ends.len() - 1]);
    (dir, bytes, ends)
}

fn put(dir: &tempfile::TempDir, bytes: &[u8]) {
    fs::write(dir.path().join("log-000001"), bytes).expect("write");
}

/// Opens what must be refused, and returns where the damage is said to be.
fn damage(dir: &tempfile::TempDir) -> (u64, u64) {
    match Log::open(dir.path(), LogConfig::default()) {
        Err(LogError::Damaged { offset, seq, .. }) => (offset, seq),
        other => panic!("not damaged: {other:?}"),
    }
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), LogConfig::default());
    assert_eq!(
        (log.next_seq(), log.first_seq(), log.n_dropped()),
        (1, 1, 0)
    );
    fill(&mut log, 3);
    let head = log.head();
    drop(log);

    let mut log = open(dir.path(), LogConfig::default());
    assert_eq!((log.next_seq(), log.head()), (4, head));
    fill(&mut log, 2);
    let records = read(&log, 1);
    for (index, record) in (1..=5).zip(&records) {
        assert_eq!(record.seq, index);
        assert_eq!(record.wall.0, NOW.0 + i64::try_from(index).expect("small"));
        assert_eq!(record.body, format!("record {index}").into_bytes());
    }
    assert_eq!(records.len(), 5);
    assert_eq!(read(&log, 4), records[3..]);
    assert_eq!(read(&log, 6), []);
    assert_eq!(read(&log, u64::MAX), []);
}

#[test]
fn a_log_torn_at_any_byte_loses_only_the_torn_record() {
    let (dir, bytes, ends) = written(4);
    for cut in 0..=bytes.len() {
        put(&dir, &bytes[..cut]);
        let (mut log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open");
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let kept = if whole == 0 { 0 } else { ends[whole - 1] };
        assert_eq!(torn, (cut - kept) as u64, "cut at {cut}");
        let n_records = whole.saturating_sub(1);
        assert_eq!(read(&log, 1).len(), n_records, "cut at {cut}");
        fill(&mut log, 1);
        drop(log);
        let (log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open again");
        assert_eq!((torn, read(&log, 1).len()), (0, n_records + 1));
    }
}

#[test]
fn every_flipped_bit_is_found_and_located() {
    let (dir, bytes, ends) = written(4);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        put(&dir, &damaged);
        let before = ends.iter().filter(|end| **end <= bit / 8).count();
        let start = if before == 0 { 0 } else { ends[before - 1] };
        let expected = (start as u64, before.max(1) as u64);
        assert_eq!(damage(&dir), expected, "bit {bit}");
    }
}

#[test]
fn removed_repeated_and_swapped_records_are_found_and_located() {
    let (dir, bytes, ends) = written(5);
    let piece = |i: usize| &bytes[ends[i - 1]..ends[i]];
    for (order, place) in [
        (&[1, 3, 4, 5][..], 2),
        (&[2, 3, 4, 5], 1),
        (&[1, 3, 2, 4, 5], 2),
        (&[1, 2, 2, 3, 4, 5], 3),
        (&[1, 2, 3, 5, 4], 4),
        (&[5], 1),
    ] {
        let mut shuffled = bytes[..ends[0]].to_vec();
        for record in order {
            shuffled.extend(piece(*record));
        }
        put(&dir, &shuffled);
        let expected = (ends[place - 1] as u64, place as u64);
        assert_eq!(damage(&dir), expected, "{order:?}");
    }
}

#[test]
fn an_end_cut_at_a_records_border_is_told_by_a_head_kept_elsewhere() {
    let (dir, bytes, ends) = written(3);
    let head = open(dir.path(), LogConfig::default()).head();
    put(&dir, &bytes[..ends[2]]);
    let (log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open");
    assert_eq!(torn, 0);
    assert_ne!(log.head(), head);
}

#[test]
fn blocks_that_never_reached_the_disk_are_a_torn_end() {
    let (dir, bytes, ends) = written(3);
    // The file's length reached the disk, and its last blocks did not.
    for cut in [
        ends[3] - 17,
        ends[2] + 40,
        ends[2] + 10,
        ends[2] + 1,
        ends[2],
    ] {
        for more in [0, 1, 100_000] {
            let mut zeroed = bytes[..cut].to_vec();
            zeroed.resize(ends[3] + more, 0);
            put(&dir, &zeroed);
            let (log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open");
            assert_eq!(torn, (zeroed.len() - ends[2]) as u64, "cut at {cut}");
            assert_eq!(read(&log, 1).len(), 2);
        }
    }
    put(&dir, &[0; 4_096]);
    let (log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open");
    assert_eq!((torn, log.next_seq()), (4_096, 1));
}

#[test]
fn zeros_before_sound_records_are_damage_and_no_torn_end() {
    let (dir, bytes, ends) = written(3);
    let mut zeroed = bytes.clone();
    zeroed[ends[1]..ends[2]].fill(0);
    put(&dir, &zeroed);
    assert_eq!(damage(&dir), (ends[1] as u64, 2));
}

#[test]
fn the_oldest_segments_go_first_and_are_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), SMALL);
    for _ in 0..200 {
        fill(&mut log, 1);
        assert!(log.bytes() <= SMALL.bytes, "{}", log.bytes());
        let on_disk: u64 = fs::read_dir(dir.path())
            .expect("list")
            .map(|e| e.expect("entry").metadata().expect("metadata").len())
            .sum();
        assert_eq!(on_disk, log.bytes());
    }
    let records = read(&log, 1);
    assert!(log.n_dropped() > 100, "{}", log.n_dropped());
    assert_eq!(records.len() as u64 + log.n_dropped(), 200);
    assert_eq!(records[0].seq, log.first_seq());
    assert_eq!(records.last().map(|r| r.seq), Some(200));
    let middle = log.first_seq() + 10;
    assert_eq!(read(&log, middle)[0].seq, middle);

    let (dropped, head) = (log.n_dropped(), log.head());
    drop(log);
    let mut log = open(dir.path(), SMALL);
    assert_eq!(
        (log.n_dropped(), log.head(), log.next_seq()),
        (dropped, head, 201)
    );
    assert_eq!(read(&log, 1), records);
    fill(&mut log, 1);
    assert_eq!(read(&log, 201).len(), 1);
}

#[test]
fn missing_and_swapped_segments_are_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), SMALL);
    fill(&mut log, 25);
    drop(log);
    let path = |number: u64| segment_path(dir.path(), number);
    let third = fs::read(path(3)).expect("the third");
    assert!(third.len() > SEGMENT_HEAD_BYTES);

    let second = fs::read(path(2)).expect("the second");
    fs::remove_file(path(2)).expect("remove");
    let missing = Log::open(dir.path(), SMALL);
    assert!(matches!(missing, Err(LogError::Missing(_))), "{missing:?}");

    fs::write(path(2), &third).expect("write");
    let swapped = Log::open(dir.path(), SMALL);
    assert!(matches!(
        swapped,
        Err(LogError::Damaged {
            offset: 0,
            damage: Damage::SegmentOrder,
            ..
        })
    ));

    fs::write(path(2), &second[..second.len() - 1]).expect("write");
    let cut = Log::open(dir.path(), SMALL);
    assert!(matches!(cut, Err(LogError::Damaged { .. })), "{cut:?}");

    fs::write(path(2), &second).expect("write");
    fs::write(dir.path().join("log-7"), "not ours").expect("write");
    open(dir.path(), SMALL);
}

#[test]
fn a_segment_whose_beginning_was_cut_short_is_begun_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), SMALL);
    fill(&mut log, 20);
    let newest = match &log.place {
        Place::Disk(disk) => disk.segments.back().expect("a segment").number,
        Place::Memory(_) => unreachable!("opened on disk"),
    };
    drop(log);
    fs::write(segment_path(dir.path(), newest + 1), [1; 20]).expect("write");
    let (mut log, torn) = Log::open(dir.path(), SMALL).expect("open");
    assert_eq!((torn, log.next_seq()), (20, 21));
    fill(&mut log, 20);
    drop(log);
    assert_eq!(open(dir.path(), SMALL).next_seq(), 41);
}

#[test]
fn a_full_disk_refuses_the_record_and_takes_the_next_one_later() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), LogConfig::default());
    fill(&mut log, 2);
    let before = (log.bytes(), log.head(), log.next_seq());
    for room in 0..50 {
        set_room(&mut log, Some(room));
        let refused = log.append(NOW, 1, b"a record that does not fit", Sync::Yes);
        assert!(matches!(refused, Err(LogError::Io { .. })), "{refused:?}");
        assert_eq!((log.bytes(), log.head(), log.next_seq()), before);
        let on_disk = fs::metadata(dir.path().join("log-000001")).expect("metadata");
        assert_eq!(on_disk.len(), before.0, "nothing half written");
    }
    set_room(&mut log, None);
    fill(&mut log, 1);
    drop(log);
    let (log, torn) = Log::open(dir.path(), LogConfig::default()).expect("open");
    assert_eq!((torn, read(&log, 1).len()), (0, 3));
}

#[test]
fn a_disk_that_failed_takes_nothing_more_until_it_is_opened_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log = open(dir.path(), LogConfig::default());
    fill(&mut log, 1);
    let Place::Disk(disk) = &mut log.place else {
        unreachable!("opened on disk");
    };
    let failed = disk.refuse("sync", WriteError::Unknown(io::ErrorKind::Other.into()));
    assert!(failed.to_string().contains("log-000001"), "{failed}");
    let refused = log.append(NOW, 1, b"", Sync::No);
    assert!(matches!(refused, Err(LogError::Broken)));
    assert!(matches!(log.sync(), Err(LogError::Broken)));
    drop(log);
    fill(&mut open(dir.path(), LogConfig::default()), 1);
}

#[test]
fn a_body_that_is_too_long_is_refused_and_the_longest_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    for (config, limit) in [(LogConfig::default(), MAX_BODY_BYTES), (SMALL, 410)] {
        let dir = dir.path().join(limit.to_string());
        fs::create_dir(&dir).expect("a directory");
        let mut log = open(&dir, config);
        let refused = log.append(NOW, 1, &vec![0; limit + 1], Sync::No);
        assert!(matches!(refused, Err(LogError::TooLong { .. })), "{limit}");
        for _ in 0..20 {
            log.append(NOW, 1, &vec![0; limit], Sync::No).expect("fits");
        }
        assert!(log.bytes() <= config.bytes);
        drop(log);
        assert_eq!(open(&dir, config).next_seq(), 21);
    }
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    for (segment_bytes, bytes) in [(511, 10_000), (1_024, 2_047), (0, 0)] {
        let config = LogConfig {
            segment_bytes,
            bytes,
        };
        assert!(matches!(
            Log::open(dir.path(), config),
            Err(LogError::Config { .. })
        ));
        assert!(matches!(
            Log::ephemeral(config),
            Err(LogError::Config { .. })
        ));
    }
}

#[test]
fn a_log_in_memory_behaves_as_one_on_disk() {
    let mut log = Log::ephemeral(SMALL).expect("a log");
    fill(&mut log, 200);
    log.sync().expect("sync");
    assert!(log.bytes() <= SMALL.bytes);
    assert!(log.n_dropped() > 100);
    let records = read(&log, 1);
    assert_eq!(records.len() as u64 + log.n_dropped(), 200);
    assert_eq!(records[0].seq, log.first_seq());
    assert_eq!(read(&log, 200)[0].body, b"record 200");
    assert_eq!(read(&log, 201), []);
}

fn set_room(log: &mut Log, room: Option<u64>) {
    match &mut log.place {
        Place::Disk(disk) => disk.tail.room = room,
        Place::Memory(_) => unreachable!("opened on disk"),
    }
}
