//! Random ids and jitter, from the one cryptography of the tree.

use std::fs::File;
use std::io::Read as _;

use hailer_protocol::ids::{LeaseId, RunId};

use hailer_protocol::signing::Nonce;

use super::error::FleetError;

fn fill(bytes: &mut [u8]) -> Result<(), FleetError> {
    let provider = hailer_identity::trust::provider();
    let filled = provider.secure_random.fill(bytes);
    filled.map_err(|_| FleetError::Random)
}

/// Draws the id of a run.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn run_id() -> Result<RunId, FleetError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(RunId(bytes))
}

/// Draws the id of a shell's lease. The kernel is asked: it is wanted before the first prompt, and
/// the cryptography takes longer to seed than all else until there.
///
/// # Errors
/// When the operating system gives no random bytes.
pub(super) fn lease_id() -> Result<LeaseId, FleetError> {
    let mut bytes = [0; 16];
    let drawn = File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
    drawn.map_err(|_| FleetError::Random)?;
    Ok(LeaseId(bytes))
}

/// Draws what makes a signature one of its kind.
pub(super) fn nonce() -> Result<Nonce, FleetError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(Nonce(bytes))
}

/// Draws a jitter. Without randomness it is always the same, which spreads nothing but breaks
/// nothing either.
pub(crate) fn jitter() -> u32 {
    let mut bytes = [0x80; 4];
    let _ = fill(&mut bytes);
    u32::from_le_bytes(bytes)
}
