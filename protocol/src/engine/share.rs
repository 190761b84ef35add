//! Shares of fleet-wide limits: asked for, held, renewed, lost and given back; and what holds while
//! no keeper can be asked.

use std::time::Duration;

use super::effect::{Effect, KillWhy};
use super::input::{LeaseAnswer, LeaseRef, Now, Verdict};
use super::notice::Held;
use super::patient::{Patient, Phase, Share};
use super::record::Whose;
use super::{At, Context, Engine, lottery};
use crate::automation::{AutomationSpec, Limits, Offline, RateScope};
use crate::ids::Digest;
use crate::message::{FleetLeaseDenied, FleetLeaseGranted};
use crate::time::Mono;

/// A share that is over sooner than this is not begun under.
const LEAST_LEFT: Duration = Duration::from_secs(1);

/// A denial counts for no longer, whatever it says.
const RETRY_MAX: Duration = Duration::from_secs(600);

fn is_fleet_wide(limits: &Limits) -> bool {
    let is_fleets = |r: &crate::automation::Rate| r.scope == RateScope::Fleet;
    !limits.shares.is_empty() || !limits.at_once.is_empty() || limits.rates.iter().any(is_fleets)
}

impl Engine {
    /// Looks for a share under which a deed may be begun now; none where no fleet-wide limit is set.
    pub(super) fn share(
        &mut self,
        cx: &Context,
        p: &mut Patient,
        out: &mut Vec<Effect>,
    ) -> Result<Option<(u64, Mono)>, Held> {
        let now = cx.now.mono;
        if !is_fleet_wide(&cx.spec.limits) {
            self.let_go(p, out);
            return Ok(None);
        }
        let patience = self.bounds.lease_patience;
        match p.share.clone() {
            Share::Held { lease, .. } if lease.outlasts(now, LEAST_LEFT) => {
                Ok(Some((lease.token(), lease.valid_until())))
            }
            Share::Held { .. } => {
                self.let_go(p, out);
                self.ask(cx, p, out);
                Err(Held::LeaseAsked)
            }
            Share::Offered { token, asked: None } => {
                // A message that nobody asked for may have been under way for any time.
                self.number_share(cx, p);
                let lease = LeaseRef {
                    number: p.number,
                    asked_at: now,
                };
                p.share = Share::Offered {
                    token,
                    asked: Some(now),
                };
                out.push(Effect::RenewLease {
                    lease,
                    fencing_token: token,
                });
                Err(Held::LeaseAsked)
            }
            Share::Asked { at }
            | Share::Offered {
                asked: Some(at), ..
            } => {
                if now.since(at) < patience {
                    return Err(Held::LeaseAsked);
                }
                p.share = Share::Away {
                    until: now + patience,
                };
                self.offline(cx)
            }
            Share::Denied { until, text } if now < until => Err(Held::LeaseDenied(text)),
            Share::Away { until } if now < until => self.offline(cx),
            Share::None | Share::Denied { .. } | Share::Away { .. } => {
                self.ask(cx, p, out);
                Err(Held::LeaseAsked)
            }
        }
    }

    /// What holds while no keeper answers.
    fn offline(&self, cx: &Context) -> Result<Option<(u64, Mono)>, Held> {
        match cx.spec.limits.offline {
            Offline::Hold => Err(Held::NoKeeper),
            Offline::Lottery {
                basis_points,
                epoch,
            } => {
                let (fleet, node) = (&self.fleet, &self.node);
                let at = cx.now.wall;
                if lottery::draws(fleet, node, cx.version, at, epoch, basis_points) {
                    Ok(None)
                } else {
                    Err(Held::NotDrawn)
                }
            }
        }
    }

    fn number_share(&mut self, cx: &Context, p: &mut Patient) {
        if p.number == 0 {
            p.number = self.next_number();
        }
        self.expect_answer(Self::whose(cx, p), p.number);
    }

