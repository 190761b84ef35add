//! Whatever is done to the files of a log is found, and told where.

use std::fs;

use hailer_protocol::time::Wall;

use super::*;
use crate::state::frame::{RECORD_OVERHEAD_BYTES, SEGMENT_HEAD_BYTES};
use crate::state::{Log, LogConfig, Sync};

pub(in crate::state) const CONFIG: LogConfig = LogConfig {
    segment_bytes: 900,
    bytes: 1 << 20,
};

/// Numbers that look random; the same for the same seed.
pub(in crate::state) struct Random(pub(in crate::state) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }
}

pub(in crate::state) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub(in crate::state) fn log(dir: &Path, records: u64) -> Log {
    let (mut log, _) = Log::open(dir, CONFIG).expect("open");
    for n in 0..records {
        let body = vec![n as u8; (n * 7 % 90) as usize];
        log.append(Wall(n as i64), 1, &body, Sync::No)
            .expect("append");
    }
    log
}

/// The files of a log, oldest first.
pub(in crate::state) fn files(dir: &Path) -> Vec<Vec<u8>> {
    let numbers = segment_numbers(dir).expect("list");
    let read = |n| fs::read(segment_path(dir, n)).expect("read");
    numbers.into_iter().map(read).collect()
}

/// Where each record of a segment begins, and where the last one ends.
fn borders(segment: &[u8]) -> Vec<usize> {
    let mut borders = vec![SEGMENT_HEAD_BYTES];
    let mut at = SEGMENT_HEAD_BYTES;
    while at < segment.len() {
        let length = u32::from_le_bytes(*segment[at..].first_chunk().expect("a length"));
        at += RECORD_OVERHEAD_BYTES + length as usize;
        borders.push(at);
    }
    borders
}

/// Changes the files somehow, and says how.
pub(in crate::state) fn mutate(files: &mut [Option<Vec<u8>>], random: &mut Random) -> &'static str {
    let at = random.below(files.len());
    let last = files.len() - 1;
    let other = random.below(files.len());
    let kind = random.below(8);
    if kind == 0 {
        files[at] = None;
        return "a segment taken away";
    }
    if kind == 1 {
        files.swap(at, other);
        return "two segments swapped";
    }
    let segment = files[at].as_mut().expect("not taken away");
    let borders = borders(segment);
    let n = borders.len() - 1;
    let (one, two) = (random.below(n), random.below(n));
    match kind {
        2 => {
            let bit = random.below(segment.len() * 8);
            segment[bit / 8] ^= 1 << (bit % 8);
            "a bit flipped"
        }
        3 => {
            segment.drain(borders[one]..borders[one + 1]);
            "a record deleted"
        }
        4 => {
            let record = segment[borders[one]..borders[one + 1]].to_vec();
            segment.splice(borders[two]..borders[two], record);
            "a record repeated elsewhere"
        }
        5 => {
            let records: Vec<Vec<u8>> = borders
                .windows(2)
                .map(|w| segment[w[0]..w[1]].to_vec())
                .collect();
            let mut order: Vec<usize> = (0..n).collect();
            order.swap(one, two);
            segment.truncate(SEGMENT_HEAD_BYTES);
            order.iter().for_each(|i| segment.extend(&records[*i]));
            "two records swapped"
        }
        6 => {
            let length = random.below(segment.len());
            segment.truncate(length);
            "a segment cut off anywhere"
        }
        _ => {
            let tail = files[last].as_mut().expect("not taken away");
            let borders = self::borders(tail);
            tail.truncate(borders[random.below(borders.len() - 1)]);
            "the end cut off at a record's border"
        }
    }
}

/// The record in which files first differ from what was written.
pub(in crate::state) fn first_changed(
    before: &[Vec<u8>],
    after: &[Option<Vec<u8>>],
) -> Option<u64> {
    let mut seq = 1;
    for (before, after) in before.iter().zip(after) {
        let borders = borders(before);
        let n = borders.len() as u64 - 1;
        let same = after.as_ref().map_or(0, |after| {
            before.iter().zip(after).take_while(|(a, b)| a == b).count()
        });
        let is_same = after.as_ref() == Some(before);
        if !is_same {
            let within = borders[1..].iter().take_while(|end| **end <= same).count() as u64;
            // What was added behind the last record belongs to none.
            return (same < before.len()).then_some(seq + within);
        }
        seq += n;
    }
    None
}

/// 10,000 with `HAILER_MUTATIONS=10000`.
#[test]
fn whatever_is_done_to_a_log_is_found_and_located() {
    let seed = number("HAILER_SEED").unwrap_or(17);
    let n = number("HAILER_MUTATIONS").unwrap_or(400);
    println!("seed {seed}, {n} mutations");
    let mut random = Random(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let log = log(dir.path(), 120);
    let before = files(dir.path());
    let paths: Vec<PathBuf> = segment_numbers(dir.path())
        .expect("list")
        .into_iter()
        .map(|n| segment_path(dir.path(), n))
        .collect();
    assert!(before.len() > 8, "{} segments", before.len());
    let mut tried = 0;
    while tried < n {
        let mut after: Vec<Option<Vec<u8>>> = before.iter().cloned().map(Some).collect();
        let what = mutate(&mut after, &mut random);
        let Some(seq) = first_changed(&before, &after) else {
            continue;
        };
        tried += 1;
        for (path, bytes) in paths.iter().zip(&after) {
            match bytes {
                Some(bytes) => fs::write(path, bytes).expect("write"),
                None => fs::remove_file(path).expect("remove"),
            }
        }
        let mut sound = 0;
        let chain = log.snapshot().read(|record| sound = record.seq);
        let broken = chain.broken;
        assert!(
            broken.is_some(),
            "{what} at record {seq} is not found (mutation {tried})"
        );
        assert_eq!(
            (sound, chain.head.seq),
            (seq - 1, seq - 1),
            "{what} is not located (mutation {tried}): {broken:?}"
        );
        for (path, bytes) in paths.iter().zip(&before) {
            fs::write(path, bytes).expect("write");
        }
    }
    assert!(log.snapshot().read(|_| {}).broken.is_none());
}

#[test]
fn a_log_that_drops_its_oldest_while_it_is_read_is_not_broken() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = LogConfig {
        segment_bytes: 900,
        bytes: 3000,
    };
    let (mut log, _) = Log::open(dir.path(), config).expect("open");
    let append = |log: &mut Log| {
        log.append(Wall(0), 1, &[7; 100], Sync::No).expect("append");
    };
    (0..15).for_each(|_| append(&mut log));
    let snapshot = log.snapshot();
    (0..10).for_each(|_| append(&mut log));
    assert!(log.n_dropped() > 0);
    let chain = snapshot.read(|_| {});
    assert!(chain.broken.is_none(), "{:?}", chain.broken);
    assert_eq!((chain.oldest, chain.head.seq), (log.first_seq(), 15));
}

#[test]
fn a_record_that_is_being_written_is_no_damage_to_who_only_sees_the_files() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(log(dir.path(), 5));
    let path = segment_path(dir.path(), 1);
    let bytes = fs::read(&path).expect("read");
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("write");
    let chain = Snapshot::of_dir(dir.path(), 0).expect("files").read(|_| {});
    assert!(chain.broken.is_none(), "{:?}", chain.broken);
    assert_eq!(chain.head.seq, 4);
    assert!(chain.unfinished_bytes > 0);
}
