//! The gate: what a node makes of a request before it looks at its own rules.
//!
//! A request that starts a process, or ends one, must be signed by its operator: over the very
//! bytes that arrived, for this node of this fleet, for this moment. The node finds all of that out
//! by itself, so nothing between operator and node can invent a request, turn it elsewhere or bring it
//! again. Metrics, facts and lists rely on the connection's certificate alone: they change
//! nothing, and cost less than a signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_identity::{SignatureJudge, Standing};
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::holder::Holder;
use hailer_protocol::ids::{Digest, Name, NodeName};
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::policy::{
    Allowed, Ask, Decision, NodeFacts, Policy, User, Wants, Words, decide, grants_any,
};
use hailer_protocol::revocation::Revocations;
use hailer_protocol::role::Identity;
use hailer_protocol::signing::{Checked, Own, SignedBlock, Statement, check};
use hailer_protocol::time::Wall;
use rustls::pki_types::CertificateDer;

use super::admit::Denial;

/// Who is at the other end of a connection, as the handshake found out.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Whom the certificate names.
    pub holder: Holder,
    /// The certificate and what leads from it to the authority: what the handshake has verified need not
    /// be verified again for every request.
    pub chain: Vec<CertificateDer<'static>>,
    /// What lists and clocks are asked about that chain from now on.
    pub standing: Arc<Standing>,
}

impl Peer {
    /// Reads a chain that the handshake has verified; `None` if it names nobody.
    #[must_use]
    pub fn of(chain: Vec<CertificateDer<'static>>) -> Option<Self> {
        Some(Self {
            holder: hailer_identity::holder_of(chain.first()?).ok()?,
            standing: Arc::new(Standing::of(&chain).ok()?),
            chain,
        })
    }
}

/// What a node checks signed requests with.
#[derive(Debug)]
pub struct Gate {
    /// The node's fleet.
    pub fleet: Name,
    /// The node's own name: the one in its certificate.
    pub node: NodeName,
    /// Whose signatures it believes.
    pub judge: Arc<SignatureJudge>,
    /// The node's labels, as its own configuration says.
    pub labels: BTreeMap<String, String>,
    /// What its owner allows.
    pub rules: Rules,
    /// Who no longer holds although their certificates' time is not over.
    pub revoked: Arc<Revocations>,
}

/// What a node's owner allows on it.
#[derive(Debug, Clone)]
pub struct Rules {
    policy: Arc<Policy>,
    version: Digest,
    is_read_only: bool,
}

impl Rules {
    /// Takes up a policy; a node that is read only grants probes and readings, whatever it says.
    #[must_use]
    pub fn new(policy: Arc<Policy>, is_read_only: bool) -> Self {
        Self {
            version: policy.version(),
            policy,
            is_read_only,
        }
    }

    /// Whether there is a policy, and no mistake in it: otherwise nothing is allowed.
    #[must_use]
    pub fn are_sound(&self) -> bool {
        self.policy.is_sound()
    }
}

/// How a request may be carried out, and in no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// Under which grant.
    pub grant: Grant,
    /// The line of the policy that allows it.
    pub line: usize,
    /// That policy's version.
    pub policy: Digest,
    /// As which user of the node; nobody for a probe.
    pub run_as: Option<User>,
    /// The words of a reading, which runs without a shell and in the sandbox.
    pub reading: Option<Vec<String>>,
}

/// In whose name a request is carried out, and what vouches for it.
#[derive(Debug, Clone)]
pub enum Authority {
    /// The connection's certificate.
    Connection(Holder),
    /// A signature over this very request.
    Signed(Box<Checked>),
}

impl Authority {
    /// Returns who asks.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        match self {
            Self::Connection(holder) => holder,
            Self::Signed(checked) => &checked.signers.operator,
        }
    }
}

