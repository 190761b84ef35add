//! A log read and verified from its oldest record to its newest, while others append to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hailer_protocol::audit::Head;

use super::frame::{Damage, Link, Record, SegmentHead};
use super::log::{LogError, Segment, failed, segment_path, stopped};
use super::opening::segment_numbers;
use super::segment::{Cursor, Step};

/// A log at one moment.
#[derive(Debug)]
pub struct Snapshot {
    place: Place,
    /// Where its writer says that it ends; unknown to who only sees the files.
    head: Option<Head>,
    /// Which segment its writer holds for the oldest at any time.
    kept_from: Option<Arc<AtomicU64>>,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<Record>),
    Disk {
        dir: PathBuf,
        segments: Vec<Segment>,
    },
}

/// What reading a log came to.
#[derive(Debug)]
pub struct Chain {
    /// The number of the oldest record; 0 if there is none.
    pub oldest: u64,
    /// The newest record that is sound, and the link after it.
    pub head: Head,
    /// The number of the newest segment that was read.
    pub segment: u64,
    /// Where and why the chain ends before the log does.
    pub broken: Option<LogError>,
    /// Bytes at the very end that are no whole record yet: it is being written, or was torn.
    pub unfinished_bytes: u64,
}

impl Chain {
    const fn empty() -> Self {
        Self {
            oldest: 0,
            head: Head {
                seq: 0,
                link: Link::START,
            },
            segment: 0,
            broken: None,
            unfinished_bytes: 0,
        }
    }
}

impl Snapshot {
    pub(super) const fn in_memory(records: Vec<Record>, head: Head) -> Self {
        Self {
            place: Place::Memory(records),
            head: Some(head),
            kept_from: None,
        }
    }

    pub(super) fn on_disk(
        dir: PathBuf,
        segments: Vec<Segment>,
        (head, kept_from): (Head, Arc<AtomicU64>),
    ) -> Self {
        Self {
            place: Place::Disk { dir, segments },
            head: Some(head),
            kept_from: Some(kept_from),
        }
    }

    /// Takes the log in a state directory as it is, without touching anything; an agent may be writing
    /// to it. Segments before number `from` are left out.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn of_dir(dir: &Path, from: u64) -> Result<Self, LogError> {
        let mut segments = Vec::new();
        for number in segment_numbers(dir)? {
            let path = segment_path(dir, number);
            match std::fs::metadata(&path) {
                Ok(metadata) if number >= from => segments.push(Segment {
                    number,
                    first_seq: 0,
                    bytes: metadata.len(),
                }),
                Ok(_) => {}
                // Its writer has dropped it in between.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed("read the log's segment", &path)(e)),
            }
        }
        let dir = dir.to_owned();
        Ok(Self {
            place: Place::Disk { dir, segments },
            head: None,
            kept_from: None,
        })
    }

    /// Reads all records in order, each verified against the one before, up to the first that is not
    /// what was written.
    pub fn read(self, mut visit: impl FnMut(Record)) -> Chain {
        let mut chain = Chain::empty();
        match self.place {
            Place::Memory(records) => {
                for record in records {
                    chain.take(&record);
                    visit(record);
                }
            }
            Place::Disk { dir, segments } => {
                let mut reading = Reading {
                    dir,
                    is_open_ended: self.head.is_none(),
                    kept_from: self.kept_from,
                    chain,
                };
                let n = segments.len();
                for (at, segment) in segments.into_iter().enumerate() {
                    let read = reading.segment(&segment, at + 1 == n, &mut visit);
                    if let Err(error) = read {
                        reading.chain.broken = Some(error);
                        break;
                    }
                }
                chain = reading.chain;
                if let Some(head) = self.head
                    && chain.broken.is_none()
                    && head != chain.head
                {
                    chain.broken = Some(LogError::Elsewhere {
                        expected: head.seq,
                        found: chain.head.seq,
                    });
                }
            }
        }
        chain
    }
}

impl Chain {
    const fn take(&mut self, record: &Record) {
        if self.oldest == 0 {
            self.oldest = record.seq;
        }
        self.head = Head {
            seq: record.seq,
            link: record.link,
        };
    }
}

struct Reading {
    dir: PathBuf,
    /// Others may be writing: the end may be torn.
    is_open_ended: bool,
    kept_from: Option<Arc<AtomicU64>>,
    chain: Chain,
}

impl Reading {
    fn segment(
        &mut self,
        segment: &Segment,
        is_last: bool,
        visit: &mut impl FnMut(Record),
    ) -> Result<(), LogError> {
        let path = segment_path(&self.dir, segment.number);
        let is_first = self.chain.segment == 0;
        let next = self.chain.head.seq + 1;
        if !is_first && segment.number != self.chain.segment + 1 {
            return Err(LogError::Missing(segment_path(
                &self.dir,
                self.chain.segment + 1,
            )));
        }
        let opened = match Cursor::open(&path, segment.bytes) {
            Ok(opened) => opened,
            // Its writer has dropped it since.
            Err(stop) if is_first && stop.is_not_found() && self.may_be_gone(segment) => {
                return Ok(());
            }
            Err(stop) => return Err(stopped(&path, 0, next)(stop)),
        };
        let damaged = |offset, seq, damage| LogError::Damaged {
            path: path.clone(),
            offset,
            seq,
            damage,
        };
        let Some((head, mut cursor)) = opened else {
            if is_last && self.is_open_ended {
                self.chain.unfinished_bytes = segment.bytes;
                return Ok(());
            }
            return Err(damaged(0, next, Damage::SegmentHead));
        };
        if head.number != segment.number || !(is_first || self.follows(&head)) {
            return Err(damaged(0, next, Damage::SegmentOrder));
        }
        self.chain.segment = segment.number;
        if is_first {
            // An empty first segment still says what came before it.
            self.chain.head = Head {
                seq: head.first_seq - 1,
                link: head.previous,
            };
        }
        loop {
            let (offset, seq) = (cursor.offset(), cursor.next_seq());
            match cursor.step().map_err(stopped(&path, offset, seq))? {
                Step::Record(record) => {
                    self.chain.take(&record);
                    visit(record);
                }
                Step::End => return Ok(()),
                Step::Torn if is_last && self.is_open_ended => {
                    self.chain.unfinished_bytes = segment.bytes - offset;
                    return Ok(());
                }
                Step::Torn => return Err(damaged(offset, seq, Damage::Head)),
            }
        }
    }

    fn may_be_gone(&self, segment: &Segment) -> bool {
        let kept_from = self.kept_from.as_ref();
        kept_from.is_none_or(|from| segment.number < from.load(Ordering::SeqCst))
    }

    fn follows(&self, head: &SegmentHead) -> bool {
        head.first_seq == self.chain.head.seq + 1 && head.previous == self.chain.head.link
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
pub(super) mod tests;
