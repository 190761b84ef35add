//! Envelopes: how every message stands on a stream.
//!
//! ```text
//! kind u16 LE | auth u8 | zero u8 | length u32 LE | [auth length u16 LE | auth] | body
//! ```
//!
//! `length` counts everything behind the eight header bytes, so that a kind this version does not
//! know can be skipped. `auth` is 0 for none and 1 for signed. The body is handed out as received:
//! whether it may be decoded at all is decided first, and a signature covers exactly these bytes.

use crate::limits::{ENVELOPE_AUTH_MAX, ENVELOPE_BODY_MAX};
use crate::message::Kind;

/// Bytes in front of every envelope.
pub const HEADER_LEN: usize = 8;

/// What vouches for an envelope beyond the connection it came over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// The peer's certificate alone.
    None,
    /// A signature block over the body, to be verified by the receiver itself.
    Signed(Vec<u8>),
}

/// One message as it stands on a stream: its body still undecoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the body claims to be; a number, since it may be unknown.
    pub kind: u16,
    /// What vouches for it.
    pub auth: Auth,
    /// The message, encoded.
    pub body: Vec<u8>,
}

/// Why bytes are no envelope. The stream cannot be read any further after one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The length is beyond what any envelope may have.
    #[error("an envelope of kind {kind} claims {length} bytes, at most {max} are allowed")]
    TooLong {
        /// The claimed kind.
        kind: u16,
        /// The claimed length.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// The auth byte is neither 0 nor 1, the spare byte is not 0, or the auth block is longer than
    /// the envelope.
    #[error("the header of an envelope of kind {kind} is malformed: {what}")]
    Malformed {
        /// The claimed kind.
        kind: u16,
        /// What is wrong.
        what: &'static str,
    },
}

impl Envelope {
    /// Makes an unsigned envelope.
    #[must_use]
    pub const fn new(kind: Kind, body: Vec<u8>) -> Self {
        Self {
            kind: kind as u16,
            auth: Auth::None,
            body,
        }
    }

    /// Appends the envelope's bytes to `out`.
    ///
    /// # Panics
    /// When body or signature are over their limits: the codec never makes such a body.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        assert!(self.body.len() <= ENVELOPE_BODY_MAX, "body over its limit");
        let (tag, auth): (u8, &[u8]) = match &self.auth {
            Auth::None => (0, &[]),
            Auth::Signed(block) => (1, block),
        };
        assert!(auth.len() <= ENVELOPE_AUTH_MAX, "signature over its limit");
        let auth_len = if tag == 1 { 2 + auth.len() } else { 0 };
        let length = u32::try_from(auth_len + self.body.len()).expect("both are bounded");
        out.reserve(HEADER_LEN + auth_len + self.body.len());
        out.extend_from_slice(&self.kind.to_le_bytes());
        out.extend_from_slice(&[tag, 0]);
        out.extend_from_slice(&length.to_le_bytes());
        if tag == 1 {
            let auth_len = u16::try_from(auth.len()).expect("bounded");
            out.extend_from_slice(&auth_len.to_le_bytes());
            out.extend_from_slice(auth);
        }
        out.extend_from_slice(&self.body);
    }

    /// Returns the envelope's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}

/// The steps in which a decoder's buffer grows, and how much of it a decoder keeps between envelopes.
const GROW_STEP: usize = 64 << 10;

/// Turns a stream's bytes into envelopes, however they are cut.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    consumed: usize,
}

