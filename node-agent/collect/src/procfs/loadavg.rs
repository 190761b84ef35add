//! `/proc/loadavg`: the load averages and how many threads there are.

use super::next_fraction;

/// One reading of `/proc/loadavg`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadAverage {
    /// Average over one minute.
    pub one: Option<f64>,
    /// Average over five minutes.
    pub five: Option<f64>,
    /// Average over fifteen minutes.
    pub fifteen: Option<f64>,
    /// Threads of all processes.
    pub threads: Option<u64>,
}

/// Parses `/proc/loadavg`.
#[must_use]
pub fn parse(text: &str) -> LoadAverage {
    let mut words = text.split_ascii_whitespace();
    LoadAverage {
        one: next_fraction(&mut words),
        five: next_fraction(&mut words),
        fifteen: next_fraction(&mut words),
        threads: words
            .next()
            .and_then(|running_of_all| running_of_all.split_once('/'))
            .and_then(|(_, all)| all.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_and_threads_are_read() {
        let expected = LoadAverage {
            one: Some(0.1),
            five: Some(0.64),
            fifteen: Some(12.39),
            threads: Some(91),
        };
        assert_eq!(parse("0.10 0.64 12.39 1/91 9521\n"), expected);
    }

    #[test]
    fn what_is_not_a_number_is_none_and_leaves_the_others() {
        let load = parse("x 0.64 NaN 91");
        assert_eq!(load.one, None);
        assert_eq!(load.five, Some(0.64));
        assert_eq!(load.fifteen, None);
        assert_eq!(load.threads, None);
        assert_eq!(parse(""), LoadAverage::default());
    }
}
