//! The signature block: what stands in an envelope's auth part.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::limits::{
    APPROVALS_MAX, CHAIN_MAX, ENVELOPE_AUTH_MAX, PROOF_DEPTH_MAX, SIGNATURE_MAX, STATEMENT_MAX,
};
use crate::signing::error::SigningError;
use crate::signing::statement::bound;
use crate::signing::tree::Proof;

/// A statement with who vouches for it, and the proof that the receiver is one of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBlock {
    /// The statement, exactly as it was signed.
    pub statement: Vec<u8>,
    /// The operator's certificate and what leads from it to the authority, in DER; one to
    /// [`CHAIN_MAX`].
    pub chain: Vec<Vec<u8>>,
    /// The operator's signature over the statement.
    pub signature: Vec<u8>,
    /// That the receiver is a target.
    pub proof: Proof,
    /// Who else agreed, at most [`APPROVALS_MAX`].
    pub approvals: Vec<Approval>,
}

/// A second person's agreement to a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The approver's certificate and what leads from it to the authority.
    pub chain: Vec<Vec<u8>>,
    /// The approver's signature over the statement.
    pub signature: Vec<u8>,
}

impl SignedBlock {
    /// Returns the block's one encoding.
    ///
    /// # Errors
    /// Refuses what is over a limit.
    pub fn encode(&self) -> Result<Vec<u8>, SigningError> {
        self.check_form()?;
        let bytes = codec::encode(self)?;
        bound("signature block", bytes.len(), ENVELOPE_AUTH_MAX)?;
        Ok(bytes)
    }

    /// Reads a block.
    ///
    /// # Errors
    /// Refuses what is over a limit, and every encoding but the one that
    /// [`SignedBlock::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, SigningError> {
        bound("signature block", bytes.len(), ENVELOPE_AUTH_MAX)?;
        let block: Self = codec::decode(bytes)?;
        if block.encode()? != bytes {
            return Err(SigningError::NotCanonical("signature block"));
        }
        Ok(block)
    }

    fn check_form(&self) -> Result<(), SigningError> {
        bound("statement", self.statement.len(), STATEMENT_MAX)?;
        bound("proof", self.proof.siblings.len(), PROOF_DEPTH_MAX)?;
        bound("approvals", self.approvals.len(), APPROVALS_MAX)?;
        vouched(&self.chain, &self.signature)?;
        self.approvals
            .iter()
            .try_for_each(|approval| vouched(&approval.chain, &approval.signature))
    }
}

fn vouched(chain: &[Vec<u8>], signature: &[u8]) -> Result<(), SigningError> {
    if chain.is_empty() {
        return Err(SigningError::Unsigned("certificate"));
    }
    if signature.is_empty() {
        return Err(SigningError::Unsigned("signature"));
    }
    bound("certificate chain", chain.len(), CHAIN_MAX)?;
    bound("signature", signature.len(), SIGNATURE_MAX)
}
