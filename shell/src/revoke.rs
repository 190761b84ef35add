//! `hailer revoke`: takes somebody's certificates back before their time is over.
//!
//! The authority's list beside its key is read, gets what is new, a higher number and a signature,
//! and takes its own place. With a fleet it is handed to every node at once; a node that cannot be
//! reached gets it later, by the same command again or as a file.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hailer_identity::{Authority, Tier, Trust, issuer_role, known_list, sign_list, verify_list};
use hailer_lang::inventory::Inventory;
use hailer_protocol::clean::Clean;
use hailer_protocol::envelope::Decoder;
use hailer_protocol::ids::Name;
use hailer_protocol::message::{Message as _, RevocationOffer};
use hailer_protocol::revocation::{
    REVOCATION_VERSION, RevocationError, RevocationList, Revocations, Revoked, SignedRevocations,
};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

use crate::cli::duration;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::files;
use crate::fleet::Delivered;
use crate::{clock, open, show};

/// The file that the lists of an authority's directory are kept in.
pub(crate) const LISTS: &str = "revoked.list";

/// Nodes that are named with the reason why they have not got a list.
const NAMED_MAX: usize = 20;

/// What `hailer revoke` takes.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The authority's directory
    #[arg(long, value_name = "DIR")]
    pub ca: PathBuf,
    /// Whose certificates: `operator/ann`, `node/web1`; with none, the list is made anew
    #[arg(value_name = "ROLE/NAME")]
    pub who: Vec<String>,
    /// Only the certificate with this number, in hexadecimal; may be given several times
    #[arg(long, value_name = "HEX")]
    pub serial: Vec<String>,
    /// By when there will be the next list; an older one still holds, and nodes say so
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    pub next: Duration,
}

/// Revokes, and delivers where there is a fleet.
///
/// # Errors
/// When the authority's files cannot be had, or what was asked for is refused.
pub async fn command(args: &RevokeArgs, fleet: Option<&Path>) -> Result<Exit, ShellError> {
    let made = revoke_all(args, clock::wall())?;
    let path = args.ca.join(LISTS);
    let mut said = String::new();
    for (_, number) in &made {
        let _ = writeln!(said, "list {number} is in {}", path.display());
    }
    // Nobody keeps who has a certificate: a name that was mistyped can only be read here.
    for who in &args.who {
        let what = if args.serial.is_empty() {
            "every certificate from before now"
        } else {
            "the certificates of these numbers"
        };
        let _ = writeln!(said, "revoked: {who}, {what}");
    }
    let Some(file) = fleet else {
        said.push_str("hand it to nodes with --fleet FILE, or put it beside their configuration\n");
        return told(&said, Exit::OK);
    };
    let opened = open::open(file, None)?;
    let mut exit = Exit::OK;
    let again = "run this again, without a name, when they can be reached";
    for (signed, _) in &made {
        let delivered = opened.fleet.deliver(signed).await;
        said.push_str(&summary(&opened.inventory, &delivered, again));
        if exit_of(&delivered) != Exit::OK {
            exit = exit_of(&delivered);
        }
    }
    opened.fleet.close().await;
    told(&said, exit)
}

/// Makes the next list; of nobody in particular, the next one of everybody who has made any.
fn revoke_all(args: &RevokeArgs, now: Wall) -> Result<Vec<(SignedRevocations, u64)>, ShellError> {
    let path = args.ca.join(LISTS);
    let is_single = args.ca.join("single.pem").exists();
    if !args.who.is_empty() || is_single || !path.exists() {
        return Ok(vec![revoke(args, None, now)?]);
    }
    let mut roles = Vec::new();
    for signed in read_lists(&path)? {
        if let Some(issuer) = &signed.issuer {
            let role = issuer_role(issuer).map_err(|e| ShellError::own(e.to_string()))?;
            roles.extend(role);
        }
    }
    let each = roles.into_iter();
    each.map(|role| revoke(args, Some(role), now)).collect()
}

/// Whether everybody has got what was handed out.
pub(crate) fn exit_of(delivered: &Delivered) -> Exit {
    if delivered.without.is_empty() {
        Exit::OK
    } else {
        Exit::INCOMPLETE
    }
}

pub(crate) fn told(said: &str, exit: Exit) -> Result<Exit, ShellError> {
    show::write(said).map_err(|e| ShellError::own(format!("write to standard output: {e}")))?;
    Ok(exit)
}

