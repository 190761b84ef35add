//! The append-only log: audit, journal and events of one agent, in order.
//!
//! Records lie in segments (`log-000001`, `log-000002`, …) of bounded size; when all of them
//! together reach the bound, the oldest goes, and [`Log::n_dropped`] counts what went with it.
//! Opening reads everything once: a record that was cut short at the very end is cut off and
//! counted, and any other damage is an error that names file and offset, because a log with a hole
//! proves nothing.
//!
//! An append is there whole or not at all. [`Sync::No`] hands it to the kernel: it survives the
//! agent's death, not the machine's. [`Sync::Yes`] waits for the disk, for this record and all
//! before it; it is for what must be known after a loss of power: the intent of a deed, what was
//! applied, what was refused. A disk that is full refuses the record and takes the next one when
//! it has room again. A disk that fails while syncing leaves the log closed for appends until it is
//! opened anew, since nobody knows any more what it holds.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hailer_protocol::audit::Head;
use hailer_protocol::time::Wall;

use super::chain::Snapshot;
use super::frame::{
    self, Damage, Link, MAX_BODY_BYTES, RECORD_OVERHEAD_BYTES, Record, SEGMENT_HEAD_BYTES,
    SegmentHead,
};
use super::memory::MemoryLog;
use super::opening::Opening;
use super::records::Records;
use super::segment::{Stop, Tail, WriteError};

/// An append-only log.
#[derive(Debug)]
pub struct Log {
    pub(super) config: LogConfig,
    pub(super) next_seq: u64,
    pub(super) link: Link,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) enum Place {
    Memory(MemoryLog),
    Disk(Disk),
}

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) dir: PathBuf,
    /// Oldest first, never empty; the last one is written to.
    pub(super) segments: VecDeque<Segment>,
    pub(super) tail: Tail,
    pub(super) is_broken: bool,
    /// The number of the oldest segment: whoever reads meanwhile can tell one that was dropped from one
    /// that somebody took away.
    pub(super) oldest: Arc<AtomicU64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) first_seq: u64,
    pub(super) bytes: u64,
}

/// Bounds of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// How long a segment gets, in bytes.
    pub segment_bytes: u64,
    /// How long all segments get together, in bytes; at least two segments.
    pub bytes: u64,
}

/// Whether an append waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// It does: the record survives a loss of power.
    Yes,
    /// It does not: the record survives the agent's death.
    No,
}

/// Why the log could not be opened, read or appended to.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Bounds that contradict each other.
    #[error(
        "a log of {bytes} bytes in segments of {segment_bytes}: a segment takes at least {SEGMENT_BYTES_MIN} bytes, and the log at least two segments"
    )]
    Config {
        /// The bound of all segments.
        bytes: u64,
        /// The bound of one.
        segment_bytes: u64,
    },
    /// The system refused.
    #[error("{what} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The bytes are not what was written.
    #[error("the log is damaged in `{}` at byte {offset} (record {seq}): {damage}", path.display())]
    Damaged {
        /// In which file.
        path: PathBuf,
        /// Where the damaged record, or head, begins.
        offset: u64,
        /// The number of the record that should be there.
        seq: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// A segment that is followed by others is not there.
    #[error("the log's segment `{}` is missing", .0.display())]
    Missing(PathBuf),
    /// Sound files that are not what their writer wrote last.
    #[error(
        "the log's files end at record {found}, and the agent wrote {expected} as the last: they were replaced or cut off"
    )]
    Elsewhere {
        /// The newest record that was written.
        expected: u64,
        /// The newest record that is there.
        found: u64,
    },
    /// More than a record holds.
    #[error("a record of {bytes} bytes is too long; at most {limit} are allowed")]
    TooLong {
        /// The body's length.
        bytes: usize,
        /// The longest body.
        limit: usize,
    },
    /// An earlier append failed in a way that leaves the file's content unknown.
    #[error("the log takes no more records since its disk failed; it must be opened anew")]
    Broken,
}

impl Default for LogConfig {
    /// 64 MiB in segments of 4 MiB.
    fn default() -> Self {
        Self {
            segment_bytes: 4 * 1024 * 1024,
            bytes: 64 * 1024 * 1024,
        }
    }
}

