//! When a node asks for its next certificate: pure, with the time and the chance as arguments.
//!
//! ```text
//!  not_before ────────── half of the life ± 10 % ──────────────────── not_after
//!                                 └─ ask ─ fails ─ ask ─ fails ─ … ─ given: begins anew
//! ```
//!
//! Nodes that enrolled together do not ask together. One whose keeper cannot be reached goes on with
//! what it has, and asks again at longer and longer distances: some forty times before the end.

use std::time::Duration;

use hailer_identity::Validity;
use hailer_protocol::time::Wall;

/// The shares of the life between which the first question lies, in a thousandth.
const FROM: u64 = 450;
const TO: u64 = 550;

/// The first distance between two questions.
const RETRY_MIN: Duration = Duration::from_secs(10);

/// The shortest distance between one certificate and the next.
const RENEWED_MIN: Duration = Duration::from_secs(1);

/// The longest distance between two questions, as a part of the life.
const RETRY_MAX_PART: u32 = 50;

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing until then.
    Wait(Wall),
    /// Ask.
    Ask,
}

/// When one certificate is followed by the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    validity: Validity,
    ask_at: Wall,
    failures: u32,
}

impl Schedule {
    /// Begins with a certificate. `chance` is drawn at random: it says where in the window the
    /// question lies.
    #[must_use]
    pub fn new(validity: Validity, chance: u32) -> Self {
        let life = life_of(validity);
        let share = FROM + (TO - FROM) * u64::from(chance) / u64::from(u32::MAX);
        let into = life.as_millis() * u128::from(share) / 1000;
        let into = Duration::from_millis(u64::try_from(into).unwrap_or(u64::MAX));
        Self {
            validity,
            ask_at: validity.not_before + into,
            failures: 0,
        }
    }

    /// Returns what is to be done.
    #[must_use]
    pub fn step(&self, now: Wall) -> Step {
        if now >= self.ask_at {
            Step::Ask
        } else {
            Step::Wait(self.ask_at)
        }
    }

    /// Begins with a certificate that was just given: whatever it says, and whatever the clocks do,
    /// the next is not asked for at once.
    #[must_use]
    pub fn after(now: Wall, validity: Validity, chance: u32) -> Self {
        let mut next = Self::new(validity, chance);
        next.ask_at = next.ask_at.max(now + RENEWED_MIN);
        next
    }

    /// Takes note that there was no certificate.
    pub fn failed(&mut self, now: Wall) {
        let most = (life_of(self.validity) / RETRY_MAX_PART).max(RETRY_MIN);
        let wait = RETRY_MIN
            .saturating_mul(1 << self.failures.min(20))
            .min(most);
        self.failures += 1;
        self.ask_at = now + wait;
    }

    /// Whether the certificate that there is no longer holds.
    #[must_use]
    pub fn is_over(&self, now: Wall) -> bool {
        now > self.validity.not_after
    }

    /// Returns the certificate's span.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }
}

fn life_of(validity: Validity) -> Duration {
    let ms = validity.not_after.0.saturating_sub(validity.not_before.0);
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn a_day() -> Validity {
        Validity {
            not_before: Wall(0),
            not_after: Wall(24 * HOUR),
        }
    }

    #[test]
    fn the_question_lies_around_half_of_the_life_and_not_at_one_moment_for_all() {
        let at = |chance| match Schedule::new(a_day(), chance).step(Wall(0)) {
            Step::Wait(at) => at.0,
            Step::Ask => panic!("asked at once"),
        };
        let day = 24 * HOUR;
        assert_eq!(at(0), day * 45 / 100);
        assert_eq!(at(u32::MAX), day * 55 / 100);
        assert!((day * 49 / 100..day * 51 / 100).contains(&at(u32::MAX / 2)));
        let schedule = Schedule::new(a_day(), 0);
        assert_eq!(
            schedule.step(Wall(day * 45 / 100 - 1)),
            Step::Wait(Wall(day * 45 / 100))
        );
        assert_eq!(schedule.step(Wall(day * 45 / 100)), Step::Ask);
    }

    #[test]
    fn a_keeper_that_is_away_is_asked_ever_more_rarely_and_until_the_end() {
        let mut schedule = Schedule::new(a_day(), 0);
        let mut now = Wall(0);
        let mut asked = Vec::new();
        while !schedule.is_over(now) {
            match schedule.step(now) {
                Step::Wait(at) => now = at,
                Step::Ask => {
                    asked.push(now.0);
                    schedule.failed(now);
                }
            }
        }
        assert_eq!(asked[1] - asked[0], 10_000);
        assert_eq!(asked[2] - asked[1], 20_000);
        let longest = asked.windows(2).map(|w| w[1] - w[0]).max();
        assert_eq!(longest, Some(24 * HOUR / 50));
        assert!((25..50).contains(&asked.len()), "{}", asked.len());
    }

    #[test]
    fn a_keeper_whose_clock_is_wrong_is_not_asked_without_end() {
        let long_over = Validity {
            not_before: Wall(-HOUR),
            not_after: Wall(-1),
        };
        let schedule = Schedule::after(Wall(0), long_over, 0);
        assert_eq!(schedule.step(Wall(0)), Step::Wait(Wall(1_000)));
    }

    #[test]
    fn a_certificate_that_has_long_ended_is_asked_for_at_once() {
        let schedule = Schedule::new(a_day(), u32::MAX);
        let late = Wall(100 * HOUR);
        assert!(schedule.is_over(late));
        assert_eq!(schedule.step(late), Step::Ask);
    }
}