/// Says who has what was handed out, and what to do about the others.
pub(crate) fn summary(inventory: &Inventory, delivered: &Delivered, again: &str) -> String {
    let mut said = format!(
        "{} nodes have it now, {} had it before",
        delivered.news.len(),
        delivered.had.len()
    );
    if delivered.without.is_empty() {
        said.push('\n');
        return said;
    }
    let _ = writeln!(said, ", {} have NOT got it:", delivered.without.len());
    for (node, reason) in delivered.without.iter().take(NAMED_MAX) {
        let name = inventory.node(*node).map_or("?", |n| n.name.as_str());
        let _ = writeln!(said, "  {name}: {}", Clean::line(reason));
    }
    if let Some(more @ 1..) = delivered.without.len().checked_sub(NAMED_MAX) {
        let _ = writeln!(said, "  and {more} more");
    }
    let _ = writeln!(said, "{again}");
    said
}

/// Makes and writes the next list; returns it with its number.
fn revoke(
    args: &RevokeArgs,
    of: Option<Role>,
    now: Wall,
) -> Result<(SignedRevocations, u64), ShellError> {
    let path = args.ca.join(LISTS);
    let _one = hold(&args.ca)?;
    let mut lists = read_lists(&path)?;
    let authority = authority(&args.ca, of, &args.who)?;
    let fleet = authority.fleet();
    let issuer = match authority.tier() {
        Tier::Issuer(role) => Some(role),
        Tier::Single | Tier::Root => None,
    };
    let more = entries(fleet, issuer, args, now)?;
    let mut before = None;
    for (at, signed) in lists.iter().enumerate() {
        let (signer, list) = known_list(fleet, signed)
            .map_err(|e| ShellError::own(format!("{}: {e}", path.display())))?;
        if signer.scope() == issuer {
            before = Some((at, list));
        }
    }
    let (at, mut revoked, number) = match before {
        Some((at, list)) => (Some(at), list.revoked, list.number + 1),
        None => (None, Vec::new(), 1),
    };
    revoked.extend(more);
    let list = RevocationList {
        version: REVOCATION_VERSION,
        fleet: fleet.clone(),
        number,
        issued_at: now,
        next_update: now + args.next,
        revoked,
    };
    let signed = sign_list(&authority, &list).map_err(|e| ShellError::own(e.to_string()))?;
    match at {
        Some(at) => lists[at] = signed.clone(),
        None => lists.push(signed.clone()),
    }
    write_lists(&path, lists)?;
    Ok((signed, number))
}

/// Waits until nobody else makes a list in that directory, and keeps others from it until it is
/// dropped: of two lists of one number the nodes take one.
fn hold(dir: &Path) -> Result<File, ShellError> {
    let held = File::open(dir).and_then(|dir| dir.lock().map(|()| dir));
    held.map_err(|e| ShellError::own(format!("lock {}: {e}", dir.display())))
}

/// Writes lists to a file, in the place of what is there.
pub(crate) fn write_lists(path: &Path, lists: Vec<SignedRevocations>) -> Result<(), ShellError> {
    let mut bytes = Vec::new();
    for signed in lists {
        let offer = RevocationOffer { signed };
        let envelope = offer
            .to_envelope()
            .map_err(|e| ShellError::own(e.to_string()))?;
        envelope.write_to(&mut bytes);
    }
    files::write(path, &bytes, true)
        .map(drop)
        .map_err(|e| ShellError::own(e.to_string()))
}

/// What is revoked: one certificate, or all that somebody has had until now.
fn entries(
    fleet: &Name,
    issuer: Option<Role>,
    args: &RevokeArgs,
    now: Wall,
) -> Result<Vec<Revoked>, ShellError> {
    let identities = args
        .who
        .iter()
        .map(|who| identity(fleet, who))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(role) = issuer
        && let Some(other) = identities.iter().find(|i| i.role != role)
    {
        return Err(ShellError::usage(format!(
            "`{other}` is no {role}: one list is about one role"
        ))
        .hint("run it once a role"));
    }
    if args.serial.is_empty() {
        let all = identities.into_iter();
        return Ok(all
            .map(|identity| Revoked::Before {
                identity,
                moment: now,
            })
            .collect());
    }
    let [identity] = identities.as_slice() else {
        return Err(ShellError::usage("--serial goes with one ROLE/NAME"));
    };
    let each = args.serial.iter().map(|text| {
        Ok(Revoked::Certificate {
            identity: identity.clone(),
            serial: serial(text)?,
        })
    });
    each.collect()
}

fn identity(fleet: &Name, who: &str) -> Result<Identity, ShellError> {
    let full = format!("spiffe://{fleet}/{who}");
    full.parse().map_err(|e| {
        ShellError::usage(format!("`{}`: {e}", who.escape_debug()))
            .hint("write ROLE/NAME, such as operator/ann or node/web1")
    })
}

