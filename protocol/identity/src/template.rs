//! What certificates say before they are signed: leaves, issuers, and the authorities themselves.

use std::time::Duration;

use hailer_protocol::holder::Holder;
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber,
};

use crate::authority::{AuthorityError, crypto};
use crate::groups;
use crate::profile::Profile;
use crate::read::SCHEME;
use crate::trust;
use crate::validity::Validity;

/// Returns what a leaf of the holder's role says.
pub(crate) fn leaf_of(
    holder: &Holder,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = leaf(&holder.identity, validity)?;
    if !holder.groups.is_empty() {
        params.custom_extensions = vec![groups::extension(&holder.groups)];
    }
    Ok(params)
}

/// Returns what a leaf of the role's profile says, in no groups.
pub(crate) fn leaf(
    identity: &Identity,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = base(validity, &identity.to_string())?;
    // Never read by hailer; it is what other tools show first.
    params
        .distinguished_name
        .push(DnType::CommonName, format!("hailer {}", identity.role));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = usages(identity.role);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Returns what the certificate of an issuer says that signs leaves of one role.
pub(crate) fn issuer(
    fleet: &Name,
    role: Role,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = base(validity, &format!("{SCHEME}{fleet}/{role}"))?;
    params.distinguished_name = subject(fleet, &format!("hailer {role} issuer"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = signing_usages();
    // Verifiers that know nothing of hailer's roles hold its leaves to these at least.
    params.extended_key_usages = usages(role);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Returns what an authority's own certificate says, below which so many issuers may follow each
/// other.
pub(crate) fn authority(
    fleet: &Name,
    issuers: u8,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = base(validity, &format!("{SCHEME}{fleet}"))?;
    params.distinguished_name = subject(fleet, "hailer authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(issuers));
    params.key_usages = signing_usages();
    Ok(params)
}

fn signing_usages() -> Vec<KeyUsagePurpose> {
    vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]
}

fn usages(role: Role) -> Vec<ExtendedKeyUsagePurpose> {
    let profile = Profile::of(role);
    [
        (profile.is_server, ExtendedKeyUsagePurpose::ServerAuth),
        (profile.is_client, ExtendedKeyUsagePurpose::ClientAuth),
    ]
    .into_iter()
    .filter_map(|(has, usage)| has.then_some(usage))
    .collect()
}

/// Returns the least that any certificate here says: its number, its span and its one URI name.
fn base(validity: Validity, uri: &str) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(draw_serial()?);
    // rcgen's epoch plus seconds, since its time type comes from a crate of its own.
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.not_before);
    params.not_after = epoch + seconds(validity.not_after);
    params.distinguished_name = DistinguishedName::new();
    let uri = uri
        .try_into()
        .map_err(crypto("write the certificate's name"))?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    Ok(params)
}

/// Draws a number at random: what is revoked is one certificate, and not also the next one for the
/// same key.
fn draw_serial() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = [0; 16];
    trust::provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| AuthorityError::Randomness)?;
    // Positive, and without a leading zero that the encoding would have to drop.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// Names are ASCII, so cutting at the 64 characters that X.520 grants is safe.
fn subject(fleet: &Name, common_name: &str) -> DistinguishedName {
    let fleet = fleet.as_str();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, &fleet[..fleet.len().min(64)]);
    subject.push(DnType::CommonName, common_name);
    subject
}

/// Moments before 1970 are refused before they get here.
fn seconds(moment: Wall) -> Duration {
    Duration::from_secs(u64::try_from(moment.0 / 1_000).unwrap_or(0))
}
