//! What is kept of one command's output for whoever asks again: its beginning, within a bound.

use hailer_protocol::limits::OUTPUT_CHUNK_MAX;
use hailer_protocol::message::Output;

/// Pieces that are kept at most: a command that writes single bytes to both streams in turn must not
/// cost many times what it wrote.
const PIECES_MAX: usize = 4096;

/// The beginning of one command's output.
#[derive(Debug)]
pub(super) struct Keep {
    max: usize,
    bytes: usize,
    outputs: Vec<Output>,
}

impl Keep {
    /// Keeps that many bytes of both streams together.
    pub(super) const fn new(max: usize) -> Self {
        Self {
            max,
            bytes: 0,
            outputs: Vec::new(),
        }
    }

    /// Takes what comes next, as far as there is room.
    pub(super) fn take(&mut self, mut output: Output) {
        output.bytes.0.truncate(self.max - self.bytes);
        let length = output.bytes.0.len();
        if length == 0 {
            return;
        }
        let n_pieces = self.outputs.len();
        match self.outputs.last_mut() {
            Some(last) if follows(last, &output) => last.bytes.0.append(&mut output.bytes.0),
            Some(_) | None if n_pieces < PIECES_MAX => self.outputs.push(output),
            // Nothing behind a gap is kept.
            Some(_) | None => self.max = self.bytes,
        }
        self.bytes = (self.bytes + length).min(self.max);
    }

    /// Returns how many bytes may be kept.
    pub(super) const fn max(&self) -> usize {
        self.max
    }

    /// Returns how many bytes are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.outputs.iter().map(|o| o.bytes.0.len() as u64).sum()
    }

    /// Returns what is kept, in order.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter()
    }
}

fn follows(last: &Output, next: &Output) -> bool {
    let end = last.offset + last.bytes.0.len() as u64;
    let length = last.bytes.0.len() + next.bytes.0.len();
    last.is_stderr == next.is_stderr && end == next.offset && length <= OUTPUT_CHUNK_MAX
}

#[cfg(test)]
mod tests {
    use hailer_protocol::clean::NodeBytes;

    use super::*;

    fn output(is_stderr: bool, offset: u64, bytes: &[u8]) -> Output {
        Output {
            is_stderr,
            offset,
            bytes: NodeBytes(bytes.to_vec()),
        }
    }

    #[test]
    fn what_is_kept_is_the_beginning_in_few_pieces() {
        let mut keep = Keep::new(10);
        for at in 0..20 {
            keep.take(output(false, at, b"x"));
        }
        let kept: Vec<_> = keep
            .outputs()
            .map(|o| (o.offset, o.bytes.0.len()))
            .collect();
        assert_eq!((kept, keep.bytes()), (vec![(0, 10)], 10));
    }

    #[test]
    fn streams_in_turn_keep_their_order_and_are_bounded_too() {
        let mut keep = Keep::new(1 << 20);
        for at in 0..10_000 {
            keep.take(output(false, at, b"o"));
            keep.take(output(true, at, b"e"));
        }
        assert_eq!(keep.outputs().count(), PIECES_MAX);
        assert_eq!(keep.bytes(), PIECES_MAX as u64);
        assert!(keep.outputs().step_by(2).all(|o| !o.is_stderr));
    }
}
