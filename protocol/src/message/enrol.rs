//! Enrolment and renewal: how a node comes by its certificates.

use serde::{Deserialize, Serialize};

use crate::ids::NodeName;
use crate::token::Token;

/// Joining node to keeper, which it has verified: make me that node. The connection has no
/// certificate of the node's side; the token alone vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAsk {
    /// Whom the token was made for.
    pub name: NodeName,
    /// The one-time token.
    pub token: Token,
    /// A request for a certificate (PKCS #10, in DER), of which the key alone is taken.
    pub request: Vec<u8>,
}

/// Node to keeper: a new certificate for whom this connection's certificate names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewAsk {
    /// A request for a certificate (PKCS #10, in DER), of which the key alone is taken.
    pub request: Vec<u8>,
}

/// Keeper to node: the answer to either. Nothing follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The node's certificate, and behind it its issuer's where an issuer signed it, in DER.
    pub chain: Vec<Vec<u8>>,
    /// The authorities that the fleet trusts, in DER: for the node to compare with those it knows, and
    /// never to be trusted because they stand here.
    pub authorities: Vec<Vec<u8>>,
}
