//! A stream's bytes, cut at every place, are the same envelopes or the same refusal.
#![no_main]

use hailer_protocol::envelope::{Decoder, Envelope, EnvelopeError};
use libfuzzer_sys::fuzz_target;

fn read(pieces: &[&[u8]]) -> (Vec<Envelope>, Option<EnvelopeError>) {
    let mut decoder = Decoder::new();
    let mut seen = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next_envelope() {
                Ok(Some(envelope)) => seen.push(envelope),
                Ok(None) => break,
                Err(e) => return (seen, Some(e)),
            }
        }
    }
    (seen, None)
}

fuzz_target!(|data: &[u8]| {
    let whole = read(&[data]);
    let (front, back) = data.split_at(data.len() / 2);
    assert_eq!(whole, read(&[front, back]));
    for envelope in whole.0 {
        let bytes = envelope.to_bytes();
        assert_eq!(read(&[&bytes]).0, [envelope]);
    }
});