impl Gate {
    /// Finds out in whose name an envelope stands, before its body is decoded, and what lists are
    /// asked about whoever that is. What `is_verified` says of the peer's chain need not be found
    /// out again.
    pub(super) fn authority(
        &self,
        now: Wall,
        peer: &Peer,
        is_verified: bool,
        envelope: &Envelope,
    ) -> Result<(Authority, Arc<Standing>), Denial> {
        let Auth::Signed(block) = &envelope.auth else {
            if !is_verified {
                let still = self.judge.connected(now, &peer.chain);
                still.map_err(|e| denied(e.to_string()))?;
            }
            let standing = Arc::clone(&peer.standing);
            return Ok((Authority::Connection(peer.holder.clone()), standing));
        };
        let block = SignedBlock::decode(block).map_err(|e| denied(e.to_string()))?;
        let known = is_verified.then_some(peer.chain.as_slice());
        let signers = self
            .judge
            .signers(now, &block, known)
            .map_err(|e| denied(e.to_string()))?;
        let standing = self.standing_of(peer, &block)?;
        let own = Own {
            fleet: &self.fleet,
            node: &self.node,
        };
        check(now, own, &envelope.body, &block, signers)
            .map(|checked| (Authority::Signed(Box::new(checked)), standing))
            .map_err(|e| denied(e.to_string()))
    }

    /// Refuses what a revoked operator signed or approved; returns who signed.
    fn standing_of(&self, peer: &Peer, block: &SignedBlock) -> Result<Arc<Standing>, Denial> {
        let is_peers = peer.chain.len() == block.chain.len()
            && peer
                .chain
                .iter()
                .zip(&block.chain)
                .all(|(p, b)| p.as_ref() == b.as_slice());
        let signer = if is_peers {
            Arc::clone(&peer.standing)
        } else {
            Arc::new(Standing::of(&block.chain).map_err(|e| denied(e.to_string()))?)
        };
        if signer.is_revoked(&self.revoked) {
            return Err(revoked("signed", signer.identity()));
        }
        if self.revoked.is_empty() {
            return Ok(signer);
        }
        for approval in &block.approvals {
            let approver = Standing::of(&approval.chain).map_err(|e| denied(e.to_string()))?;
            if approver.is_revoked(&self.revoked) {
                return Err(revoked("approved", approver.identity()));
            }
        }
        Ok(signer)
    }
}

impl Gate {
    /// Asks the owner's policy. What an operator may not run may still be on the list of readings,
    /// which is less: then it is carried out as one.
    pub(super) fn permit(
        &self,
        now: Wall,
        authority: &Authority,
        request: &Run,
    ) -> Result<Permit, Denial> {
        let checked = match authority {
            Authority::Connection(_) => None,
            Authority::Signed(checked) => Some(checked),
        };
        let statement = checked.map(|c| &c.statement);
        let ask = Ask {
            who: authority.holder(),
            approvals: checked.map_or(&[], |c| &c.signers.approvers),
            wants: Wants::Probe,
            run_as: statement.and_then(|s| s.action.run_as.as_deref()),
            node: self.facts(),
            n_targets: statement.map(|s| s.targets.count),
            n_fleet: statement.map(|s| s.targets.fleet),
            reason: statement.and_then(|s| s.reason.as_deref()),
        };
        let Some(statement) = statement else {
            return self.decide(now, &ask);
        };
        self.is_policy_seen(statement)?;
        let read = reading(&request.probe).map(|words| Ask {
            wants: Wants::Read(words),
            ..ask
        });
        let run = Ask {
            wants: Wants::Run(&statement.action.command.text),
            ..ask
        };
        let permit = match (statement.action.grant, read) {
            (Grant::Run, Some(read)) => self.decide(now, &run).or_else(|denial| {
                let as_reading = self.decide(now, &read);
                as_reading.map_err(|reading| {
                    if self.rules.policy.grants(Grant::Read) {
                        both(denial, &reading)
                    } else {
                        denial
                    }
                })
            }),
            (Grant::Run, None) => self.decide(now, &run),
            (Grant::Read, Some(read)) => self.decide(now, &read),
            (Grant::Read, None) => Err(denied(
                "a reading is one command; a command a row wants to be run".to_owned(),
            )),
            (Grant::Automate, _) => self.decide(
                now,
                &Ask {
                    wants: Wants::Automate(&statement.action.command.text),
                    ..ask
                },
            ),
            (grant @ Grant::Probe, _) => Err(denied(format!(
                "a request is not carried out under the grant `{grant}`"
            ))),
        }?;
        // `PATH` says which program a word names, and other variables what it does: the list of
        // readings is of words alone.
        if permit.reading.is_some() && !request.env.is_empty() {
            return Err(denied(
                "a reading takes no variables; a command that wants them wants to be run"
                    .to_owned(),
            ));
        }
        Ok(permit)
    }

