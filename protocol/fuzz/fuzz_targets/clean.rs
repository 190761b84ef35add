//! No bytes leave a control function or a hidden character in what is shown.
#![no_main]

use hailer_protocol::clean::Clean;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let line = Clean::line_from_bytes(data);
    assert!(!line.as_str().chars().any(char::is_control));
    let text = Clean::text_from_bytes(data);
    assert!(!text.as_str().chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    assert_eq!(Clean::text(text.as_str()), text, "cleaning twice changes nothing");
});