    fn ask(&mut self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        self.number_share(cx, p);
        let at = cx.now.mono;
        p.share = Share::Asked { at };
        out.push(Effect::AskLease {
            lease: LeaseRef {
                number: p.number,
                asked_at: at,
            },
            automation: cx.version,
            key: std::sync::Arc::clone(&p.key),
        });
    }

    /// Gives back what a patient holds; an answer that is under way is given back when it comes.
    pub(super) fn let_go(&mut self, p: &mut Patient, out: &mut Vec<Effect>) {
        self.asks.remove(&p.number);
        p.number = 0;
        match std::mem::replace(&mut p.share, Share::None) {
            Share::Held { lease, .. } => out.push(Effect::ReleaseLease {
                fencing_token: lease.token(),
            }),
            Share::Offered { token, .. } => out.push(Effect::ReleaseLease {
                fencing_token: token,
            }),
            Share::None | Share::Asked { .. } | Share::Denied { .. } | Share::Away { .. } => {}
        }
    }

    /// Renews what is held in time, and notices that it is lost.
    pub(super) fn keep_share(&self, cx: &Context, p: &mut Patient, out: &mut Vec<Effect>) {
        let now = cx.now.mono;
        let Share::Held { lease, renew_at } = &mut p.share else {
            return;
        };
        if !lease.holds(now) {
            self.lose_share(p, Share::None, out);
        } else if *renew_at <= now {
            *renew_at = now + self.bounds.lease_patience;
            out.push(Effect::RenewLease {
                lease: LeaseRef {
                    number: p.number,
                    asked_at: now,
                },
                fencing_token: lease.token(),
            });
        }
    }

    fn lose_share(&self, p: &mut Patient, share: Share, out: &mut Vec<Effect>) {
        p.share = share;
        if let Phase::Acting(attempt) = p.phase {
            out.push(Effect::Kill {
                attempt: attempt.id,
                why: KillWhy::LeaseLost,
            });
        }
    }

    /// Takes the keeper's answer to an ask or a renewal.
    pub fn lease_answer(
        &mut self,
        now: Now,
        lease: LeaseRef,
        answer: LeaseAnswer,
        out: &mut Vec<Effect>,
    ) {
        self.note_clock(now, out);
        let whose = self.asks.get(&lease.number);
        let at = whose.and_then(|whose| self.find(whose));
        let Some(at) = at else {
            // Nobody waits for it any more.
            if let LeaseAnswer::Granted(granted) = answer {
                let fencing_token = granted.fencing_token;
                out.push(Effect::ReleaseLease { fencing_token });
            }
            return;
        };
        self.visit(at, now, out, |engine, cx, p, out| {
            match answer {
                LeaseAnswer::Granted(granted) => engine.granted(cx, p, lease, &granted, out),
                LeaseAnswer::Denied(denied) => engine.denied(cx, p, denied, out),
                LeaseAnswer::NoKeeper => engine.no_keeper(cx, p),
            }
            engine.gate(cx, p, out);
        });
    }

    fn granted(
        &self,
        cx: &Context,
        p: &mut Patient,
        asked: LeaseRef,
        granted: &FleetLeaseGranted,
        out: &mut Vec<Effect>,
    ) {
        if let Share::Held { lease, renew_at } = &mut p.share {
            lease.renewed(asked.asked_at, granted);
            *renew_at = lease.renew_at().max(cx.now.mono);
            if let Phase::Acting(attempt) = p.phase {
                out.push(Effect::ExtendLease {
                    attempt: attempt.id,
                    until: lease.valid_until(),
                });
            }
            return;
        }
        let is_wanted = matches!(p.phase, Phase::Firing | Phase::Collecting { .. });
        let taken = p.let_go.take(cx.now.mono, asked.asked_at, granted);
        if let Some(lease) = taken.filter(|_| is_wanted) {
            p.share = Share::Held {
                lease,
                renew_at: lease.renew_at(),
            };
        } else {
            // It took too long, another has replaced it, or a deed was begun without meanwhile.
            p.let_go.add(granted.fencing_token);
            out.push(Effect::ReleaseLease {
                fencing_token: granted.fencing_token,
            });
        }
    }

