//! The clock of the small cloud: system time and an offset that outlives the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

use crate::error::{CloudError, keep};
use crate::keep::Keep;

const OFFSET: &str = "clock_offset_ms";

/// A settable clock.
#[derive(Debug, Clone)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    keep: Keep,
}

impl Clock {
    /// The clock as it was left.
    ///
    /// # Errors
    /// The cloud's own file cannot be read.
    pub fn restore(keep: Keep) -> Result<Self, CloudError> {
        let stored = keep.fact(OFFSET).map_err(self::keep("reading the clock"))?;
        let offset = stored.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Self { offset_ms: Arc::new(AtomicI64::new(offset)), keep })
    }

    /// Milliseconds by which this clock is ahead of the system's.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond() + self.offset_ms()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock, and remembers it.
    ///
    /// # Errors
    /// The cloud's own file cannot be written; the clock stays.
    pub fn set_offset_ms(&self, offset_ms: i64) -> Result<(), CloudError> {
        self.keep.set_fact(OFFSET, &offset_ms.to_string()).map_err(self::keep("writing the clock"))?;
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
        Ok(())
    }
}
