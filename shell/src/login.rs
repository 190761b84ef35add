//! `hailer login`: an operator's certificate for a working day, by the authority on this machine.
//!
//! The key is made once, where the fleet file says, and stays until its certificate is revoked; what
//! is new each time is the certificate. Whoever else signs (step-ca, SPIRE) puts the same files there:
//! nothing here is asked of them but PEM.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hailer_identity::request::request_from_pem;
use hailer_identity::{Credentials, KeyRequest, Standing};
use hailer_lang::inventory::file::FleetFile;
use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

use crate::authority::files::{self, PUBLIC, SECRET};
use crate::authority::{Directory, span_from};
use crate::cli::duration;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::{clock, show};

/// The longest that an operator's certificate holds.
const LIFE_MAX: Duration = Duration::from_secs(8 * 60 * 60);

/// What `hailer login` takes.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The authority's directory [default: where the fleet file's `ca` is]
    #[arg(long, value_name = "DIR")]
    pub ca: Option<PathBuf>,
    /// Your name [default: that of the last certificate]
    #[arg(long, value_name = "NAME")]
    pub name: Option<Name>,
    /// A group; may be given several times [default: those of the last certificate]
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<Name>,
    /// How long it holds, 8h at most
    #[arg(long, value_name = "DURATION", value_parser = life, default_value = "8h")]
    pub ttl: Duration,
    /// Make another key, too; done by itself where the last certificate is revoked
    #[arg(long, conflicts_with = "status")]
    pub new_key: bool,
    /// Say who you are and until when, and change nothing
    #[arg(long, conflicts_with_all = ["ca", "name", "groups"])]
    pub status: bool,
}

fn life(text: &str) -> Result<Duration, String> {
    let life = duration(text)?;
    if life <= LIFE_MAX && life >= Duration::from_secs(1) {
        Ok(life)
    } else {
        Err("an operator's certificate holds between 1s and 8h".to_owned())
    }
}

/// The files that a fleet file names.
#[derive(Debug)]
struct Place {
    fleet: Name,
    ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

impl Place {
    fn of(fleet: Option<&Path>) -> Result<Self, ShellError> {
        let path = fleet.ok_or_else(|| {
            ShellError::usage("to which fleet?").hint("give it with --fleet FILE or HAILER_FLEET")
        })?;
        let text = files::read(path)?;
        let file = FleetFile::parse(&text).map_err(|d| ShellError::of_diagnostics(&[d], &text))?;
        let missing = |what: &str| {
            ShellError::usage(format!(
                "{}: the fleet file does not say {what}",
                path.display()
            ))
        };
        let base = path.parent().unwrap_or_else(|| Path::new("."));
        let operator = file.operator.as_ref().ok_or_else(|| {
            missing("where your certificate goes")
                .hint("add `operator = { cert = \"operator.pem\", key = \"operator.key\" }`")
        })?;
        let ca = file
            .ca
            .as_ref()
            .ok_or_else(|| missing("whom to trust").hint("add `ca = \"ca.pem\"`"))?;
        let fleet = file.fleet.into_inner();
        Ok(Self {
            fleet: Name::new(fleet).map_err(|e| ShellError::usage(e.to_string()))?,
            ca: base.join(ca),
            cert: base.join(&operator.cert),
            key: base.join(&operator.key),
        })
    }

