//! From how many nodes on the prompt asks before something that changes things.

/// The bar: a number of nodes or a share of the fleet, whichever is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskBar {
    /// Nodes.
    pub nodes: usize,
    /// Share of the fleet, in percent.
    pub percent: usize,
}

impl Default for AskBar {
    fn default() -> Self {
        Self {
            nodes: 50,
            percent: 10,
        }
    }
}

impl AskBar {
    /// Whether a line for `targets` of `fleet` nodes is above the bar.
    #[must_use]
    pub const fn asks(self, targets: usize, fleet: usize) -> bool {
        targets > self.nodes && targets.saturating_mul(100) > fleet.saturating_mul(self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::AskBar;

    #[test]
    fn the_prompt_asks_above_fifty_nodes_or_a_tenth_whichever_is_more() {
        for (targets, fleet, expected) in [
            (50, 60, false),
            (51, 60, true),
            (100, 1000, false),
            (101, 1000, true),
            (1, 1, false),
        ] {
            assert_eq!(
                AskBar::default().asks(targets, fleet),
                expected,
                "{targets} of {fleet}"
            );
        }
    }
}
