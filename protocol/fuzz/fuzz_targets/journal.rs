//! What lies on a node's disk may be torn, flipped or forged: it is read as what was written, or is
//! damage. The framing is one file of the agent's without I/O, taken here as it is: the agent
//! around it would be built for this as well.
#![no_main]

#[expect(dead_code, unreachable_pub, reason = "one file of another package; this reads and writes records")]
#[path = "../../../node-agent/src/state/frame.rs"]
mod frame;

use frame::{Decoded, Link, SEGMENT_HEAD_BYTES, SegmentHead};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(head) = data.first_chunk::<SEGMENT_HEAD_BYTES>() {
        if let Ok(read) = SegmentHead::decode(head) {
            assert_eq!(read.encode(), *head);
        }
    }
    read(data, Link::START, 1);
    // The checks keep invented bytes out, so a sound record is written first, and one bit of it flipped.
    let Some((flip, body)) = data.split_first_chunk::<2>() else { return };
    let mut bytes = Vec::new();
    let link = frame::encode(Link::START, (1, hailer_protocol::time::Wall(7), 3), body, &mut bytes);
    assert_eq!(read(&bytes, Link::START, 1), Some(link));
    let at = usize::from(u16::from_le_bytes(*flip));
    let n_bits = bytes.len() * 8;
    bytes[at % n_bits / 8] ^= 1 << (at % 8);
    assert_eq!(read(&bytes, Link::START, 1), None, "a flipped bit is damage");
});

/// Reads one record and returns the link after it, if the bytes begin with a sound one.
fn read(bytes: &[u8], previous: Link, seq: u64) -> Option<Link> {
    match frame::decode(bytes, previous, seq) {
        Ok(Decoded::Record { record, used }) => {
            assert!(used <= bytes.len());
            Some(record.link)
        }
        Ok(Decoded::Short(wanted)) => {
            assert!(wanted > bytes.len());
            None
        }
        Err(damage) => {
            let _ = frame::is_unwritten(bytes, previous, damage);
            None
        }
    }
}
