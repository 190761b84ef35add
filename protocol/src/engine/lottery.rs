//! Who may act while no keeper can be asked: a draw that every node makes for itself.
//!
//! Over a fleet the share of nodes that draw the lot comes to about what the file says, without
//! anybody having to talk to anybody. A draw holds for an epoch, which is counted from 1970 by the
//! wall's clock, so that nodes change together.

use std::time::Duration;

use crate::ids::{Digest, Name};
use crate::time::Wall;

/// Whether this node draws the lot of this automation at that moment. The share is in hundredths of
/// a percent.
#[must_use]
pub fn draws(
    fleet: &Name,
    node: &Name,
    version: Digest,
    at: Wall,
    epoch: Duration,
    basis_points: u16,
) -> bool {
    let length = i64::try_from(epoch.as_millis()).unwrap_or(i64::MAX).max(1);
    let number = at.0.div_euclid(length);
    let mut hasher = blake3::Hasher::new_derive_key("hailer 2026 automation offline lottery 1");
    for part in [fleet.as_str(), node.as_str()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&version.0);
    hasher.update(&number.to_le_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    // A product instead of a remainder: no share is favoured.
    let drawn = (u128::from(u64::from_le_bytes(first)) * 10_000) >> 64;
    drawn < u128::from(basis_points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(basis_points: u16, at: i64) -> (usize, Vec<bool>) {
        let fleet = Name::new("demo").unwrap();
        let version = Digest([7; 32]);
        let all: Vec<bool> = (0..100_000)
            .map(|i| {
                let node = Name::new(format!("n{i}")).unwrap();
                let epoch = Duration::from_secs(600);
                draws(&fleet, &node, version, Wall(at), epoch, basis_points)
            })
            .collect();
        (all.iter().filter(|d| **d).count(), all)
    }

    #[test]
    fn about_the_share_of_a_fleet_draws_the_lot() {
        for (basis_points, expected) in
            [(0, 0.0), (1, 10.0), (100, 1e3), (5000, 5e4), (10_000, 1e5)]
        {
            let (n, _) = share(basis_points, 1_800_000_000_000);
            let p = f64::from(basis_points) / 1e4;
            let deviation = (1e5 * p * (1.0 - p)).sqrt();
            let off = (f64::from(u32::try_from(n).unwrap()) - expected).abs();
            assert!(
                off <= 4.0 * deviation,
                "{basis_points}: {n}, not {expected}"
            );
        }
    }

    #[test]
    fn a_draw_holds_for_an_epoch_and_another_one_is_independent() {
        let start = 1_800_000_000_000;
        let (n, first) = share(1000, start);
        assert_eq!(first, share(1000, start + 599_999).1);
        let (_, next) = share(1000, start + 600_000);
        let both = first.iter().zip(&next).filter(|(a, b)| **a && **b).count();
        assert!(
            (500..1500).contains(&both),
            "{both} of {n} again, not about a tenth"
        );
    }
}
