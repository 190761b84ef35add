//! What vouches for deeds that are done long after they were asked for: the signature under the set of
//! automations that they come from, and the policy as it is when they are due.

use hailer_identity::Standing;
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::grant::Grant;
use hailer_protocol::holder::Holder;
use hailer_protocol::policy::{Ask, Wants};
use hailer_protocol::role::Identity;
use hailer_protocol::signing::{SignedBlock, Statement};
use hailer_protocol::time::Wall;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::admit::Denial;
use super::agent::Agent;
use super::gate::{Gate, Permit, denied};

/// A signature that was verified when it came, and is kept with what it put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouch {
    /// What was signed.
    pub statement: Statement,
    /// The signer's certificate and what leads from it to the authority.
    chain: Vec<Vec<u8>>,
    /// The same of whoever approved.
    approvers: Vec<Vec<Vec<u8>>>,
}

impl Vouch {
    /// Takes it from an envelope whose signature has been verified; `None` if it has none.
    fn of(envelope: &Envelope) -> Option<Self> {
        let Auth::Signed(block) = &envelope.auth else {
            return None;
        };
        let block = SignedBlock::decode(block).ok()?;
        Some(Self {
            statement: Statement::decode(&block.statement).ok()?,
            chain: block.chain,
            approvers: block.approvals.into_iter().map(|a| a.chain).collect(),
        })
    }

    /// Takes it where something is permitted that goes on without its operator.
    pub(super) fn for_later(permit: &Permit, envelope: &Envelope) -> Option<Box<Self>> {
        match permit.grant {
            Grant::Automate => Self::of(envelope).map(Box::new),
            Grant::Probe | Grant::Read | Grant::Run => None,
        }
    }

    /// Returns who signed.
    ///
    /// # Errors
    /// When what was kept names nobody.
    pub fn operator(&self) -> Result<Identity, String> {
        holder(&self.chain).map(|h| h.identity)
    }
}

fn holder(chain: &[Vec<u8>]) -> Result<Holder, String> {
    let leaf = chain.first().ok_or("there is no certificate")?;
    let leaf = CertificateDer::from_slice(leaf);
    hailer_identity::holder_of(&leaf).map_err(|e| e.to_string())
}

impl Gate {
    /// Asks the owner's policy, as it is now, whether a deed may be done that somebody was allowed to
    /// automate. Its signer's certificate may have run out since: the signature was made while it held. It
    /// must not have been revoked.
    fn permit_deed(
        &self,
        now: Wall,
        vouch: &Vouch,
        run_as: Option<&str>,
    ) -> Result<Permit, Denial> {
        let broken = |e: String| {
            denied(format!(
                "what vouches for the automation is unreadable: {e}"
            ))
        };
        for chain in std::iter::once(&vouch.chain).chain(&vouch.approvers) {
            let standing = Standing::of(chain).map_err(|e| broken(e.to_string()))?;
            if standing.is_revoked(&self.revoked) {
                return Err(denied(format!(
                    "the certificate of `{}`, who vouches for the automation, is revoked; let another \
                     operator apply it",
                    standing.identity()
                )));
            }
        }
        let operator = holder(&vouch.chain).map_err(broken)?;
        let approvers = vouch.approvers.iter().map(|chain| holder(chain));
        let approvers: Vec<Holder> = approvers.collect::<Result<_, _>>().map_err(broken)?;
        let statement = &vouch.statement;
        self.decide(
            now,
            &Ask {
                who: &operator,
                approvals: &approvers,
                wants: Wants::Automate(&statement.action.command.text),
                run_as,
                node: self.facts(),
                n_targets: Some(statement.targets.count),
                n_fleet: Some(statement.targets.fleet),
                reason: statement.reason.as_deref(),
            },
        )
    }
}

impl Agent {
    /// Asks the owner's policy, as it is now, whether a deed of an automation may be done.
    ///
    /// # Errors
    /// Says why not, and what is missing.
    pub fn permit_deed(
        &self,
        now: Wall,
        vouch: &Vouch,
        run_as: Option<&str>,
    ) -> Result<Permit, String> {
        self.gate
            .permit_deed(now, vouch, run_as)
            .map_err(|denial| denial.text)
    }
}
