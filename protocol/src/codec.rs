//! The only file that names the serialisation format: bincode 2, with every length limited.
//!
//! A peer's bytes are decoded against a budget, so that a length field can never make the decoder
//! reserve more memory than the message itself may have, and must be used up to the last byte.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<{ limits::ENVELOPE_BODY_MAX }>,
> = bincode::config::standard().with_limit::<{ limits::ENVELOPE_BODY_MAX }>();

/// Why bytes are no message, or a message has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Decoding failed: cut short, an unknown variant, a length beyond the limit.
    #[error("cannot decode: {0}")]
    Decode(String),
    /// Bytes are left over after the message.
    #[error("{0} bytes are left over after the message")]
    LeftOver(usize),
    /// The message is larger than one envelope may be.
    #[error("cannot encode: {0}")]
    Encode(String),
}

/// Encodes a message body.
///
/// # Errors
/// When the body would pass [`limits::ENVELOPE_BODY_MAX`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, CodecError> {
    let bytes = bincode::serde::encode_to_vec(message, CONFIG)
        .map_err(|e| CodecError::Encode(e.to_string()))?;
    if bytes.len() > limits::ENVELOPE_BODY_MAX {
        return Err(CodecError::Encode(format!(
            "{} bytes, at most {} fit in one envelope",
            bytes.len(),
            limits::ENVELOPE_BODY_MAX
        )));
    }
    Ok(bytes)
}

/// Decodes a message body.
///
/// # Errors
/// When the bytes are not exactly one message of that type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (message, used) = bincode::serde::decode_from_slice(bytes, CONFIG)
        .map_err(|e| CodecError::Decode(e.to_string()))?;
    if used < bytes.len() {
        return Err(CodecError::LeftOver(bytes.len() - used));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_field_cannot_reserve_memory() {
        // A vector that claims 2^62 elements.
        let bomb = [253, 0, 0, 0, 0, 0, 0, 0, 64];
        assert!(decode::<Vec<u64>>(&bomb).is_err());
    }

    #[test]
    fn left_over_bytes_are_refused() {
        assert_eq!(decode::<u8>(&[1, 2]), Err(CodecError::LeftOver(1)));
    }
}