impl LogConfig {
    fn check(self) -> Result<Self, LogError> {
        let Self {
            segment_bytes,
            bytes,
        } = self;
        if segment_bytes < SEGMENT_BYTES_MIN || bytes / 2 < segment_bytes {
            return Err(LogError::Config {
                bytes,
                segment_bytes,
            });
        }
        Ok(self)
    }

    /// The longest body: it has to fit a segment.
    fn body_bytes(self) -> usize {
        let room = self.segment_bytes - (SEGMENT_HEAD_BYTES + RECORD_OVERHEAD_BYTES) as u64;
        usize::try_from(room).map_or(MAX_BODY_BYTES, |room| room.min(MAX_BODY_BYTES))
    }
}

impl Log {
    /// Opens the log in a directory, or begins it. Also returns how many bytes were cut off its
    /// end.
    ///
    /// # Errors
    /// Refuses a log with damage anywhere but at its torn end.
    pub fn open(dir: &Path, config: LogConfig) -> Result<(Self, u64), LogError> {
        let config = config.check()?;
        Opening::new(dir).finish(config)
    }

    /// Makes a log that keeps the newest records in memory, up to the configured bytes.
    ///
    /// # Errors
    /// Refuses bounds that contradict each other.
    pub fn ephemeral(config: LogConfig) -> Result<Self, LogError> {
        Ok(Self {
            config: config.check()?,
            next_seq: 1,
            link: Link::START,
            place: Place::Memory(MemoryLog::default()),
        })
    }

    /// Appends a record and returns its number.
    ///
    /// # Errors
    /// When it fails, the record is not in the log.
    pub fn append(
        &mut self,
        wall: Wall,
        kind: u16,
        body: &[u8],
        sync: Sync,
    ) -> Result<u64, LogError> {
        let limit = self.config.body_bytes();
        if body.len() > limit {
            return Err(LogError::TooLong {
                bytes: body.len(),
                limit,
            });
        }
        let seq = self.next_seq;
        let mut bytes = Vec::with_capacity(body.len() + RECORD_OVERHEAD_BYTES);
        let link = frame::encode(self.link, (seq, wall, kind), body, &mut bytes);
        match &mut self.place {
            Place::Memory(log) => {
                let body = body.to_vec();
                let record = Record {
                    seq,
                    wall,
                    kind,
                    body,
                    link,
                };
                log.push(record, self.config.bytes);
            }
            Place::Disk(disk) => {
                disk.make_room(bytes.len() as u64, seq, self.link, self.config)?;
                disk.append(&bytes, sync)?;
            }
        }
        self.next_seq += 1;
        self.link = link;
        Ok(seq)
    }

    /// Waits until everything appended so far is on the disk.
    ///
    /// # Errors
    /// When it fails, the log takes no more records.
    pub fn sync(&mut self) -> Result<(), LogError> {
        match &mut self.place {
            Place::Memory(_) => Ok(()),
            Place::Disk(disk) => disk.sync(),
        }
    }

    /// Reads from record `seq` on, or from the oldest that is still there.
    ///
    /// # Errors
    /// When the segment that holds it cannot be opened.
    pub fn read_from(&self, seq: u64) -> Result<Records<'_>, LogError> {
        Records::new(self, seq)
    }

    /// Takes the log as it is now, to be read while it goes on.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let head = Head {
            seq: self.next_seq - 1,
            link: self.link,
        };
        match &self.place {
            Place::Memory(log) => Snapshot::in_memory(log.records().cloned().collect(), head),
            Place::Disk(disk) => {
                let segments = disk.segments.iter().copied().collect();
                Snapshot::on_disk(disk.dir.clone(), segments, (head, Arc::clone(&disk.oldest)))
            }
        }
    }

    /// The number of the oldest record that is still there, or of the next one if there is none.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        match &self.place {
            Place::Memory(log) => log.first_seq(),
            Place::Disk(disk) => disk.segments.front().map_or(1, |s| s.first_seq),
        }
    }

    /// The number that the next record will have.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// How many records were dropped to keep the bound, over the log's whole life.
    #[must_use]
    pub fn n_dropped(&self) -> u64 {
        self.first_seq() - 1
    }

    /// How much it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.place {
            Place::Memory(log) => log.bytes(),
            Place::Disk(disk) => disk.bytes(),
        }
    }

    /// The link after the newest record. Kept elsewhere, it proves later that nothing up to that
    /// record was changed or cut off.
    #[must_use]
    pub const fn head(&self) -> Link {
        self.link
    }
}

