//! Nodes that go and come back while a line is typed. Pure: what is said, and when.

use std::time::Duration;

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::Clean;
use hailer_protocol::time::Mono;

/// Lines come no closer than this; what happens meanwhile is said together.
const APART: Duration = Duration::from_secs(2);

/// Columns of folded names; there are only so many on a line.
const NAMES_WIDTH: usize = 48;

/// What the operator knows of who is connected.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Connected, and not said to be gone.
    up: NodeSet,
    /// Said to be gone.
    gone: NodeSet,
    said: Option<Mono>,
}

impl Changes {
    /// Takes in who of the scope is connected now; returns what there is to say, in whole lines. That a
    /// node is there at first is nothing new.
    pub(super) fn seen(
        &mut self,
        up: &NodeSet,
        scope: &NodeSet,
        inventory: &Inventory,
        now: Mono,
    ) -> Option<String> {
        if self.said.is_some_and(|at| now.since(at) < APART) {
            return None;
        }
        let lost = self.up.sub(up).and(scope);
        let back = self.gone.and(up);
        self.up = up.or(&self.up.sub(scope)).sub(&lost);
        self.gone = self.gone.sub(&back).or(&lost);
        let back = back.and(scope);
        if lost.is_empty() && back.is_empty() {
            return None;
        }
        self.said = Some(now);
        let line = |nodes: &NodeSet, what: &str| {
            if nodes.is_empty() {
                return String::new();
            }
            let names = Clean::line(&inventory.fold_limited(nodes, NAMES_WIDTH));
            format!("{what}: {names}\n")
        };
        Some(line(&lost, "no longer connected") + &line(&back, "connected again"))
    }
}

#[cfg(test)]
mod tests {
    use hailer_lang::inventory::file::FleetFile;
    use hailer_lang::node_set::NodeId;

    use super::*;

    fn set(ids: &[u32]) -> NodeSet {
        ids.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn a_node_that_goes_is_told_and_so_is_its_return_but_not_the_first_connection() {
        let text = "fleet = \"t\"\n[[nodes]]\nnames = \"web[1-4]\"\naddress = \"{name}:1\"\n";
        let file = FleetFile::parse(text).expect("parses");
        let fleet = Inventory::from_fleet_file(&file).expect("is a fleet");
        let all = fleet.all();
        let at = |s| Mono(Duration::from_secs(s));
        let mut changes = Changes::default();
        let mut see = |up: &[u32], s| changes.seen(&set(up), &all, &fleet, at(s));
        assert_eq!(see(&[0], 0), None);
        assert_eq!(see(&[0, 1, 2, 3], 1), None);
        assert_eq!(
            see(&[0], 2).as_deref(),
            Some("no longer connected: web[2-4]\n")
        );
        assert_eq!(see(&[], 3), None, "not so soon");
        assert_eq!(
            see(&[1], 4).as_deref(),
            Some("no longer connected: web1\nconnected again: web2\n")
        );
        assert_eq!(see(&[1], 10), None);
    }

    #[test]
    fn nodes_outside_the_scope_are_not_told() {
        let text = "fleet = \"t\"\n[[nodes]]\nnames = \"web[1-2]\"\naddress = \"{name}:1\"\n";
        let file = FleetFile::parse(text).expect("parses");
        let fleet = Inventory::from_fleet_file(&file).expect("is a fleet");
        let mut changes = Changes::default();
        let scope = set(&[0]);
        let at = |s| Mono(Duration::from_secs(s));
        assert_eq!(changes.seen(&set(&[0, 1]), &scope, &fleet, at(0)), None);
        assert_eq!(changes.seen(&set(&[0]), &scope, &fleet, at(5)), None);
    }
}
