//! How well one value separates the odd nodes from the rest: how much it tells, and how easily
//! chance alone would have done the same.
//!
//! *Score* is the share of the uncertainty about "odd or not" that the value takes away: the
//! information gain of a split by the value (Quinlan, "Induction of decision trees", 1986) over the
//! entropy before it, known as the uncertainty coefficient (Theil, 1972). 1 separates the two sets
//! without a fault, 0 tells nothing.
//!
//! *Chance* is the probability that as many of the odd nodes or more had the value if it were dealt
//! out without regard to them (the upper tail of the hypergeometric distribution: Fisher's exact
//! test, one-sided), times the number of values that could have done as well (Bonferroni, counting
//! only values that are rare enough: Tarone, 1990), at most 1. With one odd node and many values some
//! value always fits; this number says so.

/// How many nodes of each set have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Odd nodes that have it.
    pub(super) in_odd: usize,
    /// Odd nodes.
    pub(super) odd: usize,
    /// Nodes of the rest that have it.
    pub(super) in_rest: usize,
    /// Nodes of the rest.
    pub(super) rest: usize,
}

impl Counts {
    /// Whether the value is more frequent among the odd nodes.
    pub(super) const fn marks_the_odd(&self) -> bool {
        // In whole numbers, so that equal shares are equal. Nodes are counted in 32 bits.
        self.in_odd as u128 * self.rest as u128 > self.in_rest as u128 * self.odd as u128
    }

    /// Returns the share of the uncertainty that the value takes away, from 0 to 1.
    pub(super) fn score(&self) -> f64 {
        let all = self.odd + self.rest;
        let before = entropy(self.odd, all);
        if before <= 0.0 {
            return 0.0;
        }
        let having = self.in_odd + self.in_rest;
        let without = all - having;
        let after = share(having, all) * entropy(self.in_odd, having)
            + share(without, all) * entropy(self.odd - self.in_odd, without);
        ((before - after) / before).clamp(0.0, 1.0)
    }

    /// Returns the probability of as good a match by chance, for this value alone.
    pub(super) fn chance(&self, factorials: &Factorials) -> f64 {
        self.tail(self.in_odd, factorials)
    }

    /// Returns the least probability that a value of as many nodes could have: that of the best match.
    pub(super) fn least_chance(&self, factorials: &Factorials) -> f64 {
        let having = self.in_odd + self.in_rest;
        self.tail(having.min(self.odd), factorials)
    }

    fn tail(&self, from: usize, factorials: &Factorials) -> f64 {
        let all = self.odd + self.rest;
        let having = self.in_odd + self.in_rest;
        let most = having.min(self.odd);
        let ways = factorials.choose(all, having);
        let tail = (from..=most).filter(|k| having - k <= self.rest);
        let sum: f64 = tail
            .map(|k| {
                let of_odd = factorials.choose(self.odd, k);
                let of_rest = factorials.choose(self.rest, having - k);
                (of_odd + of_rest - ways).exp()
            })
            .sum();
        sum.clamp(0.0, 1.0)
    }
}

/// Returns a share of a whole; 0 of nothing.
pub(super) fn share(part: usize, all: usize) -> f64 {
    if all == 0 {
        return 0.0;
    }
    part as f64 / all as f64
}

/// Returns the uncertainty, in bits, of a set of which `part` are of one kind.
fn entropy(part: usize, all: usize) -> f64 {
    let bits = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    let p = share(part, all);
    bits(p) + bits(1.0 - p)
}

/// The logarithms of the factorials up to a number.
pub(super) struct Factorials(Vec<f64>);

impl Factorials {
    pub(super) fn up_to(n: usize) -> Self {
        let mut sum = 0.0;
        let logs = (1..=n).map(|k| {
            sum += (k as f64).ln();
            sum
        });
        Self(std::iter::once(0.0).chain(logs).collect())
    }

    /// Returns the logarithm of the number of ways to choose `k` of `n`, which both are in reach.
    fn choose(&self, n: usize, k: usize) -> f64 {
        self.0[n] - self.0[k] - self.0[n - k]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(in_odd: usize, odd: usize, in_rest: usize, rest: usize, score: f64, chance: f64) {
        let counts = Counts {
            in_odd,
            odd,
            in_rest,
            rest,
        };
        let factorials = Factorials::up_to(odd + rest);
        let found = (counts.score(), counts.chance(&factorials));
        let is_near = |a: f64, b: f64| (a - b).abs() < 1e-3;
        assert!(
            is_near(found.0, score) && is_near(found.1, chance),
            "{counts:?}: {found:?}"
        );
    }

    #[test]
    fn a_value_that_all_odd_nodes_have_and_no_other_separates_them() {
        check(8, 8, 0, 40, 1.0, 0.0);
        check(2, 2, 0, 46, 1.0, 0.0009);
    }

    #[test]
    fn one_odd_node_proves_little() {
        check(1, 1, 7, 47, 0.3799, 8.0 / 48.0);
        check(1, 1, 0, 1, 1.0, 0.5);
    }

    #[test]
    fn a_value_that_is_as_frequent_in_both_tells_nothing() {
        check(2, 4, 20, 40, 0.0, 0.6965);
        check(0, 4, 0, 40, 0.0, 1.0);
        check(4, 4, 40, 40, 0.0, 1.0);
    }

    #[test]
    fn the_tea_tasting_lady_is_judged_as_fisher_did() {
        check(3, 4, 1, 4, 0.1887, 17.0 / 70.0);
    }

    #[test]
    fn large_fleets_do_not_overflow() {
        check(300, 400, 2_000, 99_600, 0.3562, 0.0);
    }

    #[test]
    fn equal_shares_mark_nobody() {
        let counts = |in_odd, in_rest| Counts {
            in_odd,
            odd: 3,
            in_rest,
            rest: 30,
        };
        assert!(!counts(1, 10).marks_the_odd());
        assert!(counts(1, 9).marks_the_odd());
        assert!(!counts(0, 0).marks_the_odd());
    }
}
