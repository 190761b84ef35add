//! Bits one after the other in a block of bytes.

/// Writes bits, the highest first.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) at: usize,
}

impl BitWriter<'_> {
    /// Writes the lowest `n` bits of `value`; the caller knows that there is room.
    pub(super) fn put(&mut self, value: u64, n: usize) {
        let mut left = n;
        while left > 0 {
            let (byte, used) = (self.at / 8, self.at % 8);
            let take = left.min(8 - used);
            let mask = (1_u64 << take) - 1;
            let part = (value >> (left - take)) & mask;
            // `part` has at most eight bits, and `used + take` is at most eight.
            self.bytes[byte] |= (part as u8) << (8 - used - take);
            self.at += take;
            left -= take;
        }
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl BitReader<'_> {
    /// Reads `n` bits.
    pub(super) fn get(&mut self, n: usize) -> u64 {
        let mut value = 0;
        let mut left = n;
        while left > 0 {
            let (byte, used) = (self.at / 8, self.at % 8);
            let take = left.min(8 - used);
            let part = (self.bytes[byte] >> (8 - used - take)) & ((1_u16 << take) - 1) as u8;
            value = (value << take) | u64::from(part);
            self.at += take;
            left -= take;
        }
        value
    }
}
