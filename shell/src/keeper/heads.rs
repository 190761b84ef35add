//! The heads of nodes' audits: what the keeper makes of one, by what it kept of the last.

use hailer_protocol::audit::{Head, Verdict};
use hailer_protocol::message::AuditStands;

/// What is to be done about where a node's audit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// Sign under it: it goes on from what was kept, and there is something new.
    Sign {
        /// What can no longer be told, because the node dropped it to keep its bound.
        dropped: Option<Verdict>,
    },
    /// Nothing is new but signatures; this head is kept from now on, if it is another.
    Settled(Option<Head>),
    /// Somebody has tampered with it: this is written down, told, and never signed.
    Finding {
        /// The record that it is about.
        seq: u64,
        /// What is wrong.
        what: String,
    },
    /// What was found before still waits for somebody to look into it.
    Held,
}

/// Judges where an audit stands. `kept` is the head that was kept of it, `is_held` whether something was
/// found that nobody has accepted.
#[must_use]
pub fn judge(kept: Option<Head>, is_held: bool, stands: &AuditStands) -> Judged {
    if is_held {
        return Judged::Held;
    }
    let verdict = stands.verdict(kept);
    let (seq, what) = match (&stands.broken, verdict) {
        (Some(why), _) => (stands.head.seq, format!("it is broken: {why}")),
        (None, Verdict::Rewritten { seq, .. } | Verdict::Truncated { seq, .. }) => {
            (seq, verdict.to_string())
        }
        (None, Verdict::Continues | Verdict::Dropped { .. }) => {
            let is_new = kept != Some(stands.head);
            return if stands.head.seq == 0 || !is_new {
                Judged::Settled(None)
            } else if stands.is_countersigned {
                Judged::Settled(Some(stands.head))
            } else {
                let is_dropped = verdict != Verdict::Continues;
                Judged::Sign {
                    dropped: is_dropped.then_some(verdict),
                }
            };
        }
    };
    Judged::Finding { seq, what }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::ids::Link;

    use super::*;

    fn head(seq: u64, byte: u8) -> Head {
        Head {
            seq,
            link: Link([byte; 16]),
        }
    }

    fn stands(head: Head, kept: Option<u8>) -> AuditStands {
        AuditStands {
            oldest: 1,
            head,
            kept: kept.map(|byte| Link([byte; 16])),
            is_countersigned: false,
            broken: None,
        }
    }

    #[test]
    fn a_head_is_signed_only_if_it_goes_on_and_is_new() {
        let kept = Some(head(5, 5));
        let sign = Judged::Sign { dropped: None };
        assert_eq!(judge(None, false, &stands(head(3, 3), None)), sign);
        assert_eq!(judge(kept, false, &stands(head(9, 9), Some(5))), sign);
        let same = stands(head(5, 5), Some(5));
        assert_eq!(judge(kept, false, &same), Judged::Settled(None));
        let empty = stands(head(0, 0), None);
        assert_eq!(judge(None, false, &empty), Judged::Settled(None));
        let mut signed = stands(head(6, 6), Some(5));
        signed.is_countersigned = true;
        let next = Judged::Settled(Some(head(6, 6)));
        assert_eq!(judge(kept, false, &signed), next, "by another keeper");
        let mut dropped = stands(head(90, 9), None);
        dropped.oldest = 80;
        let Judged::Sign { dropped: Some(_) } = judge(kept, false, &dropped) else {
            panic!("what was dropped is told, and signed on from there");
        };
    }

    #[test]
    fn what_was_tampered_with_is_found_and_then_held() {
        let kept = Some(head(5, 5));
        let mut broken = stands(head(4, 4), None);
        broken.broken = Some("x".to_owned());
        let mut fresh = stands(head(3, 3), None);
        fresh.broken = Some("record 4 is damaged".to_owned());
        for (kept, found, at, text) in [
            (kept, stands(head(9, 9), Some(6)), 5, "rewritten"),
            (kept, stands(head(4, 4), None), 5, "cut off"),
            (kept, broken, 4, "broken: x"),
            (None, fresh, 3, "broken: record 4"),
        ] {
            let Judged::Finding { seq, what } = judge(kept, false, &found) else {
                panic!("{found:?}");
            };
            assert!(seq == at && what.contains(text), "{seq} {what}");
            assert_eq!(judge(kept, true, &found), Judged::Held);
        }
    }
}
