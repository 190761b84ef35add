//! Nodes: how sets of nodes are named and counted.

use hailer_lang::node_set::NodeSet;
use hailer_lang::node_set::fold::fold_limited;
use hailer_protocol::clean::Clean;
use hailer_table::NodeNames;

use super::style::{Line, Look, Paint};

/// How many rows of the terminal folded names may take before the rest is counted.
const NAME_ROWS_MAX: usize = 4;

/// Columns for folded names where there is no terminal to say so.
const NAME_COLUMNS: usize = 80;

/// Returns folded names: all of them, or as many as have their place in a header, and then how
/// many more there are.
pub(super) fn folded(nodes: &NodeSet, names: &dyn NodeNames, look: &Look, is_full: bool) -> Clean {
    if is_full {
        return all_folded(nodes, names);
    }
    let columns = look.width.map_or(NAME_COLUMNS, usize::from);
    folded_in(nodes, names, columns.saturating_mul(NAME_ROWS_MAX))
}

/// Returns the folded names of all nodes.
pub(crate) fn all_folded(nodes: &NodeSet, names: &dyn NodeNames) -> Clean {
    let nodes: Vec<u32> = nodes.iter().map(|node| node.0).collect();
    Clean::line(&names.fold(&nodes))
}

/// Returns folded names that take no more than `columns`, and how many more there are.
pub(crate) fn folded_in(nodes: &NodeSet, names: &dyn NodeNames, columns: usize) -> Clean {
    Clean::line(&fold_limited(
        nodes.iter().map(|node| names.name(node.0)),
        columns,
    ))
}

/// Returns `1 node`, `12 nodes`.
pub(super) fn count(look: Look, n: usize) -> Line {
    Line::new(look)
        .number(Paint::Plain, n)
        .own(Paint::Plain, if n == 1 { " node" } else { " nodes" })
}
