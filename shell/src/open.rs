//! Opening a fleet: its file, the operator's credentials, the links.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hailer_identity::{Credentials, Signer, Trust};
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_protocol::ids::{LeaseId, Name};
use hailer_protocol::role::Role;
use rustls::time_provider::DefaultTimeProvider;

use crate::cli::FleetArgs;
use crate::clock;
use crate::error::ShellError;
use crate::fleet::{Fleet, Timing};
use crate::knowledge::{self, Sources};
use crate::renewal::{self, Renewal, Stamps};
use crate::revoke;

/// A fleet that can be asked.
#[derive(Debug)]
pub struct Opened {
    /// Its nodes, labels and groups.
    pub inventory: Arc<Inventory>,
    /// The links to them.
    pub fleet: Arc<Fleet>,
    /// The scope its file gives.
    pub default_scope: Option<String>,
    /// Where more is known of its nodes.
    pub sources: Sources,
}

/// Reads a fleet file and gets ready to ask its nodes. Nobody is dialled yet.
///
/// # Errors
/// When a file cannot be read, says something wrong, or the credentials do not fit.
pub fn open(path: &Path, connect_timeout: Option<Duration>) -> Result<Opened, ShellError> {
    open_under(path, connect_timeout, None)
}

/// Opens a fleet as [`open()`] does, under a lease that an earlier process drew.
///
/// # Errors
/// As [`open()`].
pub fn open_under(
    path: &Path,
    connect_timeout: Option<Duration>,
    lease: Option<LeaseId>,
) -> Result<Opened, ShellError> {
    let Papers {
        inventory,
        credentials,
        trust,
        ca_pem,
        default_scope,
        files,
        stamps,
    } = papers(path)?;
    let mut timing = Timing::default();
    if let Some(wait) = connect_timeout {
        timing.connect_timeout = wait;
    }
    let nodes = Arc::clone(&inventory);
    let fleet = match lease {
        Some(lease) => Fleet::open_under(lease, nodes, &credentials, &trust, timing),
        None => Fleet::open(nodes, &credentials, &trust, timing),
    };
    let fleet = fleet.map_err(|e| ShellError::own(format!("open the fleet: {e}")))?;
    let base = path.parent().unwrap_or_else(|| Path::new("."));
    let lists = revoke::lists_of(base, &trust, clock::wall())?;
    fleet.links().obey(lists.clone());
    let fleet = Arc::new(fleet);
    let renewal = Renewal::new(files, stamps, lists);
    renewal::watch(Arc::downgrade(&fleet), renewal);
    let sources = Sources {
        folder: base.to_owned(),
        facts_file: knowledge::facts_path(inventory.fleet().as_str(), &ca_pem),
        heads_file: knowledge::heads_path(inventory.fleet().as_str(), &ca_pem),
    };
    Ok(Opened {
        sources,
        default_scope,
        inventory,
        fleet,
    })
}

/// What a fleet file and the files it names hold.
#[derive(Debug)]
pub struct Papers {
    /// Nodes, labels and groups.
    pub inventory: Arc<Inventory>,
    /// Who we are.
    pub credentials: Credentials,
    /// Whom we trust.
    pub trust: Trust,
    ca_pem: String,
    default_scope: Option<String>,
    pub(crate) files: PaperFiles,
    /// Of the files before they were read.
    pub(crate) stamps: Stamps,
}

/// Where an operator's papers are.
#[derive(Debug, Clone)]
pub(crate) struct PaperFiles {
    fleet: Name,
    /// The fleet file itself.
    path: PathBuf,
    /// Its directory, where lists of who is revoked may be.
    pub(crate) base: PathBuf,
    pub(crate) ca: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// What stands in an operator's papers.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) credentials: Credentials,
    pub(crate) trust: Trust,
    ca_pem: String,
}

/// Returns the fleet file that was given.
///
/// # Errors
/// When none was.
pub fn given(fleet: &FleetArgs) -> Result<&Path, ShellError> {
    fleet.file.as_deref().ok_or_else(|| {
        ShellError::usage("no fleet is given")
            .hint("give one with --fleet FILE or HAILER_FLEET; `hailer demo` needs none")
    })
}

/// Reads a fleet file and the files it names.
///
/// # Errors
/// When one cannot be read or says something wrong.
pub fn papers(path: &Path) -> Result<Papers, ShellError> {
    let (file, inventory) = inventory(path)?;
    let base = path.parent().unwrap_or_else(|| Path::new("."));
    let inventory = Arc::new(inventory);
    let files = PaperFiles::of(&file, &inventory, base, path)?;
    let stamps = Stamps::of(&files);
    let Read {
        credentials,
        trust,
        ca_pem,
    } = files.read()?;
    Ok(Papers {
        default_scope: file.default_scope.map(|s| s.into_inner()),
        inventory,
        credentials,
        trust,
        ca_pem,
        files,
        stamps,
    })
}

