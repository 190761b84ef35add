//! The agent as its peers see it: real QUIC, real certificates, real processes.

mod audit;
mod automations;
mod back_pressure;
mod commands;
mod countersigned;
mod daemon;
mod detached;
mod each;
mod fleet;
mod garbage;
mod lives;
mod load;
mod policy;
mod probes;
mod record;
mod renewing;
mod revoked;
mod roles;
mod secrets;
mod signed;
mod support;
mod trust;
mod twice;
mod zoo;
