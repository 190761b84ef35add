//! Reading a log in order, one segment at a time.

use super::frame::{Damage, Record};
use super::log::{Disk, Log, LogError, Place, segment_path, stopped};
use super::segment::{Cursor, Step};

/// Records in order; ends at the first error.
#[derive(Debug)]
pub struct Records<'a> {
    log: &'a Log,
    /// The next record to return.
    seq: u64,
    /// Which segment is being read, by its index.
    open: Option<(usize, Cursor)>,
}

impl<'a> Records<'a> {
    pub(super) fn new(log: &'a Log, seq: u64) -> Result<Self, LogError> {
        let mut records = Self {
            log,
            seq: seq.max(log.first_seq()),
            open: None,
        };
        if let Place::Disk(disk) = &log.place {
            let after = disk
                .segments
                .partition_point(|s| s.first_seq <= records.seq);
            records.open_segment(disk, after.saturating_sub(1))?;
        }
        Ok(records)
    }

    fn open_segment(&mut self, disk: &Disk, index: usize) -> Result<(), LogError> {
        self.open = None;
        let Some(segment) = disk.segments.get(index) else {
            return Ok(());
        };
        let path = segment_path(&disk.dir, segment.number);
        let (_, cursor) = Cursor::open(&path, segment.bytes)
            .map_err(stopped(&path, 0, segment.first_seq))?
            .ok_or_else(|| LogError::Damaged {
                path: path.clone(),
                offset: 0,
                seq: segment.first_seq,
                damage: Damage::SegmentHead,
            })?;
        self.open = Some((index, cursor));
        Ok(())
    }

    fn next_on_disk(&mut self, disk: &Disk) -> Result<Option<Record>, LogError> {
        while let Some((index, cursor)) = &mut self.open {
            let index = *index;
            let path = || {
                let number = disk.segments.get(index).map_or(0, |s| s.number);
                segment_path(&disk.dir, number)
            };
            let (offset, seq) = (cursor.offset(), cursor.next_seq());
            match cursor
                .step()
                .map_err(|e| stopped(&path(), offset, seq)(e))?
            {
                Step::Record(record) if record.seq < self.seq => {}
                Step::Record(record) => {
                    self.seq = record.seq + 1;
                    return Ok(Some(record));
                }
                Step::End => self.open_segment(disk, index + 1)?,
                Step::Torn => {
                    return Err(LogError::Damaged {
                        path: path(),
                        offset,
                        seq,
                        damage: Damage::Head,
                    });
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &self.log.place {
            Place::Memory(log) => {
                let record = log.get(self.seq)?.clone();
                self.seq += 1;
                Some(Ok(record))
            }
            Place::Disk(disk) => {
                let next = self.next_on_disk(disk);
                if next.is_err() {
                    self.open = None;
                }
                next.transpose()
            }
        }
    }
}
