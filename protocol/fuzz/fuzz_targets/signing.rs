//! Signature blocks, statements and revocation lists: whatever decodes has exactly that encoding.
#![no_main]

use hailer_protocol::revocation::{RevocationList, SignedRevocations};
use hailer_protocol::signing::{SignedBlock, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(block) = SignedBlock::decode(data) {
        assert_eq!(block.encode().as_deref(), Ok(data));
        let _ = Statement::decode(&block.statement);
    }
    if let Ok(statement) = Statement::decode(data) {
        assert_eq!(statement.encode().as_deref(), Ok(data));
    }
    if let Ok(list) = RevocationList::decode(data) {
        assert_eq!(list.encode().as_deref(), Ok(data));
    }
    if let Ok(signed) = SignedRevocations::decode(data) {
        assert_eq!(signed.encode().as_deref(), Ok(data));
    }
});
