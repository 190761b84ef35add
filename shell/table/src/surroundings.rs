//! What a verb may want to know beside its own rows: names of nodes, other results, who was asked,
//! and what the inventory says of them.

use hailer_lang::fleet_plan::TableFile;

use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::{NodeId, NodeNames};

/// Everything around a frame that its verbs may ask for.
pub trait Surroundings: NodeNames + Sync {
    /// Returns the rows of another kept result, by its number.
    ///
    /// # Errors
    /// When there is none of that number, or its rows cannot be made.
    fn result(&self, number: u32) -> Result<Frame, TableError>;

    /// Returns the rows of a file, and what is to be said of it.
    ///
    /// # Errors
    /// When it cannot be read, or is not what its name says.
    fn file(&self, file: &TableFile) -> Result<(Frame, Vec<Note>), TableError>;

    /// Returns the nodes that answered the probe which these rows come from, ascending; for rows of
    /// no probe, the nodes that the line is for.
    fn answered(&self) -> &[NodeId];

    /// Whether a node is one that the line is for.
    fn is_in_scope(&self, node: NodeId) -> bool;

    /// Returns the keys of the inventory's labels, in order.
    fn label_keys(&self) -> Vec<&str>;

    /// Returns a node's label.
    fn label(&self, node: NodeId, key: &str) -> Option<&str>;
}
