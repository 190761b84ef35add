//! Signing runs, and finding out who signed one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::countersign::{Countersignature, SignedHead};
use hailer_protocol::holder::Holder;
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::{Approval, Proof, SignedBlock, Signers, SigningError, Statement};
use hailer_protocol::time::Wall;
use rustls::sign::SigningKey;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;

use crate::credentials::Credentials;
use crate::read;
use crate::signature::{self, SCHEMES, SignatureError};
use crate::tls::ConfigError;
use crate::trust::Trust;
use crate::verify::ClientJudge;

/// An operator's key, ready to sign runs.
#[derive(Clone)]
pub struct Signer {
    holder: Holder,
    chain: Vec<Vec<u8>>,
    key: Arc<dyn SigningKey>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Not an operator's credentials.
    #[error("sign a run as `{0}`: only operators sign runs")]
    Role(Box<Identity>),
    /// Another operator's statement, or another fleet's.
    #[error("sign a run as `{own}`: it is `{operator}`'s in the fleet `{fleet}`")]
    NotOwn {
        /// Whose key would sign.
        own: Box<Identity>,
        /// Whom the statement names.
        operator: Name,
        /// The statement's fleet.
        fleet: Name,
    },
    /// An approval of one's own run.
    #[error("approve a run as `{0}`: it is their own")]
    OwnApproval(Name),
    /// A statement over its limits, or no statement.
    #[error(transparent)]
    Statement(#[from] SigningError),
    /// A key that cannot sign here.
    #[error(transparent)]
    Key(#[from] SignatureError),
    /// The cryptography refused.
    #[error("sign the run: {0}")]
    Crypto(#[from] rustls::Error),
}

/// A statement with its operator's signature: what all targets get, but for their proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// The statement as it was signed, which is what an approver is shown.
    pub statement: Vec<u8>,
    chain: Vec<Vec<u8>>,
    signature: Vec<u8>,
    approvals: Vec<Approval>,
}

impl Signer {
    /// Takes up an operator's credentials.
    ///
    /// # Errors
    /// Refuses other roles, and keys of a kind with which nothing is signed here.
    pub fn new(credentials: &Credentials) -> Result<Self, SignError> {
        let holder = credentials.holder().clone();
        if holder.identity.role != Role::Operator {
            return Err(SignError::Role(Box::new(holder.identity)));
        }
        let key = Arc::clone(&credentials.certified.key);
        if key.choose_scheme(SCHEMES).is_none() {
            return Err(SignatureError::Key.into());
        }
        Ok(Self {
            holder,
            chain: credentials.chain(),
            key,
        })
    }

    /// Returns who signs.
    #[must_use]
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Signs a run, once for all its targets.
    ///
    /// # Errors
    /// Refuses a statement that names somebody else or is over its limits.
    pub fn sign(&self, statement: &Statement) -> Result<SignedStatement, SignError> {
        let own = &self.holder.identity;
        if statement.operator != own.name || statement.fleet != own.fleet {
            return Err(self.not_own(statement));
        }
        let encoded = statement.encode()?;
        Ok(SignedStatement {
            chain: self.chain.clone(),
            signature: self.sign_bytes(&Statement::signed_bytes(&encoded))?,
            statement: encoded,
            approvals: Vec::new(),
        })
    }

    /// Approves another operator's run: the statement, exactly as that operator signed it.
    ///
    /// # Errors
    /// Refuses bytes that are no statement, one of another fleet, and the approver's own.
    pub fn approve(&self, statement: &[u8]) -> Result<Approval, SignError> {
        let read = Statement::decode(statement)?;
        let own = &self.holder.identity;
        if read.fleet != own.fleet {
            return Err(self.not_own(&read));
        }
        if read.operator == own.name {
            return Err(SignError::OwnApproval(read.operator));
        }
        Ok(Approval {
            chain: self.chain.clone(),
            signature: self.sign_bytes(&Statement::approved_bytes(statement))?,
        })
    }

    fn not_own(&self, statement: &Statement) -> SignError {
        SignError::NotOwn {
            own: Box::new(self.holder.identity.clone()),
            operator: statement.operator.clone(),
            fleet: statement.fleet.clone(),
        }
    }

    fn sign_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = self.key.choose_scheme(SCHEMES).ok_or(SignatureError::Key)?;
        Ok(signer.sign(bytes)?)
    }
}

impl SignedStatement {
    /// Takes a statement back out of one target's block, with all who vouch for it. Nothing of it
    /// is verified.
    #[must_use]
    pub fn of(block: SignedBlock) -> Self {
        Self {
            statement: block.statement,
            chain: block.chain,
            signature: block.signature,
            approvals: block.approvals,
        }
    }

