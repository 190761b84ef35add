//! What a node checks of a signed run, apart from the signatures themselves.

use std::time::Duration;

use crate::holder::Holder;
use crate::ids::{Name, NodeName};
use crate::limits::SIGNED_LIFE_MAX;
use crate::message::Run;
use crate::role::{Identity, Role};
use crate::signing::block::SignedBlock;
use crate::signing::command::Command;
use crate::signing::error::SigningError;
use crate::signing::statement::Statement;
use crate::signing::tree::leaf;
use crate::time::{ALLOWED_SKEW, Wall};

/// Who the checking node is.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Its fleet.
    pub fleet: &'a Name,
    /// Its own name: the one in its certificate.
    pub node: &'a NodeName,
}

/// Whose signatures a block holds. Made by whoever has verified chains and signatures of that very
/// block, and by nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// Who signed.
    pub operator: Holder,
    /// Who approved, in the block's order.
    pub approvers: Vec<Holder>,
}

/// A signed run that is for this node, now, and as its operator wanted it. Whether its nonce is
/// fresh the node's store knows; whether it is allowed, its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was signed.
    pub statement: Statement,
    /// Who signed and approved.
    pub signers: Signers,
}

/// Checks everything that a node can without its store and its policy: fleet, signers, time,
/// membership. The body is taken as bytes, since it is not decoded before; once it is, ask
/// [`Checked::covers`].
///
/// # Errors
/// Says what is wrong; nothing of the request may then be carried out.
pub fn check(
    now: Wall,
    own: Own<'_>,
    body: &[u8],
    block: &SignedBlock,
    signers: Signers,
) -> Result<Checked, SigningError> {
    let statement = Statement::decode(&block.statement)?;
    if statement.fleet != *own.fleet {
        return Err(SigningError::Fleet {
            theirs: statement.fleet,
            ours: own.fleet.clone(),
        });
    }
    check_signers(&statement, &signers)?;
    check_time(&statement, now)?;
    let targets = statement.targets;
    block
        .proof
        .verify(&leaf(own.node, body), &targets.root, targets.count)?;
    Ok(Checked { statement, signers })
}

impl Checked {
    /// Checks that the decoded request is the one that the statement speaks of. The bytes are the
    /// signed ones by now; this holds the operator's own shell to what it showed the operator.
    ///
    /// # Errors
    /// When run, command or grant are others.
    pub fn covers(&self, request: &Run) -> Result<(), SigningError> {
        let statement = &self.statement;
        if statement.run != request.run {
            return Err(SigningError::Run {
                signed: statement.run,
                asked: request.run,
            });
        }
        let action = &statement.action;
        if action.command != Command::of(&request.probe) {
            return Err(SigningError::Command);
        }
        if !action.grant.fits(&request.probe) {
            return Err(SigningError::Grant(action.grant));
        }
        Ok(())
    }
}

fn check_signers(statement: &Statement, signers: &Signers) -> Result<(), SigningError> {
    let may_sign = |who: &Identity| who.role == Role::Operator && who.fleet == statement.fleet;
    let operator = &signers.operator.identity;
    let everybody = std::iter::once(operator).chain(signers.approvers.iter().map(|h| &h.identity));
    for who in everybody {
        if !may_sign(who) {
            return Err(SigningError::Signer(Box::new(who.clone())));
        }
    }
    if operator.name != statement.operator {
        return Err(SigningError::Operator {
            signer: operator.name.clone(),
            operator: statement.operator.clone(),
        });
    }
    let approvers: Vec<&Name> = signers.approvers.iter().map(|h| &h.identity.name).collect();
    for (at, &name) in approvers.iter().enumerate() {
        if *name == operator.name {
            return Err(SigningError::OwnApproval(name.clone()));
        }
        if approvers[..at].contains(&name) {
            return Err(SigningError::ApprovedTwice(name.clone()));
        }
    }
    Ok(())
}

fn check_time(statement: &Statement, now: Wall) -> Result<(), SigningError> {
    let (issued_at, not_after) = (statement.issued_at, statement.not_after);
    let ms = not_after.0.saturating_sub(issued_at.0);
    if ms < 1 || ms > millis(SIGNED_LIFE_MAX) {
        return Err(SigningError::Life { ms });
    }
    if issued_at.0 > now.0.saturating_add(millis(ALLOWED_SKEW)) {
        return Err(SigningError::Ahead { issued_at, now });
    }
    if now.is_past(not_after) {
        return Err(SigningError::Expired { not_after, now });
    }
    Ok(())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
