//! The log's bytes: how a record is framed, and how bytes are judged. Pure.
//!
//! ```text
//! segment = "hailerL1" number:u64 first_seq:u64 previous:[16] check:[16]    56 bytes
//! record  = length:u32 seq:u64 wall:i64 kind:u16 check:[8]                  30 bytes
//!           body:[length] link:[16]
//! ```
//!
//! All numbers are little-endian. A link is BLAKE3 over the link before it and the record, cut to
//! 16 bytes; a segment begins with the link at which the one before it ended. So a record that was
//! changed, removed, added or moved breaks the chain right there. The head has a check of its own:
//! a damaged length must not pass for a record that was torn off.
//!
//! The chain finds accidents and careless edits. Whoever may write the files could also compute a
//! new chain, or cut the end off at a record's border: against that the newest link
//! ([`super::Log::head`]) has to be kept somewhere else.

pub use hailer_protocol::ids::Link;
use hailer_protocol::time::Wall;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, counted from 1 without a gap over the log's whole life.
    pub seq: u64,
    /// When it was appended.
    pub wall: Wall,
    /// What it is, in the numbering of whoever writes it.
    pub kind: u16,
    /// Its content.
    pub body: Vec<u8>,
    /// The link after it: the checksum of everything up to and with it.
    pub link: Link,
}

/// What stands at the beginning of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHead {
    /// Its place among the segments, as in its file's name.
    pub number: u64,
    /// The number of its first record.
    pub first_seq: u64,
    /// The link at which the segment before it ended.
    pub previous: Link,
}

/// Why bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The beginning of a segment.
    #[error("the segment's head is damaged")]
    SegmentHead,
    /// A segment that is not the one that follows.
    #[error("the segment does not follow the one before it")]
    SegmentOrder,
    /// The beginning of a record.
    #[error("the record's head is damaged, or it does not follow the record before it")]
    Head,
    /// The content of a record.
    #[error("the record's body is damaged")]
    Body,
    /// A head that is sound but says what is never written.
    #[error("record {found} of {length} bytes is not what follows")]
    Order {
        /// The number in the head.
        found: u64,
        /// The length in the head.
        length: u32,
    },
}

/// What [`decode`] made of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A whole, sound record.
    Record {
        /// The record.
        record: Record,
        /// How many bytes it took.
        used: usize,
    },
    /// The bytes end within the record; it takes at least so many.
    Short(usize),
}

impl SegmentHead {
    /// Returns the head's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut out = [0; SEGMENT_HEAD_BYTES];
        out[..8].copy_from_slice(MAGIC);
        out[8..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        out[24..40].copy_from_slice(&self.previous.0);
        let check = hash(Link::START, &[&out[..40]]);
        out[40..].copy_from_slice(&check.0);
        out
    }

    /// Reads a head back.
    ///
    /// # Errors
    /// Refuses bytes that [`SegmentHead::encode`] did not write.
    pub fn decode(bytes: &[u8; SEGMENT_HEAD_BYTES]) -> Result<Self, Damage> {
        let head = Self {
            number: u64::from_le_bytes(part(bytes, 8)),
            first_seq: u64::from_le_bytes(part(bytes, 16)),
            previous: Link(part(bytes, 24)),
        };
        if head.encode() == *bytes {
            Ok(head)
        } else {
            Err(Damage::SegmentHead)
        }
    }
}

/// Appends a record's bytes to `out` and returns the link after it.
///
/// `body` is at most [`MAX_BODY_BYTES`] long, which [`super::Log::append`] checks.
pub fn encode(
    previous: Link,
    (seq, wall, kind): (u64, Wall, u16),
    body: &[u8],
    out: &mut Vec<u8>,
) -> Link {
    let length = u32::try_from(body.len()).expect("a body is at most MAX_BODY_BYTES long");
    let start = out.len();
    out.extend(length.to_le_bytes());
    out.extend(seq.to_le_bytes());
    out.extend(wall.0.to_le_bytes());
    out.extend(kind.to_le_bytes());
    let check = head_check(previous, &out[start..]);
    out.extend(check);
    let link = hash(previous, &[&out[start..], body]);
    out.extend(body);
    out.extend(link.0);
    link
}

/// Judges the bytes that follow the link `previous`, where record `seq` must stand.
///
/// # Errors
/// Says what is wrong, if the bytes cannot be the beginning of that record.
pub fn decode(bytes: &[u8], previous: Link, seq: u64) -> Result<Decoded, Damage> {
    let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else {
        return Ok(Decoded::Short(HEAD_BYTES));
    };
    if head_check(previous, &head[..CHECKED_BYTES]) != part(head, CHECKED_BYTES) {
        return Err(Damage::Head);
    }
    let length = u32::from_le_bytes(part(head, 0));
    let found = u64::from_le_bytes(part(head, 4));
    let body_bytes = length as usize;
    if found != seq || body_bytes > MAX_BODY_BYTES {
        return Err(Damage::Order { found, length });
    }
    let used = RECORD_OVERHEAD_BYTES + body_bytes;
    let Some(rest) = bytes.get(HEAD_BYTES..used) else {
        return Ok(Decoded::Short(used));
    };
    let (body, link) = rest.split_at(body_bytes);
    let expected = hash(previous, &[head, body]);
    if link != expected.0 {
        return Err(Damage::Body);
    }
    Ok(Decoded::Record {
        record: Record {
            seq,
            wall: Wall(i64::from_le_bytes(part(head, 12))),
            kind: u16::from_le_bytes(part(head, 20)),
            body: body.to_vec(),
            link: expected,
        },
        used,
    })
}

