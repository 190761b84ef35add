//! The file of trust bundles: as they travel, one behind the other, oldest first.

use std::path::{Path, PathBuf};

use hailer_protocol::bundle::{SignedBundle, TrustBundle};
use hailer_protocol::envelope::Decoder;
use hailer_protocol::message::{Message as _, TrustOffer};

use crate::error::ShellError;
use crate::files;

/// Returns where an authority's directory keeps them.
pub(super) fn path_in(dir: &Path) -> PathBuf {
    dir.join("trust.bundle")
}

/// Reads them; a file that is not there has none.
pub(super) fn read(path: &Path) -> Result<Vec<SignedBundle>, ShellError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = files::read(path).map_err(|e| ShellError::own(e.to_string()))?;
    let failed = |e: &dyn std::fmt::Display| ShellError::usage(format!("{}: {e}", path.display()));
    let mut decoder = Decoder::new();
    decoder.feed(&bytes);
    let mut all = Vec::new();
    while let Some(envelope) = decoder.next_envelope().map_err(|e| failed(&e))? {
        let offer = TrustOffer::from_envelope(&envelope).map_err(|e| failed(&e))?;
        all.push(offer.signed);
    }
    if decoder.is_mid_envelope() {
        return Err(failed(&"it ends within a bundle"));
    }
    Ok(all)
}

/// Returns the number of the last one, 0 without any.
pub(super) fn last_number(all: &[SignedBundle]) -> Result<u64, ShellError> {
    let Some(last) = all.last() else { return Ok(0) };
    let bundle = TrustBundle::decode(&last.bundle);
    bundle
        .map(|bundle| bundle.number)
        .map_err(|e| ShellError::own(e.to_string()))
}

/// Writes them in the place of what is there.
pub(super) fn write(path: &Path, all: &[SignedBundle]) -> Result<(), ShellError> {
    let mut bytes = Vec::new();
    for signed in all {
        let offer = TrustOffer {
            signed: signed.clone(),
        };
        let envelope = offer.to_envelope();
        let envelope = envelope.map_err(|e| ShellError::own(e.to_string()))?;
        envelope.write_to(&mut bytes);
    }
    files::write(path, &bytes, true)
        .map(drop)
        .map_err(|e| ShellError::own(e.to_string()))
}
