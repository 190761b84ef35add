//! Signed runs: what an operator's key vouches for, and what a node checks of it by itself.
//!
//! A run is signed once, whatever the number of its targets: over a [`Statement`] that holds what
//! is wanted, until when, and the root of a Merkle tree with one leaf a target. A leaf is made of
//! the node's name and the very bytes that this node is sent, so nothing between operator and node
//! can invent a request, hand it to another node, change it, or bring it again. Each node gets the
//! statement with its own membership [`Proof`], as a [`SignedBlock`] in its envelope.
//!
//! Every encoding is canonical: of two byte strings that decode to the same, one is refused.
//!
//! Nothing here knows keys or certificates. Who signed is found out by the identity crate, which
//! hands it to [`check`] as [`Signers`].

mod block;
mod check;
mod command;
mod error;
mod statement;
mod tree;

pub use block::{Approval, SignedBlock};
pub use check::{Checked, Own, Signers, check};
pub use command::Command;
pub use error::SigningError;
pub use statement::{Action, Nonce, STATEMENT_VERSION, Statement, Targets};
pub use tree::{Proof, ProofError, Tree, TreeError, leaf};