    /// Adds a second person's approval. Whether it is one is for the nodes to find out, and for
    /// [`SignatureJudge::signers`].
    pub fn approved_by(&mut self, approval: Approval) {
        self.approvals.push(approval);
    }

    /// Returns one target's signature block, encoded.
    ///
    /// # Errors
    /// When it would be over its limits: too many approvals, or very long certificates.
    pub fn block(&self, proof: Proof) -> Result<Vec<u8>, SigningError> {
        SignedBlock {
            statement: self.statement.clone(),
            chain: self.chain.clone(),
            signature: self.signature.clone(),
            proof,
            approvals: self.approvals.clone(),
        }
        .encode()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

/// Why nobody is known to have signed a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerRefused {
    /// A chain that leads to no authority of ours, is out of date, or is not an operator's.
    #[error("verify who {deed}: {cause}")]
    Chain {
        /// Signed, approved, or is connected.
        deed: &'static str,
        /// Why the chain is refused.
        cause: String,
    },
    /// The signature itself.
    #[error("verify the signature of `{who}`, who {deed}: {cause}")]
    Signature {
        /// Whom the certificate names.
        who: Box<Identity>,
        /// Signed or approved.
        deed: &'static str,
        /// What is wrong.
        cause: SignatureError,
    },
}

/// Finds out who signed runs, and who countersigned an audit.
#[derive(Debug)]
pub struct SignatureJudge {
    judge: ClientJudge,
    keepers: ClientJudge,
}

impl SignatureJudge {
    /// Believes operators of the fleet in `trust` about runs, its keepers about audits, and nobody else.
    ///
    /// # Errors
    /// When the TLS library refuses the authorities.
    pub fn new(trust: &Trust) -> Result<Self, ConfigError> {
        let judge = ClientJudge::new(trust, &[Role::Operator])?;
        let keepers = ClientJudge::new(trust, &[Role::Keeper])?;
        Ok(Self { judge, keepers })
    }

    /// Returns whom it believes.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        self.judge.trust()
    }

