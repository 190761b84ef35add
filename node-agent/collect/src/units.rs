//! Kernel numbers as typed values.

use std::time::Duration;

use hailer_protocol::value::Value;

/// A size of so many bytes.
pub(crate) fn size(bytes: u64) -> Value {
    Value::Size(saturating(bytes))
}

/// A plain count.
pub(crate) fn count(n: u64) -> Value {
    Value::Int(saturating(n))
}

/// A span of time.
pub(crate) fn duration(d: Duration) -> Value {
    Value::Duration(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}

/// Part of a whole, in points; null for a part of nothing.
pub(crate) fn share(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    Value::Percent(100.0 * float(part) / float(whole))
}

/// A share that the kernel has worked out already, in points.
pub(crate) const fn points(points: f64) -> Value {
    Value::Percent(points)
}

/// [`share`] where either may be unknown.
pub(crate) fn share_of(part: Option<u64>, whole: Option<u64>) -> Value {
    part.zip(whole)
        .map(|(part, whole)| share(part, whole))
        .into()
}

/// A counter's growth a second; null where either reading lacks it, or where it shrank, since its
/// device was then replaced in between.
pub(crate) fn per_second(
    earlier: Option<u64>,
    later: Option<u64>,
    elapsed: Duration,
) -> Option<f64> {
    let grown = later?.checked_sub(earlier?)?;
    let rate = float(grown) / elapsed.as_secs_f64();
    rate.is_finite().then_some(rate)
}

/// Bytes a second as a size.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float to int cast saturates, and fractions of a byte say nothing"
)]
pub(crate) fn size_rate(rate: f64) -> Value {
    Value::Size(rate.round() as i64)
}

/// A count as a float: exact up to 2^53, far above what is divided here.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) const fn float(n: u64) -> f64 {
    n as f64
}

fn saturating(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_nothing_is_null() {
        assert_eq!(share(0, 0), Value::Null);
        assert_eq!(share(1, 4), Value::Percent(25.0));
        assert_eq!(share_of(None, Some(4)), Value::Null);
    }

    #[test]
    fn a_counter_that_shrank_has_no_rate() {
        let second = Duration::from_secs(2);
        assert_eq!(per_second(Some(1), Some(5), second), Some(2.0));
        assert_eq!(per_second(Some(5), Some(1), second), None);
        assert_eq!(per_second(None, Some(1), second), None);
        assert_eq!(per_second(Some(1), Some(1), Duration::ZERO), None);
        assert_eq!(per_second(Some(1), Some(2), Duration::ZERO), None);
    }

    #[test]
    fn what_does_not_fit_is_the_largest_value() {
        assert_eq!(size(u64::MAX), Value::Size(i64::MAX));
        assert_eq!(duration(Duration::MAX), Value::Duration(i64::MAX));
        assert_eq!(size_rate(1e300), Value::Size(i64::MAX));
    }
}
