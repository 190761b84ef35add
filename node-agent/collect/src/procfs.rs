//! Parsers: the text of one file under `/proc` or `/etc` to numbers, one file a module.
//!
//! All are pure and total. A field that is absent or is not a number comes out as `None`, since
//! kernels add fields and leave others out; garbage never panics.

pub mod cpuinfo;
pub mod diskstats;
pub mod file_nr;
pub mod loadavg;
pub mod meminfo;
pub mod mountinfo;
pub mod net_dev;
pub mod os_release;
pub mod pid_stat;
pub mod pid_status;
pub mod pressure;
pub mod stat;
pub mod uptime;
pub mod vmstat;

/// Reads the next word as a number.
fn next_number<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<u64> {
    words.next()?.parse().ok()
}

/// Reads the next word as a decimal fraction; infinities and NaN, which no kernel prints, are none.
fn next_fraction<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<f64> {
    fraction_of(words.next()?)
}

fn fraction_of(word: &str) -> Option<f64> {
    word.parse().ok().filter(|x: &f64| x.is_finite())
}
