//! `hailer serve`: the keeper's process, from its arguments to the signal that ends it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hailer_identity::{Authority, Credentials, Trust, enrolment_config};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::connected::{Connect, Connected, Papers};
use super::enrolment::{self, NODE_LIFE};
use super::listener::{Listener, listen};
use super::office::Office;
use super::rate::RateConfig;
use super::store::Store;
use crate::authority::{Directory, Stamps};
use crate::clock;
use crate::error::ShellError;
use crate::show;

/// How long the keeper's own certificate holds; it makes the next one at half of it.
const OWN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest that a node's certificate may hold: a shorter one ends before it is renewed.
const NODE_LIFE_MIN: Duration = Duration::from_secs(10);

/// How often the wall clock and the authority's files are looked at: the one may be set, and a change
/// of the others holds within this time.
const LOOK: Duration = Duration::from_secs(2);

/// What `hailer serve` takes.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The authority's directory, as `hailer ca init` made it; root.key need not be there
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// The keeper's store; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,
    /// The UDP address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:7118")]
    pub listen: SocketAddr,
    /// The keeper's own name
    #[arg(long, value_name = "NAME", default_value = "keeper")]
    pub name: Name,
    /// How long nodes' certificates hold, between 10s and 24h
    #[arg(long, value_name = "DURATION", value_parser = node_life, default_value = "24h")]
    pub node_ttl: Duration,
    /// How often each node is asked where its audit stands, at least 1s; with --fleet
    #[arg(long, value_name = "DURATION", value_parser = audit_every, default_value = "10s")]
    pub audit_every: Duration,
}

fn audit_every(text: &str) -> Result<Duration, String> {
    let every = crate::cli::duration(text)?;
    if every >= Duration::from_secs(1) {
        Ok(every)
    } else {
        Err("a node is asked once a second at most".to_owned())
    }
}

fn node_life(text: &str) -> Result<Duration, String> {
    let life = crate::cli::duration(text)?;
    if (NODE_LIFE_MIN..=NODE_LIFE).contains(&life) {
        Ok(life)
    } else {
        Err("a node's certificate holds between 10s and 24h".to_owned())
    }
}

/// Who the keeper is, made anew from the authority's issuer of keepers: its key is never on a disk.
struct Own {
    signer: Authority,
    identity: Identity,
    trust: Trust,
}

impl Own {
    fn credentials(&self) -> Result<Credentials, ShellError> {
        let now = clock::wall();
        let span = self.signer.validity();
        let mut validity = enrolment::span(now, OWN_LIFE);
        validity.not_before = validity.not_before.max(span.not_before);
        validity.not_after = validity.not_after.min(span.not_after);
        let issued = self.signer.issue(&self.identity, validity);
        let issued = issued.map_err(|e| ShellError::own(e.to_string()))?;
        Credentials::from_issued(&issued).map_err(|e| ShellError::own(e.to_string()))
    }

    fn tls(&self, credentials: &Credentials) -> Result<rustls::ServerConfig, ShellError> {
        enrolment_config(credentials, &self.trust).map_err(|e| ShellError::own(e.to_string()))
    }
}

/// Serves until SIGTERM or SIGINT; with a fleet file, connected to its nodes.
///
/// # Errors
/// When the authority, the store or the address cannot be had.
pub async fn serve(args: &ServeArgs, fleet_file: Option<&Path>) -> Result<(), ShellError> {
    let listen_to = |kind| signal(kind).map_err(|e| ShellError::own(format!("signals: {e}")));
    let mut terminate = listen_to(SignalKind::terminate())?;
    let mut interrupt = listen_to(SignalKind::interrupt())?;
    let dir = Directory::open(&args.ca)?;
    let stamps = dir.stamps();
    let nodes = dir.signer(Role::Node)?;
    let signer = dir.signer(Role::Keeper)?;
    let fleet = nodes.fleet().clone();
    let trust = dir.trust(&fleet)?;
    let authorities = trust.authorities().map(<[u8]>::to_vec).collect();
    let store = Store::open(&args.store).map_err(|e| ShellError::own(e.to_string()))?;
    let lists = dir.lists(&trust, clock::wall())?;
    let office =
        Office::open(store, nodes, authorities).map_err(|e| ShellError::own(e.to_string()))?;
    let mut office = office.with_life(args.node_ttl);
    office.obey(lists);
    let identity = Identity {
        fleet,
        role: Role::Keeper,
        name: args.name.clone(),
    };
    let mut own = Own {
        signer,
        identity,
        trust,
    };
    let credentials = own.credentials()?;
    let tls = own.tls(&credentials)?;
    let (next, now) = watch::channel(Arc::new(Papers {
        credentials,
        trust: own.trust.clone(),
    }));
    let mut connected = match fleet_file {
        Some(file) => Some(Connected::open(Connect {
            file: file.to_owned(),
            ca: args.ca.clone(),
            own: now,
            store: Store::open(&args.store).map_err(|e| ShellError::own(e.to_string()))?,
            audit_every: args.audit_every,
        })?),
        None => None,
    };
    let listener = listen(office, RateConfig::default(), args.listen, tls)?;
    show::write(&format!("the keeper listens on {}\n", listener.address()))
        .map_err(|e| ShellError::own(format!("write to standard output: {e}")))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = keep_own(&dir, &mut own, &next, stamps, &listener) => {}
        () = stay_connected(connected.as_mut()) => {}
    }
    if let Some(connected) = &connected {
        connected.close().await;
    }
    listener.close().await;
    Ok(())
}

async fn stay_connected(connected: Option<&mut Connected>) {
    match connected {
        Some(connected) => connected.keep().await,
        None => std::future::pending().await,
    }
}

/// Makes the keeper's next certificate whenever half of the last one's life is over, and takes up the
/// directory's files when they change: new issuers, other authorities, longer lists of who is revoked.
/// Never returns.
async fn keep_own(
    dir: &Directory,
    own: &mut Own,
    current: &watch::Sender<Arc<Papers>>,
    mut known: Stamps,
    listener: &Listener,
) {
    loop {
        tokio::time::sleep(LOOK).await;
        let stamps = dir.stamps();
        let has_changed = stamps != known;
        if has_changed {
            match take_up(dir, own, listener) {
                Ok(()) => {
                    known = stamps;
                    tracing::info!("the authority's files have changed, and hold from now on");
                }
                // Between two of the files they do not fit; the next look finds the other.
                Err(e) => {
                    tracing::error!(error = %e, "the authority's files have changed, and the last ones hold on");
                    continue;
                }
            }
        }
        if !has_changed && clock::wall() < current.borrow().credentials.validity().half_life() {
            continue;
        }
        let next = own.credentials().and_then(|next| {
            listener.reconfigure(own.tls(&next)?)?;
            Ok(next)
        });
        match next {
            Ok(next) => {
                current.send_replace(Arc::new(Papers {
                    credentials: next,
                    trust: own.trust.clone(),
                }));
            }
            Err(e) => tracing::error!(error = %e, "the keeper goes on with its old certificate"),
        }
    }
}

fn take_up(dir: &Directory, own: &mut Own, listener: &Listener) -> Result<(), ShellError> {
    let (nodes, signer) = (dir.signer(Role::Node)?, dir.signer(Role::Keeper)?);
    let trust = dir.trust(&own.identity.fleet)?;
    let lists = dir.lists(&trust, clock::wall())?;
    let authorities = trust.authorities().map(<[u8]>::to_vec).collect();
    listener.with_office(|office| {
        office.succeed(nodes, authorities);
        office.obey(lists);
    });
    own.signer = signer;
    own.trust = trust;
    Ok(())
}
