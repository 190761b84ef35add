//! `hailerd join`: a machine becomes a node.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hailer_identity::{Fingerprint, JoinTrust, KeyRequest, Trust, authority_fleet_in};
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::EnrolAsk;
use hailer_protocol::token::Token;
use rustls::time_provider::DefaultTimeProvider;

use super::given;
use crate::error::AgentError;
use crate::files::{self, PUBLIC, SECRET};
use crate::net;

/// What `hailerd join` takes.
#[derive(Debug, Clone, Args)]
pub struct JoinArgs {
    /// The keeper, HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub keeper: String,
    /// The fleet's authorities, as a file, where there is one here; otherwise --ca-fingerprint
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "ca_fingerprint",
        required_unless_present = "ca_fingerprint"
    )]
    pub ca: Option<PathBuf>,
    /// The fleet's authority, by the SHA-256 of its certificate
    #[arg(long, value_name = "HEX")]
    pub ca_fingerprint: Option<Fingerprint>,
    /// The one-time token; `-` reads it from standard input
    #[arg(
        long,
        value_name = "TOKEN",
        env = "HAILER_TOKEN",
        hide_env_values = true
    )]
    pub token: String,
    /// The node's name, for which the token was made
    #[arg(long, value_name = "NAME")]
    pub name: NodeName,
    /// Where node.key, node.pem, ca.pem and agent.toml go
    #[arg(long, value_name = "DIR", default_value = "/etc/hailer")]
    pub out: PathBuf,
    /// The UDP address on which the agent will listen; for agent.toml
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:7117")]
    pub listen: SocketAddr,
    /// Replace the key and the certificate that are there
    #[arg(long)]
    pub replace: bool,
}

/// Enrols this machine and writes what its agent needs.
///
/// # Errors
/// When the keeper cannot be reached, is not whom we trust, or refuses; or a file cannot be written.
pub async fn join(args: &JoinArgs) -> Result<(), AgentError> {
    let token = read_token(&args.token)?;
    let place = Place::prepare(args)?;
    let known = known(args)?;
    let refused = |e: &dyn std::fmt::Display| AgentError::Join(e.to_string());
    let request = KeyRequest::generate().map_err(|e| refused(&e))?;
    // On the disk first: a token is not used up where nothing can be written.
    files::replace(&place.next_key, &request.key_pem(), SECRET)?;
    let joined = enrol(args, known, token, &request, &place).await;
    if joined.is_err() {
        let _ = std::fs::remove_file(&place.next_key);
    }
    joined
}

async fn enrol(
    args: &JoinArgs,
    known: JoinTrust,
    token: Token,
    request: &KeyRequest,
    place: &Place,
) -> Result<(), AgentError> {
    let (tls, met) = known.config().map_err(|e| AgentError::Tls(e.to_string()))?;
    let ask = EnrolAsk {
        name: args.name.clone(),
        token,
        request: request.request_der.clone(),
    };
    let address = resolve(&args.keeper).await?;
    let enrolled = net::ask(address, tls, &ask)
        .await
        .map_err(|e| AgentError::Join(format!("ask the keeper at {}: {e}", args.keeper)))?;
    let met = met().ok_or_else(|| AgentError::Join("the keeper was not verified".to_owned()))?;
    let (_, cert_pem) = given::accept(&enrolled, &request.key_pem(), &args.name, &met.trust)?;
    given::compare(&enrolled, &met.trust);
    files::replace(&place.ca, &met.trust.to_pem(), PUBLIC)?;
    files::replace(&place.cert, &cert_pem, PUBLIC)?;
    std::fs::rename(&place.next_key, &place.key)
        .map_err(|e| AgentError::file("write", &place.key, e))?;
    if !place.config.exists() {
        files::replace(&place.config, &agent_toml(args), PUBLIC)?;
    }
    tracing::info!(node = %args.name, fleet = %met.trust.fleet(), keeper = %met.keeper,
        "this machine is a node");
    if !args.out.join("policy").exists() {
        tracing::warn!(dir = %args.out.display(),
            "nobody may do anything on this node until a file `policy` there says so");
    }
    Ok(())
}

/// Where everything goes.
struct Place {
    key: PathBuf,
    next_key: PathBuf,
    cert: PathBuf,
    ca: PathBuf,
    config: PathBuf,
}

impl Place {
    fn prepare(args: &JoinArgs) -> Result<Self, AgentError> {
        let out: &Path = &args.out;
        std::fs::create_dir_all(out).map_err(|e| AgentError::file("create", out, e))?;
        let here = Self {
            key: out.join("node.key"),
            next_key: out.join("node.key.join"),
            cert: out.join("node.pem"),
            ca: out.join("ca.pem"),
            config: out.join("agent.toml"),
        };
        let there = [&here.key, &here.cert].into_iter().find(|p| p.exists());
        match there {
            Some(path) if !args.replace => Err(AgentError::Join(format!(
                "{} is there; this machine is a node already (--replace enrols it anew)",
                path.display()
            ))),
            Some(_) | None => Ok(here),
        }
    }
}

fn read_token(text: &str) -> Result<Token, AgentError> {
    let mut read = String::new();
    let text = if text == "-" {
        std::io::stdin()
            .take(4096)
            .read_to_string(&mut read)
            .map_err(|e| AgentError::Join(format!("read the token from standard input: {e}")))?;
        &read
    } else {
        text
    };
    text.parse()
        .map_err(|e: hailer_protocol::token::TokenError| AgentError::Join(e.to_string()))
}

/// What is known of the fleet before anybody is asked.
fn known(args: &JoinArgs) -> Result<JoinTrust, AgentError> {
    let clock = Arc::new(DefaultTimeProvider);
    let nothing =
        || AgentError::Join("nothing says whom to trust: give --ca or --ca-fingerprint".to_owned());
    match (&args.ca, args.ca_fingerprint) {
        (Some(path), _) => {
            let text = files::read(path)?;
            let wrong =
                |e: &dyn std::fmt::Display| AgentError::Tls(format!("{}: {e}", path.display()));
            let fleet = authority_fleet_in(&text)
                .map_err(|e| wrong(&e))?
                .ok_or_else(|| wrong(&"no authority there says for which fleet it signs"))?;
            let trust = Trust::from_pem(fleet, &text, clock).map_err(|e| wrong(&e))?;
            Ok(JoinTrust::of(&trust))
        }
        (None, Some(fingerprint)) => Ok(JoinTrust::pinned(fingerprint, clock)),
        (None, None) => Err(nothing()),
    }
}

/// Finds the address of a keeper.
pub(super) async fn resolve(keeper: &str) -> Result<SocketAddr, AgentError> {
    let unknown = |e: &dyn std::fmt::Display| {
        AgentError::Join(format!("find the keeper `{}`: {e}", keeper.escape_debug()))
    };
    tokio::net::lookup_host(keeper)
        .await
        .map_err(|e| unknown(&e))?
        .next()
        .ok_or_else(|| unknown(&"the name has no address"))
}

/// Text is written through the format's own writer, so that no name or path escapes its quotes.
fn agent_toml(args: &JoinArgs) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "# Written when this machine joined its fleet.\n\
         name = {}\nlisten = {}\nkeeper = {}\n\
         ca = \"ca.pem\"\ncert = \"node.pem\"\nkey = \"node.key\"\n",
        quoted(args.name.as_str()),
        quoted(&args.listen.to_string()),
        quoted(&args.keeper),
    )
}