/// Reads a number as tools print it: hexadecimal, with or without colons.
fn serial(text: &str) -> Result<Vec<u8>, ShellError> {
    let digits: Vec<char> = text.chars().filter(|c| *c != ':').collect();
    let bytes = digits.chunks(2).map(|pair| {
        let text: String = pair.iter().collect();
        (pair.len() == 2).then(|| u8::from_str_radix(&text, 16).ok())?
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes.filter(|b| !b.is_empty()).ok_or_else(|| {
        ShellError::usage(format!(
            "`{}` is no certificate's number in hexadecimal",
            text.escape_debug()
        ))
    })
}

/// Returns what signs lists about those who are named: the one authority there is, or the issuer of
/// their role.
fn authority(dir: &Path, of: Option<Role>, who: &[String]) -> Result<Authority, ShellError> {
    let single = dir.join("single");
    let stem = if single.with_extension("pem").exists() {
        single
    } else {
        let first = who.first().and_then(|who| who.split_once('/'));
        let named = first.map(|(role, _)| role).or_else(|| of.map(Role::as_str));
        let Some(role) = named.filter(|role| Role::ALL.iter().any(|r| r.as_str() == *role)) else {
            return Err(ShellError::usage(format!(
                "whose? {} has an issuer a role",
                dir.display()
            ))
            .hint("write ROLE/NAME, such as operator/ann or node/web1"));
        };
        dir.join("issuers").join(role)
    };
    let read = |extension: &str| {
        let path = stem.with_extension(extension);
        std::fs::read_to_string(&path)
            .map_err(|e| ShellError::own(format!("read {}: {e}", path.display())))
    };
    open::check_key_mode(&stem.with_extension("key"))?;
    Authority::from_pem(&read("pem")?, &read("key")?)
        .map_err(|e| ShellError::own(format!("{}: {e}", stem.display())))
}

/// Returns what the lists beside a fleet file revoke, if there are any.
///
/// # Errors
/// When they cannot be read or are not the fleet's: who was revoked must not be forgotten by a slip.
pub(crate) fn lists_of(base: &Path, trust: &Trust, now: Wall) -> Result<Revocations, ShellError> {
    let mut lists = Revocations::default();
    add_lists(&mut lists, base, trust, now)?;
    Ok(lists)
}

/// Takes up what is newer in the lists of a directory.
pub(crate) fn add_lists(
    lists: &mut Revocations,
    base: &Path,
    trust: &Trust,
    now: Wall,
) -> Result<(), ShellError> {
    let path = base.join(LISTS);
    for signed in read_lists(&path)? {
        let failed = |e: &dyn std::fmt::Display| {
            ShellError::own(format!("{}: {e}", path.display()))
                .hint("take the newest list from whoever keeps the fleet's authority")
        };
        let (signer, list) = verify_list(trust, now, &signed).map_err(|e| failed(&e))?;
        match lists.take(now, signer, list) {
            Ok(()) | Err(RevocationError::NotNewer { .. }) => {}
            Err(e) => return Err(failed(&e)),
        }
    }
    Ok(())
}

/// Reads the lists of a file; one that is not there has none.
pub(crate) fn read_lists(path: &Path) -> Result<Vec<SignedRevocations>, ShellError> {
    let failed = |e: &dyn std::fmt::Display| ShellError::own(format!("{}: {e}", path.display()));
    // Not `exists`, to which a file that cannot be looked for is none.
    if !path.try_exists().map_err(|e| failed(&e))? {
        return Ok(Vec::new());
    }
    let bytes = files::read(path).map_err(|e| ShellError::own(e.to_string()))?;
    let mut decoder = Decoder::new();
    decoder.feed(&bytes);
    let mut lists = Vec::new();
    while let Some(envelope) = decoder.next_envelope().map_err(|e| failed(&e))? {
        let offer = RevocationOffer::from_envelope(&envelope).map_err(|e| failed(&e))?;
        lists.push(offer.signed);
    }
    if decoder.is_mid_envelope() {
        return Err(failed(&"it ends within a list"));
    }
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hailer_identity::Validity;

    use super::*;

    const NOW: Wall = Wall(1_700_000_000_000);

    fn args(dir: &Path, who: &[&str], serial: &[&str]) -> RevokeArgs {
        let own = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        RevokeArgs {
            ca: dir.to_owned(),
            who: own(who),
            serial: own(serial),
            next: Duration::from_secs(60),
        }
    }

    fn keep(stem: &Path, authority: &Authority) {
        std::fs::write(stem.with_extension("pem"), authority.cert_pem()).expect("written");
        let key = stem.with_extension("key");
        std::fs::write(&key, authority.key_pem()).expect("written");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("mode");
    }

    #[test]
    fn every_list_holds_all_that_was_revoked_and_a_higher_number() {
        let dir = tempfile::tempdir().expect("a directory");
        let fleet = Name::new("demo").expect("a name");
        let single = Authority::generate(fleet.clone(), Wall(0), Wall(4_000_000_000_000));
        keep(&dir.path().join("single"), &single.expect("generated"));
        for (round, who) in (1..).zip(["operator/ann", "node/web1", "operator/bob"]) {
            let (signed, number) =
                revoke(&args(dir.path(), &[who], &[]), None, NOW).expect("revoked");
            let (_, list) = known_list(&fleet, &signed).expect("ours");
            assert_eq!((number, list.revoked.len()), (round, round as usize));
        }
        let one = args(dir.path(), &["node/web2"], &["0a:FF"]);
        let (signed, _) = revoke(&one, None, NOW).expect("revoked");
        let (_, list) = known_list(&fleet, &signed).expect("ours");
        let serial = list.revoked.iter().find_map(|r| match r {
            Revoked::Certificate { serial, .. } => Some(serial.clone()),
            Revoked::Before { .. } | Revoked::Issuer { .. } => None,
        });
        assert_eq!(serial, Some(vec![0x0a, 0xff]));
        assert_eq!(
            read_lists(&dir.path().join(LISTS)).expect("lists"),
            [signed]
        );
    }

    #[test]
    fn of_two_who_revoke_at_once_neither_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        let fleet = Name::new("demo").expect("a name");
        let single = Authority::generate(fleet.clone(), Wall(0), Wall(4_000_000_000_000));
        keep(&dir.path().join("single"), &single.expect("generated"));
        std::thread::scope(|scope| {
            for at in 0..8 {
                let args = args(dir.path(), &[&format!("operator/o{at}")], &[]);
                scope.spawn(move || revoke(&args, None, NOW).expect("revoked"));
            }
        });
        let lists = read_lists(&dir.path().join(LISTS)).expect("lists");
        let (_, list) = known_list(&fleet, &lists[0]).expect("ours");
        assert_eq!((list.number, list.revoked.len()), (8, 8));
    }

    #[test]
    fn lists_that_cannot_be_looked_for_are_not_taken_for_none() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(
            read_lists(&dir.path().join("none"))
                .expect("none")
                .is_empty()
        );
        let file = dir.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(read_lists(&file.join(LISTS)).is_err());
    }

    #[test]
    fn an_issuer_revokes_its_own_role_and_lists_stand_side_by_side() {
        let dir = tempfile::tempdir().expect("a directory");
        let validity = Validity {
            not_before: Wall(0),
            not_after: Wall(4_000_000_000_000),
        };
        let fleet = Name::new("demo").expect("a name");
        let root = Authority::generate_root(fleet, validity.not_before, validity.not_after);
        let root = root.expect("generated");
        std::fs::create_dir(dir.path().join("issuers")).expect("made");
        for role in [Role::Operator, Role::Node] {
            let issuer = root.issuer(role, validity).expect("an issuer");
            keep(&dir.path().join("issuers").join(role.as_str()), &issuer);
        }
        for who in ["operator/ann", "node/web1", "operator/bob"] {
            revoke(&args(dir.path(), &[who], &[]), None, NOW).expect("revoked");
        }
        assert_eq!(read_lists(&dir.path().join(LISTS)).expect("lists").len(), 2);
        // Of nobody in particular: each of them anew, and nothing more revoked.
        let again = revoke_all(&args(dir.path(), &[], &[]), NOW).expect("made anew");
        let mut numbers: Vec<u64> = again.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3]);
        let both = args(dir.path(), &["operator/ann", "node/web1"], &[]);
        let error = revoke(&both, None, NOW).expect_err("two roles");
        assert!(error.to_string().contains("once a role"), "{error}");
    }

    #[test]
    fn mistakes_are_said_and_nothing_is_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let fleet = Name::new("demo").expect("a name");
        let single = Authority::generate(fleet, Wall(0), Wall(4_000_000_000_000));
        keep(&dir.path().join("single"), &single.expect("generated"));
        for (who, serial, expected) in [
            (vec!["ann"], vec![], "ROLE/NAME"),
            (vec!["king/ann"], vec![], "ROLE/NAME"),
            (vec!["operator/ann"], vec!["xyz"], "no certificate's number"),
            (vec!["operator/ann"], vec![""], "no certificate's number"),
            (vec![], vec!["0a"], "goes with one"),
        ] {
            let error = revoke(&args(dir.path(), &who, &serial), None, NOW).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(!dir.path().join(LISTS).exists());
    }
}
