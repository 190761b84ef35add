//! The statement: what an operator signs, once a run.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::grant::Grant;
use crate::ids::{Digest, Name, RunId};
use crate::limits::{SIGNED_COMMAND_MAX, SIGNED_REASON_MAX, SIGNED_USER_MAX, STATEMENT_MAX};
use crate::signing::command::Command;
use crate::signing::error::SigningError;
use crate::signing::tree::Tree;
use crate::time::Wall;

/// The version of statements that this version writes and reads.
pub const STATEMENT_VERSION: u16 = 1;

/// Random bytes that make a statement one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nonce(pub [u8; 16]);

/// What an operator vouches for. Fields are only appended, under a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// [`STATEMENT_VERSION`].
    pub version: u16,
    /// The fleet it is for: the same name in another fleet is another node.
    pub fleet: Name,
    /// Who signs. An approval of it is thereby an approval of this operator's run, and of nobody
    /// else's who signs the same bytes.
    pub operator: Name,
    /// The run.
    pub run: RunId,
    /// Drawn at random. A node remembers it until [`Statement::forget_after`].
    pub nonce: Nonce,
    /// What is wanted.
    pub action: Action,
    /// On which nodes, and what each of them is sent.
    pub targets: Targets,
    /// When it was signed.
    pub issued_at: Wall,
    /// Until when it may begin.
    pub not_after: Wall,
    /// Why, for the audit and for policies that want to know.
    pub reason: Option<String>,
    /// The version of the policy that the operator saw, if any was shown.
    pub policy: Option<Digest>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Under which grant.
    pub grant: Grant,
    /// Which command.
    pub command: Command,
    /// As which user; the node's policy decides where nobody is named.
    pub run_as: Option<String>,
}

/// The targets of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// The root of the tree over them.
    pub root: Digest,
    /// How many there are.
    pub count: u32,
    /// How many nodes the fleet has, as the operator knows it: a policy may ask which share of it a
    /// run is for.
    pub fleet: u32,
}

impl Targets {
    /// Returns what a statement says of a tree over nodes of a fleet of so many.
    #[must_use]
    pub fn of(tree: &Tree, fleet: u32) -> Self {
        Self {
            root: tree.root(),
            count: tree.count(),
            fleet,
        }
    }
}

impl Statement {
    /// Returns the one encoding of the statement. What is signed is [`Statement::signed_bytes`] or
    /// [`Statement::approved_bytes`] of it.
    ///
    /// # Errors
    /// Refuses texts over their limits.
    pub fn encode(&self) -> Result<Vec<u8>, SigningError> {
        self.check_form()?;
        let bytes = codec::encode(self)?;
        bound("statement", bytes.len(), STATEMENT_MAX)?;
        Ok(bytes)
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// Refuses every encoding but the one that [`Statement::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, SigningError> {
        bound("statement", bytes.len(), STATEMENT_MAX)?;
        // The version stands first, in a byte of its own while it is small: a statement of another
        // version is named as such, and not as garbage.
        if let Some(&first) = bytes.first()
            && first != VERSION_BYTE
        {
            return Err(SigningError::Version(first));
        }
        let statement: Self = codec::decode(bytes)?;
        if statement.encode()? != bytes {
            return Err(SigningError::NotCanonical("statement"));
        }
        Ok(statement)
    }

    /// Returns the bytes that the operator's key signs.
    #[must_use]
    pub fn signed_bytes(encoded: &[u8]) -> Vec<u8> {
        [SIGNED_PREFIX, encoded].concat()
    }

    /// Returns the bytes that an approver's key signs.
    #[must_use]
    pub fn approved_bytes(encoded: &[u8]) -> Vec<u8> {
        [APPROVED_PREFIX, encoded].concat()
    }

    /// Returns until when a node must remember the nonce: afterwards the statement is refused for
    /// its age.
    #[must_use]
    pub fn forget_after(&self) -> Wall {
        self.not_after + crate::time::ALLOWED_SKEW
    }

    fn check_form(&self) -> Result<(), SigningError> {
        bound(
            "command",
            self.action.command.text.len(),
            SIGNED_COMMAND_MAX,
        )?;
        if let Some(reason) = &self.reason {
            text("reason", reason, SIGNED_REASON_MAX)?;
        }
        if let Some(user) = &self.action.run_as {
            text("user", user, SIGNED_USER_MAX)?;
        }
        Ok(())
    }
}

fn text(what: &'static str, text: &str, max: usize) -> Result<(), SigningError> {
    bound(what, text.len(), max)?;
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(SigningError::Text(what));
    }
    Ok(())
}

pub(super) const fn bound(what: &'static str, size: usize, max: usize) -> Result<(), SigningError> {
    if size > max {
        return Err(SigningError::TooLarge { what, size, max });
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const VERSION_BYTE: u8 = STATEMENT_VERSION as u8;

/// What stands before a statement when its operator signs it.
const SIGNED_PREFIX: &[u8] = b"hailer signed run, version 1\0";

/// What stands before a statement when a second person approves it: neither signature ever passes
/// for the other.
const APPROVED_PREFIX: &[u8] = b"hailer approval of a run, version 1\0";
