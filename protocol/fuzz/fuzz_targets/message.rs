//! No body, of whatever kind it claims to be, makes the decoder panic or hoard memory.
#![no_main]

use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::message::{Kind, decode_any};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let kind = Kind::ALL[usize::from(*first) % Kind::ALL.len()];
    let _ = decode_any(&Envelope { kind: kind as u16, auth: Auth::None, body: body.to_vec() });
});
