//! The words from supervisor to agent: fixed-size replies.

use std::time::Duration;

use crate::end::{End, Held, How};
use crate::error::Step;
use crate::sandbox::Protections;

/// Every reply is this long.
pub(crate) const REPLY_BYTES: usize = 48;

/// What the supervisor says, in this order: `Started` and then `Ended`, or `Failed` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Started { pid: u32 },
    Failed { step: Step, errno: i32 },
    Ended(End),
}

const STARTED: u8 = 1;
const FAILED: u8 = 2;
const ENDED: u8 = 3;

impl Reply {
    /// Returns the bytes of this reply.
    ///
    /// Layout: kind, flags, up to six bytes of detail, then from byte 8 on the figures.
    pub(crate) fn encode(&self) -> [u8; REPLY_BYTES] {
        let mut out = [0; REPLY_BYTES];
        match self {
            Self::Started { pid } => {
                out[0] = STARTED;
                out[8..12].copy_from_slice(&pid.to_ne_bytes());
            }
            Self::Failed { step, errno } => {
                out[0] = FAILED;
                out[1] = step.code();
                out[8..12].copy_from_slice(&errno.to_ne_bytes());
            }
            Self::Ended(end) => {
                let (how, code) = match end.how {
                    How::Exited(code) => (0, code),
                    How::Signalled(signal) => (1, signal),
                    How::Unkillable => (2, 0),
                };
                out[0] = ENDED;
                out[1] = how;
                out[2] = u8::from(end.killed);
                out[3] = u8::from(end.held.cgroup);
                out[4] = u8::from(end.held.rlimits);
                out[5..7].copy_from_slice(&end.held.protections.bits().to_ne_bytes());
                out[40..42].copy_from_slice(&end.held.stood_in_for.bits().to_ne_bytes());
                out[8..12].copy_from_slice(&code.to_ne_bytes());
                out[12..16].copy_from_slice(&end.left_behind.to_ne_bytes());
                out[16..24].copy_from_slice(&micros(end.user).to_ne_bytes());
                out[24..32].copy_from_slice(&micros(end.system).to_ne_bytes());
                out[32..40].copy_from_slice(&end.max_rss_bytes.to_ne_bytes());
            }
        }
        out
    }

    /// Reads a reply; `None` if it is of an unknown kind.
    pub(crate) fn decode(bytes: &[u8; REPLY_BYTES]) -> Option<Self> {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let eight = |at: usize| {
            let (low, high) = (four(at), four(at + 4));
            u64::from_ne_bytes([
                low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3],
            ])
        };
        match bytes[0] {
            STARTED => Some(Self::Started {
                pid: u32::from_ne_bytes(four(8)),
            }),
            FAILED => Some(Self::Failed {
                step: Step::from_code(bytes[1])?,
                errno: i32::from_ne_bytes(four(8)),
            }),
            ENDED => {
                let code = i32::from_ne_bytes(four(8));
                let how = match bytes[1] {
                    0 => How::Exited(code),
                    1 => How::Signalled(code),
                    2 => How::Unkillable,
                    _ => return None,
                };
                Some(Self::Ended(End {
                    how,
                    killed: bytes[2] != 0,
                    held: Held {
                        cgroup: bytes[3] != 0,
                        rlimits: bytes[4] != 0,
                        protections: Protections::from_bits(u16::from_ne_bytes([
                            bytes[5], bytes[6],
                        ])),
                        stood_in_for: Protections::from_bits(u16::from_ne_bytes([
                            bytes[40], bytes[41],
                        ])),
                    },
                    left_behind: u32::from_ne_bytes(four(12)),
                    user: Duration::from_micros(eight(16)),
                    system: Duration::from_micros(eight(24)),
                    max_rss_bytes: eight(32),
                }))
            }
            _ => None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_survives_its_bytes() {
        let end = End {
            how: How::Signalled(9),
            killed: true,
            user: Duration::from_micros(7),
            system: Duration::from_secs(8),
            max_rss_bytes: 1 << 40,
            left_behind: 3,
            held: Held {
                cgroup: true,
                rlimits: false,
                protections: Protections::from_bits(0x0705),
                stood_in_for: Protections::from_bits(0x0401),
            },
        };
        for reply in [
            Reply::Started { pid: 77 },
            Reply::Failed {
                step: Step::Exec,
                errno: -2,
            },
            Reply::Ended(end),
            Reply::Ended(End {
                how: How::Exited(255),
                killed: false,
                ..end
            }),
            Reply::Ended(End {
                how: How::Unkillable,
                ..end
            }),
        ] {
            assert_eq!(Reply::decode(&reply.encode()), Some(reply));
        }
        assert_eq!(Reply::decode(&[9; REPLY_BYTES]), None);
    }
}
