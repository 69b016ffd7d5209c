//! The links met lately, kept in the process so that a warm click costs one round trip, and survives a store that is
//! away. Bounded: guessed codes cannot push real links out, nor grow the process.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use store::links::LinkTarget;

use crate::generations::Generations;

/// A change of a link reaches visitors within this time.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// A new link works within this time, even if somebody tried its code before it was made.
const ABSENT: SignedDuration = SignedDuration::from_secs(10);

/// What the cache knows of a code.
pub(crate) enum Known {
    /// Read within the last minute.
    Fresh(Arc<LinkTarget>),
    /// Read before: good enough when the store is away.
    Stale(Arc<LinkTarget>),
    /// Looked up within the last ten seconds, and not there.
    Absent,
    /// Never heard of.
    Nothing,
}

/// A bounded cache of links by code.
#[derive(Default)]
pub struct LinkCache {
    links: Mutex<Generations<Arc<LinkTarget>>>,
    absent: Mutex<Generations<()>>,
}

impl LinkCache {
    pub(crate) fn get(&self, code: &str, now: Timestamp) -> Known {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((target, since)) = links.get(code) {
            let target = Arc::clone(target);
            return if is_within(now, since, FRESH) { Known::Fresh(target) } else { Known::Stale(target) };
        }
        drop(links);
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        match absent.get(code) {
            Some(((), since)) if is_within(now, since, ABSENT) => Known::Absent,
            _ => Known::Nothing,
        }
    }

    /// Remembers what the store said: a link, or that there is none.
    pub(crate) fn keep(&self, code: &str, found: Option<Arc<LinkTarget>>, now: Timestamp) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(target) => links.put(code, target, now),
            None => {
                links.forget(code);
                drop(links);
                self.absent.lock().unwrap_or_else(PoisonError::into_inner).put(code, (), now);
            }
        }
    }
}

/// A clock that was set back makes everything stale, not eternal.
pub(crate) fn is_within(now: Timestamp, since: Timestamp, span: SignedDuration) -> bool {
    let age = now.duration_since(since);
    !age.is_negative() && age < span
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_788_422_400 + second).expect("a time")
    }

    #[test]
    fn an_absent_code_is_looked_up_again_after_ten_seconds() {
        let cache = LinkCache::default();
        cache.keep("gone", None, at(0));
        assert!(matches!(cache.get("gone", at(9)), Known::Absent));
        assert!(matches!(cache.get("gone", at(10)), Known::Nothing));
        assert!(matches!(cache.get("gone", at(-1)), Known::Nothing));
    }
}
