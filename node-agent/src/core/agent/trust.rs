//! Which authorities this node believes, and who may change that: a root that it believes now, with a
//! bundle whose number it has not seen. Whose connection the bundle comes over does not matter, and
//! no connection is ended by it.

use std::fmt;
use std::sync::Arc;

use hailer_identity::{SignatureJudge, Trust, verify_bundle};
use hailer_protocol::bundle::BundleError;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::message::{TrustOffer, TrustTaken};

use super::{Agent, denied, read, send};
use crate::core::Now;
use crate::core::admit::Denial;
use crate::core::effect::{Effect, Entry, StreamRef};
use crate::core::session::StreamPhase;

/// Authorities that are to be believed from now on, once they are written down.
#[derive(Clone)]
pub struct Adopted {
    /// The number of the bundle that brought them.
    pub number: u64,
    /// The authorities.
    pub trust: Trust,
    judge: Arc<SignatureJudge>,
}

impl fmt::Debug for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adopted")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Agent {
    /// Remembers which bundle was taken last, before a restart. A lower number changes nothing.
    pub fn remember_bundle(&mut self, number: u64) {
        self.bundle = self.bundle.max(number);
    }

    /// Decides about a bundle that came over the wire. What it holds is believed when the driver has
    /// written it down: [`Agent::adopt`].
    pub(super) fn on_trust(
        &mut self,
        now: Now,
        at: StreamRef,
        envelope: &Envelope,
        out: &mut Vec<Effect>,
    ) -> Result<(), Denial> {
        let offer: TrustOffer = read(envelope)?;
        let refused = |e: &dyn fmt::Display| denied(e.to_string());
        let ours = self.gate.judge.trust();
        let taken = verify_bundle(ours, now.wall, &offer.signed).map_err(|e| refused(&e))?;
        let number = taken.number;
        let is_news = number != self.bundle || !is_same(&taken.trust, ours);
        if is_news {
            self.check_newer(number).map_err(|e| refused(&e))?;
            let judge = SignatureJudge::new(&taken.trust).map_err(|e| refused(&e))?;
            let authorities = taken.trust.authorities().count();
            out.push(Effect::Adopt {
                at,
                adopted: Box::new(Adopted {
                    number,
                    trust: taken.trust,
                    judge: Arc::new(judge),
                }),
            });
            out.push(Effect::Record(Entry::Authorities {
                number,
                authorities,
            }));
        }
        send(at, &TrustTaken { number, is_news }, out);
        out.push(Effect::Finish { at });
        self.session(at)?.set(at.stream, StreamPhase::Over);
        Ok(())
    }

    /// Checks that a bundle of that number may still be adopted: another may have come in between.
    ///
    /// # Errors
    /// When it is not newer than the last one.
    pub fn check_newer(&self, theirs: u64) -> Result<(), BundleError> {
        if theirs > self.bundle {
            return Ok(());
        }
        Err(BundleError::NotNewer {
            theirs,
            ours: self.bundle,
        })
    }

    /// Believes authorities that have been written down. Connections that are there stay.
    pub fn adopt(&mut self, adopted: &Adopted) {
        self.remember_bundle(adopted.number);
        self.set_judge(Arc::clone(&adopted.judge));
    }
}

fn is_same(one: &Trust, other: &Trust) -> bool {
    let sorted = |trust: &Trust| {
        let mut all: Vec<Vec<u8>> = trust.authorities().map(<[u8]>::to_vec).collect();
        all.sort_unstable();
        all
    };
    sorted(one) == sorted(other)
}
