//! The last hour: one sample a second of each of thousands of series, at about two bytes a sample.
//!
//! Series write into small blocks out of one store of blocks, each readable by itself. A block whose
//! last sample is an hour old is taken by the next series that needs one; when the store is at its
//! bound the oldest block is taken, and who reads is told by the first sample's time. Nothing is
//! allocated once an hour has passed.

mod bits;
mod code;

use std::collections::VecDeque;

use bits::{BitReader, BitWriter};
use code::{Before, GAP_MAX, SAMPLE_BITS_MAX};

pub use code::{Numbers, Sample, Trend};

/// How many ticks are kept: an hour of seconds.
pub const TICKS: u64 = 3600;

/// Bytes of samples in a block.
const BLOCK_BYTES: usize = 328;

/// A block holds samples of so many ticks at most: it is free only when its last one is too old.
const BLOCK_TICKS: u64 = 450;

/// Blocks that the store grows by.
const GROW_BY: usize = 512;

/// One series of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(u32);

/// Why a sample was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// There are as many series as there may be.
    #[error("the last hour has {0} series, the most that it may have")]
    Full(usize),
    /// A number with a fraction for a series of whole ones, or the other way round.
    #[error("the sample does not fit a series of {0} numbers")]
    Numbers(Numbers),
    /// Time stands still or goes back.
    #[error("tick {tick} is not after tick {last}, the last one of this series")]
    Late {
        /// What was to be appended.
        tick: u64,
        /// What is there.
        last: u64,
    },
}

/// The last hour of many series.
#[derive(Debug)]
pub struct Ring {
    blocks: Vec<Block>,
    blocks_max: usize,
    /// Blocks by the age of their first sample, oldest first.
    order: VecDeque<u32>,
    series: Vec<Series>,
    free_series: Vec<u32>,
    series_max: usize,
    next_block: u64,
    evicted: u64,
}

#[derive(Debug)]
struct Series {
    trend: Trend,
    numbers: Numbers,
    newest: Option<Place>,
    before: Before,
    last_tick: Option<u64>,
}

/// A block as it was when it was written to: its number is drawn anew when another takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    slot: u32,
    number: u64,
}

#[derive(Debug)]
struct Block {
    number: u64,
    /// The block before of the same series.
    older: Option<Place>,
    first_tick: u64,
    last_tick: u64,
    samples: u16,
    bits: u16,
    bytes: [u8; BLOCK_BYTES],
}

impl Ring {
    /// Makes an empty ring of at most so many series and, for their samples, so many bytes.
    #[must_use]
    pub fn new(series_max: usize, bytes_max: usize) -> Self {
        Self {
            blocks: Vec::new(),
            blocks_max: (bytes_max / size_of::<Block>()).clamp(1, u32::MAX as usize),
            order: VecDeque::new(),
            series: Vec::new(),
            free_series: Vec::new(),
            series_max,
            next_block: 0,
            evicted: 0,
        }
    }

