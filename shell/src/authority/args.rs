//! The arguments of `hailer ca`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use hailer_protocol::ids::Name;
use hailer_protocol::role::Role;

use crate::cli::duration;

/// What `hailer ca` takes.
#[derive(Debug, Args)]
pub struct CaArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CaCommand,
}

/// What the authority can be asked for.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make a fleet's authority, and the certificate of its first operator
    Init(InitArgs),
    /// Sign a certificate, with a fresh key
    Issue(IssueArgs),
    /// Make the next issuer of a role, out of the offline root
    ///
    /// What the last issuer signed stays good until its own end; a keeper takes the new one up
    /// without a restart.
    Issuer(IssuerArgs),
    /// Replace the fleet's root, without an outage: `begin`, `switch`, `finish`
    Rotate(RotateArgs),
    /// Hand the next authorities to every node
    ///
    /// A node takes them only if a root that it trusts now has signed them. Exit code 4: some nodes
    /// have not got them.
    Spread(SpreadArgs),
    /// Make one-time tokens with which nodes enrol
    ///
    /// Each is printed once and kept as a hash only. It is good for one node, once, for a short
    /// time.
    Token(TokenArgs),
    /// Take nodes out of the fleet: their certificates are not renewed, their tokens are void
    Forget(ForgetArgs),
}

/// What `hailer ca init` takes.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// A directory that is not there yet, or is empty
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The fleet's name, which stands in every certificate
    #[arg(long, value_name = "NAME", default_value = "fleet")]
    pub fleet_name: Name,
    /// The first operator's name
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub operator: Name,
    /// A group of the first operator; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<Name>,
    /// One authority that signs everybody, instead of an offline root and an issuer a role
    #[arg(long)]
    pub single: bool,
}

/// A role that certificates are issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Somebody who asks
    Operator,
    /// A machine that answers; usually it enrols with a token instead
    Node,
    /// Whoever enrols nodes
    Keeper,
    /// Whoever passes requests on
    Relay,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Operator => Self::Operator,
            RoleArg::Node => Self::Node,
            RoleArg::Keeper => Self::Keeper,
            RoleArg::Relay => Self::Relay,
        }
    }
}

/// What `hailer ca issue` takes.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// What the holder is
    #[arg(value_enum)]
    pub role: RoleArg,
    /// The holder's name
    #[arg(value_name = "NAME")]
    pub name: Name,
    /// The authority's directory
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// A group of the operator; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<Name>,
    /// How long the certificate holds [default: 8h for an operator, 24h otherwise]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ttl: Option<Duration>,
    /// Where ROLE.pem, ROLE.key and ca.pem go
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the files that are there
    #[arg(long)]
    pub replace: bool,
}

/// What `hailer ca token` takes.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The nodes' names, folded or not: web[01-20]
    #[arg(value_name = "NODE", required = true)]
    pub nodes: Vec<String>,
    /// How long the tokens are good, one hour at most
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30m")]
    pub ttl: Duration,
    /// The keeper's store
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,
}

/// What `hailer ca forget` takes.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The nodes' names, folded or not: web[01-20]
    #[arg(value_name = "NODE", required = true)]
    pub nodes: Vec<String>,
    /// The keeper's store
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,
}

/// What `hailer ca issuer` takes.
#[derive(Debug, Args)]
pub struct IssuerArgs {
    /// Whom it signs
    #[arg(value_enum)]
    pub role: RoleArg,
    /// The authority's directory
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// The root's key [default: DIR/root.key]
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// How long it holds [default: 365d]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ttl: Option<Duration>,
}

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Make the next root, trusted beside the old one
    Begin,
    /// Sign with the next root's issuers
    Switch,
    /// Trust the next root alone
    Finish,
}

/// What `hailer ca rotate` takes.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Which step
    #[arg(value_enum)]
    pub step: Step,
    /// The authority's directory
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// The root's key, if it is not in the directory: to begin the old one's, to finish the next one's
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
}

/// What `hailer ca spread` takes.
#[derive(Debug, Args)]
pub struct SpreadArgs {
    /// The bundles: DIR/trust.bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Also to nodes whose own certificate is of an authority that goes
    #[arg(long)]
    pub anyway: bool,
}
