//! One output stream of a command: what of it travels, what is kept for `parse`, what is counted.

use hailer_protocol::ids::Digest;

/// Takes bytes in, keeps to a bound, counts the rest exactly.
#[derive(Debug)]
pub(super) struct Capture {
    max: u64,
    total: u64,
    taken: u64,
    hasher: blake3::Hasher,
}

impl Capture {
    /// Lets `max` bytes pass.
    pub(super) fn new(max: u64) -> Self {
        Self {
            max,
            total: 0,
            taken: 0,
            hasher: blake3::Hasher::new(),
        }
    }

    /// Counts bytes that came and returns the part of them that may pass, with its offset.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        let offset = self.taken;
        let room = usize::try_from(self.max - self.taken).unwrap_or(usize::MAX);
        let passed = &bytes[..bytes.len().min(room)];
        self.hasher.update(bytes);
        self.total += bytes.len() as u64;
        self.taken += passed.len() as u64;
        (offset, passed)
    }

    /// Lets nothing more pass, and takes the last `bytes` back.
    pub(super) const fn close(&mut self, bytes: u64) {
        self.taken = self.taken.saturating_sub(bytes);
        self.max = self.taken;
    }

    /// Returns how many bytes came.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// Returns the digest of all bytes that came, whether they passed or not.
    pub(super) fn digest(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }

    /// Returns how many bytes did not pass.
    pub(super) const fn cut(&self) -> u64 {
        self.total - self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bound_is_counted_to_the_byte() {
        let mut capture = Capture::new(5);
        assert_eq!(capture.take(b"abc"), (0, b"abc".as_slice()));
        assert_eq!(capture.take(b"defg"), (3, b"de".as_slice()));
        assert_eq!(capture.take(b"hi"), (5, b"".as_slice()));
        assert_eq!((capture.total(), capture.cut()), (9, 4));
        assert_eq!(capture.digest(), Digest::of(b"abcdefghi"));
    }

    #[test]
    fn what_there_was_no_room_for_did_not_pass() {
        let mut capture = Capture::new(100);
        capture.take(b"abc");
        capture.take(b"defg");
        capture.close(4);
        assert_eq!(capture.take(b"hi"), (3, b"".as_slice()));
        assert_eq!((capture.total(), capture.cut()), (9, 6));
    }
}