    /// Begins a series.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub fn add(&mut self, trend: Trend, numbers: Numbers) -> Result<SeriesId, RingError> {
        let series = Series {
            trend,
            numbers,
            newest: None,
            before: Before::default(),
            last_tick: None,
        };
        if let Some(free) = self.free_series.pop() {
            self.series[free as usize] = series;
            return Ok(SeriesId(free));
        }
        let id = u32::try_from(self.series.len()).ok();
        let Some(id) = id.filter(|_| self.series.len() < self.series_max) else {
            return Err(RingError::Full(self.series_max));
        };
        self.series.push(series);
        Ok(SeriesId(id))
    }

    /// Ends a series: its number is free for another, its blocks are as they grow old.
    pub fn remove(&mut self, id: SeriesId) {
        let series = &mut self.series[id.0 as usize];
        series.newest = None;
        series.last_tick = None;
        self.free_series.push(id.0);
    }

    /// Takes the sample of a tick. Ticks that are left out are gaps.
    ///
    /// # Errors
    /// When the series has a sample of this tick or a later one.
    pub fn append(&mut self, id: SeriesId, tick: u64, sample: Sample) -> Result<(), RingError> {
        let series = &self.series[id.0 as usize];
        if let Some(last) = series.last_tick.filter(|last| tick <= *last) {
            return Err(RingError::Late { tick, last });
        }
        if !sample.is_of(series.numbers) {
            return Err(RingError::Numbers(series.numbers));
        }
        let (trend, newest) = (series.trend, series.newest);
        let has_room = |block: &Block| {
            usize::from(block.bits) + SAMPLE_BITS_MAX <= BLOCK_BYTES * 8
                && tick - block.last_tick <= GAP_MAX
                && tick - block.first_tick < BLOCK_TICKS
        };
        let current = newest.filter(|place| self.block(*place).is_some_and(has_room));
        let mut before = self.series[id.0 as usize].before;
        let place = current.unwrap_or_else(|| {
            before = Before::first(tick);
            self.begin_block(newest, tick)
        });
        let block = &mut self.blocks[place.slot as usize];
        let mut out = BitWriter {
            bytes: &mut block.bytes,
            at: usize::from(block.bits),
        };
        code::write(&mut out, &mut before, trend, tick, sample);
        block.bits = u16::try_from(out.at).expect("a block has fewer bits");
        block.samples += 1;
        block.last_tick = tick;
        let series = &mut self.series[id.0 as usize];
        series.newest = Some(place);
        series.before = before;
        series.last_tick = Some(tick);
        Ok(())
    }

    /// Returns a series' samples of the last [`TICKS`] up to `now`, with their ticks, oldest first.
    /// What is missing in between was not sampled, or gave way when the store was at its bound.
    pub fn samples(&self, id: SeriesId, now: u64) -> impl Iterator<Item = (u64, Sample)> {
        let series = &self.series[id.0 as usize];
        let mut places = Vec::new();
        let mut next = series.newest;
        while let Some((place, block)) = next.and_then(|p| Some((p, self.block(p)?))) {
            if block.last_tick + TICKS <= now {
                break;
            }
            places.push(place);
            next = block.older;
        }
        let blocks = places.into_iter().rev();
        let blocks = blocks.map(|place| &self.blocks[place.slot as usize]);
        let samples = blocks.flat_map(|block| block.samples(series.trend, series.numbers));
        samples.filter(move |(tick, _)| tick + TICKS > now && *tick <= now)
    }

    /// Returns how many blocks gave way before an hour was over, since the ring was made.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Returns how many bytes the samples take, with what belongs to them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
            + self.order.capacity() * size_of::<u32>()
            + self.series.capacity() * size_of::<Series>()
    }

    fn block(&self, place: Place) -> Option<&Block> {
        let block = self.blocks.get(place.slot as usize)?;
        (block.number == place.number).then_some(block)
    }

    fn begin_block(&mut self, older: Option<Place>, tick: u64) -> Place {
        let oldest = self.order.front().map(|slot| &self.blocks[*slot as usize]);
        let is_over = oldest.is_some_and(|block| block.last_tick + TICKS <= tick);
        let is_full = self.blocks.len() >= self.blocks_max;
        self.next_block += 1;
        let number = self.next_block;
        let block = Block {
            number,
            older,
            first_tick: tick,
            last_tick: tick,
            samples: 0,
            bits: 0,
            bytes: [0; BLOCK_BYTES],
        };
        let taken = if is_over || is_full {
            self.order.pop_front()
        } else {
            None
        };
        let slot = if let Some(slot) = taken {
            self.evicted += u64::from(!is_over);
            self.blocks[slot as usize] = block;
            slot
        } else {
            if self.blocks.len() == self.blocks.capacity() {
                // By steps: doubling would hold twice the memory that is needed.
                let room = self.blocks_max - self.blocks.len();
                self.blocks.reserve_exact(GROW_BY.min(room));
            }
            self.blocks.push(block);
            u32::try_from(self.blocks.len() - 1).expect("bounded by `blocks_max`")
        };
        self.order.push_back(slot);
        Place { slot, number }
    }
}

impl Block {
    fn samples(&self, trend: Trend, numbers: Numbers) -> impl Iterator<Item = (u64, Sample)> {
        let mut from = BitReader {
            bytes: &self.bytes,
            at: 0,
        };
        let mut before = Before::first(self.first_tick);
        (0..self.samples).map(move |_| code::read(&mut from, &mut before, trend, numbers))
    }
}
