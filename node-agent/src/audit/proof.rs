//! `hailerd audit --verify`: what the log proves by itself, and what keepers vouch for in it.
//!
//! Whoever has the run of a machine can write its log anew with every checksum right, but not the
//! keepers' signatures in it. So the answer has two parts: up to which record somebody outside has seen
//! this very log, and from which record on there is only the machine's own word.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use hailer_identity::{SignatureJudge, Trust};
use hailer_protocol::audit::Head;
use hailer_protocol::countersign::Countersignature;
use hailer_protocol::ids::{Link, NodeName};
use hailer_protocol::time::Wall;
use hailer_protocol::units::exact_value;
use hailer_protocol::value::Value;
use rustls::time_provider::DefaultTimeProvider;

use crate::error::AgentError;
use crate::journal::{Body, Countersigned};
use crate::state::{Record, Snapshot};

/// What was found in a log.
#[derive(Debug, Default)]
struct Proof {
    oldest: Option<u64>,
    newest: u64,
    n_signed: u64,
    /// The last signature: over which record, when, by whom.
    last: Option<(u64, Wall, String)>,
    /// What is wrong, in the order of records.
    wrong: Vec<String>,
}

/// Verifies a log against the authorities in a file, and says what it proves.
///
/// # Errors
/// When a file cannot be read, and when anything in the log is not what it should be.
pub(super) fn verify(
    dir: &Path,
    node: &NodeName,
    ca: &Path,
    out: &mut impl Write,
) -> Result<(), AgentError> {
    let failed = |e: &dyn std::fmt::Display| AgentError::Audit(format!("{}: {e}", ca.display()));
    let pem = std::fs::read_to_string(ca).map_err(|e| failed(&e))?;
    let fleet = hailer_identity::authority_fleet_in(&pem).map_err(|e| failed(&e))?;
    let fleet = fleet.ok_or_else(|| failed(&"no authority in it says which fleet it is of"))?;
    let trust = Trust::from_pem(fleet, &pem, Arc::new(DefaultTimeProvider));
    let judge = SignatureJudge::new(&trust.map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
    let log = Snapshot::of_dir(dir, 0).map_err(|e| AgentError::Audit(e.to_string()))?;
    let proof = prove(log, node, &judge);
    out.write_all(proof.told().as_bytes())
        .and_then(|()| out.flush())
        .map_err(AgentError::Output)?;
    match proof.wrong.first() {
        None => Ok(()),
        Some(first) => Err(AgentError::Audit(first.clone())),
    }
}

fn prove(log: Snapshot, node: &NodeName, judge: &SignatureJudge) -> Proof {
    let mut proof = Proof::default();
    let mut links: HashMap<u64, Link> = HashMap::new();
    let chain = log.read(|record| {
        proof.oldest.get_or_insert(record.seq);
        proof.newest = record.seq;
        links.insert(record.seq, record.link);
        if let Some(Body::Countersigned(seen)) = Body::read(record.kind, &record.body) {
            match vouched(&record, &seen, node, judge, (&links, proof.oldest)) {
                Ok(said) => {
                    proof.n_signed += 1;
                    proof.last = Some((said.head.seq, said.at, seen.keeper));
                }
                Err(why) => proof.wrong.push(format!("record {}: {why}", record.seq)),
            }
        }
    });
    proof.wrong.extend(chain.broken.map(|why| why.to_string()));
    proof
}

/// Verifies one countersignature at the moment at which it was made: its keeper's certificate may be
/// over by now.
fn vouched(
    record: &Record,
    seen: &Countersigned,
    node: &NodeName,
    judge: &SignatureJudge,
    (links, oldest): (&HashMap<u64, Link>, Option<u64>),
) -> Result<Countersignature, String> {
    let at = Countersignature::decode(&seen.signed.statement).map_err(|e| e.to_string())?;
    let judged = judge.countersigner(at.at, &seen.signed);
    let (said, who) = judged.map_err(|e| e.to_string())?;
    let told = (judge.trust().fleet(), node);
    said.check(said.at, told, said.head, &who)
        .map_err(|e| e.to_string())?;
    let Head { seq, link } = said.head;
    if seq >= record.seq {
        return Err(format!("it is over record {seq}, which comes after it"));
    }
    match links.get(&seq) {
        Some(found) if *found == link => Ok(said),
        Some(found) => Err(format!(
            "`{}` saw record {seq} with the link {link}, and it has {found}",
            seen.keeper
        )),
        // It was dropped with others to keep the log's bound.
        None if oldest.is_none_or(|oldest| seq < oldest) => Ok(said),
        None => Err(format!("it is over record {seq}, which is not there")),
    }
}

impl Proof {
    fn told(&self) -> String {
        let Some(oldest) = self.oldest else {
            return "the log is empty\n".to_owned();
        };
        let newest = self.newest;
        let mut told = format!("records {oldest} to {newest} hang together\n");
        match &self.last {
            None => told.push_str("no keeper has countersigned any of them\n"),
            Some((seq, at, keeper)) => {
                let (n, at) = (self.n_signed, exact_value(&Value::Time(at.0)));
                told.push_str(&format!(
                    "{n} countersignatures hold; the last is over record {seq}, by {keeper} at {at}\n"
                ));
            }
        }
        for wrong in &self.wrong {
            told.push_str(&format!("WRONG: {wrong}\n"));
        }
        told
    }
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
