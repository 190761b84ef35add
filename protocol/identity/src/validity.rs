//! How long a certificate holds.

use std::fmt;

use hailer_protocol::time::Wall;

/// From when to when a certificate holds, both ends included.
///
/// Certificates count in whole seconds: issuing rounds both ends down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment at which it holds.
    pub not_before: Wall,
    /// The last moment at which it holds.
    pub not_after: Wall,
}

impl Validity {
    /// Whether this span has a beginning before its end and lies within `outer`.
    #[must_use]
    pub fn is_within(self, outer: Self) -> bool {
        self.not_before < self.not_after
            && outer.not_before <= self.not_before
            && self.not_after <= outer.not_after
    }

    /// Whether it holds at a moment; the last second holds to its end.
    #[must_use]
    pub const fn holds_at(self, now: Wall) -> bool {
        now.0 >= self.not_before.0 && now.0.div_euclid(1_000) <= self.not_after.0.div_euclid(1_000)
    }

    /// Returns the middle of the span: when a holder asks for the next certificate, so that a
    /// whole half of the life remains for an issuer that cannot be reached.
    #[must_use]
    pub const fn half_life(self) -> Wall {
        Wall(i64::midpoint(self.not_before.0, self.not_after.0))
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {} (milliseconds since 1970)",
            self.not_before.0, self.not_after.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Validity {
        Validity {
            not_before: Wall(from),
            not_after: Wall(to),
        }
    }

    #[test]
    fn a_span_lies_within_itself_and_never_within_a_shorter_one() {
        let outer = span(10, 20);
        for (inner, expected) in [
            (span(10, 20), true),
            (span(12, 18), true),
            (span(9, 20), false),
            (span(10, 21), false),
            (span(15, 15), false),
            (span(18, 12), false),
        ] {
            assert_eq!(inner.is_within(outer), expected, "{inner}");
        }
    }

    #[test]
    fn renewal_is_due_at_half_of_the_life() {
        assert_eq!(span(1_000, 3_000).half_life(), Wall(2_000));
        assert_eq!(span(i64::MIN, i64::MAX).half_life(), Wall(0));
    }
}