    /// Refuses what was signed with another policy in view: what its operator was told then may not
    /// be so now.
    fn is_policy_seen(&self, statement: &Statement) -> Result<(), Denial> {
        match statement.policy {
            Some(seen) if seen != self.rules.version => Err(denied(format!(
                "the request was signed with the policy of version {seen} in view, and this node \
                 goes by another"
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses who is granted nothing on this node any more: what their runs wrote is no longer
    /// theirs to see.
    pub(super) fn knows(&self, now: Wall, authority: &Authority) -> Result<(), Denial> {
        let node = self.facts();
        if grants_any(&self.rules.policy, now, authority.holder(), node) {
            return Ok(());
        }
        Err(denied(
            "the policy of this node grants you nothing at this time, so you learn nothing of your runs; you may still end them with `cancel`".to_owned(),
        ))
    }

    pub(super) fn facts(&self) -> NodeFacts<'_> {
        NodeFacts {
            name: &self.node,
            labels: &self.labels,
            is_read_only: self.rules.is_read_only,
        }
    }

    pub(super) fn decide(&self, now: Wall, ask: &Ask<'_>) -> Result<Permit, Denial> {
        let decision = decide(&self.rules.policy, now, ask);
        match &decision {
            Decision::Allow(allowed) => Ok(self.permitted(allowed)),
            Decision::Deny(_) => {
                // Without its first line, which says who asks for what of which node: all nodes that
                // deny it for one reason are one group.
                let told = decision.explain(&self.rules.policy, ask);
                let mut lines = told.lines().skip(1).map(str::trim);
                let head = lines.next().unwrap_or_default();
                let lacks: Vec<&str> = lines.collect();
                let gap = if lacks.is_empty() { "" } else { " " };
                Err(denied(format!("{head}{gap}{}", lacks.join("; "))))
            }
        }
    }

    fn permitted(&self, allowed: &Allowed) -> Permit {
        Permit {
            grant: allowed.grant,
            line: allowed.line,
            policy: self.rules.version,
            run_as: allowed.run_as.clone(),
            reading: allowed.argv.clone().filter(|_| allowed.is_sandboxed),
        }
    }
}

/// Why something may be neither run nor read.
fn both(run: Denial, read: &Denial) -> Denial {
    // A policy with a mistake, or none at all: said once.
    if run.text == read.text {
        return run;
    }
    Denial {
        text: format!("{}; as a reading: {}", run.text, read.text),
        ..run
    }
}

/// The words of a probe that could be a reading.
fn reading(probe: &Probe) -> Option<Words<'_>> {
    match probe {
        Probe::Shell(line) => Some(Words::Line(line)),
        Probe::Argv(argv) => Some(Words::Argv(argv)),
        Probe::Each { .. }
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => None,
    }
}

/// What a run id stands for: a request, and who asked. Whoever hands in another's request is not
/// answered with what that one was told.
pub(super) fn request_digest(who: &Holder, envelope: &Envelope) -> Digest {
    let who = who.identity.to_string();
    Digest::of(&[who.as_bytes(), b"\0", &envelope.body].concat())
}

/// Holds a decoded request against what vouches for it.
pub(super) fn vouched(authority: &Authority, request: &Run) -> Result<(), Denial> {
    match authority {
        Authority::Connection(_) if Grant::Probe.fits(&request.probe) => Ok(()),
        Authority::Connection(_) => Err(denied(
            "this node starts and ends nothing that its operator has not signed".to_owned(),
        )),
        Authority::Signed(checked) => checked.covers(request).map_err(|e| denied(e.to_string())),
    }
}

fn revoked(deed: &str, who: &Identity) -> Denial {
    denied(format!(
        "the certificate of `{who}`, who {deed} the run, is revoked"
    ))
}

pub(super) const fn denied(text: String) -> Denial {
    Denial {
        code: ErrorCode::DENIED,
        text,
    }
}
