//! Opening a log: reading every segment once, cutting the torn end, refusing any other damage (which
//! [`damage`](super::damage) then moves aside).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::frame::{Damage, Link};
use super::log::{
    Disk, Log, LogConfig, LogError, Place, Segment, begin, failed, segment_path, stopped,
};
use super::segment::{Cursor, Step, Tail};

/// A log while its segments are being read.
pub(super) struct Opening<'a> {
    dir: &'a Path,
    segments: VecDeque<Segment>,
    next_seq: u64,
    link: Link,
    torn_bytes: u64,
}

impl<'a> Opening<'a> {
    pub(super) const fn new(dir: &'a Path) -> Self {
        Self {
            dir,
            segments: VecDeque::new(),
            next_seq: 1,
            link: Link::START,
            torn_bytes: 0,
        }
    }

    fn read_all(&mut self) -> Result<(), LogError> {
        let numbers = segment_numbers(self.dir)?;
        for (index, &number) in numbers.iter().enumerate() {
            if index > 0 && number != numbers[index - 1] + 1 {
                let missing = segment_path(self.dir, numbers[index - 1] + 1);
                return Err(LogError::Missing(missing));
            }
            self.read(number, index + 1 == numbers.len())?;
        }
        Ok(())
    }

    fn read(&mut self, number: u64, is_last: bool) -> Result<(), LogError> {
        let path = segment_path(self.dir, number);
        let length = std::fs::metadata(&path)
            .map_err(failed("read the log's segment", &path))?
            .len();
        let damaged = |offset, seq, damage| LogError::Damaged {
            path: path.clone(),
            offset,
            seq,
            damage,
        };
        let opened = Cursor::open(&path, length).map_err(stopped(&path, 0, self.next_seq))?;
        let Some((head, mut cursor)) = opened else {
            if !is_last {
                return Err(damaged(0, self.next_seq, Damage::SegmentHead));
            }
            // Its making was cut short, so it never held a record.
            self.torn_bytes += length;
            return std::fs::remove_file(&path)
                .map_err(failed("remove the log's torn segment", &path));
        };
        let is_first = self.segments.is_empty();
        let follows = head.first_seq == self.next_seq && head.previous == self.link;
        if head.number != number || !(is_first || follows) {
            return Err(damaged(0, self.next_seq, Damage::SegmentOrder));
        }
        loop {
            let (offset, seq) = (cursor.offset(), cursor.next_seq());
            match cursor.step().map_err(stopped(&path, offset, seq))? {
                Step::Record(_) => {}
                Step::End => break,
                Step::Torn if is_last => {
                    self.torn_bytes += length - offset;
                    break;
                }
                Step::Torn => return Err(damaged(offset, seq, Damage::Head)),
            }
        }
        self.next_seq = cursor.next_seq();
        self.link = cursor.link();
        self.segments.push_back(Segment {
            number,
            first_seq: head.first_seq,
            bytes: cursor.offset(),
        });
        Ok(())
    }

    pub(super) fn finish(mut self, config: LogConfig) -> Result<(Log, u64), LogError> {
        self.read_all()?;
        let tail = match self.segments.back() {
            Some(newest) => {
                let path = segment_path(self.dir, newest.number);
                Tail::open(&path, newest.bytes).map_err(failed("open the log's segment", &path))?
            }
            None => {
                let (tail, segment) = begin(self.dir, 1, self.next_seq, self.link)?;
                self.segments.push_back(segment);
                tail
            }
        };
        let oldest = self.segments.front().map_or(1, |s| s.number);
        let log = Log {
            config,
            next_seq: self.next_seq,
            link: self.link,
            place: Place::Disk(Disk {
                dir: self.dir.to_owned(),
                segments: self.segments,
                tail,
                is_broken: false,
                oldest: Arc::new(AtomicU64::new(oldest)),
            }),
        };
        Ok((log, self.torn_bytes))
    }
}

/// The numbers of the segments in a directory, in order. Other files are none of the log's business.
pub(super) fn segment_numbers(dir: &Path) -> Result<Vec<u64>, LogError> {
    let list = failed("list the state directory", dir);
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(&list)? {
        numbers.extend(segment_number(&entry.map_err(&list)?.path()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number of a segment, if that is what the file's name says it is.
pub(super) fn segment_number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let number = name.strip_prefix("log-")?.parse().ok()?;
    (segment_path(path.parent()?, number) == path).then_some(number)
}
