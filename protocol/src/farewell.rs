//! Farewells: why a node ends a connection, as numbers that its peer understands.

/// The codes with which a node closes a connection. Numbers are never reused; 0 is a plain goodbye.
pub mod code {
    /// The peer has shown no identity.
    pub const NO_IDENTITY: u32 = 1;
    /// There are as many connections as there may be; nothing was taken over this one.
    pub const CROWDED: u32 = 2;
    /// A list names the certificate's holder; what ran in their name was ended.
    pub const REVOKED: u32 = 3;
    /// The certificate's time is over.
    pub const EXPIRED: u32 = 4;
    /// As [`REVOKED`], and nothing was taken over this connection.
    pub const REVOKED_BEFORE: u32 = 5;
    /// As [`EXPIRED`], and nothing was taken over this connection.
    pub const EXPIRED_BEFORE: u32 = 6;
}
