//! From how many nodes on the prompt asks before something that changes things.

/// The bar: a number of nodes or a share of the fleet, whichever is more. Most of a fleet is above it,
/// however small the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskBar {
    /// Nodes.
    pub nodes: usize,
    /// Share of the fleet, in percent.
    pub percent: usize,
    /// Whether more than half of the fleet is above the bar, from three nodes on.
    pub most: bool,
}

/// From how many nodes on most of a fleet is more than a machine and its twin.
const MOST_FROM: usize = 3;

impl Default for AskBar {
    fn default() -> Self {
        Self {
            nodes: 50,
            percent: 10,
            most: true,
        }
    }
}

impl AskBar {
    /// Makes the bar of an operator who has named a number of nodes: that number holds, or the share.
    #[must_use]
    pub fn of(nodes: usize) -> Self {
        Self {
            nodes,
            most: false,
            ..Self::default()
        }
    }

    /// Makes a bar of so many nodes, whatever share of the fleet they are.
    #[must_use]
    pub const fn exactly(nodes: usize) -> Self {
        Self {
            nodes,
            percent: 0,
            most: false,
        }
    }

    /// Whether a line for `targets` of `fleet` nodes is above the bar.
    #[must_use]
    pub const fn asks(self, targets: usize, fleet: usize) -> bool {
        let is_most = targets >= MOST_FROM && targets.saturating_mul(2) > fleet;
        targets > self.nodes && targets.saturating_mul(100) > fleet.saturating_mul(self.percent)
            || self.most && is_most
    }
}

#[cfg(test)]
mod tests {
    use super::AskBar;

    #[test]
    fn the_prompt_asks_above_fifty_nodes_or_a_tenth_and_for_most_of_any_fleet() {
        for (targets, fleet, expected) in [
            (50, 120, false),
            (51, 120, true),
            (48, 48, true),
            (25, 48, true),
            (24, 48, false),
            (3, 3, true),
            (2, 2, false),
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

    #[test]
    fn a_number_of_ones_own_holds_for_small_fleets_too() {
        assert!(!AskBar::of(60).asks(48, 48));
        assert!(AskBar::of(60).asks(61, 61));
        assert!(AskBar::of(1).asks(2, 2));
    }
}