/// Whether bytes that [`decode`] found damaged are a record of which only the front was written,
/// and zeros from there on to the end of `bytes`.
///
/// That is what a loss of power leaves: the file has its new length, but its last blocks never
/// reached the disk. A record that was written whole does not look like it, and a flipped bit does
/// not make it so.
#[must_use]
pub fn is_unwritten(bytes: &[u8], previous: Link, damage: Damage) -> bool {
    let written = match damage {
        // A head that was written whole is sound, so this one was not.
        Damage::Head => HEAD_BYTES - 1,
        Damage::Body => {
            let Some(length) = bytes.first_chunk() else {
                return false;
            };
            let link_at = HEAD_BYTES + u32::from_le_bytes(*length) as usize;
            let Some((record, rest)) = bytes.split_at_checked(link_at) else {
                return false;
            };
            let expected = hash(previous, &[record]).0;
            let same = rest
                .iter()
                .zip(&expected)
                .take_while(|(a, b)| a == b)
                .count();
            // One byte could also be a flipped bit that happened to leave zero.
            if rest.iter().take(16).any(|b| *b != 0)
                && expected[same..].iter().filter(|b| **b != 0).count() < 2
            {
                return false;
            }
            link_at + same
        }
        Damage::Order { .. } | Damage::SegmentHead | Damage::SegmentOrder => return false,
    };
    bytes.iter().skip(written).all(|b| *b == 0)
}

fn hash(previous: Link, parts: &[&[u8]]) -> Link {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous.0);
    for bytes in parts {
        hasher.update(bytes);
    }
    Link(part(hasher.finalize().as_bytes(), 0))
}

fn head_check(previous: Link, head: &[u8]) -> [u8; 8] {
    part(&hash(previous, &[head]).0, 0)
}

/// Returns `N` bytes from `at` on, which the caller knows to be there.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..]
        .first_chunk()
        .expect("fixed offsets into fixed lengths")
}

/// The longest body, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// What a record takes besides its body, in bytes.
pub const RECORD_OVERHEAD_BYTES: usize = HEAD_BYTES + 16;
/// What a segment's head takes, in bytes.
pub const SEGMENT_HEAD_BYTES: usize = 56;

const MAGIC: &[u8; 8] = b"hailerL1";
const CHECKED_BYTES: usize = 22;
const HEAD_BYTES: usize = CHECKED_BYTES + 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Vec<u8>, Link) {
        let mut bytes = Vec::new();
        let first = encode(Link::START, (1, Wall(5), 2), b"one", &mut bytes);
        let link = encode(first, (2, Wall(-6), u16::MAX), b"", &mut bytes);
        (bytes, link)
    }

    fn read_all(mut bytes: &[u8]) -> Result<(Vec<Record>, Link), Damage> {
        let (mut records, mut link) = (Vec::new(), Link::START);
        while let Decoded::Record { record, used } = decode(bytes, link, records.len() as u64 + 1)?
        {
            link = record.link;
            records.push(record);
            bytes = &bytes[used..];
        }
        Ok((records, link))
    }

    #[test]
    fn records_read_back_as_they_were_written() {
        let (bytes, link) = sample();
        let (records, end) = read_all(&bytes).expect("sound");
        let expected = [(1, 5, 2, b"one".to_vec()), (2, -6, u16::MAX, Vec::new())];
        assert_eq!(end, link);
        assert_eq!(records.len(), expected.len());
        assert_eq!(records.last().map(|r| r.link), Some(link));
        for (record, (seq, wall, kind, body)) in records.into_iter().zip(expected) {
            assert_eq!((record.seq, record.wall), (seq, Wall(wall)));
            assert_eq!((record.kind, record.body), (kind, body));
        }
    }

    #[test]
    fn the_bytes_on_disk_never_change() {
        let (bytes, link) = sample();
        assert_eq!(bytes.len(), 2 * RECORD_OVERHEAD_BYTES + 3);
        assert_eq!(bytes[..4], [3, 0, 0, 0]);
        assert_eq!(link.to_string(), GOLDEN_LINK);
        let head = SegmentHead {
            number: 1,
            first_seq: 1,
            previous: Link::START,
        };
        let digest = blake3::hash(&head.encode()).to_hex();
        assert_eq!(&digest[..32], GOLDEN_HEAD);
    }

    #[test]
    fn every_flipped_bit_of_a_segments_head_is_seen() {
        let head = SegmentHead {
            number: 3,
            first_seq: 9,
            previous: Link([7; 16]),
        };
        let bytes = head.encode();
        assert_eq!(SegmentHead::decode(&bytes), Ok(head));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHead::decode(&damaged), Err(Damage::SegmentHead));
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_memory_is_taken() {
        let mut head = Vec::new();
        head.extend(u32::MAX.to_le_bytes());
        head.extend(1_u64.to_le_bytes());
        head.extend([0; 10]);
        head.extend(head_check(Link::START, &head));
        assert_eq!(
            decode(&head, Link::START, 1),
            Err(Damage::Order {
                found: 1,
                length: u32::MAX
            })
        );
    }

    #[test]
    fn arbitrary_bytes_are_judged_without_a_panic() {
        let mut reader = blake3::Hasher::new().finalize_xof();
        for length in 0..300 {
            let mut bytes = vec![0; length];
            reader.fill(&mut bytes);
            let judged = decode(&bytes, Link::START, 1);
            assert!(
                matches!(judged, Ok(Decoded::Short(_)) | Err(Damage::Head)),
                "{judged:?}"
            );
        }
    }

    const GOLDEN_LINK: &str = "f23466074f8fa583783ce9d6abc0f031";
    const GOLDEN_HEAD: &str = "b553ea4ac11f8108c2676f99a0865099";
}
