//! Short texts that people and peers send: names, tokens, digests, quantities, identities; and what is
//! taken out of texts before they are kept.
#![no_main]

use hailer_protocol::ids::{Digest, Name};
use hailer_protocol::metrics;
use hailer_protocol::redact::redact;
use hailer_protocol::role::Identity;
use hailer_protocol::token::Token;
use hailer_protocol::units::{display_value, exact_value, parse_quantity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = Name::new(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(identity) = text.parse::<Identity>() {
        assert_eq!(identity.to_string().parse::<Identity>().as_ref(), Ok(&identity));
    }
    if let Ok(token) = text.parse::<Token>() {
        assert_eq!(token.reveal().parse(), Ok(token));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }
    if let Some(value) = parse_quantity(text) {
        let _ = (display_value(&value), exact_value(&value));
    }
    let _ = metrics::find(text);
    let once = redact(text).into_owned();
    assert_eq!(redact(&once), once, "what is redacted stays as it is");
});
