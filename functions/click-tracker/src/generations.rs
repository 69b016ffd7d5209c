//! A bounded map of what was met lately. Guessed names cannot push real ones out, nor grow the process.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// How many entries one generation holds; there are two generations.
pub(crate) const GENERATION: usize = 2_000;

/// Two maps: when the young one is full it becomes the old one, and the old one is dropped. Every put is cheap, and
/// what is used stays: an entry is put again each minute that it is used.
pub(crate) struct Generations<T> {
    young: BTreeMap<String, (T, Timestamp)>,
    old: BTreeMap<String, (T, Timestamp)>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new() }
    }
}

impl<T> Generations<T> {
    pub(crate) fn get(&self, name: &str) -> Option<(&T, Timestamp)> {
        self.young.get(name).or_else(|| self.old.get(name)).map(|(value, since)| (value, *since))
    }

    pub(crate) fn put(&mut self, name: &str, value: T, now: Timestamp) {
        if self.young.len() >= GENERATION && !self.young.contains_key(name) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name.to_owned(), (value, now));
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.young.remove(name);
        self.old.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_788_422_400 + second).expect("a time")
    }

    #[test]
    fn a_generation_that_is_full_replaces_the_old_one() {
        let mut generations = Generations::default();
        for n in 0..GENERATION * 2 {
            generations.put(&n.to_string(), n, at(0));
        }
        assert_eq!(generations.get("0"), Some((&0, at(0))));
        generations.put("one more", 7, at(1));
        assert_eq!(generations.get("0"), None);
        assert_eq!(generations.get("one more"), Some((&7, at(1))));
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
