//! How one sample is written after the one before.
//!
//! As in Gorilla (Pelkonen and others, VLDB 2015) a sample is written as its difference from what was
//! expected, in as few bits as its size class takes. Numbers with a fraction are taken as whole
//! thousandths first, since the noise in the last bits of a measured float is most of what XOR would
//! store: a share that wanders takes 2 bytes so, and 6 to 7 as XOR of its bits. Levels are expected to
//! stay, counters to grow as they last did (delta of delta).

use super::bits::{BitReader, BitWriter};

/// One sample of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// A whole number, kept exactly.
    Int(i64),
    /// A number with a fraction, kept to the nearest thousandth; exactly if it is so large that
    /// thousandths mean nothing, or no number.
    Float(f64),
    /// It was read, and the machine does not tell.
    Null,
}

impl Sample {
    pub(super) const fn is_of(self, numbers: Numbers) -> bool {
        match (self, numbers) {
            (Self::Null, _)
            | (Self::Int(_), Numbers::Whole)
            | (Self::Float(_), Numbers::Fractional) => true,
            (Self::Int(_), Numbers::Fractional) | (Self::Float(_), Numbers::Whole) => false,
        }
    }
}

/// Which numbers a series has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// [`Sample::Int`].
    Whole,
    /// [`Sample::Float`].
    Fractional,
}

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Fractional => "fractional",
        })
    }
}

/// What the next sample is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// What the last one was: gauges, shares, rates.
    Level,
    /// As much more than the last one as that was more than the one before: counters.
    Growth,
}

/// What the next sample is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    /// Nothing, before the first number of a block.
    value: Option<i64>,
    step: i64,
    tick: u64,
}

impl Before {
    /// Where a block begins whose first sample has this tick.
    pub(super) const fn first(tick: u64) -> Self {
        Self {
            value: None,
            step: 0,
            tick: tick.wrapping_sub(1),
        }
    }

    fn expected(self, trend: Trend) -> i64 {
        match trend {
            Trend::Level => self.value.unwrap_or(0),
            Trend::Growth => self.value.unwrap_or(0).wrapping_add(self.step),
        }
    }

    fn move_to(&mut self, value: i64) {
        self.step = self.value.map_or(0, |before| value.wrapping_sub(before));
        self.value = Some(value);
    }

    const fn pass(&mut self, missed: u64) -> u64 {
        self.tick = self.tick.wrapping_add(1 + missed);
        self.tick
    }
}

/// Bits of the difference in each class, after so many ones and a zero.
const CLASSES: [usize; 6] = [0, 4, 8, 13, 19, 30];

/// After the prefix of six ones: what stands there instead of a difference.
const WHOLE: u64 = 0;
const FLOAT: u64 = 1;
const NULL: u64 = 2;
const GAP: u64 = 3;
const ESCAPE: usize = CLASSES.len();

/// The most bits that one sample takes: a gap, and a whole number.
pub(super) const SAMPLE_BITS_MAX: usize = (ESCAPE + 2 + GAP_BITS) + (ESCAPE + 2 + 64);

/// A gap of so many ticks is written; a longer one begins a block.
pub(super) const GAP_MAX: u64 = (1 << GAP_BITS) - 1;
const GAP_BITS: usize = 8;

/// What a float is multiplied with.
const SCALE: f64 = 1000.0;
/// Below this a float is kept as whole thousandths: there the product is exact to one.
const SCALED_MAX: f64 = 4.0e12;

/// Writes a sample. `tick` is later than the last one, by [`GAP_MAX`] at most.
pub(super) fn write(
    out: &mut BitWriter<'_>,
    before: &mut Before,
    trend: Trend,
    tick: u64,
    sample: Sample,
) {
    let missed = tick.wrapping_sub(before.tick).wrapping_sub(1);
    if missed > 0 {
        escape(out, GAP);
        out.put(missed, GAP_BITS);
    }
    before.tick = tick;
    match sample {
        Sample::Null => escape(out, NULL),
        Sample::Int(value) => write_whole(out, before, trend, value),
        Sample::Float(value) if value.abs() < SCALED_MAX => {
            // The bound above keeps it within 64 bits by far.
            write_whole(out, before, trend, (value * SCALE).round() as i64);
        }
        Sample::Float(value) => {
            escape(out, FLOAT);
            out.put(value.to_bits(), 64);
        }
    }
}

fn write_whole(out: &mut BitWriter<'_>, before: &mut Before, trend: Trend, value: i64) {
    let difference = value.wrapping_sub(before.expected(trend));
    let folded = ((difference << 1) ^ (difference >> 63)) as u64;
    let needed = 64 - folded.leading_zeros() as usize;
    match CLASSES.iter().position(|bits| needed <= *bits) {
        Some(class) => {
            let ones = (1_u64 << class) - 1;
            out.put(ones << 1, class + 1);
            out.put(folded, CLASSES[class]);
        }
        None => {
            escape(out, WHOLE);
            out.put(value as u64, 64);
        }
    }
    before.move_to(value);
}

fn escape(out: &mut BitWriter<'_>, what: u64) {
    out.put((1 << ESCAPE) - 1, ESCAPE);
    out.put(what, 2);
}

/// Reads a sample of a series of floats or of whole numbers.
pub(super) fn read(
    from: &mut BitReader<'_>,
    before: &mut Before,
    trend: Trend,
    numbers: Numbers,
) -> (u64, Sample) {
    let whole = |value: i64| match numbers {
        Numbers::Fractional => Sample::Float(value as f64 / SCALE),
        Numbers::Whole => Sample::Int(value),
    };
    let mut missed = 0;
    loop {
        let mut class = 0;
        while class < ESCAPE && from.get(1) == 1 {
            class += 1;
        }
        if class < ESCAPE {
            let folded = from.get(CLASSES[class]);
            let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
            let value = before.expected(trend).wrapping_add(difference);
            before.move_to(value);
            return (before.pass(missed), whole(value));
        }
        let sample = match from.get(2) {
            GAP => {
                missed = from.get(GAP_BITS);
                continue;
            }
            NULL => Sample::Null,
            FLOAT => Sample::Float(f64::from_bits(from.get(64))),
            _whole => {
                let value = from.get(64) as i64;
                before.move_to(value);
                whole(value)
            }
        };
        return (before.pass(missed), sample);
    }
}
