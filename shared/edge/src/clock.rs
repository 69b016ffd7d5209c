//! The clock: the only place of shipped code that asks what time it is.

use jiff::{SignedDuration, Timestamp};

/// Tells the time: the system's plus an offset, or one fixed instant in tests.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System { offset: SignedDuration },
    Fixed(Timestamp),
}

impl Clock {
    /// The system's time plus `CLOCK_OFFSET_MS`.
    pub fn system(offset_ms: i64) -> Self {
        Self(Source::System { offset: SignedDuration::from_millis(offset_ms) })
    }

    /// A clock that stands still, for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(to_ms(at)))
    }

    /// Now, in whole milliseconds, as everything that is stored.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::Fixed(at) => at,
            Source::System { offset } => {
                let system = Timestamp::now();
                // An offset that leaves the calendar is as good as none.
                to_ms(system.checked_add(offset).unwrap_or(system))
            }
        }
    }
}

/// Cuts an instant to whole milliseconds, towards the past.
pub fn to_ms(at: Timestamp) -> Timestamp {
    let ms = at.as_nanosecond().div_euclid(1_000_000);
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(at)
}

/// A stopwatch for durations in logs and for caches; it takes no part in any decision about money.
///
/// It runs by two clocks and believes the later: a frozen process may not count the time that it slept through, and
/// a cache that promises to forget within a minute must.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    steady: std::time::Instant,
    wall: Timestamp,
}

impl Stopwatch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn start() -> Self {
        Self { steady: std::time::Instant::now(), wall: Timestamp::now() }
    }

    /// Whole milliseconds since the start.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn elapsed_ms(&self) -> u64 {
        let steady = u64::try_from(self.steady.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall = Timestamp::now().duration_since(self.wall).as_millis();
        steady.max(u64::try_from(wall).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still_in_whole_milliseconds() {
        let clock = Clock::fixed("2026-09-01T00:00:00.1239Z".parse().expect("instant"));
        assert_eq!(clock.now().to_string(), "2026-09-01T00:00:00.123Z");
        assert_eq!(clock.now(), clock.now());
    }

    #[test]
    fn before_1970_is_cut_towards_the_past_too() {
        let at: Timestamp = "1969-12-31T23:59:59.9999Z".parse().expect("instant");
        assert_eq!(to_ms(at).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_stopwatch_counts_what_a_frozen_process_slept_through() {
        let mut watch = Stopwatch::start();
        assert!(watch.elapsed_ms() < 30_000);
        watch.wall = Clock::system(-90_000).now();
        assert!(watch.elapsed_ms() >= 90_000);
        watch.wall = Clock::system(90_000).now();
        assert!(watch.elapsed_ms() < 30_000);
    }

    #[test]
    fn the_offset_moves_the_system_clock() {
        let ahead = Clock::system(86_400_000).now();
        let here = Clock::system(0).now();
        assert!(ahead.duration_since(here) > SignedDuration::from_hours(23));
    }
}