impl Decoder {
    /// Makes a decoder for one stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they came. Call [`Decoder::next_envelope`] until it returns `None` before
    /// feeding more: that keeps the buffer within one envelope plus one feed.
    ///
    /// There are as many decoders as nodes that answer at once, so the buffer grows step by step with
    /// what is there, not by doubling, and is let go of when it was a large one.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.consumed > 0 {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
            self.buffer.shrink_to(GROW_STEP);
        }
        let length = self.buffer.len() + bytes.len();
        if length > self.buffer.capacity() && length > GROW_STEP {
            let rounded = length.next_multiple_of(GROW_STEP);
            self.buffer.reserve_exact(rounded - self.buffer.len());
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next whole envelope, or `None` until more bytes are fed.
    ///
    /// # Errors
    /// When the header is wrong; nothing after it can be trusted.
    pub fn next_envelope(&mut self) -> Result<Option<Envelope>, EnvelopeError> {
        let rest = &self.buffer[self.consumed..];
        let Some((head, rest)) = rest.split_first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let malformed = |what| EnvelopeError::Malformed { kind, what };
        let max = match head[2] {
            0 => ENVELOPE_BODY_MAX,
            1 => ENVELOPE_BODY_MAX + ENVELOPE_AUTH_MAX + 2,
            _ => return Err(malformed("unknown auth tag")),
        };
        if head[3] != 0 {
            return Err(malformed("the spare byte is not zero"));
        }
        if length > max {
            return Err(EnvelopeError::TooLong { kind, length, max });
        }
        let Some(content) = rest.get(..length) else {
            return Ok(None);
        };
        let envelope = if head[2] == 0 {
            Envelope {
                kind,
                auth: Auth::None,
                body: content.to_vec(),
            }
        } else {
            let (size, content) = content
                .split_first_chunk::<2>()
                .ok_or_else(|| malformed("no room for the signature's length"))?;
            let size = u16::from_le_bytes(*size) as usize;
            if size > ENVELOPE_AUTH_MAX || size > content.len() {
                return Err(malformed("the signature is longer than the envelope"));
            }
            let (auth, body) = content.split_at(size);
            if body.len() > ENVELOPE_BODY_MAX {
                return Err(malformed("the body is over its limit"));
            }
            Envelope {
                kind,
                auth: Auth::Signed(auth.to_vec()),
                body: body.to_vec(),
            }
        };
        self.consumed += HEADER_LEN + length;
        if self.consumed == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(GROW_STEP);
            self.consumed = 0;
        }
        Ok(Some(envelope))
    }

    /// Whether bytes of an unfinished envelope are waiting: a stream that ends now was cut.
    #[must_use]
    pub fn is_mid_envelope(&self) -> bool {
        self.consumed < self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(auth: Auth) -> Envelope {
        Envelope {
            kind: 0xfffe,
            auth,
            body: vec![1, 2, 3],
        }
    }

    #[test]
    fn a_decoder_keeps_no_large_buffer_between_envelopes() {
        let large = Envelope {
            body: vec![7; ENVELOPE_BODY_MAX],
            ..sample(Auth::None)
        };
        let mut decoder = Decoder::new();
        for _ in 0..2 {
            let bytes = large.to_bytes();
            for piece in bytes.chunks(1200) {
                assert_eq!(decoder.next_envelope(), Ok(None));
                decoder.feed(piece);
                let bound = (decoder.buffer.len() + GROW_STEP).max(GROW_STEP);
                assert!(decoder.buffer.capacity() <= bound);
            }
            assert_eq!(decoder.next_envelope(), Ok(Some(large.clone())));
            assert!(decoder.buffer.capacity() <= GROW_STEP);
        }
    }

    #[test]
    fn envelopes_survive_being_cut_anywhere() {
        let mut bytes = sample(Auth::None).to_bytes();
        sample(Auth::Signed(vec![9; 70])).write_to(&mut bytes);
        for step in 1..bytes.len() {
            let mut decoder = Decoder::new();
            let mut seen = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.feed(piece);
                while let Some(e) = decoder.next_envelope().expect("well formed") {
                    seen.push(e);
                }
            }
            assert_eq!(
                seen,
                [sample(Auth::None), sample(Auth::Signed(vec![9; 70]))]
            );
            assert!(!decoder.is_mid_envelope());
        }
    }

    #[test]
    fn an_unknown_kind_is_an_envelope_like_any_other() {
        let mut decoder = Decoder::new();
        decoder.feed(&sample(Auth::None).to_bytes());
        let seen = decoder.next_envelope().expect("well formed");
        assert_eq!(seen.map(|e| e.kind), Some(0xfffe));
    }

    #[test]
    fn a_wrong_header_is_refused_before_its_body_arrives() {
        for (header, what) in [
            ([1, 0, 2, 0, 0, 0, 0, 0], "auth tag"),
            ([1, 0, 0, 1, 0, 0, 0, 0], "spare"),
            ([1, 0, 0, 0, 1, 0, 16, 0], "too long"),
            ([1, 0, 1, 0, 255, 255, 255, 255], "too long, signed"),
        ] {
            let mut decoder = Decoder::new();
            decoder.feed(&header);
            assert!(decoder.next_envelope().is_err(), "{what}");
        }
    }

    #[test]
    fn a_signature_longer_than_its_envelope_is_refused() {
        let mut decoder = Decoder::new();
        decoder.feed(&[1, 0, 1, 0, 4, 0, 0, 0, 200, 0, 0, 0]);
        assert!(decoder.next_envelope().is_err());
    }
}
