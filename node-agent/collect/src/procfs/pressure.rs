//! `/proc/pressure/{cpu,memory,io}`: the share of time in which tasks waited for a resource.

use super::fraction_of;

/// One reading of a pressure file.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pressure {
    /// At least one task waited.
    pub some: Averages,
    /// All tasks that could have run waited. Absent for processors on kernels before 5.13.
    pub full: Averages,
}

/// Shares of time, in points.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Averages {
    /// Over ten seconds.
    pub avg10: Option<f64>,
    /// Over one minute.
    pub avg60: Option<f64>,
    /// Over five minutes.
    pub avg300: Option<f64>,
}

/// Parses a pressure file.
#[must_use]
pub fn parse(text: &str) -> Pressure {
    let mut pressure = Pressure::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let averages = match words.next() {
            Some("some") => &mut pressure.some,
            Some("full") => &mut pressure.full,
            Some(_) | None => continue,
        };
        for word in words {
            match word.split_once('=') {
                Some(("avg10", share)) => averages.avg10 = fraction_of(share),
                Some(("avg60", share)) => averages.avg60 = fraction_of(share),
                Some(("avg300", share)) => averages.avg300 = fraction_of(share),
                Some(_) | None => {}
            }
        }
    }
    pressure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_and_full_are_read() {
        let pressure = parse(
            "some avg10=2.24 avg60=1.48 avg300=2.01 total=19309096\n\
             full avg10=0.00 avg60=0.50 avg300=0.11 total=0\n",
        );
        assert_eq!(pressure.some.avg10, Some(2.24));
        assert_eq!(pressure.some.avg300, Some(2.01));
        assert_eq!(pressure.full.avg60, Some(0.5));
    }

    #[test]
    fn a_kernel_without_full_for_processors_has_none() {
        let pressure = parse("some avg10=2.24 avg60=1.48 avg300=2.01 total=1\n");
        assert_eq!(pressure.full, Averages::default());
    }
}
