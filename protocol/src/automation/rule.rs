//! For how long, or how often, something has to be so before it counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What has to hold before a key fires, or before it is clear again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Hold {
    /// At every look within this time, the first and the last one that far apart. Zero is one look.
    For(Duration),
    /// At `m` of the last `n` looks.
    Of {
        /// At so many of them; at least 1.
        m: u16,
        /// The looks that count; at least `m`, at most [`Hold::LOOKS_MAX`].
        n: u16,
    },
}

/// Why two numbers make no [`Hold::Of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// It would hold without anything to be seen.
    #[error("0 of {0} looks always hold")]
    Nothing(u16),
    /// It can never hold.
    #[error("{0} of {1} looks can never hold")]
    Never(u16, u16),
    /// More than are remembered.
    #[error("{0} looks are more than the {max} that are remembered", max = Hold::LOOKS_MAX)]
    TooMany(u16),
}

impl Hold {
    /// The most looks that are remembered of a key.
    pub const LOOKS_MAX: u16 = 3600;

    /// One look.
    pub const ONCE: Self = Self::For(Duration::ZERO);

    /// Makes an M-of-N rule.
    ///
    /// # Errors
    /// Says why it could never hold, or always would.
    pub const fn of(m: u16, n: u16) -> Result<Self, HoldError> {
        if m == 0 {
            Err(HoldError::Nothing(n))
        } else if m > n {
            Err(HoldError::Never(m, n))
        } else if n > Self::LOOKS_MAX {
            Err(HoldError::TooMany(n))
        } else {
            Ok(Self::Of { m, n })
        }
    }
}
