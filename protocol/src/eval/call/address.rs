//! Functions of addresses and paths.

use std::net::IpAddr;

use crate::value::Value;

pub(super) fn is_ip(s: &str) -> Value {
    Value::Bool(s.parse::<IpAddr>().is_ok())
}

/// Null where one is no address or the other no network; an IPv4 address is in no IPv6 network.
pub(super) fn in_cidr(ip: &str, network: &str) -> Value {
    let found = || {
        let ip: IpAddr = ip.parse().ok()?;
        let (base, length) = match network.split_once('/') {
            Some((base, length)) => (base, Some(length)),
            None => (network, None),
        };
        let base: IpAddr = base.parse().ok()?;
        let width: u32 = if base.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        if length > width {
            return None;
        }
        if ip.is_ipv4() != base.is_ipv4() {
            return Some(false);
        }
        // Shifting by all bits would be by none.
        let host = width - length;
        let network_of = |ip| bits(ip).checked_shr(host).unwrap_or(0);
        Some(network_of(ip) == network_of(base))
    };
    Value::from(found())
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// As the program does: slashes at the end do not count, and `/` is its own name.
pub(super) fn basename(path: &str) -> Value {
    let trimmed = path.trim_end_matches('/');
    Value::from(match trimmed.rsplit_once('/') {
        Some((_, name)) => name,
        None if trimmed.is_empty() && !path.is_empty() => "/",
        None => trimmed,
    })
}

/// As the program does: `.` where there is no slash.
pub(super) fn dirname(path: &str) -> Value {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return Value::from(if path.is_empty() { "." } else { "/" });
    }
    Value::from(match trimmed.rsplit_once('/') {
        Some((folder, _)) => match folder.trim_end_matches('/') {
            "" => "/",
            folder => folder,
        },
        None => ".",
    })
}
