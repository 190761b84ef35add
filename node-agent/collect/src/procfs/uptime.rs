//! `/proc/uptime`: how long the machine has been up.

use std::time::Duration;

use super::next_fraction;

/// Returns the time since boot; none where it is not a sensible number.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let seconds = next_fraction(&mut text.split_ascii_whitespace())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_taken() {
        assert_eq!(
            parse("905.50 1298.52\n"),
            Some(Duration::from_millis(905_500))
        );
    }

    #[test]
    fn nonsense_is_none() {
        for text in ["", "x", "-1.0", "1e300", "inf", "NaN"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
