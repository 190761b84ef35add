//! One file of the log: reading it record by record, and writing to its end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::frame::{self, Damage, Decoded, Link, Record, SEGMENT_HEAD_BYTES, SegmentHead};

/// Reads a segment from its beginning, holding one record at a time.
#[derive(Debug)]
pub(super) struct Cursor {
    source: io::Take<File>,
    buffer: Vec<u8>,
    /// Where in the buffer the next record begins.
    start: usize,
    /// Where in the file the next record begins.
    offset: u64,
    next_seq: u64,
    link: Link,
}

/// What a cursor came upon.
#[derive(Debug)]
pub(super) enum Step {
    /// The next record.
    Record(Record),
    /// The segment ends with its last record.
    End,
    /// The segment ends within a record, as if its writing had been cut short.
    Torn,
}

/// Why a segment cannot be read on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The system refused.
    Io(io::Error),
    /// The bytes are not what was written.
    Damage(Damage),
}

impl Stop {
    /// Whether there is no such file.
    pub(super) fn is_not_found(&self) -> bool {
        match self {
            Self::Io(e) => e.kind() == io::ErrorKind::NotFound,
            Self::Damage(_) => false,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Cursor {
    /// Reads the head of the segment, of which `length` bytes count.
    ///
    /// Returns `None` if the segment ends within its head.
    pub(super) fn open(path: &Path, length: u64) -> Result<Option<(SegmentHead, Self)>, Stop> {
        let mut source = File::open(path)?.take(length);
        let mut head = [0; SEGMENT_HEAD_BYTES];
        match source.read_exact(&mut head) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(Stop::Io(e)),
        }
        // A file whose length reached the disk before its content.
        if head == [0; SEGMENT_HEAD_BYTES] && rest_is_zero(&mut source)? {
            return Ok(None);
        }
        let head = SegmentHead::decode(&head).map_err(Stop::Damage)?;
        let cursor = Self {
            source,
            buffer: Vec::new(),
            start: 0,
            offset: SEGMENT_HEAD_BYTES as u64,
            next_seq: head.first_seq,
            link: head.previous,
        };
        Ok(Some((head, cursor)))
    }

    /// Where the next record begins, in bytes from the segment's beginning.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of the next record.
    pub(super) const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The link after the last record.
    pub(super) const fn link(&self) -> Link {
        self.link
    }

    pub(super) fn step(&mut self) -> Result<Step, Stop> {
        loop {
            let bytes = &self.buffer[self.start..];
            match frame::decode(bytes, self.link, self.next_seq) {
                Ok(Decoded::Record { record, used }) => {
                    self.start += used;
                    self.offset += used as u64;
                    self.next_seq += 1;
                    self.link = record.link;
                    return Ok(Step::Record(record));
                }
                Ok(Decoded::Short(wanted)) => {
                    if bytes.len() < wanted && !self.fill(wanted)? {
                        let at_end = self.start == self.buffer.len();
                        return Ok(if at_end { Step::End } else { Step::Torn });
                    }
                }
                Err(damage) if self.was_never_written(damage)? => return Ok(Step::Torn),
                Err(damage) => return Err(Stop::Damage(damage)),
            }
        }
    }

    /// Reads until `wanted` bytes lie ahead; false if the segment has fewer.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let missing = wanted.saturating_sub(self.buffer.len()).max(READ_BYTES) as u64;
        (&mut self.source)
            .take(missing)
            .read_to_end(&mut self.buffer)?;
        Ok(self.buffer.len() >= wanted)
    }

    /// Whether damage is what a loss of power leaves of records that were never synced.
    fn was_never_written(&mut self, damage: Damage) -> io::Result<bool> {
        let ahead = &self.buffer[self.start..];
        Ok(frame::is_unwritten(ahead, self.link, damage) && rest_is_zero(&mut self.source)?)
    }
}

fn rest_is_zero(source: &mut impl Read) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    loop {
        match source.read(&mut chunk)? {
            0 => return Ok(true),
            n if chunk[..n].iter().all(|b| *b == 0) => {}
            _ => return Ok(false),
        }
    }
}

/// The end of the newest segment.
#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    end: u64,
    /// How many more bytes the pretended disk takes.
    #[cfg(test)]
    pub(super) room: Option<u64>,
}

/// Why bytes were not appended.
#[derive(Debug)]
pub(super) enum WriteError {
    /// They are not there, and what was there before is unharmed.
    Undone(io::Error),
    /// What the file holds now is unknown.
    Unknown(io::Error),
}

impl Tail {
    /// Opens a segment to write on from `end`; what lies behind is cut.
    pub(super) fn open(path: &Path, end: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() != end {
            file.set_len(end)?;
            file.sync_all()?;
        }
        Ok(Self::new(file, end))
    }

    /// Makes a segment with its head, on disk when this returns; a failure leaves no file behind.
    pub(super) fn create(path: &Path, head: &SegmentHead) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let written = file
            .write_all_at(&head.encode(), 0)
            .and_then(|()| file.sync_all())
            .and_then(|()| path.parent().map_or(Ok(()), super::sync_dir));
        if let Err(error) = written {
            // The error that matters is the first one; an empty file left here is torn and taken
            // up again at the next opening.
            drop(std::fs::remove_file(path));
            return Err(error);
        }
        Ok(Self::new(file, SEGMENT_HEAD_BYTES as u64))
    }

    const fn new(file: File, end: u64) -> Self {
        Self {
            file,
            end,
            #[cfg(test)]
            room: None,
        }
    }

    /// How long the segment is, in bytes.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Writes all of `bytes` at the end, or nothing of them.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        match self.write(bytes) {
            Ok(()) => {
                self.end += bytes.len() as u64;
                Ok(())
            }
            Err(error) => match self.file.set_len(self.end) {
                Ok(()) => Err(WriteError::Undone(error)),
                Err(_) => Err(WriteError::Unknown(error)),
            },
        }
    }

    /// Forces what was appended to the disk.
    ///
    /// After a failure the kernel may have dropped the very pages that it could not write, so
    /// trying again would succeed and mean nothing.
    pub(super) fn sync(&self) -> Result<(), WriteError> {
        self.file.sync_data().map_err(WriteError::Unknown)
    }

    #[cfg(not(test))]
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)
    }

    /// A disk that takes what it has room for and then fails, as a real one does.
    #[cfg(test)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(room) = self.room else {
            return self.file.write_all_at(bytes, self.end);
        };
        let fits = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        self.file.write_all_at(&bytes[..fits], self.end)?;
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room = Some(room - fits as u64);
        Ok(())
    }
}

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 64 * 1024;
