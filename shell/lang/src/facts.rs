//! What the nodes have told about themselves, and how long ago: for selectors such as `kernel~^5`.
//!
//! Facts are asked of the nodes by whoever can; here they are only looked up. A fact that nobody
//! knows, or that is older than it may be, is *unknown*, which is not the same as absent: a node is
//! selected only if it would be whatever its unknown facts are.

use std::time::Duration;

use hailer_protocol::metrics::{FACTS, Fact, FactField};
use hailer_protocol::table::Table;
use hailer_protocol::time::Wall;
use hailer_protocol::units::{display_value, parse_quantity};
use hailer_protocol::value::Value;

use crate::inventory::Inventory;
use crate::node_set::{NodeId, NodeSet};

/// How old a fact may be unless a setting says otherwise.
pub const AGE_MAX_DEFAULT: Duration = Duration::from_secs(600);

/// One node's facts.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeFacts {
    /// When it told them, by the shell's clock.
    pub at: Wall,
    /// One value for each of [`FACTS`], in that order; null where the machine does not tell.
    values: Vec<Value>,
}

impl NodeFacts {
    /// Takes a node's row of facts. Columns that are no facts are left out, and facts that are no
    /// columns are null.
    #[must_use]
    pub fn of_table(at: Wall, table: &Table) -> Option<Self> {
        let row = table.rows.first()?;
        let value = |fact: &Fact| {
            let column = table.columns.iter().position(|c| c.name == fact.name);
            column
                .and_then(|at| row.get(at))
                .cloned()
                .unwrap_or(Value::Null)
        };
        Some(Self {
            at,
            values: FACTS.iter().map(value).collect(),
        })
    }

    /// Makes facts of names and values, as a file keeps them.
    #[must_use]
    pub fn of_pairs(at: Wall, mut value: impl FnMut(&Fact) -> Value) -> Self {
        Self {
            at,
            values: FACTS.iter().map(&mut value).collect(),
        }
    }

    /// Returns every fact with its value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static Fact, &Value)> {
        FACTS.iter().zip(&self.values)
    }
}

/// The facts of all nodes, as far as they were told.
#[derive(Debug, Clone, Default)]
pub struct KnownFacts {
    nodes: Vec<Option<NodeFacts>>,
}

impl KnownFacts {
    /// Takes what a node told; what it told before is forgotten.
    pub fn learn(&mut self, node: NodeId, facts: NodeFacts) {
        if self.nodes.len() <= node.index() {
            self.nodes.resize(node.index() + 1, None);
        }
        self.nodes[node.index()] = Some(facts);
    }

    /// Returns what a node told last.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Option<&NodeFacts> {
        self.nodes.get(node.index())?.as_ref()
    }
}

/// The known facts at one moment.
#[derive(Debug, Clone, Copy)]
pub struct FactsNow<'a> {
    /// What was told.
    pub known: &'a KnownFacts,
    /// The moment.
    pub now: Wall,
    /// What is older is unknown.
    pub age_max: Duration,
}

impl FactsNow<'_> {
    /// Before anything was told.
    #[must_use]
    pub const fn nothing() -> Self {
        static NOTHING: KnownFacts = KnownFacts { nodes: Vec::new() };
        Self {
            known: &NOTHING,
            now: Wall(0),
            age_max: AGE_MAX_DEFAULT,
        }
    }

    /// Returns how long ago a node told its facts, if they are not too old.
    #[must_use]
    pub fn age(&self, node: NodeId) -> Option<Duration> {
        let at = self.known.of(node)?.at;
        let ms = u64::try_from(self.now.0.saturating_sub(at.0)).ok();
        // A clock that was set back makes facts of the future: they are as good as unknown.
        ms.map(Duration::from_millis).filter(|a| *a <= self.age_max)
    }

    /// Returns a fact of a node; `None` where it is unknown.
    #[must_use]
    pub fn value(&self, node: NodeId, fact: &Fact) -> Option<&Value> {
        self.age(node)?;
        let at = FACTS.iter().position(|f| f.field == fact.field)?;
        self.known.of(node)?.values.get(at)
    }

    /// Returns the nodes whose facts are known.
    #[must_use]
    pub fn known_of(&self, nodes: &NodeSet) -> NodeSet {
        nodes.iter().filter(|n| self.age(*n).is_some()).collect()
    }

    /// Returns the greatest age of these nodes' known facts.
    #[must_use]
    pub fn oldest(&self, nodes: &NodeSet) -> Option<Duration> {
        nodes.iter().filter_map(|n| self.age(n)).max()
    }
}

/// Finds the fact that a selector's key names. A label of the fleet of the same name wins.
#[must_use]
pub fn as_label(key: &str, inventory: &Inventory) -> Option<&'static Fact> {
    if inventory.labels().contains_key(key) {
        return None;
    }
    FACTS.iter().find(|f| f.name == key)
}

/// Whether a fact stays what it is long enough for a selector.
#[must_use]
pub const fn keeps(fact: &Fact) -> bool {
    !matches!(fact.field, FactField::Uptime)
}

/// Whether a fact has a value, as it is written in a selector.
#[must_use]
pub fn is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Str(text) => text == wanted,
        Value::Int(n) => wanted.parse::<i64>() == Ok(*n),
        Value::Bool(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => {
            parse_quantity(wanted).as_ref() == Some(value) || text(value).as_deref() == Some(wanted)
        }
    }
}

/// Returns a fact as text, for regular expressions and for people; `None` for null.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Str(text) => Some(text.clone()),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => Some(display_value(value)),
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::table::Column;
    use hailer_protocol::value::DataType;

    use super::*;

    fn kernel(at: i64, version: &str) -> NodeFacts {
        let table = Table {
            columns: vec![Column::new("kernel", DataType::Str)],
            rows: vec![vec![Value::from(version)]],
        };
        NodeFacts::of_table(Wall(at), &table).expect("a row")
    }

    #[test]
    fn a_fact_that_is_too_old_or_of_the_future_is_unknown() {
        let mut known = KnownFacts::default();
        known.learn(NodeId(3), kernel(1_000, "5.15"));
        let fact = FACTS.iter().find(|f| f.name == "kernel").expect("a fact");
        for (now, expected) in [
            (1_000, Some("5.15")),
            (2_000, Some("5.15")),
            (2_001, None),
            (999, None),
        ] {
            let facts = FactsNow {
                known: &known,
                now: Wall(now),
                age_max: Duration::from_secs(1),
            };
            let value = facts.value(NodeId(3), fact).and_then(Value::as_str);
            assert_eq!(value, expected, "{now}");
            assert_eq!(facts.value(NodeId(2), fact), None);
        }
    }

    #[test]
    fn numbers_and_sizes_are_compared_as_what_they_are() {
        assert!(is(&Value::Int(8), "8"));
        assert!(is(&Value::Size(1 << 30), "1GiB"));
        assert!(is(&Value::Size(1 << 30), "1024MiB"));
        assert!(!is(&Value::Null, "null"));
        assert!(!is(&Value::from("a"), "b"));
    }
}