    /// Verifies every signature of a block, and the chains behind them, at `now`.
    ///
    /// `connected` is the chain of the connection that the block came over, as the handshake
    /// verified it: the very same bytes are not verified again, which is most of the cost. Their
    /// time, fleet and role are judged all the same.
    ///
    /// # Errors
    /// Says which signature is wrong, and how.
    pub fn signers(
        &self,
        now: Wall,
        block: &SignedBlock,
        connected: Option<&[CertificateDer<'_>]>,
    ) -> Result<Signers, SignerRefused> {
        let signed = Statement::signed_bytes(&block.statement);
        let operator = self.one(
            now,
            "signed",
            &block.chain,
            &signed,
            &block.signature,
            connected,
        )?;
        let approved = Statement::approved_bytes(&block.statement);
        let approvers = block
            .approvals
            .iter()
            .map(|a| self.one(now, "approved", &a.chain, &approved, &a.signature, None))
            .collect::<Result<_, _>>()?;
        Ok(Signers {
            operator,
            approvers,
        })
    }

    /// Verifies the chain of a connection once more, whose handshake was held against other
    /// authorities than those that are believed now.
    ///
    /// # Errors
    /// When it no longer leads to an operator of the fleet.
    pub fn connected(
        &self,
        now: Wall,
        chain: &[CertificateDer<'_>],
    ) -> Result<Holder, SignerRefused> {
        let refused = |cause| SignerRefused::Chain {
            deed: "is connected",
            cause,
        };
        let Some((leaf, issuers)) = chain.split_first() else {
            return Err(refused("no certificate".to_owned()));
        };
        let verified = self.judge.holder(leaf, issuers, unix(now));
        verified.map_err(|e| refused(crate::verify::cause_of(&e)))
    }

    /// Verifies a countersignature, and the chain behind it, at `now`; returns what it says and who
    /// says so, which is whom it names.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn countersigner(
        &self,
        now: Wall,
        signed: &SignedHead,
    ) -> Result<(Countersignature, Identity), SignerRefused> {
        const DEED: &str = "countersigned";
        let refused = |cause: String| SignerRefused::Chain { deed: DEED, cause };
        signed.check_form().map_err(|e| refused(e.to_string()))?;
        let said =
            Countersignature::decode(&signed.statement).map_err(|e| refused(e.to_string()))?;
        let Some((leaf, issuers)) = signed.chain.split_first() else {
            return Err(refused("no certificate".to_owned()));
        };
        let certificate = read::parse(leaf).map_err(|e| refused(e.to_string()))?;
        let holder = stranger(&self.keepers, now, leaf, issuers);
        let who = holder.map_err(refused)?.identity;
        let bytes = SignedHead::signed_bytes(&signed.statement);
        signature::verify(certificate.public_key(), &bytes, &signed.signature).map_err(
            |cause| SignerRefused::Signature {
                who: Box::new(who.clone()),
                deed: DEED,
                cause,
            },
        )?;
        said.check_signer(&who)
            .map_err(|e| refused(e.to_string()))?;
        Ok((said, who))
    }

    fn one(
        &self,
        now: Wall,
        deed: &'static str,
        chain: &[Vec<u8>],
        bytes: &[u8],
        signature: &[u8],
        connected: Option<&[CertificateDer<'_>]>,
    ) -> Result<Holder, SignerRefused> {
        let refused = |cause: String| SignerRefused::Chain { deed, cause };
        let Some((leaf, issuers)) = chain.split_first() else {
            return Err(refused("no certificate".to_owned()));
        };
        let certificate = read::parse(leaf).map_err(|e| refused(e.to_string()))?;
        let is_known = connected.is_some_and(|known| {
            known.len() == chain.len() && known.iter().zip(chain).all(|(k, c)| k.as_ref() == c)
        });
        let holder = if is_known {
            self.known(now, &certificate, issuers).map_err(refused)?
        } else {
            stranger(&self.judge, now, leaf, issuers).map_err(refused)?
        };
        signature::verify(certificate.public_key(), bytes, signature).map_err(|cause| {
            SignerRefused::Signature {
                who: Box::new(holder.identity.clone()),
                deed,
                cause,
            }
        })?;
        Ok(holder)
    }

    /// What the handshake found out holds on, but for time: a connection lives for hours.
    fn known(
        &self,
        now: Wall,
        leaf: &X509Certificate<'_>,
        issuers: &[Vec<u8>],
    ) -> Result<Holder, String> {
        let holder = read::holder_in(leaf).map_err(|e| e.to_string())?;
        self.judge.admit(&holder).map_err(|e| e.to_string())?;
        let issuers = issuers.iter().map(|issuer| read::validity_of(issuer));
        for validity in std::iter::once(Ok(read::validity_in(leaf))).chain(issuers) {
            let validity = validity.map_err(|e| e.to_string())?;
            if !validity.holds_at(now) {
                return Err(format!("the certificate holds from {validity}"));
            }
        }
        Ok(holder)
    }
}

/// Verifies a chain of which nothing is known yet.
fn stranger(
    judge: &ClientJudge,
    now: Wall,
    leaf: &[u8],
    issuers: &[Vec<u8>],
) -> Result<Holder, String> {
    let issuers: Vec<CertificateDer<'_>> = issuers
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    judge
        .holder(&CertificateDer::from(leaf), &issuers, unix(now))
        .map_err(|e| crate::verify::cause_of(&e))
}

/// A clock before 1970 is one at which no certificate holds.
fn unix(now: Wall) -> UnixTime {
    let seconds = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}