    /// Returns what is there, if anything is.
    fn last(&self) -> Result<Option<Credentials>, ShellError> {
        if !self.cert.exists() || !self.key.exists() {
            return Ok(None);
        }
        let (cert, key) = (files::read(&self.cert)?, files::read_secret(&self.key)?);
        let read = Credentials::from_pem(&cert, &key);
        read.map(Some)
            .map_err(|e| ShellError::usage(format!("{}: {e}", self.cert.display())))
    }
}

/// Gets a certificate, or says what is there.
///
/// # Errors
/// When a file cannot be had, or the authority refuses; then what was there stays.
pub fn command(args: &LoginArgs, fleet: Option<&Path>) -> Result<Exit, ShellError> {
    let (place, now) = (Place::of(fleet)?, clock::wall());
    let said = if args.status {
        status(&place, now)?
    } else {
        login(&place, args, now)?
    };
    show::write(&said).map_err(|e| ShellError::own(format!("write to standard output: {e}")))?;
    Ok(Exit::OK)
}

fn status(place: &Place, now: Wall) -> Result<String, ShellError> {
    let own = place.last()?.ok_or_else(|| {
        ShellError::usage(format!(
            "nobody is logged in: {} is not there",
            place.cert.display()
        ))
        .hint("`hailer login` gets a certificate")
    })?;
    let end = own.validity().not_after;
    if now > end {
        return Err(ShellError::usage(format!(
            "the certificate of {} has expired, {}",
            own.identity(),
            moment(end)
        ))
        .hint("`hailer login` gets the next one"));
    }
    Ok(told(own.holder(), end, now))
}

fn login(place: &Place, args: &LoginArgs, now: Wall) -> Result<String, ShellError> {
    // One that does not fit its key is replaced, and has no name to go on with.
    let last = place.last().ok().flatten();
    let name = args
        .name
        .clone()
        .or_else(|| last.as_ref().map(|own| own.identity().name.clone()))
        .ok_or_else(|| ShellError::usage("who are you?").hint("give your name with --name NAME"))?;
    let is_same = last.as_ref().is_some_and(|own| own.identity().name == name);
    let groups = match &last {
        Some(own) if args.groups.is_empty() && is_same => own.groups().clone(),
        Some(_) | None => Groups::new(args.groups.iter().cloned())
            .map_err(|e| ShellError::usage(e.to_string()))?,
    };
    let beside = place.ca.parent().unwrap_or_else(|| Path::new("."));
    let dir = Directory::open(args.ca.as_deref().unwrap_or(beside))?;
    let signer = dir.signer(Role::Operator)?;
    let holder = Holder {
        identity: Identity {
            fleet: place.fleet.clone(),
            role: Role::Operator,
            name,
        },
        groups,
    };
    // A key that somebody has stolen must not be certified again.
    let lists = dir.lists(&dir.trust(&place.fleet)?, now)?;
    let standing = last.as_ref().map(|own| Standing::of(&own.chain()));
    let is_revoked = matches!(&standing, Some(Ok(standing)) if standing.is_revoked(&lists));
    let key = key(&place.key, args.new_key || is_revoked)?;
    let request = request_from_pem(&key.request_pem).map_err(|e| ShellError::own(e.to_string()))?;
    let mut span = span_from(now, args.ttl);
    span.not_before = span.not_before.max(signer.validity().not_before);
    span.not_after = span.not_after.min(signer.validity().not_after);
    let certified = signer
        .certify(&request, &holder, span)
        .map_err(|e| ShellError::usage(e.to_string()))?;
    // Whoever signs also says whom to trust: so operators follow a rotation.
    let bundle = dir.bundle()?;
    if files::read(&place.ca).ok().as_ref() != Some(&bundle) {
        files::replace(&place.ca, &bundle, PUBLIC)?;
    }
    files::replace(&place.cert, &certified.cert_pem, PUBLIC)?;
    Ok(told(&holder, span.not_after, now))
}

/// Returns the key that is there, or makes it; another one in any case where `is_new`.
fn key(path: &Path, is_new: bool) -> Result<KeyRequest, ShellError> {
    let failed = |e: &dyn std::fmt::Display| ShellError::own(format!("{}: {e}", path.display()));
    if path.exists() && !is_new {
        return KeyRequest::from_key_pem(&files::read_secret(path)?).map_err(|e| failed(&e));
    }
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        files::make_dir(dir)?;
    }
    let made = KeyRequest::generate().map_err(|e| failed(&e))?;
    if is_new {
        files::replace(path, &made.key_pem(), SECRET)?;
    } else {
        files::write_new(path, &made.key_pem(), SECRET)?;
    }
    Ok(made)
}

fn told(holder: &Holder, end: Wall, now: Wall) -> String {
    let left = end.0.saturating_sub(now.0) / 60_000;
    let groups = if holder.groups.is_empty() {
        String::new()
    } else {
        let names: Vec<&str> = holder.groups.iter().map(Name::as_str).collect();
        format!(", in {}", names.join(", "))
    };
    format!(
        "{}{groups}, until {} (in {}h {}min)\n",
        holder.identity,
        moment(end),
        left / 60,
        left % 60
    )
}

/// A time of the day, which is all that a certificate of a day needs.
pub(crate) fn moment(at: Wall) -> String {
    let minutes = at.0.div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}