    fn denied(
        &self,
        cx: &Context,
        p: &mut Patient,
        denied: FleetLeaseDenied,
        out: &mut Vec<Effect>,
    ) {
        let wait = Duration::from_millis(denied.retry_after_ms).min(RETRY_MAX);
        let share = Share::Denied {
            until: cx.now.mono + wait,
            text: denied.text,
        };
        // A renewal that is denied: somebody else may have the share.
        self.lose_share(p, share, out);
    }

    fn no_keeper(&self, cx: &Context, p: &mut Patient) {
        match p.share {
            Share::Asked { .. } | Share::Offered { .. } => {
                p.share = Share::Away {
                    until: cx.now.mono + self.bounds.lease_patience,
                };
            }
            // What is held goes on until its end.
            Share::None | Share::Held { .. } | Share::Denied { .. } | Share::Away { .. } => {}
        }
    }

    /// Takes what the keeper found out about the whole fleet: an automation whose condition needs it
    /// fires for this patient. Returns whether there is such an automation; the keeper cannot make
    /// any other one fire.
    pub fn trigger(
        &mut self,
        now: Now,
        automation: Digest,
        key: &str,
        env: &[(String, String)],
        fencing_token: u64,
        out: &mut Vec<Effect>,
    ) -> bool {
        self.note_clock(now, out);
        let is_it = |w: &&super::Watch| w.version == automation && w.is_fleet();
        let slot = self
            .watches
            .iter()
            .flatten()
            .find(is_it)
            .map(|w| w.handle.slot);
        let placed = slot.and_then(|slot| self.place(now, slot, key, true).ok().flatten());
        let Some(at) = placed else {
            out.push(Effect::ReleaseLease { fencing_token });
            return slot.is_some();
        };
        self.visit(at, now, out, |engine, cx, p, out| {
            p.triggered = Some(now.mono);
            engine.observe(cx, p, Verdict::Fires, env, out);
            let is_free = match p.share {
                Share::None | Share::Denied { .. } | Share::Away { .. } => true,
                Share::Asked { .. } | Share::Held { .. } | Share::Offered { .. } => false,
            };
            if p.phase == Phase::Firing && is_free {
                p.share = Share::Offered {
                    token: fencing_token,
                    asked: None,
                };
            } else {
                out.push(Effect::ReleaseLease { fencing_token });
            }
            engine.gate(cx, p, out);
        });
        true
    }

    /// Looks whether the keeper still triggers: what it no longer triggers is well.
    pub(super) fn fleet_look(&mut self, now: Now, slot: u32, out: &mut Vec<Effect>) {
        let Some(watch) = self.watch_at(slot) else {
            return;
        };
        watch.is_looking = false;
        for index in 0..watch.patients.n_slots() {
            self.visit(At { slot, index }, now, out, |engine, cx, p, out| {
                let fresh = fresh_for(&cx.spec);
                let fires = p.triggered.is_some_and(|t| now.mono.since(t) < fresh);
                let verdict = if fires { Verdict::Fires } else { Verdict::Well };
                let env = std::sync::Arc::clone(&p.env);
                engine.observe(cx, p, verdict, &env, out);
            });
        }
        self.gate_all(now, slot, out);
    }

    /// Gives back what nobody will use: the patient is gone.
    pub(super) fn forget_asks(&mut self, is_gone: impl Fn(&Whose) -> bool) {
        self.asks.retain(|_, whose| !is_gone(whose));
    }
}

/// For how long a trigger says that its patient fires.
fn fresh_for(spec: &AutomationSpec) -> Duration {
    spec.every.saturating_mul(2)
}