/// Reads a fleet file, and none of those it names.
///
/// # Errors
/// When it cannot be read or says something wrong.
pub(crate) fn inventory(path: &Path) -> Result<(FleetFile, Inventory), ShellError> {
    let text = read(path, "the fleet file")?;
    let in_file = |e: ShellError| ShellError::new(e.exit(), format!("{}: {e}", path.display()));
    let file =
        FleetFile::parse(&text).map_err(|d| in_file(ShellError::of_diagnostics(&[d], &text)))?;
    let inventory = Inventory::from_fleet_file(&file)
        .map_err(|d| in_file(ShellError::of_diagnostics(&d, &text)))?;
    Ok((file, inventory))
}

impl PaperFiles {
    fn of(
        file: &FleetFile,
        inventory: &Inventory,
        base: &Path,
        path: &Path,
    ) -> Result<Self, ShellError> {
        let missing = |what: &str, example: &str| {
            ShellError::usage(format!(
                "{}: the fleet file does not say {what}",
                path.display()
            ))
            .hint(format!("add `{example}`"))
        };
        let operator = file.operator.as_ref().ok_or_else(|| {
            missing(
                "who you are",
                "operator = { cert = \"operator.pem\", key = \"operator.key\" }",
            )
        })?;
        let ca = file
            .ca
            .as_ref()
            .ok_or_else(|| missing("whom to trust", "ca = \"ca.pem\""))?;
        Ok(Self {
            fleet: inventory.fleet().clone(),
            path: path.to_owned(),
            base: base.to_owned(),
            ca: base.join(ca),
            cert: base.join(&operator.cert),
            key: base.join(&operator.key),
        })
    }

    /// Reads them.
    ///
    /// # Errors
    /// Says which cannot be read, does not fit the others, or is of no use to anybody.
    pub(crate) fn read(&self) -> Result<Read, ShellError> {
        let (ca, cert, key) = (&self.ca, &self.cert, &self.key);
        check_key_mode(key)?;
        let cert_pem = read(cert, "the operator's certificate")?;
        let key_pem = read(key, "the operator's key")?;
        let credentials = Credentials::from_pem(&cert_pem, &key_pem).map_err(|e| {
            ShellError::usage(format!("{} with {}: {e}", cert.display(), key.display()))
        })?;
        check_operator(&credentials, cert)?;
        Signer::new(&credentials)
            .map_err(|e| ShellError::usage(format!("{}: {e}", key.display())))?;
        let ca_pem = read(ca, "the fleet's authority")?;
        let trust = Trust::from_pem(self.fleet.clone(), &ca_pem, Arc::new(DefaultTimeProvider))
            .map_err(|e| {
                ShellError::usage(format!("{}: {e}", ca.display()))
                    .at(&self.path.display().to_string())
            })?;
        Ok(Read {
            credentials,
            trust,
            ca_pem,
        })
    }
}

/// What no node would accept is said here, once, and not once a node.
fn check_operator(credentials: &Credentials, cert: &Path) -> Result<(), ShellError> {
    let (identity, validity) = (credentials.identity(), credentials.validity());
    let cert = cert.display();
    if identity.role != Role::Operator {
        return Err(ShellError::usage(format!(
            "{cert}: {identity} is a {}, and only operators ask nodes",
            identity.role
        ))
        .hint("`operator` in the fleet file names the certificate of an operator"));
    }
    let now = clock::wall();
    if now > validity.not_after {
        return Err(ShellError::usage(format!(
            "{cert}: the certificate of {identity} has expired"
        ))
        .hint("`hailer login` gets the next one, or whoever holds the fleet's authority"));
    }
    if now < validity.not_before {
        return Err(ShellError::usage(format!(
            "{cert}: the certificate of {identity} is not valid yet"
        ))
        .hint("compare this machine's clock with the authority's"));
    }
    Ok(())
}

fn read(path: &Path, what: &str) -> Result<String, ShellError> {
    std::fs::read_to_string(path)
        .map_err(|e| ShellError::usage(format!("read {what} {}: {e}", path.display())))
}

/// A key that others can read is no key.
pub(crate) fn check_key_mode(path: &Path) -> Result<(), ShellError> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(()); // Reading it says why.
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(ShellError::usage(format!(
        "the key {} can be read by others (mode {mode:o})",
        path.display()
    ))
    .hint(format!("run `chmod 600 {}`", path.display())))
}
