//! Whatever decodes as an automation has exactly that encoding: its version is the hash of the bytes.
#![no_main]

use hailer_protocol::automation::AutomationSpec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(spec) = AutomationSpec::from_bytes(data) {
        let bytes = spec.to_bytes().expect("it was that long");
        assert_eq!(AutomationSpec::from_bytes(&bytes).expect("it was just written"), spec);
    }
});