#[cfg(test)]
impl Log {
    /// Pretends that the disk takes so many more bytes and then is full.
    pub(crate) fn set_room(&mut self, room: Option<u64>) {
        if let Place::Disk(disk) = &mut self.place {
            disk.tail.room = room;
        }
    }
}

impl Disk {
    fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.bytes).sum()
    }

    /// Begins a new segment if this one has no room, and drops the oldest ones over the bound.
    fn make_room(
        &mut self,
        wanted: u64,
        seq: u64,
        link: Link,
        config: LogConfig,
    ) -> Result<(), LogError> {
        if self.is_broken {
            return Err(LogError::Broken);
        }
        if self.tail.end() + wanted > config.segment_bytes {
            // What lies in a finished segment is never synced again.
            self.sync()?;
            let number = self.segments.back().map_or(1, |s| s.number + 1);
            let (tail, segment) = begin(&self.dir, number, seq, link)?;
            self.tail = tail;
            self.segments.push_back(segment);
        }
        while self.segments.len() > 1 && self.bytes() + wanted > config.bytes {
            let Some(oldest) = self.segments.front() else {
                break;
            };
            let path = segment_path(&self.dir, oldest.number);
            self.oldest.store(oldest.number + 1, Ordering::SeqCst);
            std::fs::remove_file(&path).map_err(failed("remove the log's segment", &path))?;
            self.segments.pop_front();
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], sync: Sync) -> Result<(), LogError> {
        let written = self.tail.append(bytes);
        let done = match (written, sync) {
            (Ok(()), Sync::Yes) => self.tail.sync(),
            (written, Sync::Yes | Sync::No) => written,
        };
        let end = self.tail.end();
        if let Some(newest) = self.segments.back_mut() {
            newest.bytes = end;
        }
        done.map_err(|error| self.refuse("append to", error))
    }

    fn sync(&mut self) -> Result<(), LogError> {
        if self.is_broken {
            return Err(LogError::Broken);
        }
        self.tail.sync().map_err(|error| self.refuse("sync", error))
    }

    fn refuse(&mut self, what: &'static str, error: WriteError) -> LogError {
        let source = match error {
            WriteError::Undone(source) => source,
            WriteError::Unknown(source) => {
                self.is_broken = true;
                source
            }
        };
        let number = self.segments.back().map_or(1, |s| s.number);
        failed(what, &segment_path(&self.dir, number))(source)
    }
}

pub(super) fn begin(
    dir: &Path,
    number: u64,
    seq: u64,
    link: Link,
) -> Result<(Tail, Segment), LogError> {
    let head = SegmentHead {
        number,
        first_seq: seq,
        previous: link,
    };
    let path = segment_path(dir, number);
    let tail = Tail::create(&path, &head).map_err(failed("begin the log's segment", &path))?;
    let segment = Segment {
        number,
        first_seq: seq,
        bytes: tail.end(),
    };
    Ok((tail, segment))
}

pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("log-{number:06}"))
}

pub(super) fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> LogError {
    let path = path.to_owned();
    move |source| LogError::Io {
        what,
        path: path.clone(),
        source,
    }
}

pub(super) fn stopped(path: &Path, offset: u64, seq: u64) -> impl Fn(Stop) -> LogError {
    let path = path.to_owned();
    move |stop| match stop {
        Stop::Io(source) => failed("read the log's segment", &path)(source),
        Stop::Damage(damage) => LogError::Damaged {
            path: path.clone(),
            offset,
            seq,
            damage,
        },
    }
}

/// The shortest segment, in bytes.
pub const SEGMENT_BYTES_MIN: u64 = 512;

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
