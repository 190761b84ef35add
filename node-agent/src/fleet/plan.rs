//! Who is in a simulated fleet: names, labels, and what is wrong with whom. Pure.

use std::collections::BTreeMap;

/// What is wrong with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody listens at its address.
    Down,
    /// It answers late.
    Slow,
}

/// One simulated node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimNode {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
    /// The firmware its `etc/bios` tells of.
    pub bios: &'static str,
}

/// A simulated fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetPlan {
    /// In the order of names.
    pub nodes: Vec<SimNode>,
}

/// Roles with their share of the fleet in percent.
const ROLES: [(&str, usize); 3] = [("web", 60), ("db", 25), ("cache", 15)];

const DCS: [&str; 3] = ["ams", "fra", "nyc"];

const RACK_SIZE: usize = 8;

const BIOS: &str = "2.14.1";
const OLD_BIOS: &str = "2.11.0";

impl FleetPlan {
    /// Plans a fleet of `n` nodes of which `down` are down and `slow` are slow.
    ///
    /// One node in twenty runs the release before, and one in thirty (at least one) has older
    /// firmware: something for the operator to find.
    ///
    /// # Errors
    /// When more nodes are to be flawed than there are.
    pub fn new(n: usize, down: usize, slow: usize) -> Result<Self, String> {
        if n == 0 {
            return Err("a fleet needs at least one node".to_owned());
        }
        if down + slow > n {
            return Err(format!(
                "{down} nodes down and {slow} slow are more than the fleet's {n}"
            ));
        }
        let mut nodes = Vec::with_capacity(n);
        let width = n.to_string().len().max(2);
        let mut left = n;
        for (at, (role, share)) in ROLES.into_iter().enumerate() {
            let last = at + 1 == ROLES.len();
            let count = if last {
                left
            } else {
                (n * share).div_ceil(100).min(left)
            };
            left -= count;
            nodes.extend((0..count).map(|i| node(role, i, width)));
        }
        let every = (n / (down + slow).max(1)).max(1);
        let mut flaws =
            std::iter::repeat_n(Flaw::Down, down).chain(std::iter::repeat_n(Flaw::Slow, slow));
        // Spread over the fleet, and not on the first node, which everybody looks at first.
        let mut at = every / 2;
        for flaw in &mut flaws {
            while nodes[at % n].flaw.is_some() {
                at += 1;
            }
            nodes[at % n].flaw = Some(flaw);
            at += every;
        }
        for i in (0..n).filter(|i| i % 30 == 10 % n) {
            nodes[i].bios = OLD_BIOS;
        }
        Ok(Self { nodes })
    }
}

fn node(role: &str, i: usize, width: usize) -> SimNode {
    let version = if i % 20 == 16 { "1.8.1" } else { "1.8.2" };
    let labels = [
        ("role", role.to_owned()),
        ("dc", DCS[i % DCS.len()].to_owned()),
        ("rack", format!("r{}", i / RACK_SIZE + 1)),
        ("version", version.to_owned()),
    ];
    SimNode {
        name: format!("{role}{:0width$}", i + 1),
        labels: labels.map(|(k, v)| (k.to_owned(), v)).into(),
        flaw: None,
        bios: BIOS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_as_many_nodes_and_flaws_as_asked_for() {
        for n in [1, 2, 3, 7, 48, 200, 1000] {
            for (down, slow) in [(0, 0), (1, 0), (n / 2, n / 3), (n, 0)] {
                let plan = FleetPlan::new(n, down, slow).expect("fits");
                let count = |f| plan.nodes.iter().filter(|n| n.flaw == Some(f)).count();
                assert_eq!(plan.nodes.len(), n);
                assert_eq!(
                    (count(Flaw::Down), count(Flaw::Slow)),
                    (down, slow),
                    "of {n}"
                );
            }
        }
    }

    #[test]
    fn names_are_unique_and_one_node_has_older_firmware() {
        let plan = FleetPlan::new(48, 1, 1).expect("fits");
        let mut names: Vec<_> = plan.nodes.iter().map(|n| &n.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 48);
        assert!(plan.nodes.iter().any(|n| n.bios == OLD_BIOS));
    }

    #[test]
    fn a_fleet_of_nobody_or_of_more_flaws_than_nodes_is_refused() {
        assert!(FleetPlan::new(0, 0, 0).is_err());
        assert!(FleetPlan::new(3, 2, 2).is_err());
    }
}
